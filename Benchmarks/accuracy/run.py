# Runs a swiftlet binary over the recordings and writes its texts and tokens for score.py.
#
#   python3 Benchmarks/accuracy/run.py --binary .build/release/swiftlet --model tiny.en --output int8.json \
#       [--label "int8 exact"] [--sets SET...] [-- --sequential --no-timestamps --precision int8 --tail exact]
#
# What follows -- goes to `swiftlet transcribe` as it is. One process a language, so the model is loaded once for each.
# Reads `--json` output, one object a recording and line: {"file", "text", "segments": [{"start", "end", "text",
# "tokens"}], "timings": {"audio", "encoder", "decoder", "windows", "tokens", "duration", "repeated"}}; with
# --sequential --no-timestamps a segment is a window, as in score.py's references. --text reads the plain output of a binary without --json (no tokens then).
# Prints the sums of the timings (seconds). A process stops after --limit recordings (60), so that others get the lock
# when this runs under a lock of its own: --before "flock swiftlet.lock" is put before each process.

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

TIMES = ["audio", "encoder", "decoder", "duration", "windows", "tokens", "repeated"]


def parse_json(output):
    """By file: text, tokens a window, timings."""
    found = {}
    for line in output.splitlines():
        if line.startswith("{"):
            one = json.loads(line)
            tokens = [segment["tokens"] for segment in one["segments"]]
            found[one["file"]] = {"text": one["text"], "tokens": tokens, "timings": one.get("timings", {})}
    return found


def parse_text(output, files):
    """The same out of plain output, where `==> file <==` precedes each of several."""
    found, current = {}, files[0] if len(files) == 1 else None
    for line in output.splitlines():
        if line.startswith("==> ") and line.endswith(" <=="):
            current = line[4:-4]
        elif current and line.strip():
            before = found.get(current, {"text": ""})["text"]
            found[current] = {"text": f"{before} {line.strip()}".strip()}
    return {file: found.get(file, {"text": ""}) for file in files}


def batches(clips, limit):
    """Lists of at most `limit` clips of one language; None is the language of the English-only models."""
    by_language = {}
    for clip in clips:
        by_language.setdefault(clip.language, []).append(clip)
    for language, group in by_language.items():
        for first in range(0, len(group), limit):
            yield language, group[first : first + limit]


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--binary", default=".build/release/swiftlet")
    parser.add_argument("--model", default="tiny.en", help="the model's name in the reference")
    parser.add_argument("--path", help="what --model of transcribe is given, if not the name (an engine's folder)")
    parser.add_argument("--label")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--text", action="store_true", help="the binary has no --json")
    parser.add_argument("--before", default="", help="a command that goes before each process")
    parser.add_argument("--limit", type=int, default=60)
    arguments, extra = parser.parse_known_args()
    extra = [argument for argument in extra if argument != "--"]

    clips = recordings.clips(arguments.sets or recordings.sets(arguments.model))
    sets, sums, failures = {}, dict.fromkeys(TIMES, 0), 0
    for language, batch in batches(clips, arguments.limit):
        command = [*shlex.split(arguments.before), arguments.binary, "transcribe"]
        command += ["--model", arguments.path or arguments.model, *extra]
        command += [] if arguments.model.endswith(".en") else ["--language", language]
        command += [] if arguments.text else ["--json"]
        files = [str(clip.path) for clip in batch]
        process = subprocess.run([*command, *files], capture_output=True, text=True)
        found = parse_text(process.stdout, files) if arguments.text else parse_json(process.stdout)
        if process.returncode or len(found) < len(files):
            failures += 1
            print(f"{shlex.join(command)}: exit code {process.returncode}\n{process.stderr[-2000:]}", file=sys.stderr)
        for clip, file in zip(batch, files):
            if file in found:
                sets.setdefault(clip.set, {})[clip.file] = found[file]
                for name in TIMES:
                    sums[name] += float(found[file].get("timings", {}).get(name) or 0)
        print(f"{language}: {len(batch)} recordings", file=sys.stderr, flush=True)
    label = arguments.label or " ".join(extra) or "default"
    result = {"model": arguments.model, "label": label, "command": extra, "timings": sums, "sets": sets}
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    print(" ".join(f"{name} {value:.3f}" for name, value in sums.items() if value))
    print(arguments.output)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
