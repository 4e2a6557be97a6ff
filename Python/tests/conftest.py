"""What the tests of the Python package share: recordings, models, and the command-line tool as the standard."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import swiftlet

# Where the repository is, for tests that were copied elsewhere so that they find the wheel and not the sources.
ROOT = Path(os.environ.get("SWIFTLET_ROOT") or Path(__file__).resolve().parents[2])
SPEECH = ROOT / "Tests/Fixtures/speech"
JFK = SPEECH / "jfk.flac"
BINARY = os.environ.get("SWIFTLET_BINARY") or str(ROOT / ".build/release/swiftlet")
# Real recordings; what needs them is skipped without.
AUDIO = os.environ.get("SWIFTLET_AUDIO")


def words(text: str) -> str:
    """Without punctuation and capitals, in which precisions may differ."""
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def recording(name: str) -> str:
    """A real recording's path."""
    if not AUDIO:
        pytest.skip("SWIFTLET_AUDIO names no folder of recordings")
    return str(Path(AUDIO) / name)


def tool(*arguments: str, **options):
    """Runs the command-line tool and gives its standard output."""
    run = subprocess.run([BINARY, *arguments], capture_output=True, text=True, **options)
    assert run.returncode in (0, 1), run.stderr
    return run.stdout


def tool_segments(path: str, *options: str, model: str = "tiny.en"):
    """The segments that the command-line tool finds."""
    return json.loads(tool("transcribe", "--model", model, "--output-format", "json-full", *options, path))["segments"]


@pytest.fixture(scope="session")
def model():
    """tiny.en."""
    return swiftlet.load("tiny.en")


@pytest.fixture(scope="session")
def multilingual():
    """The base model, which knows 99 languages."""
    return swiftlet.load("base")


@pytest.fixture(scope="session")
def jfk_samples():
    """The recording's samples, as floats at 16 kHz."""
    import av
    import numpy as np

    with av.open(str(JFK)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16000)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32) / 32768
