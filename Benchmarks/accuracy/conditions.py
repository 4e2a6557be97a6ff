# Word error rate, and words left out and invented, for each condition of harder.py's recordings.
#
#   $P Benchmarks/accuracy/conditions.py [NAME=]REPORT.json...
#
# Reports are those of `swiftlet evaluate --json`, or of `swiftlet compare --long --json`, which hold several engines. A cell is:
# word error rate in percent, words left out, words invented. Left out are words of the reference in runs of five and more that
# nothing stands against, invented are those of the hypothesis. The last rows are all recordings, and how many points they differ
# from the first column, with the 95 % interval of a bootstrap over recordings.

import json
import random
import sys
from pathlib import Path

from rapidfuzz.distance import Levenshtein
from whisper.normalizers import EnglishTextNormalizer

RUN = 5
normalize = EnglishTextNormalizer()


def counted(reference, hypothesis):
    """Words of the reference, errors, words left out, words invented."""
    said, heard = normalize(reference).split(), normalize(hypothesis).split()
    errors = left_out = invented = 0
    for step in Levenshtein.opcodes(said, heard):
        one, other = step.src_end - step.src_start, step.dest_end - step.dest_start
        if step.tag != "equal":
            errors += max(one, other)
        if step.tag == "delete" and one >= RUN:
            left_out += one
        if step.tag == "insert" and (other >= RUN or not said):
            invented += other
    return len(said), errors, left_out, invented


def load(argument):
    """Engines' counts for each recording."""
    name, _, path = argument.rpartition("=")
    report = json.load(open(path))
    for row in report.get("rows", []):
        pairs = zip(report["recordings"], row["passes"][-1]["texts"])
        yield f"{name} {row['name']}".strip(), {one["id"]: counted(one["text"], text) for one, text in pairs}
    for run in report.get("runs", []):
        label = name or run["run"]["precision"]
        yield label, {one["id"]: counted(one["reference"], one["hypothesis"]) for one in run["utterances"]}


def cell(counts):
    words, errors, left_out, invented = map(sum, zip(*counts))
    return f"{100 * errors / max(words, 1):.2f} {left_out} {invented}"


def difference(first, second):
    """In points, with its interval."""
    pairs = [(other[1] - one[1], one[0]) for one, other in zip(first, second)]
    generator = random.Random(1)

    def points(chosen):
        return 100 * sum(more for more, _ in chosen) / max(sum(words for _, words in chosen), 1)

    draws = sorted(points(generator.choices(pairs, k=len(pairs))) for _ in range(2000))
    return f"{points(pairs):+.2f} [{draws[50]:+.2f}, {draws[1949]:+.2f}]"


def main():
    columns = [one for argument in sys.argv[1:] for one in load(argument)]
    ids = [one for one in columns[0][1] if all(one in counts for _, counts in columns)]
    conditions = {}
    for one in ids:
        conditions.setdefault(Path(one).stem.split("-")[0], []).append(one)
    print("| | " + " | ".join(name for name, _ in columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for condition, members in [*conditions.items(), ("all", ids)]:
        cells = [cell([counts[one] for one in members]) for _, counts in columns]
        print(f"| {condition} | " + " | ".join(cells) + " |")
    first = [columns[0][1][one] for one in ids]
    print("| points | | " + " | ".join(difference(first, [counts[one] for one in ids]) for _, counts in columns[1:]) + " |")


if __name__ == "__main__":
    main()
