"""Transcribes recordings on the command line: ``python -m swiftlet talk.flac``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, Dict, List, Optional

from . import __version__, load
from ._errors import SwiftletError

_FORMATS = ("txt", "srt", "vtt", "tsv", "csv", "json", "json-full", "lrc")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m swiftlet",
        description="Transcribe audio and video with Whisper, on your CPU. "
        "The transcript goes to stdout, everything else to stderr.",
    )
    parser.add_argument("audio", nargs="+", help="recordings in any format that FFmpeg reads; - for standard input")
    parser.add_argument("-m", "--model", default="tiny.en", help="name, repository OWNER/NAME or path (default: tiny.en)")
    parser.add_argument("-l", "--language", help="code or English name (default: detect it)")
    parser.add_argument("-t", "--task", choices=("transcribe", "translate"), default="transcribe")
    parser.add_argument("-f", "--output-format", choices=_FORMATS, default="txt", help="default: txt")
    parser.add_argument("-o", "--output-dir", help="write NAME.FORMAT here rather than to stdout")
    parser.add_argument("-w", "--word-timestamps", action="store_true", help="find the times of words")
    parser.add_argument(
        "-O",
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any option of Model.transcribe, its value as JSON: -O beam_size=1 -O temperature=[0,0.5]",
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, cuda:N or auto (default: auto)")
    parser.add_argument("--precision", choices=("int8", "bf16", "fp16", "fp32"), help="default: int8, bf16 on a GPU")
    parser.add_argument("--threads", type=int, help="default: one per physical core")
    parser.add_argument("--progress", action="store_true", help="show a bar, if tqdm is installed")
    parser.add_argument("--version", action="version", version=f"swiftlet {__version__}")
    return parser


def _options(arguments: argparse.Namespace) -> Dict[str, Any]:
    options: Dict[str, Any] = {"task": arguments.task}
    if arguments.language:
        options["language"] = arguments.language
    if arguments.word_timestamps:
        options["word_timestamps"] = True
    elif arguments.output_format in ("srt", "vtt"):
        # Subtitles break better where the times of words are known.
        options["align_words"] = True
    for given in arguments.option:
        name, equals, value = given.partition("=")
        if not equals:
            raise SystemExit(f"python -m swiftlet: --option {given} has no value; give NAME=VALUE.")
        try:
            options[name] = json.loads(value)
        except ValueError:
            # Text needs no quotation marks.
            options[name] = value
    return options


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the tool; the result is its exit code."""
    parsed = _parser().parse_args(arguments)
    options = _options(parsed)
    status = 0
    try:
        model = load(
            parsed.model,
            device=parsed.device,
            precision=parsed.precision,
            threads=parsed.threads,
            progress=parsed.progress,
        )
        for audio in parsed.audio:
            try:
                source: Any = sys.stdin.buffer if audio == "-" else audio
                transcription = model.transcribe(source, progress=parsed.progress, **options)
                if parsed.output_dir is not None:
                    os.makedirs(parsed.output_dir, exist_ok=True)
                    name = "stdin" if audio == "-" else os.path.splitext(os.path.basename(audio))[0]
                    extension = "full.json" if parsed.output_format == "json-full" else parsed.output_format
                    transcription.save(os.path.join(parsed.output_dir, f"{name}.{extension}"), parsed.output_format)
                elif parsed.output_format == "txt":
                    for segment in transcription:
                        print(segment.text.strip(), flush=True)
                else:
                    sys.stdout.write(transcription.format(parsed.output_format))
                for notice in transcription.info.notices:
                    print(f"swiftlet: {notice}", file=sys.stderr)
            except SwiftletError as error:
                print(f"swiftlet: {error}", file=sys.stderr)
                status = 1
    except SwiftletError as error:
        print(f"swiftlet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read has had enough; Python must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
