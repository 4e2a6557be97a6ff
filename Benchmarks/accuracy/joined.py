# Makes long recordings of the short ones: those of a set one after another, with pauses in between, in several orders.
#
#   python3 Benchmarks/accuracy/joined.py joined [--orders 4] [--seconds 90] [--sets SET...]
#   swiftlet evaluate joined --precision fp32 --precision int8 [--sequential [--vad]] --json report.json
#
# The four long recordings that there are have 913 words, of which one window that goes astray decides a point. Here other words
# stand in each window in each order. Pauses last 0.3 to 1.5 s, one in ten 3 to 6 s. paired.py compares the reports.

import argparse
import csv
import random
import subprocess
import sys
import wave
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

RATE = 16_000


def sound(clip):
    """A recording as 16-bit samples, in bytes."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", clip.path, "-ar", str(RATE), "-ac", "1", "-f", "s16le", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def pause(generator):
    """Silence between two recordings, in bytes."""
    seconds = generator.uniform(3, 6) if generator.random() < 0.1 else generator.uniform(0.3, 1.5)
    return bytes(2 * int(RATE * seconds))


def gathered(clips, seconds):
    """Neighbouring clips in groups that last so long at least; what is left over joins the last."""
    groups = [[]]
    for clip in clips:
        if sum(one.seconds for one in groups[-1]) >= seconds:
            groups.append([])
        groups[-1].append(clip)
    if len(groups) > 1 and sum(one.seconds for one in groups[-1]) < seconds / 2:
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("folder", type=Path)
parser.add_argument("--orders", type=int, default=4)
parser.add_argument("--seconds", type=float, default=90)
parser.add_argument("--sets", nargs="+", default=[name for name in recordings.ENGLISH if name not in ("longform", "jfk")])
arguments = parser.parse_args()

arguments.folder.mkdir(parents=True, exist_ok=True)
with open(arguments.folder / "manifest.csv", "w", newline="") as file:
    manifest = csv.writer(file)
    manifest.writerow(["audio", "text"])
    for name in arguments.sets:
        clips = recordings.clips([name])
        sounds = {clip.file: sound(clip) for clip in clips}
        for order in range(arguments.orders):
            generator = random.Random(f"{name} {order}")
            shuffled = generator.sample(clips, len(clips))
            for number, group in enumerate(gathered(shuffled, arguments.seconds)):
                target = f"{name}-{order}-{number}.wav"
                with wave.open(str(arguments.folder / target), "wb") as out:
                    out.setnchannels(1)
                    out.setsampwidth(2)
                    out.setframerate(RATE)
                    out.writeframes(b"".join(sounds[clip.file] + pause(generator) for clip in group))
                manifest.writerow([target, " ".join(clip.text for clip in group)])
