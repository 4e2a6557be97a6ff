"""Checks the web page in headless Chromium, against the mock server beside this file or a real one.

    python Tests/Page/check_page.py [--url http://127.0.0.1:8080] [--only NAME] [--screenshots FOLDER]

With --url, checks that need a server which misbehaves are skipped, as are those of canned data. Ends with
"N passed, N failed, N skipped"; exit code 1 if any failed.
"""

import argparse
import array
import asyncio
import base64
import json
import math
import pathlib
import re
import tempfile
import threading
import time
import traceback
import urllib.request
import wave

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import mock_server
from browser import Browser

SPEECH = mock_server.SPEECH
checks = []


def check(function=None, *, mock_only=False):
    """Marks a check; its docstring is its title."""
    if function is None:
        return lambda function: check(function, mock_only=mock_only)
    checks.append((function, mock_only))
    return function


def contains(part, whole):
    assert part in whole, f"{part!r} is not in {whole!r}"


def equal(found, expected):
    assert found == expected, f"{found!r}, not {expected!r}"


class Page:
    """The page as a person would use it."""

    def __init__(self, url, browser, folder, is_mock):
        self.url, self.browser, self.folder, self.is_mock = url, browser, folder, is_mock
        self.driver = browser.driver
        self.run, self.wait = browser.run, browser.wait
        self.seconds = 10 if is_mock else 120

    def open(self, hash=""):
        self.browser.size(1280, 800)
        self.browser.emulate()
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}/{hash}")
        self.wait("document.querySelector('#model option') && (document.querySelector('.job') || !document.getElementById('jobs-empty').hidden)")

    def fresh(self):
        """The page as at a first visit, but for the server's jobs."""
        self.driver.get(self.url)
        self.run("localStorage.clear(); sessionStorage.clear()")
        self.open()

    def control(self, **values):
        body = json.dumps(values).encode()
        request = urllib.request.Request(f"{self.url}/mock", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def find(self, id):
        return self.driver.find_element(By.ID, id)

    def text(self, id):
        return self.run("return document.getElementById(arguments[0]).innerText", id)

    def all_text(self, selector):
        return self.run("return Array.from(document.querySelectorAll(arguments[0]), (e) => e.textContent)", selector)

    def attribute(self, id, name):
        return self.run("return document.getElementById(arguments[0]).getAttribute(arguments[1])", id, name)

    def shows(self, id):
        return self.run("return document.getElementById(arguments[0]).checkVisibility()", id)

    def press(self, *keys):
        actions = ActionChains(self.driver)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def press_shifted(self, key):
        ActionChains(self.driver).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def upload(self, *paths):
        self.find("files").send_keys("\n".join(str(path) for path in paths))

    def choose(self, id, value):
        self.run("const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('input', {bubbles: true}))", id, value)

    def transcribe(self, path, **options):
        """Uploads a recording, and waits for the end of its transcription."""
        self.open()
        for name, value in options.items():
            self.choose(name, value)
        self.upload(path)
        self.wait("location.hash.length > 1", what="the job opens")
        self.wait("document.getElementById('job-view').dataset.status === 'completed'", self.seconds)
        self.wait("document.querySelectorAll('.segment').length > 0")
        return self.run("return location.hash")

    def open_job(self, name):
        """Opens a job of the list, which another check may have made; otherwise makes it."""
        self.open()
        link = self.run("return Array.from(document.querySelectorAll('.job[data-status=completed] a')).find((a) => a.textContent.includes(arguments[0]))", name)
        if link:
            link.click()
            self.wait("document.querySelectorAll('.segment .w').length > 0")
        elif name == "interview":
            self.transcribe(self.folder / "interview.wav", channels="separate")
        else:
            self.transcribe(SPEECH / ("jfk.flac" if name == "jfk" else "long/1688-142285.opus"))
        self.wait("document.querySelectorAll('.segment .w').length > 0")
        self.wait("document.getElementById('audio').duration > 1")

    def position(self):
        return self.run("return document.getElementById('audio').currentTime")

    def focused(self):
        return self.run("const e = document.activeElement; return e.id || e.className || e.tagName")

    def downloaded(self, format):
        """Downloads by the button, and returns the file's text and name."""
        for path in self.browser.downloads.iterdir():
            path.unlink()
        self.driver.find_element(By.CSS_SELECTOR, f"[data-format={format}]").click()

        def found():
            paths = [path for path in self.browser.downloads.iterdir() if path.suffix == f".{format}"]
            return paths[0] if paths and paths[0].stat().st_size else None

        path = self.wait(found, what=f"a download of {format}")
        time.sleep(0.1)
        return path.read_text(), path.name

    def console(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


# MARK: The server's side of the page


@check
def headers(page):
    """The page comes with the strict Content-Security-Policy, and names no other host"""
    names = ["", *re.findall(r"/(page/[\w.-]+)", urllib.request.urlopen(page.url).read().decode())]
    modules = ["page/" + path.name for path in mock_server.PAGE.glob("*.js")]
    for name in {*names, *modules}:
        with urllib.request.urlopen(f"{page.url}/{name}") as response:
            body = response.read().decode()
            if not name:
                equal(response.headers["Content-Security-Policy"], mock_server.CSP)
            hosts = set(re.findall(r"(?:https?:)?//([\w-]+(?:\.[\w-]+)+)", body)) - {"www.w3.org"}
            assert not hosts, f"{name} names {hosts}"
            if name.endswith(".js"):
                contains("javascript", response.headers["Content-Type"])


@check
def no_markup_from_data(page):
    """No script turns data into markup"""
    for path in mock_server.PAGE.glob("*.js"):
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser"):
            assert word not in path.read_text(), f"{path.name} has {word}"
    markup = (mock_server.PAGE / "index.html").read_text()
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", markup), "inline styles or handlers"


# MARK: Uploads and jobs


@check
def first_visit(page):
    """A first visit says what to do, and offers the server's models"""
    page.fresh()
    contains("Drop recordings here", page.text("drop"))
    models = json.load(urllib.request.urlopen(f"{page.url}/v1/models"))["data"]
    equal(page.run("return Array.from(document.getElementById('model').options, (o) => o.value)"), [model["id"] for model in models])
    default = next((model["id"] for model in models if model.get("default")), models[0]["id"])
    equal(page.run("return document.getElementById('model').value"), default)
    assert page.run("return document.getElementById('language').options.length") > 90


@check
def english_only_model(page):
    """A model that knows English only takes no language and no translation"""
    page.fresh()
    model = page.run("return Array.from(document.getElementById('model').options, (o) => o.value).find((v) => v.endsWith('.en'))")
    if not model:
        return "the server has no such model"
    page.choose("model", model)
    assert not page.find("language").is_enabled() and not page.find("task").is_enabled()
    page.open()
    equal(page.run("return document.getElementById('model').value"), model)
    page.fresh()


@check
def upload_speech(page):
    """Real speech is uploaded, its text appears, and the job stays in the list after a reload"""
    page.fresh()
    hash = page.transcribe(SPEECH / "jfk.flac")
    words = re.sub(r"[^a-z ]", "", " ".join(page.all_text(".segment .text")).lower())
    contains("ask not what your country can do for you", words)
    contains("jfk.flac", page.text("job-title"))
    meta = page.text("job-meta")
    for part in ("Completed", "0:11", "English"):
        contains(part, meta)
    page.driver.refresh()
    page.wait("document.querySelectorAll('.segment').length > 0")
    equal(page.run("return location.hash"), hash)
    page.open()
    page.wait(lambda: any("jfk.flac" in name for name in page.all_text(".job-name")), what="the job in the list")


@check(mock_only=True)
def text_as_it_appears(page):
    """Segments appear while the job runs, with its progress in page and list"""
    page.fresh()
    page.control(pace=0.15)
    page.upload(SPEECH / "long/1688-142285.opus")
    page.wait("document.querySelectorAll('.segment').length >= 3")
    count = page.run("return document.querySelectorAll('.segment').length")
    assert count < 15, f"all {count} segments at once"
    equal(page.run("return document.getElementById('job-view').dataset.status"), "running")
    assert page.shows("job-progress") and page.shows("job-cancel")
    assert 0 < int(page.run("return document.querySelector('#job-progress [role=progressbar]').getAttribute('aria-valuenow')")) < 100
    page.wait("document.querySelector('.job[data-status=running] .job-meta').textContent.includes('Transcribing')")
    page.wait("document.querySelectorAll('.segment').length === 15")
    page.wait("document.getElementById('job-view').dataset.status === 'completed'")
    page.wait("document.getElementById('status').textContent.includes('finished')")
    assert not page.shows("job-progress")
    page.control(pace=0.01)


@check(mock_only=True)
def broken_events(page):
    """Broken event streams are resumed, without gaps or repetition"""
    page.fresh()
    page.control(pace=0.1, drops=3)
    page.upload(SPEECH / "long/1688-142285.opus")
    page.wait("document.getElementById('job-view').dataset.status === 'completed'", 30)
    page.wait("document.querySelectorAll('.segment').length === 15")
    expected = [segment["text"].strip() for segment in mock_server.TRANSCRIPTS["1688-142285"]["segments"]]
    equal(page.all_text(".segment .text"), expected)
    page.control(pace=0.01, drops=0)
    page.console()


@check(mock_only=True)
def several_files(page):
    """Several files dropped at once are sent one by one, with progress, and become jobs with the chosen options"""
    page.fresh()
    page.choose("task", "translate")
    page.choose("channels", "2")
    page.run("document.getElementById('prompt').value = 'Mr. Hale'")
    before = len(page.all_text("#jobs .job"))
    page.run("""
      const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
      const transfer = new DataTransfer();
      for (const name of ['first.wav', '<img src=x onerror=alert(1)>.wav', 'third.wav']) transfer.items.add(new File([bytes], name, {type: 'audio/wav'}));
      for (const name of ['dragenter', 'dragover']) window.dispatchEvent(new DragEvent(name, {dataTransfer: transfer, cancelable: true}));
      window.shown = document.getElementById('overlay').checkVisibility();
      window.dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, cancelable: true}));
    """, base64.b64encode((SPEECH / "LJ001-0002.wav").read_bytes()).decode())
    assert page.run("return window.shown"), "no overlay while dragging"
    page.wait(f"document.querySelectorAll('#jobs .job').length === {before + 3}")
    page.wait("document.querySelectorAll('#uploads .job').length === 0")
    equal(page.run("return location.hash"), "")
    equal(page.run("return document.querySelectorAll('img').length"), 0)
    for fields in page.control()["fields"][-3:]:
        equal({**fields, "model": ""}, {"model": "", "task": "translate", "channels": "2", "prompt": "Mr. Hale"})


@check(mock_only=True)
def refused_file(page):
    """A refused file shows the server's message, and can be tried again or dismissed"""
    page.fresh()
    path = page.folder / "notes.txt"
    path.write_text("Nothing to hear.")
    page.upload(path)
    page.wait("document.querySelector('.toast.error')")
    contains("has no audio that FFmpeg can read; upload an audio or video file.", page.all_text(".toast.error")[0])
    contains("has no audio", page.all_text("#uploads .job-meta")[0])
    assert page.run("return document.querySelector('.toast.error').getAttribute('role')") == "alert"
    page.run("document.querySelector('#uploads .small:not(.square)').click()")
    page.wait("document.querySelector('#uploads .small:not(.square)').checkVisibility()")
    equal(len(page.all_text(".toast.error")), 1)
    page.run("document.querySelector('#uploads .square').click()")
    page.wait("document.querySelectorAll('#uploads .job').length === 0")
    page.console()


@check(mock_only=True)
def busy_server(page):
    """A busy server (429) is asked again after Retry-After, which is shown"""
    page.fresh()
    page.control(busy=2)
    begin = time.time()
    page.upload(SPEECH / "jfk.flac")
    page.wait("!document.getElementById('banner').hidden")
    contains("The queue is full. Trying again in", page.text("banner"))
    page.wait("document.getElementById('job-view').dataset.status === 'completed'", 15)
    assert time.time() - begin >= 4, "asked again before the time"
    assert not page.shows("banner")
    page.console()


@check(mock_only=True)
def unreachable(page):
    """The page says when the server can't be reached, and goes on by itself once it can"""
    page.open()
    page.control(down=True)
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait("!document.getElementById('banner').hidden")
    contains("The server cannot be reached.", page.text("banner"))
    page.control(down=False)
    page.wait("document.getElementById('banner').hidden")
    equal(page.all_text(".toast"), [])
    page.console()


@check(mock_only=True)
def failed_job(page):
    """A failed job shows why"""
    page.open()
    page.run("Array.from(document.querySelectorAll('.job a')).find((a) => a.textContent.includes('Minutes.docx')).click()")
    page.wait("!document.getElementById('job-error').hidden")
    contains("has no audio that FFmpeg can read", page.text("job-error"))
    contains("Failed", page.text("job-meta"))
    page.wait("document.getElementById('player-note').textContent.includes('cannot play')")
    page.wait("!document.querySelector('[data-format=srt]').checkVisibility()")


@check
def cancel_and_delete(page):
    """Jobs can be cancelled and deleted, the latter after a question"""
    page.fresh()
    if page.is_mock:
        page.control(pace=1)
    page.upload(SPEECH / "long/1688-142285.opus")
    page.wait("location.hash.length > 1 && !document.getElementById('job-cancel').hidden", 20)
    page.find("job-cancel").click()
    page.wait("['cancelled', 'completed'].includes(document.getElementById('job-view').dataset.status)", 20)
    if page.is_mock:
        contains("Cancelled", page.text("job-meta"))
        page.control(pace=0.01)
    id = page.run("return location.hash.slice(1)")
    page.find("job-delete").click()
    page.wait("document.getElementById('confirm-dialog').open")
    equal(page.focused(), "confirm-no")
    page.press(Keys.ESCAPE)
    page.wait("!document.getElementById('confirm-dialog').open")
    page.find("job-delete").click()
    page.find("confirm-yes").click()
    page.wait("location.hash === ''")
    page.wait(f"!document.querySelector('.job[data-id=\"{id}\"]')")
    page.open(f"#{id}")
    page.wait("document.querySelector('.toast.error')")
    page.console()


@check(mock_only=True)
def many_jobs(page):
    """A long list of jobs comes in parts"""
    page.control(old=40)
    page.open()
    page.wait("document.querySelectorAll('#jobs .job').length === 30")
    page.find("more").click()
    page.wait("document.querySelectorAll('#jobs .job').length > 40")
    assert page.run("return document.activeElement.matches('.job a')"), page.focused()
    time.sleep(2.2)
    assert len(page.all_text("#jobs .job")) > 40, "older jobs vanish"
    names = page.all_text(".job-name")
    equal(names[-1], "Archive 40.mp3")
    equal(len(names), len(set(page.run("return Array.from(document.querySelectorAll('#jobs .job'), (e) => e.dataset.id)"))))


# MARK: Keys


@check(mock_only=True)
def api_key(page):
    """A server with keys asks for one, says when it is wrong, and keeps it for the tab only"""
    page.fresh()
    page.control(key="sesame")
    try:
        page.driver.get(page.url)
        page.wait("document.getElementById('key-dialog').open")
        equal(page.focused(), "key-input")
        page.press("wrong", Keys.ENTER)
        page.wait("document.getElementById('key-message').textContent.includes('missing or wrong')")
        page.wait("document.getElementById('key-dialog').open")
        page.press("sesame", Keys.ENTER)
        page.wait("document.querySelectorAll('.job').length > 0")
        equal(page.run("return sessionStorage.getItem('swiftlet.key')"), "sesame")
        equal(page.run("return Object.keys(localStorage).filter((k) => localStorage[k].includes('sesame'))"), [])
        page.open_job("jfk")
        page.wait("document.getElementById('audio').src.startsWith('blob:')")
        page.run("document.getElementById('play').click()")
        page.wait("document.getElementById('audio').currentTime > 0.3")
        contains("fellow Americans", page.downloaded("srt")[0])
        page.open()
        page.run("document.getElementById('record').click()")
        page.wait("document.getElementById('committed').textContent.length > 10")
        page.run("document.getElementById('stop').click()")
        page.wait("document.getElementById('live-discard').checkVisibility()")
        page.run("document.getElementById('live-discard').click()")
        # Without a key the page is still usable enough to enter one.
        page.run("sessionStorage.clear()")
        page.driver.refresh()
        page.wait("document.getElementById('key-dialog').open")
        page.press(Keys.ESCAPE)
        page.wait("document.querySelector('.toast.error')")
        assert page.shows("key-button")
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
        time.sleep(0.5)
        assert not page.run("return document.getElementById('key-dialog').open"), "asks again after Cancel"
        equal(len(page.all_text(".toast.error")), 1)
    finally:
        page.control(key=None)
        page.driver.get("about:blank")
        page.console()


# MARK: The transcript


@check
def waveform(page):
    """The waveform is drawn from the sound, shows the position, and seeks on a click"""
    page.open_job("jfk")
    page.wait("""(() => { const c = document.getElementById('wave-canvas');
      const d = c.getContext('2d').getImageData(0, 0, c.width, Math.floor(c.height / 3)).data; let n = 0;
      for (let i = 3; i < d.length; i += 4) n += d[i] > 0; return n > c.width / 4; })()""")
    wave = page.find("wave")
    ActionChains(page.driver).move_to_element_with_offset(wave, 0, 0).click().perform()
    page.wait("Math.abs(document.getElementById('audio').currentTime - 5.5) < 0.3")
    equal(page.attribute("wave", "aria-valuemax"), "11")
    contains("seconds of 11 seconds", page.attribute("wave", "aria-valuetext"))
    page.run("document.getElementById('wave').focus()")
    page.press(Keys.END)
    page.wait("document.getElementById('audio').currentTime > 10.5")
    page.press(Keys.HOME)
    page.wait("document.getElementById('audio').currentTime === 0")
    page.press(Keys.ARROW_RIGHT)
    page.wait("Math.abs(document.getElementById('audio').currentTime - 5) < 0.2")


@check
def words_follow(page):
    """A word is clicked to jump there, and words are highlighted while playing"""
    page.open_job("jfk")
    word = page.run("return Array.from(document.querySelectorAll('.segment .w')).find((w) => /country/i.test(w.textContent))")
    word.click()
    page.wait("document.querySelector('.w.now')?.textContent.startsWith('country')")
    assert 4 < page.position() < 8, page.position()
    page.run("document.getElementById('play').click()")
    page.wait("document.querySelector('.w.now') && !document.querySelector('.w.now').textContent.startsWith('country')", 5)
    equal(page.attribute("play", "aria-label"), "Pause")
    page.run("document.getElementById('play').click()")
    page.wait("document.getElementById('audio').paused")
    equal(len(page.all_text(".segment.now")), 1)


@check
def confidence(page):
    """Words the model was unsure of are marked by colour and underline, which can be switched off"""
    page.open_job("1688-142285" if not page.is_mock else "North and South")
    unsure = page.run("return document.querySelectorAll('.segment .w.low, .segment .w.mid').length")
    assert unsure > 3, f"{unsure} unsure words"
    look = "const s = getComputedStyle(document.querySelector('.segment .w.low, .segment .w.mid')); return [s.color, s.textDecorationLine]"
    color, line = page.run(look)
    equal(line, "underline")
    assert page.shows("legend")
    page.find("confidence").click()
    equal(page.attribute("confidence", "aria-pressed"), "false")
    page.wait("getComputedStyle(document.querySelector('.segment .w.low, .segment .w.mid')).textDecorationLine === 'none'")
    assert page.run(look)[0] != color
    page.find("confidence").click()
    ActionChains(page.driver).move_to_element(page.driver.find_element(By.CSS_SELECTOR, ".segment .w.mid")).perform()
    contains("% sure", page.driver.find_element(By.CSS_SELECTOR, ".segment .w.mid").get_attribute("title"))


@check
def channels(page):
    """Channels transcribed separately are labelled, in the order of time"""
    page.open_job("interview")
    speakers = page.all_text(".speaker")
    assert {"Channel 1", "Channel 2"} <= set(speakers), speakers
    assert page.run("""const list = Array.from(document.querySelectorAll('.segment .time'), (e) => e.textContent);
      const seconds = list.map((t) => t.split(':').reduce((a, b) => a * 60 + Number(b), 0));
      return seconds.every((s, i) => i === 0 || s >= seconds[i - 1])"""), "not in the order of time"
    contains("Grandfather", page.run("return document.querySelector('.segment[data-channel=\"2\"]').textContent"))


@check(mock_only=True)
def languages(page):
    """The language is shown, and texts carry it"""
    page.open_job("Menú")
    contains("Spanish", page.text("job-meta"))


@check
def search(page):
    """Search counts and highlights, goes forward and back, and follows the keyboard"""
    page.open_job("jfk")
    page.run("document.activeElement.blur()")
    page.press("/")
    equal(page.focused(), "search")
    page.press("COUNTRY")
    page.wait("document.getElementById('search-count').textContent === '2 matches'")
    equal(page.run("return CSS.highlights.get('found').size"), 2)
    page.press(Keys.ENTER)
    equal(page.text("search-count"), "1 of 2")
    equal(page.run("return Array.from(CSS.highlights.get('found-now'), String)"), ["country"])
    page.press(Keys.ENTER)
    equal(page.text("search-count"), "2 of 2")
    page.press_shifted(Keys.ENTER)
    equal(page.text("search-count"), "1 of 2")
    contains("1 of 2,", page.run("return document.getElementById('status').textContent"))
    page.find("next").click()
    equal(page.text("search-count"), "2 of 2")
    page.find("search").click()
    page.press(Keys.ESCAPE)
    page.wait("document.getElementById('search-count').textContent === ''")
    equal(page.run("return CSS.highlights.get('found').size + CSS.highlights.get('found-now').size"), 0)
    page.press("zzz")
    page.wait("document.getElementById('search-count').textContent === 'No matches'")


@check
def edit(page):
    """A segment is edited in place; the edit outlives a reload, goes into downloads, and can be undone"""
    page.open_job("jfk")
    original = page.all_text(".segment .text")[0]
    untouched = page.downloaded("srt")[0]
    page.run("document.querySelector('.segment').focus()")
    page.press("e")
    page.wait("document.activeElement.tagName === 'TEXTAREA'")
    equal(page.run("return document.activeElement.value"), original)
    page.press(" Thanks & <b>goodbye</b>.", Keys.ENTER)
    edited = f"{original} Thanks & <b>goodbye</b>."
    page.wait("document.querySelectorAll('.editor').length === 0")
    equal(page.all_text(".segment .text")[0], edited)
    contains("segment edited", page.text("edits-note").replace("1 ", ""))
    page.driver.refresh()
    page.wait("document.querySelectorAll('.segment .w').length > 0")
    equal(page.all_text(".segment .text")[0], edited)
    # Words that were there keep their times.
    page.run("document.querySelector('.segment .w').click()")
    assert page.position() < 1.5, page.position()
    text, name = page.downloaded("txt")
    contains("Thanks & <b>goodbye</b>.", text)
    assert name.endswith(".txt") and "flac" not in name, name
    contains("goodbye", page.downloaded("srt")[0])
    contains("&lt;b&gt;goodbye", page.downloaded("vtt")[0])
    segments = json.loads(page.downloaded("json")[0])["segments"]
    equal((segments[0]["text"], segments[0]["edited"]), (edited, True))
    assert all(a["start"] <= a["end"] for segment in segments for a in segment["words"])
    # Escape leaves the text alone.
    page.run("document.querySelector('.segment').focus()")
    page.press("e", "x", Keys.ESCAPE)
    equal(page.all_text(".segment .text")[0], edited)
    page.run("document.querySelector('.restore').click()")
    equal(page.all_text(".segment .text")[0], original)
    assert not page.shows("edits-note")
    equal(page.downloaded("srt")[0], untouched)


@check
def downloads(page):
    """Unedited downloads are the server's own"""
    page.open_job("jfk")
    id = page.run("return location.hash.slice(1)")
    for format, name in [("srt", "srt"), ("vtt", "vtt"), ("txt", "text"), ("json", "verbose_json")]:
        with urllib.request.urlopen(f"{page.url}/v1/jobs/{id}/transcript?format={name}") as response:
            equal(page.downloaded(format)[0], response.read().decode())


@check
def copy(page):
    """The text goes to the clipboard"""
    page.browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.open_job("jfk")
    page.find("copy").click()
    page.wait("document.querySelector('.toast')")
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))")
    contains("your country", copied)
    equal(copied, "\n".join(page.all_text(".segment .text")))


@check
def keyboard(page):
    """Everything can be reached and used by keyboard alone, with visible focus"""
    page.open_job("jfk")
    page.open()
    seen = []
    for _ in range(160):
        page.press(Keys.TAB)
        element = page.focused()
        if element == "BODY":
            break
        outline = page.run("const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth), document.activeElement.checkVisibility({opacityProperty: true})]")
        assert outline[0] != "none" and outline[1] >= 1 and outline[2], f"{element}: no visible focus: {outline}"
        seen.append(element)
        if element == "live-captions":
            break
    for name in ("skip", "theme-button", "help-button", "new-link", "choose", "record", "model", "language", "task", "channels", "prompt"):
        assert name in seen, f"{name} cannot be reached: {seen}"
    # From the list into the job, its player and its transcript.
    page.run("Array.from(document.querySelectorAll('.job a')).find((a) => a.textContent.includes('jfk')).focus()")
    page.press(Keys.ENTER)
    page.wait("document.querySelectorAll('.segment .w').length > 0 && document.getElementById('audio').duration > 1")
    equal(page.focused(), "job-title")
    page.press(" ")
    page.wait("!document.getElementById('audio').paused")
    page.press(" ")
    page.wait("document.getElementById('audio').paused")
    begin = page.position()
    page.press(Keys.ARROW_RIGHT)
    page.wait(f"document.getElementById('audio').currentTime > {begin + 3}")
    page.press("]")
    equal(page.run("return document.getElementById('audio').playbackRate"), 1.25)
    page.press("[")
    page.press(Keys.ARROW_DOWN)
    contains("segment", page.focused())
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    contains("w", page.focused().split())
    equal(page.run("return document.activeElement.textContent"), page.all_text(".segment .w")[1])
    page.press(Keys.ENTER)
    page.wait("!document.getElementById('audio').paused")
    page.press(" ")
    page.wait("document.getElementById('audio').paused")
    page.press("c")
    equal(page.attribute("confidence", "aria-pressed"), "false")
    page.press("c")
    page.press("?")
    page.wait("document.getElementById('help-dialog').open")
    page.press(Keys.ESCAPE)
    page.wait("!document.getElementById('help-dialog').open")
    page.press("n")
    page.wait("location.hash === ''")
    # Single keys can be switched off.
    page.press("?")
    page.run("document.getElementById('shortcuts').click()")
    page.press(Keys.ESCAPE)
    page.press("t")
    assert not page.run("return document.documentElement.dataset.theme"), "shortcuts are still on"
    page.press(Keys.ESCAPE)
    page.run("document.getElementById('shortcuts').click()")


# MARK: Recording


@check
def resampler(page):
    """The recorder's samples are 16 kHz without aliases, whatever the microphone's rate"""
    page.open()
    for rate in (48000, 44100, 22050, 16000, 8000):
        for frequency, low, high in [(1000, 0.33, 0.37), (3000, 0.33, 0.37), (10500, 0, 0.004)]:
            if frequency > rate / 2:
                continue
            result = page.driver.execute_async_script("""
              const [rate, frequency, done] = arguments;
              (async () => {
                const context = new OfflineAudioContext(1, rate, rate);
                await context.audioWorklet.addModule('/page/pcm-worklet.js');
                const node = new AudioWorkletNode(context, 'recorder', {numberOfOutputs: 1});
                const oscillator = new OscillatorNode(context, {frequency});
                const gain = new GainNode(context, {gain: 0.5});
                const pieces = [];
                node.port.onmessage = ({data}) => {
                  if (data.end) {
                    const all = pieces.flatMap((piece) => Array.from(piece));
                    const middle = all.slice(3200, 12800);
                    let crossings = 0;
                    for (let i = 1; i < middle.length; i += 1) crossings += middle[i - 1] < 0 && middle[i] >= 0;
                    done([all.length, Math.sqrt(middle.reduce((sum, x) => sum + x * x, 0) / middle.length) / 32768, crossings / 0.6]);
                  } else pieces.push(data.samples);
                };
                oscillator.connect(gain).connect(node).connect(context.destination);
                oscillator.start();
                await context.startRendering();
                node.port.postMessage('end');
              })().catch((error) => done(String(error)));
            """, rate, frequency)
            assert isinstance(result, list), result
            length, loudness, found = result
            # What is rendered is whole blocks of 128 samples, and the filter's end.
            assert 15990 < length < 16000 + 200 * 16000 / rate, f"{rate} Hz: {length} samples"
            assert low <= loudness <= high, f"{rate} Hz, {frequency} Hz: loudness {loudness:.4f}"
            assert not low or abs(found - frequency) < 10, f"{rate} Hz, {frequency} Hz: {found}"


@check
def record(page):
    """The microphone gives live captions, and the recording becomes a job"""
    page.fresh()
    page.find("record").click()
    page.wait("document.getElementById('live-running').checkVisibility()")
    equal(page.focused(), "stop")
    page.wait("document.getElementById('committed').textContent.length > 10", page.seconds)
    if page.is_mock:
        assert page.run("return document.getElementById('partial').textContent"), "no guess"
    time.sleep(1 if page.is_mock else 6)
    assert page.run("return Number(document.getElementById('level').getAttribute('aria-valuenow'))") >= 0
    captions = page.run("return document.getElementById('committed').textContent")
    page.press("r")
    page.wait("document.getElementById('live-done').checkVisibility()")
    page.wait("document.getElementById('partial').textContent === ''", page.seconds)
    time.sleep(0.5)
    assert len(page.run("return document.getElementById('committed').textContent")) >= len(captions)
    for path in page.browser.downloads.iterdir():
        path.unlink()
    page.find("live-save").click()
    page.wait(lambda: any(path.suffix == ".wav" for path in page.browser.downloads.iterdir()), what="a WAV file")
    time.sleep(0.2)
    with wave.open(str(next(page.browser.downloads.glob("*.wav")))) as file:
        equal((file.getnchannels(), file.getframerate(), file.getsampwidth()), (1, 16000, 2))
        data = file.readframes(file.getnframes())
    sound = array.array("h", data)
    assert len(sound) > 2 * 16000, f"{len(sound)} samples"
    assert math.sqrt(sum(x * x for x in sound) / len(sound)) > 200, "silence"
    if page.is_mock:
        told = page.control()
        equal(bytes.fromhex(told["heard"]), data)
        query = told["queries"][-1]
        equal((query["format"], query["sample_rate"]), ("s16le", "16000"))
    page.find("live-send").click()
    page.wait("document.getElementById('job-view').dataset.status === 'completed' && location.hash", page.seconds)
    contains("Recording", page.text("job-title"))
    page.wait("document.querySelectorAll('.segment').length > 0")


@check(mock_only=True)
def captions_lost(page):
    """When captions break off, the recording goes on, and the page says so"""
    page.fresh()
    page.control(break_stream_after=1)
    page.find("record").click()
    page.wait("document.getElementById('live-note').checkVisibility()")
    contains("The model was unloaded. Recording continues.", page.text("live-note"))
    begin = page.text("live-time")
    page.wait(lambda: page.text("live-time") != begin, what="the time goes on")
    page.find("stop").click()
    page.wait("document.getElementById('live-discard').checkVisibility()")
    page.find("live-discard").click()
    assert not page.shows("live")
    page.control(break_stream_after=None)


# MARK: Looks and accessibility

AUDIT = r"""
const problems = [];
const visible = (e) => e.checkVisibility({visibilityProperty: true});
const byId = (list) => (list || '').split(/\s+/).filter(Boolean).map((id) => document.getElementById(id));
function name(e) {
  const labelled = byId(e.getAttribute('aria-labelledby')).map((l) => l && l.textContent).join(' ').trim();
  const label = e.labels && Array.from(e.labels, (l) => l.textContent).join(' ').trim();
  return labelled || (e.getAttribute('aria-label') || '').trim() || label || (/^(INPUT|SELECT|TEXTAREA)$/.test(e.tagName) ? '' : e.textContent.trim()) || e.title;
}
const controls = 'a[href], button, input:not([hidden]), select, textarea, audio[controls], [role=slider], [role=progressbar], [role=meter], [role=timer], [role=log], [role=search], [role=group], [role=region], dialog, nav, section[aria-label], [tabindex="0"]';
for (const e of document.querySelectorAll(controls)) {
  if (e.closest('svg') || !(visible(e) || e.tagName === 'DIALOG')) continue;
  if (!name(e)) problems.push('no name: ' + e.outerHTML.slice(0, 120));
}
const ids = new Map();
for (const e of document.querySelectorAll('[id]')) ids.set(e.id, (ids.get(e.id) || 0) + 1);
for (const [id, count] of ids) if (count > 1) problems.push('id used twice: ' + id);
for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for']) {
  for (const e of document.querySelectorAll(`[${attribute}]`)) {
    if (byId(e.getAttribute(attribute)).includes(null)) problems.push(`${attribute} of nothing: ` + e.outerHTML.slice(0, 120));
  }
}
for (const [what, selector] of [['main', 'main'], ['banner', 'body > header'], ['navigation', 'nav']]) {
  const count = Array.from(document.querySelectorAll(selector)).filter((e) => e.tagName === 'NAV' || visible(e)).length;
  if (count !== 1) problems.push(`${count} landmarks of ${what}`);
}
if (!document.documentElement.lang) problems.push('no language');
const headings = Array.from(document.querySelectorAll('main h1, main h2, main h3')).filter(visible);
if (headings.filter((h) => h.tagName === 'H1').length !== 1) problems.push('not one h1');
for (const e of document.querySelectorAll('[aria-hidden=true]')) {
  if (e.querySelector('a, button, input, select, textarea, [tabindex="0"]')) problems.push('focusable inside aria-hidden: ' + e.outerHTML.slice(0, 120));
}
for (const e of document.querySelectorAll('[role=slider], [role=meter], [role=progressbar]')) {
  if (visible(e) && !e.classList.contains('unknown') && (e.getAttribute('aria-valuenow') === null || e.getAttribute('aria-valuemax') === null)) problems.push('no value: ' + e.outerHTML.slice(0, 120));
}
for (const e of document.querySelectorAll('[role=list] > *, ul > *, ol > *')) if (e.tagName !== 'LI') problems.push('not an item: ' + e.outerHTML.slice(0, 120));

// Contrast of every visible text against the colours behind it.
const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d', {willReadFrequently: true});
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (top, bottom) => top.slice(0, 3).map((c, i) => c * top[3] + bottom[i] * (1 - top[3]));
const light = (color) => {
  const [r, g, b] = color.map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (e) => {
  const layers = [];
  for (let x = e; x; x = x.parentElement) {
    const color = rgba(getComputedStyle(x).backgroundColor);
    if (color[3]) layers.push(color);
    if (color[3] === 1) break;
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const told = new Set();
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const e = node.parentElement;
  if (!node.textContent.trim() || !e.checkVisibility({visibilityProperty: true, opacityProperty: true}) || e.closest('.hidden, .skip, option, svg, :disabled')) continue;
  const style = getComputedStyle(e);
  const back = behind(e);
  const [a, b] = [light(over(rgba(style.color), back)), light(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const size = parseFloat(style.fontSize);
  if (ratio < (size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5)) {
    const key = e.className + e.tagName;
    if (!told.has(key)) problems.push(`contrast ${ratio.toFixed(2)}: ` + e.outerHTML.slice(0, 120));
    told.add(key);
  }
}
// Sizes of what one presses: 24 px, WCAG 2.2; words and links in text are exempt.
for (const e of document.querySelectorAll('button, select, input:not([hidden]):not([type=checkbox]), [role=slider]')) {
  const box = e.getBoundingClientRect();
  if (visible(e) && box.width && (box.width < 24 || box.height < 24)) problems.push(`${box.width} by ${box.height}: ` + e.outerHTML.slice(0, 120));
}
return problems;
"""


def audit(page, where):
    for dark in (False, True):
        page.browser.emulate(dark=dark, calm=True)
        time.sleep(0.4)
        problems = page.run(AUDIT)
        assert not problems, f"{where}, {'dark' if dark else 'light'}:\n  " + "\n  ".join(problems)
    page.browser.emulate()


@check
def accessible(page):
    """Names, roles, landmarks, contrast and sizes hold in every view, light and dark"""
    page.fresh()
    audit(page, "new")
    page.run("document.getElementById('record').click()")
    page.wait("document.getElementById('committed').textContent.length > 5", page.seconds)
    audit(page, "recording")
    page.run("document.getElementById('stop').click()")
    page.wait("document.getElementById('live-done').checkVisibility()")
    audit(page, "recorded")
    page.run("document.getElementById('live-discard').click()")
    page.open_job("interview")
    page.run("document.getElementById('audio').currentTime = 3")
    page.run("document.querySelectorAll('.segment')[1].querySelector('.edit').click()")
    page.press(" More.", Keys.ENTER)
    page.wait("document.querySelector('.restore')")
    audit(page, "job")
    page.run("document.querySelectorAll('.segment')[0].querySelector('.edit').click()")
    audit(page, "editing")
    page.press(Keys.ESCAPE)
    page.find("edits-discard").click()
    for id, opener in [("help-dialog", "help-button"), ("confirm-dialog", "job-delete")]:
        page.find(opener).click()
        page.wait(f"document.getElementById('{id}').open")
        audit(page, id)
        page.press(Keys.ESCAPE)
    for id in ("status", "search-count", "player-note"):
        equal(page.attribute(id, "role"), "status")


@check
def themes(page):
    """Dark and light follow the system, or the choice of the button, which is kept"""
    page.fresh()
    back = "return getComputedStyle(document.body).backgroundColor"
    light = page.run(back)
    page.browser.emulate(dark=True)
    dark = page.run(back)
    assert light != dark
    page.find("theme-button").click()
    equal(page.attribute("theme-button", "aria-label"), "Theme: light")
    equal(page.run(back), light)
    page.find("theme-button").click()
    page.open()
    equal(page.run(back), dark)
    equal(page.attribute("theme-button", "aria-label"), "Theme: dark")
    page.find("theme-button").click()
    equal(page.run(back), light)


@check
def small_screen(page):
    """At 360 px nothing scrolls sideways, and list and job are both within reach"""
    page.open_job("interview")
    for width, height in [(360, 640), (390, 844), (768, 1024)]:
        page.browser.size(width, height)
        for hash in (page.run("return location.hash"), ""):
            page.run("location.hash = arguments[0]", hash)
            time.sleep(0.5)
            wide = page.run("""const limit = document.documentElement.clientWidth;
              return Array.from(document.querySelectorAll('body *')).filter((e) => e.checkVisibility() && !e.closest('.hidden, .skip, svg, .wave-time, select'))
                .filter((e) => { const b = e.getBoundingClientRect(); return b.width && (b.right > limit + 1 || b.left < -1); })
                .map((e) => e.outerHTML.slice(0, 100))""")
            assert not wide, f"{width} px, '{hash}': {wide[:5]}"
            assert page.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), f"{width} px scrolls sideways"
        page.run("history.back()")
        time.sleep(0.5)
    page.browser.size(360, 640)
    page.run("document.querySelector('.back').click()")
    page.wait("location.hash === '' && document.querySelector('#jobs .job').checkVisibility()")


@check
def reduced_motion(page):
    """With less motion asked for, nothing moves"""
    page.fresh()
    page.browser.emulate(calm=True)
    page.run("document.getElementById('record').click()")
    page.wait("document.getElementById('live-running').checkVisibility()")
    equal(page.run("return getComputedStyle(document.querySelector('.live .dot')).animationIterationCount"), "1")
    page.run("document.getElementById('stop').click()")
    page.wait("document.getElementById('live-discard').checkVisibility()")
    page.run("document.getElementById('live-discard').click()")


@check(mock_only=True)
def long_transcript(page):
    """Ten thousand segments appear, scroll and are searched without delay"""
    page.fresh()
    id = page.control(long=10_000)["id"]
    page.open()
    begin = time.time()
    page.run("""window.longest = 0; let last = performance.now();
      (function tick() { const now = performance.now(); window.longest = Math.max(window.longest, now - last); last = now; window.going = requestAnimationFrame(tick); })();
      location.hash = arguments[0]""", id)
    page.wait("document.querySelectorAll('.segment').length === 10000", 30)
    loaded, longest = time.time() - begin, page.run("return window.longest")
    words = page.run("return document.querySelectorAll('.w').length")
    assert words < 5000, f"{words} elements for words"
    page.run("window.longest = 0; document.querySelectorAll('.segment')[9000].scrollIntoView()")
    page.wait("document.querySelectorAll('.segment')[9000].querySelector('.w')", 5)
    scrolled = page.run("return window.longest")
    search_time = page.run("""const begin = performance.now(); const s = document.getElementById('search'); s.value = 'shopboy';
      s.dispatchEvent(new Event('input')); s.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'})); return performance.now() - begin""")
    contains("1 of 1334", page.text("search-count"))
    click = page.run("""const begin = performance.now(); const w = document.querySelectorAll('.segment')[5].querySelector('.time'); w.click();
      document.getElementById('audio').pause(); document.body.offsetHeight; return performance.now() - begin""")
    page.detail = f"{loaded:.1f} s to load, longest frame {longest:.0f} ms, {scrolled:.0f} ms on scrolling; search {search_time:.0f} ms, click {click:.0f} ms"
    # Generous: a busy machine of two cores.
    assert loaded < 20 and longest < 1500 and scrolled < 1500 and search_time < 800 and click < 500, page.detail
    page.run("cancelAnimationFrame(window.going)")
    request = urllib.request.Request(f"{page.url}/v1/jobs/{id}", method="DELETE")
    urllib.request.urlopen(request).close()


# MARK: Running


def start_mock(folder):
    started = threading.Event()
    address = []

    def run():
        def announce(url):
            address.append(url)
            started.set()

        asyncio.run(mock_server.serve(folder, 0, 0.01, None, announce))

    threading.Thread(target=run, daemon=True).start()
    assert started.wait(20), "the mock server does not start"
    return address[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running server; the mock server by default")
    parser.add_argument("--only", help="run only the checks whose name contains this")
    parser.add_argument("--screenshots", help="folder for a screenshot of every failure")
    arguments = parser.parse_args()
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        mock_server.write_interview(folder / "interview.wav")
        (folder / "mock").mkdir()
        url = arguments.url.rstrip("/") if arguments.url else start_mock(folder / "mock")
        browser = Browser(folder, microphone=SPEECH / "LJ001-0001.wav")
        page = Page(url, browser, folder, not arguments.url)
        try:
            for function, mock_only in checks:
                title = function.__doc__
                if arguments.only and arguments.only not in function.__name__:
                    continue
                if mock_only and arguments.url:
                    skipped += 1
                    continue
                begin = time.time()
                page.detail = ""
                try:
                    reason = function(page)
                    # Errors that a check provokes are read by it; any other, as of the security policy, is a failure.
                    console = page.console()
                    assert not console, f"the console says: {console}"
                    if reason:
                        skipped += 1
                        print(f"skipped: {title}: {reason}", flush=True)
                    else:
                        passed += 1
                        detail = f" ({page.detail})" if page.detail else ""
                        print(f"passed in {time.time() - begin:.1f} s: {title}{detail}", flush=True)
                except Exception as error:
                    failed += 1
                    where = traceback.extract_tb(error.__traceback__)
                    line = next((f"{frame.lineno}" for frame in where if frame.name == function.__name__), "")
                    print(f"FAILED: {title} (check_page.py:{line}): {error}", flush=True)
                    if arguments.screenshots:
                        pathlib.Path(arguments.screenshots).mkdir(exist_ok=True)
                        browser.screenshot(pathlib.Path(arguments.screenshots) / f"{function.__name__}.png")
                    if page.is_mock:
                        page.control(key=None, busy=0, drops=0, pace=0.01, break_stream_after=None, down=False)
                    try:
                        page.driver.switch_to.alert.accept()
                    except Exception:
                        pass
                    page.console()
        finally:
            browser.quit()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
