"""Options by faster-whisper's names, mapped onto the library's TranscriptionOptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ._errors import InvalidOptionsError

if TYPE_CHECKING:
    from typing_extensions import Literal, TypedDict
else:
    TypedDict = dict


if TYPE_CHECKING:

    class VadParameters(TypedDict, total=False):
        """How speech is told from silence, named as in faster-whisper's `VadOptions`."""

        threshold: float
        neg_threshold: Optional[float]
        min_speech_duration_ms: float
        max_speech_duration_s: Optional[float]
        min_silence_duration_ms: float
        min_silence_at_max_speech_ms: float
        speech_pad_ms: float

    class TranscribeOptions(TypedDict, total=False):
        """What `Model.transcribe` takes by name."""

        language: Optional[str]
        task: Literal["transcribe", "translate"]
        multilingual: bool
        language_candidates: Sequence[str]
        initial_prompt: Optional[str]
        carry_initial_prompt: bool
        prefix: Optional[str]
        hotwords: Optional[str]
        clip_timestamps: Union[str, Sequence[float]]
        sequential: bool
        beam_size: Optional[int]
        best_of: int
        patience: float
        length_penalty: Optional[float]
        seed: int
        suppress_tokens: Optional[Sequence[int]]
        suppress_blank: bool
        repetition_penalty: float
        no_repeat_ngram_size: int
        temperature: Union[float, Sequence[float]]
        compression_ratio_threshold: Optional[float]
        log_prob_threshold: Optional[float]
        no_speech_threshold: Optional[float]
        word_timestamps: bool
        align_words: bool
        hallucination_silence_threshold: Optional[float]
        without_timestamps: bool
        max_initial_timestamp: Optional[float]
        condition_on_previous_text: Optional[bool]
        padding: Literal["silence", "zeros"]
        tail: Optional[Literal["fold", "exact"]]
        tail_margin: float
        tail_step: int
        vad_filter: bool
        vad_parameters: Optional[Union[VadParameters, Mapping[str, Any]]]
        chunk_length: float
        batch_size: int
        hallucination_guard: bool
        omission_guard: bool

    class StreamOptions(TranscribeOptions, total=False):
        """What `Model.stream` takes by name."""

        step: float
        buffer_limit: float
        skip_steps: bool
        detect_silence: bool
        paced: bool

    class SubtitleOptions(TypedDict, total=False):
        """The shape of subtitles."""

        cues: Literal["subtitles", "segments"]
        max_line_width: Optional[int]
        max_line_count: Optional[int]
        max_words_per_line: Optional[int]
        highlight_words: bool
        word_times: bool


def _same(value: Any) -> Any:
    return value


def _clips(value: Any) -> List[float]:
    parts = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else list(value)
    try:
        times = [float(part) for part in parts]
    except (TypeError, ValueError):
        raise InvalidOptionsError(f"clip_timestamps must be start,end,start,end... in seconds, not {value!r}.") from None
    # faster-whisper's default, "0", is the whole recording.
    return [] if times == [0] else times


def _temperatures(value: Any) -> List[float]:
    try:
        return [float(value)] if isinstance(value, (int, float)) else [float(one) for one in value]
    except (TypeError, ValueError):
        raise InvalidOptionsError(f"temperature must be a number or a list of numbers, not {value!r}.") from None


def _tokens(value: Any) -> List[int]:
    return [] if value is None else [int(token) for token in value]


def _text(name: str) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if value is not None and not isinstance(value, str):
            raise InvalidOptionsError(f"{name} must be text, not {type(value).__name__}; token numbers aren't taken.")
        return value

    return convert


_Field = Tuple[str, str, Callable[[Any], Any]]

# The group of the library's options (empty: none), the name in it, and how the value is converted. Where they mean the same,
# None stands for the library's null.
_FIELDS: Dict[str, _Field] = {
    "language": ("", "language", _same),
    "task": ("", "task", _same),
    "multilingual": ("", "detectLanguagePerWindow", bool),
    "language_candidates": ("", "languageCandidates", list),
    "initial_prompt": ("", "initialPrompt", _text("initial_prompt")),
    "carry_initial_prompt": ("", "carryInitialPrompt", bool),
    "prefix": ("", "prefix", _text("prefix")),
    "hotwords": ("", "hotwords", _text("hotwords")),
    "clip_timestamps": ("", "clipTimestamps", _clips),
    "sequential": ("", "sequential", bool),
    "beam_size": ("decoding", "beamSize", _same),
    "best_of": ("decoding", "bestOf", _same),
    "patience": ("decoding", "patience", _same),
    "length_penalty": ("decoding", "lengthPenalty", _same),
    "seed": ("decoding", "seed", _same),
    "suppress_tokens": ("decoding", "suppressTokens", _tokens),
    "suppress_blank": ("decoding", "suppressBlank", bool),
    "repetition_penalty": ("decoding", "repetitionPenalty", _same),
    "no_repeat_ngram_size": ("decoding", "noRepeatNgramSize", _same),
    "temperature": ("fallback", "temperatures", _temperatures),
    "compression_ratio_threshold": ("fallback", "compressionRatioThreshold", _same),
    "log_prob_threshold": ("fallback", "logProbabilityThreshold", _same),
    "no_speech_threshold": ("fallback", "noSpeechThreshold", _same),
    "word_timestamps": ("words", "timestamps", bool),
    "align_words": ("words", "aligned", bool),
    "hallucination_silence_threshold": ("words", "hallucinationSilenceThreshold", _same),
    "without_timestamps": ("windows", "timestamps", lambda value: not value),
    "max_initial_timestamp": ("windows", "maxInitialTimestamp", _same),
    "condition_on_previous_text": ("windows", "conditionOnPreviousText", _same),
    "padding": ("windows", "padding", _same),
    "tail": ("windows", "tail", _same),
    "tail_margin": ("windows", "tailMargin", _same),
    "tail_step": ("windows", "tailStep", _same),
    "chunk_length": ("voiceActivity", "chunkLength", _same),
    "batch_size": ("voiceActivity", "batchSize", _same),
    "hallucination_guard": ("voiceActivity", "hallucinationGuard", bool),
    "omission_guard": ("voiceActivity", "omissionGuard", bool),
}

# These depend on each other.
_OTHER_NAMES = ("vad_filter", "vad_parameters")

_STREAMING = {
    "step": "step",
    "buffer_limit": "bufferLimit",
    "skip_steps": "skipsSteps",
    "detect_silence": "detectsSilence",
    "paced": "paced",
}

_SUBTITLES = {
    "cues": "cues",
    "max_line_width": "maxLineWidth",
    "max_line_count": "maxLineCount",
    "max_words_per_line": "maxWordsPerLine",
    "highlight_words": "highlightWords",
    "word_times": "wordTimes",
}


def _milliseconds(value: Any) -> float:
    return float(value) / 1000


def _limit(value: Any) -> Optional[float]:
    return None if value is None or value == float("inf") else float(value)


_VAD: Dict[str, Tuple[str, Callable[[Any], Any]]] = {
    "threshold": ("threshold", _same),
    "neg_threshold": ("exitThreshold", _same),
    "min_speech_duration_ms": ("minimumSpeech", _milliseconds),
    "max_speech_duration_s": ("maximumSpeech", _limit),
    "min_silence_duration_ms": ("minimumSilence", _milliseconds),
    "min_silence_at_max_speech_ms": ("minimumSilenceAtCut", _milliseconds),
    "speech_pad_ms": ("padding", _milliseconds),
}

# What vad_parameters start from: VoiceActivityOptions.chunks and .filter, which have faster-whisper's defaults.
CHUNK_RULES: Dict[str, Any] = {"minimumSpeech": 0, "maximumSpeech": 30, "minimumSilence": 0.16, "padding": 0.4}
FILTER_RULES: Dict[str, Any] = {"minimumSpeech": 0, "minimumSilence": 2, "padding": 0.4}


def transcription(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The library's TranscriptionOptions for options by their names here.

    Raises
    ------
    InvalidOptionsError
        If there is no such option. Values and combinations are checked by the library.
    """
    _check(options, (*_FIELDS, *_OTHER_NAMES))
    result: Dict[str, Any] = {}
    for name, value in options.items():
        if name in _FIELDS:
            group, key, convert = _FIELDS[name]
            (result.setdefault(group, {}) if group else result)[key] = convert(value)
    sequential = bool(options.get("sequential"))
    filters = options.get("vad_filter")
    if sequential:
        if filters is not None:
            result.setdefault("voiceActivity", {})["filter"] = bool(filters)
    elif filters is not None and not filters:
        raise InvalidOptionsError(
            "Recordings are cut where nobody speaks, so vad_filter can't be False; add sequential=True to hear all of it."
        )
    if options.get("vad_parameters") is not None:
        if sequential and not filters:
            raise InvalidOptionsError("With sequential=True, vad_parameters need vad_filter=True.")
        rules = voice_activity(options["vad_parameters"], FILTER_RULES if sequential else CHUNK_RULES)
        result.setdefault("voiceActivity", {})["rules"] = rules
    return result


def voice_activity(parameters: Any, defaults: Mapping[str, Any]) -> Dict[str, Any]:
    """The library's VoiceActivityOptions for a dictionary, or an object with such attributes."""
    if not isinstance(parameters, Mapping):
        parameters = {name: getattr(parameters, name) for name in _VAD if hasattr(parameters, name)}
    _check(parameters, _VAD, "vad_parameters")
    result = dict(defaults)
    for name, value in parameters.items():
        key, convert = _VAD[name]
        try:
            result[key] = convert(value)
        except (TypeError, ValueError):
            raise InvalidOptionsError(f"{name} must be a number, not {value!r}.") from None
    return result


def streaming(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The library's StreamingOptions."""
    _check(options, _STREAMING)
    return {_STREAMING[name]: value for name, value in options.items()}


def subtitles(options: Mapping[str, Any]) -> Dict[str, Any]:
    """The library's SubtitleOptions."""
    _check(options, _SUBTITLES)
    return {_SUBTITLES[name]: value for name, value in options.items()}


def split_streaming(options: Mapping[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Options of a stream, divided into those of transcribing and those of following live sound."""
    own = {name: value for name, value in options.items() if name in _STREAMING}
    others = {name: value for name, value in options.items() if name not in _STREAMING}
    _check(others, (*_FIELDS, *_OTHER_NAMES, *_STREAMING))
    return transcription(others), streaming(own)


def names() -> List[str]:
    """The names of all options of `Model.transcribe`."""
    return [*_FIELDS, *_OTHER_NAMES]


def vad_names() -> List[str]:
    """The names of the parameters of voice activity."""
    return list(_VAD)


def _check(options: Mapping[str, Any], known: Any, where: str = "") -> None:
    for name in options:
        if name in known:
            continue
        import difflib

        near = difflib.get_close_matches(str(name), known, n=1)
        among = f" in {where}" if where else ""
        hint = f"did you mean {near[0]}?" if near else f"the options are {', '.join(known)}."
        raise InvalidOptionsError(f"There is no option {name!r}{among}; {hint}")
