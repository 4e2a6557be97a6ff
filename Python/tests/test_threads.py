"""One model in many threads, and processes."""

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import swiftlet
from conftest import AUDIO, JFK, recording, tool, words


def recordings():
    """Eight recordings, of several lengths where there are any."""
    if not AUDIO:
        return [str(JFK)] * 8
    from pathlib import Path

    clips = sorted(str(path) for path in Path(recording("librispeech_dev_clean")).glob("*.*") if path.suffix != ".tsv")
    return [str(JFK), *clips[:7]]


def test_eight_threads_have_the_tools_texts(model):
    paths = recordings()
    expected = [tool("transcribe", "--model", "tiny.en", path).split() for path in paths]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2):
            found = list(pool.map(lambda path: model.transcribe(path).text.split(), paths))
            assert found == expected


def test_other_threads_run_meanwhile(model):
    # A thread that counts gets on only if the interpreter's lock is free.
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    seen = []
    for _ in model.transcribe(str(JFK), progress=lambda _: seen.append(counted)):
        pass
    done.set()
    thread.join()
    assert seen[-1] > seen[0]


def in_child(queue):
    try:
        swiftlet.load("tiny.en")
        queue.put("loaded")
    except swiftlet.SwiftletError as error:
        queue.put(str(error))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_is_told_why_it_can_not(model):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    child.start()
    assert "spawn" in queue.get(timeout=60)
    child.join()


def run(source, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", source, *arguments], capture_output=True, text=True, env=environment, timeout=120
    )


def test_a_program_may_end_while_work_goes_on():
    source = (
        "import sys, numpy, swiftlet\n"
        "model = swiftlet.load('tiny.en')\n"
        "samples = numpy.random.default_rng(0).standard_normal(16000 * 1200).astype('f') / 50\n"
        "model.transcribe(samples, hallucination_guard=False)\n"
        "works = [model.transcribe(sys.argv[1]) for _ in range(3)]\n"
        "print(next(works[0]).text)\n"
        "long = model.transcribe(samples)\n"
        "long._transcribing.begin()\n"
    )
    result = run(source, str(JFK))
    assert result.returncode == 0, result.stderr
    assert "americans" in words(result.stdout) and result.stderr == ""


def test_an_exception_ends_a_program_as_usual():
    source = "import sys, swiftlet\nfor segment in swiftlet.load('tiny.en').transcribe(sys.argv[1]): raise SystemExit(7)\n"
    result = run(source, str(JFK))
    assert result.returncode == 7 and result.stderr == ""


def test_a_closed_model(model):
    other = swiftlet.load("tiny.en", threads=1)
    transcription = other.transcribe(str(JFK))
    next(transcription)
    other.close()
    # Calls that use it go on.
    assert "country" in transcription.text
    with pytest.raises(swiftlet.InvalidArgumentError, match="closed"):
        other.transcribe(str(JFK))
