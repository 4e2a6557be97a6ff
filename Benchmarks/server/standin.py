"""A plain server around faster-whisper: an endpoint in threads, one model with several workers, batches if asked for.

    uvicorn standin:app --port PORT     with MODEL, WORKERS, THREADS (of each worker), BATCH in the environment

It stands for servers such as speaches, which PyPI does not have: those run `WhisperModel.transcribe` in threads, as this does.
"""

import os

from fastapi import FastAPI, File, Form, UploadFile
from faster_whisper import BatchedInferencePipeline, WhisperModel

workers, threads, batch = (
    int(os.environ.get(name, default)) for name, default in (("WORKERS", 1), ("THREADS", 2), ("BATCH", 1))
)
model = WhisperModel(os.environ["MODEL"], device="cpu", compute_type="int8", cpu_threads=threads, num_workers=workers)
pipeline = BatchedInferencePipeline(model)
app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/v1/audio/transcriptions")
def transcriptions(file: UploadFile = File(...), language: str | None = Form(None)):
    if batch > 1:
        segments, _ = pipeline.transcribe(file.file, language=language, batch_size=batch)
    else:
        segments, _ = model.transcribe(file.file, language=language)
    return {"text": "".join(segment.text for segment in segments).strip()}
