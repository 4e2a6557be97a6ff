# One peer, loaded once, that transcribes the same clips each time it is told to. Started by `swiftlet compare`.
#
#   $SWIFTLET_PEERS/bin/python Benchmarks/peers/driver.py [PEER]
#
# Without a name: prints {"peers": [NAME...]}. Otherwise reads {"model", "threads", "language", "clips": [PATH...]} from
# the first line of standard input, loads, transcribes one clip and prints {"load": seconds}; then for each line "go"
# {"seconds", "encoder", "decoder", "windows", "tokens", "duration", "memory", "texts"}. Clips come as 16 kHz float
# samples, so `seconds` holds log-mel, encoder, decoder and text, but not the decoding of files. All are cut every 30 s,
# and decoded greedily without timestamps, fallback or anything of earlier windows. `encoder` and `decoder` are seconds
# as the peer tells or as its calls take; `tokens` are decoder steps, the end of text counted; `duration` is seconds of
# sound; `memory` is the process's largest resident set in bytes. Peers with -batch8 get eight windows at a time.

import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

MODELS = recordings.PEERS / "models"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "swiftlet"
CHECKPOINTS = Path(os.environ.get("SWIFTLET_CACHE", CACHE)) / "models"
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

    def __init__(self, model, threads, language, weights, hint):
        import openvino_genai

        self.pipeline = openvino_genai.WhisperPipeline(
            MODELS / f"{model}-openvino-{weights}",
            "CPU",
            INFERENCE_NUM_THREADS=threads,
            PERFORMANCE_HINT="LATENCY",
            INFERENCE_PRECISION_HINT=hint,
        )
        config = self.pipeline.get_generation_config()
        config.return_timestamps, config.do_sample, config.num_beams = False, False, 1
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
            str(CHECKPOINTS / model), device="cpu", compute_type=compute_type, cpu_threads=threads
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


def peak_memory():
    """The system's figure for a program counts what its parent had before; that of its memory does not."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def counts(peer):
    return {key: getattr(peer, key) for key in ("encoder", "decoder", "tokens")}


def main():
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not get among the answers

    def answer(content):
        print(json.dumps(content), file=answers, flush=True)

    if len(sys.argv) < 2:
        answer({"peers": list(PEERS)})
        return
    request = json.loads(sys.stdin.readline())
    peer_class, *options = PEERS[sys.argv[1]]
    sounds = [recordings.samples(clip) for clip in request["clips"]]
    duration = sum(map(len, sounds)) / RATE
    pieces = [[sound[first : first + WINDOW] for first in range(0, len(sound), WINDOW)] for sound in sounds]
    windows = [getattr(peer_class, "prepare", lambda window: window)(window) for piece in pieces for window in piece]

    start = time.perf_counter()
    peer = peer_class(request["model"], request["threads"], request["language"], *options)
    load = time.perf_counter() - start
    peer.transcribe(windows[:1])
    answer({"load": load})
    for line in sys.stdin:
        if line.strip() != "go":
            break
        before = counts(peer)
        start = time.perf_counter()
        texts = iter(peer.transcribe(windows))
        seconds = time.perf_counter() - start
        used = {key: None if value is None else value - before[key] for key, value in counts(peer).items()}
        whole = [" ".join(text for text in (next(texts).strip() for _ in piece) if text) for piece in pieces]
        measured = {"seconds": seconds, "windows": len(windows), "duration": duration, "memory": peak_memory()}
        answer(measured | used | {"texts": whole})


if __name__ == "__main__":
    main()
