"""Transcribing on a cluster with Ray Data: recordings in, transcripts out, however many machines there are.

>>> import ray, swiftlet.ray
>>> recordings = ray.data.read_binary_files("s3://bucket/talks", include_paths=True)
>>> transcripts = swiftlet.ray.transcribe(recordings, model="base", output="s3://bucket/transcripts")
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Union

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

import ray
from ray import data as ray_data
from ray.data import SaveMode

from . import frames
from ._errors import InvalidOptionsError

if TYPE_CHECKING:
    from ray.data import Dataset

_WORD = pa.struct([("word", pa.string()), ("start", pa.float64()), ("end", pa.float64()), ("probability", pa.float64())])
_SEGMENT = pa.struct(
    [
        ("id", pa.int32()),
        ("seek", pa.int32()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("text", pa.string()),
        ("tokens", pa.list_(pa.int32())),
        ("avg_logprob", pa.float64()),
        ("compression_ratio", pa.float64()),
        ("no_speech_prob", pa.float64()),
        ("temperature", pa.float64()),
        ("language", pa.string()),
        ("channel", pa.int32()),
        ("words", pa.list_(_WORD)),
    ]
)
# Of another kind to each of the two packages of pyarrow's types.
_COMMON: Any = [
    ("text", pa.string()),
    ("language", pa.string()),
    ("language_probability", pa.float64()),
    ("duration", pa.float64()),
    ("segments", pa.list_(_SEGMENT)),
    ("notices", pa.list_(pa.string())),
    ("error", pa.string()),
]
_PIECE_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("piece", pa.int32()),
        ("pieces", pa.int32()),
        ("offset", pa.float64()),
        ("clips", pa.list_(pa.float64())),
        ("duration", pa.float64()),
        # Several of them in one block may be more than 2 GB.
        ("audio", pa.large_binary()),
        ("opening", pa.large_binary()),
        ("error", pa.string()),
    ]
)
_RESULT_SCHEMA = pa.schema(
    [("path", pa.string()), ("piece", pa.int32()), ("pieces", pa.int32()), ("offset", pa.float64()), *_COMMON]
)
# CPUs that reading and splitting take.
_SPLITTING_CPUS = 0.5
_TRANSCRIPT_SCHEMA = pa.schema([("path", pa.string()), ("pieces", pa.int32()), *_COMMON])


def transcribe(
    dataset: Union[Dataset, str, Sequence[str]],
    model: str = "tiny.en",
    *,
    output: Optional[str] = None,
    actors: Union[int, Tuple[int, int], None] = None,
    cpus: float = 1,
    at_once: int = 4,
    piece_seconds: float = 600,
    rows_per_file: int = 64,
    retry_errors: bool = False,
    load: Optional[Mapping[str, Any]] = None,
    **options: Any,
) -> Dataset:
    """Transcribe recordings on all machines of a Ray cluster.

    Long recordings are cut into pieces where nobody speaks, which are transcribed on any machines and joined again. The text is
    that of one machine. Recordings that can't be read don't stop the others: their rows have an error.

    Parameters
    ----------
    dataset : Dataset, path or list of paths
        Rows with ``path``, as `ray.data.from_items` makes them, or ``path`` and ``bytes``, as
        ``ray.data.read_binary_files(..., include_paths=True)`` does. A path must be there on every machine, or have ``://``.
        Each recording has a path of its own.
    model : str
        As for `swiftlet.load`. Every machine fetches it once, or finds it in ``load={"cache": "/shared/folder"}``.
    output : str, optional
        A folder, or ``s3://`` and the like, for the results: ``pieces`` as they are done, ``transcripts`` at the end. A run that
        was broken off goes on from there. Without it, nothing is done before the dataset is consumed, and nothing is kept.
    actors : int or (int, int), optional
        How many models are at work, or the least and most; by default, one to as many as there are CPUs for.
    cpus : float
        CPUs of each, which it uses as threads.
    at_once : int
        Recordings that each transcribes at the same time.
    piece_seconds : float
        How long a piece should be.
    rows_per_file : int
        Pieces in a file of the output.
    retry_errors : bool
        Whether a run that goes on tries recordings with errors again.
    load : mapping, optional
        Further arguments of `swiftlet.load`, such as ``precision`` and ``cache``.
    **options
        As for `Model.transcribe`.

    Returns
    -------
    ray.data.Dataset
        A row for each recording: ``path``, ``text``, ``language``, ``language_probability``, ``duration``, ``segments`` (a list
        with the fields of `Segment`), ``notices``, ``pieces`` and ``error``.
    """
    if "progress" in options:
        raise InvalidOptionsError("Ray shows the progress itself; leave progress out.")
    # Ray's own types don't allow for functions of Arrow tables.
    recordings: Any = _recordings(dataset)
    done: Dict[str, Set[Tuple[int, int]]] = {}
    if output is not None:
        _check_settings(output, {"model": model, "piece_seconds": piece_seconds, "options": options})
        done = _done(output, retry_errors)
        if done:
            recordings = _without(recordings, done)
    pieces = recordings.map_batches(
        _split,
        fn_kwargs={"options": {"piece_seconds": piece_seconds, **options}, "done": done},
        batch_size=1,
        batch_format="pyarrow",
        # It shares the machines with the models, which have the most to do.
        num_cpus=min(_SPLITTING_CPUS, cpus),
    )
    pool, booked = _pool(actors, cpus)
    results = pieces.map_batches(
        _Transcribe,
        fn_constructor_kwargs={
            "model": model,
            "load": {"threads": max(1, int(cpus)), **(load or {})},
            "at_once": at_once,
            "options": options,
        },
        compute=pool,
        batch_size=at_once,
        batch_format="pyarrow",
        num_cpus=booked,
    )
    if output is None:
        return _joined(results)
    written = results.map_batches(
        _write, fn_kwargs={"folder": f"{output.rstrip('/')}/pieces"}, batch_size=rows_per_file, batch_format="pyarrow"
    )
    for _ in written.iter_batches(batch_size=None, batch_format="pyarrow"):
        pass
    return join(output)


def join(output: str) -> Dataset:
    """Join the pieces in a folder of `transcribe`'s into transcripts, which are written beside them.

    `transcribe` does it at the end; this is for the pieces of a run that was broken off.

    Parameters
    ----------
    output : str
        The folder that was given to `transcribe`.

    Returns
    -------
    ray.data.Dataset
        As `transcribe` gives it.
    """
    folder = output.rstrip("/")
    if not _files(f"{folder}/pieces"):
        # There was nothing to do.
        return ray_data.from_arrow(_TRANSCRIPT_SCHEMA.empty_table())
    joined = _joined(ray_data.read_parquet(f"{folder}/pieces"))
    joined.write_parquet(f"{folder}/transcripts", mode=SaveMode.OVERWRITE)
    return ray_data.read_parquet(f"{folder}/transcripts")


def _joined(pieces: Any) -> Dataset:
    joined: Dataset = pieces.groupby("path").map_groups(_join, batch_format="pyarrow")
    return joined


def _recordings(dataset: Any) -> Dataset:
    if isinstance(dataset, (str, os.PathLike)):
        # As read_binary_files finds them: all files of a folder.
        return ray_data.read_binary_files(os.fspath(dataset), include_paths=True)
    if isinstance(dataset, (list, tuple)):
        return ray_data.from_items([{"path": os.fspath(path)} for path in dataset])
    columns = dataset.columns() or []
    if "path" not in columns:
        raise InvalidOptionsError(
            f"The dataset has no column path, only {', '.join(columns) or 'none'}; read it with include_paths=True, or rename "
            "one."
        )
    found: Dataset = dataset
    return found


def _pool(actors: Union[int, Tuple[int, int], None], cpus: float) -> Tuple[ray_data.ActorPoolStrategy, float]:
    """The actors, and the CPUs that each of them books, so that some stay for those who read and split: without any, Ray would
    wait for one forever."""
    nodes = [float(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    nodes = [count for count in nodes if count > 0]
    available = sum(nodes)
    free = available - _SPLITTING_CPUS
    # On one machine all actors can book a little less; on several, what that leaves would be in pieces.
    limit = available if len(nodes) == 1 else free
    if actors is None:
        actors = (1, max(1, int(limit // cpus)))
    least, most = (actors, actors) if isinstance(actors, int) else actors
    if least > 1 and least * cpus > limit:
        raise InvalidOptionsError(
            f"{least} actors of {cpus:g} CPUs are too many for a cluster of {available:g} CPUs, which must also read and split "
            "recordings; ask for fewer, or, where the cluster grows by itself, for actors=(1, most)."
        )
    booked = min(cpus, free / max(1, min(most, int(available // cpus)))) if len(nodes) == 1 else cpus
    # Ray books hundredths.
    booked = max(0.01, int(booked * 100) / 100)
    return ray_data.ActorPoolStrategy(min_size=least, max_size=most), booked


def _split(table: pa.Table, options: Dict[str, Any], done: Dict[str, Set[Tuple[int, int]]]) -> Iterator[pa.Table]:
    for row in table.to_pylist():
        known = done.get(str(row["path"]), set())
        for piece in frames.split_row(row, **options):
            if (piece["piece"], piece["pieces"]) not in known:
                yield pa.Table.from_pylist([piece], schema=_PIECE_SCHEMA)


class _Transcribe:
    """An actor that holds a model."""

    def __init__(self, model: str, load: Mapping[str, Any], at_once: int, options: Mapping[str, Any]) -> None:
        self._transcriber = frames.Transcriber(model, load=load, at_once=at_once, **options)

    def __call__(self, table: pa.Table) -> pa.Table:
        return pa.Table.from_pylist(self._transcriber.rows(table.to_pylist()), schema=_RESULT_SCHEMA)


def _join(table: pa.Table) -> pa.Table:
    return pa.Table.from_pylist([frames.join_rows(table.to_pylist())], schema=_TRANSCRIPT_SCHEMA)


def _write(table: pa.Table, folder: str) -> pa.Table:
    """Writes pieces to a file that is there whole or not at all, named by what is in it: a task that runs again replaces it."""
    from pyarrow import fs, parquet

    keys = sorted(
        f"{row['path']}\0{row['piece']}\0{row['pieces']}" for row in table.select(["path", "piece", "pieces"]).to_pylist()
    )
    name = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32]
    system, inner = _filesystem(folder)
    system.create_dir(inner, recursive=True)
    if isinstance(system, fs.LocalFileSystem):
        # Readers of Parquet pass over names that begin with an underscore.
        part = f"{inner}/_{name}.{os.getpid()}.part"
        parquet.write_table(table, part, filesystem=system)
        system.move(part, f"{inner}/{name}.parquet")
    else:
        # Object stores show a file when all of it is there.
        parquet.write_table(table, f"{inner}/{name}.parquet", filesystem=system)
    return pa.table({"pieces": [table.num_rows]})


def _check_settings(output: str, settings: Mapping[str, Any]) -> None:
    """Keeps what a folder's results were made with, so that a run doesn't go on with something else."""
    from pyarrow import fs

    text = json.dumps(settings, sort_keys=True, default=str)
    system, inner = _filesystem(output)
    path = f"{inner.rstrip('/')}/settings.json"
    if system.get_file_info(path).type == fs.FileType.NotFound:
        system.create_dir(inner, recursive=True)
        with system.open_output_stream(path) as stream:
            stream.write(text.encode())
        return
    with system.open_input_stream(path) as stream:
        found = bytes(stream.read()).decode()
    if found != text:
        raise InvalidOptionsError(
            f"{output} holds results that were made with {found}, not with {text}; give the same, or another folder."
        )


def _done(output: str, retry_errors: bool) -> Dict[str, Set[Tuple[int, int]]]:
    """The pieces that an earlier run has written, by recording."""
    from pyarrow import parquet

    folder = f"{output.rstrip('/')}/pieces"
    system, _ = _filesystem(folder)
    done: Dict[str, Set[Tuple[int, int]]] = {}
    for file in _files(folder):
        table = parquet.read_table(file, filesystem=system, columns=["path", "piece", "pieces", "error"])
        for row in table.to_pylist():
            if row["error"] is None or not retry_errors:
                done.setdefault(row["path"], set()).add((row["piece"], row["pieces"]))
    return done


def _without(recordings: Dataset, done: Dict[str, Set[Tuple[int, int]]]) -> Dataset:
    """The recordings that are not done; of those that are in part, the pieces are left out later."""
    whole = {path for path, pieces in done.items() if all(len(pieces) >= count for _, count in pieces)}

    def remains(row: Dict[str, Any]) -> bool:
        return str(row["path"]) not in whole

    return recordings.filter(remains)


def _files(folder: str) -> List[str]:
    from pyarrow import fs

    system, inner = _filesystem(folder)
    selector = fs.FileSelector(inner, allow_not_found=True)
    return sorted(
        found.path
        for found in system.get_file_info(selector)
        if found.base_name.endswith(".parquet") and not found.base_name.startswith("_")
    )


def _filesystem(folder: str) -> Tuple[Any, str]:
    from pyarrow import fs

    system, inner = fs.FileSystem.from_uri(folder if "://" in folder else os.path.abspath(folder))
    return system, inner
