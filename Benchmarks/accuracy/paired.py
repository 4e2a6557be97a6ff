# What precisions lose against fp32, from `swiftlet evaluate --json` over shifted.py's copies.
#
#   python3 Benchmarks/accuracy/paired.py report.json
#
# For each precision: word error rate, fp32's, the difference in points with its 95 % interval, and the share of copies with fp32's
# text. The interval is a bootstrap over recordings, whose copies go together: they err alike. Copies of 30 s and more are left out.

import json
import random
import sys

runs = {run["run"]["precision"]: {one["id"]: one for one in run["utterances"]} for run in json.load(open(sys.argv[1]))["runs"]}
reference = runs.pop("fp32")
ids = [name for name, one in reference.items() if one["duration"] < 30]


def errors(one):
    counts = one["words"]
    return counts["substitutions"] + counts["deletions"] + counts["insertions"]


def length(one):
    counts = one["words"]
    return counts["hits"] + counts["substitutions"] + counts["deletions"]


def points(pairs):
    return 100 * sum(more for more, _ in pairs) / sum(words for _, words in pairs)


for precision, run in runs.items():
    recordings = {}
    for name in ids:
        pair = errors(run[name]) - errors(reference[name]), length(reference[name])
        recordings.setdefault(name.rsplit("-", 1)[0], []).append(pair)
    groups, generator = list(recordings.values()), random.Random(1)
    draws = (points(sum(generator.choices(groups, k=len(groups)), [])) for _ in range(2000))
    low, *_, high = sorted(draws)[50:1950]
    rates = [100 * sum(errors(one[name]) for name in ids) / sum(length(one[name]) for name in ids) for one in (run, reference)]
    same = sum(run[name]["hypothesis"] == reference[name]["hypothesis"] for name in ids) / len(ids)
    print(
        f"{precision}: {rates[0]:.2f} %, fp32 {rates[1]:.2f} %: {points(sum(groups, [])):+.2f} points"
        f" [{low:+.2f}, {high:+.2f}], {100 * same:.0f} % of {len(ids)} copies the same"
    )
