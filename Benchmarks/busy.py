"""Transcription on a machine that has other work: the tool, other builds of it, and faster-whisper, beside busy processes.

    $P Benchmarks/busy.py --binary new=.build/release/swiftlet [--binary old=...] [--peer] [--busy 0 1 2 4] [--passes 3] [--model tiny.en]

Each busy process is a loop in a session of its own, as another user's or another terminal's program would be. All take turns within
a pass; the table has the median seconds of the passes for all test-other clips, loading left out, and their ratio to the first
column. A program that had the fair share of two cores beside n others, and lost nothing, would take max(1, (2 + n) / 2) times as long.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import recordings

PEER = """
import json, sys, time
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=int(sys.argv[2]))
for line in sys.stdin:
    begin = time.monotonic()
    for clip in json.loads(line):
        for segment in model.transcribe(clip, beam_size=5, language="en")[0]: pass
    print(time.monotonic() - begin, flush=True)
"""


def busy(count):
    return [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(count)
    ]


def ours(binary, model, clips, threads):
    """Seconds of the whole process, which loads the model in 0.03 s."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        subprocess.run(
            [binary, "transcribe", "--model", model, "--threads", threads, "--output-dir", folder, *clips],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", action="append", required=True, metavar="NAME=PATH")
    parser.add_argument("--peer", action="store_true", help="faster-whisper too, int8, with the same threads")
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--threads", default=str(os.cpu_count()))
    arguments = parser.parse_args()

    clips = [str(clip.path) for clip in recordings.clips(["librispeech_test_other"])][: arguments.clips]
    programs = {}
    for text in arguments.binary:
        name, _, path = text.rpartition("=")
        programs[name or Path(path).name] = lambda path=path: ours(path, arguments.model, clips, arguments.threads)
    peer = None
    if arguments.peer:
        peer = subprocess.Popen(
            [recordings.PEERS / "bin/python", "-c", PEER, recordings.CHECKPOINTS / arguments.model, arguments.threads],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

        def run_peer():
            peer.stdin.write(json.dumps(clips) + "\n")
            peer.stdin.flush()
            return float(peer.stdout.readline())

        programs["faster-whisper"] = run_peer
    for run in programs.values():
        run()
    seconds = {}
    for count in arguments.busy:
        for _ in range(arguments.passes):
            for name, run in programs.items():
                others = busy(count)
                try:
                    seconds.setdefault((name, count), []).append(run())
                finally:
                    for process in others:
                        process.send_signal(signal.SIGKILL)
                        process.wait()
    print("| busy processes | " + " | ".join(programs) + " |")
    print("| ---: |" + " ---: |" * len(programs))
    for count in arguments.busy:
        cells = []
        for name in programs:
            found = statistics.median(seconds[name, count])
            first = statistics.median(seconds[name, arguments.busy[0]])
            cells.append(f"{found:.2f} s ({found / first:.1f})")
        print(f"| {count} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
