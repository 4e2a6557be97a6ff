"""Prints what is said in recordings, with the times of words: python transcribe.py talk.flac..."""

import sys

import swiftlet

model = swiftlet.load("tiny.en")
for path in sys.argv[1:]:
    try:
        for segment in model.transcribe(path, word_timestamps=True):
            print(f"[{segment.start:7.2f} -> {segment.end:7.2f}]{segment.text}")
            print("   ", " ".join(f"{word.word.strip()}@{word.start:.2f}" for word in segment.words))
    except swiftlet.SwiftletError as error:
        print(f"{path}: {error}", file=sys.stderr)
