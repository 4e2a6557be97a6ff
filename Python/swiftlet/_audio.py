"""Recordings as the library reads them: paths, bytes, file objects and arrays, decoded by PyAV where it can't itself."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
from typing import IO, TYPE_CHECKING, Any, Iterator, List, Optional, Tuple, Union

from ._errors import IncompleteAudioError, InvalidArgumentError, SwiftletError, UnreadableAudioError
from ._library import Handle, call, encoded, library

if TYPE_CHECKING:
    import numpy as np

    Audio = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes], "np.ndarray[Any, Any]"]

# Samples a second that the model hears.
RATE = 16000
# Longer gaps of a container's clock are not believed, shorter ones are its rounding: as in Sources/Audio/Timeline.swift.
_LONGEST_GAP = 3600.0
_SHORTEST_GAP = 0.02
# What a pipe takes before whoever writes has to wait: several seconds of sound.
_PIPE_SIZE = 1 << 20
_BLOCK_SIZE = 1 << 17
# Frames may be as short as 20 ms, and each call of the filter costs as much as converting one.
_CONVERTED_AT_ONCE = 1 << 13
# Less is common where a stream was cut.
_LEAST_DAMAGE = 0.1
# By which a recording may be shorter than its header says, in seconds, or one in a hundred.
_DURATION_TOLERANCE = 0.5
# Containers of one track whose headers say how long it is, rather than FFmpeg estimating it.
_DECLARING = ("flac", "wav", "w64", "aiff", "au", "caf", "matroska,webm", "tta", "ape", "wv")
# What decides whether a file is an uncompressed WAV.
_HEADER_SIZE = 1 << 16


class Source:
    """A recording that one call of the library can read.

    Parameters
    ----------
    audio
        A path, the bytes of a file, a file object opened in binary mode, or an array of samples.
    sampling_rate
        Of an array's samples.
    track, channels
        As for `Model.transcribe`.
    language
        Whose track is used, if there are several.

    Raises
    ------
    UnreadableAudioError
        If there is nothing that can be decoded.
    """

    def __init__(
        self,
        audio: Audio,
        *,
        sampling_rate: int = 16000,
        track: Optional[int] = None,
        channels: Union[str, int] = "mix",
        language: Optional[str] = None,
    ) -> None:
        self.duration: Optional[float] = None
        self.notices: List[str] = []
        self._decoder: Optional[Decoder] = None
        self._name: Optional[str] = None
        self._mixes = channels == "mix"
        settings: dict[str, Any] = {} if channels == "mix" else {"channels": channels}
        if track is not None:
            settings["track"] = track
        if isinstance(audio, (str, os.PathLike)):
            self._open_path(os.fspath(audio), track, language)
        elif isinstance(audio, bytes):
            self._open_bytes(audio, track, language)
        elif isinstance(audio, bytearray) or (isinstance(audio, memoryview) and audio.format in ("B", "b", "c")):
            self._open_bytes(bytes(audio), track, language)
        elif hasattr(audio, "read"):
            self._open_file(audio, track, language)
        else:
            self.handle = samples(audio, sampling_rate)
        if self._decoder is not None:
            # The decoder has chosen it.
            settings.pop("track", None)
        if settings:
            call("audio_set", self.handle.value, encoded(settings))

    def _open_path(self, path: Union[str, bytes], track: Optional[int], language: Optional[str]) -> None:
        try:
            with open(path, "rb") as file:
                is_plain = _is_plain_wave(file.read(_HEADER_SIZE))
        except OSError as error:
            raise UnreadableAudioError(
                f"{os.fsdecode(path)} can't be read: {error.strerror or error}. Check the path and its permissions."
            ) from error
        if is_plain:
            self.handle = Handle(library().swiftlet_audio_file(os.fsencode(path)), "audio_free")
        else:
            self._decode(path, os.fsdecode(path), track, language)

    def _open_bytes(self, data: bytes, track: Optional[int], language: Optional[str]) -> None:
        if _is_plain_wave(data[:_HEADER_SIZE]):
            self.handle = Handle(library().swiftlet_audio_bytes(data, len(data), b"the data"), "audio_free")
        else:
            import io

            self._decode(io.BytesIO(data), "the data", track, language)

    def _open_file(self, file: Any, track: Optional[int], language: Optional[str]) -> None:
        if isinstance(file.read(0), str):
            raise InvalidArgumentError("The file is opened as text; open it in binary mode, open(path, 'rb').")
        # PyAV seeks where it can; a WAV from a pipe is decoded by it as well.
        self._decode(file, str(getattr(file, "name", "the file")), track, language)

    def _decode(self, source: Any, name: str, track: Optional[int], language: Optional[str]) -> None:
        self._decoder = Decoder(source, name, track, language, self._mixes)
        self._name = name
        self.duration = self._decoder.duration
        self.notices = self._decoder.notices
        self.handle = Handle(library().swiftlet_audio_file(self._decoder.path.encode()), "audio_free")

    def start(self) -> None:
        """Begins to decode, if there is anything to decode; the library reads meanwhile."""
        if self._decoder is not None:
            self._decoder.start()

    def finish(self) -> Optional[SwiftletError]:
        """Stops decoding, and says what was wrong with the recording, if anything was."""
        return self._decoder.finish() if self._decoder is not None else None

    def renamed(self, error: SwiftletError) -> SwiftletError:
        """The same error, about the recording rather than the pipe it comes through."""
        if self._decoder is not None and self._name is not None and error.args:
            error.args = (str(error.args[0]).replace(self._decoder.path, self._name), *error.args[1:])
        return error

    def close(self) -> None:
        """Frees everything."""
        if self._decoder is not None:
            self._decoder.finish()
        self.handle.close()


def samples(audio: Any, sampling_rate: int = 16000) -> Handle:
    """An array of samples for the library, which copies them."""
    if not isinstance(sampling_rate, int):
        sampling_rate = int(sampling_rate)
    pointer, count, owner = pointer_to_samples(audio)
    handle = Handle(library().swiftlet_audio_samples(pointer, count, sampling_rate), "audio_free")
    del owner
    return handle


def pointer_to_samples(audio: Any) -> Tuple[Any, int, Any]:
    """Where an array's samples lie as 32-bit floats, how many there are, and what must be kept for as long as they are read."""
    if hasattr(audio, "detach") and hasattr(audio, "cpu"):
        audio = audio.detach().cpu().numpy()
    import numpy as np

    try:
        array = np.asarray(audio)
    except Exception:
        array = np.asarray(None)
    if array.dtype.kind not in "iuf" or array.ndim == 0:
        raise InvalidArgumentError(
            f"{type(audio).__name__} is no audio; give a path, the bytes of a file, a binary file object, or an array of samples."
        )
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise InvalidArgumentError(
            f"The array has the shape {array.shape}; samples must be one channel. Mix channels with array.mean(axis=...), or "
            "give the file."
        )
    if array.dtype.kind == "i" and array.dtype.itemsize in (2, 4):
        array = array.astype(np.float32) / np.float32(2 ** (8 * array.dtype.itemsize - 1))
    elif array.dtype.kind != "f":
        raise InvalidArgumentError(f"Samples must be float32, float64, int16 or int32, not {array.dtype}.")
    array = np.ascontiguousarray(array, dtype=np.float32)
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), array.size, array


def _is_plain_wave(header: bytes) -> bool:
    """Whether the library itself reads it: RIFF, RF64 or Wave64 with uncompressed samples at 16 kHz.

    Other rates are converted by libswresample, here as in the command-line tool, so that the text is the same.
    """
    if header[:4] in (b"RIFF", b"RF64", b"BW64") and header[8:12] == b"WAVE":
        offset, name_size, size_format, counts_itself = 12, 4, "<I", False
    elif header[:4] == b"riff" and header[24:28] == b"wave":
        offset, name_size, size_format, counts_itself = 40, 16, "<Q", True
    else:
        return False
    head_size = name_size + struct.calcsize(size_format)
    while offset + head_size + 26 <= len(header):
        size = struct.unpack_from(size_format, header, offset + name_size)[0]
        body = offset + head_size
        if header[offset : offset + 4] == b"fmt ":
            tag = struct.unpack_from("<H", header, body)[0]
            if tag == 0xFFFE:
                tag = struct.unpack_from("<H", header, body + 24)[0]
            channels, rate = struct.unpack_from("<HI", header, body + 2)
            bits = struct.unpack_from("<H", header, body + 14)[0]
            is_plain = (tag == 1 and bits in (8, 16, 24, 32)) or (tag == 3 and bits in (32, 64))
            return is_plain and rate == RATE and channels <= 2
        offset += (size + 7) // 8 * 8 if counts_itself else head_size + size + size % 2
        if size == 0 and counts_itself:
            return False
    return False


# Pipes of decoders that run. In a forked child they would keep the parent's library waiting for an end that never comes.
_open_pipes: set[int] = set()


def _close_pipes() -> None:
    for descriptor in list(_open_pipes):
        try:
            os.close(descriptor)
        except OSError:
            pass
    _open_pipes.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_pipes)


def open_media(source: Any) -> Any:
    """Opens a recording with PyAV."""
    import av

    try:
        # Titles that are not UTF-8 are nobody's business here.
        return av.open(source, mode="r", metadata_errors="ignore")
    except TypeError:
        # From version 19 on, PyAV sees to that.
        return av.open(source, mode="r")


class Decoder:
    """Decodes a recording with PyAV into a pipe, from which the library reads it as a WAV file.

    So decoding and transcribing go on at the same time, and a recording of any length takes little memory.

    Parameters
    ----------
    source, name
        What PyAV opens, and what it is called in messages.
    track, language
        Which of several tracks is used.
    mixes
        Whether channels are mixed.
    output
        The descriptor of a file: `run` writes the WAV there, and there is no pipe.
    """

    def __init__(
        self,
        source: Any,
        name: str,
        track: Optional[int],
        language: Optional[str],
        mixes: bool,
        output: Optional[int] = None,
    ) -> None:
        self._name = name
        self._mixes = mixes
        # Of what is decoded, at 16 kHz.
        self.channels, self.sample_bytes = 0, 0
        self._failure: Optional[SwiftletError] = None
        self._thread: Optional[threading.Thread] = None
        self._stopped = False
        self._written = 0
        # Seconds that could not be decoded.
        self._lost = 0.0
        self.notices: List[str] = []
        try:
            self._container = open_media(source)
        except Exception as error:
            raise UnreadableAudioError(
                f"{name} can't be read as audio: {_reason(error)}. Check that it is a media file."
            ) from error
        try:
            self._stream = self._choose(list(self._container.streams.audio), track, language)
            self.duration = self._duration()
            self._declared = self._declared_duration()
            self._read, self._write = os.pipe() if output is None else (-1, output)
        except BaseException:
            self._container.close()
            raise
        if output is not None:
            return
        _open_pipes.update((self._read, self._write))
        try:
            import fcntl

            fcntl.fcntl(self._write, getattr(fcntl, "F_SETPIPE_SZ", 1031), _PIPE_SIZE)
        except OSError:
            pass
        self.path = f"/dev/fd/{self._read}"

    def _choose(self, streams: List[Any], track: Optional[int], language: Optional[str]) -> Any:
        decodable = [stream for stream in streams if getattr(stream, "codec_context", None) is not None]
        if not decodable:
            raise UnreadableAudioError(f"{self._name} has no audio that can be decoded.")
        if track is not None:
            if not isinstance(track, int) or not 1 <= track <= len(streams):
                raise UnreadableAudioError(f"{self._name} has no audio track {track}; it has {len(streams)}, counted from 1.")
            return streams[track - 1]
        chosen = next((stream for stream in decodable if _is_default(stream)), decodable[0])
        if language:
            chosen = next((stream for stream in decodable if _speaks(stream, language)), chosen)
        if len(streams) > 1:
            self.notices.append(
                f"{self._name} has {len(streams)} audio tracks; number {streams.index(chosen) + 1} is used. "
                "Choose another with track=N."
            )
        return chosen

    def _duration(self) -> Optional[float]:
        import av

        if self._container.duration is not None:
            return float(self._container.duration / av.time_base)
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return None

    def _declared_duration(self) -> Optional[float]:
        """What the header promises; None where it is estimated, or only known of all tracks together."""
        name = self._container.format.name
        is_alone = len(self._container.streams) == 1
        if not (name.startswith("mov") or name == "avi" or (is_alone and name in _DECLARING)):
            return None
        if self._stream.duration is None or self._stream.time_base is None:
            return self.duration if is_alone else None
        start = float((self._stream.start_time or 0) * self._stream.time_base) - self._origin()
        return start + float(self._stream.duration * self._stream.time_base)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="swiftlet.decoder", daemon=True)
        self._thread.start()

    def run(self) -> Optional[SwiftletError]:
        """Decodes all of it into the file that was given."""
        self._run()
        self._container.close()
        return self._failure

    @property
    def frames(self) -> int:
        """Samples of one channel that were written so far."""
        return max(0, self._written - WAVE_HEADER_SIZE) // max(1, self.channels * self.sample_bytes)

    def abandon(self) -> None:
        """Closes the recording without decoding it."""
        self._container.close()

    def finish(self) -> Optional[SwiftletError]:
        """Ends the work, whether it is done or not."""
        self._stopped = True
        # Whoever still writes gets an error rather than waiting for a reader.
        self._close(self._read)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        else:
            self._close(self._write)
        self._container.close()
        return self._failure

    def _close(self, descriptor: int) -> None:
        if descriptor in _open_pipes:
            _open_pipes.discard(descriptor)
            os.close(descriptor)

    def _run(self) -> None:
        try:
            self._decode()
        except BrokenPipeError:
            # The library has read all that it needs.
            pass
        except Exception as error:
            if not self._stopped:
                self._failure = IncompleteAudioError(
                    f"{self._name} is damaged, or ends early: {_reason(error)}. Everything before that was transcribed."
                )
        finally:
            self._close(self._write)

    def _decode(self) -> None:
        converter: Optional[_Converter] = None
        pending = bytearray()
        # On the clock of the container: where it begins, and where the sound so far ends.
        origin = self._origin()
        end = 0.0
        for frame in self._frames():
            if self._stopped:
                return
            if converter is None:
                converter = _Converter(frame, self._mixes)
                self.channels, self.sample_bytes = converter.channels, converter.sample_bytes
                pending += wave_header(self.channels, RATE, self.sample_bytes)
            time = frame.time
            if time is not None:
                gap = time - origin - end
                if _SHORTEST_GAP <= gap <= _LONGEST_GAP:
                    if gap >= 1 and end > 0:
                        self.notices.append(f"{self._name} has no audio from {end:.1f} to {end + gap:.1f} s.")
                    end += gap
                    pending += converter.finish()
                    for silence in converter.silence(gap):
                        pending += silence
                        if len(pending) >= _BLOCK_SIZE:
                            self._send(pending)
                elif gap > _LONGEST_GAP or gap < -0.5:
                    # A clock that jumps is not followed.
                    origin += gap
            end += frame.samples / frame.sample_rate
            pending += converter.convert(frame)
            if len(pending) >= _BLOCK_SIZE:
                self._send(pending)
        if converter is not None:
            pending += converter.finish()
        self._send(pending)
        if converter is None:
            self._failure = UnreadableAudioError(f"{self._name} holds no audio that can be decoded.")
        elif self._declared is not None and self._declared - end > max(_DURATION_TOLERANCE, self._declared / 100):
            self._failure = IncompleteAudioError(
                f"{self._name} ends after {end:.1f} s, but its header says {self._declared:.1f} s. Everything up to there was "
                "transcribed."
            )
        elif self._lost >= _LEAST_DAMAGE:
            self._failure = IncompleteAudioError(
                f"{self._name} is damaged: {self._lost:.1f} s could not be decoded. Everything else was transcribed."
            )

    def _origin(self) -> float:
        """When the first picture or sound is shown; a file of nothing but audio begins at 0."""
        streams = [s for s in self._container.streams if s.type in ("audio", "video")]
        if all(stream.type == "audio" for stream in streams) or self._container.start_time is None:
            start = self._stream.start_time
            return 0.0 if start is None else float(start * self._stream.time_base)
        import av

        return float(self._container.start_time / av.time_base)

    def _frames(self) -> Iterator[Any]:
        """The decoded frames; packets that can't be decoded are counted."""
        import av

        for packet in self._container.demux(self._stream):
            if self._stopped:
                return
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                # Silence takes their place, because the frames after them have times.
                self._lost += float((packet.duration or 0) * (packet.time_base or 0))
                continue
            yield from frames

    def _send(self, pending: bytearray) -> None:
        view = memoryview(pending)
        while view:
            view = view[os.write(self._write, view) :]
        view.release()
        self._written += len(pending)
        del pending[:]


class _Converter:
    """Frames of any rate and form to samples at 16 kHz, by libswresample as in the library with FFmpeg.

    Integers of 16 bits at that rate stay as they are, other samples become floats. One or two channels are left to the library,
    which adds them up so that none is cancelled; more are mixed by their places in the room.
    """

    def __init__(self, frame: Any, mixes: bool) -> None:
        import av

        is_plain = frame.format.name in ("s16", "s16p", "u8", "u8p") and frame.sample_rate == RATE
        count = len(frame.layout.channels)
        self.channels = 1 if mixes and count > 2 else count
        self.sample_bytes = 2 if is_plain else 4
        self._frame_bytes = self.channels * self.sample_bytes
        self._format = "s16" if is_plain else "flt"
        self._layout = "mono" if self.channels != count else frame.layout
        self._make, self._join = av.AudioResampler, av.AudioFifo
        self._resampler: Any = None
        self._waiting: Any = None
        self._shape: Any = None

    def convert(self, frame: Any) -> bytes:
        """The samples of a frame and of those before it, as many as are finished."""
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        before = b""
        if self._resampler is None or shape != self._shape:
            # A later part of the recording may have another rate.
            before = self.finish()
            self._resampler = self._make(format=self._format, layout=self._layout, rate=RATE)
            self._waiting = self._join()
            self._shape = shape
        # Samples follow each other; where any are missing is seen to elsewhere.
        frame.pts = None
        self._waiting.write(frame)
        return before + (self._convert_waiting() if self._waiting.samples >= _CONVERTED_AT_ONCE else b"")

    def finish(self) -> bytes:
        """What waits, and what the filter still holds."""
        if self._resampler is None:
            return b""
        last = self._convert_waiting() + self._bytes(self._resampler.resample(None))
        self._resampler = None
        return last

    def _convert_waiting(self) -> bytes:
        frame = self._waiting.read()
        return b"" if frame is None else self._bytes(self._resampler.resample(frame))

    def silence(self, seconds: float) -> Iterator[bytes]:
        """Silence, a second at a time: there may be an hour of it."""
        left = round(seconds * RATE)
        while left > 0:
            yield bytes(min(left, RATE) * self._frame_bytes)
            left -= RATE

    def _bytes(self, frames: List[Any]) -> bytes:
        return b"".join(bytes(memoryview(one.planes[0])[: one.samples * self._frame_bytes]) for one in frames)


WAVE_HEADER_SIZE = 44


def wave_header(channels: int, rate: int, sample_bytes: int, frames: Optional[int] = None) -> bytes:
    """The header of a WAV of 16-bit integers or 32-bit floats; without `frames`, of one whose size is not known."""
    frame_bytes = channels * sample_bytes
    size = 0xFFFFFFFF if frames is None else frames * frame_bytes
    whole = 0xFFFFFFFF if frames is None else size + WAVE_HEADER_SIZE - 8
    tag = 1 if sample_bytes == 2 else 3
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * frame_bytes, frame_bytes, 8 * sample_bytes)
    return struct.pack("<4sI8sI", b"RIFF", whole, b"WAVEfmt ", len(form)) + form + struct.pack("<4sI", b"data", size)


def _is_default(stream: Any) -> bool:
    try:
        return bool(int(stream.disposition) & 1)
    except (AttributeError, TypeError, ValueError):
        return False


# Tags of ISO 639-2 that don't begin with the code of ISO 639-1 that Whisper has.
_TAGS = {
    "alb": "sq", "arm": "hy", "baq": "eu", "ben": "bn", "bos": "bs", "bul": "bg", "bur": "my", "chi": "zh", "cmn": "zh",
    "cze": "cs", "dut": "nl", "est": "et", "fil": "tl", "geo": "ka", "ger": "de", "gle": "ga", "glg": "gl", "gre": "el",
    "ice": "is", "ind": "id", "jav": "jw", "kan": "kn", "kaz": "kk", "lav": "lv", "lit": "lt", "mac": "mk", "mal": "ml",
    "mao": "mi", "mar": "mr", "may": "ms", "mlt": "mt", "msa": "ms", "per": "fa", "pol": "pl", "por": "pt", "rum": "ro",
    "slo": "sk", "spa": "es", "srp": "sr", "swe": "sv", "tib": "bo", "tur": "tr", "wel": "cy", "zho": "zh",
}  # fmt: skip


def _speaks(stream: Any, language: str) -> bool:
    """Whether a track is tagged with a language."""
    tag = str((stream.metadata or {}).get("language", "")).lower()
    wanted = language.lower()
    return bool(tag) and (tag == wanted or _TAGS.get(tag, tag[:2]) == wanted[:2] and tag != "und")


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).rstrip(".")
