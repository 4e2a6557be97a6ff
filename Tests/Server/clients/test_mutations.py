"""Mutated requests: whatever is sent, no 5xx, no crash, and the server goes on. The same seed sends the same requests."""

import base64
import collections
import concurrent.futures
import random
import struct
import time
from pathlib import Path

import harness
import pytest
from harness import CLIP, JFK, exchange, request

FAILURES = harness.ROOT / ".build-clients/failures"
WORDS = [
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"%00",
    b"%2e%2e%2f",
    b"../",
    b"\xff\xfe",
    b"\xf0\x9f\x90\xa6",
    b"-1",
    b"0",
    b"1e999",
    b"nan",
    b"99999999999999999999",
    b"2147483648",
    b"true",
    b"null",
    b"{}",
    b"[]",
    b'"',
    b"'",
    b";",
    b"--",
    b"=",
    b"&",
    b"?",
    b"#",
    b"chunked",
    b"identity",
    b"gzip",
    b"Content-Length: 7\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Range: bytes=1-0\r\n",
    b"Last-Event-ID: 99\r\n",
    b"Upgrade: websocket\r\n",
    b"HTTP/1.0",
    b"a" * 9000,
    b" " * 300,
    b"\t",
    b"mix",
    b"separate",
    b"verbose_json",
    b"word",
    b"logprobs",
    b"job_",
    b"klingon",
    b"whisper-1",
    b"http://127.0.0.1:1/",
    b"data:audio/wav;base64,",
]


def frame(kind, data):
    """A masked WebSocket frame."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
    return bytes([0x80 | kind]) + size + bytes(4) + data


def seeds(job):
    """Valid requests of every kind, with a tenth of a second of sound where there is sound."""
    wav = harness.sound("tenth.wav", "-i", CLIP, "-t", "0.1", "-ar", "16000", "-ac", "1").read_bytes()
    file = ("file", "tenth.wav", wav)
    upgrade = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    audio = base64.b64encode(wav[44:]).decode()
    messages = [
        '{"type":"session.update","session":{"type":"transcription","audio":{"input":{"turn_detection":null}}}}',
        '{"type":"input_audio_buffer.append","audio":"%s"}' % audio,
        '{"type":"input_audio_buffer.commit"}',
    ]
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(wav) - 44, wav[44:])
    json = "Content-Type: application/json"
    return [
        request(
            "/v1/audio/transcriptions",
            file,
            ("model", "tiny.en"),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
        ),
        request(
            "/v1/audio/transcriptions",
            file,
            ("stream", "true"),
            ("include[]", "logprobs"),
            ("temperature", "0.2"),
            ("language", "en"),
        ),
        request(
            "/v1/audio/transcriptions",
            file,
            ("options", '{"decoding":{"beamSize":1}}'),
            ("subtitles", "{}"),
            ("prompt", "Swift"),
            ("channels", "mix"),
        ),
        request(
            "/v1/audio/transcriptions",
            ("url", "http://127.0.0.1:1/a.wav"),
            ("chunking_strategy", '{"type":"server_vad","threshold":0.5}'),
        ),
        request("/v1/audio/translations", file, ("model", "tiny.en")),
        request("/v1/jobs", file, ("webhook_url", "http://127.0.0.1:1/hook"), headers=["Idempotency-Key: one"]),
        *[
            request(path, method="GET", headers=["x-request-id: one", "Authorization: Bearer none"])
            for path in (
                "/v1/models",
                "/v1/models/tiny.en",
                "/v1/jobs?limit=2&status=completed",
                f"/v1/jobs/{job}",
                f"/v1/jobs/{job}/events",
                f"/v1/jobs/{job}/transcript?format=vtt&partial=true",
                "/health",
                "/ready",
                "/metrics",
                "/openapi.json",
                "/",
                "/page/app.js",
            )
        ],
        request(f"/v1/jobs/{job}/audio", method="GET", headers=["Range: bytes=10-99"]),
        request(f"/v1/jobs/{job}/events", method="GET", headers=["Last-Event-ID: 0"]),
        request(f"/v1/jobs/{job}/cancel", body=b""),
        request("/v1/jobs/job_0000000000", method="DELETE", headers=[json]),
        request("/v1/stream?format=s16le&sample_rate=16000&language=en", headers=["Transfer-Encoding: chunked"])
        + chunked,
        request("/v1/stream?format=container", body=wav),
        request("/v1/stream?format=s16le", method="GET", headers=upgrade)
        + frame(2, wav[44:])
        + frame(1, b'{"type":"end"}'),
        request("/v1/realtime?intent=transcription", method="GET", headers=upgrade)
        + b"".join(frame(1, one.encode()) for one in messages),
    ]


def mutated(seeds, seed):
    generator = random.Random(seed)
    data = bytearray(generator.choice(seeds))
    for _ in range(generator.choice([1, 1, 2, 3, 8])):
        # Most of the changes go where most of the meaning is: not into the sound.
        end = generator.choice([len(data), min(len(data), 600), min(len(data), 120)])
        place = generator.randrange(max(end, 1))
        match generator.randrange(9):
            case 0:
                data[place : place + 1] = bytes([generator.randrange(256)])
            case 1:
                data[place:place] = generator.choice(WORDS)
            case 2:
                data[place : place + generator.choice([1, 2, 8, 100])] = b""
            case 3:
                data[place : place + generator.choice([1, 4, 20])] = generator.choice(WORDS)
            case 4:
                del data[place:]
            case 5:
                other = generator.choice(seeds)
                data[place:] = other[generator.randrange(len(other)) :]
            case 6:
                lines = data.split(b"\r\n")
                lines.insert(generator.randrange(len(lines)), generator.choice(lines))
                data = bytearray(b"\r\n".join(lines))
            case 7:
                lines = data.split(b"\r\n")
                generator.shuffle(lines)
                data = bytearray(b"\r\n".join(lines))
            case 8:
                span = data[place : place + generator.choice([1, 10, 50])]
                data[place:place] = span * generator.choice([2, 10, 100])
    return bytes(data)


@pytest.mark.timeout(0)
def test_mutated_requests(start, command_line, pytestconfig):
    count, seed = pytestconfig.getoption("mutations"), pytestconfig.getoption("seed")
    with start() as server:
        job = exchange(server.port, request("/v1/jobs", ("file", "a.wav", CLIP.read_bytes()))).json()["id"]
        whole, statuses, wrong = seeds(job), collections.Counter(), []
        for original in whole:
            reply = exchange(server.port, original)
            assert reply.status == 101 or 200 <= reply.status < 500, (original[:100], reply)

        def one(index):
            data = mutated(whole, seed * 1_000_000_007 + index)
            try:
                reply = exchange(server.port, data, timeout=4, finish=0.5)
            except OSError as error:
                return index, data, error
            return index, data, reply

        begin = time.monotonic()
        memory = [server.memory()[0]]
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            for block in batches(count, 1000):
                for index, data, reply in pool.map(one, block):
                    status = getattr(reply, "status", type(reply).__name__)
                    statuses[status] += 1
                    # A client that has closed its side is gone: what it would be told does not matter.
                    gone = status == 503 and reply.given_up
                    if not isinstance(status, (int, type(None))) or (status or 0) >= 500 and not gone:
                        FAILURES.mkdir(parents=True, exist_ok=True)
                        (FAILURES / f"{seed}-{index}").write_bytes(data)
                        wrong.append((index, reply))
                assert server.running, f"died within requests {block[0]} to {block[-1]} of seed {seed}: {server.end}"
                assert exchange(server.port, request("/health", method="GET"), timeout=5).status == 200
                memory.append(server.memory()[0])
                print(
                    f"{block[-1] + 1} requests, {time.monotonic() - begin:.0f} s, {memory[-1] >> 20} MB: {dict(statuses)}",
                    flush=True,
                )
        found = exchange(
            server.port, request("/v1/audio/transcriptions", ("file", "jfk.flac", JFK.read_bytes())), timeout=120
        )
        assert found.json()["text"] == command_line.text(JFK)
        files = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        assert files < 200, f"{files} files are open"
    assert not wrong, (
        f"{len(wrong)} wrong; the requests are in {FAILURES}; send one with: curl telnet://127.0.0.1:PORT <FILE; {wrong[:5]}"
    )


def batches(count, size):
    return [range(begin, min(begin + size, count)) for begin in range(0, count, size)]
