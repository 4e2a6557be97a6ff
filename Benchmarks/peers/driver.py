# One peer with one model, loaded once, that transcribes the same clips each time it is told to. Started by compare.py.
#
#   $SWIFTLET_PEERS/bin/python Benchmarks/peers/driver.py PEER MODEL THREADS CLIP...     (CLIP is SET/FILE)
#
# Prints {"load": s} when ready (the clips decoded, one of them transcribed); then for each line "go" on standard input
# {"seconds", "encoder", "decoder", "windows", "tokens", "texts", "memory"}. Clips are given one at a time as 16 kHz
# float samples, so `seconds` holds log-mel, encoder, decoder and text, but not the decoding of files. Greedy, no
# timestamps, no fallback, English. `encoder` and `decoder` are seconds as the peer tells or as its calls take; `tokens`
# are decoder steps; `memory` is the peak of the resident set in MB.

import json
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

MODELS = Path(os.environ.get("SWIFTLET_PEERS", "/tmp/swiftlet-peers")) / "models"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "swiftlet"
CHECKPOINTS = Path(os.environ.get("SWIFTLET_CACHE", CACHE)) / "models"


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

    def __init__(self, model, threads, weights, hint):
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
            config.language, config.task = "<|en|>", "transcribe"
        assert config.is_greedy_decoding()
        self.pipeline.set_generation_config(config)
        self.encoder = self.decoder = 0.0
        self.tokens = 0

    def transcribe(self, sound):
        result = self.pipeline.generate(sound)
        raw = result.perf_metrics.whisper_raw_metrics
        self.encoder += sum(raw.encode_inference_durations) / 1e6
        self.decoder += sum(raw.decode_inference_durations) / 1e6
        self.tokens += len(raw.decode_inference_durations)
        return result.texts[0]


class FasterWhisper:
    """faster-whisper on CTranslate2; runs the checkpoint as it was fetched."""

    def __init__(self, model, threads, compute_type):
        import faster_whisper

        self.model = faster_whisper.WhisperModel(
            str(CHECKPOINTS / model), device="cpu", compute_type=compute_type, cpu_threads=threads
        )
        self.watches = Stopwatch(), Stopwatch()
        self.model.encode = self.watches[0].around(self.model.encode)
        self.model.generate_with_fallback = self.counted(self.watches[1].around(self.model.generate_with_fallback))
        self.tokens = 0

    def counted(self, call):
        def generate(*arguments, **options):
            result = call(*arguments, **options)
            self.tokens += len(result[0].sequences_ids[0]) + 1
            return result

        return generate

    encoder = property(lambda self: self.watches[0].seconds)
    decoder = property(lambda self: self.watches[1].seconds)

    def transcribe(self, sound):
        segments, _ = self.model.transcribe(
            sound,
            language="en",
            beam_size=1,
            best_of=1,
            temperature=0.0,
            compression_ratio_threshold=None,
            log_prob_threshold=None,
            no_speech_threshold=None,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)


class Transformers:
    """transformers with PyTorch; the decoder's time is generate's less the encoder's."""

    def __init__(self, model, threads, dtype):
        import torch
        import transformers

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        transformers.logging.set_verbosity_error()
        self.dtype = getattr(torch, dtype)
        loader = transformers.WhisperForConditionalGeneration
        self.model = loader.from_pretrained(MODELS / f"{model}-hf", dtype=self.dtype).eval()
        self.extractor = transformers.WhisperFeatureExtractor.from_pretrained(MODELS / f"{model}-hf")
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(MODELS / f"{model}-hf")
        self.watches = Stopwatch(), Stopwatch()
        encoder = self.model.get_encoder()
        encoder.forward = self.watches[0].around(encoder.forward)
        self.generate = self.watches[1].around(self.model.generate)
        self.tokens = 0

    encoder = property(lambda self: self.watches[0].seconds)
    decoder = property(lambda self: self.watches[1].seconds - self.watches[0].seconds)

    def transcribe(self, sound):
        features = self.extractor(sound, sampling_rate=16000, return_tensors="pt").input_features.to(self.dtype)
        extra = {"language": "en", "task": "transcribe"} if self.model.generation_config.is_multilingual else {}
        ids = self.generate(features, do_sample=False, num_beams=1, return_timestamps=False, **extra)[0]
        text = self.tokenizer.decode(ids, skip_special_tokens=True)
        end = self.model.generation_config.eos_token_id
        self.tokens += sum(token < end for token in ids.tolist()) + 1
        return text


class OpenAI:
    """openai-whisper's decode, a window of zeros-padded log-mel at a time."""

    def __init__(self, model, threads):
        import torch
        import whisper

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.whisper = whisper
        self.model = whisper.load_model(str(MODELS / f"{model}.pt"), device="cpu")
        self.watches = Stopwatch(), Stopwatch()
        self.model.encoder.forward = self.watches[0].around(self.model.encoder.forward)
        self.decode = self.watches[1].around(whisper.decode)
        self.options = whisper.DecodingOptions(language="en", without_timestamps=True, fp16=False)
        self.tokens = 0

    encoder, decoder = Transformers.encoder, Transformers.decoder

    def transcribe(self, sound):
        mel = self.whisper.log_mel_spectrogram(sound, self.model.dims.n_mels, padding=480000)
        result = self.decode(self.model, self.whisper.pad_or_trim(mel, 3000), self.options)
        self.tokens += len(result.tokens) + 1
        return result.text


PEERS = {
    "openvino-int8-activations": (OpenVINO, "int8-activations", "bf16"),
    "openvino-int8": (OpenVINO, "int8", "bf16"),
    "openvino-bf16": (OpenVINO, "fp16", "bf16"),
    "openvino-fp32": (OpenVINO, "fp32", "f32"),
    "faster-whisper-int8": (FasterWhisper, "int8"),
    "faster-whisper-float32": (FasterWhisper, "float32"),
    "transformers-bf16": (Transformers, "bfloat16"),
    "transformers-fp32": (Transformers, "float32"),
    "openai-whisper": (OpenAI,),
}


def main():
    name, model, threads, *clips = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print must not get among the answers
    sounds = [recordings.samples(recordings.AUDIO / clip) for clip in clips]
    peer_class, *options = PEERS[name]
    sounds = [getattr(peer_class, "prepare", lambda sound: sound)(sound) for sound in sounds]
    start = time.perf_counter()
    peer = peer_class(model, int(threads), *options)
    load = time.perf_counter() - start
    peer.transcribe(sounds[0])
    print(json.dumps({"load": load}), file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        before = peer.encoder, peer.decoder, peer.tokens
        start = time.perf_counter()
        texts = [peer.transcribe(sound) for sound in sounds]
        answer = {"seconds": time.perf_counter() - start, "texts": texts, "windows": len(sounds)}
        after = peer.encoder, peer.decoder, peer.tokens
        answer |= {key: b - a for key, a, b in zip(["encoder", "decoder", "tokens"], before, after)}
        answer["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
