"""Chromium for the tests of the page: without a window, with a fake microphone, in a font that is the same everywhere."""

import os
import pathlib
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <alias binding="same"><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
  <alias binding="same"><family>ui-sans-serif</family><prefer><family>Inter</family></prefer></alias>
</fontconfig>
"""


class Browser:
    def __init__(self, folder, microphone=None):
        self.folder = pathlib.Path(folder)
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir(exist_ok=True)
        (self.folder / "fonts.conf").write_text(FONTS)
        os.environ["FONTCONFIG_FILE"] = str(self.folder / "fonts.conf")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars", "--mute-audio",
            "--autoplay-policy=no-user-gesture-required", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
            f"--user-data-dir={self.folder / 'profile'}", "--lang=en-US", "--window-size=1280,800",
            # A mouse, as at a desk; without it, what shows on hovering is always there.
            "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
        ]:
            options.add_argument(argument)
        if microphone:
            options.add_argument(f"--use-file-for-fake-audio-capture={microphone}")
        options.add_experimental_option("prefs", {
            "download.default_directory": str(self.downloads), "download.prompt_for_download": False,
            # Or Chromium asks before the second download of a page.
            "profile.default_content_setting_values.automatic_downloads": 1,
        })
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_script_timeout(60)

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def size(self, width, height, scale=1):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def emulate(self, dark=False, calm=False):
        self.command("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"},
        ])

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def screenshot(self, path):
        import base64

        pathlib.Path(path).write_bytes(base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"]))

    def wait(self, condition, seconds=10, what="condition"):
        """Waits for a piece of JavaScript or a function to be true, and returns its value."""
        end = time.time() + seconds
        while True:
            value = self.run(f"return {condition}") if isinstance(condition, str) else condition()
            if value:
                return value
            if time.time() > end:
                raise AssertionError(f"after {seconds} s still not: {condition if isinstance(condition, str) else what}")
            time.sleep(0.05)

    def quit(self):
        self.driver.quit()
