"""A server that speaks the page's part of `swiftlet serve` with canned transcripts, for tests and for work on the page.

    python Tests/Page/mock_server.py [--port 8080] [--pace 0.5] [--key KEY]

Requests to /mock/... make it misbehave: see `Mock.control`.
"""

import argparse
import array
import asyncio
import json
import pathlib
import time
import uuid
import wave

from aiohttp import WSMsgType, web

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
SPEECH = ROOT / "Tests/Fixtures/speech"
PAGE = ROOT / "Sources/Server/Page"
TRANSCRIPTS = json.loads((HERE / "transcripts.json").read_text())
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MODELS = [("tiny.en", False), ("base", True), ("small", True), ("large-v3-turbo", True)]
FIELDS = {"file", "model", "language", "task", "channels", "prompt", "temperature", "hotwords", "options"}
FINAL = {"completed", "failed", "cancelled"}


def samples(path, rate=16000):
    """One channel of a 16-bit WAV file at another rate, by linear interpolation."""
    with wave.open(str(path)) as file:
        old = array.array("h", file.readframes(file.getnframes()))
        step = file.getframerate() / rate
    new = array.array("h")
    for i in range(int((len(old) - 1) / step)):
        at = i * step
        whole = int(at)
        new.append(int(old[whole] + (old[whole + 1] - old[whole]) * (at - whole)))
    return new


def write_interview(path):
    """Two speakers in two channels, from three recordings of the tests."""
    rate = 16000
    left, right = (array.array("h", bytes(2 * 17 * rate)) for _ in range(2))
    for channel, name, at in [(left, "LJ001-0001", 0), (right, "1993-147965-0000", 10), (left, "LJ001-0002", 15)]:
        part = samples(SPEECH / f"{name}.wav")[: (17 - at) * rate]
        channel[at * rate : at * rate + len(part)] = part
    both = array.array("h", bytes(4 * len(left)))
    both[0::2] = left
    both[1::2] = right
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(both.tobytes())


def long_transcript(count):
    """A transcript of many segments, for a recording of eleven hours."""
    pieces = TRANSCRIPTS["1688-142285"]["segments"]
    segments = []
    for i in range(count):
        piece = pieces[i % len(pieces)]
        offset = 4.0 * i - piece["start"]
        words = [
            {**word, "start": round(word["start"] + offset, 2), "end": round(min(word["end"] + offset, 4.0 * i + 3.9), 2)}
            for word in piece["words"]
        ]
        segments.append({**piece, "id": i, "start": 4.0 * i, "end": 4.0 * i + 3.9, "words": words})
    return {"duration": 4.0 * count, "language": "en", "segments": segments}


class Refusal(Exception):
    def __init__(self, status, message, code=None, param=None, headers=None):
        types = {401: "authentication_error", 429: "rate_limit_error"}
        self.status, self.headers = status, headers or {}
        kind = types.get(status, "server_error" if status >= 500 else "invalid_request_error")
        self.error = {"message": message, "type": kind, "param": param, "code": code}

    def response(self):
        return web.json_response({"error": self.error}, status=self.status, headers=self.headers)


class Job:
    def __init__(self, name, transcript, audio, fields=None, created=None):
        self.transcript, self.audio, self.fields = transcript, audio, fields or {}
        self.sent = []
        self.changed = asyncio.Condition()
        self.revision = 0
        self.task = None
        now = int(created or time.time())
        self.json = {
            "id": f"job_{uuid.uuid4().hex[:20]}", "object": "transcription.job", "status": "queued", "name": name,
            "model": self.fields.get("model", "base"), "created_at": now, "started_at": None, "finished_at": None,
            "expires_at": now + 7 * 86400, "bytes": audio.stat().st_size, "duration": None, "position": 0, "progress": 0,
            "language": None, "text": "", "error": None, "notices": [], "task": self.fields.get("task", "transcribe"),
        }

    @property
    def is_final(self):
        return self.json["status"] in FINAL

    async def change(self, **values):
        async with self.changed:
            self.json.update(values)
            self.revision += 1
            self.changed.notify_all()

    def complete(self):
        self.sent = list(self.segments())
        finished = self.json["created_at"] + 9
        self.json.update(
            status="completed", started_at=self.json["created_at"], finished_at=finished, progress=1,
            duration=self.transcript["duration"], position=self.transcript["duration"], language=self.transcript["language"],
            text="".join(segment["text"] for segment in self.sent).strip())

    def segments(self):
        for segment in self.transcript["segments"]:
            separate = self.fields.get("channels") == "separate"
            yield {key: value for key, value in segment.items() if key != "channel" or separate}

    async def run(self, pace):
        await asyncio.sleep(pace)
        duration = self.transcript["duration"]
        await self.change(status="running", started_at=int(time.time()), duration=duration, language=self.transcript["language"])
        for count, segment in enumerate(self.segments(), 1):
            if pace or count % 500 == 0:
                await asyncio.sleep(pace)
            self.sent.append(segment)
            await self.change(position=segment["end"], progress=segment["end"] / duration, text=self.json["text"] + segment["text"])
        await self.change(status="completed", finished_at=int(time.time()), position=duration, progress=1)


def clock(seconds, separator):
    milliseconds = round(seconds * 1000)
    return "%02d:%02d:%02d%s%03d" % (
        milliseconds // 3600000, milliseconds // 60000 % 60, milliseconds // 1000 % 60, separator, milliseconds % 1000)


def written(job, format):
    segments = job.sent
    if format in ("srt", "vtt"):
        separator = "," if format == "srt" else "."
        cues = [
            (f"{i}\n" if format == "srt" else "")
            + f"{clock(s['start'], separator)} --> {clock(s['end'], separator)}\n{s['text'].strip()}\n"
            for i, s in enumerate(segments, 1)
        ]
        return ("" if format == "srt" else "WEBVTT\n\n") + "\n".join(cues), "text/plain"
    text = "".join(s["text"] for s in segments).strip()
    if format == "text":
        return text + "\n", "text/plain"
    words = [{**word, "word": word["word"].strip()} for s in segments for word in s["words"]]
    value = {"task": "transcribe", "language": "english", "duration": job.json["duration"], "text": text, "segments": segments}
    return json.dumps({**value, "words": words}), "application/json"


class Mock:
    def __init__(self, folder, pace, key=None, jobs=True):
        self.folder, self.pace, self.key = pathlib.Path(folder), pace, key
        self.jobs, self.requests = {}, {}
        self.busy = self.drops = 0
        self.break_stream_after = None
        self.down = False
        self.heard = bytearray()
        self.queries = []
        self.lock = asyncio.Lock()
        write_interview(self.folder / "interview.wav")
        if jobs:
            self.add_examples()

    def add_examples(self):
        now = time.time()
        examples = [
            ("Menú de la conferencia.flac", "conf-adminmenu-162", SPEECH / "es/conf-adminmenu-162.flac", {}, 90000),
            ("Kennedy, inaugural address.flac", "jfk", SPEECH / "jfk.flac", {"model": "tiny.en"}, 8000),
            ("Interview, two microphones.wav", "interview", self.folder / "interview.wav", {"channels": "separate"}, 3400),
            ("North and South, chapter 10.opus", "1688-142285", SPEECH / "long/1688-142285.opus", {}, 260),
        ]
        for name, transcript, audio, fields, age in examples:
            job = Job(name, TRANSCRIPTS[transcript], audio, fields, now - age)
            job.complete()
            self.jobs[job.json["id"]] = job
        failed = Job("Minutes.docx", TRANSCRIPTS["jfk"], SPEECH / "words.json", {}, now - 88000)
        message = "Minutes.docx has no audio that FFmpeg can read; upload an audio or video file."
        failed.json.update(status="failed", finished_at=failed.json["created_at"] + 1, error={
            "message": message, "type": "invalid_request_error", "param": "file", "code": "unsupported_media"})
        self.jobs[failed.json["id"]] = failed

    # Plumbing

    @web.middleware
    async def guard(self, request, handler):
        try:
            if request.path.startswith("/v1/"):
                self.admit(request)
            return await handler(request)
        except Refusal as refusal:
            return refusal.response()
        except ConnectionError:
            return web.Response()  # The page was closed meanwhile.
        except web.HTTPNotFound:
            return Refusal(404, "There is nothing at this address.").response()

    def admit(self, request):
        if self.down:
            request.transport.abort()
        if self.key:
            protocols = request.headers.get("Sec-WebSocket-Protocol", "")
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if given != self.key and f"openai-insecure-api-key.{self.key}" not in protocols.split(", "):
                raise Refusal(401, "The API key is missing or wrong; send it as Authorization: Bearer KEY.", "invalid_api_key")
        if self.busy and request.method == "POST":
            self.busy -= 1
            raise Refusal(429, "The queue is full.", "queue_full", headers={"Retry-After": "2"})

    def job(self, request):
        job = self.jobs.get(request.match_info["id"])
        if not job:
            raise Refusal(404, "There is no such job; it may have expired.", "job_not_found")
        return job

    async def page(self, request):
        name = request.match_info.get("file", "index.html")
        path = PAGE / name
        if "/" in name or not path.is_file():
            raise web.HTTPNotFound()
        headers = {"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return web.Response(body=path.read_bytes(), headers={**headers, "Content-Type": TYPES[path.suffix]})

    async def control(self, request):
        """POST {"key": K|null, "busy": refusals to come, "drops": event streams to break, "pace": s, "long": segments,
        "break_stream_after": seconds, "down": whether to break every
        connection, "old": jobs to add that are older than all others}; answers with what was heard from the microphone."""
        values = await request.json() if request.can_read_body else {}
        for name in ("key", "busy", "drops", "pace", "break_stream_after", "down"):
            if name in values:
                setattr(self, name, values[name])
        for i in range(values.get("old", 0)):
            job = Job(f"Archive {i + 1}.mp3", TRANSCRIPTS["jfk"], SPEECH / "jfk.flac", {}, time.time() - 200000 - i)
            job.complete()
            self.jobs[job.json["id"]] = job
        if "long" in values:
            job = Job("A long day in court.mp3", long_transcript(values["long"]), SPEECH / "jfk.flac")
            job.complete()
            self.jobs[job.json["id"]] = job
            return web.json_response({"id": job.json["id"]})
        return web.json_response({"heard": self.heard.hex(), "queries": self.queries, "fields": [job.fields for job in self.jobs.values()]})

    # The contract

    async def models(self, request):
        data = [
            {"id": name, "object": "model", "created": 1700000000, "owned_by": "swiftlet", "multilingual": multilingual,
             "loaded": name == "base", "default": name == "base"}
            for name, multilingual in MODELS
        ]
        return web.json_response({"object": "list", "data": data})

    async def create(self, request):
        fields, name, path = {}, None, None
        async for part in await request.multipart():
            if part.name not in FIELDS:
                raise Refusal(400, f"There is no field '{part.name}'.", "invalid_options", part.name)
            if part.name == "file":
                name = part.filename
                path = self.folder / uuid.uuid4().hex
                with path.open("wb") as file:
                    while chunk := await part.read_chunk(65536):
                        file.write(chunk)
            else:
                fields[part.name] = await part.text()
        if not path:
            raise Refusal(400, "There is no file; send one as 'file'.", "missing_file", "file")
        key = request.headers.get("Idempotency-Key")
        if key in self.requests:
            return web.json_response(self.requests[key].json)
        if name.endswith(".txt"):
            raise Refusal(415, f"{name} has no audio that FFmpeg can read; upload an audio or video file.", "unsupported_media", "file")
        long = SPEECH / "long/1688-142285.opus"
        stem = next((stem for stem in TRANSCRIPTS if stem in name), "jfk")
        canned = TRANSCRIPTS["1688-142285" if path.stat().st_size == long.stat().st_size else stem]
        job = Job(name, canned, path, fields)
        self.jobs[job.json["id"]] = self.requests[key] = job
        job.task = asyncio.create_task(self.run(job))
        return web.json_response(job.json, status=202, headers={"Location": f"/v1/jobs/{job.json['id']}"})

    async def run(self, job):
        async with self.lock:
            await job.run(self.pace)

    async def list(self, request):
        jobs = sorted(self.jobs.values(), key=lambda job: -job.json["created_at"])
        ids = [job.json["id"] for job in jobs]
        after = request.query.get("after")
        first = ids.index(after) + 1 if after in ids else 0
        limit = int(request.query.get("limit", 20))
        data = [{key: value for key, value in job.json.items() if key != "text"} for job in jobs[first : first + limit]]
        return web.json_response({"object": "list", "data": data, "has_more": first + limit < len(jobs)})

    async def show(self, request):
        return web.json_response(self.job(request).json)

    async def delete(self, request):
        job = self.job(request)
        if job.task:
            job.task.cancel()
        del self.jobs[job.json["id"]]
        return web.json_response({"id": job.json["id"], "object": "transcription.job", "deleted": True})

    async def cancel(self, request):
        job = self.job(request)
        if job.is_final:
            raise Refusal(409, "The job has ended; there is nothing to cancel.", "job_ended")
        job.task.cancel()
        await job.change(status="cancelled", finished_at=int(time.time()))
        return web.json_response(job.json)

    async def transcript(self, request):
        job = self.job(request)
        if job.json["status"] != "completed" and request.query.get("partial") != "true":
            raise Refusal(409, "The job is not finished; ask again with partial=true for what there is.", "job_not_finished")
        text, kind = written(job, request.query.get("format", "json"))
        return web.Response(text=text, content_type=kind)

    async def audio(self, request):
        return web.FileResponse(self.job(request).audio, headers={"Cache-Control": "no-store"})

    async def events(self, request):
        job = self.job(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)

        async def send(event, data, id=None):
            lines = f"event: {event}\n" + (f"id: {id}\n" if id is not None else "") + f"data: {json.dumps(data)}\n\n"
            await response.write(lines.encode())

        sent = int(request.headers.get("Last-Event-ID", -1)) + 1
        status, begin = None, sent
        while True:
            revision = job.revision
            if job.json["status"] != status and not job.is_final:
                status = job.json["status"]
                await send("status", job.json)
            while sent < len(job.sent):
                await send("segment", job.sent[sent], sent)
                sent += 1
                if self.drops and sent - begin >= 2:
                    self.drops -= 1
                    request.transport.close()
                    return response
            await send("progress", {key: job.json[key] for key in ("position", "duration", "progress")})
            if job.is_final:
                await send("status", job.json)
                return response
            async with job.changed:
                try:
                    await asyncio.wait_for(job.changed.wait_for(lambda: job.revision != revision), 15)
                except TimeoutError:
                    await response.write(b": still here\n\n")

    async def stream(self, request):
        socket = web.WebSocketResponse(protocols=("realtime",))
        await socket.prepare(request)
        self.queries.append(dict(request.query))
        self.heard.clear()
        words = TRANSCRIPTS["jfk"]["segments"][0]["words"]
        committed = 0
        begin = time.time()
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                self.heard += message.data
                seconds = len(self.heard) / 32000
                if self.break_stream_after and seconds > self.break_stream_after:
                    await socket.send_json({"type": "error", "error": Refusal(503, "The model was unloaded.").error})
                    await socket.close()
                    break
                # Two words a second, of which the newest three are still a guess.
                count = min(len(words), int(seconds * 4))
                if count > committed + 3:
                    new, partial = words[committed : count - 3], words[count - 3 : count]
                    committed = count - 3
                    await socket.send_json({
                        "type": "update", "committed": new, "partial": partial, "position": seconds,
                        "elapsed": time.time() - begin, "language": "en"})
            elif message.type == WSMsgType.TEXT and json.loads(message.data).get("type") == "end":
                count = min(len(words), int(len(self.heard) / 8000))
                await socket.send_json({
                    "type": "update", "committed": words[committed:count], "partial": [], "position": len(self.heard) / 32000,
                    "elapsed": time.time() - begin, "language": "en"})
                await socket.send_json({"type": "done", "text": "".join(word["word"] for word in words[:count]).strip()})
                await socket.close()
        return socket

    def app(self):
        app = web.Application(middlewares=[self.guard], client_max_size=1 << 30)
        app.add_routes([
            web.get("/", self.page), web.get("/page/{file}", self.page), web.post("/mock", self.control),
            web.get("/v1/models", self.models), web.post("/v1/jobs", self.create), web.get("/v1/jobs", self.list),
            web.get("/v1/jobs/{id}", self.show), web.delete("/v1/jobs/{id}", self.delete),
            web.post("/v1/jobs/{id}/cancel", self.cancel), web.get("/v1/jobs/{id}/transcript", self.transcript),
            web.get("/v1/jobs/{id}/audio", self.audio), web.get("/v1/jobs/{id}/events", self.events),
            web.get("/v1/stream", self.stream),
        ])
        return app


async def serve(folder, port, pace, key, announce):
    mock = Mock(folder, pace, key)
    runner = web.AppRunner(mock.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    announce(f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}")
    await asyncio.Event().wait()


if __name__ == "__main__":
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--pace", type=float, default=0.5, help="seconds between segments")
    parser.add_argument("--key", help="API key to ask for")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(serve(folder, arguments.port, arguments.pace, arguments.key, lambda url: print(url, flush=True)))
        except KeyboardInterrupt:
            pass
