"""Prints words while they are said; reads 16-bit samples at 16 kHz from standard input.

arecord -q -f S16_LE -r 16000 | python live.py
"""

import sys

import numpy as np

import swiftlet

model = swiftlet.load("tiny.en")
with model.stream(sampling_rate=16000) as stream:
    # A quarter of a second at a time.
    pieces = iter(lambda: sys.stdin.buffer.read(8000), b"")
    for update in stream.follow(np.frombuffer(piece, "<i2") for piece in pieces):
        print("".join(word.word for word in update.committed), end="", flush=True)
print()
