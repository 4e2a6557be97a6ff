"""What a transcription gives: segments, words and what is known of the recording, named as in faster-whisper."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional


@dataclass
class Word:
    """A word and when it was said.

    Attributes
    ----------
    start, end : float
        Seconds from the start of the recording.
    word : str
        The word with the space before it and the punctuation that belongs to it.
    probability : float
        How probable the model found it, from 0 to 1.
    """

    start: float
    end: float
    word: str
    probability: float

    @classmethod
    def _of(cls, fields: Mapping[str, Any]) -> Word:
        return cls(float(fields["start"]), float(fields["end"]), fields["word"], _number(fields.get("probability")))


@dataclass
class Segment:
    """What was said in one stretch of a recording.

    Attributes
    ----------
    id : int
        The number of the segment, from 0 on.
    seek : int
        Where the window begins that it was heard in, in frames of 10 ms.
    start, end : float
        Seconds from the start of the recording.
    text : str
        The words, with the space before them, so that the texts of all segments can be joined.
    tokens : list of int
        The model's tokens behind the words, without timestamps.
    avg_logprob : float
        The mean log-probability of a token, over the window's whole hypothesis.
    compression_ratio : float
        How well the text of the window compresses; past 2.4 it most likely repeats itself.
    no_speech_prob : float
        How probable the model found it that nobody speaks in the window.
    words : list of Word or None
        The words and when each was said; None unless asked for.
    temperature : float
        The temperature it was decoded at.
    language : str or None
        The code of its language.
    language_probability : float or None
        How probable that language was when it was detected; None if it was given.
    token_logprobs : list of float
        The log-probability of each token.
    channel : int or None
        The channel it was said in, from 1 on; None unless channels were transcribed separately.
    """

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: List[int]
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: Optional[List[Word]]
    temperature: float
    language: Optional[str] = None
    language_probability: Optional[float] = None
    token_logprobs: List[float] = field(default_factory=list, repr=False)
    channel: Optional[int] = None

    @classmethod
    def _of(cls, fields: Mapping[str, Any]) -> Segment:
        words = fields.get("words")
        return cls(
            id=fields["id"],
            seek=fields["seek"],
            start=float(fields["start"]),
            end=float(fields["end"]),
            text=fields["text"],
            tokens=fields["tokens"],
            avg_logprob=_number(fields.get("avg_logprob")),
            compression_ratio=_number(fields.get("compression_ratio")),
            no_speech_prob=_number(fields.get("no_speech_prob")),
            words=None if words is None else [Word._of(word) for word in words],
            temperature=_number(fields.get("temperature")),
            language=fields.get("language"),
            language_probability=fields.get("language_probability"),
            token_logprobs=[_number(value, float("-inf")) for value in fields.get("token_logprobs", [])],
            channel=fields.get("channel"),
        )

    def to_dict(self) -> Dict[str, Any]:
        """The segment as plain dictionaries, lists and numbers, for JSON or a table."""
        return asdict(self)


@dataclass
class TranscriptionInfo:
    """What is known of a recording and of how it was transcribed.

    Attributes
    ----------
    language : str or None
        The code of the language that was given or detected; None if nobody speaks.
    language_probability : float or None
        How probable that language was when it was detected; None if it was given.
    duration : float
        Seconds of sound.
    transcription_options : dict
        The options that were given, as the library has them.
    notices : list of str
        What a listener should know of the recording, a sentence each: tracks that were not chosen, stretches without audio.
    timings : dict
        Where the time went, in seconds, and how many windows and tokens there were.
    """

    language: Optional[str]
    language_probability: Optional[float]
    duration: float
    transcription_options: Dict[str, Any]
    notices: List[str] = field(default_factory=list)
    timings: Dict[str, float] = field(default_factory=dict)


@dataclass
class Progress:
    """How far a transcription has come.

    Attributes
    ----------
    position : float
        Seconds of sound that are done.
    duration : float or None
        Seconds of sound in all, where the recording says so.
    notices : list of str
        As in `TranscriptionInfo`.
    """

    position: float
    duration: Optional[float]
    notices: List[str] = field(default_factory=list)


@dataclass
class LoadProgress:
    """A step of loading a model.

    Attributes
    ----------
    stage : str
        ``"fetching"`` or ``"building"``.
    step : str
        What is being done, such as ``"downloading"``, ``"verifying"`` or ``"written"``.
    done, total : int or None
        Bytes, where the step has them.
    details : dict
        What else belongs to the step: ``source``, ``file``, ``model``, ``reason``.
    """

    stage: str
    step: str
    done: Optional[int]
    total: Optional[int]
    details: Dict[str, Any]


@dataclass
class LanguageProbability:
    """How probable it is that a language is spoken.

    Attributes
    ----------
    language : str
        Its code, such as ``"en"``.
    name : str
        Its English name, in lower case.
    probability : float
        From 0 to 1.
    """

    language: str
    name: str
    probability: float


@dataclass
class SpeechRange:
    """A stretch in which somebody speaks; times are seconds."""

    start: float
    end: float


@dataclass
class VoiceActivity:
    """Where somebody speaks in a recording.

    Attributes
    ----------
    duration : float
        Seconds of sound.
    speech : list of SpeechRange
        The stretches of speech, in order.
    """

    duration: float
    speech: List[SpeechRange]


@dataclass
class StreamingUpdate:
    """What was heard of live sound in one step. The texts of all committed words put together are the transcript.

    Attributes
    ----------
    committed : list of Word
        Words that are certain since the update before; they never change any more.
    partial : list of Word
        The guess at what comes after; the next update replaces it.
    position : float
        Seconds from the start of the sound to the end of what was heard.
    elapsed : float
        Seconds that the step took.
    language : str or None
        The code of the language that was given or detected.
    language_probability : float or None
        How probable that language was when it was detected; None if it was given.
    notices : list of str
        As in `TranscriptionInfo`.
    """

    committed: List[Word]
    partial: List[Word]
    position: float
    elapsed: float
    language: Optional[str] = None
    language_probability: Optional[float] = None
    notices: List[str] = field(default_factory=list)

    @classmethod
    def _of(cls, fields: Mapping[str, Any]) -> StreamingUpdate:
        return cls(
            committed=[Word._of(word) for word in fields.get("committed", [])],
            partial=[Word._of(word) for word in fields.get("partial", [])],
            position=float(fields["position"]),
            elapsed=float(fields["elapsed"]),
            language=fields.get("language"),
            language_probability=fields.get("language_probability"),
            notices=fields.get("notices", []),
        )


def _number(value: Optional[float], missing: float = float("nan")) -> float:
    """JSON has no infinities (they are missing, or null), and writes whole numbers as integers."""
    return missing if value is None else float(value)
