"""Live sound."""

import numpy as np
import pytest

import swiftlet
from conftest import words


def pieces(samples, size=8000):
    return [samples[first : first + size] for first in range(0, len(samples), size)]


def test_words_come_while_somebody_speaks(model, jfk_samples):
    with model.stream(skip_steps=False) as stream:
        updates = list(stream.follow(pieces(jfk_samples)))
        text = stream.text
    assert "ask not what your country can do for you" in words(text)
    assert "".join(word.word for update in updates for word in update.committed).strip() == text
    with_words = [update for update in updates if update.committed]
    assert len(with_words) > 2
    assert with_words[0].position < 8
    assert any(update.partial for update in updates)
    times = [word.start for word in stream.words]
    assert times == sorted(times) and times[-1] < 11


def test_other_rates(model, jfk_samples):
    doubled = np.repeat(jfk_samples, 3)
    with model.stream(sampling_rate=48000, skip_steps=False, step=2) as stream:
        for piece in pieces((doubled * 32767).astype(np.int16), 48000):
            stream.push(piece)
        stream.finish()
        assert stream.finish() == []
        assert "fellow americans" in words(stream.text)


def test_what_is_refused(model):
    with pytest.raises(swiftlet.InvalidOptionsError, match="did you mean step"):
        model.stream(stp=1)
    with pytest.raises(swiftlet.InvalidOptionsError):
        model.stream(clip_timestamps=[1, 2])
    with pytest.raises(swiftlet.SwiftletError):
        model.stream(sampling_rate=1)
    stream = model.stream()
    with pytest.raises(swiftlet.InvalidArgumentError):
        stream.push(np.zeros((10, 2), np.float32))
    stream.close()
    with pytest.raises(swiftlet.InvalidArgumentError, match="closed"):
        stream.push(np.zeros(100, np.float32))
    stream.close()


def test_a_stream_may_be_dropped(model, jfk_samples):
    stream = model.stream()
    stream.push(jfk_samples)
    del stream
    assert "Americans" in model.transcribe(jfk_samples).text
