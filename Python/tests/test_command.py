"""`python -m swiftlet`."""

import subprocess
import sys

from conftest import JFK, tool, words


def run(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "swiftlet", *arguments], capture_output=True, text=True, **options)


def test_text_and_subtitles(tmp_path):
    assert run(str(JFK)).stdout == tool("transcribe", str(JFK))
    assert run("-f", "srt", str(JFK)).stdout == tool("transcribe", "--output-format", "srt", str(JFK))
    done = run("-f", "vtt", "-o", str(tmp_path / "out"), str(JFK), "-O", "beam_size=1", "-O", "prefix=And")
    assert done.returncode == 0 and done.stdout == ""
    assert (tmp_path / "out/jfk.vtt").read_text().startswith("WEBVTT")


def test_standard_input():
    with open(JFK, "rb") as file:
        done = subprocess.run([sys.executable, "-m", "swiftlet", "-"], stdin=file, capture_output=True, text=True)
    assert "fellow americans" in words(done.stdout)
    # A pipe, which can't be read twice.
    with subprocess.Popen(["cat", str(JFK)], stdout=subprocess.PIPE) as cat:
        done = subprocess.run([sys.executable, "-m", "swiftlet", "-"], stdin=cat.stdout, capture_output=True, text=True)
    assert "fellow americans" in words(done.stdout), done.stderr


def test_failures_are_sentences_and_others_go_on():
    done = run("/nonexistent", str(JFK))
    assert done.returncode == 1
    assert "No such file" in done.stderr and "Traceback" not in done.stderr
    assert "fellow americans" in words(done.stdout)
    assert run("--model", "huge", str(JFK)).returncode == 1
    assert "beam_size" in run("-O", "beamsize=1", str(JFK)).stderr
    assert run("-O", "beam_size", str(JFK)).returncode != 0
