"""Transcribing recordings: text, segments, words, formats, and the end of the work."""

import gc
import io
import json

import numpy as np
import pytest

import swiftlet
from conftest import AUDIO, JFK, recording, tool, tool_segments, words

SAID = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"


def test_what_was_said(model):
    segments = []
    for segment in model.transcribe(str(JFK)):
        assert isinstance(segment, swiftlet.Segment)
        segments.append(segment)
    assert words("".join(segment.text for segment in segments)) == SAID
    assert [segment.id for segment in segments] == list(range(len(segments)))
    for segment in segments:
        assert 0 <= segment.start < segment.end <= 11
        assert isinstance(segment.tokens, list) and all(isinstance(token, int) for token in segment.tokens)
        assert len(segment.token_logprobs) == len(segment.tokens)
        assert -1 < segment.avg_logprob < 0
        assert 0.5 < segment.compression_ratio < 2.4
        assert 0 <= segment.no_speech_prob < 0.6
        assert segment.words is None
        assert segment.temperature == 0
        assert segment.language == "en"
        assert segment.channel is None
    assert all(one.end <= other.start for one, other in zip(segments, segments[1:]))


def test_it_is_the_tools_transcript(model):
    expected = tool_segments(str(JFK), "--word-timestamps")
    found = [segment.to_dict() for segment in model.transcribe(JFK, word_timestamps=True)]
    for one, other in zip(found, expected):
        for key, value in other.items():
            assert one[key] == pytest.approx(value) if isinstance(value, float) else one[key] == value
    assert len(found) == len(expected)


def test_whatever_holds_the_recording(model, jfk_samples, tmp_path):
    expected = model.transcribe(str(JFK)).text
    assert words(expected) == SAID
    data = JFK.read_bytes()
    assert model.transcribe(JFK).text == expected
    assert model.transcribe(data).text == expected
    assert model.transcribe(bytearray(data)).text == expected
    assert model.transcribe(memoryview(data)).text == expected
    assert model.transcribe(io.BytesIO(data)).text == expected
    with open(JFK, "rb") as file:
        assert model.transcribe(file).text == expected
    assert model.transcribe(jfk_samples).text == expected
    assert model.transcribe(jfk_samples.astype(np.float64)).text == expected
    assert model.transcribe((jfk_samples * 32768).astype(np.int16)).text == expected
    assert model.transcribe(jfk_samples[:, None]).text == expected
    assert words(model.transcribe(jfk_samples[::2], sampling_rate=8000).text) == SAID


def test_text_segments_and_info_are_of_all_of_it(model):
    transcription = model.transcribe(str(JFK))
    first = next(transcription)
    assert transcription.segments[0] is first
    assert words(transcription.text) == SAID
    assert transcription.info.language == "en"
    assert transcription.info.language_probability is None
    assert transcription.info.duration == pytest.approx(11, abs=0.01)
    assert transcription.info.timings["tokens"] > 20
    with pytest.raises(StopIteration):
        next(transcription)
    # Once more costs nothing.
    assert words(transcription.text) == SAID


def test_words(model):
    (*segments,) = model.transcribe(str(JFK), word_timestamps=True)
    for segment in segments:
        assert "".join(word.word for word in segment.words).strip() == segment.text.strip()
        assert segment.start <= segment.words[0].start and segment.words[-1].end <= segment.end
        for one, other in zip(segment.words, segment.words[1:]):
            assert one.start <= one.end <= other.start + 1e-6
        assert all(0 < word.probability <= 1 for word in segment.words)
    by_text = {word.word.strip(" .,"): word for segment in segments for word in segment.words}
    # Where it is to be heard.
    assert by_text["fellow"].start == pytest.approx(1.3, abs=0.4)


def test_clips(model):
    found = model.transcribe(str(JFK), clip_timestamps=[8, 11]).segments
    assert words("".join(segment.text for segment in found)).startswith("ask what you can do")
    assert all(segment.start >= 8 for segment in found)


def test_sequential(model):
    expected = [(one["start"], one["text"]) for one in tool_segments(str(JFK), "--sequential", "--beam-size", "5")]
    found = model.transcribe(str(JFK), sequential=True, beam_size=5)
    assert [(segment.start, segment.text) for segment in found] == expected


@pytest.mark.parametrize("name", ["txt", "srt", "vtt", "tsv", "csv", "json", "lrc"])
def test_formats_are_the_tools(model, tmp_path, name):
    expected = tool("transcribe", "--model", "tiny.en", "--output-format", name, str(JFK))
    transcription = model.transcribe(str(JFK), align_words=name in ("srt", "vtt"))
    assert transcription.format(name) == expected
    transcription.save(tmp_path / f"jfk.{name}")
    assert (tmp_path / f"jfk.{name}").read_bytes().decode() == expected


def test_subtitle_options(model):
    transcription = model.transcribe(str(JFK), word_timestamps=True)
    cues = transcription.format("srt", max_line_width=20, max_line_count=1).split("\n\n")
    assert all(len(cue.splitlines()[2]) <= 20 for cue in cues if cue.strip())
    assert len(cues) > 5
    assert json.loads(transcription.format("json-full"))["duration"] == pytest.approx(11, abs=0.01)
    with pytest.raises(swiftlet.InvalidOptionsError, match="did you mean max_line_width"):
        transcription.format("srt", max_line_with=20)
    with pytest.raises(swiftlet.SwiftletError):
        transcription.format("docx")


def test_dropping_the_iterator_stops_the_work(model, jfk_samples):
    # Twenty minutes, of which the first segments come soon.
    transcription = model.transcribe(np.tile(jfk_samples, 110))
    next(transcription)
    work = transcription._transcribing.work
    del transcription
    gc.collect()
    work.join(60)
    assert not work._thread.is_alive()
    assert work.progress.position < 600


def test_closing_keeps_what_there_is(model, jfk_samples):
    with model.transcribe(np.tile(jfk_samples, 110)) as transcription:
        first = next(transcription)
    assert transcription.segments[0] == first
    assert transcription.info.duration < 1200
    transcription.close()


def test_a_loop_that_is_left_stops_the_work(model, jfk_samples):
    works = []

    def first():
        transcription = model.transcribe(np.tile(jfk_samples, 110))
        works.append(transcription._transcribing.work)
        for segment in transcription:
            return segment
        return None

    assert "Americans" in first().text
    works[0].join(60)
    assert not works[0]._thread.is_alive()


def test_nothing_is_done_before_a_segment_is_asked_for(model):
    transcription = model.transcribe(str(JFK))
    assert transcription._transcribing.work._thread is None
    transcription.close()
    assert transcription.segments == []


def test_progress(model):
    steps = []
    text = model.transcribe(str(JFK), progress=steps.append).text
    assert words(text) == SAID
    assert steps[-1].position == pytest.approx(11, abs=0.1)
    assert steps[-1].duration == pytest.approx(11, abs=0.01)
    assert all(one.position <= other.position for one, other in zip(steps, steps[1:]))


def test_an_exception_in_progress_is_raised(model):
    def stop(_):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        list(model.transcribe(str(JFK), progress=stop))


def test_a_bar(model, capsys):
    pytest.importorskip("tqdm")
    list(model.transcribe(str(JFK), progress=True))
    assert "11.0/11.0 s" in capsys.readouterr().err


def test_languages(multilingual, model):
    assert multilingual.is_multilingual and not model.is_multilingual
    assert multilingual.languages["fr"] == "french" and len(multilingual.languages) == 99
    assert model.languages == {"en": "english"}
    found = multilingual.detect_language(str(JFK))
    assert found[0].language == "en" and found[0].name == "english" and found[0].probability > 0.9
    assert sum(one.probability for one in found) == pytest.approx(1, abs=1e-3)
    among = multilingual.detect_language(str(JFK), candidates=["fr", "German"])
    assert {one.language for one in among} == {"fr", "de"}
    info = multilingual.transcribe(str(JFK)).info
    assert info.language == "en" and info.language_probability > 0.9
    with pytest.raises(swiftlet.InvalidOptionsError, match="English only"):
        model.detect_language(str(JFK))


def test_other_languages(multilingual):
    path = recording("multilingual/leopard_fr.wav")
    transcription = multilingual.transcribe(path)
    assert transcription.info.language == "fr"
    translated = multilingual.transcribe(path, task="translate").text
    assert translated != transcription.text


def test_voice_activity(jfk_samples):
    found = swiftlet.voice_activity(str(JFK))
    expected = [tuple(map(float, line.split("\t"))) for line in tool("vad", str(JFK)).splitlines()]
    assert found.duration == pytest.approx(11, abs=0.01)
    assert [(one.start, one.end) for one in found.speech] == [pytest.approx(one, abs=0.01) for one in expected]
    silent = swiftlet.voice_activity(np.zeros(32000, np.float32))
    assert silent.speech == [] and silent.duration == 2
    joined = swiftlet.voice_activity(jfk_samples, min_silence_duration_ms=5000)
    assert len(joined.speech) == 1


def test_silence_has_no_transcript(model):
    transcription = model.transcribe(np.zeros(160000, np.float32))
    assert transcription.text == "" and transcription.segments == []
    assert transcription.info.duration == pytest.approx(10)
    assert transcription.format("srt") == ""


@pytest.mark.skipif(not AUDIO, reason="SWIFTLET_AUDIO names no folder of recordings")
def test_a_long_recording_is_the_tools(model):
    path = recording("longform/columbia.ogg")
    expected = tool_segments(path)
    found = model.transcribe(path).segments
    assert [segment.text for segment in found] == [one["text"] for one in expected]
    # Versions of decoders differ in the last bits of samples.
    assert [segment.start for segment in found] == pytest.approx([one["start"] for one in expected], abs=0.05)
