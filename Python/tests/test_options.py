"""Names and values of options, as the library gets them."""

import math

import pytest

from swiftlet import InvalidOptionsError, _options
from swiftlet._library import encoded


def test_groups_and_names():
    given = {
        "language": "fr",
        "beam_size": 3,
        "temperature": 0.2,
        "log_prob_threshold": None,
        "word_timestamps": 1,
        "without_timestamps": True,
        "suppress_tokens": None,
        "clip_timestamps": "1,2.5",
        "batch_size": 4,
    }
    assert _options.transcription(given) == {
        "language": "fr",
        "clipTimestamps": [1.0, 2.5],
        "decoding": {"beamSize": 3, "suppressTokens": []},
        "fallback": {"temperatures": [0.2], "logProbabilityThreshold": None},
        "words": {"timestamps": True},
        "windows": {"timestamps": False},
        "voiceActivity": {"batchSize": 4},
    }


def test_temperatures_and_clips():
    assert _options.transcription({"temperature": (0, 0.5)}) == {"fallback": {"temperatures": [0, 0.5]}}
    # faster-whisper's default is the whole recording.
    assert _options.transcription({"clip_timestamps": "0"}) == {"clipTimestamps": []}
    assert _options.transcription({"clip_timestamps": [1, 2, 3]}) == {"clipTimestamps": [1, 2, 3]}


def test_voice_activity_starts_from_faster_whispers_defaults():
    rules = _options.transcription({"vad_parameters": {"threshold": 0.4}})["voiceActivity"]["rules"]
    assert rules == {
        "threshold": 0.4,
        "minimumSpeech": 0,
        "maximumSpeech": 30,
        "minimumSilence": 0.16,
        "padding": 0.4,
    }
    given = {"sequential": True, "vad_filter": True, "vad_parameters": {"speech_pad_ms": 100}}
    assert _options.transcription(given)["voiceActivity"] == {
        "filter": True,
        "rules": {"minimumSpeech": 0, "minimumSilence": 2, "padding": 0.1},
    }


def test_limits_that_json_does_not_have():
    rules = _options.voice_activity({"max_speech_duration_s": math.inf, "min_silence_duration_ms": 500}, {})
    assert rules == {"maximumSpeech": None, "minimumSilence": 0.5}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"beamsize": 1}, "There is no option 'beamsize'; did you mean beam_size?"),
        ({"vad_parameters": {"treshold": 1}}, "There is no option 'treshold' in vad_parameters; did you mean threshold?"),
        ({"vad_filter": False}, "add sequential=True"),
        ({"sequential": True, "vad_parameters": {}}, "vad_filter=True"),
        ({"clip_timestamps": "a"}, "clip_timestamps must be start,end"),
        ({"temperature": "hot"}, "temperature must be"),
        ({"initial_prompt": [50257]}, "token numbers"),
        ({"vad_parameters": {"speech_pad_ms": "long"}}, "speech_pad_ms must be a number"),
    ],
)
def test_what_is_refused(options, sentence):
    with pytest.raises(InvalidOptionsError) as raised:
        _options.transcription(options)
    assert sentence in str(raised.value)


def test_every_option_is_in_the_types():
    # What a type checker allows is what there is.
    from pathlib import Path

    source = Path(_options.__file__).read_text()
    block = source.split("class TranscribeOptions")[1].split("class ")[0]
    typed = {line.split(":")[0].strip() for line in block.splitlines()[1:] if ":" in line and '"""' not in line}
    assert typed == set(_options.names())


def test_numpy_numbers_are_numbers():
    import numpy as np

    assert encoded({"a": np.float32(0.5), "b": np.arange(2), "c": np.int64(3)}) == b'{"a": 0.5, "b": [0, 1], "c": 3}'


def test_the_library_takes_every_option(model):
    from swiftlet._library import call

    given = {
        "task": "transcribe",
        "language": "en",
        "hotwords": "Americans",
        "prefix": "And",
        "initial_prompt": "A speech.",
        "clip_timestamps": [0, 5],
        "beam_size": 2,
        "best_of": 3,
        "patience": 1.5,
        "length_penalty": 0.5,
        "seed": 7,
        "suppress_tokens": [-1, 50],
        "suppress_blank": False,
        "repetition_penalty": 1.1,
        "no_repeat_ngram_size": 3,
        "temperature": [0, 0.4],
        "compression_ratio_threshold": 2,
        "log_prob_threshold": -2,
        "no_speech_threshold": 0.5,
        "word_timestamps": True,
        "align_words": True,
        "without_timestamps": False,
        "max_initial_timestamp": 2,
        "padding": "zeros",
        "tail": "exact",
        "tail_margin": 2,
        "tail_step": 8,
        "vad_filter": True,
        "vad_parameters": {name: 1 for name in ("threshold", "neg_threshold", "min_speech_duration_ms")},
        "chunk_length": 20,
        "batch_size": 2,
        "hallucination_guard": False,
        "omission_guard": False,
    }
    call("check_options", model._handle.value, encoded(_options.transcription(given)))
    sequential = {
        "sequential": True,
        "carry_initial_prompt": True,
        "initial_prompt": "x",
        "condition_on_previous_text": False,
        "word_timestamps": True,
        "hallucination_silence_threshold": 1,
    }
    call("check_options", model._handle.value, encoded(_options.transcription(sequential)))
    rest = set(_options.names()) - set(given) - set(sequential)
    assert rest == {"multilingual", "language_candidates"}
