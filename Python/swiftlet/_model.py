"""Models: loading them, and what they do with recordings."""

from __future__ import annotations

import json
import os
import threading
from ctypes import byref, c_void_p
from typing import TYPE_CHECKING, Any, Callable, Dict, Generator, Iterator, List, Mapping, Optional, TypeVar, Union

from . import _options
from ._audio import Source
from ._errors import CancelledError, InvalidArgumentError, InvalidOptionsError, SwiftletError, of_status
from ._library import Cancellation, Handle, call, encoded, json_callback, library, take_text
from ._progress import reporter
from ._results import (
    LanguageProbability,
    LoadProgress,
    Progress,
    Segment,
    SpeechRange,
    TranscriptionInfo,
    VoiceActivity,
)
from ._work import Work

if TYPE_CHECKING:
    import asyncio

    from typing_extensions import Unpack

    from ._audio import Audio
    from ._options import StreamOptions, SubtitleOptions, TranscribeOptions, VadParameters
    from ._stream import AsyncStream, Stream

_Value = TypeVar("_Value")
Precision = Union[str, Mapping[str, str], None]
ProgressOption = Union[bool, Callable[[Progress], Any], None]
LoadProgressOption = Union[bool, Callable[[LoadProgress], Any], None]


def load(
    model: Union[str, "os.PathLike[str]"] = "tiny.en",
    *,
    device: str = "auto",
    precision: Precision = None,
    threads: Optional[int] = None,
    concurrency: int = 4,
    cache: Union[str, "os.PathLike[str]", None] = None,
    offline: bool = False,
    progress: LoadProgressOption = None,
) -> Model:
    """Load a model; the first time, it is downloaded and converted into the form that runs.

    Parameters
    ----------
    model : str or path
        A name (``"tiny.en"``, ``"base"``, ``"large-v3-turbo"``), a repository of the Hugging Face hub
        (``"OWNER/NAME@REVISION"``), or the path of a model's file or folder.
    device : str
        What runs it: ``"cpu"``, ``"cuda"`` (the first NVIDIA GPU), ``"cuda:1"``, or ``"auto"``, which is the CPU until Swiftlet's
        GPU kernels are proven.
    precision : str or mapping, optional
        ``"int8"`` (the default on a CPU), ``"bf16"`` (on a GPU), ``"fp16"`` or ``"fp32"``; or one for each half, as in
        ``{"encoder": "int8", "decoder": "fp16"}``.
    threads : int, optional
        How many threads compute; by default one for each physical core this process may use.
    concurrency : int
        How many recordings are transcribed at once, 1 to 64; others wait.
    cache : path, optional
        Where models are kept; by default ``~/.cache/swiftlet``, which it shares with the command-line tool.
    offline : bool
        Whether to download nothing.
    progress : bool or callable, optional
        True shows a bar, if tqdm is installed. A function is given a `LoadProgress` for each step.

    Returns
    -------
    Model

    Raises
    ------
    ModelNotFoundError, ModelNotFetchedError, UnusableModelError, UnsupportedMachineError
        If the model can't be used; the message says why and what to do.
    """
    return _load(Cancellation(), model, device, precision, threads, concurrency, cache, offline, progress)


async def load_async(
    model: Union[str, "os.PathLike[str]"] = "tiny.en",
    *,
    device: str = "auto",
    precision: Precision = None,
    threads: Optional[int] = None,
    concurrency: int = 4,
    cache: Union[str, "os.PathLike[str]", None] = None,
    offline: bool = False,
    progress: LoadProgressOption = None,
) -> Model:
    """Load a model as `load` does, without blocking the event loop; cancelling the task stops the loading."""
    return await _in_thread(
        lambda cancellation: _load(cancellation, model, device, precision, threads, concurrency, cache, offline, progress)
    )


def _load(
    cancellation: Cancellation,
    model: Union[str, "os.PathLike[str]"],
    device: str,
    precision: Any,
    threads: Any,
    concurrency: Any,
    cache: Any,
    offline: Any,
    progress: Any,
) -> Model:
    if precision is None:
        options: Dict[str, Any] = {}
    elif isinstance(precision, str):
        options = {"encoder": precision, "decoder": precision}
    else:
        options = dict(precision)
        unknown = set(options) - {"encoder", "decoder"}
        if unknown:
            raise InvalidOptionsError(f"precision has no part {sorted(unknown)[0]!r}; the parts are encoder and decoder.")
    options["device"] = device
    if threads is not None:
        options["threads"] = threads
    options["concurrency"] = concurrency
    if cache is not None:
        options["cache"] = os.fsdecode(cache)
    if offline:
        options["offline"] = True
    name = os.fsdecode(model)
    _set_certificates()
    failures: List[BaseException] = []
    with reporter(progress, f"Loading {name}") as report:

        def advance(fields: Any) -> bool:
            if report is not None:
                details = {key: fields[key] for key in fields if key not in ("stage", "step", "done", "total")}
                report(
                    LoadProgress(
                        fields.get("stage", ""), fields.get("step", ""), fields.get("done"), fields.get("total"), details
                    )
                )
            return False

        out, error = c_void_p(), c_void_p()
        callback = json_callback(advance, failures.append)
        status = library().swiftlet_load(
            name.encode("utf-8", "surrogateescape"),
            encoded(options),
            callback,
            None,
            cancellation.value,
            byref(out),
            byref(error),
        )
        message = take_text(error)
    if failures:
        raise failures[0]
    if status != 0:
        raise of_status(status, message)
    return Model(Handle(out.value, "model_free"), name)


def _set_certificates() -> None:
    """Names the system's certificates for downloads, where libcurl would not find them by itself.

    The wheel's libcurl looks where Debian has them. Elsewhere, they are where Python's own ssl finds them, or certifi's.
    """
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return
    if os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
        return
    for path in (
        "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora and its relatives
        "/etc/ssl/ca-bundle.pem",  # openSUSE
        "/etc/ssl/cert.pem",  # Alpine, macOS
    ):
        if os.path.exists(path):
            os.environ["SSL_CERT_FILE"] = path
            return
    import ssl

    found = ssl.get_default_verify_paths().cafile
    if found is None:
        try:
            import certifi

            found = certifi.where()
        except ImportError:
            return
    os.environ["SSL_CERT_FILE"] = found


class Model:
    """A loaded model. Get one from `load`.

    It can be used from any number of threads at the same time: recordings are transcribed side by side, up to the `concurrency`
    it was loaded with. It can't be used in a process that was forked after it was loaded; start processes with
    ``multiprocessing.get_context("spawn")``.

    Attributes
    ----------
    name : str
        The name or path it was loaded by.
    is_multilingual : bool
        Whether it knows other languages than English.
    languages : dict
        The English name of each language it knows, by its code.
    """

    def __init__(self, handle: Handle, name: str) -> None:
        self._handle = handle
        self.name = name
        information = json.loads(take_text(library().swiftlet_model_information(handle.value)) or "{}")
        self.is_multilingual: bool = information.get("multilingual", False)
        self.languages: Dict[str, str] = information.get("languages", {})

    def __repr__(self) -> str:
        return f"<swiftlet.Model {self.name!r}{'' if self._handle.value else ', closed'}>"

    def close(self) -> None:
        """Free the model's memory once the calls that use it are done."""
        self._handle.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> Handle:
        library()  # which says what is wrong in a forked process
        if not self._handle.value:
            raise InvalidArgumentError(f"The model {self.name} is closed; load it again.")
        return self._handle

    def transcribe(
        self,
        audio: Audio,
        *,
        sampling_rate: int = 16000,
        track: Optional[int] = None,
        channels: Union[str, int] = "mix",
        progress: ProgressOption = None,
        **options: Unpack[TranscribeOptions],
    ) -> Transcription:
        """Transcribe a recording.

        The work begins when the first segment is asked for, and goes on in the background, up to 64 segments ahead of the reader.
        Dropping the iterator stops it.

        Parameters
        ----------
        audio : path, bytes, binary file or array
            What to transcribe. Files may have any format that FFmpeg reads. Arrays are samples of one channel: floats in
            [-1, 1], or int16 or int32.
        sampling_rate : int
            Of an array's samples.
        track : int, optional
            The number of the audio track, from 1 on. By default, the one of the language, or the file's default track.
        channels : str or int
            ``"mix"``; ``"separate"`` to transcribe each channel by itself; or the number of one, from 1 on.
        progress : bool or callable, optional
            True shows a bar, if tqdm is installed. A function is given a `Progress` after every window.
        **options
            How to transcribe, named as in faster-whisper: ``language``, ``task``, ``beam_size``, ``temperature``,
            ``word_timestamps``, ``initial_prompt``, ``hotwords``, ``clip_timestamps``, ``vad_parameters``, ``sequential`` and
            so on. docs/python.md lists them all with their defaults.

        Returns
        -------
        Transcription
            An iterator of `Segment`, which also has the whole text, the language and the formats.

        Raises
        ------
        InvalidOptionsError
            For an option that there isn't, or that this model can't serve.
        UnreadableAudioError
            If there is nothing that can be decoded.

        Examples
        --------
        >>> for segment in model.transcribe("talk.flac"):
        ...     print(segment.start, segment.text)
        >>> model.transcribe("talk.flac", word_timestamps=True).save("talk.srt")
        """
        return Transcription(self._work(audio, sampling_rate, track, channels, progress, options))

    def transcribe_async(
        self,
        audio: Audio,
        *,
        sampling_rate: int = 16000,
        track: Optional[int] = None,
        channels: Union[str, int] = "mix",
        progress: ProgressOption = None,
        **options: Unpack[TranscribeOptions],
    ) -> AsyncTranscription:
        """Transcribe a recording without blocking the event loop; the parameters are those of `transcribe`.

        Returns
        -------
        AsyncTranscription
            For ``async for segment in ...``, or ``await`` it for all at once. Cancelling the task that waits stops the work.
        """
        return AsyncTranscription(self._work(audio, sampling_rate, track, channels, progress, options))

    def _work(
        self,
        audio: Audio,
        sampling_rate: int,
        track: Optional[int],
        channels: Union[str, int],
        progress: ProgressOption,
        options: Any,
    ) -> _Transcribing:
        handle = self._open()
        mapped = _options.transcription(options)
        if "language" in options and options["language"] is None:
            mapped.pop("language", None)
        call("check_options", handle.value, encoded(mapped))
        source = Source(audio, sampling_rate=sampling_rate, track=track, channels=channels, language=options.get("language"))
        return _Transcribing(handle, source, mapped, progress)

    def detect_language(
        self,
        audio: Audio,
        *,
        sampling_rate: int = 16000,
        track: Optional[int] = None,
        channels: Union[str, int] = "mix",
        candidates: Optional[List[str]] = None,
    ) -> List[LanguageProbability]:
        """Find the language of the first speech in a recording.

        Parameters
        ----------
        audio, sampling_rate, track, channels
            As for `transcribe`.
        candidates : list of str, optional
            Codes or English names of the languages to choose among; by default all.

        Returns
        -------
        list of LanguageProbability
            The most probable first; their probabilities add up to 1.
        """
        return self._detect(Cancellation(), audio, sampling_rate, track, channels, candidates)

    async def detect_language_async(
        self,
        audio: Audio,
        *,
        sampling_rate: int = 16000,
        track: Optional[int] = None,
        channels: Union[str, int] = "mix",
        candidates: Optional[List[str]] = None,
    ) -> List[LanguageProbability]:
        """Find the language as `detect_language` does, without blocking the event loop."""
        return await _in_thread(
            lambda cancellation: self._detect(cancellation, audio, sampling_rate, track, channels, candidates)
        )

    def _detect(
        self,
        cancellation: Cancellation,
        audio: Any,
        sampling_rate: int,
        track: Optional[int],
        channels: Union[str, int],
        candidates: Optional[List[str]],
    ) -> List[LanguageProbability]:
        handle = self._open()
        options = {"candidates": list(candidates)} if candidates else {}
        source = Source(audio, sampling_rate=sampling_rate, track=track, channels=channels)
        languages = _with_source(source, "detect_language", cancellation, handle.value, source.handle.value, encoded(options))
        return [LanguageProbability(found["code"], found["name"], found["probability"]) for found in languages]

    def stream(
        self,
        *,
        sampling_rate: int = 16000,
        **options: Unpack[StreamOptions],
    ) -> Stream:
        """Open a stream of live sound.

        Parameters
        ----------
        sampling_rate : int
            Of the samples to come.
        **options
            Those of `transcribe` that need no whole recording, and ``step`` (seconds of new sound after which is listened again,
            1), ``buffer_limit`` (20), ``skip_steps`` (True), ``detect_silence`` (True), ``paced`` (False).

        Returns
        -------
        Stream
        """
        from ._stream import Stream

        return Stream(self._open(), sampling_rate, options)

    def stream_async(self, *, sampling_rate: int = 16000, **options: Unpack[StreamOptions]) -> AsyncStream:
        """Open a stream of live sound for ``asyncio``; the parameters are those of `stream`."""
        from ._stream import AsyncStream

        return AsyncStream(self._open(), sampling_rate, options)


def voice_activity(
    audio: Audio,
    *,
    sampling_rate: int = 16000,
    track: Optional[int] = None,
    channels: Union[str, int] = "mix",
    **parameters: Unpack[VadParameters],
) -> VoiceActivity:
    """Find where somebody speaks in a recording, with Silero's network; no model is needed.

    Parameters
    ----------
    audio, sampling_rate, track, channels
        As for `Model.transcribe`, but channels can't be separate.
    **parameters
        ``threshold`` (0.5), ``neg_threshold``, ``min_speech_duration_ms`` (250), ``max_speech_duration_s``,
        ``min_silence_duration_ms`` (100), ``min_silence_at_max_speech_ms`` (98), ``speech_pad_ms`` (30), named as in
        faster-whisper, with Silero's defaults.

    Returns
    -------
    VoiceActivity
    """
    return _voice_activity(Cancellation(), audio, sampling_rate, track, channels, parameters)


async def voice_activity_async(
    audio: Audio,
    *,
    sampling_rate: int = 16000,
    track: Optional[int] = None,
    channels: Union[str, int] = "mix",
    **parameters: Unpack[VadParameters],
) -> VoiceActivity:
    """Find where somebody speaks as `voice_activity` does, without blocking the event loop."""
    return await _in_thread(lambda cancellation: _voice_activity(cancellation, audio, sampling_rate, track, channels, parameters))


def _voice_activity(
    cancellation: Cancellation,
    audio: Any,
    sampling_rate: int,
    track: Optional[int],
    channels: Union[str, int],
    parameters: Any,
) -> VoiceActivity:
    rules = _options.voice_activity(parameters, {})
    source = Source(audio, sampling_rate=sampling_rate, track=track, channels=channels)
    found = _with_source(source, "voice_activity", cancellation, source.handle.value, encoded(rules))
    return VoiceActivity(found["duration"], [SpeechRange(speech["start"], speech["end"]) for speech in found["speech"]])


def _with_source(source: Source, name: str, cancellation: Cancellation, *arguments: Any) -> Any:
    """Calls a function that reads a recording and answers with JSON."""
    answer = c_void_p()
    try:
        source.start()
        try:
            call(name, *arguments, cancellation.value, byref(answer))
        except CancelledError:
            raise
        except SwiftletError as error:
            raise (source.finish() or source.renamed(error)) from None
        damage = source.finish()
        if damage is not None:
            raise damage
        return json.loads(take_text(answer) or "null")
    finally:
        take_text(answer)
        source.close()


class _Transcribing:
    """The work behind a transcription, its segments so far, and what is said of them."""

    def __init__(self, handle: Handle, source: Source, options: Dict[str, Any], progress: ProgressOption) -> None:
        self.options = options
        self.segments: List[Segment] = []
        self.report = reporter(progress, "Transcribing")
        self.work = Work(handle, source, options, self._tell)
        self._callback: Optional[Callable[[Any], Any]] = None
        self.has_begun = False

    def _tell(self, progress: Progress) -> None:
        if self._callback is not None:
            self._callback(progress)

    def begin(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            self._callback = self.report.__enter__()
            self.work.start()

    def add(self, segment: Optional[Segment]) -> Optional[Segment]:
        if segment is None:
            self.end()
        else:
            self.segments.append(segment)
        return segment

    def end(self) -> None:
        if self.has_begun:
            self.report.__exit__(None, None, None)

    def close(self) -> None:
        self.work.cancel()
        self.end()

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments).strip()

    @property
    def info(self) -> TranscriptionInfo:
        first = self.segments[0] if self.segments else None
        return TranscriptionInfo(
            language=first.language if first else self.options.get("language"),
            language_probability=first.language_probability if first else None,
            duration=self.work.timings.get("duration") or self.work.progress.duration or 0.0,
            transcription_options=self.options,
            notices=list(self.work.progress.notices),
            timings=dict(self.work.timings),
        )

    def format(self, name: str, options: Mapping[str, Any]) -> str:
        if self.work.transcript is None:
            # Nobody spoke, or nothing could be transcribed.
            raise SwiftletError("There is no transcript to write: the transcription was stopped or failed.")
        text = c_void_p()
        call(
            "transcript_format",
            self.work.transcript.value,
            name.encode(),
            encoded(_options.subtitles(options)),
            byref(text),
        )
        return take_text(text) or ""


class Transcription(Iterator[Segment]):
    """The segments of a recording, as they are transcribed. Get one from `Model.transcribe`.

    Each segment comes once from the iterator; `segments` has all of them. Dropping the iterator, `close`, or leaving a ``with``
    block stops the work.
    """

    def __init__(self, transcribing: _Transcribing) -> None:
        self._transcribing = transcribing

    def __iter__(self) -> Transcription:
        return self

    def __next__(self) -> Segment:
        self._transcribing.begin()
        try:
            segment = self._transcribing.add(self._transcribing.work.take())
        except SwiftletError:
            self._transcribing.end()
            raise
        if segment is None:
            raise StopIteration
        return segment

    @property
    def segments(self) -> List[Segment]:
        """All segments; waits for the end."""
        for _ in self:
            pass
        return list(self._transcribing.segments)

    @property
    def text(self) -> str:
        """All that was said; waits for the end."""
        for _ in self:
            pass
        return self._transcribing.text

    @property
    def info(self) -> TranscriptionInfo:
        """Language, duration, notices and timings; waits for the end."""
        for _ in self:
            pass
        return self._transcribing.info

    @property
    def progress(self) -> Progress:
        """How far the work has come, at this moment."""
        return self._transcribing.work.progress

    def format(self, name: str, **options: Unpack[SubtitleOptions]) -> str:
        """The whole transcript as text of a format; waits for the end.

        Parameters
        ----------
        name : str
            ``"txt"``, ``"srt"``, ``"vtt"``, ``"tsv"``, ``"csv"``, ``"json"``, ``"json-full"`` or ``"lrc"``. Subtitles are better
            with ``word_timestamps=True`` or ``align_words=True``.
        **options
            Of subtitles: ``cues``, ``max_line_width``, ``max_line_count``, ``max_words_per_line``, ``highlight_words``,
            ``word_times``.
        """
        for _ in self:
            pass
        return self._transcribing.format(name, options)

    def save(
        self, path: Union[str, "os.PathLike[str]"], format: Optional[str] = None, **options: Unpack[SubtitleOptions]
    ) -> None:
        """Write the whole transcript to a file, which is replaced; waits for the end.

        Parameters
        ----------
        path : path
            The file; its extension is the format, unless `format` says otherwise.
        format, **options
            As for `format`.
        """
        text = self.format(_format_of(path, format), **options)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def close(self) -> None:
        """Stop the work. What was transcribed so far stays in `segments`."""
        self._transcribing.close()

    def __enter__(self) -> Transcription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:
            # At the end of the program, modules may be gone already.
            pass


class AsyncTranscription:
    """The segments of a recording for ``async for``. Get one from `Model.transcribe_async`.

    ``await transcription`` waits for the end and gives the same object, with `segments`, `text`, `info` and `format`.
    """

    def __init__(self, transcribing: _Transcribing) -> None:
        self._transcribing = transcribing
        self._wakes: Optional[asyncio.Event] = None

    def __aiter__(self) -> AsyncTranscription:
        return self

    async def __anext__(self) -> Segment:
        # Half of what `import swiftlet` would take.
        import asyncio

        work = self._transcribing.work
        if self._wakes is None:
            self._wakes = wakes = asyncio.Event()
            loop = asyncio.get_running_loop()

            def wake() -> None:
                loop.call_soon_threadsafe(wakes.set)

            work.listener = wake
        self._transcribing.begin()
        try:
            while True:
                self._wakes.clear()
                segment = work.take(wait=False)
                if segment is not None:
                    self._transcribing.add(segment)
                    return segment
                if work.is_over:
                    self._transcribing.end()
                    raise StopAsyncIteration
                await self._wakes.wait()
        except asyncio.CancelledError:
            self._transcribing.close()
            raise
        except SwiftletError:
            self._transcribing.end()
            raise

    def __await__(self) -> Generator[Any, None, AsyncTranscription]:
        return self._wait().__await__()

    async def _wait(self) -> AsyncTranscription:
        async for _ in self:
            pass
        return self

    @property
    def segments(self) -> List[Segment]:
        """The segments so far; all of them once the iteration has ended."""
        return list(self._transcribing.segments)

    @property
    def text(self) -> str:
        """What was said so far."""
        return self._transcribing.text

    @property
    def info(self) -> TranscriptionInfo:
        """Language, duration, notices and timings so far."""
        return self._transcribing.info

    @property
    def progress(self) -> Progress:
        """How far the work has come, at this moment."""
        return self._transcribing.work.progress

    def format(self, name: str, **options: Unpack[SubtitleOptions]) -> str:
        """The transcript as text of a format, once the iteration has ended; see `Transcription.format`."""
        return self._transcribing.format(name, options)

    async def aclose(self) -> None:
        """Stop the work."""
        self._transcribing.close()

    async def __aenter__(self) -> AsyncTranscription:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        try:
            self._transcribing.close()
        except Exception:
            pass


def _format_of(path: Any, given: Optional[str]) -> str:
    if given is not None:
        return given
    name = os.fspath(path)
    return "json-full" if name.endswith(".full.json") else os.path.splitext(name)[1].lstrip(".").lower() or "txt"


async def _in_thread(body: Callable[[Cancellation], _Value]) -> _Value:
    """Runs what blocks in a thread of its own; cancelling the task cancels it."""
    import asyncio

    loop = asyncio.get_running_loop()
    done: asyncio.Future[_Value] = loop.create_future()
    cancellation = Cancellation()

    def settle(result: Any, error: Optional[BaseException]) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    def run() -> None:
        result, failure = None, None
        try:
            result = body(cancellation)
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:
            # The event loop has been closed.
            pass

    threading.Thread(target=run, name="swiftlet.call", daemon=True).start()
    try:
        return await done
    except asyncio.CancelledError:
        cancellation.cancel()
        raise
