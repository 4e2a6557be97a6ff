# Times of words with the silent end of windows folded, against those of the whole window in fp32.
#
#   python3 Benchmarks/accuracy/foldtimes.py --model tiny.en [--binary .build/release/swiftlet] [--sets SET...]
#
# Words that both texts have in the same order are compared. A line for each way: words, differences of starts and of ends in ms: median,
# 95th percentile of the magnitude, share within 100 ms; the same of sentences' starts and ends.

import argparse
import difflib
import json
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

WAYS = {"fp32 exact": ("fp32", "exact"), "fp32 fold": ("fp32", "fold"), "int8 exact": ("int8", "exact"), "int8 fold": ("int8", "fold")}


def transcribed(arguments, precision, tail):
    files = [str(clip.path) for clip in recordings.clips(arguments.sets)]
    command = [arguments.binary, "transcribe", "--json", "--word-timestamps", "--model", arguments.model, "--language", "en"]
    command += ["--precision", precision, "--tail", tail, "--threads", arguments.threads, *files]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {one["file"]: one["segments"] for one in map(json.loads, lines)}


def spans(segments):
    """Words and sentences as (text, start, end)."""
    words = [(w["text"].strip().lower(), w["start"], w["end"]) for s in segments for w in s.get("words") or []]
    return words, [(s["text"], s["start"], s["end"]) for s in segments]


def differences(first, second):
    """In seconds, of starts and ends of what both have."""
    blocks = difflib.SequenceMatcher(None, [w[0] for w in first], [w[0] for w in second], autojunk=False)
    pairs = [(first[m.a + k], second[m.b + k]) for m in blocks.get_matching_blocks() for k in range(m.size)]
    return [other[1] - one[1] for one, other in pairs], [other[2] - one[2] for one, other in pairs]


def summary(values):
    if not values:
        return "none"
    size = sorted(abs(value) for value in values)
    within = sum(value <= 0.1 + 1e-9 for value in size) / len(size)
    last = size[min(len(size) - 1, int(0.95 * len(size)))]
    return f"{1000 * statistics.median(values):+.0f} ms, 95 % within {1000 * last:.0f} ms, {100 * within:.1f} % within 100 ms"


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--binary", default=".build/release/swiftlet")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--sets", nargs="+", default=["librispeech_test_other", "ljspeech", "longform"])
    arguments = parser.parse_args()
    found = {way: transcribed(arguments, *options) for way, options in WAYS.items()}
    reference = found.pop("fp32 exact")
    for way, other in found.items():
        starts, ends, sentence_starts, sentence_ends = [], [], [], []
        for file, segments in reference.items():
            words, sentences = spans(segments)
            other_words, other_sentences = spans(other[file])
            for into, more in zip((starts, ends), differences(words, other_words)):
                into += more
            for into, more in zip((sentence_starts, sentence_ends), differences(sentences, other_sentences)):
                into += more
        print(f"{way}: {len(starts)} words: starts {summary(starts)}; ends {summary(ends)}")
        print(f"  {len(sentence_starts)} sentences: starts {summary(sentence_starts)}; ends {summary(sentence_ends)}", flush=True)


if __name__ == "__main__":
    main()
