# Sounds in which nobody speaks, made here, and the words that programs hear in them.
"""silence.py [--model tiny.en] [--programs swiftlet,openai-whisper,faster-whisper] [--swiftlet PATH] [--arguments "..."]

Prints a line for each program: files with text, words, words a minute of sound; with --verbose each text. All programs run
with their defaults, on two threads; openai-whisper and faster-whisper are told that the language is English where the model
is multilingual, and so is Swiftlet.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import wave

import numpy
import recordings

RATE = 16_000
SECONDS = (1, 5, 15, 30, 60)


def white(generator, count):
    return 0.1 * generator.standard_normal(count)


def pink(generator, count):
    spectrum = numpy.fft.rfft(generator.standard_normal(count))
    spectrum /= numpy.sqrt(numpy.maximum(numpy.arange(len(spectrum)), 1))
    sound = numpy.fft.irfft(spectrum, count)
    return 0.1 * sound / sound.std()


def faint(generator, count):
    return white(generator, count) * 0.01


def hum(generator, count):
    time = numpy.arange(count) / RATE
    return sum(0.1 / n * numpy.sin(2 * numpy.pi * 50 * n * time + n) for n in range(1, 8))


def tones(generator, count):
    """A new pitch each half second."""
    pitches = generator.uniform(200, 2_000, count // (RATE // 2) + 1)
    pitch = numpy.repeat(pitches, RATE // 2)[:count]
    return 0.2 * numpy.sin(2 * numpy.pi * numpy.cumsum(pitch) / RATE)


def clicks(generator, count):
    sound = numpy.zeros(count)
    for begin in range(0, count, 3 * RATE // 10):
        length = min(160, count - begin)
        sound[begin : begin + length] = generator.standard_normal(length) * numpy.exp(-numpy.arange(length) / 20)
    return 0.5 * sound


def music(generator, count):
    """Plucked chords of three notes with five harmonics each, two in a second."""
    sound = numpy.zeros(count)
    scale = 220 * 2 ** (numpy.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    for begin in range(0, count, RATE // 2):
        length = min(RATE, count - begin)
        time = numpy.arange(length) / RATE
        for root in generator.choice(scale, 3, replace=False):
            for n in range(1, 6):
                sound[begin : begin + length] += numpy.sin(2 * numpy.pi * n * root * time) * numpy.exp(-4 * time) / n
    return 0.1 * sound


def silence(generator, count):
    return numpy.zeros(count)


KINDS = (silence, faint, white, pink, hum, tones, clicks, music)


def write_sounds(folder):
    """Files and their seconds."""
    files = {}
    for kind in KINDS:
        for seconds in SECONDS:
            generator = numpy.random.default_rng(seconds)
            sound = kind(generator, seconds * RATE).clip(-1, 1)
            path = folder / f"{kind.__name__}-{seconds}.wav"
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes((sound * 32_767).astype("<i2").tobytes())
            files[path] = seconds
    return files


def swiftlet(files, arguments):
    language = [] if arguments.model.endswith(".en") else ["--language", "en"]
    command = [arguments.swiftlet, "transcribe", "--json", "--model", arguments.model, *language]
    command += arguments.arguments.split() + [str(file) for file in files]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    for line in map(json.loads, lines):
        yield pathlib.Path(line["file"]), line["text"], line["segments"]


def openai_whisper(files, arguments):
    import torch
    import whisper

    torch.set_num_threads(2)
    model = whisper.load_model(str(arguments.models / f"{arguments.model}.pt"))
    for file in files:
        result = model.transcribe(str(file), language="en", fp16=False)
        yield file, result["text"], []


def faster_whisper(files, arguments):
    from faster_whisper import WhisperModel

    folder = pathlib.Path.home() / ".cache/swiftlet/models" / arguments.model
    model = WhisperModel(str(folder), device="cpu", cpu_threads=2, compute_type="int8")
    for file in files:
        yield file, "".join(segment.text for segment in model.transcribe(str(file), language="en")[0]), []


PROGRAMS = {"swiftlet": swiftlet, "openai-whisper": openai_whisper, "faster-whisper": faster_whisper}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--programs", default="swiftlet")
    parser.add_argument("--swiftlet", default=".build/release/swiftlet")
    parser.add_argument("--arguments", default="", help="more arguments for swiftlet")
    parser.add_argument("--models", type=pathlib.Path, default=recordings.PEERS / "models", help="OpenAI's .pt files")
    parser.add_argument("--kinds", default="", help="of these kinds only, with commas in between")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = write_sounds(pathlib.Path(folder))
        if arguments.kinds:
            files = {f: s for f, s in files.items() if f.stem.split("-")[0] in arguments.kinds.split(",")}
        minutes = sum(files.values()) / 60
        print(f"{len(files)} files, {minutes:.1f} minutes, {arguments.model}")
        for program in arguments.programs.split(","):
            words = heard = 0
            for file, text, segments in PROGRAMS[program](files, arguments):
                words += len(text.split())
                heard += bool(text.strip())
                if arguments.verbose and text.strip():
                    print(f"  {file.stem}: {text.strip()[:100]}")
                    for segment in segments[:6]:
                        print(
                            f"    {segment['start']:.2f}-{segment['end']:.2f} temperature {segment['temperature']:.1f}, "
                            f"log-probability {segment['averageLogProbability']:.2f}, "
                            f"no speech {segment['noSpeechProbability']:.2f}, "
                            f"compression {segment['compressionRatio']:.2f}")
            print(f"{program}: text for {heard} files, {words} words, {words / minutes:.2f} words a minute", flush=True)


if __name__ == "__main__":
    main()
