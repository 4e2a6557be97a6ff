"""Writes subtitles beside recordings: python subtitles.py talk.mp4..."""

import pathlib
import sys

import swiftlet

model = swiftlet.load("tiny.en")
for path in map(pathlib.Path, sys.argv[1:]):
    # The times of words make better breaks.
    transcription = model.transcribe(path, align_words=True, progress=True)
    transcription.save(path.with_suffix(".srt"))
    transcription.save(path.with_suffix(".vtt"), max_line_width=32, max_line_count=2)
    print(path.with_suffix(".srt"))
