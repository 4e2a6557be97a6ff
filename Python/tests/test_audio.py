"""Recordings in files: formats, channels, tracks, clocks, damage."""

import io
import os
import re
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

import swiftlet
from conftest import AUDIO, BINARY, JFK, recording, tool_segments, words

FORMATS = sorted(Path(AUDIO).glob("formats/jfk*")) if AUDIO else []


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.name)
def test_every_format_has_the_tools_text(model, path):
    found = model.transcribe(path)
    expected = tool_segments(str(path))
    assert found.text == "".join(one["text"] for one in expected).strip()
    assert [segment.start for segment in found.segments] == [pytest.approx(one["start"], abs=0.05) for one in expected]


def test_channels(model):
    path = recording("formats/stereo_two_speakers.wav")
    expected = tool_segments(path, "--channels", "separate")
    found = model.transcribe(path, channels="separate").segments
    assert [(one.channel, one.text) for one in found] == [(one["channel"], one["text"]) for one in expected]
    assert {one.channel for one in found} == {1, 2}
    assert (
        model.transcribe(path, channels=2).text == "".join(one["text"] for one in tool_segments(path, "--channels", "2")).strip()
    )


def write_media(samples, container="matroska", codec="flac", delay=0.0, tracks=1, languages=(), rate=16000):
    """A file in memory with the samples in each track, after a delay in which there is only a picture."""
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as file:
        video = None
        if delay:
            video = file.add_stream("mpeg4", rate=10)
            video.width = video.height = 16
            video.pix_fmt = "yuv420p"
        streams = []
        for track in range(tracks):
            stream = file.add_stream(codec, rate=rate, layout="mono")
            if track < len(languages):
                stream.metadata["language"] = languages[track]
            streams.append(stream)
        if video is not None:
            for number in range(int(delay * 10) + 1):
                picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
                picture.pts = number
                file.mux(video.encode(picture))
            file.mux(video.encode(None))
        for number, stream in enumerate(streams):
            sound = samples if number == 0 else samples[:: 2 * number]
            frame_size = 4096
            for first in range(0, len(sound), frame_size):
                piece = (sound[first : first + frame_size] * 32767).astype(np.int16)[None, :]
                frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
                frame.sample_rate = rate
                frame.pts = int(delay * rate) + first
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    return memory.getvalue()


def test_sound_that_starts_later_keeps_its_times(model, jfk_samples, tmp_path):
    data = write_media(jfk_samples, delay=5)
    (tmp_path / "late.mkv").write_bytes(data)
    expected = tool_segments(str(tmp_path / "late.mkv"))
    found = model.transcribe(data).segments
    assert found[0].start > 5
    assert [one.start for one in found] == [pytest.approx(one["start"], abs=0.05) for one in expected]


def test_missing_sound_is_silence(model, jfk_samples, tmp_path):
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as file:
        stream = file.add_stream("flac", rate=16000, layout="mono")
        for first in range(0, len(jfk_samples), 4096):
            frame = av.AudioFrame.from_ndarray(
                (jfk_samples[first : first + 4096] * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
            )
            frame.sample_rate = 16000
            # Four seconds are missing after the second one.
            frame.pts = first + (64000 if first >= 32768 else 0)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    (tmp_path / "gap.mkv").write_bytes(memory.getvalue())
    transcription = model.transcribe(tmp_path / "gap.mkv")
    assert transcription.info.duration == pytest.approx(15, abs=0.05)
    # FLAC's frames end where they will.
    assert re.search(r"no audio from 2\.\d to 6\.\d s", transcription.info.notices[0])
    expected = tool_segments(str(tmp_path / "gap.mkv"))
    assert [one.start for one in transcription.segments] == [pytest.approx(one["start"], abs=0.05) for one in expected]


def test_tracks(model, multilingual, jfk_samples):
    # The second track is the recording at double speed.
    data = write_media(jfk_samples, tracks=2, languages=["eng", "ger"])
    first = model.transcribe(data)
    assert "Americans" in first.text
    assert "2 audio tracks" in first.info.notices[0]
    assert model.transcribe(data, track=1).text == first.text
    assert model.transcribe(data, track=2).text != first.text
    assert multilingual.transcribe(data, language="de").info.duration == pytest.approx(5.5, abs=0.1)
    with pytest.raises(swiftlet.UnreadableAudioError, match="no audio track 3"):
        model.transcribe(data, track=3)


def test_a_recording_that_ends_early(model, tmp_path):
    data = JFK.read_bytes()
    cut = data[: len(data) // 2]
    transcription = model.transcribe(cut)
    found = []
    with pytest.raises(swiftlet.IncompleteAudioError, match="header says 11.0 s"):
        for segment in transcription:
            found.append(segment)
    assert "fellow Americans" in "".join(segment.text for segment in found)
    # What was transcribed stays.
    assert transcription.segments == found


def test_a_damaged_recording(model, jfk_samples, tmp_path):
    data = bytearray(write_media(jfk_samples, codec="aac", container="mp4"))
    middle = len(data) // 2
    data[middle : middle + 5000] = bytes(5000)
    (tmp_path / "damaged.m4a").write_bytes(data)
    run = subprocess.run([BINARY, "transcribe", str(tmp_path / "damaged.m4a")], capture_output=True, text=True)
    seconds = re.search(r"(0\.\d)\d? s of audio", run.stderr).group(1)
    transcription = model.transcribe(bytes(data))
    with pytest.raises(swiftlet.IncompleteAudioError, match=f"damaged: {seconds} s could not be decoded"):
        list(transcription)
    assert "fellow americans" in words(transcription.text)
    # What is missing is silent, so that times after it are right.
    assert transcription.info.duration == pytest.approx(11, abs=0.05)


@pytest.mark.parametrize(
    ("audio", "error", "sentence"),
    [
        ("/nonexistent/talk.flac", swiftlet.UnreadableAudioError, "No such file"),
        (str(Path(__file__)), swiftlet.UnreadableAudioError, "can't be read as audio"),
        (str(Path(__file__).parent), swiftlet.UnreadableAudioError, "irectory"),
        (b"", swiftlet.UnreadableAudioError, "can't be read as audio"),
        (b"RIFF\0\0\0\0WAVE", swiftlet.UnreadableAudioError, "can't be read as audio"),
        (3, swiftlet.InvalidArgumentError, "int is no audio"),
        (None, swiftlet.InvalidArgumentError, "NoneType is no audio"),
        ([[0.0, 1.0], [0.0, 1.0]], swiftlet.InvalidArgumentError, "one channel"),
        (np.zeros(100, np.uint8), swiftlet.InvalidArgumentError, "float32"),
        (io.StringIO("talk"), swiftlet.InvalidArgumentError, "binary mode"),
    ],
    ids=str,
)
def test_what_is_no_recording(model, audio, error, sentence):
    with pytest.raises(error, match=sentence):
        list(model.transcribe(audio))


def test_a_video_without_sound(model):
    memory = io.BytesIO()
    with av.open(memory, "w", format="matroska") as file:
        video = file.add_stream("mpeg4", rate=10)
        video.width = video.height = 16
        file.mux(video.encode(av.VideoFrame(16, 16, "yuv420p")))
        file.mux(video.encode(None))
    with pytest.raises(swiftlet.UnreadableAudioError, match="has no audio"):
        model.transcribe(memory.getvalue())


def test_names_of_any_bytes(model, tmp_path):
    folder = os.fsencode(tmp_path)
    for name in (b"caf\xc3\xa9.flac", b"\xff.flac"):
        with open(folder + b"/" + name, "wb") as file:
            file.write(JFK.read_bytes())
        assert "Americans" in model.transcribe(os.fsdecode(folder + b"/" + name)).text
    samples = np.zeros(16000, np.int16)
    import wave

    with open(folder + b"/\xfe.wav", "wb") as file, wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16000)
        writer.writeframes(samples.tobytes())
    assert model.transcribe(os.fsdecode(folder + b"/\xfe.wav")).text == ""


def test_stopping_early_leaves_nothing_open(model, jfk_samples):
    from swiftlet import _audio

    data = write_media(np.tile(jfk_samples, 30))
    transcription = model.transcribe(data)
    next(transcription)
    transcription.close()
    transcription._transcribing.work.join(60)
    # Neither the work nor the decoder, though nobody read what it had decoded.
    assert not _audio._open_pipes
    part = model.transcribe(data, clip_timestamps=[0, 11]).segments
    assert part and all(segment.end <= 11.1 for segment in part)
    assert not _audio._open_pipes
    abandoned = model.transcribe(data)
    del abandoned
    assert not _audio._open_pipes


def test_words_are_right_however_samples_lie_in_memory(model, jfk_samples):
    strided = np.zeros((len(jfk_samples), 2), np.float32)
    strided[:, 0] = jfk_samples
    assert "fellow americans" in words(model.transcribe(strided[:, 0]).text)
    frozen = jfk_samples.copy()
    frozen.flags.writeable = False
    assert "fellow americans" in words(model.transcribe(frozen).text)
