"""Ray Data on a cluster of several nodes, one of which dies."""

import json
import os
import threading
import time

import numpy as np
import pytest

import swiftlet
from conftest import JFK

ray = pytest.importorskip("ray")
pytest.importorskip("pandas")

from ray.cluster_utils import Cluster  # noqa: E402

import swiftlet.ray  # noqa: E402
from swiftlet._audio import wave_header  # noqa: E402

# Several short recordings, one that is cut into pieces, and one that is none.
COUNT = 24


def write_recordings(folder, samples):
    """Recordings that differ: each begins at another place of the speech."""
    for number in range(COUNT):
        part = samples[number * 4000 :]
        if number == 0:
            part = np.concatenate([np.concatenate([samples, np.zeros(16000 + 4000 * turn, np.float32)]) for turn in range(8)])
        data = (part * 32767).astype("<i2")
        (folder / f"{number:02d}.wav").write_bytes(wave_header(1, 16000, 2, len(data)) + data.tobytes())
    (folder / "broken.mp3").write_bytes(b"no audio")
    return folder


@pytest.fixture(scope="module")
def recordings(tmp_path_factory, jfk_samples):
    return write_recordings(tmp_path_factory.mktemp("recordings"), jfk_samples)


@pytest.fixture(scope="module")
def expected(recordings, model):
    """What one machine writes."""
    return {path.name: model.transcribe(path).text for path in sorted(recordings.glob("*.wav"))}


@pytest.fixture
def cluster():
    # Workers import the same package as this process.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 200 << 20})
    yield made
    ray.shutdown()
    made.shutdown()


def connect(cluster, nodes):
    added = [cluster.add_node(num_cpus=2, object_store_memory=200 << 20) for _ in range(nodes)]
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    # For tables of thousands of rows there are 200.
    ray.data.DataContext.get_current().default_hash_shuffle_parallelism = 4
    return added


def check(rows, expected, broken=True):
    names = [os.path.basename(row["path"]) for row in rows]
    # Nothing is lost, and nothing is there twice.
    assert sorted(names) == sorted([*expected, *(["broken.mp3"] if broken else [])])
    for row, name in zip(rows, names):
        if name in expected:
            assert row["text"] == expected[name], name
            assert row["error"] is None
            assert "".join(segment["text"] for segment in row["segments"]).strip() == row["text"]
        else:
            assert row["text"] == "" and "can't be read" in row["error"]


def test_without_output(cluster, recordings, expected):
    connect(cluster, 1)
    found = swiftlet.ray.transcribe(str(recordings), piece_seconds=30)
    rows = found.take_all()
    check(rows, expected)
    assert max(row["pieces"] for row in rows) > 2
    paths = [str(recordings / name) for name in list(expected)[1:4]]
    rows = swiftlet.ray.transcribe(paths, word_timestamps=True, actors=1).take_all()
    assert all(row["segments"][0]["words"][0]["word"] for row in rows)
    with pytest.raises(swiftlet.InvalidOptionsError, match="no column path"):
        swiftlet.ray.transcribe(ray.data.from_items([{"file": "x"}]))
    # As many as there are CPUs, and one is still found for the other work.
    rows = swiftlet.ray.transcribe(paths, actors=2).take_all()
    assert [row["text"] for row in sorted(rows, key=lambda row: paths.index(row["path"]))] == [
        expected[os.path.basename(path)] for path in paths
    ]
    with pytest.raises(swiftlet.InvalidOptionsError, match="3 actors of 1 CPUs are too many for a cluster of 2"):
        swiftlet.ray.transcribe(paths, actors=3)
    with pytest.raises(swiftlet.InvalidOptionsError, match="progress"):
        swiftlet.ray.transcribe(paths, progress=True)


def test_a_node_that_dies(cluster, recordings, expected, tmp_path):
    nodes = connect(cluster, 3)
    output = tmp_path / "output"
    killed = []

    def kill_one():
        """Ends the node of an actor that is at work, when some of the work is done."""
        if not list((output / "pieces").glob("[!_]*.parquet")):
            return
        # The public list of actors needs Ray's dashboard.
        from ray._private.state import actors

        at_work = [one for one in actors().values() if one["State"] == "ALIVE" and "_Transcribe" in one["ActorClassName"]]
        victims = {one["Address"]["NodeID"] for one in at_work}
        for node in nodes:
            if node.node_id in victims:
                cluster.remove_node(node, allow_graceful=False)
                killed.append(node)
                return

    done = threading.Event()

    def watch():
        while not done.is_set() and not killed:
            kill_one()
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        found = swiftlet.ray.transcribe(
            str(recordings), piece_seconds=30, output=str(output), actors=(3, 6), at_once=1, rows_per_file=1
        )
    finally:
        done.set()
        watcher.join()
    assert killed, "no node was killed while there was work"
    assert len([node for node in ray.nodes() if node["Alive"]]) == 3  # the head and two
    check(found.take_all(), expected)


def test_a_run_that_was_broken_off_goes_on(cluster, recordings, expected, tmp_path):
    connect(cluster, 1)
    output = tmp_path / "output"
    some = [str(recordings / name) for name in list(expected)[:6]]
    first = swiftlet.ray.transcribe(some, piece_seconds=30, output=str(output), rows_per_file=1)
    assert len(first.take_all()) == 6
    pieces = {path.name: path.stat().st_mtime_ns for path in (output / "pieces").glob("*.parquet")}
    # As if the run had ended earlier: a recording is missing, and one of the pieces of the long one.
    import pyarrow.parquet as parquet

    removed = []
    for name in pieces:
        row = parquet.read_table(output / "pieces" / name, columns=["path", "piece"]).to_pylist()[0]
        if row["path"].endswith("03.wav") or (row["path"].endswith("00.wav") and row["piece"] == 1):
            (output / "pieces" / name).unlink()
            removed.append(name)
    assert len(removed) == 2
    (output / "pieces" / "_half.part").write_bytes(b"half")

    found = swiftlet.ray.transcribe(str(recordings), piece_seconds=30, output=str(output), rows_per_file=1).take_all()
    check(found, expected)
    # What was there was not done again, and what was missing was.
    for name, time_written in pieces.items():
        is_new = (output / "pieces" / name).stat().st_mtime_ns != time_written
        assert is_new == (name in removed), name
    again = swiftlet.ray.transcribe(str(recordings), piece_seconds=30, output=str(output)).take_all()
    check(again, expected)
    with pytest.raises(swiftlet.InvalidOptionsError, match="another folder"):
        swiftlet.ray.transcribe(str(recordings), output=str(output), beam_size=1)
    assert json.loads((output / "settings.json").read_text())["model"] == "tiny.en"


def test_bytes_in_a_table(cluster, recordings, expected, tmp_path):
    connect(cluster, 1)
    rows = [{"path": path.name, "bytes": path.read_bytes()} for path in sorted(recordings.glob("0*.wav"))]
    ray.data.from_items(rows).write_parquet(str(tmp_path / "table"))
    table = ray.data.read_parquet(str(tmp_path / "table"))
    found = swiftlet.ray.transcribe(table, piece_seconds=30).take_all()
    check(found, {row["path"]: expected[row["path"]] for row in rows}, broken=False)
    assert JFK.exists()
