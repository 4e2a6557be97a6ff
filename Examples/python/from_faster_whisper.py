"""A program for faster-whisper: only the import is another. python from_faster_whisper.py talk.flac"""

import sys

from swiftlet.faster_whisper import BatchedInferencePipeline, WhisperModel

model = WhisperModel("tiny.en", device="cpu", compute_type="int8")
segments, info = model.transcribe(sys.argv[1], beam_size=5, vad_filter=True)
print(f"{info.language} with probability {info.language_probability:.2f}, {info.duration:.1f} s")
for segment in segments:
    print(f"[{segment.start:.2f} -> {segment.end:.2f}]{segment.text}")

batched = BatchedInferencePipeline(model=model)
segments, info = batched.transcribe(sys.argv[1], batch_size=16, word_timestamps=True)
print("".join(segment.text for segment in segments).strip())
