# Compares swiftlet's word timestamps with openai-whisper's.
#
#   $P Scripts/fixtures/words.py $SWIFTLET_PEERS/models words.json RECORDING...      (once)
#   python3 Benchmarks/accuracy/words.py words.json --model tiny.en [--binary .build/release/swiftlet] \
#       [--before "flock swiftlet.lock"] [-- --precision fp32 --padding zeros --threads 2]
#
# What follows -- goes to `swiftlet transcribe`. Texts may differ (another precision, another padding), so that words are
# matched as diff does. Columns: words of the reference, how many of them are found, and over those the differences of
# starts and ends together: median and 95th percentile in seconds, and which share is within 20 and 100 ms. Last, the time
# that alignment took for a window, and encoding and decoding beside it.

import argparse
import difflib
import json
import shlex
import subprocess

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("recorded")
parser.add_argument("--model", default="tiny.en")
parser.add_argument("--binary", default=".build/release/swiftlet")
parser.add_argument("--before", default="", help="a command that goes before the process")
arguments, extra = parser.parse_known_args()
extra = [argument for argument in extra if argument != "--"]

recorded = json.load(open(arguments.recorded))[arguments.model]
command = [*shlex.split(arguments.before), arguments.binary, "transcribe", "--model", arguments.model]
command += [] if arguments.model.endswith(".en") else ["--language", "en"]
command += ["--word-timestamps", "--json", *extra, *recorded]
output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
found = {one["file"]: one for one in map(json.loads, output.splitlines())}


def reference(recording):
    segments = [segment for window in recording["windows"] for segment in window["found"]]
    # openai-whisper clears segments that take no time.
    return [word for segment in segments if segment["start"] != segment["end"] for word in segment["words"]]


words, differences, texts, times = 0, [], 0, {}
for file, recording in recorded.items():
    expected = reference(recording)
    got = [word for segment in found[file]["segments"] for word in segment["words"]]
    words += len(expected)
    matcher = difflib.SequenceMatcher(None, [w["text"] for w in expected], [w["text"] for w in got], autojunk=False)
    texts += matcher.ratio() == 1
    for first, second, length in matcher.get_matching_blocks():
        for one, other in zip(expected[first : first + length], got[second : second + length]):
            differences += [abs(one["start"] - other["start"]), abs(one["end"] - other["end"])]
    for name in ["windows", "encoder", "decoder", "alignment"]:
        times[name] = times.get(name, 0) + found[file]["timings"][name]
differences.sort()


def share(limit):
    return 100 * sum(difference < limit + 0.0005 for difference in differences) / len(differences)


def quantile(part):
    return differences[min(len(differences) - 1, int(part * len(differences)))]


print("model    | options | recordings | same words | words | found | median | p95 | 20 ms % | 100 ms % | ms a window")
print(
    f"{arguments.model} | {' '.join(extra)} | {len(recorded)} | {texts} | {words} | {len(differences) // 2} "
    f"| {quantile(0.5):.3f} | {quantile(0.95):.3f} | {share(0.02):.1f} | {share(0.1):.1f} | "
    + ", ".join(f"{name} {1000 * times[name] / times['windows']:.1f}" for name in ["encoder", "decoder", "alignment"])
)
