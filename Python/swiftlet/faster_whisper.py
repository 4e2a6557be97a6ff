"""faster-whisper's interface on Swiftlet: change ``from faster_whisper import WhisperModel`` to ``from swiftlet.faster_whisper``.

Names, defaults, fields and errors are those of faster-whisper 1.2. What Swiftlet can't do is refused with an
`InvalidOptionsError`, which is a ValueError; docs/python.md lists that, and where results differ.
"""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Tuple,
    Union,
)

from . import _audio, _library, _model, _options
from . import _results as _swiftlet
from ._errors import InvalidOptionsError

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "BatchedInferencePipeline",
    "Segment",
    "TranscriptionInfo",
    "TranscriptionOptions",
    "VadOptions",
    "WhisperModel",
    "Word",
    "__version__",
    "available_models",
    "decode_audio",
    "download_model",
    "format_timestamp",
    "get_speech_timestamps",
]

# The version whose interface this is.
__version__ = "1.2.1"

_SAMPLING_RATE = 16000
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"
_TEMPERATURES = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
_TASKS = ("transcribe", "translate")
# Options that mean the same to Swiftlet.
_SAME_OPTIONS = (
    "beam_size",
    "best_of",
    "patience",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "suppress_blank",
    "suppress_tokens",
    "hotwords",
)

# faster-whisper's names of models; Swiftlet knows each by the same name.
_MODELS = (
    "tiny.en",
    "tiny",
    "base.en",
    "base",
    "small.en",
    "small",
    "medium.en",
    "medium",
    "large-v1",
    "large-v2",
    "large-v3",
    "large",
    "distil-large-v2",
    "distil-medium.en",
    "distil-small.en",
    "distil-large-v3",
    "distil-large-v3.5",
    "large-v3-turbo",
    "turbo",
)

# CTranslate2's types, as far as there is something like them here.
_PRECISIONS: Dict[str, Optional[str]] = {
    "default": None,
    "auto": None,
    "int8": "int8",
    "int8_float32": "int8",
    "int8_float16": "int8",
    "int8_bfloat16": "int8",
    "float16": "fp16",
    "bfloat16": "bf16",
    "float32": "fp32",
}


@dataclass
class Word:
    """A word and when it was said; times are seconds."""

    start: float
    end: float
    word: str
    probability: float

    def _asdict(self) -> Dict[str, Any]:
        warnings.warn("Word._asdict() is deprecated; use dataclasses.asdict(word).", DeprecationWarning, 2)
        return asdict(self)


@dataclass
class Segment:
    """What was said in one stretch; times are seconds, `seek` is frames of 10 ms."""

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
    temperature: Optional[float]

    def _asdict(self) -> Dict[str, Any]:
        warnings.warn("Segment._asdict() is deprecated; use dataclasses.asdict(segment).", DeprecationWarning, 2)
        return asdict(self)


@dataclass
class VadOptions:
    """How speech is told from silence."""

    threshold: float = 0.5
    neg_threshold: Optional[float] = None
    min_speech_duration_ms: int = 0
    max_speech_duration_s: float = float("inf")
    min_silence_duration_ms: int = 2000
    speech_pad_ms: int = 400


@dataclass
class TranscriptionOptions:
    """The options that a transcription was made with."""

    beam_size: int
    best_of: int
    patience: float
    length_penalty: float
    repetition_penalty: float
    no_repeat_ngram_size: int
    log_prob_threshold: Optional[float]
    no_speech_threshold: Optional[float]
    compression_ratio_threshold: Optional[float]
    condition_on_previous_text: bool
    prompt_reset_on_temperature: float
    temperatures: List[float]
    initial_prompt: Optional[Union[str, Iterable[int]]]
    prefix: Optional[str]
    suppress_blank: bool
    suppress_tokens: Optional[List[int]]
    without_timestamps: bool
    max_initial_timestamp: float
    word_timestamps: bool
    prepend_punctuations: str
    append_punctuations: str
    multilingual: bool
    max_new_tokens: Optional[int]
    clip_timestamps: Any
    hallucination_silence_threshold: Optional[float]
    hotwords: Optional[str]


@dataclass
class TranscriptionInfo:
    """What is known of a recording before its segments are."""

    language: str
    language_probability: float
    duration: float
    duration_after_vad: float
    all_language_probs: Optional[List[Tuple[str, float]]]
    transcription_options: TranscriptionOptions
    vad_options: Any


def _lazy(cls: type, name: str) -> None:
    """Lets a field be given as a function, which is called when the field is first read."""
    hidden = "_" + name

    def get(self: Any) -> Any:
        value = self.__dict__[hidden]
        if callable(value):
            value = self.__dict__[hidden] = value()
        return value

    def put(self: Any, value: Any) -> None:
        self.__dict__[hidden] = value

    setattr(cls, name, property(get, put))


# Looking for speech is a tenth of the work, and few programs ask.
_lazy(TranscriptionInfo, "duration_after_vad")


def available_models() -> List[str]:
    """The names of the models."""
    return list(_MODELS)


def format_timestamp(seconds: float, always_include_hours: bool = False, decimal_marker: str = ".") -> str:
    """A time as ``MM:SS.mmm``, with hours if there are any."""
    assert seconds >= 0, "seconds must not be negative"
    rest, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, seconds = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours:02d}:" if hours or always_include_hours else ""
    return f"{start}{minutes:02d}:{seconds:02d}{decimal_marker}{milliseconds:03d}"


def decode_audio(input_file: Union[str, BinaryIO], sampling_rate: int = 16000, split_stereo: bool = False) -> Any:
    """Decode a recording.

    Parameters
    ----------
    input_file : path or binary file
        In any format that FFmpeg reads.
    sampling_rate : int
        Of the result.
    split_stereo : bool
        Whether to give left and right instead of a mix.

    Returns
    -------
    numpy.ndarray or tuple of two
        Samples in [-1, 1] as float32.
    """
    import av
    import numpy as np

    resampler = av.AudioResampler(format="s16", layout="stereo" if split_stereo else "mono", rate=sampling_rate)
    pieces: List[Any] = []

    def add(frame: Any) -> None:
        for converted in resampler.resample(frame):
            pieces.append(converted.to_ndarray().reshape(-1))

    with _audio.open_media(input_file) as container:
        for packet in container.demux(audio=0):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in frames:
                # Samples follow each other, whatever the container's clock says.
                frame.pts = None
                add(frame)
        add(None)
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    audio = samples.astype(np.float32) / np.float32(32768)
    return (audio[0::2], audio[1::2]) if split_stereo else audio


def get_speech_timestamps(
    audio: np.ndarray[Any, Any],
    vad_options: Optional[VadOptions] = None,
    sampling_rate: int = 16000,
    **kwargs: Any,
) -> List[Dict[str, int]]:
    """Where somebody speaks, as the first and last sample of each stretch."""
    options = VadOptions(**kwargs) if vad_options is None else vad_options
    speech = _speech(audio, options, sampling_rate)
    return [{"start": round(one.start * sampling_rate), "end": round(one.end * sampling_rate)} for one in speech]


def download_model(
    size_or_id: str,
    output_dir: Optional[str] = None,
    local_files_only: bool = False,
    cache_dir: Optional[str] = None,
    revision: Optional[str] = None,
    use_auth_token: Optional[Union[str, bool]] = None,
) -> str:
    """Fetch a model, unless it is in the cache, and get its path.

    The cache is Swiftlet's: ``output_dir`` can't be chosen, ``cache_dir`` can.
    """
    _refuse("output_dir", output_dir, None, "models lie in a cache; choose where with cache_dir")
    paths: List[str] = []

    def note(step: _swiftlet.LoadProgress) -> None:
        if step.stage == "fetching" and step.step == "finished" and "path" in step.details:
            paths.append(step.details["path"])

    name = _model_name(size_or_id, revision, use_auth_token)
    _model.load(name, cache=cache_dir, offline=local_files_only, progress=note).close()
    if paths:
        return paths[-1]
    root = cache_dir or os.environ.get("SWIFTLET_CACHE")
    if not root:
        xdg = os.environ.get("XDG_CACHE_HOME", "")
        root = os.path.join(xdg if xdg.startswith("/") else os.path.expanduser("~/.cache"), "swiftlet")
    return os.path.join(root, "models", name)


class WhisperModel:
    """A Whisper model with faster-whisper's interface.

    Parameters
    ----------
    model_size_or_path : str
        A size (``"tiny.en"``, ``"large-v3"``), the folder of a model, or a repository of the Hugging Face hub.
    device : str
        ``"cpu"``, ``"cuda"``, or ``"auto"``, which is the CPU until Swiftlet's GPU kernels are proven.
    device_index : int
        Which GPU.
    compute_type : str
        ``"default"`` and ``"auto"`` are int8 here, and bfloat16 on a GPU;
        also ``"int8"``, ``"float16"``, ``"bfloat16"``, ``"float32"``.
    cpu_threads : int
        How many threads compute; 0 for one per physical core.
    num_workers : int
        How many recordings are transcribed at once, where several threads call `transcribe`.
    download_root : str, optional
        The folder of Swiftlet's cache.
    local_files_only : bool
        Whether to download nothing.
    files, use_auth_token
        Refused: give a path; set ``HF_TOKEN``.
    revision : str, optional
        Of a repository.
    """

    def __init__(
        self,
        model_size_or_path: str,
        device: str = "auto",
        device_index: Union[int, List[int]] = 0,
        compute_type: str = "default",
        cpu_threads: int = 0,
        num_workers: int = 1,
        download_root: Optional[str] = None,
        local_files_only: bool = False,
        files: Optional[Dict[str, Any]] = None,
        revision: Optional[str] = None,
        use_auth_token: Optional[Union[str, bool]] = None,
        **model_kwargs: Any,
    ) -> None:
        self.logger = logging.getLogger("faster_whisper")
        if device not in ("auto", "cpu", "cuda"):
            raise InvalidOptionsError(f'device {device!r} can\'t be used; give "cpu", "cuda" or "auto".')
        if not isinstance(device_index, int):
            raise InvalidOptionsError("device_index can't be a list: a model runs on one GPU; load one model for each.")
        if device != "cuda":
            _refuse("device_index", device_index, 0, "there is one CPU; leave it out")
        _refuse("files", files or None, None, "save the files to a folder, and give its path")
        for name in model_kwargs:
            raise InvalidOptionsError(f"{name} is an option of CTranslate2, which Swiftlet doesn't use; leave it out.")
        if compute_type not in _PRECISIONS:
            raise InvalidOptionsError(f"compute_type {compute_type!r} can't be used; choose among {', '.join(_PRECISIONS)}.")
        self._model = _model.load(
            _model_name(model_size_or_path, revision, use_auth_token),
            device=f"cuda:{device_index}" if device == "cuda" else device,
            precision=_PRECISIONS[compute_type],
            threads=cpu_threads or None,
            # The concurrency of faster-whisper's default is one call at a time, which Swiftlet has no reason to keep to.
            concurrency=max(4, num_workers),
            cache=download_root,
            offline=local_files_only,
        )
        # What programs read most of what faster-whisper keeps here.
        self.model = SimpleNamespace(
            is_multilingual=self._model.is_multilingual, device="cuda" if device == "cuda" else "cpu", device_index=[device_index]
        )
        self.feature_extractor = SimpleNamespace(
            sampling_rate=_SAMPLING_RATE, hop_length=160, chunk_length=30, n_samples=480000, nb_max_frames=3000
        )
        self.frames_per_second = 100
        self.tokens_per_second = 50
        self.time_precision = 0.02
        self.input_stride = 2
        self.num_samples_per_token = 320
        self.max_length = 448

    @property
    def supported_languages(self) -> List[str]:
        """The codes of the languages that the model knows."""
        return _language_codes(self._model)

    def transcribe(
        self,
        audio: Union[str, BinaryIO, np.ndarray[Any, Any]],
        language: Optional[str] = None,
        task: str = "transcribe",
        log_progress: bool = False,
        beam_size: int = 5,
        best_of: int = 5,
        patience: float = 1,
        length_penalty: float = 1,
        repetition_penalty: float = 1,
        no_repeat_ngram_size: int = 0,
        temperature: Union[float, List[float], Tuple[float, ...]] = _TEMPERATURES,
        compression_ratio_threshold: Optional[float] = 2.4,
        log_prob_threshold: Optional[float] = -1.0,
        no_speech_threshold: Optional[float] = 0.6,
        condition_on_previous_text: bool = True,
        prompt_reset_on_temperature: float = 0.5,
        initial_prompt: Optional[Union[str, Iterable[int]]] = None,
        prefix: Optional[str] = None,
        suppress_blank: bool = True,
        suppress_tokens: Optional[List[int]] = [-1],  # noqa: B006 (never changed; faster-whisper's default)
        without_timestamps: bool = False,
        max_initial_timestamp: float = 1.0,
        word_timestamps: bool = False,
        prepend_punctuations: str = _PREPENDED,
        append_punctuations: str = _APPENDED,
        multilingual: bool = False,
        vad_filter: bool = False,
        vad_parameters: Optional[Union[Dict[str, Any], VadOptions]] = None,
        max_new_tokens: Optional[int] = None,
        chunk_length: Optional[int] = None,
        clip_timestamps: Union[str, List[float]] = "0",
        hallucination_silence_threshold: Optional[float] = None,
        hotwords: Optional[str] = None,
        language_detection_threshold: Optional[float] = 0.5,
        language_detection_segments: int = 1,
    ) -> Tuple[Iterable[Segment], TranscriptionInfo]:
        """Transcribe a recording window by window, each with the text before it as a prompt.

        The parameters are faster-whisper's; those that can't be served are refused.

        Returns
        -------
        tuple
            A generator of `Segment`, which does the work while it is read, and a `TranscriptionInfo`.
        """
        if chunk_length not in (None, 30):
            raise InvalidOptionsError(
                "Whisper's windows have 30 s, so chunk_length can't be chosen; use BatchedInferencePipeline for shorter chunks."
            )
        filters = vad_filter and clip_timestamps == "0"
        vad_options: Any = vad_parameters
        if filters:
            vad_options = _vad_options(vad_parameters)
        given: Dict[str, Any] = {
            "condition_on_previous_text": condition_on_previous_text,
            "without_timestamps": without_timestamps,
            "max_initial_timestamp": max_initial_timestamp,
            "compression_ratio_threshold": compression_ratio_threshold,
            "log_prob_threshold": log_prob_threshold,
            "no_speech_threshold": no_speech_threshold,
            "temperature": list(temperature) if isinstance(temperature, (list, tuple)) else [temperature],
            "clip_timestamps": clip_timestamps,
            "prefix": prefix,
            "sequential": True,
            "vad_filter": filters,
        }
        if filters:
            given["vad_parameters"] = vad_options
        if word_timestamps:
            # Without the words' times it has no effect in faster-whisper.
            given["hallucination_silence_threshold"] = hallucination_silence_threshold
        if condition_on_previous_text:
            _refuse("prompt_reset_on_temperature", prompt_reset_on_temperature, 0.5, "leave it out")
        return _Call(self, audio, language, task, log_progress, multilingual).run(
            given,
            language_detection_threshold=language_detection_threshold,
            language_detection_segments=language_detection_segments,
            vad_options=vad_options,
            filtered_by=vad_options if filters else None,
            options=TranscriptionOptions(
                beam_size=beam_size,
                best_of=best_of,
                patience=patience,
                length_penalty=length_penalty,
                repetition_penalty=repetition_penalty,
                no_repeat_ngram_size=no_repeat_ngram_size,
                log_prob_threshold=log_prob_threshold,
                no_speech_threshold=no_speech_threshold,
                compression_ratio_threshold=compression_ratio_threshold,
                condition_on_previous_text=condition_on_previous_text,
                prompt_reset_on_temperature=prompt_reset_on_temperature,
                temperatures=given["temperature"],
                initial_prompt=initial_prompt,
                prefix=prefix,
                suppress_blank=suppress_blank,
                suppress_tokens=suppress_tokens,
                without_timestamps=without_timestamps,
                max_initial_timestamp=max_initial_timestamp,
                word_timestamps=word_timestamps,
                prepend_punctuations=prepend_punctuations,
                append_punctuations=append_punctuations,
                multilingual=multilingual and self._model.is_multilingual,
                max_new_tokens=max_new_tokens,
                clip_timestamps=clip_timestamps,
                hallucination_silence_threshold=hallucination_silence_threshold,
                hotwords=hotwords,
            ),
        )

    def detect_language(
        self,
        audio: Optional[np.ndarray[Any, Any]] = None,
        features: Optional[np.ndarray[Any, Any]] = None,
        vad_filter: bool = False,
        vad_parameters: Optional[Union[Dict[str, Any], VadOptions]] = None,
        language_detection_segments: int = 1,
        language_detection_threshold: Optional[float] = 0.5,
    ) -> Tuple[str, float, List[Tuple[str, float]]]:
        """Find the language of a recording.

        Parameters
        ----------
        audio : numpy.ndarray
            Samples at 16 kHz.
        features
            Refused: Swiftlet makes its own.
        vad_filter, vad_parameters
            Whether to leave out silence, and how it is told from speech.
        language_detection_segments : int
            How many windows of 30 s are listened to, at most.
        language_detection_threshold : float
            The probability that leaves no doubt.

        Returns
        -------
        tuple
            The code of the language, its probability, and the probabilities of all languages.
        """
        if audio is None and features is not None:
            raise InvalidOptionsError("features can't be used: Swiftlet makes its own; give the samples as audio.")
        assert audio is not None, "Give the samples as audio."
        if not self._model.is_multilingual:
            raise RuntimeError("The model is English-only, so there is no language to detect; use one without .en.")
        if vad_filter:
            import numpy as np

            pieces = [
                audio[round(one.start * _SAMPLING_RATE) : round(one.end * _SAMPLING_RATE)]
                for one in _speech(audio, _vad_options(vad_parameters))
            ]
            audio = np.concatenate(pieces) if pieces else audio
        return _detect(self._model, audio, language_detection_segments, language_detection_threshold)


class BatchedInferencePipeline:
    """Recordings cut into chunks of speech that are transcribed side by side, with faster-whisper's interface.

    Parameters
    ----------
    model : WhisperModel
    """

    def __init__(self, model: WhisperModel) -> None:
        self.model = model
        self.last_speech_timestamp = 0.0

    def transcribe(
        self,
        audio: Union[str, BinaryIO, np.ndarray[Any, Any]],
        language: Optional[str] = None,
        task: str = "transcribe",
        log_progress: bool = False,
        beam_size: int = 5,
        best_of: int = 5,
        patience: float = 1,
        length_penalty: float = 1,
        repetition_penalty: float = 1,
        no_repeat_ngram_size: int = 0,
        temperature: Union[float, List[float], Tuple[float, ...]] = _TEMPERATURES,
        compression_ratio_threshold: Optional[float] = 2.4,
        log_prob_threshold: Optional[float] = -1.0,
        no_speech_threshold: Optional[float] = 0.6,
        condition_on_previous_text: bool = True,
        prompt_reset_on_temperature: float = 0.5,
        initial_prompt: Optional[Union[str, Iterable[int]]] = None,
        prefix: Optional[str] = None,
        suppress_blank: bool = True,
        suppress_tokens: Optional[List[int]] = [-1],  # noqa: B006 (never changed; faster-whisper's default)
        without_timestamps: bool = True,
        max_initial_timestamp: float = 1.0,
        word_timestamps: bool = False,
        prepend_punctuations: str = _PREPENDED,
        append_punctuations: str = _APPENDED,
        multilingual: bool = False,
        vad_filter: bool = True,
        vad_parameters: Optional[Union[Dict[str, Any], VadOptions]] = None,
        max_new_tokens: Optional[int] = None,
        chunk_length: Optional[int] = None,
        clip_timestamps: Optional[List[Dict[str, float]]] = None,
        hallucination_silence_threshold: Optional[float] = None,
        batch_size: int = 8,
        hotwords: Optional[str] = None,
        language_detection_threshold: Optional[float] = 0.5,
        language_detection_segments: int = 1,
    ) -> Tuple[Iterable[Segment], TranscriptionInfo]:
        """Transcribe a recording in chunks of speech, several at a time.

        The parameters are faster-whisper's; those that can't be served are refused. As there, the first temperature alone is
        used, and thresholds, prefix and hallucination_silence_threshold have no effect. Segments are sentences, not chunks.

        Returns
        -------
        tuple
            A generator of `Segment`, which does the work while it is read, and a `TranscriptionInfo`.
        """
        model = self.model
        longest = chunk_length or 30
        first = list(temperature)[:1] if isinstance(temperature, (list, tuple)) else [temperature]
        given: Dict[str, Any] = {"temperature": first, "compression_ratio_threshold": None, "log_prob_threshold": None}
        call = _Call(model, audio, language, task, log_progress, multilingual)
        vad_options: Any = vad_parameters
        clips: Any = clip_timestamps
        if clip_timestamps:
            given["clip_timestamps"] = [time for clip in clip_timestamps for time in (clip["start"], clip["end"])]
            kept = sum(clip["end"] - clip["start"] for clip in clip_timestamps)
            clips = [{name: int(time * _SAMPLING_RATE) for name, time in clip.items()} for clip in clip_timestamps]
        elif vad_filter:
            if vad_parameters is None:
                vad_options = VadOptions(max_speech_duration_s=longest, min_silence_duration_ms=160)
            elif isinstance(vad_parameters, Mapping):
                others = {key: value for key, value in vad_parameters.items() if key != "max_speech_duration_s"}
                vad_options = VadOptions(**others, max_speech_duration_s=longest)
            given["vad_parameters"] = vad_options
            kept = None
        elif call.duration < longest:
            # One window, whether anybody speaks in it or not.
            given.update(sequential=True, condition_on_previous_text=False, without_timestamps=without_timestamps)
            kept = call.duration
            clips = [{"start": 0, "end": len(call.samples)}]
        else:
            raise RuntimeError(
                f"A recording of {call.duration:.0f} s can't be one chunk: set vad_filter=True, or give clip_timestamps."
            )
        if "sequential" not in given:
            given.update(chunk_length=longest, batch_size=batch_size)
        return call.run(
            given,
            language_detection_threshold=language_detection_threshold,
            language_detection_segments=language_detection_segments,
            vad_options=vad_options,
            filtered_by=vad_options if kept is None else None,
            kept=kept,
            options=TranscriptionOptions(
                beam_size=beam_size,
                best_of=best_of,
                patience=patience,
                length_penalty=length_penalty,
                repetition_penalty=repetition_penalty,
                no_repeat_ngram_size=no_repeat_ngram_size,
                log_prob_threshold=log_prob_threshold,
                no_speech_threshold=no_speech_threshold,
                compression_ratio_threshold=compression_ratio_threshold,
                # What faster-whisper says here whatever it is given.
                condition_on_previous_text=False,
                prompt_reset_on_temperature=0.5,
                temperatures=first,
                initial_prompt=initial_prompt,
                prefix=prefix,
                suppress_blank=suppress_blank,
                suppress_tokens=suppress_tokens,
                without_timestamps=without_timestamps,
                max_initial_timestamp=0.0,
                word_timestamps=word_timestamps,
                prepend_punctuations=prepend_punctuations,
                append_punctuations=append_punctuations,
                multilingual=multilingual and model._model.is_multilingual,
                max_new_tokens=max_new_tokens,
                clip_timestamps=clips,
                hallucination_silence_threshold=None,
                hotwords=hotwords,
            ),
        )


class _Call:
    """One call of either `transcribe`: the recording, and its language."""

    def __init__(
        self, model: WhisperModel, audio: Any, language: Optional[str], task: str, log_progress: bool, multilingual: bool
    ) -> None:
        import numpy as np

        self.model = model._model
        self.logger = model.logger
        self.log_progress = log_progress
        if multilingual and not self.model.is_multilingual:
            self.logger.warning("The model is English-only, so multilingual=True has no effect.")
            multilingual = False
        self.multilingual = multilingual
        self.samples = audio if isinstance(audio, np.ndarray) else decode_audio(audio)
        self.duration = self.samples.shape[0] / _SAMPLING_RATE
        self.logger.info("Transcribing %s of sound", format_timestamp(self.duration))
        if not self.model.is_multilingual:
            if language not in (None, "en"):
                self.logger.warning("The model is English-only; 'en' is used instead of language='%s'.", language)
            language, task = None, "transcribe"
        else:
            if task not in _TASKS:
                raise ValueError(f"There is no task {task!r}; choose transcribe or translate.")
            codes = _language_codes(self.model)
            if language is not None and language not in codes:
                raise ValueError(f"The model knows no language {language!r}; give one of the codes {', '.join(codes)}.")
        self.language, self.task = language, task

    def run(
        self,
        given: Dict[str, Any],
        *,
        language_detection_threshold: Optional[float],
        language_detection_segments: int,
        vad_options: Any,
        filtered_by: Any,
        options: TranscriptionOptions,
        kept: Optional[float] = None,
    ) -> Tuple[Iterator[Segment], TranscriptionInfo]:
        """Checks what the two have in common, finds the language, and begins."""
        if options.initial_prompt is not None and not isinstance(options.initial_prompt, str):
            raise InvalidOptionsError("initial_prompt can't be token numbers here; give it as text.")
        if options.length_penalty not in (0, 1):
            raise InvalidOptionsError(
                "length_penalty can only be 1 (by the length) or 0 (none) here; swiftlet.Model.transcribe has openai-whisper's."
            )
        _refuse("max_new_tokens", options.max_new_tokens, None, "leave it out; Whisper stops by itself")
        if options.word_timestamps:
            _refuse("prepend_punctuations", options.prepend_punctuations, _PREPENDED, "leave it out")
            _refuse("append_punctuations", options.append_punctuations, _APPENDED, "leave it out")
        common = {name: getattr(options, name) for name in _SAME_OPTIONS}
        arguments: Dict[str, Any] = {
            **{name: value for name, value in common.items() if value is not None or name == "suppress_tokens"},
            **{name: value for name, value in given.items() if value is not None or "threshold" in name},
            "task": self.task,
            "word_timestamps": options.word_timestamps,
            "length_penalty": None if options.length_penalty == 1 else 0,
        }
        if options.initial_prompt is not None:
            arguments["initial_prompt"] = options.initial_prompt
        language, probability, probabilities = self._language(language_detection_segments, language_detection_threshold)
        if self.multilingual:
            arguments["multilingual"] = True
        elif self.model.is_multilingual:
            arguments["language"] = language
        # Whatever can't be served is refused now, not when the first segment is asked for.
        checked = _options.transcription(arguments)
        _library.call("check_options", self.model._open().value, _library.encoded(checked))
        after: Any = kept
        if after is None:
            after = self.duration
            if filtered_by is not None:
                samples = self.samples

                def after() -> float:
                    return sum(one.end - one.start for one in _speech(samples, filtered_by))

        info = TranscriptionInfo(
            language=language,
            language_probability=probability,
            duration=self.duration,
            duration_after_vad=after,
            all_language_probs=probabilities,
            transcription_options=options,
            vad_options=vad_options,
        )
        return self._segments(arguments, options.word_timestamps), info

    def _language(self, segments: int, threshold: Optional[float]) -> Tuple[str, float, Optional[List[Tuple[str, float]]]]:
        if not self.model.is_multilingual:
            return "en", 1, None
        if self.language is not None:
            return self.language, 1, None
        language, probability, probabilities = _detect(self.model, self.samples, segments, threshold)
        self.logger.info("The language is %s, with a probability of %.2f", language, probability)
        return language, probability, probabilities

    def _segments(self, arguments: Dict[str, Any], has_words: bool) -> Iterator[Segment]:
        # Nothing can be heard in less than a frame.
        if self.samples.shape[0] < 160:
            return
        transcription = self.model.transcribe(self.samples, progress=self.log_progress, **arguments)
        try:
            for number, segment in enumerate(transcription, start=1):
                words = [Word(word.start, word.end, word.word, word.probability) for word in segment.words or []]
                yield Segment(
                    id=number,
                    seek=segment.seek,
                    start=segment.start,
                    end=segment.end,
                    text=segment.text,
                    tokens=segment.tokens,
                    avg_logprob=segment.avg_logprob,
                    compression_ratio=segment.compression_ratio,
                    no_speech_prob=segment.no_speech_prob,
                    words=words if has_words else None,
                    temperature=segment.temperature,
                )
        finally:
            transcription.close()


def _detect(
    model: _model.Model, samples: Any, segments: int, threshold: Optional[float]
) -> Tuple[str, float, List[Tuple[str, float]]]:
    """The language of the first window that leaves no doubt, or else the one that most windows are in."""
    votes: Dict[str, List[float]] = {}
    probabilities: List[Tuple[str, float]] = []
    window = 30 * _SAMPLING_RATE
    for number in range(max(1, segments)):
        piece = samples[number * window : (number + 1) * window]
        if number > 0 and piece.shape[0] == 0:
            break
        if piece.shape[0] < 160:
            import numpy as np

            piece = np.zeros(1600, np.float32)
        found = model.detect_language(piece)
        probabilities = [(one.language, one.probability) for one in found]
        language, probability = probabilities[0]
        if probability > (0.0 if threshold is None else threshold):
            return language, probability, probabilities
        votes.setdefault(language, []).append(probability)
    language = max(votes, key=lambda one: len(votes[one]))
    return language, max(votes[language]), probabilities


def _speech(samples: Any, options: Any, sampling_rate: int = _SAMPLING_RATE) -> List[_swiftlet.SpeechRange]:
    values = {name: getattr(options, name) for name in VadOptions.__dataclass_fields__}
    activity: Callable[..., _swiftlet.VoiceActivity] = _model.voice_activity
    if samples.shape[0] < 160:
        return []
    return activity(samples, sampling_rate=sampling_rate, **values).speech


def _vad_options(given: Any) -> Any:
    return VadOptions(**(given or {})) if given is None or isinstance(given, Mapping) else given


def _language_codes(model: _model.Model) -> List[str]:
    return sorted(model.languages, key=lambda code: (len(code), code)) if model.is_multilingual else ["en"]


def _model_name(name: str, revision: Optional[str], token: Any) -> str:
    _refuse("use_auth_token", token, None, "set HF_TOKEN in the environment, or run `hf auth login`")
    name = os.fspath(name)
    if os.path.exists(name):
        return name
    if "/" in name:
        return f"{name}@{revision}" if revision else name
    if name not in _MODELS:
        raise ValueError(f"There is no model {name!r}; give a path, OWNER/NAME, or one of {', '.join(_MODELS)}.")
    _refuse("revision", revision, None, "name the repository, as in openai/whisper-small, to choose a revision of it")
    return name


def _refuse(name: str, value: Any, default: Any, instead: str) -> None:
    if value != default:
        raise InvalidOptionsError(f"{name}={value!r} can't be served by Swiftlet; {instead}.")
