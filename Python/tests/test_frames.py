"""Tables of recordings, long ones in pieces."""

import random
import struct

import numpy as np
import pytest

import swiftlet
from conftest import AUDIO, JFK, recording
from swiftlet import _pieces, frames

pandas = pytest.importorskip("pandas")


def chunks(speech, longest=30):
    """The library's rule, for comparison: neighbouring stretches as long as they fit."""
    found = []
    begin = None
    for start, end in speech:
        if begin is not None and end - begin <= longest:
            continue
        found.append(start)
        begin = start
    return found


def test_recordings_are_cut_between_chunks():
    # Sentences of 4 s with pauses of 1 s, for a bit over half an hour.
    speech = [(5.0 * number, 5.0 * number + 4) for number in range(400)]
    cuts = _pieces.boundaries(speech, 30, 300)
    assert all(cut / 100 in chunks(speech) for cut in cuts)
    lengths = np.diff([0, *[cut / 100 for cut in cuts]])
    assert all(300 <= length < 330 for length in lengths)
    assert len(cuts) == 6
    assert _pieces.boundaries(speech, 30, 5000) == []
    assert _pieces.boundaries([], 30, 10) == []
    assert _pieces.boundaries([(0, 9)], 30, 10) == []


def test_speech_without_pauses_is_cut_only_where_it_must_be():
    # Stretches that touch: what they are depends on where the speech began.
    speech = [(10.0 * number, 10.0 * number + 10) for number in range(100)]
    cuts = _pieces.boundaries(speech, 30, 100)
    assert [cut / 100 for cut in cuts] == [210, 420, 630, 840]
    with_pause = [(start + (start >= 500) * 5, end + (end > 500) * 5) for start, end in speech]
    assert 505 in [cut / 100 for cut in _pieces.boundaries(with_pause, 30, 300)]


def test_a_stretch_that_is_longer_than_a_chunk():
    # Chunks of 30 s within it touch; only the last stretch has silence before it, and 40 s is twice what is asked for.
    assert _pieces.boundaries([(0, 100.0), (102, 125)], 30, 20) == [6000, 10200]


def test_short_recordings_stay_whole():
    (row,) = frames.split_row({"path": str(JFK)}, piece_seconds=60)
    assert row["piece"] == 0 and row["pieces"] == 1 and row["audio"] is None and row["clip_start"] is None
    (row,) = frames.split_row({"path": "x", "bytes": JFK.read_bytes()}, piece_seconds=60)
    assert row["audio"] == JFK.read_bytes()
    for options in ({"sequential": True}, {"channels": "separate"}, {"clip_timestamps": [1, 2]}):
        assert len(list(frames.split_row({"path": str(JFK)}, piece_seconds=1, **options))) == 1


def test_what_can_not_be_read_is_a_row_with_an_error():
    (row,) = frames.split_row({"path": "/nonexistent"})
    assert "No such file" in row["error"]
    (row,) = frames.split_row({"path": "x", "bytes": b"no audio"})
    assert "can't be read as audio" in row["error"]
    (row,) = frames.split_row({"path": "file:///nonexistent/x.flac"})
    assert "can't be read" in row["error"]


def long_recording(jfk_samples, seconds=400, seed=1):
    """Speech with pauses of different lengths, as a WAV file."""
    random.seed(seed)
    parts = []
    while sum(map(len, parts)) < seconds * 16000:
        parts += [jfk_samples, np.zeros(random.randrange(8000, 48000), np.float32)]
    samples = (np.concatenate(parts) * 32767).astype("<i2")
    from swiftlet._audio import wave_header

    return wave_header(1, 16000, 2, len(samples)) + samples.tobytes()


def test_pieces_are_stretches_of_the_recording(jfk_samples):
    data = long_recording(jfk_samples)
    whole = np.frombuffer(data[44:], "<i2")
    rows = list(frames.split_row({"path": "long.wav", "bytes": data}, piece_seconds=60))
    assert [row["piece"] for row in rows] == list(range(len(rows))) and len(rows) > 4
    assert {row["pieces"] for row in rows} == {len(rows)}
    ends = 0.0
    for row in rows:
        first = round(row["offset"] * 16000)
        assert first % 81920 == 0
        samples = np.frombuffer(row["audio"][44:], "<i2")
        assert struct.unpack("<I", row["audio"][40:44])[0] == 2 * len(samples)
        np.testing.assert_array_equal(samples, whole[first : first + len(samples)])
        # Together they are all of it, without an overlap.
        assert row["offset"] + row["clip_start"] == pytest.approx(ends)
        ends = row["offset"] + row["clip_end"]
        assert row["piece"] == 0 or row["clip_start"] >= 10
    assert ends >= len(whole) / 16000


def check_same(found, expected):
    assert found["text"] == expected.text
    assert [segment["text"] for segment in found["segments"]] == [segment.text for segment in expected.segments]
    assert [segment["start"] for segment in found["segments"]] == pytest.approx(
        [segment.start for segment in expected.segments], abs=0.011
    )
    assert [segment["id"] for segment in found["segments"]] == list(range(len(expected.segments)))
    assert [segment["seek"] for segment in found["segments"]] == [segment.seek for segment in expected.segments]


def test_pieces_together_are_the_whole(model, jfk_samples):
    data = long_recording(jfk_samples)
    expected = model.transcribe(data, word_timestamps=True)
    rows = list(frames.split_row({"path": "long.wav", "bytes": data}, piece_seconds=60))
    random.shuffle(rows)
    found = frames.join_rows(frames.transcribe_row(model, row, word_timestamps=True) for row in rows)
    check_same(found, expected)
    assert found["error"] is None and found["language"] == "en"
    assert found["duration"] == pytest.approx(expected.info.duration)
    last = found["segments"][-1]
    assert last["words"][-1]["end"] == pytest.approx(expected.segments[-1].words[-1].end, abs=0.011)


@pytest.mark.skipif(not AUDIO, reason="SWIFTLET_AUDIO names no folder of recordings")
@pytest.mark.parametrize("seconds", [20, 60])
def test_real_speech_in_pieces(model, seconds):
    path = recording("longform/columbia.ogg")
    rows = list(frames.split_row({"path": path}, piece_seconds=seconds))
    assert len(rows) > 2
    found = frames.join_rows(frames.transcribe_row(model, row) for row in rows)
    check_same(found, model.transcribe(path))


def test_all_pieces_have_one_language(multilingual, jfk_samples):
    data = long_recording(jfk_samples, 120)
    rows = list(frames.split_row({"path": "long.wav", "bytes": data}, piece_seconds=30))
    assert len(rows) > 2 and len({row["opening"] for row in rows}) == 1
    results = [frames.transcribe_row(multilingual, row) for row in rows]
    assert {result["language"] for result in results} == {"en"}
    assert len({result["language_probability"] for result in results}) == 1


def result(piece, pieces, text, **fields):
    segment = {"id": 0, "text": text, "start": 0.0, "end": 1.0}
    return {
        "path": "a",
        "piece": piece,
        "pieces": pieces,
        "offset": 0.0,
        "text": text,
        "language": "en",
        "language_probability": None,
        "duration": 9.0,
        "segments": [segment] if text else [],
        "notices": [],
        "error": None,
        **fields,
    }


def test_joining():
    joined = frames.join_rows([result(2, 3, " c"), result(0, 3, " a"), result(1, 3, " b")])
    assert joined["text"] == "a b c" and joined["error"] is None
    assert [segment["id"] for segment in joined["segments"]] == [0, 1, 2]
    # Twice is once, and the one without an error counts.
    joined = frames.join_rows([result(0, 2, " a"), result(1, 2, "", error="broke"), result(1, 2, " b"), result(0, 2, " a")])
    assert joined["text"] == "a b" and joined["error"] is None
    joined = frames.join_rows([result(0, 3, " a"), result(2, 3, " c")])
    assert joined["text"] == "a c" and "missing: 2" in joined["error"]
    joined = frames.join_rows([result(0, 1, "", error="can't be read.", duration=None, language=None)])
    assert joined["text"] == "" and joined["duration"] is None and joined["error"] == "can't be read."


def test_frames(model, jfk_samples):
    table = pandas.DataFrame(
        {"path": ["jfk", "none", "long"], "bytes": [JFK.read_bytes(), b"x", long_recording(jfk_samples, 60)]}
    )
    found = frames.transcribe(table, "tiny.en", piece_seconds=30)
    assert list(found["path"]) == ["jfk", "none", "long"]
    assert found["text"][0] == model.transcribe(str(JFK)).text
    assert found["error"][0] is None and "can't be read" in found["error"][1]
    assert found["pieces"][2] > 1

    # The same in the three steps that a cluster runs.
    pieces = list(frames.split(iter([table]), piece_seconds=30))
    results = pandas.concat(frames.Transcriber("tiny.en")(iter(pieces)))
    joined = {path: frames.join(group)["text"][0] for path, group in results.groupby("path")}
    assert joined == dict(zip(found["path"], found["text"]))


def test_wrong_options_are_told_before_the_first_row():
    with pytest.raises(swiftlet.InvalidOptionsError, match="beam_size"):
        frames.Transcriber("tiny.en", beamsize=3)
    with pytest.raises(swiftlet.InvalidOptionsError):
        frames.Transcriber("tiny.en", task="translate")
