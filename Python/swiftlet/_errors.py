"""The exceptions of the package: one base class, and one class for each status of the library."""

from __future__ import annotations

from typing import Dict, List, Optional, Type


class SwiftletError(Exception):
    """What every exception of this package is.

    Attributes
    ----------
    code : str
        The kind of error as the library names it, such as ``"unreadable_audio"``.
    """

    code: str = "other"


class CancelledError(SwiftletError):
    """The work was stopped: by ``close``, by a dropped iterator, or at the end of the program."""

    code = "cancelled"


class InvalidArgumentError(SwiftletError, ValueError):
    """An argument is of the wrong kind, or something is used after it was closed."""

    code = "invalid_argument"


class OtherError(SwiftletError):
    """An error of no other kind."""

    code = "other"


class InvalidOptionsError(SwiftletError, ValueError):
    """An option is unknown, out of range, at odds with another, or nothing that this model can do."""

    code = "invalid_options"


class UnreadableAudioError(SwiftletError):
    """The audio can't be found or opened, or holds nothing that can be decoded."""

    code = "unreadable_audio"


class IncompleteAudioError(SwiftletError):
    """The audio is damaged or ends early; everything before that was transcribed and delivered."""

    code = "incomplete_audio"


class ModelNotFoundError(SwiftletError):
    """There is no model of this name or at this path."""

    code = "model_not_found"


class ModelNotFetchedError(SwiftletError):
    """The model could not be downloaded."""

    code = "model_not_fetched"


class UnusableModelError(SwiftletError):
    """The model is damaged, incomplete, or of a kind that can't be used."""

    code = "unusable_model"


class UnusableEngineError(SwiftletError):
    """The engine in the cache is damaged or of another version; it has to be built again."""

    code = "unusable_engine"


class ExistingFileError(SwiftletError, FileExistsError):
    """A file exists and must not be replaced."""

    code = "file_exists"


class FileNotWrittenError(SwiftletError, OSError):
    """A file or folder can't be written."""

    code = "file_not_written"


class UnsupportedMachineError(SwiftletError):
    """This machine can't do it: an instruction set or memory is missing."""

    code = "unsupported_machine"


# By the numbers in swiftlet.h, from 1 on; a number that a later library adds is `OtherError`.
_BY_STATUS: List[Type[SwiftletError]] = [
    CancelledError,
    InvalidArgumentError,
    OtherError,
    InvalidOptionsError,
    UnreadableAudioError,
    IncompleteAudioError,
    ModelNotFoundError,
    ModelNotFetchedError,
    UnusableModelError,
    UnusableEngineError,
    ExistingFileError,
    FileNotWrittenError,
    UnsupportedMachineError,
]
BY_CODE: Dict[str, Type[SwiftletError]] = {kind.code: kind for kind in _BY_STATUS}


def of_status(status: int, message: Optional[str]) -> SwiftletError:
    """The exception for a status of the library other than OK."""
    kind = _BY_STATUS[status - 1] if 0 < status <= len(_BY_STATUS) else OtherError
    return kind(message or ("The work was stopped." if kind is CancelledError else "The library gave no reason."))
