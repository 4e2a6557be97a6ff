"""Transcribes many recordings with one model, four at a time: python many.py *.flac"""

import sys
from concurrent.futures import ThreadPoolExecutor

import swiftlet

model = swiftlet.load("tiny.en", concurrency=4)
with ThreadPoolExecutor(4) as pool:
    texts = pool.map(lambda path: model.transcribe(path).text, sys.argv[1:])
    for path, text in zip(sys.argv[1:], texts):
        print(f"{path}\t{text}")
