# Cuts recordings into one engine's chunks and decodes them with another's decoder: is it the chunks or the decoder that differs?
#
#   $P Benchmarks/accuracy/chunks.py cut harder/B/manifest.csv theirs --by faster-whisper [--conditions dense speakers]
#   $P Benchmarks/accuracy/chunks.py cut harder/B/manifest.csv ours --by swiftlet
#   $P Benchmarks/accuracy/chunks.py decode theirs theirs-ours.json --by swiftlet --model base [--arguments "--beam-size 1"]
#   $P Benchmarks/accuracy/chunks.py decode theirs theirs-theirs.json --by faster-whisper --model base
#   $P Benchmarks/accuracy/conditions.py theirs-theirs.json theirs-ours.json
#
# `cut` writes each chunk as a WAV file. faster-whisper's chunks are speech without the pauses, those of its batched pipeline with
# its defaults; Swiftlet's hold the pauses. `decode` joins the texts of a recording's chunks. faster-whisper decodes as its batched
# pipeline does, with five beams and zeros after the log-mel (--silence: silence after the sound, as Swiftlet). Swiftlet's
# default mode looks for speech in a chunk again, which trims its ends; with --sequential --no-timestamps it does not, and the
# omission guard is off. All in int8 on one thread.

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402
from harder import RATE, write  # noqa: E402

LONGEST = 30
MERGED = LONGEST * 100  # frames of 10 ms
SWIFTLET = ["--min-speech", "0", "--max-speech", str(LONGEST), "--min-silence", "0.16", "--padding", "0.4"]


def cut_by_faster_whisper(binary, sound, path):
    from faster_whisper.vad import VadOptions, collect_chunks, get_speech_timestamps

    speech = get_speech_timestamps(sound, VadOptions(max_speech_duration_s=LONGEST, min_silence_duration_ms=160))
    return [chunk for chunk in collect_chunks(sound, speech, max_duration=LONGEST)[0] if len(chunk)]


def cut_by_swiftlet(binary, sound, path):
    """Neighbouring stretches with the pauses between them, as SpeechChunks.swift gathers them."""
    output = subprocess.run([binary, "vad", path, "--json", *SWIFTLET], check=True, stdout=subprocess.PIPE).stdout
    last, chunks = 0, []
    for stretch in json.loads(output)["speech"]:
        begin = max(round(stretch["start"] * RATE) // 160, last)
        last = max(begin, -(-round(stretch["end"] * RATE) // 160))
        if chunks and last - chunks[-1][0] <= MERGED:
            chunks[-1][1] = last
        else:
            chunks += [[first, min(first + MERGED, last)] for first in range(begin, last, MERGED)]
    return [sound[begin * 160 : end * 160] for begin, end in chunks]


def cut(arguments):
    arguments.folder.mkdir(parents=True)
    divide = {"faster-whisper": cut_by_faster_whisper, "swiftlet": cut_by_swiftlet}[arguments.by]
    references, places = {}, {}
    for row in csv.DictReader(open(arguments.manifest, newline="")):
        if arguments.conditions and row["audio"].split("-")[0] not in arguments.conditions:
            continue
        path = arguments.manifest.parent / row["audio"]
        references[row["audio"]] = row["text"]
        places[row["audio"]] = []
        for index, chunk in enumerate(divide(arguments.swiftlet, recordings.samples(path), path)):
            name = f"{path.stem}.{index:03}.wav"
            write(arguments.folder / name, chunk)
            places[row["audio"]].append(name)
    (arguments.folder / "chunks.json").write_text(json.dumps({"references": references, "chunks": places}))


def decode_by_swiftlet(arguments, names):
    with tempfile.TemporaryDirectory() as folder:
        manifest, report = Path(folder) / "manifest.csv", Path(folder) / "report.json"
        # A chunk's text is not known, and has to be there.
        lines = ["audio,text", *(f"{(arguments.folder / name).resolve()},-" for name in names)]
        manifest.write_text("\n".join(lines) + "\n")
        language = [] if arguments.model.endswith(".en") else ["--language", "en"]
        subprocess.run(
            [arguments.swiftlet, "evaluate", manifest, "--model", arguments.model, "--precision", "int8", "--threads", "1"]
            + [*language, *arguments.arguments.split(), "--json", report],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found = json.loads(report.read_text())["runs"][0]["utterances"]
    return {Path(one["id"]).name: one["hypothesis"] for one in found}


def decode_by_faster_whisper(arguments, names):
    import faster_whisper
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import get_suppressed_tokens

    folder = str(arguments.checkpoints / arguments.model)
    model = faster_whisper.WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language="en")
    prompt = model.get_prompt(tokenizer, [], without_timestamps=True)
    suppressed = get_suppressed_tokens(tokenizer, [-1])
    texts = {}
    for name in names:
        sound = recordings.samples(arguments.folder / name)
        if arguments.silence:
            sound = numpy.pad(sound, (0, max(0, LONGEST * RATE - len(sound))))
        features = pad_or_trim(model.feature_extractor(sound)[..., :-1])
        [result] = model.model.generate(
            model.encode(features), [prompt], beam_size=5, max_length=model.max_length, suppress_tokens=suppressed
        )
        texts[name] = tokenizer.decode(result.sequences_ids[0])
    return texts


def decode(arguments):
    content = json.loads((arguments.folder / "chunks.json").read_text())
    names = [name for chunks in content["chunks"].values() for name in chunks]
    texts = {"faster-whisper": decode_by_faster_whisper, "swiftlet": decode_by_swiftlet}[arguments.by](arguments, names)
    utterances = [
        {"id": one, "reference": reference, "hypothesis": " ".join(texts[name].strip() for name in content["chunks"][one])}
        for one, reference in content["references"].items()
    ]
    label = f"{arguments.folder.name} by {arguments.by}"
    arguments.report.write_text(json.dumps({"runs": [{"run": {"precision": label}, "utterances": utterances}]}))


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    commands = parser.add_subparsers(required=True)
    cutting = commands.add_parser("cut")
    cutting.add_argument("manifest", type=Path)
    cutting.add_argument("folder", type=Path)
    cutting.add_argument("--conditions", nargs="+")
    cutting.set_defaults(run=cut)
    decoding = commands.add_parser("decode")
    decoding.add_argument("folder", type=Path)
    decoding.add_argument("report", type=Path)
    decoding.add_argument("--model", default="tiny.en")
    decoding.add_argument("--silence", action="store_true")
    decoding.add_argument("--arguments", default="", help="more arguments for swiftlet evaluate")
    decoding.add_argument("--checkpoints", type=Path, default=recordings.CHECKPOINTS)
    decoding.set_defaults(run=decode)
    for command in (cutting, decoding):
        command.add_argument("--by", required=True, choices=["faster-whisper", "swiftlet"])
        command.add_argument("--swiftlet", default=".build/release/swiftlet")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
