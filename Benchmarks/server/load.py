"""Load test of `swiftlet serve` beside other servers, on the loopback interface.

    $SWIFTLET_PEERS/servers/bin/python Benchmarks/server/load.py [--models tiny.en base] [--clients 1 2 4 8 16 32 64]
        [--engines swiftlet faster-whisper-server stand-in whisper.cpp] [--seconds 20] [--json load.json] [--markdown load.md]

All servers of a model run at once and take turns, so that only one has work. A client sends one clip after the other for `--seconds`
and waits for those in flight. Clips are those of test-other as 16 kHz WAV; then --long-clients send the long recordings. A client
that gets 429 waits as long as Retry-After says. Texts are compared with `swiftlet transcribe` and scored (Whisper's normalizer).
"""

import argparse
import asyncio
import collections
import contextlib
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import jiwer
import psutil
from whisper_normalizer.english import EnglishTextNormalizer

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "Tests/Server/clients")]
import harness  # noqa: E402
import recordings  # noqa: E402

SERVERS = recordings.PEERS / "servers"
THREADS = str(psutil.cpu_count(logical=False))
PATH = "/v1/audio/transcriptions"


@dataclass
class Clip:
    path: Path
    seconds: float
    said: str
    expected: str = ""


# Engines: each is a context manager that gives the URL and the process of a running server.


@contextlib.contextmanager
def swiftlet(model, arguments):
    with harness.Server(arguments.swiftlet, *arguments.options.split(), model=model, wait=120) as server:
        yield server.url, server.process


@contextlib.contextmanager
def peer(*command, **environment):
    port = free_port()
    command = [str(part).format(port=port) for part in command]
    log = tempfile.TemporaryFile()
    process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment}, cwd=HERE)
    try:
        harness.until(lambda: process.poll() is not None or accepts(port), 120)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True


@contextlib.contextmanager
def faster_whisper_server(model, _):
    """PyPI's, with int8 and all threads; its other defaults. It transcribes one request after the other."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        options = {"device": "cpu", "compute_type": "int8", "cpu_threads": int(THREADS)}
        json.dump({"models": [{"name": "whisper-1", "path": str(recordings.CHECKPOINTS / model), "model_options": options}]}, file)
        file.flush()
        with peer(
            SERVERS / "bin/faster-whisper-server", "--config", file.name, "--host", "127.0.0.1", "--port", "{port}"
        ) as found:
            yield found


def stand_in(model, _):
    command = [
        SERVERS / "bin/python",
        "-m",
        "uvicorn",
        "standin:app",
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
        "--log-level",
        "warning",
    ]
    return peer(*command, MODEL=str(recordings.CHECKPOINTS / model), WORKERS=THREADS, THREADS="1")


def whisper_cpp(model, _):
    weights = recordings.PEERS / "models" / f"{model}-ggml-q8_0.bin"
    return peer(
        SERVERS / "whisper.cpp/bin/whisper-server",
        "-m",
        weights,
        "-t",
        THREADS,
        "-l",
        "en",
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
        "--inference-path",
        PATH,
    )


ENGINES = {
    "swiftlet": swiftlet,
    "faster-whisper-server": faster_whisper_server,
    "stand-in": stand_in,
    "whisper.cpp": whisper_cpp,
}


# Load


async def send(session, url, clip, model, stream=False):
    """One request: its status, text, seconds, and with `stream` the seconds to the first byte and to the first text."""
    form = aiohttp.FormData()
    form.add_field("file", clip.path.read_bytes(), filename=clip.path.name)
    form.add_field("response_format", "json")
    if not model.endswith(".en"):
        form.add_field("language", "en")
    if stream:
        form.add_field("stream", "true")
    begin = time.perf_counter()
    async with session.post(url + PATH, data=form) as response:
        if not stream:
            body = await response.read()
            seconds = time.perf_counter() - begin
            text = json.loads(body)["text"].strip() if response.status == 200 else ""
            return response.status, " ".join(text.split("\n")), seconds, response.headers.get("Retry-After")
        first = text = None
        async for line in response.content:
            first = first or time.perf_counter() - begin
            if line.startswith(b"data: {") and json.loads(line[6:])["type"] == "transcript.text.delta":
                text = text or time.perf_counter() - begin
        return first, text


async def measure(url, process, clips, clients, seconds, model):
    """Closed loop: `clients` clients with one request in flight each."""
    order = random.Random(1)
    queue = iter(lambda: order.choice(clips), None)
    results, errors, memory = [], collections.Counter(), Memory(process)
    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        begin = time.perf_counter()

        async def client():
            while time.perf_counter() - begin < seconds:
                clip = next(queue)
                try:
                    status, text, taken, retry = await send(session, url, clip, model)
                except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
                    errors[type(error).__name__] += 1
                    continue
                if status == 200:
                    results.append((clip, text, taken))
                else:
                    errors[str(status)] += 1
                    await asyncio.sleep(min(float(retry or 1), 5))

        with memory:
            await asyncio.gather(*[client() for _ in range(clients)])
        wall = time.perf_counter() - begin
    latencies = sorted(taken for *_, taken in results)
    normalize = EnglishTextNormalizer()
    said, found = [normalize(clip.said) for clip, *_ in results], [normalize(text) for _, text, _ in results]
    return {
        "clients": clients,
        "requests": len(results),
        "wall": wall,
        "errors": dict(errors),
        "audio_per_second": sum(clip.seconds for clip, *_ in results) / wall,
        "requests_per_second": len(results) / wall,
        **{f"p{part}": quantile(latencies, part) for part in (50, 95, 99)},
        "memory_before": memory.before,
        "memory_after": memory.after,
        "memory_peak": memory.peak,
        "same_text": sum(text == clip.expected for clip, text, _ in results),
        "wer": jiwer.wer(said, found) if results else None,
    }


def quantile(values, part):
    return values[min(len(values) - 1, int(len(values) * part / 100))] if values else None


class Memory:
    """Resident bytes of a server and its children: before, after, and the most of samples every 0.2 s."""

    def __init__(self, process):
        self.process = psutil.Process(process.pid)

    def now(self):
        total = 0
        with contextlib.suppress(psutil.Error):
            for one in [self.process, *self.process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += one.memory_info().rss
        return total

    def __enter__(self):
        self.before = self.peak = self.now()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.sample)
        self.thread.start()

    def sample(self):
        while not self.stopped.wait(0.2):
            self.peak = max(self.peak, self.now())

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        self.after = self.now()


async def first_bytes(url, clips, model, count=20):
    """Seconds to the first byte and to the first text of streams, one at a time."""
    async with aiohttp.ClientSession() as session:
        found = [await send(session, url, clips[index % len(clips)], model, stream=True) for index in range(count)]
    return {name: [statistics.median(values), max(values)] for name, values in zip(("byte", "text"), zip(*found))}


def load_clips(name, folder, arguments, model):
    """Recordings of a set as 16 kHz WAV, with the command line's text."""
    clips = []
    for clip in recordings.clips([name]):
        path = folder / f"{Path(clip.file).stem}.wav"
        if not path.exists():
            subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-i", clip.path, "-ac", "1", "-ar", "16000", path], check=True
            )
        clips.append(Clip(path, clip.seconds, clip.text))
    language = [] if model.endswith(".en") else ["--language", "en"]
    command = [
        arguments.swiftlet,
        "transcribe",
        "--json",
        "--model",
        model,
        *language,
        *[str(clip.path) for clip in clips],
    ]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for clip, line in zip(clips, lines, strict=True):
        clip.expected = json.loads(line)["text"].strip()
    return clips


def run(model, arguments, folder):
    clips, long = (load_clips(name, folder, arguments, model) for name in ("librispeech_test_other", "longform"))
    rows, first = [], {}
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(ENGINES[name](model, arguments)) for name in arguments.engines}
        for url, _ in servers.values():
            asyncio.run(warm_up(url, clips[:2], model))
        if "swiftlet" in servers:
            url, _ = servers["swiftlet"]
            first = {
                "clips": asyncio.run(first_bytes(url, clips, model)),
                "long": asyncio.run(first_bytes(url, long, model, 8)),
            }
        for kind, recorded, levels in (("clips", clips, arguments.clients), ("long", long, arguments.long_clients)):
            for clients in levels:
                for name, (url, process) in servers.items():
                    row = asyncio.run(measure(url, process, recorded, clients, arguments.seconds, model))
                    rows.append({"model": model, "engine": name, "recordings": kind, **row})
                    print(line(rows[-1]), flush=True)
    return rows, first


async def warm_up(url, clips, model):
    async with aiohttp.ClientSession() as session:
        for clip in clips:
            status, text, *_ = await send(session, url, clip, model)
            assert status == 200 and text, (url, status)


COLUMNS = [
    "model",
    "recordings",
    "engine",
    "clients",
    "audio s/s",
    "requests/s",
    "p50 s",
    "p95 s",
    "p99 s",
    "429",
    "errors",
    "MB before",
    "MB after",
    "MB peak",
    "same text",
    "WER %",
]


def line(row):
    errors = collections.Counter(row["errors"])
    refused = errors.pop("429", 0)
    cells = [
        row["model"],
        row["recordings"],
        row["engine"],
        row["clients"],
        f"{row['audio_per_second']:.1f}",
        f"{row['requests_per_second']:.2f}",
    ]
    cells += ["-" if row[part] is None else f"{row[part]:.2f}" for part in ("p50", "p95", "p99")]
    cells += [refused, dict(errors) or 0, *(row[f"memory_{when}"] >> 20 for when in ("before", "after", "peak"))]
    cells += [f"{row['same_text']} of {row['requests']}", "-" if row["wer"] is None else f"{100 * row['wer']:.1f}"]
    return "| " + " | ".join(map(str, cells)) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swiftlet", default=".build/release/swiftlet")
    parser.add_argument("--options", default="", help="more arguments of swiftlet serve")
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"])
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--long-clients", nargs="*", type=int, default=[1, 4])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    arguments.swiftlet = str(Path(arguments.swiftlet).resolve())
    if os.getloadavg()[0] > 0.7:
        print(
            f"others use this machine (load {os.getloadavg()[0]:.1f}): the figures will be worse than they could be",
            file=sys.stderr,
        )
    table = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    print("\n".join(table), flush=True)
    rows, first = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for model in arguments.models:
            more, first[model] = run(model, arguments, Path(folder))
            rows += more
    report = {
        "machine": platform.uname()._asdict(),
        "threads": THREADS,
        "seconds": arguments.seconds,
        "first": first,
        "rows": rows,
    }
    streams = [
        f"{model}: first byte of a stream of {kind} when idle: median {times['byte'][0]:.3f} s, at most {times['byte'][1]:.3f} s; "
        f"first text {times['text'][0]:.3f} s, {times['text'][1]:.3f} s"
        for model, kinds in first.items()
        for kind, times in kinds.items()
    ]
    print("\n".join(streams))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1))
    if arguments.markdown:
        arguments.markdown.write_text("\n".join(table + [line(row) for row in rows] + [""] + streams) + "\n")


if __name__ == "__main__":
    main()
