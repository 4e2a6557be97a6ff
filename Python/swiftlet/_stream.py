"""Live sound: samples go in as they come, words come out as soon as they are certain."""

from __future__ import annotations

from ctypes import byref, c_void_p
from typing import Any, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, List, Mapping

from . import _options
from ._audio import pointer_to_samples
from ._errors import InvalidArgumentError
from ._library import Handle, call, encoded, json_callback
from ._results import StreamingUpdate, Word


class Stream:
    """A stream of live sound. Get one from `Model.stream`.

    Use it from one thread at a time.

    Attributes
    ----------
    words : list of Word
        All words that are certain so far.

    Examples
    --------
    >>> with model.stream(sampling_rate=48000) as stream:
    ...     for piece in microphone:
    ...         for update in stream.push(piece):
    ...             print("".join(word.word for word in update.committed), end="", flush=True)
    ...     stream.finish()
    ...     print(stream.text)
    """

    def __init__(self, model: Handle, sampling_rate: int, options: Mapping[str, Any]) -> None:
        transcription, streaming = _options.split_streaming(options)
        self.words: List[Word] = []
        self._updates: List[StreamingUpdate] = []
        self._failures: List[BaseException] = []
        self._finished = False
        # The callback must live as long as the library may call it; it must not keep this object alive.
        updates, failures, words = self._updates, self._failures, self.words

        def receive(fields: Any) -> bool:
            update = StreamingUpdate._of(fields)
            words.extend(update.committed)
            updates.append(update)
            return False

        self._callback = json_callback(receive, failures.append)
        out = c_void_p()
        call(
            "stream_open",
            model.value,
            encoded(transcription),
            encoded(streaming),
            int(sampling_rate),
            self._callback,
            None,
            byref(out),
        )
        self._handle = Handle(out.value, "stream_free")

    @property
    def text(self) -> str:
        """All that is certain so far."""
        return "".join(word.word for word in self.words).strip()

    def push(self, samples: Any) -> List[StreamingUpdate]:
        """Add samples, and get the updates there are by now.

        It returns at once, unless the model is half a minute of sound behind; then it waits.

        Parameters
        ----------
        samples : array
            One channel: floats in [-1, 1], or int16 or int32.

        Returns
        -------
        list of StreamingUpdate
            Often none.
        """
        pointer, count, owner = pointer_to_samples(samples)
        try:
            return self._take(lambda: call("stream_push", self._open(), pointer, count))
        finally:
            del owner

    def finish(self) -> List[StreamingUpdate]:
        """End the sound, wait for what is still to be heard, and get the last updates."""
        if self._finished:
            return []
        self._finished = True
        return self._take(lambda: call("stream_finish", self._open()))

    def follow(self, pieces: Iterable[Any]) -> Iterator[StreamingUpdate]:
        """Push pieces of sound one after the other, and yield the updates as they come.

        Parameters
        ----------
        pieces : iterable of arrays
            As for `push`.
        """
        for piece in pieces:
            yield from self.push(piece)
        yield from self.finish()

    def close(self) -> None:
        """Stop the work; what was said last may be missing. `finish` first for all of it."""
        self._handle.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> int:
        if not self._handle.value:
            raise InvalidArgumentError("The stream is closed; open another one.")
        return self._handle.value

    def _take(self, body: Callable[[], None]) -> List[StreamingUpdate]:
        del self._updates[:]
        try:
            body()
        except Exception:
            if self._failures:
                raise self._failures[0] from None
            raise
        return list(self._updates)


class AsyncStream:
    """A stream of live sound for ``asyncio``. Get one from `Model.stream_async`."""

    def __init__(self, model: Handle, sampling_rate: int, options: Mapping[str, Any]) -> None:
        self._stream = Stream(model, sampling_rate, options)

    @property
    def words(self) -> List[Word]:
        """All words that are certain so far."""
        return self._stream.words

    @property
    def text(self) -> str:
        """All that is certain so far."""
        return self._stream.text

    async def push(self, samples: Any) -> List[StreamingUpdate]:
        """Add samples, and get the updates there are by now; see `Stream.push`."""
        return await self._call(lambda: self._stream.push(samples))

    async def finish(self) -> List[StreamingUpdate]:
        """End the sound, wait for what is still to be heard, and get the last updates."""
        return await self._call(self._stream.finish)

    async def follow(self, pieces: AsyncIterable[Any]) -> AsyncIterator[StreamingUpdate]:
        """Push pieces of sound as they come, and yield the updates."""
        async for piece in pieces:
            for update in await self.push(piece):
                yield update
        for update in await self.finish():
            yield update

    async def aclose(self) -> None:
        """Stop the work; what was said last may be missing."""
        self._stream.close()

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _call(self, body: Callable[[], List[StreamingUpdate]]) -> List[StreamingUpdate]:
        from ._model import _in_thread

        try:
            return await _in_thread(lambda _: body())
        except BaseException:
            # A push that is cancelled leaves a stream nobody can go on with; closing it ends the wait.
            self._stream.close()
            raise
