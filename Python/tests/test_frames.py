"""Tables of recordings, long ones in pieces."""

import random
import struct

import numpy as np
import pytest

import swiftlet
from conftest import AUDIO, JFK, recording
from swiftlet import _pieces, frames

pandas = pytest.importorskip("pandas")


def test_chunks_are_as_long_as_may_be():
    # Sentences of 4 s with pauses of 1 s: six of them are 29 s.
    speech = [(5.0 * number, 5.0 * number + 4) for number in range(14)]
    assert _pieces.chunks(speech, 30) == [(0, 2900), (3000, 5900), (6000, 6900)]
    assert _pieces.chunks(speech, 9) == [(1000 * number, 1000 * number + 900) for number in range(7)]
    # A stretch that is longer than a chunk is cut where it becomes too long.
    assert _pieces.chunks([(0.5, 70.5), (71, 75)], 30) == [(50, 3050), (3050, 6050), (6050, 7500)]
    # Times are rounded outwards; the frame that two stretches share belongs to the first.
    assert _pieces.chunks([(1.001, 2.001), (2.004, 40)], 30) == [(100, 201), (201, 3201), (3201, 4000)]
    assert _pieces.chunks([], 30) == []


def test_pieces_are_whole_chunks():
    found = _pieces.chunks([(5.0 * number + 100, 5.0 * number + 104) for number in range(400)], 30)
    pieces = _pieces.grouped(found, 300)
    assert [chunk for piece in pieces for chunk in piece] == found
    begins = [0, *(piece[0][0] for piece in pieces[1:])]
    assert all(30000 <= end - begin < 33000 for begin, end in zip(begins, begins[1:]))
    assert len(pieces) == 7
    assert _pieces.grouped(found, 5000) == [found]
    assert _pieces.grouped([], 10) == []


def test_short_recordings_stay_whole():
    (row,) = frames.split_row({"path": str(JFK)}, piece_seconds=60)
    assert row["piece"] == 0 and row["pieces"] == 1 and row["audio"] is None and row["clips"] is None
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
    assert [row["piece"] for row in rows] == list(range(len(rows))) and len(rows) > 3
    assert {row["pieces"] for row in rows} == {len(rows)}
    before = 0.0
    for row in rows:
        first = round(row["offset"] * 16000)
        assert first % 81920 == 0
        samples = np.frombuffer(row["audio"][44:], "<i2")
        assert struct.unpack("<I", row["audio"][40:44])[0] == 2 * len(samples)
        np.testing.assert_array_equal(samples, whole[first : first + len(samples)])
        times = [round(row["offset"] + time, 2) for time in row["clips"]]
        assert times == sorted(times) and times[0] >= before
        assert row["clips"][-1] <= len(samples) / 16000
        assert row["piece"] == 0 or row["clips"][0] >= 30
        before = times[-1]
    # The pauses between chunks are at most 3 s long.
    assert before > len(whole) / 16000 - 4


def check_same(found, expected):
    assert found["text"] == expected.text
    assert [segment["text"] for segment in found["segments"]] == [segment.text for segment in expected.segments]
    # Where a word begins is fitted to voice activity, which remembers a little of what came before a piece.
    assert [segment["start"] for segment in found["segments"]] == pytest.approx(
        [segment.start for segment in expected.segments], abs=0.1
    )
    assert [segment["id"] for segment in found["segments"]] == list(range(len(expected.segments)))
    assert [segment["seek"] for segment in found["segments"]] == [segment.seek for segment in expected.segments]


def test_pieces_together_are_the_whole(model, jfk_samples):
    data = long_recording(jfk_samples)
    # The recording repeats itself, for which other temperatures are tried: their samples are the same too.
    options = {"word_timestamps": True, "seed": 3}
    expected = model.transcribe(data, **options)
    rows = list(frames.split_row({"path": "long.wav", "bytes": data}, piece_seconds=60, **options))
    random.shuffle(rows)
    found = frames.join_rows(frames.transcribe_row(model, row, **options) for row in rows)
    check_same(found, expected)
    assert any(segment.temperature > 0 for segment in expected.segments)
    assert found["error"] is None and found["language"] == "en"
    assert found["duration"] == pytest.approx(expected.info.duration)
    last = found["segments"][-1]
    assert last["words"][-1]["end"] == pytest.approx(expected.segments[-1].words[-1].end, abs=0.1)


@pytest.mark.skipif(not AUDIO, reason="SWIFTLET_AUDIO names no folder of recordings")
@pytest.mark.parametrize("seconds", [20, 60])
def test_real_speech_in_pieces(model, seconds):
    path = recording("longform/columbia.ogg")
    rows = list(frames.split_row({"path": path}, piece_seconds=seconds))
    assert len(rows) > 2
    found = frames.join_rows(frames.transcribe_row(model, row) for row in rows)
    check_same(found, model.transcribe(path))


def test_all_pieces_have_one_language(multilingual, jfk_samples):
    data = long_recording(jfk_samples, 160)
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
