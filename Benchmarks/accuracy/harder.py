# Makes long recordings of the short ones under conditions that recognizers stumble over, in two halves: one to choose by, one to
# confirm with.
#
#   $P Benchmarks/accuracy/harder.py harder [--conditions plain music ...] [--halves A B] [--orders 3]
#   swiftlet evaluate harder/A/manifest.csv --model base --precision int8 --language en --json default.json
#   swiftlet compare harder/B/manifest.csv --long --json peers.json
#   python3 Benchmarks/accuracy/conditions.py default.json peers.json
#
# Of each set the first, third, fifth... clips are half A, the others B; the long recordings are divided too. A recording is named
# after its condition. All randomness is seeded. With --orders, there are that many copies of each condition instead, of the
# LibriSpeech sets only (of all sets where several speak in turn), the clips of each in an order of its own, without the long
# recordings: a difference of a point in one order of 458 words is often chance.

import argparse
import csv
import random
import subprocess
import sys
import wave
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402
import silence  # noqa: E402

RATE = 16_000
JOINED = ["librispeech_test_other", "librispeech_dev_clean", "ljspeech", "asterisk_en"]
LONGFORM = {
    "A": ["columbia.ogg", "testother_1688-142285.opus"],
    "B": ["testother_2033-164914.opus", "testother_2609-156975.opus"],
}


def loudness(sound):
    """Root mean square of what is not silence."""
    loud = sound[numpy.abs(sound) > 0.001]
    return float(numpy.sqrt(numpy.mean(loud**2))) if len(loud) else 1e-4


def under(sound, other, decibels):
    """`other` so many decibels below `sound`."""
    return other * (loudness(sound) / loudness(other)) * 10 ** (-decibels / 20)


class Pauses:
    """Seconds between clips, and what is heard in them."""

    def __init__(self, shortest, longest, fill=silence.silence):
        self.shortest, self.longest, self.fill = shortest, longest, fill

    def __call__(self, generator):
        count = int(RATE * generator.uniform(self.shortest, self.longest))
        return self.fill(numpy.random.default_rng(generator.randrange(1 << 30)), count)


def unchanged(sound, _):
    return sound


def room(sound, noise):
    return sound + under(sound, silence.pink(noise, len(sound)), 20)


def music(sound, noise):
    return sound + under(sound, silence.music(noise, len(sound)), 10)


def quiet(sound, _):
    return sound / 100


def telephone(sound, _):
    """300 to 3400 Hz at 8 kHz in 8 bits by µ-law."""
    spectrum = numpy.fft.rfft(sound)
    hertz = numpy.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    band = numpy.fft.irfft(spectrum, len(sound))[::2].clip(-1, 1)
    code = numpy.round(numpy.sign(band) * numpy.log1p(255 * numpy.abs(band)) / numpy.log(256) * 127) / 127
    coarse = numpy.sign(code) * (256 ** numpy.abs(code) - 1) / 255
    return numpy.interp(numpy.arange(len(sound)), numpy.arange(0, len(sound), 2), coarse)


def interrupted(sound, noise):
    """Two minutes of noise in the middle of a pause near the middle."""
    quietest = min(
        range(len(sound) // 3, 2 * len(sound) // 3, RATE // 10),
        key=lambda first: float(numpy.abs(sound[first : first + RATE // 4]).sum()),
    )
    middle = quietest + RATE // 8
    return numpy.concatenate([sound[:middle], silence.pink(noise, 120 * RATE) * 0.5, sound[middle:]])


SHORT = Pauses(0.3, 1.5)
# condition: pauses between clips, change of the whole, whether sets are mixed, whether the long recordings are there too
CONDITIONS = {
    "plain": (SHORT, unchanged, False, True),
    "dense": (Pauses(0.02, 0.15), unchanged, False, False),
    "speakers": (SHORT, unchanged, True, False),
    "silences": (Pauses(2, 12), unchanged, False, False),
    "musicpauses": (Pauses(4, 15, silence.music), unchanged, False, False),
    "room": (Pauses(1, 8), room, False, True),
    "music": (SHORT, music, False, True),
    "quiet": (SHORT, quiet, False, True),
    "telephone": (SHORT, telephone, False, True),
    "interrupted": (SHORT, interrupted, False, False),
}


def write(path, sound):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound.clip(-1, 1) * 32_767).astype("<i2").tobytes())


def together(clips, sound, pauses, generator):
    """One clip after the other, each with a pause after it."""
    return numpy.concatenate([part for clip in clips for part in (sound(clip), pauses(generator))])


def orders(half, condition, sets, count):
    """Names, clips and generators of `count` orders."""
    is_mixed = CONDITIONS[condition][2]
    for order in range(count):
        generator = random.Random(f"{half} {condition} {order}")
        names = sets if is_mixed else [name for name in sets if name.startswith("librispeech")]
        clips = sum((sets[name] for name in names), [])
        generator.shuffle(clips)
        parts = 2 if is_mixed else 1
        for part in range(parts):
            yield f"x{order}{part}", clips[part::parts], generator


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS), choices=list(CONDITIONS))
    parser.add_argument("--halves", nargs="+", default=["A", "B"])
    parser.add_argument("--orders", type=int, default=0)
    arguments = parser.parse_args()
    sounds = {}

    def sound(clip):
        if clip.path not in sounds:
            sounds[clip.path] = recordings.samples(clip.path)
        return sounds[clip.path]

    for half in arguments.halves:
        folder = arguments.folder / half
        folder.mkdir(parents=True, exist_ok=True)
        sets = {name: recordings.clips([name])["AB".index(half) :: 2] for name in JOINED}
        long = [clip for clip in recordings.clips(["longform"]) if clip.file in LONGFORM[half]]
        with open(folder / "manifest.csv", "w", newline="") as file:
            manifest = csv.writer(file)
            manifest.writerow(["audio", "text"])
            for condition in arguments.conditions:
                pauses, change, are_mixed, has_long = CONDITIONS[condition]
                generator = random.Random(f"{half} {condition}")
                groups = dict(sets)
                if are_mixed:
                    everything = sum(groups.values(), [])
                    generator.shuffle(everything)
                    third = len(everything) // 3 + 1
                    groups = {f"mixed{n}": everything[n * third : (n + 1) * third] for n in range(3)}
                if arguments.orders:
                    joined = (
                        (name, together(clips, sound, pauses, generator), clips, generator)
                        for name, clips, generator in orders(half, condition, sets, arguments.orders)
                    )
                else:
                    joined = [
                        (name, together(clips, sound, pauses, generator), clips, generator)
                        for name, clips in groups.items()
                    ]
                    joined += [(Path(clip.file).stem, sound(clip), [clip], generator) for clip in long if has_long]
                for name, whole, clips, generator in joined:
                    noise = numpy.random.default_rng(generator.randrange(1 << 30))
                    write(folder / f"{condition}-{name}.wav", change(whole, noise))
                    manifest.writerow([f"{condition}-{name}.wav", " ".join(clip.text for clip in clips)])


if __name__ == "__main__":
    main()
