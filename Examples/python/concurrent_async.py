"""Transcribes recordings in an event loop, as a web server would: python concurrent_async.py talk.flac..."""

import asyncio
import sys

import swiftlet


async def transcribe(model: swiftlet.Model, path: str) -> str:
    texts = []
    # Cancelling the task stops the work.
    async for segment in model.transcribe_async(path):
        texts.append(segment.text)
    return "".join(texts).strip()


async def main() -> None:
    model = await swiftlet.load_async("tiny.en")
    for text in await asyncio.gather(*(transcribe(model, path) for path in sys.argv[1:])):
        print(text)


asyncio.run(main())
