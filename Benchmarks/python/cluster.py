# Throughput of swiftlet.ray against the number of actors, on this machine or on a running cluster ($RAY_ADDRESS).
#
#   python Benchmarks/python/cluster.py [--model tiny.en] [--actors 1,2] [--cpus 1] [--repeat 4] RECORDING...
#
# Run it with a Python that has the wheel and ray. Each number of actors transcribes the recordings, repeated, with that many
# actors of --cpus threads each, once to warm up and then --passes times. A row: actors, seconds, hours of sound an hour, and how
# much of the first row's throughput an actor keeps. `one process` is the same without Ray. The time includes the start of the
# actors and the loading of their models, as a run's does: repeat the recordings until that is little of it, or see the column
# `start`, the time with one short recording for each actor.

import argparse
import statistics
import tempfile
import time
import wave
from pathlib import Path


def silence():
    path = Path(tempfile.mkdtemp()) / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(32000))
    return path


def main():
    parser = argparse.ArgumentParser(description="Throughput of swiftlet.ray against the number of actors.")
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--actors", default="1,2", help="numbers of actors, with commas between")
    parser.add_argument("--cpus", type=float, default=1, help="threads of an actor")
    parser.add_argument("--at-once", type=int, default=4, help="recordings an actor transcribes at once")
    parser.add_argument("--piece-seconds", type=float, default=600)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--passes", type=int, default=3)
    options = parser.parse_args()

    import ray

    import swiftlet
    import swiftlet.ray

    # Each recording needs a path of its own.
    folder = Path(tempfile.mkdtemp())
    paths = []
    for turn in range(options.repeat):
        for number, recording in enumerate(options.recordings):
            link = folder / f"{turn:03d}-{number:03d}{recording.suffix}"
            link.symlink_to(recording.resolve())
            paths.append(str(link))

    model = swiftlet.load(options.model, threads=max(1, int(options.cpus)))
    begin = time.perf_counter()
    duration = sum(model.transcribe(path).info.duration for path in paths)
    seconds = time.perf_counter() - begin
    print(f"{duration / 3600:.3f} hours of sound, {options.model}, actors of {options.cpus:g} CPUs")
    print("| actors | seconds | range | start | hours an hour | of the first row, an actor |")
    print("| ---: | ---: | --- | ---: | ---: | ---: |")
    print(f"| one process | {seconds:.1f} | | | {duration / seconds:.1f} | |")
    model.close()

    ray.init(log_to_driver=False)
    first = None
    for count in map(int, options.actors.split(",")):

        def run(recordings):
            begin = time.perf_counter()
            found = swiftlet.ray.transcribe(
                recordings,
                options.model,
                actors=count,
                cpus=options.cpus,
                at_once=options.at_once,
                piece_seconds=options.piece_seconds,
            )
            rows = found.take_all()
            assert len(rows) == len(recordings) and not any(row["error"] for row in rows)
            return time.perf_counter() - begin

        quiet = [str(silence()) for _ in range(count)]
        run(quiet)
        start = run(quiet)
        times = [run(paths) for _ in range(options.passes)]
        median = statistics.median(times)
        rate = duration / max(1e-9, median - start)
        first = first or rate / count
        print(
            f"| {count} | {median:.1f} | {min(times):.1f} to {max(times):.1f} | {start:.1f} | {rate:.1f} | "
            f"{rate / count / first:.2f} |"
        )


if __name__ == "__main__":
    main()
