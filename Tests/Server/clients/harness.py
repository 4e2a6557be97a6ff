"""What the checks and Benchmarks/server share: a server process, the command line's transcripts, raw requests.

Only the standard library, so that any Python can import it.
"""

import contextlib
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SPEECH = ROOT / "Tests/Fixtures/speech"
JFK = SPEECH / "jfk.flac"  # 11 s
CLIP = SPEECH / "LJ001-0002.wav"  # 1.9 s
LONG = SPEECH / "long/1688-142285.opus"  # 70 s
TRANSCRIPTIONS = "/v1/audio/transcriptions"
FORMATS = ["srt", "vtt", "tsv", "lrc", "csv"]  # that the command line has by the same names


class Server:
    """`swiftlet serve` on a free port of the loopback interface; a context manager that stops it.

    `state` is kept if given, and otherwise a folder that goes with the server. `log` is what it wrote to stderr.
    """

    def __init__(self, binary, *options, model="tiny.en", state=None, wait=60, environment=None):
        self.temporary = None if state else tempfile.mkdtemp(prefix="swiftlet-state-")
        self.state = Path(state or self.temporary)
        self.log = []
        command = [str(binary), "serve", "--port", "0", "--model", model, "--state-dir", str(self.state), *options]
        self.command = command
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
        self.url, self._listening = None, threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if wait and not (self._listening.wait(wait) and self.url):
            self.kill()
            raise RuntimeError(f"{' '.join(command)} did not listen; it wrote:\n{self.written}")

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"Listening on (https?)://([^\s/]+):(\d+)", line):
                self.url, self.port = found[0].removeprefix("Listening on "), int(found[3])
                self._listening.set()
        self._listening.set()

    @property
    def written(self):
        return "".join(self.log)

    @property
    def end(self):
        """Why it ended: the lines around the error that it died of, or the last ones."""
        found = [number for number, line in enumerate(self.log) if "Fatal error" in line or "crashed" in line]
        return "".join(self.log[found[0] - 2 : found[0] + 8] if found else self.log[-8:])

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9 of the server alone, not of its children."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM; returns the exit status, or None after kill -9 if it is still there after `seconds`."""
        if self.running:
            self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            status = None
        self._reader.join(5)
        return status

    def memory(self):
        """Resident bytes of the server: now, and at most so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return tuple(int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024 for name in ("VmRSS", "VmHWM"))

    def busy(self, seconds=0.5):
        """Whether the server's threads compute: a tenth or more of one processor's time within `seconds`."""

        def ticks():
            fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        before = ticks()
        time.sleep(seconds)
        return (ticks() - before) / os.sysconf("SC_CLK_TCK") > seconds / 10

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # what a crash may have left, such as the printer of its backtrace
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)


class CommandLine:
    """`swiftlet transcribe`, whose text the server's must equal; results are kept."""

    def __init__(self, binary, model="tiny.en"):
        self.binary, self.model = str(binary), model

    @functools.cache  # noqa: B019
    def run(self, path, *options):
        command = [self.binary, "transcribe", "--model", self.model, *options, str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def json(self, path, *options):
        return json.loads(self.run(path, "--json", *options))

    def text(self, path, *options):
        return self.json(path, *options)["text"].strip()


@functools.cache
def sounds():
    """A folder for sounds that `sound` makes; removed at exit."""
    folder = tempfile.TemporaryDirectory(prefix="swiftlet-sounds-")
    sounds.keep = folder
    return Path(folder.name)


def sound(name, *arguments):
    """A file that ffmpeg makes once from `arguments`."""
    path = sounds() / name
    if not path.exists():
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments), str(path)], check=True)
    return path


def hour():
    """LONG 51 times."""
    return sound("hour.ogg", "-stream_loop", "50", "-i", LONG, "-c", "copy")


def pcm(path, rate=16000, form="s16le"):
    """The samples of a recording as raw mono sound."""
    return sound(f"{Path(path).stem}-{rate}.{form}", "-i", path, "-ac", "1", "-ar", rate, "-f", form).read_bytes()


def until(condition, seconds=60, step=0.05):
    """Waits until `condition()` is true and returns it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(step)
    return found


def multipart(*fields, boundary=None):
    """The body and the Content-Type of a form; a field is (name, value) or (name, file name, bytes)."""
    boundary = boundary or uuid.uuid4().hex
    body = b""
    for name, *rest in fields:
        more = f'; filename="{rest[0]}"' if len(rest) == 2 else ""
        value = rest[-1] if isinstance(rest[-1], bytes) else str(rest[-1]).encode()
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
        )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def request(path, *fields, method="POST", headers=(), body=None):
    """A whole HTTP/1.1 request as bytes; `headers` are lines."""
    kind = []
    if fields:
        body, form = multipart(*fields)
        kind = [f"Content-Type: {form}"]
    length = [f"Content-Length: {len(body)}"] if body is not None else []
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *kind, *length, *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + (body or b"")


class Reply:
    """The answer to raw bytes. `status` is None if the server closed the connection without one, and 0 if it kept it open."""

    def __init__(self, data, timed_out=False, given_up=False):
        self.data, self.timed_out, self.given_up = data, timed_out, given_up
        found = re.match(rb"HTTP/1\.[01] (\d{3})", data)
        self.status = int(found[1]) if found else (0 if timed_out else None)
        self.head, _, self.body = data.partition(b"\r\n\r\n")

    @property
    def complete(self):
        """Whether a final answer with its whole body is there."""
        if b"\r\n\r\n" not in self.data or self.status in (None, 0):
            return False
        if self.status in (101, 204, 304):
            return True
        length = re.search(rb"\r\ncontent-length: *(\d+)", self.head, re.I)
        if length:
            return len(self.body) >= int(length[1])
        return b"chunked" in self.head.lower() and self.body.endswith(b"0\r\n\r\n")

    def json(self):
        return json.loads(self.body[self.body.index(b"{") : self.body.rindex(b"}") + 1])

    def __repr__(self):
        return f"Reply({self.status}, {self.data[:300]!r}{', still open' if self.timed_out else ''})"


def exchange(port, *pieces, pause=0.0, timeout=30.0, finish=None):
    """Sends bytes on a connection of their own, `pause` seconds between pieces, and reads one answer.

    If there is none within `finish` seconds, the connection's sending side is closed: what the server waits for won't come.
    """
    data = b""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        try:
            for index, piece in enumerate(pieces):
                if index:
                    time.sleep(pause)
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # It has answered early and closed; what it said can still be read.
        begin, given_up = time.monotonic(), False
        while True:
            reply = Reply(data, given_up=given_up)
            if reply.status == 100:
                data = reply.body
                continue
            if reply.complete:
                return reply
            left = begin + (timeout if finish is None else finish) - time.monotonic()
            connection.settimeout(max(left, 0.001))
            try:
                more = connection.recv(65536)
            except TimeoutError:
                if finish is None:
                    return Reply(data, True, given_up)
                finish, given_up = None, True
                try:
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    return reply
                continue
            except ConnectionResetError:
                return reply
            if not more:
                return reply
            data += more
