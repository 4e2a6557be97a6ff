# One peer, loaded once, that transcribes the same recordings each time it is told to. Started by `swiftlet compare`.
#
#   $SWIFTLET_PEERS/bin/python Benchmarks/peers/driver.py [--long | PEER]
#
# Without a name: prints {"peers": [NAME...]}, with --long those for long recordings. With a name: reads {"model",
# "threads", "language", "clips": [PATH...], "long": BOOL} from the first line of standard input, loads, transcribes
# the first 30 s and prints {"load": seconds}; then for each line "go" {"seconds", "encoder", "decoder", "windows",
# "tokens", "duration", "memory", "texts"}. Recordings come as 16 kHz float samples, so `seconds` holds log-mel,
# encoder, decoder and text, but not the decoding of files. `duration` is seconds of sound; `memory` is the process's
# largest resident set in bytes.
#
# Without "long", recordings are cut every 30 s, and decoded greedily without timestamps, fallback or anything of
# earlier windows. `encoder` and `decoder` are seconds as the peer tells or as its calls take; `tokens` are decoder
# steps, the end of text counted. Peers with -batch8 get eight windows at a time.
#
# With "long", each peer transcribes whole recordings with the defaults that its users get; language and number of
# threads are given. `seconds` holds voice activity detection too; `encoder`, `decoder`, `windows` and `tokens` are
# left out.

import functools
import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

MODELS = recordings.PEERS / "models"
RATE = 16000
WINDOW = 30 * RATE


class Stopwatch:
    """Adds up the seconds that wrapped calls take."""

    def __init__(self):
        self.seconds = 0.0

    def around(self, call):
        def timed(*arguments, **options):
            start = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - start

        return timed


class OpenVINO:
    """OpenVINO GenAI's WhisperPipeline."""

    prepare = list  # it takes lists, and 7 ms longer over an array

    TIMESTAMPS = False

    def __init__(self, model, threads, language, weights, hint=None):
        import openvino_genai

        self.pipeline = openvino_genai.WhisperPipeline(
            MODELS / f"{model}-openvino-{weights}",
            "CPU",
            INFERENCE_NUM_THREADS=threads,
            PERFORMANCE_HINT="LATENCY",
            **({"INFERENCE_PRECISION_HINT": hint} if hint else {}),
        )
        config = self.pipeline.get_generation_config()
        config.return_timestamps, config.do_sample, config.num_beams = self.TIMESTAMPS, False, 1
        if config.is_multilingual:
            config.language, config.task = f"<|{language}|>", "transcribe"
        assert config.is_greedy_decoding()
        self.pipeline.set_generation_config(config)
        self.encoder = self.decoder = 0.0
        self.tokens = 0

    def transcribe(self, windows):
        return [self.one(sound) for sound in windows]

    def one(self, sound):
        result = self.pipeline.generate(sound)
        raw = result.perf_metrics.whisper_raw_metrics
        self.encoder += sum(raw.encode_inference_durations) / 1e6
        self.decoder += sum(raw.decode_inference_durations) / 1e6
        self.tokens += len(raw.decode_inference_durations)
        return result.texts[0]


class FasterWhisper:
    """faster-whisper on CTranslate2; runs the checkpoint as it was fetched."""

    OPTIONS = {
        "beam_size": 1,
        "best_of": 1,
        "temperature": 0.0,
        "compression_ratio_threshold": None,
        "log_prob_threshold": None,
        "no_speech_threshold": None,
        "condition_on_previous_text": False,
        "without_timestamps": True,
    }

    def __init__(self, model, threads, language, compute_type, batch=1):
        import faster_whisper

        self.language, self.batch, self.tokens = language, batch, 0
        self.model = faster_whisper.WhisperModel(
            str(recordings.CHECKPOINTS / model), device="cpu", compute_type=compute_type, cpu_threads=threads
        )
        self.watches = Stopwatch(), Stopwatch()
        self.model.encode = self.watches[0].around(self.model.encode)
        if batch == 1:
            timed = self.watches[1].around(self.model.generate_with_fallback)
            self.model.generate_with_fallback = self.counted(timed, lambda result: [result[0].sequences_ids[0]])
        else:
            self.pipeline = faster_whisper.BatchedInferencePipeline(self.model)
            timed = self.watches[1].around(self.pipeline.generate_segment_batched)
            found = self.counted(timed, lambda result: [output["tokens"] for output in result[1]])
            self.pipeline.generate_segment_batched = found

    def counted(self, call, sequences):
        def generate(*arguments, **options):
            result = call(*arguments, **options)
            self.tokens += sum(len(tokens) + 1 for tokens in sequences(result))
            return result

        return generate

    encoder = property(lambda self: self.watches[0].seconds)

    @property
    def decoder(self):
        """The batched call holds the encoder's."""
        return self.watches[1].seconds - (self.watches[0].seconds if self.batch > 1 else 0)

    def transcribe(self, windows):
        return self.batched(windows) if self.batch > 1 else [self.one(sound) for sound in windows]

    def one(self, sound):
        segments, _ = self.model.transcribe(sound, language=self.language, **self.OPTIONS)
        return " ".join(segment.text.strip() for segment in segments)

    def batched(self, windows):
        """It batches parts of one recording: the windows, one after the other."""
        import numpy

        ends = numpy.cumsum([len(sound) for sound in windows]) / RATE
        parts = [{"start": start, "end": end} for start, end in zip([0.0, *ends], ends)]
        segments, _ = self.pipeline.transcribe(
            numpy.concatenate(windows),
            language=self.language,
            batch_size=self.batch,
            vad_filter=False,
            clip_timestamps=parts,
            **self.OPTIONS,
        )
        texts = [""] * len(windows)
        for segment in segments:
            place = int(numpy.searchsorted(ends, segment.start + 0.01))  # times are rounded to 10 ms
            texts[place] = f"{texts[place]} {segment.text.strip()}".strip()
        return texts


class Transformers:
    """transformers with PyTorch; the decoder's time is generate's less the encoder's."""

    def __init__(self, model, threads, language, dtype, batch=1):
        import torch
        import transformers

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        transformers.logging.set_verbosity_error()
        self.batch, self.tokens = batch, 0
        self.dtype = getattr(torch, dtype)
        loader = transformers.WhisperForConditionalGeneration
        self.model = loader.from_pretrained(MODELS / f"{model}-hf", dtype=self.dtype).eval()
        self.extractor = transformers.WhisperFeatureExtractor.from_pretrained(MODELS / f"{model}-hf")
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(MODELS / f"{model}-hf")
        self.watches = Stopwatch(), Stopwatch()
        encoder = self.model.get_encoder()
        encoder.forward = self.watches[0].around(encoder.forward)
        self.generate = self.watches[1].around(self.model.generate)
        multilingual = self.model.generation_config.is_multilingual
        self.extra = {"language": language, "task": "transcribe"} if multilingual else {}

    encoder = property(lambda self: self.watches[0].seconds)
    decoder = property(lambda self: self.watches[1].seconds - self.watches[0].seconds)

    def transcribe(self, windows):
        texts = []
        for first in range(0, len(windows), self.batch):
            sounds = windows[first : first + self.batch]
            features = self.extractor(sounds, sampling_rate=RATE, return_tensors="pt").input_features.to(self.dtype)
            ids = self.generate(features, do_sample=False, num_beams=1, return_timestamps=False, **self.extra)
            end = self.model.generation_config.eos_token_id
            self.tokens += sum(sum(token < end for token in row) + 1 for row in ids.tolist())
            texts += self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        return texts


class OpenAI:
    """openai-whisper's decode, a window of zeros-padded log-mel at a time."""

    def __init__(self, model, threads, language):
        import torch
        import whisper

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.whisper = whisper
        self.model = whisper.load_model(str(MODELS / f"{model}.pt"), device="cpu")
        self.watches = Stopwatch(), Stopwatch()
        self.model.encoder.forward = self.watches[0].around(self.model.encoder.forward)
        self.decode = self.watches[1].around(whisper.decode)
        self.options = whisper.DecodingOptions(language=language, without_timestamps=True, fp16=False)
        self.tokens = 0

    encoder, decoder = Transformers.encoder, Transformers.decoder

    def transcribe(self, windows):
        return [self.one(sound) for sound in windows]

    def one(self, sound):
        mel = self.whisper.log_mel_spectrogram(sound, self.model.dims.n_mels, padding=WINDOW)
        result = self.decode(self.model, self.whisper.pad_or_trim(mel, 3000), self.options)
        self.tokens += len(result.tokens) + 1
        return result.text


class WhisperCpp:
    """whisper.cpp in the build that pywhispercpp brings; it tells no times but those of all together."""

    encoder = decoder = None

    def __init__(self, model, threads, language, weights):
        import _pywhispercpp
        from pywhispercpp.model import Model

        self.library, self.tokens = _pywhispercpp, 0
        self.model = Model(
            str(MODELS / f"{model}-ggml-{weights}.bin"),
            context_params={"use_gpu": False},
            n_threads=threads,
            language=language,
            no_timestamps=True,
            single_segment=True,
            no_context=True,
            temperature=0.0,
            temperature_inc=0.0,  # no fallback
            greedy={"best_of": 1},
            print_progress=False,
            print_realtime=False,
        )

    def transcribe(self, windows):
        return [self.one(sound) for sound in windows]

    def one(self, sound):
        text = " ".join(segment.text.strip() for segment in self.model.transcribe(sound))
        context = self.model._ctx
        segments = range(self.library.whisper_full_n_segments(context))
        self.tokens += sum(self.library.whisper_full_n_tokens(context, segment) for segment in segments) + 1
        return text


PEERS = {
    "transformers-fp32": (Transformers, "float32"),
    "transformers-fp32-batch8": (Transformers, "float32", 8),
    "transformers-bf16": (Transformers, "bfloat16"),
    "transformers-bf16-batch8": (Transformers, "bfloat16", 8),
    "openai-whisper": (OpenAI,),
    "faster-whisper-float32": (FasterWhisper, "float32"),
    "faster-whisper-int8": (FasterWhisper, "int8"),
    "faster-whisper-int8-batch8": (FasterWhisper, "int8", 8),
    "whisper.cpp-f16": (WhisperCpp, "f16"),
    "whisper.cpp-q8_0": (WhisperCpp, "q8_0"),
    "openvino-fp32": (OpenVINO, "fp32", "f32"),
    "openvino-bf16": (OpenVINO, "fp16", "bf16"),
    "openvino-int8": (OpenVINO, "int8", "bf16"),
    "openvino-int8-activations": (OpenVINO, "int8-activations", "bf16"),
}


class LongOpenVINO(OpenVINO):
    """Greedy, each window from the last timestamp of the one before; arithmetic in what the processor does best."""

    TIMESTAMPS = True

    @staticmethod
    def prepare(sound):
        """A list, as of windows, takes eight times the memory."""
        return sound


class LongFasterWhisper:
    """faster-whisper's two ways: one after the other without VAD, or batches of what its VAD finds."""

    def __init__(self, model, threads, language, compute_type, batched=False, **options):
        import faster_whisper

        whisper = faster_whisper.WhisperModel(
            str(recordings.CHECKPOINTS / model), device="cpu", compute_type=compute_type, cpu_threads=threads
        )
        self.model = faster_whisper.BatchedInferencePipeline(whisper) if batched else whisper
        self.options = {"language": language} | options

    def transcribe(self, sounds):
        return [self.one(sound) for sound in sounds]

    def one(self, sound):
        segments, _ = self.model.transcribe(sound, **self.options)
        return " ".join(segment.text.strip() for segment in segments)


class LongTransformers(Transformers):
    """The sequential long form of generate, greedy without fallback, as the model's documentation shows it."""

    def transcribe(self, sounds):
        return [self.one(sound) for sound in sounds]

    def one(self, sound):
        shape = {"truncation": False, "padding": "longest"} if len(sound) > WINDOW else {}
        inputs = self.extractor(
            sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True, **shape
        ).to(self.dtype)
        ids = self.model.generate(**inputs, return_timestamps=True, **self.extra)
        return self.tokenizer.batch_decode(ids, skip_special_tokens=True)[0]


class LongOpenAI:
    """openai-whisper's transcribe with the defaults of its command line, where these differ from the function's."""

    OPTIONS = {"beam_size": 5, "best_of": 5, "fp16": False}

    def __init__(self, model, threads, language):
        import torch
        import whisper

        torch.set_num_threads(threads)
        self.model = whisper.load_model(str(MODELS / f"{model}.pt"), device="cpu")
        self.language = language

    def transcribe(self, sounds):
        return [self.model.transcribe(sound, language=self.language, **self.OPTIONS)["text"] for sound in sounds]


class LongWhisperCpp:
    """whisper.cpp with the defaults of whisper-cli, which decodes with beams: the library's for that, and best_of."""

    def __init__(self, model, threads, language, weights):
        from pywhispercpp.model import Model

        self.model = Model(
            str(MODELS / f"{model}-ggml-{weights}.bin"),
            params_sampling_strategy=1,  # beams, 5 by default
            context_params={"use_gpu": False},
            n_threads=threads,
            language=language,
            greedy={"best_of": 5},  # of the fallback; -1 beside beams by default
            print_progress=False,
        )

    def transcribe(self, sounds):
        return [self.one(sound) for sound in sounds]

    def one(self, sound):
        return " ".join(segment.text.strip() for segment in self.model.transcribe(sound))


LONG_PEERS = {
    "transformers": (LongTransformers, "float32"),
    "openai-whisper": (LongOpenAI,),
    "faster-whisper-sequential": (LongFasterWhisper, "int8"),
    "faster-whisper-batched": (functools.partial(LongFasterWhisper, batched=True, batch_size=8), "int8"),
    "faster-whisper-batched-greedy": (
        functools.partial(LongFasterWhisper, batched=True, batch_size=8, beam_size=1),
        "int8",
    ),
    "whisper.cpp-q8_0": (LongWhisperCpp, "q8_0"),
    "openvino-fp16": (LongOpenVINO, "fp16"),
    "openvino-int8": (LongOpenVINO, "int8"),
    "openvino-int8-activations": (LongOpenVINO, "int8-activations"),
}


def peak_memory():
    """The system's figure for a program counts what its parent had before; that of its memory does not."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def counts(peer):
    return {key: getattr(peer, key) for key in ("encoder", "decoder", "tokens")}


class Clips:
    """All recordings as windows, which a peer gets together."""

    def __init__(self, paths, prepare):
        sounds = [recordings.samples(path) for path in paths]
        self.duration = sum(map(len, sounds)) / RATE
        self.pieces = [[sound[first : first + WINDOW] for first in range(0, len(sound), WINDOW)] for sound in sounds]
        self.windows = [prepare(window) for piece in self.pieces for window in piece]

    def first(self):
        return self.windows[0]

    def transcribe(self, peer):
        before = counts(peer)
        start = time.perf_counter()
        texts = iter(peer.transcribe(self.windows))
        seconds = time.perf_counter() - start
        used = {key: None if value is None else value - before[key] for key, value in counts(peer).items()}
        whole = [" ".join(text for text in (next(texts).strip() for _ in piece) if text) for piece in self.pieces]
        measured = {"seconds": seconds, "windows": len(self.windows), "duration": self.duration}
        return measured | used | {"texts": whole}


class LongClips:
    """Recordings one after the other, each decoded before its time starts: all at once would be much of the memory."""

    def __init__(self, paths, prepare):
        self.paths, self.prepare = paths, prepare

    def first(self):
        return self.prepare(recordings.samples(self.paths[0])[:WINDOW])

    def transcribe(self, peer):
        seconds = duration = 0.0
        texts = []
        for path in self.paths:
            sound = recordings.samples(path)
            duration += len(sound) / RATE
            sound = self.prepare(sound)
            start = time.perf_counter()
            texts += peer.transcribe([sound])
            seconds += time.perf_counter() - start
        return {"seconds": seconds, "duration": duration, "texts": [text.strip() for text in texts]}


def main():
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not get among the answers

    def answer(content):
        print(json.dumps(content), file=answers, flush=True)

    name = sys.argv[1] if len(sys.argv) > 1 else None
    if name in (None, "--long"):
        answer({"peers": list(LONG_PEERS if name else PEERS)})
        return
    request = json.loads(sys.stdin.readline())
    is_long = request.get("long", False)
    peer_class, *options = (LONG_PEERS if is_long else PEERS)[name]
    clips = (LongClips if is_long else Clips)(request["clips"], getattr(peer_class, "prepare", lambda sound: sound))

    start = time.perf_counter()
    peer = peer_class(request["model"], request["threads"], request["language"], *options)
    load = time.perf_counter() - start
    peer.transcribe([clips.first()])
    answer({"load": load})
    for line in sys.stdin:
        if line.strip() != "go":
            break
        answer(clips.transcribe(peer) | {"memory": peak_memory()})


if __name__ == "__main__":
    main()
