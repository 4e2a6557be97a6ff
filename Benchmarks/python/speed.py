# Speed of the Python package beside the command-line tool's, and the time that `import swiftlet` takes.
#
#   python Benchmarks/python/speed.py [--model tiny.en] [--binary .build/release/swiftlet] [--passes 5] RECORDING...
#
# Run it with a Python that has the wheel. Both transcribe the same recordings one after the other, each in one process that has
# the model loaded, and take turns; the tool's time is that of its process less that of one that transcribes a second of silence.
# Columns: seconds of all recordings (median and range over the passes), times real time, and the tool's median by the package's.
# Use recordings of some minutes: of short ones, the start of the tool is most of its time.

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path


def import_time(passes):
    """Seconds of `import swiftlet` in a new interpreter, without the interpreter's own."""
    source = "import time; begin = time.perf_counter(); import swiftlet; print(time.perf_counter() - begin)"
    runs = [subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True) for _ in range(passes)]
    return [float(run.stdout) for run in runs]


def tool_time(binary, model, paths):
    begin = time.perf_counter()
    command = [binary, "transcribe", "--model", model, *map(str, paths)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return time.perf_counter() - begin, output


def package_time(model, paths):
    begin = time.perf_counter()
    texts = [model.transcribe(path).text for path in paths]
    return time.perf_counter() - begin, texts


def main():
    parser = argparse.ArgumentParser(description="Speed of the Python package beside the command-line tool's.")
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--binary", default=".build/release/swiftlet")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()

    imports = import_time(options.passes)
    import swiftlet

    model = swiftlet.load(options.model)
    silence = Path(tempfile.mkdtemp()) / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(32000))

    duration = sum(model.transcribe(path).info.duration for path in options.recordings)
    tool, package, starts = [], [], []
    for _ in range(options.passes):
        starts.append(tool_time(options.binary, options.model, [silence])[0])
        tool.append(tool_time(options.binary, options.model, options.recordings)[0])
        package.append(package_time(model, options.recordings)[0])
    start = statistics.median(starts)
    tool = [seconds - start for seconds in tool]

    print(f"{duration:.1f} s of sound, {options.model}, {options.passes} passes; start of the tool {start:.2f} s")
    print("| | seconds | range | x real time |")
    print("| --- | ---: | --- | ---: |")
    for name, times in (("tool", tool), ("package", package)):
        median = statistics.median(times)
        print(f"| {name} | {median:.2f} | {min(times):.2f} to {max(times):.2f} | {duration / median:.1f} |")
    ratio = statistics.median(tool) / statistics.median(package)
    print(f"package / tool: {ratio:.3f} of the speed")
    print(f"import swiftlet: {statistics.median(imports):.3f} s ({min(imports):.3f} to {max(imports):.3f})")
    if options.json:
        figures = {"duration": duration, "tool": tool, "package": package, "start": starts, "import": imports, "ratio": ratio}
        options.json.write_text(json.dumps(figures))
    # The targets of the package.
    return 0 if ratio >= 0.95 and statistics.median(imports) < 0.2 else 1


if __name__ == "__main__":
    sys.exit(main())
