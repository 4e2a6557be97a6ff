# How word error rates differ, with an interval: precisions against fp32, or one way of transcribing against another.
#
#   python3 Benchmarks/accuracy/paired.py report.json             every precision against fp32
#   python3 Benchmarks/accuracy/paired.py first.json second.json  the second against the first, at each precision
#
# Reports are those of `swiftlet evaluate --json` over shifted.py's or joined.py's copies. For each comparison: both word error rates,
# the difference in points with its 95 % interval, the share of copies with the same text, and how many words the first and the
# second left out in runs of five and more. The interval is a bootstrap over shifted.py's recordings, whose copies go together, as they
# err alike; or over joined.py's orders of sets, which share their recordings, so that the interval is too narrow rather than too
# wide. Within one report, copies of 30 s and more are left out.

import difflib
import json
import random
import sys


def load(path):
    runs = json.load(open(path))["runs"]
    return {run["run"]["precision"]: {one["id"]: one for one in run["utterances"]} for run in runs}


def errors(one):
    counts = one["words"]
    return counts["substitutions"] + counts["deletions"] + counts["insertions"]


def length(one):
    counts = one["words"]
    return counts["hits"] + counts["substitutions"] + counts["deletions"]


def left_out(one):
    """Words in places where five or more of the reference have nothing against them."""
    said, heard = one["normalizedReference"].split(), one["normalizedHypothesis"].split()
    places = difflib.SequenceMatcher(None, said, heard, autojunk=False).get_opcodes()
    missing = [(end - begin) - (other_end - other_begin) for _, begin, end, other_begin, other_end in places]
    return sum(words for words in missing if words >= 5)


def points(pairs):
    return 100 * sum(more for more, _ in pairs) / sum(words for _, words in pairs)


def compare(name, first, second, ids):
    recordings = {}
    for one in ids:
        pair = errors(second[one]) - errors(first[one]), length(first[one])
        recordings.setdefault(one.rsplit("-", 1)[0], []).append(pair)
    groups, generator = list(recordings.values()), random.Random(1)
    draws = (points(sum(generator.choices(groups, k=len(groups)), [])) for _ in range(2000))
    low, *_, high = sorted(draws)[50:1950]
    rates = [100 * sum(errors(run[one]) for one in ids) / sum(length(run[one]) for one in ids) for run in (first, second)]
    same = sum(first[one]["hypothesis"] == second[one]["hypothesis"] for one in ids) / len(ids)
    missing = [sum(left_out(run[one]) for one in ids) for run in (first, second)]
    print(
        f"{name}: {rates[0]:.2f} % to {rates[1]:.2f} %: {points(sum(groups, [])):+.2f} points [{low:+.2f}, {high:+.2f}],"
        f" {100 * same:.0f} % of {len(ids)} copies the same, {missing[0]} and {missing[1]} words left out"
    )


reports = [load(path) for path in sys.argv[1:3]]
if len(reports) == 2:
    common = [precision for precision in reports[1] if precision in reports[0]]
    if not common:
        sys.exit(f"No precision is in both: {', '.join(reports[0])}; {', '.join(reports[1])}.")
    for precision in common:
        first, second = (report[precision] for report in reports)
        if first.keys() != second.keys():
            sys.exit(f"In {precision} the reports are not of the same recordings.")
        compare(precision, first, second, list(first))
else:
    reference = reports[0].pop("fp32")
    for precision, run in reports[0].items():
        compare(f"fp32, {precision}", reference, run, [one for one in reference if reference[one]["duration"] < 30])
