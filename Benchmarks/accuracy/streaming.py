# Delay and word error rate of `swiftlet stream`, against transcribing the whole recording.
#
#   $P Benchmarks/accuracy/streaming.py --model tiny.en [--binary .build/release/swiftlet] [--before locked] \
#       [--sets longform] [-- --step 1 --no-detect-silence]
#
# What follows -- goes to `swiftlet stream`. Every step of 1 s (or --step) is computed, as on a machine that keeps up; a word's
# delay is from its end in the sound to the end of the step that committed it: the sound that had to be heard, and the time
# that the step took. Columns: recordings, words committed; mean, median and 95th percentile of the delay in seconds; the
# 95th percentile and the longest of a step's computing, in seconds; word error rates in per cent of the streamed text and of the
# whole recording transcribed at once (with timestamps), both after Whisper's English normalizer.

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--model", default="tiny.en")
parser.add_argument("--binary", default=".build/release/swiftlet")
parser.add_argument("--before", default="", help="a command that goes before each process")
parser.add_argument("--sets", nargs="+", default=["longform"])
arguments, extra = parser.parse_known_args()
extra = [argument for argument in extra if argument != "--"]
language = [] if arguments.model.endswith(".en") else ["--language", "en"]


def run(*command):
    begin = [*shlex.split(arguments.before), arguments.binary, command[0], "--model", arguments.model, *language]
    output = subprocess.run([*begin, "--json", *command[1:]], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def quantile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


normalize = EnglishTextNormalizer()
clips = recordings.clips(arguments.sets)
delays, steps = [], []
texts = {"stream": [], "offline": []}
for clip in clips:
    updates = run("stream", *extra, str(clip.path))
    committed = [update for update in updates if update["type"] == "committed"]
    texts["stream"].append(normalize("".join(update["text"] for update in committed)))
    texts["offline"].append(normalize(run("transcribe", str(clip.path))[0]["text"]))
    steps += [update["elapsed"] for update in updates if update["type"] == "partial"]
    for update in committed:
        delays += [update["position"] + update["elapsed"] - word["end"] for word in update["words"]]
expected = [normalize(clip.text) for clip in clips]
rates = {name: 100 * jiwer.wer(expected, found) for name, found in texts.items()}

print("model | options | recordings | words | mean | median | p95 | step p95 | step max | stream WER | offline WER")
print(
    f"{arguments.model} | {' '.join(extra)} | {len(clips)} | {len(delays)} | {sum(delays) / len(delays):.2f} "
    f"| {quantile(delays, 0.5):.2f} | {quantile(delays, 0.95):.2f} | {quantile(steps, 0.95):.3f} | {max(steps):.3f} "
    f"| {rates['stream']:.2f} | {rates['offline']:.2f}"
)
