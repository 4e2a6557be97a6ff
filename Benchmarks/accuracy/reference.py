# Records the tokens that transformers and openai-whisper find in the recordings, greedy, in fp32, without timestamps.
#
#   $SWIFTLET_PEERS/bin/python Benchmarks/accuracy/reference.py [--models tiny.en base] [--sets SET...] [--output JSON]
#
# Needs Benchmarks/peers/setup and ffmpeg. Both engines get the same samples and cut them every 30 s: transformers pads
# the sound ("silence"), openai-whisper the log-mel of the whole recording ("zeros"), as in Scripts/fixtures/speech.py.
# The languages are given. A set that the JSON already holds is kept, so an interrupted run goes on where it was.
#
# {"models": {MODEL: {SET: {FILE: {"language", "silence": {"tokens": [[...] a window], "text"}, "zeros": {the same}}}}}}

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers
import whisper
from transformers import AutoTokenizer, WhisperFeatureExtractor, WhisperForConditionalGeneration
from whisper.audio import N_FRAMES, N_SAMPLES, log_mel_spectrogram, pad_or_trim

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import recordings  # noqa: E402

MODELS = recordings.PEERS / "models"


class Transformers:
    """The reference: transformers in fp32 on the processor."""

    def __init__(self, name):
        folder = MODELS / f"{name}-hf"
        self.model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.extractor = WhisperFeatureExtractor.from_pretrained(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.end = self.model.generation_config.eos_token_id

    def features(self, sound):
        """The log-mel of each window of 30 s."""
        return [
            self.extractor(sound[first : first + N_SAMPLES], sampling_rate=16000, return_tensors="pt").input_features
            for first in range(0, len(sound), N_SAMPLES)
        ]

    def tokens(self, sound, language):
        windows = []
        multilingual = self.model.generation_config.is_multilingual
        extra = {"language": language, "task": "transcribe"} if multilingual else {}
        for features in self.features(sound):
            ids = self.model.generate(features, do_sample=False, num_beams=1, return_timestamps=False, **extra)[0]
            # The start sequence's ids all lie past the end of text, and the words' before it.
            windows.append([token for token in ids.tolist() if token < self.end])
        return windows

    def text(self, windows):
        return " ".join(self.tokenizer.decode(tokens).strip() for tokens in windows)


def with_openai(model, sound, language):
    mel = log_mel_spectrogram(sound, model.dims.n_mels, padding=N_SAMPLES)
    content = mel.shape[-1] - N_FRAMES
    options = whisper.DecodingOptions(language=language, without_timestamps=True, fp16=False)
    return [
        whisper.decode(model, pad_or_trim(mel[:, seek : min(seek + N_FRAMES, content)], N_FRAMES), options).tokens
        for seek in range(0, content, N_FRAMES)
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", nargs="+", default=["tiny.en", "base"])
    parser.add_argument("--sets", nargs="+", help="all that the model can transcribe, if not given")
    parser.add_argument("--output", type=Path, default=Path("reference.json"))
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    transformers.logging.set_verbosity_error()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    result = json.loads(arguments.output.read_text()) if arguments.output.exists() else {"models": {}}
    for name in arguments.models:
        known = result["models"].setdefault(name, {})
        wanted = [set_ for set_ in arguments.sets or recordings.sets(name) if set_ not in known]
        if not wanted:
            continue
        reference = Transformers(name)
        openai = whisper.load_model(str(MODELS / f"{name}.pt"), device="cpu")
        for set_ in wanted:
            files = {}
            for clip in recordings.clips([set_]):
                sound = recordings.samples(clip.path)
                found = {
                    "silence": reference.tokens(sound, clip.language),
                    "zeros": with_openai(openai, sound, clip.language),
                }
                files[clip.file] = {"language": clip.language} | {
                    padding: {"tokens": tokens, "text": reference.text(tokens)} for padding, tokens in found.items()
                }
            known[set_] = files
            arguments.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
            same = sum(file["silence"]["tokens"] == file["zeros"]["tokens"] for file in files.values())
            print(f"{name} {set_}: {len(files)} recordings, {same} with the same tokens in both", flush=True)
    print(arguments.output)


if __name__ == "__main__":
    main()
