# The recordings that accuracy and speed are measured on: sets, languages, texts and samples. Imported by the rest.
#
# A set is a folder with a manifest.tsv (columns: audio, seconds, text, ...), in the folder $SWIFTLET_AUDIO.
# The peers and their models lie in $SWIFTLET_PEERS (default: $XDG_DATA_HOME/swiftlet/peers, or ~/.local/share/swiftlet/peers).

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DATA = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
PEERS = Path(os.environ.get("SWIFTLET_PEERS") or DATA / "swiftlet/peers")
# Where Swiftlet keeps the checkpoints that it fetched.
CHECKPOINTS = (
    Path(
        os.environ.get("SWIFTLET_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "swiftlet"
    )
    / "models"
)
ENGLISH = ["asterisk_en", "jfk", "librispeech_dev_clean", "librispeech_test_other", "ljspeech", "longform"]
FOREIGN = ["asterisk_fr", "asterisk_es", "multilingual"]
ONLY = {"jfk": ["jfk.wav"]}  # the set's other files are the same recording in other formats


def audio():
    """The folder of all sets."""
    folder = os.environ.get("SWIFTLET_AUDIO")
    if not folder:
        sys.exit("Set SWIFTLET_AUDIO to the folder of the recordings.")
    return Path(folder)


@dataclass
class Clip:
    """One recording; `language` is a code such as en."""

    set: str
    file: str
    language: str
    seconds: float
    text: str

    @property
    def path(self):
        return audio() / self.set / self.file


def sets(model):
    """The names of the sets that a model can transcribe."""
    return ENGLISH if model.endswith(".en") else ENGLISH + FOREIGN


def clips(names):
    """The recordings of the named sets, in the manifests' order."""
    result = []
    for name in names:
        with open(audio() / name / "manifest.tsv", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row["audio"] in ONLY.get(name, [row["audio"]]):
                    seconds, text = float(row["seconds"]), row["text"]
                    result.append(Clip(name, row["audio"], language(name, row["audio"]), seconds, text))
    return result


def language(name, file):
    """asterisk_fr and leopard_fr.wav are French; all sets in ENGLISH are English."""
    if name in ENGLISH:
        return "en"
    return Path(file).stem[-2:] if name == "multilingual" else name[-2:]


def samples(path):
    """A recording as 16 kHz mono float samples, through ffmpeg."""
    import numpy

    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-ar", "16000", "-ac", "1", "-f", "f32le", "-"]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    return numpy.frombuffer(output, numpy.float32).copy()
