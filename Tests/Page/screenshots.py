"""Takes the README's screenshots of the page, with the mock server: .build-page/bin/python Tests/Page/screenshots.py [FOLDER]"""

import io
import pathlib
import sys
import tempfile
import time

from PIL import Image

import check_page
from browser import Browser
from mock_server import ROOT, SPEECH


def save(browser, path):
    """A palette of 256 colours, which the eye can't tell from more here."""
    browser.screenshot(path)
    image = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
    image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size} bytes")


def main():
    images = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images"
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "mock").mkdir()
        url = check_page.start_mock(folder / "mock")
        browser = Browser(folder)
        page = check_page.Page(url, browser, folder, True)
        try:
            page.fresh()
            page.control(pace=2)
            running = folder / "Board meeting, November.opus"
            running.write_bytes((SPEECH / "long/1688-142285.opus").read_bytes())
            page.upload(running)
            page.wait("document.querySelectorAll('.segment').length === 3", 30)
            page.run("Array.from(document.querySelectorAll('.job a')).find((a) => a.textContent.includes('North')).click()")
            page.wait("document.querySelectorAll('.segment .w').length > 100")
            time.sleep(1)
            page.run("document.getElementById('audio').currentTime = 24.2; document.activeElement.blur()")
            time.sleep(1)
            save(browser, images / "server-page.png")
            browser.emulate(dark=True)
            time.sleep(0.5)
            save(browser, images / "server-page-dark.png")
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
