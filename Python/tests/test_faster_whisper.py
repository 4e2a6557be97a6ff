"""`swiftlet.faster_whisper` beside the installed faster-whisper: the same questions to both.

faster-whisper is in the environment of `Benchmarks/peers` ($SWIFTLET_PEERS); without it, these tests are skipped.
"""

import dataclasses
import difflib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import swiftlet
import swiftlet.faster_whisper as ours
from conftest import AUDIO, JFK, recording, words

DATA = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
PEERS = Path(os.environ.get("SWIFTLET_PEERS") or DATA / "swiftlet/peers")
INTERVIEW = Path(__file__).with_name("interview.py")


def interview(python, module, questions):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    if module == "faster_whisper":
        environment.pop("PYTHONPATH", None)
    run = subprocess.run(
        [python, str(INTERVIEW), module], input=json.dumps(questions), capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


def models():
    """Checkpoints in CTranslate2's form, which both read."""
    return {name: ours.download_model(name) for name in ("tiny.en", "base")}


def questions():
    paths = models()
    english, multilingual = paths["tiny.en"], paths["base"]
    jfk = str(JFK)

    def transcribe(model=english, audio=jfk, **options):
        return {"ask": "transcribe", "with": {"model": model, "audio": audio, **options}}

    asked = {
        "interface": {"ask": "interface"},
        "english": {"ask": "properties", "with": {"model": english}},
        "multilingual": {"ask": "properties", "with": {"model": multilingual}},
        "defaults": transcribe(),
        "words": transcribe(word_timestamps=True),
        "greedy": transcribe(beam_size=1, temperature=0.0, condition_on_previous_text=False),
        "no timestamps": transcribe(without_timestamps=True),
        "vad": transcribe(vad_filter=True, vad_parameters={"min_silence_duration_ms": 500}),
        "clips": transcribe(clip_timestamps="8,11"),
        "clip list": transcribe(clip_timestamps=[8.0, 11.0]),
        "prompt": transcribe(initial_prompt="A speech by John F. Kennedy.", hotwords="Americans"),
        "batched": transcribe(batched=True),
        "batched words": transcribe(batched=True, word_timestamps=True, batch_size=2),
        "batched clips": transcribe(batched=True, clip_timestamps=[{"start": 0.0, "end": 5.0}, {"start": 8.0, "end": 11.0}]),
        "batched without vad": transcribe(batched=True, vad_filter=False),
        "detected": transcribe(model=multilingual),
        "given": transcribe(model=multilingual, language="en", task="transcribe"),
        "batched detected": transcribe(model=multilingual, batched=True),
        "multilingual option": transcribe(model=multilingual, multilingual=True),
        "english only given french": transcribe(language="fr"),
        "english only translates": transcribe(task="translate"),
        "detect": {"ask": "detect", "with": {"model": multilingual, "audio": jfk}},
        "detect with vad": {"ask": "detect", "with": {"model": multilingual, "audio": jfk, "vad_filter": True}},
        "decode": {"ask": "decode", "with": {"audio": jfk}},
        "decode 8000": {"ask": "decode", "with": {"audio": jfk, "sampling_rate": 8000}},
        "decode stereo": {"ask": "decode", "with": {"audio": jfk, "split_stereo": True}},
        "speech": {"ask": "speech", "with": {"audio": jfk, "min_silence_duration_ms": 300, "speech_pad_ms": 30}},
        # Errors.
        "wrong language": transcribe(model=multilingual, language="klingon"),
        "language by name": transcribe(model=multilingual, language="french"),
        "wrong task": transcribe(model=multilingual, task="sing"),
        "no such file": transcribe(audio="/nonexistent.flac"),
        "no audio": transcribe(audio=str(INTERVIEW)),
        "unknown argument": transcribe(beams=5),
        "unknown vad parameter": transcribe(vad_filter=True, vad_parameters={"loudness": 1}),
        "no such model": {"ask": "load", "with": {"model_size_or_path": "enormous"}},
        "detect in english": {"ask": "detect", "with": {"model": english, "audio": jfk}},
    }
    if AUDIO:
        long = recording("longform/columbia.ogg")
        asked["long"] = transcribe(audio=long)
        asked["long batched"] = transcribe(audio=long, batched=True)
        asked["long batched without vad"] = transcribe(audio=long, batched=True, vad_filter=False)
        asked["long vad"] = transcribe(audio=long, vad_filter=True)
        asked["french"] = transcribe(model=multilingual, audio=recording("multilingual/leopard_fr.wav"))
    return asked


@pytest.fixture(scope="module")
def answers():
    python = PEERS / "bin/python"
    if not python.exists():
        pytest.skip("faster-whisper is not installed; Benchmarks/peers/setup installs it")
    asked = questions()
    theirs = interview(str(python), "faster_whisper", list(asked.values()))
    mine = interview(sys.executable, "swiftlet.faster_whisper", list(asked.values()))
    return {name: (their, my) for name, their, my in zip(asked, theirs, mine)}


NAMES = [
    "defaults",
    "words",
    "greedy",
    "no timestamps",
    "vad",
    "clips",
    "clip list",
    "prompt",
    "batched",
    "batched words",
    "batched clips",
    "batched without vad",
    "detected",
    "given",
    "batched detected",
    "multilingual option",
    "english only given french",
    "english only translates",
    "long",
    "long batched",
    "long vad",
    "french",
]


def pair(answers, name):
    if name not in answers:
        pytest.skip("SWIFTLET_AUDIO names no folder of recordings")
    return answers[name]


def said(answer):
    return words("".join(segment["text"] for segment in answer["segments"]))


def test_signatures_and_defaults(answers):
    theirs, mine = answers["interface"]
    assert mine == theirs


@pytest.mark.parametrize("name", ["english", "multilingual"])
def test_properties_of_models(answers, name):
    theirs, mine = answers[name]
    # They list Cantonese for models that don't know it.
    theirs["languages"] = [code for code in theirs["languages"] if code != "yue"]
    assert mine == theirs


@pytest.mark.parametrize("name", NAMES)
def test_types(answers, name):
    theirs, mine = pair(answers, name)
    assert mine["is_lazy"] and theirs["is_lazy"]
    assert mine["types"].keys() == theirs["types"].keys()
    for field, kind in theirs["types"].items():
        # What they have as a whole number once may be none the next time.
        assert mine["types"][field] == kind or {mine["types"][field], kind} <= {"int", "float"}, field
    assert mine.get("word_types") == theirs.get("word_types")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_known_of_the_recording(answers, name):
    theirs, mine = pair(answers, name)
    their, my = theirs["info"], mine["info"]
    assert my.keys() == their.keys()
    assert my["language"] == their["language"]
    assert my["language_probability"] == pytest.approx(their["language_probability"], abs=0.1)
    assert my["duration"] == pytest.approx(their["duration"], abs=0.01)
    # Their network of voice activity is another version of Silero's.
    assert my["duration_after_vad"] == pytest.approx(their["duration_after_vad"], rel=0.03, abs=0.2)
    assert my["vad_options"] == their["vad_options"]
    assert (my["all_language_probs"] is None) == (their["all_language_probs"] is None)
    if my["all_language_probs"]:
        assert len(my["all_language_probs"]) == len(their["all_language_probs"])
        assert my["all_language_probs"][0][0] == their["all_language_probs"][0][0]
    for option, value in their["transcription_options"].items():
        # They list the tokens that -1 stands for, and the stretches of speech that they found.
        if option == "suppress_tokens" or (option == "clip_timestamps" and "batched" in name):
            continue
        if option == "clip_timestamps" and isinstance(value, list):
            # They change it while segments are read.
            continue
        assert my["transcription_options"][option] == value, option


@pytest.mark.parametrize("name", NAMES)
def test_what_was_said(answers, name):
    theirs, mine = pair(answers, name)
    their, my = said(theirs).split(), said(mine).split()
    alike = difflib.SequenceMatcher(None, their, my, autojunk=False).ratio()
    # Rounding and guards make another word here and there; in short recordings, one is several percent.
    assert alike > (0.9 if name.startswith("long") else 0.85), (" ".join(their), " ".join(my))


@pytest.mark.parametrize("name", ["defaults", "words", "greedy", "given", "detected", "batched"])
def test_the_words_are_the_same(answers, name):
    theirs, mine = answers[name]
    assert said(mine) == said(theirs)


@pytest.mark.parametrize("name", ["defaults", "words", "greedy", "clips", "long"])
def test_times(answers, name):
    theirs, mine = pair(answers, name)
    assert mine["segments"][0]["start"] == pytest.approx(theirs["segments"][0]["start"], abs=0.5)
    assert mine["segments"][-1]["end"] == pytest.approx(theirs["segments"][-1]["end"], abs=1)
    assert [segment["id"] for segment in mine["segments"]] == list(range(1, len(mine["segments"]) + 1))
    assert mine["segments"][0]["text"][0] == theirs["segments"][0]["text"][0] == " "
    assert mine["segments"][0]["seek"] == theirs["segments"][0]["seek"]


def test_times_of_words(answers):
    theirs, mine = answers["words"]

    def all_words(answer):
        return [word for segment in answer["segments"] for word in segment["words"]]

    for one, other in zip(all_words(mine), all_words(theirs)):
        assert words(one["word"]) == words(other["word"]) and one["word"][0] == other["word"][0]
        assert one["start"] == pytest.approx(other["start"], abs=0.3)
        assert one["end"] == pytest.approx(other["end"], abs=0.3)


@pytest.mark.parametrize("name", ["defaults", "greedy", "batched"])
def test_measures(answers, name):
    theirs, mine = answers[name]
    their, my = theirs["segments"][0], mine["segments"][0]
    assert my["temperature"] == their["temperature"]
    assert my["no_speech_prob"] == pytest.approx(their["no_speech_prob"], abs=0.1)
    assert my["avg_logprob"] == pytest.approx(their["avg_logprob"], abs=0.15)


@pytest.mark.parametrize(
    "name",
    [
        "wrong language",
        "language by name",
        "wrong task",
        "no such file",
        "no audio",
        "unknown argument",
        "unknown vad parameter",
        "no such model",
        "detect in english",
        "long batched without vad",
    ],
)
def test_errors(answers, name):
    theirs, mine = pair(answers, name)
    assert mine["error"][0] == theirs["error"][0], (theirs, mine)


@pytest.mark.parametrize("name", ["detect", "detect with vad"])
def test_detection(answers, name):
    theirs, mine = answers[name]
    assert mine[0] == theirs[0] and mine[2:] == theirs[2:]
    assert mine[1] == pytest.approx(theirs[1], abs=0.1)


@pytest.mark.parametrize("name", ["decode", "decode 8000", "decode stereo"])
def test_decoding(answers, name):
    theirs, mine = answers[name]
    assert len(mine) == len(theirs)
    for (shape, dtype, samples), (their_shape, their_dtype, their_samples) in zip(mine, theirs):
        assert (shape, dtype) == (their_shape, their_dtype)
        np.testing.assert_allclose(samples, their_samples, atol=2 / 32768)


def test_speech(answers):
    theirs, mine = answers["speech"]
    # Another version of the network has other ends, but nearly the same speech; times are samples in both.
    heard, expected = (
        {frame for one in answer for frame in range(one["start"] // 160, one["end"] // 160)} for answer in (mine, theirs)
    )
    assert len(heard & expected) > 0.9 * len(heard | expected)
    assert all(isinstance(one["start"], int) and isinstance(one["end"], int) for one in mine)


# What can't be served, without faster-whisper.


@pytest.fixture(scope="module")
def whisper():
    return ours.WhisperModel("tiny.en", cpu_threads=1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_new_tokens": 10}, "max_new_tokens=10 can't be served"),
        ({"initial_prompt": [1, 2]}, "give it as text"),
        ({"length_penalty": 0.6}, "length_penalty can only be"),
        ({"chunk_length": 20}, "BatchedInferencePipeline"),
        ({"word_timestamps": True, "append_punctuations": "."}, "append_punctuations"),
        ({"prompt_reset_on_temperature": 0.2}, "prompt_reset_on_temperature"),
        ({"beam_size": 100}, "beam size"),
    ],
    ids=str,
)
def test_what_can_not_be_served_is_refused_at_once(whisper, options, sentence):
    with pytest.raises(swiftlet.InvalidOptionsError, match=sentence):
        whisper.transcribe(np.zeros(16000, np.float32), **options)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"device": "tpu"}, "cuda"),
        ({"device": "cuda", "device_index": [0, 1]}, "one GPU"),
        ({"device_index": 1}, "device_index"),
        ({"compute_type": "int16"}, "compute_type"),
        ({"files": {"model.bin": b""}}, "folder"),
        ({"use_auth_token": "hf_x"}, "HF_TOKEN"),
        ({"revision": "v1"}, "repository"),
        ({"flash_attention": True}, "CTranslate2"),
    ],
    ids=str,
)
def test_models_that_can_not_be_had(arguments, sentence):
    with pytest.raises(swiftlet.InvalidOptionsError, match=sentence):
        ours.WhisperModel("tiny.en", **arguments)


def test_features_are_refused(whisper):
    with pytest.raises(swiftlet.InvalidOptionsError, match="samples"):
        whisper.detect_language(features=np.zeros((80, 3000)))
    with pytest.raises(AssertionError):
        whisper.detect_language()


def test_empty_sound(whisper):
    segments, info = whisper.transcribe(np.zeros(0, np.float32))
    assert list(segments) == [] and info.duration == 0
    segments, info = ours.BatchedInferencePipeline(whisper).transcribe(np.zeros(50, np.float32))
    assert list(segments) == [] and info.duration_after_vad == 0


def test_dataclasses_behave(whisper):
    segments, info = whisper.transcribe(str(JFK), vad_filter=True, word_timestamps=True)
    first = next(iter(segments))
    assert dataclasses.asdict(first)["words"][0]["word"] == first.words[0].word
    with pytest.warns(DeprecationWarning):
        assert first._asdict()["id"] == 1
    with pytest.warns(DeprecationWarning):
        first.words[0]._asdict()
    assert "duration_after_vad" in dataclasses.asdict(info) and "duration_after_vad=" in repr(info)
    assert 5 < info.duration_after_vad <= 11
    assert info.vad_options == ours.VadOptions()


def test_leaving_the_loop_stops_the_work(whisper, jfk_samples):
    segments, _ = whisper.transcribe(np.tile(jfk_samples, 60))
    for segment in segments:
        break
    segments.close()
    assert "Americans" in segment.text


def test_a_bar(whisper, capsys):
    pytest.importorskip("tqdm")
    segments, _ = whisper.transcribe(str(JFK), log_progress=True)
    list(segments)
    assert "11.0 s" in capsys.readouterr().err


def test_logging(whisper, caplog):
    with caplog.at_level("INFO", logger="faster_whisper"):
        whisper.transcribe(str(JFK), language="fr")
    assert "00:11.000" in caplog.text and "English-only" in caplog.text
