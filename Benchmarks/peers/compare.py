# Swiftlet against its peers: speed and word error rate on the same clips, in alternating passes, in one table.
#
#   $SWIFTLET_PEERS/bin/python Benchmarks/peers/compare.py [--model base] [--swiftlet .build/release/swiftlet \
#       --options "int8 exact: --precision int8 --tail exact" --options "int8 fold: --precision int8"] \
#       [--peers NAME...] [--threads 2] [--passes 3] [--lock /tmp/swiftlet.lock] [--output JSON]
#
# Needs Benchmarks/peers/setup and ffmpeg. Clips: the first 17 of librispeech_test_other (126 s), one at a time; greedy,
# no timestamps, English given. Loading is excluded. Each pass runs every contender once, the order turned by one.
# Peers (driver.py) keep their model loaded, and get samples decoded beforehand: their time is that of their calls.
# Swiftlet runs once for all clips of a pass; its time is `audio` + `encoder` + `decoder` of its own --json timings, so
# decoding the FLAC files counts against it; `wall` is its process from start to end, with loading.
#
# "encoder ms" is a window's, "decoder ms" a token's (a step's: the end counts), medians over the passes; "same" are the
# clips with the text of transformers in fp32 (case and punctuation too); "/ LABEL" is how many times faster Swiftlet
# with these options was, of the same pass. Ranges are over the passes. --lock is a file to hold with flock(2) for
# each load and each pass, where several people measure on one machine.

import argparse
import contextlib
import fcntl
import json
import os
import platform
import shlex
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "accuracy"), str(HERE)]
import recordings  # noqa: E402
from driver import PEERS  # noqa: E402
from run import parse_json  # noqa: E402
from score import Counter, wer  # noqa: E402


class Peer:
    """A process of driver.py."""

    def __init__(self, name, model, threads, clips):
        self.label = name
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, HERE / "driver.py", name, model, str(threads)]
        command += [f"{clip.set}/{clip.file}" for clip in clips]
        self.log = open(f"/tmp/swiftlet-peer-{name}.log", "w+")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self.log, text=True, env=environment)
        self.load = self.answer()["load"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.label} ended with {self.process.wait()}: see {self.log.name}")
        return json.loads(line)

    def run(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


class Swiftlet:
    """A swiftlet binary with options, run anew each pass; the first run (not counted) builds what it must."""

    def __init__(self, binary, label, options, model, threads, clips):
        self.label, self.load = label, None
        self.files = [str(clip.path) for clip in clips]
        self.command = [binary, "transcribe", "--no-timestamps", "--json", "--threads", str(threads), *options]
        self.command += [] if "--model" in options else ["--model", model]
        self.command += [] if model.endswith(".en") else ["--language", "en"]
        self.run()

    def run(self):
        start = time.perf_counter()
        process = subprocess.Popen([*self.command, *self.files], stdout=subprocess.PIPE, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        found = parse_json(output)
        if process.returncode or len(found) != len(self.files):
            raise RuntimeError(f"{shlex.join(self.command)}: exit code {process.returncode}, {len(found)} recordings")
        results = [found[file] for file in self.files]
        answer = {"texts": [result["text"] for result in results], "wall": wall, "memory": usage.ru_maxrss / 1024}
        for key in ("audio", "encoder", "decoder", "windows", "tokens", "repeated"):
            answer[key] = sum(float(result["timings"].get(key) or 0) for result in results)
        return answer | {"seconds": answer["audio"] + answer["encoder"] + answer["decoder"]}

    def close(self):
        pass


@contextlib.contextmanager
def held(path):
    if not path:
        yield
        return
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def measure(contenders, passes, lock):
    """By label, the answers of each pass; of the passes that all finished, if it is interrupted or one ends."""
    results = {contender.label: [] for contender in contenders}
    try:
        for number in range(passes):
            turn = number % len(contenders)
            for contender in contenders[turn:] + contenders[:turn]:
                with held(lock):
                    answer = contender.run()
                results[contender.label].append(answer)
                print(f"pass {number + 1}: {contender.label} {answer['seconds']:.2f} s", file=sys.stderr, flush=True)
    except (KeyboardInterrupt, RuntimeError, OSError) as error:
        print(f"stopped: {error!r}", file=sys.stderr)
    complete = min(map(len, results.values()))
    return {label: answers[:complete] for label, answers in results.items()}


def spread(values, digits):
    """Median and range."""
    low, middle, high = (f"{value:.{digits}f}" for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low}-{high})"


def summary(contender, clips, results, rivals, counter, reference):
    """What the JSON holds and the table prints, of one contender."""
    passes = results[contender.label]
    duration = sum(clip.seconds for clip in clips)
    last = passes[-1]
    counts = counter.count((clip.language, clip.text, text) for clip, text in zip(clips, last["texts"]))
    row = {"label": contender.label, "load": contender.load, "wer": wer(counts), "counts": counts, "passes": passes}
    pairs = zip(last["texts"], reference or [])
    row["same"] = sum(text.strip() == said.strip() for text, said in pairs) if reference else None
    row["speed"] = [duration / one["seconds"] for one in passes]
    row["encoder ms"] = [1000 * one["encoder"] / one["windows"] for one in passes]
    row["decoder ms"] = [1000 * one["decoder"] / one["tokens"] for one in passes]
    row["memory"] = max(one["memory"] for one in passes)
    row["wall"] = [one["wall"] for one in passes if "wall" in one]
    row["ratios"] = {
        rival: [one["seconds"] / other["seconds"] for one, other in zip(passes, results[rival])] for rival in rivals
    }
    return row


def table(rows, rivals, count):
    head = ["", "x real time", "encoder ms", "decoder ms", "WER %", "same", "load s", "peak MB", "wall s"]
    lines = [head + [f"/ {rival}" for rival in rivals]]
    for row in rows:
        cells = [row["label"], spread(row["speed"], 1), spread(row["encoder ms"], 0), spread(row["decoder ms"], 2)]
        cells += [f"{row['wer']:.2f}", "" if row["same"] is None else f"{row['same']} of {count}"]
        cells += ["" if row["load"] is None else f"{row['load']:.1f}", f"{row['memory']:.0f}"]
        cells += [spread(row["wall"], 2) if row["wall"] else ""]
        lines.append(cells + [spread(row["ratios"][rival], 2) for rival in rivals])
    lines.insert(1, ["---"] * len(lines[0]))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths)) + " |" for line in lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--swiftlet", help="the binary")
    parser.add_argument("--options", action="append", default=[], help="LABEL: OPTIONS of transcribe; may be repeated")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), metavar="NAME", help=" ".join(PEERS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--clips", type=int, default=17)
    parser.add_argument("--lock")
    parser.add_argument("--output", type=Path, help="default: /tmp/swiftlet-compare-MODEL.json")
    arguments = parser.parse_args()

    clips = recordings.clips(["librispeech_test_other"])[: arguments.clips]
    common = arguments.model, arguments.threads, clips
    makers = []
    for option in arguments.options or ["swiftlet:"] if arguments.swiftlet else []:
        label, _, options = option.partition(":")
        makers.append((Swiftlet, arguments.swiftlet, label.strip(), shlex.split(options)))
    contenders, rivals = [], [maker[2] for maker in makers]
    for make, *details in makers + [(Peer, name) for name in arguments.peers]:
        with held(arguments.lock):
            try:
                contenders.append(make(*details, *common))
                print(f"ready: {contenders[-1].label}", file=sys.stderr, flush=True)
            except (RuntimeError, OSError) as error:  # the others are still worth a table
                print(f"left out: {error}", file=sys.stderr, flush=True)
                rivals = [rival for rival in rivals if rival not in details]
    wanted = len(makers) + len(arguments.peers)
    if not contenders:
        sys.exit("nothing to compare")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = measure(contenders, arguments.passes, arguments.lock)
    complete = len(results[contenders[0].label])
    for contender in contenders:
        contender.close()
    if not complete:
        sys.exit("no pass was finished")

    reference = results["transformers-fp32"][-1]["texts"] if "transformers-fp32" in results else None
    counter = Counter()
    rows = [summary(one, clips, results, rivals, counter, reference) for one in contenders]
    seconds = sum(clip.seconds for clip in clips)
    title = f"{arguments.model}, {arguments.threads} threads, {len(clips)} clips of {seconds:.0f} s in all, "
    title += f"{complete} of {arguments.passes} passes, {platform.node()}"
    print(title + "\n\n" + table(rows, rivals, len(clips)))
    output = arguments.output or Path(f"/tmp/swiftlet-compare-{arguments.model}.json")
    output.write_text(json.dumps({"title": title, "rows": rows}, indent=1, ensure_ascii=False) + "\n")
    print(f"\n{output}")
    sys.exit(0 if complete == arguments.passes and len(contenders) == wanted else 1)


if __name__ == "__main__":
    main()
