"""Long recordings cut into pieces where nobody speaks, so that several machines can transcribe one recording."""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from typing import Any, Iterator, List, Mapping, Optional, Tuple, Union

from . import _options
from ._audio import WAVE_HEADER_SIZE, Decoder, wave_header
from ._errors import IncompleteAudioError, SwiftletError, UnreadableAudioError
from ._library import Cancellation
from ._model import _voice_activity

_RATE = 16000
# Pieces begin at multiples of 5.12 s: there, the library's windows of voice activity (512 samples), what it raises if it is quiet
# (32 of them) and its frames (160 samples) all begin, in a piece as in the whole recording.
_GRID = 81920
# Seconds before what is to be transcribed that a piece has besides: voice activity remembers what came before.
_LEAD = 10
_FRAME = 160


@dataclass
class Piece:
    """A stretch of a recording that can be transcribed by itself.

    Attributes
    ----------
    audio : bytes
        A WAV file, which begins before the stretch.
    offset : float
        Seconds from the start of the recording to that of the file.
    clip : tuple of float, or None
        What to transcribe of the file, in its own seconds; None for all of it.
    """

    audio: bytes
    offset: float
    clip: Optional[Tuple[float, float]]


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


def boundaries(speech: List[Tuple[float, float]], longest: float, seconds: float) -> List[int]:
    """Where a recording is cut, in frames of 10 ms: always where one of the library's chunks ends and the next begins.

    So every chunk is in one piece, as it would be in the whole recording, and so is its text.

    Parameters
    ----------
    speech
        Start and end of each stretch of speech, in seconds, by the rules of chunks.
    longest
        Seconds of the longest chunk.
    seconds
        How long a piece should be; it ends with the chunk that reaches this.

    Returns
    -------
    list of int
        The first frame of each piece but the first.
    """
    limit = round(longest * 100)
    # The first frame of each chunk, and the silence before it.
    chunks: List[Tuple[int, int]] = []
    begin: Optional[int] = None
    last = 0
    for start, end in speech:
        before = last
        # Rounded outwards; the frame that two stretches share belongs to the first.
        first = max(round(start * _RATE) // _FRAME, last)
        last = max(first, -(-round(end * _RATE) // _FRAME))
        if first == last or (begin is not None and last - begin <= limit):
            continue
        for cut in range(first, last, limit):
            chunks.append((cut, cut - before if cut == first else 0))
            begin = cut
    cuts: List[int] = []
    piece = 0
    for cut, silence in chunks[1:]:
        length = cut - piece
        # Speech without a pause is cut where it becomes too long, which depends on where it began; only if there is no other place.
        if length >= seconds * 100 and (silence > 0 or length >= 2 * seconds * 100):
            cuts.append(cut)
            piece = cut
    return cuts


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
    decoder = Decoder(source, name, track, options.get("language"), output=file.fileno())
    if decoder.duration is not None and decoder.duration <= seconds:
        decoder.abandon()
        return None
    error = decoder.run()
    if isinstance(error, UnreadableAudioError) or not decoder.frames:
        raise error or UnreadableAudioError(f"{name} holds no audio.")
    duration = decoder.frames / decoder.rate
    if duration <= seconds and error is None:
        return None
    mapped = _options.transcription(options)
    longest = float(mapped.get("voiceActivity", {}).get("chunkLength", 30))
    path = f"/dev/fd/{file.fileno()}"
    activity = _voice_activity(Cancellation(), path, _RATE, None, channels, _chunk_rules(options, longest))
    speech = [(one.start, one.end) for one in activity.speech]
    cuts = boundaries(speech, longest, seconds)
    samples = _Samples(file, decoder)
    if not cuts:
        return Split(iter([Piece(samples.wave(0, duration), 0.0, None)]), 1, None, duration, error)
    edges = [0, *cuts, round(activity.duration * 100) + 1]
    opening = samples.wave(int(speech[0][0]), int(speech[0][0]) + 40)
    pieces = (samples.piece(first, last) for first, last in zip(edges, edges[1:]))
    return Split(pieces, len(edges) - 1, opening, duration, error)


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
        self._rate, self._channels, self._bytes = decoder.rate, decoder.channels, decoder.sample_bytes
        self._frames = decoder.frames

    def wave(self, start: float, end: float) -> bytes:
        """A WAV file of what is between two times, in seconds."""
        first = min(round(start * self._rate), self._frames)
        last = max(first, min(round(end * self._rate), self._frames))
        size = self._channels * self._bytes
        data = os.pread(self._file.fileno(), (last - first) * size, WAVE_HEADER_SIZE + first * size)
        while len(data) < (last - first) * size:
            more = os.pread(
                self._file.fileno(), (last - first) * size - len(data), WAVE_HEADER_SIZE + first * size + len(data)
            )
            if not more:
                raise IncompleteAudioError("The decoded recording in the temporary folder was cut short.")
            data += more
        return wave_header(self._channels, self._rate, self._bytes, last - first) + data

    def piece(self, first: int, last: int) -> Piece:
        """The piece from one frame of 10 ms to another."""
        start = max(0, first * _FRAME - _LEAD * _RATE) // _GRID * _GRID / _RATE
        # Where the next chunk begins is known only after that; the clip keeps it out.
        end = last / 100 + 2
        return Piece(self.wave(start, end), start, (first / 100 - start, last / 100 - start))
