"""Transcribe audio and video with OpenAI's Whisper, on your CPU.

>>> import swiftlet
>>> model = swiftlet.load("tiny.en")
>>> for segment in model.transcribe("talk.flac"):
...     print(segment.start, segment.text)
"""

from ._errors import (
    CancelledError,
    ExistingFileError,
    FileNotWrittenError,
    IncompleteAudioError,
    InvalidArgumentError,
    InvalidOptionsError,
    ModelNotFetchedError,
    ModelNotFoundError,
    OtherError,
    SwiftletError,
    UnreadableAudioError,
    UnsupportedMachineError,
    UnusableEngineError,
    UnusableModelError,
)
from ._model import (
    AsyncTranscription,
    Model,
    Transcription,
    load,
    load_async,
    voice_activity,
    voice_activity_async,
)
from ._results import (
    LanguageProbability,
    LoadProgress,
    Progress,
    Segment,
    SpeechRange,
    StreamingUpdate,
    TranscriptionInfo,
    VoiceActivity,
    Word,
)
from ._stream import AsyncStream, Stream
from ._version import __version__

__all__ = [
    "AsyncStream",
    "AsyncTranscription",
    "CancelledError",
    "ExistingFileError",
    "FileNotWrittenError",
    "IncompleteAudioError",
    "InvalidArgumentError",
    "InvalidOptionsError",
    "LanguageProbability",
    "LoadProgress",
    "Model",
    "ModelNotFetchedError",
    "ModelNotFoundError",
    "OtherError",
    "Progress",
    "Segment",
    "SpeechRange",
    "Stream",
    "StreamingUpdate",
    "SwiftletError",
    "Transcription",
    "TranscriptionInfo",
    "UnreadableAudioError",
    "UnsupportedMachineError",
    "UnusableEngineError",
    "UnusableModelError",
    "VoiceActivity",
    "Word",
    "__version__",
    "load",
    "load_async",
    "voice_activity",
    "voice_activity_async",
]
