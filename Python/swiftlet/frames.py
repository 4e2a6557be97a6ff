"""Transcribing tables: rows of recordings to rows of transcripts, for pandas, Spark's `mapInPandas` and whatever else has rows.

Three steps, which a cluster can run on different machines: `split` cuts long recordings into pieces, `Transcriber` transcribes
pieces, `join` puts the pieces of a recording together. `swiftlet.ray` is made of the same three.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence

from . import _options
from ._errors import IncompleteAudioError, InvalidOptionsError, SwiftletError
from ._pieces import RULES
from ._pieces import split as _split

if TYPE_CHECKING:
    import pandas as pd

    from ._model import Model

Row = Dict[str, Any]

# The columns of the results as Spark writes types; `swiftlet.ray` has the same.
_WORDS = "array<struct<word:string,start:double,end:double,probability:double>>"
_SEGMENTS = (
    "array<struct<id:int,seek:int,start:double,end:double,text:string,tokens:array<int>,avg_logprob:double,"
    f"compression_ratio:double,no_speech_prob:double,temperature:double,language:string,channel:int,words:{_WORDS}>>"
)
_COMMON = (
    "text string, language string, language_probability double, duration double, "
    f"segments {_SEGMENTS}, notices array<string>, error string"
)
PIECE_SCHEMA = (
    "path string, piece int, pieces int, offset double, clips array<double>, duration double, "
    "audio binary, opening binary, error string"
)
RESULT_SCHEMA = f"path string, piece int, pieces int, offset double, {_COMMON}"
TRANSCRIPT_SCHEMA = f"path string, pieces int, {_COMMON}"

_SEGMENT_FIELDS = (
    "id",
    "seek",
    "start",
    "end",
    "text",
    "tokens",
    "avg_logprob",
    "compression_ratio",
    "no_speech_prob",
    "temperature",
    "language",
    "channel",
    "words",
)


def split_row(
    row: Mapping[str, Any],
    *,
    piece_seconds: float = 600,
    track: Optional[int] = None,
    channels: Any = "mix",
    **options: Any,
) -> Iterator[Row]:
    """A row for each piece of a recording, one at a time: together they may be larger than the memory.

    Parameters
    ----------
    row : mapping
        With ``path``, and ``bytes`` if the file is in the row; paths with ``://`` are opened by pyarrow.
    piece_seconds : float
        How long a piece should be. A recording that is not longer stays whole.
    track, channels, **options
        As for `Model.transcribe`.

    Yields
    ------
    dict
        With the columns of `PIECE_SCHEMA`. A recording that can't be read gives one row with an error.
    """
    path = str(row["path"])
    data = row.get("bytes")
    base: Row = {
        "path": path,
        "piece": 0,
        "pieces": 1,
        "offset": 0.0,
        "clips": None,
        "duration": None,
        "audio": data,
        "opening": None,
        "error": None,
    }
    try:
        if data is None and "://" in path:
            data = base["audio"] = _fetch(path)
        found = _split(path if data is None else data, path, piece_seconds, options, track=track, channels=channels)
    except SwiftletError as error:
        yield {**base, "audio": None, "error": str(error)}
        return
    except OSError as error:
        yield {**base, "audio": None, "error": f"{path} can't be read: {error}."}
        return
    if found is None:
        yield base
        return
    for index, piece in enumerate(found.pieces):
        yield {
            **base,
            "piece": index,
            "pieces": found.count,
            "offset": piece.offset,
            "clips": piece.clips,
            "duration": found.duration,
            "audio": piece.audio,
            "opening": found.opening,
            # What was wrong with the recording is told once.
            "error": str(found.error) if found.error is not None and index == found.count - 1 else None,
        }


def _fetch(path: str) -> bytes:
    from pyarrow import fs  # type: ignore[import-untyped, unused-ignore]

    system, inner = fs.FileSystem.from_uri(path)
    with system.open_input_stream(inner) as stream:
        return bytes(stream.read())


def transcribe_row(model: Model, row: Mapping[str, Any], **options: Any) -> Row:
    """The transcript of a piece.

    Parameters
    ----------
    model : Model
    row : mapping
        As `split_row` gives it.
    **options
        As for `Model.transcribe`.

    Returns
    -------
    dict
        With the columns of `RESULT_SCHEMA`; times are seconds of the whole recording. An error is a sentence in ``error``, beside
        what was transcribed before it.
    """
    result: Row = {
        "path": row["path"],
        "piece": int(row["piece"]),
        "pieces": int(row["pieces"]),
        "offset": float(row["offset"]),
        "text": "",
        "language": None,
        "language_probability": None,
        "duration": row["duration"],
        "segments": [],
        "notices": [],
        "error": row["error"],
    }
    audio = row["audio"]
    is_whole = row["clips"] is None
    if audio is None and row["error"] is not None:
        return result
    try:
        if not is_whole:
            options["clip_timestamps"] = [float(time) for time in row["clips"]]
            options["vad_parameters"] = RULES
            # Where text is sampled, the library adds a chunk's first frame to the seed.
            options["seed"] = options.get("seed", 0) + round(100 * result["offset"])
            # It was chosen when the recording was decoded.
            options.pop("track", None)
            if result["piece"] > 0:
                options.pop("prefix", None)
        if row["opening"] is not None and options.get("language") is None and model.is_multilingual:
            if not options.get("multilingual"):
                candidates = options.pop("language_candidates", None)
                found = model.detect_language(bytes(row["opening"]), candidates=candidates)[0]
                options["language"] = found.language
                result["language_probability"] = found.probability
        transcription = model.transcribe(row["path"] if audio is None else bytes(audio), **options)
        try:
            for _ in transcription:
                pass
        except IncompleteAudioError as error:
            result["error"] = str(error)
        info = transcription.info
        offset = result["offset"]
        result["segments"] = [_moved(segment.to_dict(), offset) for segment in transcription.segments]
        result["text"] = transcription.text
        result["language"] = info.language
        if info.language_probability is not None:
            result["language_probability"] = info.language_probability
        if result["duration"] is None:
            result["duration"] = info.duration
        result["notices"] = info.notices
    except InvalidOptionsError:
        # What is asked for is wrong, of every recording.
        raise
    except SwiftletError as error:
        result["error"] = str(error)
    return result


def _moved(segment: Row, offset: float) -> Row:
    """A segment on the clock of the whole recording."""
    moved = {name: segment[name] for name in _SEGMENT_FIELDS}
    if offset:
        moved["seek"] = segment["seek"] + round(100 * offset)
        for part in (moved, *(segment["words"] or [])):
            part["start"] = round(part["start"] + offset, 3)
            part["end"] = round(part["end"] + offset, 3)
    return moved


def join_rows(rows: Iterable[Mapping[str, Any]]) -> Row:
    """The transcript of a recording, of all its pieces in any order.

    A piece that is there twice counts once; one that is missing is an error in ``error``.

    Parameters
    ----------
    rows : iterable of mapping
        As `transcribe_row` gives them, all of one recording.

    Returns
    -------
    dict
        With the columns of `TRANSCRIPT_SCHEMA`.
    """
    found: Dict[int, Mapping[str, Any]] = {}
    for row in rows:
        # One without an error rather than the other.
        if int(row["piece"]) not in found or found[int(row["piece"])]["error"] is not None:
            found[int(row["piece"])] = row
    ordered = [found[index] for index in sorted(found)]
    count = max(int(row["pieces"]) for row in ordered)
    missing = [index + 1 for index in range(count) if index not in found]
    segments: List[Row] = []
    for row in ordered:
        for segment in _list(row["segments"]):
            segments.append({**segment, "id": len(segments)})
    errors = [row["error"] for row in ordered if isinstance(row["error"], str)]
    if missing:
        errors.append(f"Of {count} pieces, these are missing: {', '.join(map(str, missing))}. Run it again.")
    notices: List[str] = []
    for row in ordered:
        notices += [notice for notice in _list(row["notices"]) if notice not in notices]
    first = next((row for row in ordered if len(_list(row["segments"])) > 0), ordered[0])
    return {
        "path": ordered[0]["path"],
        "pieces": count,
        "text": "".join(segment["text"] for segment in segments).strip(),
        "language": _value(first["language"]),
        "language_probability": _value(first["language_probability"]),
        "duration": max((row["duration"] for row in ordered if _value(row["duration"]) is not None), default=None),
        "segments": segments,
        "notices": notices,
        "error": " ".join(dict.fromkeys(errors)) or None,
    }


def _list(value: Any) -> Sequence[Any]:
    """A list that a table may have as an array, or not at all."""
    return [] if value is None else value


def _value(value: Any) -> Any:
    """None for what is missing, which pandas has NaN for."""
    return None if isinstance(value, float) and value != value else value


# Models of this process by how they were loaded: Spark's workers are used for many tasks.
_models: Dict[Any, Model] = {}


class Transcriber:
    """Transcribes rows of pieces with one model, several at a time.

    Parameters
    ----------
    model : str
        As for `load`.
    load : mapping, optional
        The arguments of `load`: ``threads``, ``precision``, ``cache`` and so on.
    at_once : int
        How many rows are transcribed at the same time; short ones share the steps of the network.
    **options
        As for `Model.transcribe`.
    """

    def __init__(
        self, model: str = "tiny.en", *, load: Optional[Mapping[str, Any]] = None, at_once: int = 4, **options: Any
    ) -> None:
        from ._model import load as load_model

        arguments = {"concurrency": at_once, **(load or {})}
        key = (os.getpid(), model, repr(sorted(arguments.items(), key=lambda item: item[0])))
        if key not in _models:
            _models[key] = load_model(model, **arguments)
        self._model = _models[key]
        self._options = options
        self._at_once = at_once
        # What is wrong for every recording is told before the first one.
        from ._library import call, encoded

        checked = {name: value for name, value in options.items() if name not in ("track", "channels", "sampling_rate")}
        call("check_options", self._model._open().value, encoded(_options.transcription(checked)))

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> List[Row]:
        """The transcripts of rows, in the same order."""
        if len(rows) < 2:
            return [transcribe_row(self._model, row, **self._options) for row in rows]
        with ThreadPoolExecutor(self._at_once) as pool:
            return list(pool.map(lambda row: transcribe_row(self._model, row, **self._options), rows))

    def __call__(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Frames of pieces to frames of their transcripts, for `mapInPandas`."""
        for frame in frames:
            yield _frame(self.rows(_records(frame)), RESULT_SCHEMA)


def split(frames: Iterator[pd.DataFrame], **options: Any) -> Iterator[pd.DataFrame]:
    """Frames of recordings to frames of their pieces, for `mapInPandas`.

    Parameters
    ----------
    frames : iterator of pandas.DataFrame
        With ``path``, and ``bytes`` or Spark's ``content`` if the files are in the rows.
    **options
        As for `split_row`.
    """
    for frame in frames:
        for row in _records(frame):
            if "content" in row and "bytes" not in row:
                row["bytes"] = row["content"]
            for piece in split_row(row, **options):
                yield _frame([piece], PIECE_SCHEMA)


def join(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of one recording's pieces to its transcript, for `groupby("path").applyInPandas`."""
    return _frame([join_rows(_records(frame))], TRANSCRIPT_SCHEMA)


def transcribe(frame: pd.DataFrame, model: str = "tiny.en", *, piece_seconds: float = 600, **options: Any) -> pd.DataFrame:
    """The transcripts of a table of recordings, on this machine.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``path``, and ``bytes`` if the files are in the rows.
    model : str
        As for `load`.
    piece_seconds : float
        As for `split_row`.
    **options
        ``load`` and ``at_once`` as for `Transcriber`, others as for `Model.transcribe`.

    Returns
    -------
    pandas.DataFrame
        A row for each recording, with the columns of `TRANSCRIPT_SCHEMA`.
    """
    loading = {name: options.pop(name) for name in ("load", "at_once") if name in options}
    transcriber = Transcriber(model, **loading, **options)
    rows = []
    for row in _records(frame):
        rows.append(join_rows(transcriber.rows(list(split_row(row, piece_seconds=piece_seconds, **options)))))
    return _frame(rows, TRANSCRIPT_SCHEMA)


def _records(frame: pd.DataFrame) -> List[Row]:
    """Rows of a frame, with None where pandas has NaN."""
    return [{str(name): _value(value) for name, value in record.items()} for record in frame.to_dict("records")]


def _frame(rows: List[Row], schema: str) -> pd.DataFrame:
    import pandas as pd

    columns = {}
    for column in _columns(schema):
        name, kind = column.strip().split(" ", 1)
        # None stays None in columns of objects; in those of numbers it is NaN.
        columns[name] = pd.Series([row[name] for row in rows], dtype=None if kind in ("int", "double") else object)
    return pd.DataFrame(columns)


def _columns(schema: str) -> Iterator[str]:
    """The columns of a schema, whose types have commas too."""
    depth = start = 0
    for index, character in enumerate(schema):
        depth += (character == "<") - (character == ">")
        if character == "," and depth == 0:
            yield schema[start:index]
            start = index + 1
    yield schema[start:]
