"""A transcription that runs in a thread of its own and hands over segments as they come."""

from __future__ import annotations

import atexit
import json
import threading
import weakref
from collections import deque
from ctypes import byref, c_void_p
from typing import Any, Callable, Deque, Dict, List, Mapping, Optional

from ._audio import Source
from ._errors import CancelledError, SwiftletError, of_status
from ._library import SEGMENT_CALLBACK, Cancellation, Handle, encoded, json_callback, library, take_text
from ._results import Progress, Segment

# How far the work may be ahead of the reader, as in the library.
_CAPACITY = 64

_running: "weakref.WeakSet[Work]" = weakref.WeakSet()


class Work:
    """One call of ``swiftlet_transcribe``.

    It must not know the iterator that reads it: dropping that one is what stops the work.
    """

    def __init__(
        self,
        model: Handle,
        source: Source,
        options: Mapping[str, Any],
        progress: Optional[Callable[[Progress], Any]] = None,
    ) -> None:
        self._model = model
        self._source = source
        self._options = encoded(options)
        self._tell = progress
        self._changed = threading.Condition()
        self._ready: Deque[Segment] = deque()
        self._ended = False
        self._closed = False
        self._error: Optional[BaseException] = None
        self._cancellation = Cancellation()
        self._thread: Optional[threading.Thread] = None
        self.listener: Optional[Callable[[], None]] = None
        self.transcript: Optional[Handle] = None
        self.progress = Progress(0.0, source.duration, [])
        self.timings: Dict[str, float] = {}

    def start(self) -> None:
        """Begins, unless it has begun."""
        with self._changed:
            if self._thread is not None or self._closed:
                return
            self._thread = threading.Thread(target=self._run, name="swiftlet.transcription", daemon=True)
            _running.add(self)
        self._thread.start()

    def take(self, wait: bool = True) -> Optional[Segment]:
        """The next segment; None at the end, or if there is none yet and nobody wants to wait.

        Raises
        ------
        SwiftletError
            What ended the work, once every segment before it has been taken.
        """
        with self._changed:
            while not self._ready:
                if self._ended:
                    if self._error is not None:
                        error, self._error = self._error, None
                        raise error
                    return None
                if self._closed:
                    return None
                if not wait:
                    return None
                self._changed.wait()
            segment = self._ready.popleft()
            self._changed.notify_all()
            return segment

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        with self._changed:
            return (self._ended or self._closed) and not self._ready and self._error is None

    def cancel(self) -> None:
        """Stops the work; it doesn't wait for its end."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
            has_begun = self._thread is not None
        self._cancellation.cancel()
        if not has_begun:
            self._source.close()

    def join(self, timeout: Optional[float] = None) -> None:
        """Waits for the end of the thread."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        error: Optional[BaseException] = None
        try:
            error = self._transcribe()
        except BaseException as unexpected:
            error = unexpected
        finally:
            try:
                self._source.close()
            finally:
                with self._changed:
                    self._ended = True
                    self._error = None if self._closed and isinstance(error, CancelledError) else error
                    self._changed.notify_all()
                self._wake()

    def _transcribe(self) -> Optional[BaseException]:
        failures: List[BaseException] = []

        def receive(_context: Optional[int], record: Any) -> int:
            try:
                return 0 if self._put(Segment._of(json.loads(record[0].json))) else 1
            except BaseException as failure:
                failures.append(failure)
                return 1

        transcript, message = c_void_p(), c_void_p()
        callbacks = SEGMENT_CALLBACK(receive), json_callback(self._advance, failures.append)
        self._source.start()
        status = library().swiftlet_transcribe(
            self._model.value,
            self._source.handle.value,
            self._options,
            *callbacks,
            None,
            self._cancellation.value,
            byref(transcript),
            byref(message),
        )
        text = take_text(message)
        if transcript.value:
            self.transcript = Handle(transcript.value, "transcript_free")
        damage = self._source.finish()
        self.progress.notices += [notice for notice in self._source.notices if notice not in self.progress.notices]
        if failures:
            return failures[0]
        if status == 0:
            return damage
        error = of_status(status, text)
        if damage is not None and not isinstance(error, CancelledError):
            # The library knows only that its pipe ended.
            return damage
        return self._source.renamed(error)

    def _put(self, segment: Segment) -> bool:
        with self._changed:
            while len(self._ready) >= _CAPACITY and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            self._ready.append(segment)
            self._changed.notify_all()
        self._wake()
        return True

    def _advance(self, fields: Any) -> bool:
        self.timings = fields.get("timings", {})
        notices = [*fields.get("notices", []), *self._source.notices]
        duration = fields.get("duration")
        self.progress = Progress(fields["position"], self._source.duration if duration is None else duration, notices)
        if self._tell is not None:
            self._tell(self.progress)
        return self._closed

    def _wake(self) -> None:
        listener = self.listener
        if listener is not None:
            try:
                listener()
            except RuntimeError:
                # The event loop has been closed.
                pass


def _stop_all() -> None:
    # A thread that came back from the library after the interpreter's end would take the process with it.
    works = list(_running)
    for work in works:
        try:
            work.cancel()
        except SwiftletError:
            pass
    for work in works:
        work.join(10)


atexit.register(_stop_all)
