"""The versions for asyncio."""

import asyncio

import numpy as np
import pytest

import swiftlet
from conftest import JFK, words


def test_all_at_once_and_one_by_one(model):
    async def main():
        texts = []
        async for segment in model.transcribe_async(str(JFK)):
            texts.append(segment.text)
        whole = await model.transcribe_async(str(JFK), word_timestamps=True)
        assert whole.segments[0].words
        assert whole.info.language == "en"
        assert "-->" in whole.format("srt")
        return "".join(texts).strip(), whole.text

    one, other = asyncio.run(main())
    assert one == other == model.transcribe(str(JFK)).text


def test_the_loop_goes_on(model):
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        ticker = asyncio.create_task(tick())
        transcription = await model.transcribe_async(str(JFK))
        ticker.cancel()
        return ticks, transcription.text

    ticks, text = asyncio.run(main())
    assert ticks > 10 and "Americans" in text


def test_many_at_once(model):
    async def main():
        return await asyncio.gather(*(model.transcribe_async(str(JFK)) for _ in range(6)))

    assert len({one.text for one in asyncio.run(main())}) == 1


def test_cancelling_a_task_stops_the_work(model, jfk_samples):
    transcription = None

    async def main():
        nonlocal transcription
        transcription = model.transcribe_async(np.tile(jfk_samples, 110))
        begun = asyncio.Event()

        async def read():
            async for _ in transcription:
                begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    work = transcription._transcribing.work
    work.join(60)
    assert not work._thread.is_alive() and work.progress.position < 1200


def test_errors(model):
    async def main():
        with pytest.raises(swiftlet.UnreadableAudioError):
            model.transcribe_async("/nonexistent")
        data = JFK.read_bytes()
        found = []
        with pytest.raises(swiftlet.IncompleteAudioError):
            async for segment in model.transcribe_async(data[: len(data) // 2]):
                found.append(segment)
        return found

    assert asyncio.run(main())


def test_loading_language_and_speech(model):
    async def main():
        other = await swiftlet.load_async("tiny.en", threads=1)
        with pytest.raises(swiftlet.ModelNotFoundError):
            await swiftlet.load_async("huge")
        with pytest.raises(swiftlet.InvalidOptionsError):
            await other.detect_language_async(str(JFK))
        return await swiftlet.voice_activity_async(str(JFK)), (await other.transcribe_async(str(JFK))).text

    activity, text = asyncio.run(main())
    assert activity == swiftlet.voice_activity(str(JFK)) and "Americans" in text


def test_closing(model, jfk_samples):
    async def main():
        async with model.transcribe_async(np.tile(jfk_samples, 110)) as transcription:
            async for _ in transcription:
                break
        return transcription

    transcription = asyncio.run(main())
    transcription._transcribing.work.join(60)
    assert words(transcription.text)


def test_streams(model, jfk_samples):
    async def pieces():
        for first in range(0, len(jfk_samples), 8000):
            await asyncio.sleep(0)
            yield jfk_samples[first : first + 8000]

    async def main():
        async with model.stream_async(skip_steps=False) as stream:
            updates = [update async for update in stream.follow(pieces())]
            return updates, stream.text

    updates, text = asyncio.run(main())
    assert "fellow americans" in words(text)
    assert "".join(word.word for update in updates for word in update.committed).strip() == text
