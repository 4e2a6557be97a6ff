"""Long recordings cut into pieces where nobody speaks, so that several machines can transcribe one recording."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator, List, Mapping, Optional, Tuple, Union

from . import _options
from ._audio import RATE, WAVE_HEADER_SIZE, Decoder, wave_header
from ._errors import IncompleteAudioError, SwiftletError, UnreadableAudioError
from ._library import Cancellation
from ._model import _voice_activity

# Pieces begin at multiples of 5.12 s: there, the library's windows of voice activity (512 samples), what it raises if it is quiet
# (32 of them) and its frames (160 samples) all begin, in a piece as in the whole recording.
_GRID = 81920
# Seconds before what is to be transcribed that a piece has besides, in which voice activity settles.
_LEAD = 30
_FRAME = 160
# Of QuietSound.swift: samples that are raised at once; the level up to which sound is quiet; what is left of the loudest level
# after each of them; the level of speech, and that of silence.
_QUIET_PIECE = 16384
_QUIET, _QUIET_MEMORY, _USUAL, _SILENT = 0.01, 0.989, 0.05, 0.0005
# With these, all of a chunk is taken for speech. The chunks were found in the whole recording; voice activity remembers so much
# of what came before that it would not find quite the same in a piece.
RULES = {"threshold": 0, "neg_threshold": 0}


@dataclass
class Piece:
    """Some of a recording, always whole chunks of speech, which can be transcribed by itself.

    Attributes
    ----------
    audio : bytes
        A WAV file, which begins before the first chunk.
    offset : float
        Seconds from the start of the recording to that of the file.
    clips : list of float, or None
        The chunks of speech in the file: start, end, start, end... in its own seconds. None for all of it.
    """

    audio: bytes
    offset: float
    clips: Optional[List[float]]


@dataclass
class Split:
    """A recording in pieces.

    Attributes
    ----------
    pieces : iterator of Piece
        In order; each is read from the disk when it is asked for.
    count : int
        How many there are.
    opening : bytes or None
        A WAV file of the first speech, by which the language of all pieces can be detected; None if there is one piece.
    duration : float or None
        Seconds of sound in all, if known.
    error : SwiftletError or None
        What was wrong with the recording; the pieces are of what could be read.
    """

    pieces: Iterator[Piece]
    count: int
    opening: Optional[bytes]
    duration: Optional[float]
    error: Optional[SwiftletError] = None


def chunks(speech: List[Tuple[float, float]], longest: float) -> List[Tuple[int, int]]:
    """Speech as the library gathers it: neighbouring stretches in chunks that are as long as may be, in frames of 10 ms.

    Parameters
    ----------
    speech
        Start and end of each stretch, in seconds, by the rules of chunks.
    longest
        Seconds of the longest chunk.
    """
    limit = round(longest * 100)
    found: List[Tuple[int, int]] = []
    last = 0
    for start, end in speech:
        # Rounded outwards; the frame that two stretches share belongs to the first.
        first = max(round(start * RATE) // _FRAME, last)
        last = max(first, -(-round(end * RATE) // _FRAME))
        if first == last:
            continue
        if found and last - found[-1][0] <= limit:
            found[-1] = (found[-1][0], last)
            continue
        found += [(cut, min(cut + limit, last)) for cut in range(first, last, limit)]
    return found


def grouped(found: List[Tuple[int, int]], seconds: float) -> List[List[Tuple[int, int]]]:
    """Chunks in pieces of at least so many seconds, from the start of one piece to that of the next."""
    pieces: List[List[Tuple[int, int]]] = []
    for chunk in found:
        begin = 0 if len(pieces) == 1 else pieces[-1][0][0] if pieces else None
        if begin is None or chunk[0] - begin >= seconds * 100:
            pieces.append([])
        pieces[-1].append(chunk)
    return pieces


def split(
    audio: Union[str, bytes],
    name: str,
    seconds: float,
    options: Mapping[str, Any],
    *,
    track: Optional[int] = None,
    channels: Union[str, int] = "mix",
) -> Optional[Split]:
    """A recording in pieces of about `seconds`; None if it is to be transcribed as it is.

    Parameters
    ----------
    audio
        A path, or the bytes of a file.
    name
        Stands for it in messages.
    seconds
        How long a piece should be.
    options
        Those of the transcription: how speech is told from silence.
    track, channels
        As for `Model.transcribe`.
    """
    if options.get("sequential") or options.get("clip_timestamps") or channels == "separate":
        # Each window depends on the one before it, or has its own place.
        return None
    # An open file without a name: it is gone with whoever holds it, also if the process is killed.
    file = tempfile.TemporaryFile(prefix="swiftlet-", suffix=".wav")
    source: Any = io.BytesIO(audio) if isinstance(audio, bytes) else audio
    decoder = Decoder(source, name, track, options.get("language"), channels == "mix", output=file.fileno())
    if decoder.duration is not None and decoder.duration <= seconds:
        decoder.abandon()
        return None
    error = decoder.run()
    if isinstance(error, UnreadableAudioError) or not decoder.frames:
        raise error or UnreadableAudioError(f"{name} holds no audio.")
    duration = decoder.frames / RATE
    if duration <= seconds and error is None:
        return None
    mapped = _options.transcription(options)
    longest = float(mapped.get("voiceActivity", {}).get("chunkLength", 30))
    samples = _Samples(file, decoder)
    with samples.raised() as path:
        activity = _voice_activity(Cancellation(), path, RATE, None, channels, _chunk_rules(options, longest))
    speech = [(one.start, one.end) for one in activity.speech]
    groups = grouped(chunks(speech, longest), seconds)
    if len(groups) < 2:
        return Split(iter([Piece(samples.wave(0, duration), 0.0, None)]), 1, None, duration, error)
    opening = samples.wave(int(speech[0][0]), int(speech[0][0]) + 40)
    return Split((samples.piece(group) for group in groups), len(groups), opening, duration, error)


def _chunk_rules(options: Mapping[str, Any], longest: float) -> Mapping[str, Any]:
    """The rules that the library makes chunks by, as parameters of `voice_activity`."""
    given = options.get("vad_parameters") or {}
    if not isinstance(given, Mapping):
        given = {name: getattr(given, name) for name in _options.vad_names() if hasattr(given, name)}
    limit = given.get("max_speech_duration_s") or 30
    return {
        "min_speech_duration_ms": 0,
        "min_silence_duration_ms": 160,
        "speech_pad_ms": 400,
        **given,
        "max_speech_duration_s": min(longest, limit),
    }


class _Samples:
    """Stretches of a decoded recording."""

    def __init__(self, file: Any, decoder: Decoder) -> None:
        self._file = file
        self._channels, self._bytes = decoder.channels, decoder.sample_bytes
        self._frames = decoder.frames

    def wave(self, start: float, end: float) -> bytes:
        """A WAV file of what is between two times, in seconds."""
        first = min(round(start * RATE), self._frames)
        last = max(first, min(round(end * RATE), self._frames))
        size = self._channels * self._bytes
        data = os.pread(self._file.fileno(), (last - first) * size, WAVE_HEADER_SIZE + first * size)
        while len(data) < (last - first) * size:
            more = os.pread(self._file.fileno(), (last - first) * size - len(data), WAVE_HEADER_SIZE + first * size + len(data))
            if not more:
                raise IncompleteAudioError("The decoded recording in the temporary folder was cut short.")
            data += more
        return wave_header(self._channels, RATE, self._bytes, last - first) + data

    @contextmanager
    def raised(self) -> Iterator[str]:
        """The path of the same recording in which quiet sound is louder, as it is when the library looks for chunks.

        Voice activity misses words 40 dB below the usual level. The rule is that of QuietSound.swift in the library: a second or
        so at a time, by the loudest one lately.
        """
        import numpy as np

        block = _QUIET_PIECE * self._channels
        form = "<i2" if self._bytes == 2 else "<f4"
        level = 0.0
        with tempfile.TemporaryFile(prefix="swiftlet-", suffix=".wav") as copy:
            copy.write(wave_header(self._channels, RATE, 4))
            for start in range(0, self._frames * self._channels, block):
                data = os.pread(self._file.fileno(), block * self._bytes, WAVE_HEADER_SIZE + start * self._bytes)
                sound = np.frombuffer(data, form).astype(np.float32)
                if self._bytes == 2:
                    sound /= np.float32(32768)
                mixed = sound.reshape(-1, self._channels).sum(1) / np.sqrt(np.float32(self._channels))
                level = max(level * _QUIET_MEMORY, float(np.sqrt(np.mean(np.square(mixed)))))
                if level < _QUIET:
                    sound = np.clip(sound * np.float32(_USUAL / max(level, _SILENT)), -1, 1)
                copy.write(sound.astype("<f4").tobytes())
            copy.flush()
            yield f"/dev/fd/{copy.fileno()}"

    def piece(self, group: List[Tuple[int, int]]) -> Piece:
        """The piece that holds some chunks."""
        start = max(0, group[0][0] * _FRAME - _LEAD * RATE) // _GRID * _GRID / RATE
        # Guards look a little beyond the end.
        end = group[-1][1] / 100 + 1
        clips = [round(frame / 100 - start, 2) for chunk in group for frame in chunk]
        return Piece(self.wave(start, end), start, clips)
