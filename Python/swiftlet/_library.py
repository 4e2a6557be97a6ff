"""The C interface of libswiftlet (swiftlet.h), loaded on first use and wrapped so that failures become exceptions."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_int, c_size_t, c_void_p
from typing import Any, Callable, Dict, Mapping, Optional

from ._errors import InvalidArgumentError, SwiftletError, of_status


class SegmentRecord(ctypes.Structure):
    """``swiftlet_segment``: what the callback of a segment is given."""

    _fields_ = [
        ("size", c_size_t),
        ("start", c_double),
        ("end", c_double),
        ("text", c_char_p),
        ("json", c_char_p),
    ]


JSON_CALLBACK = ctypes.CFUNCTYPE(c_int, c_void_p, c_char_p)
SEGMENT_CALLBACK = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(SegmentRecord))

# Result and arguments of each function. Strings that belong to the caller are c_void_p: ctypes would copy a c_char_p and
# lose the address that swiftlet_free needs.
_TEXT = POINTER(c_void_p)
_HANDLE = POINTER(c_void_p)
_SIGNATURES: Dict[str, Any] = {
    "version": (c_char_p, []),
    "free": (None, [c_void_p]),
    "cancellation_create": (c_void_p, []),
    "cancel": (None, [c_void_p]),
    "cancellation_free": (None, [c_void_p]),
    "load": (c_int, [c_char_p, c_char_p, JSON_CALLBACK, c_void_p, c_void_p, _HANDLE, _TEXT]),
    "model_free": (None, [c_void_p]),
    "model_information": (c_void_p, [c_void_p]),
    "audio_file": (c_void_p, [c_char_p]),
    "audio_bytes": (c_void_p, [c_void_p, c_size_t, c_char_p]),
    "audio_samples": (c_void_p, [c_void_p, c_size_t, c_int]),
    "audio_set": (c_int, [c_void_p, c_char_p, _TEXT]),
    "audio_free": (None, [c_void_p]),
    "transcribe": (
        c_int,
        [c_void_p, c_void_p, c_char_p, SEGMENT_CALLBACK, JSON_CALLBACK, c_void_p, c_void_p, _HANDLE, _TEXT],
    ),
    "transcript_format": (c_int, [c_void_p, c_char_p, c_char_p, _TEXT, _TEXT]),
    "transcript_free": (None, [c_void_p]),
    "check_options": (c_int, [c_void_p, c_char_p, _TEXT]),
    "detect_language": (c_int, [c_void_p, c_void_p, c_char_p, c_void_p, _TEXT, _TEXT]),
    "voice_activity": (c_int, [c_void_p, c_char_p, c_void_p, _TEXT, _TEXT]),
    "stream_open": (
        c_int,
        [c_void_p, c_char_p, c_char_p, c_int, JSON_CALLBACK, c_void_p, _HANDLE, _TEXT],
    ),
    "stream_push": (c_int, [c_void_p, POINTER(c_float), c_size_t, _TEXT]),
    "stream_finish": (c_int, [c_void_p, _TEXT]),
    "stream_free": (None, [c_void_p]),
}

_lock = threading.Lock()
_loaded: Optional[ctypes.CDLL] = None
_process = 0


def path() -> str:
    """Where the library is: in the package, unless ``SWIFTLET_LIBRARY`` names another."""
    suffix = "dylib" if sys.platform == "darwin" else "so"
    return os.environ.get("SWIFTLET_LIBRARY") or os.path.join(os.path.dirname(__file__), f"libswiftlet.{suffix}")


def library() -> ctypes.CDLL:
    """The library, with the types of its functions declared.

    Loading takes a few milliseconds, which `import swiftlet` doesn't spend.
    """
    global _loaded, _process
    with _lock:
        if _loaded is None:
            try:
                loaded = ctypes.CDLL(path())
            except OSError as error:
                raise SwiftletError(
                    f"The library of Swiftlet can't be loaded ({error}). Install the wheel, or set SWIFTLET_LIBRARY to "
                    "a libswiftlet that you built."
                ) from None
            for name, (result, arguments) in _SIGNATURES.items():
                function = getattr(loaded, f"swiftlet_{name}")
                function.restype = result
                function.argtypes = arguments
            _loaded, _process = loaded, os.getpid()
        elif _process != os.getpid():
            raise SwiftletError(
                "Swiftlet was used before this process was forked, and its threads did not come along. Start processes with "
                'multiprocessing.get_context("spawn"), or load models in the child alone.'
            )
        return _loaded


def call(name: str, *arguments: Any) -> None:
    """Calls a function whose last argument is its error; raises what it says."""
    error = c_void_p()
    status = getattr(library(), f"swiftlet_{name}")(*arguments, byref(error))
    message = take_text(error)
    if status != 0:
        raise of_status(status, message)


def take_text(text: Any) -> Optional[str]:
    """A string that belongs to the caller, who gives it back here."""
    if isinstance(text, c_void_p):
        # So that it is freed once only.
        address, text.value = text.value, None
    else:
        address = text
    if not address:
        return None
    try:
        return ctypes.string_at(address).decode("utf-8", "replace")
    finally:
        library().swiftlet_free(address)


def encoded(options: Mapping[str, Any]) -> Optional[bytes]:
    """Options as the library reads them: JSON, or nothing for the defaults."""
    if not options:
        return None
    try:
        return json.dumps(options, allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"The options {options!r} can't be passed on: {error}.") from None


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays, which JSON doesn't know."""
    for name in ("tolist", "item"):
        if hasattr(value, name):
            return getattr(value, name)()
    raise TypeError(f"{type(value).__name__} is no number, text or list")


class Handle:
    """Something of the library's that is freed with this object."""

    def __init__(self, value: Optional[int], free: str) -> None:
        self.value = value
        self._free = free

    def close(self) -> None:
        """Frees it now."""
        value, self.value = self.value, None
        # In a forked child the library must not be called.
        if value and _loaded is not None and _process == os.getpid():
            getattr(_loaded, f"swiftlet_{self._free}")(value)

    def __del__(self) -> None:
        # At the end of the program, modules may be gone already.
        try:
            self.close()
        except Exception:
            pass


class Cancellation(Handle):
    """Stops the calls it is given to, from any thread."""

    def __init__(self) -> None:
        super().__init__(library().swiftlet_cancellation_create(), "cancellation_free")

    def cancel(self) -> None:
        """Stops them within a fraction of a second."""
        if self.value:
            library().swiftlet_cancel(self.value)


def json_callback(receive: Callable[[Any], Optional[bool]], failed: Callable[[BaseException], None]) -> Any:
    """A C callback that is given JSON.

    Parameters
    ----------
    receive
        Given what was read; a true result stops the work.
    failed
        Given what `receive` raised, which stops the work too: an exception can't pass through the library.
    """

    def callback(_context: Optional[int], text: bytes) -> int:
        try:
            return 1 if receive(json.loads(text)) else 0
        except BaseException as error:  # KeyboardInterrupt included
            failed(error)
            return 1

    return JSON_CALLBACK(callback)
