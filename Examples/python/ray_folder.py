"""Transcribes a folder on all machines of a Ray cluster: python ray_folder.py RECORDINGS OUTPUT

Without RAY_ADDRESS it runs on this machine. Started again, it goes on where it was.
"""

import sys

import ray

import swiftlet.ray

ray.init(log_to_driver=False)
transcripts = swiftlet.ray.transcribe(sys.argv[1], model="tiny.en", output=sys.argv[2], piece_seconds=600)
for row in transcripts.iter_rows():
    print(row["path"], row["error"] or row["text"], sep="\t")
