# Makes a larger data set of the recordings: each several times, with some silence before it.
#
#   python3 Benchmarks/accuracy/shifted.py shifted [--shifts 0.13 0.37 0.61 0.89] [--sets SET...]
#   swiftlet evaluate shifted --precision fp32 --precision int8 --sequential --no-timestamps --tail exact
#
# A precision's rounding tips decisions of the decoder that were nearly even, this way or that: on the few hundred recordings that
# there are, one such clip decides a tenth of a point of word error rate. With the sound elsewhere in the window other decisions are nearly
# even, so the copies tell what a precision loses from what chance gave it. The default sets are those that fit a window each.

import argparse
import csv
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("folder", type=Path)
parser.add_argument("--shifts", nargs="+", type=float, default=[0.13, 0.37, 0.61, 0.89])
parser.add_argument("--sets", nargs="+", default=[name for name in recordings.ENGLISH if name != "longform"])
arguments = parser.parse_args()

arguments.folder.mkdir(parents=True, exist_ok=True)
with open(arguments.folder / "manifest.csv", "w", newline="") as file:
    manifest = csv.writer(file)
    manifest.writerow(["audio", "text"])
    for clip in recordings.clips(arguments.sets):
        for shift in arguments.shifts:
            name = f"{clip.set}-{Path(clip.file).stem}-{round(1000 * shift)}.wav"
            delay = ["-af", f"adelay={round(1000 * shift)}:all=1", "-ar", "16000", "-ac", "1"]
            target = arguments.folder / name
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", clip.path, *delay, target], check=True)
            manifest.writerow([name, clip.text])
