"""Keys, paths, headers, forms, slow clients, limits, hostile media: what is refused gets 4xx, and the server goes on."""

import concurrent.futures
import contextlib
import gzip
import http.server
import json
import random
import select
import signal
import socket
import subprocess
import threading
import time

import harness
import httpx
import pytest
from harness import CLIP, JFK, LONG, TRANSCRIPTIONS, exchange, multipart, request
from jobs import Jobs


def healthy(server):
    return exchange(server.port, request("/health", method="GET"), timeout=5).status == 200


def refused(reply, *statuses):
    """Answered with 4xx, or closed."""
    assert reply.status is None or 400 <= reply.status < 500, reply
    assert not statuses or reply.status in statuses, reply


# Keys


def keys(binary, state, *arguments):
    command = [binary, "serve", "keys", *arguments, "--state-dir", str(state)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_other_addresses_need_keys(binary, host, tmp_path):
    command = [binary, "serve", "--host", host, "--port", "0", "--state-dir", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert found.returncode not in (0, -6, -11) and "key" in found.stderr.lower()


@pytest.fixture(scope="module")
def keyed(binary, start, tmp_path_factory):
    """A server with a key."""
    state = tmp_path_factory.mktemp("keyed")
    key = keys(binary, state, "add", "first")
    with start(state=state) as server:
        server.key = key
        yield server
        assert server.running
    assert server.key not in server.written


def test_keys_are_hashed_in_a_private_file(keyed):
    files = [path for path in keyed.state.rglob("*") if path.is_file()]
    assert not any(keyed.key.encode() in path.read_bytes() for path in files)
    file = keyed.state / "keys.json"
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {}", "{}", "Bearer {}x", "Bearer x{}", "Bearer \x80"],
)
@pytest.mark.parametrize(
    "path",
    [
        "GET /v1/models",
        "POST /v1/audio/transcriptions",
        "GET /v1/jobs",
        "GET /v1/jobs/job_x/audio",
        "GET /v1/stream",
        "GET /v1/realtime",
        "GET /metrics",
        "POST /v1/jobs",
        "GET /v1/nonsense",
        "GET /v1//models",
    ],
)
def test_no_entry_without_the_key(keyed, path, header):
    method, path = path.split()
    lines = [f"Authorization: {header.format(keyed.key)}"] if header is not None else []
    if path in ("/v1/stream", "/v1/realtime"):
        lines += [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ]
    reply = exchange(keyed.port, request(path, method=method, headers=lines, body=b"" if method == "POST" else None))
    if reply.status == 404 and path in ("/v1/nonsense", "/v1//models"):
        return
    assert reply.status in (401, 400) if header == "Bearer \x80" else reply.status == 401
    if reply.status == 401:
        assert reply.json()["error"]["type"] == "authentication_error"
        assert b"www-authenticate" in reply.head.lower()


def test_401_comes_before_the_body(keyed):
    head = request(
        TRANSCRIPTIONS, headers=["Content-Type: multipart/form-data; boundary=x", "Content-Length: 100000000"]
    )
    begin = time.monotonic()
    assert exchange(keyed.port, head, timeout=10).status == 401
    assert time.monotonic() - begin < 2


def test_the_key_opens(keyed, command_line):
    with httpx.Client(base_url=keyed.url, headers={"Authorization": f"Bearer {keyed.key}"}, timeout=60) as client:
        assert client.get("/v1/models").status_code == 200
        assert client.get("/metrics").status_code == 200
        found = client.post(TRANSCRIPTIONS, files={"file": CLIP.read_bytes()})
        assert found.json()["text"] == command_line.text(CLIP)
    for path in ["/", "/health", "/ready", "/openapi.json"]:
        assert httpx.get(keyed.url + path).status_code == 200


def test_the_key_of_a_browsers_websocket(keyed):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    url = keyed.url.replace("http", "ws") + "/v1/realtime?intent=transcription"
    with connect(url, subprotocols=["realtime", f"openai-insecure-api-key.{keyed.key}"]) as opened:
        assert opened.subprotocol == "realtime"
        assert "created" in json.loads(opened.recv(10))["type"]
    with (
        pytest.raises(InvalidStatus) as raised,
        connect(url, subprotocols=["realtime", "openai-insecure-api-key.wrong"]),
    ):
        pass
    assert raised.value.response.status_code == 401


def test_a_revoked_key_opens_nothing(keyed, binary):
    key = keys(binary, keyed.state, "add", "second")
    keyed.signal(signal.SIGHUP)
    client = httpx.Client(base_url=keyed.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    harness.until(lambda: client.get("/v1/models").status_code == 200, 10)
    assert "second" in keys(binary, keyed.state, "list") and key not in keys(binary, keyed.state, "list")
    keys(binary, keyed.state, "revoke", "second")
    keyed.signal(signal.SIGHUP)
    harness.until(lambda: client.get("/v1/models").status_code == 401, 10)
    assert "second" not in keys(binary, keyed.state, "list")


def test_without_keys_left_the_server_stays_closed(binary, start, tmp_path):
    """A server that has begun with keys never opens to everyone, whatever becomes of their file."""
    keys(binary, tmp_path, "add", "only")
    with start(state=tmp_path) as server:
        for spoil in [
            lambda: keys(binary, tmp_path, "revoke", "only"),
            lambda: (tmp_path / "keys.json").unlink(missing_ok=True),
        ]:
            spoil()
            server.signal(signal.SIGHUP)
            time.sleep(1)
            assert httpx.get(server.url + "/v1/models").status_code == 401


def test_a_damaged_key_file_lets_nobody_in(binary, tmp_path):
    file = tmp_path / "keys.json"
    file.write_text("{ damaged")
    command = [binary, "serve", "--port", "0", "--state-dir", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert found.returncode not in (0, -6, -11) and str(file) in found.stderr


# Paths and headers


@pytest.mark.parametrize(
    "path",
    [
        "/page/../../../../etc/passwd",
        "/page/%2e%2e/%2e%2e/etc/passwd",
        "/page/..%2f..%2f..%2fetc%2fpasswd",
        "/page/%252e%252e%252fetc/passwd",
        "/page/..\\..\\etc\\passwd",
        "/page//etc/passwd",
        "/page/app.js%00.html",
        "/page/%c0%ae%c0%ae/",
        "/../etc/passwd",
        "//etc/passwd",
        "/page/.",
        "/page/",
        "/page/%",
        "/page/%zz",
        "/v1/models/../../etc/passwd",
        "/v1/models/%2fetc%2fpasswd",
        "/v1/jobs/../../../etc/passwd/audio",
        "/v1/jobs/%2e%2e%2f%2e%2e%2fswiftlet.sqlite/audio",
        "/?" + "a" * 20_000,
        "/" + "a/" * 5_000,
    ],
)
def test_paths(server, path):
    reply = exchange(server.port, request(path, method="GET"), timeout=5)
    assert b"root:" not in reply.data
    if not path.startswith("/?"):
        refused(reply)
    assert healthy(server)


RAW = {
    "a huge header": b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
    "too many headers": b"GET /health HTTP/1.1\r\nHost: x\r\n"
    + b"".join(b"X%d: y\r\n" % i for i in range(50_000))
    + b"\r\n",
    "a huge line": b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400),
    "zeros": bytes(4000),
    "a nul in a header": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "a lone line feed": b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\nY: b\rZ: c\r\n\r\n",
    "space before the colon": b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde",
    "two lengths": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "a negative length": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "an overflowing length": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "length and chunks": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\nabc",
    "a bad chunk": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "a huge chunk": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nabc\r\n",
    "an endless chunk extension": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    + b"a" * 3_000_000,
    "an unknown version": b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
    "an unknown method": b"BREW /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "CONNECT": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
    "another host's URL": b"GET http://example.org/etc/passwd HTTP/1.1\r\nHost: example.org\r\n\r\n",
    "an unknown upgrade": b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: nonsense\r\nConnection: Upgrade\r\n\r\n",
    "an upgrade that is none, with frames": b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: a: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\xc2\xfe\x0c\xa2" + bytes(50),
    "a websocket of no version": b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
}


@pytest.mark.parametrize("case", RAW)
def test_raw_requests(server, case):
    reply = exchange(server.port, RAW[case], timeout=10, finish=2)
    if case in ("a huge chunk", "a nul in a header"):
        assert reply.status != 0
    if case not in ("a lone line feed", "an unknown upgrade", "an upgrade that is none, with frames"):
        refused(reply)
    assert reply.status is None or reply.status < 500, reply
    assert healthy(server)


def test_wrong_methods(server):
    for method, path in [
        ("DELETE", "/v1/models"),
        ("GET", TRANSCRIPTIONS),
        ("PUT", "/v1/jobs"),
        ("POST", "/health"),
        ("PATCH", "/"),
    ]:
        reply = exchange(server.port, request(path, method=method, body=b""))
        refused(reply, 404, 405)
        assert reply.json()["error"]["type"] == "invalid_request_error"
    reply = exchange(server.port, request("/v1/nonsense", method="GET"))
    assert reply.status == 404 and reply.json()["error"]["message"]


# Forms

FILE = ("file", "a.wav", CLIP.read_bytes())
GOOD, KIND = multipart(FILE, ("model", "tiny.en"), boundary="edge")
B = "multipart/form-data; boundary=edge"
FORMS = {
    "no content type": (None, GOOD),
    "no boundary": ("multipart/form-data", GOOD),
    "an empty boundary": ("multipart/form-data; boundary=", GOOD),
    "another boundary": ("multipart/form-data; boundary=other", GOOD),
    "a huge boundary": ("multipart/form-data; boundary=" + "a" * 5000, GOOD),
    "another type": ("application/json", b'{"file": "a"}'),
    "urlencoded": ("application/x-www-form-urlencoded", b"model=tiny.en"),
    "nothing": (B, b""),
    "only an end": (B, b"--edge--\r\n"),
    "without an end": (B, GOOD[:-10]),
    "cut in the file": (B, GOOD[: len(GOOD) // 2]),
    "cut in a part's header": (B, b"--edge\r\nContent-Dispos"),
    "no name": (B, b'--edge\r\nContent-Disposition: form-data; filename="a.wav"\r\n\r\nabc\r\n--edge--\r\n'),
    "no disposition": (B, b"--edge\r\nX: y\r\n\r\nabc\r\n--edge--\r\n"),
    "no file": (B, multipart(("model", "tiny.en"), boundary="edge")[0]),
    "two files": (B, multipart(FILE, FILE, boundary="edge")[0]),
    "an empty file": (B, multipart(("file", "a.wav", b""), boundary="edge")[0]),
    "a file that is a field": (B, multipart(("file", "text"), boundary="edge")[0]),
    "two models": (B, multipart(FILE, ("model", "tiny.en"), ("model", "base"), boundary="edge")[0]),
    "nested": (
        B,
        b"--edge\r\nContent-Disposition: form-data; name=x\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\n--in--\r\n--edge--\r\n",
    ),
    "a nul in a name": (B, multipart(FILE, ("mo\0del", "tiny.en"), boundary="edge")[0]),
    "a nul in a value": (B, multipart(FILE, ("language", "e\0n"), boundary="edge")[0]),
    "no UTF-8": (B, multipart(FILE, ("prompt", b"\xff\xfe\xc0"), boundary="edge")[0]),
    "a huge field": (B, multipart(FILE, ("prompt", "a" * 5_000_000), boundary="edge")[0]),
    "a huge part header": (B, b"--edge\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\nabc\r\n--edge--\r\n"),
    "many fields": (B, multipart(FILE, *[(f"f{i}", "x") for i in range(20_000)], boundary="edge")[0]),
    "many of a field": (B, multipart(FILE, *[("include[]", "logprobs")] * 20_000, boundary="edge")[0]),
    "spaces after a delimiter": (B, b"--edge" + b" " * 20_000_000),
    "an endless preamble": (B, b"-" * 20_000_000),
    "delimiters that never end": (B, b"\r\n--edg" * 2_000_000),
    "deep JSON": (B, multipart(FILE, ("options", "[" * 200_000), boundary="edge")[0]),
    "an unknown JSON number": (
        B,
        multipart(FILE, ("options", '{"decoding": {"beamSize": 1e999}}'), boundary="edge")[0],
    ),
    "temperature nan": (B, multipart(FILE, ("temperature", "nan"), boundary="edge")[0]),
    "temperature inf": (B, multipart(FILE, ("temperature", "-inf"), boundary="edge")[0]),
    "compressed": (B, gzip.compress(GOOD)),
}
ACCEPTED = {"many of a field", "without an end", "a file that is a field"}


@pytest.mark.parametrize("path", [TRANSCRIPTIONS, "/v1/jobs"])
@pytest.mark.parametrize("case", FORMS)
def test_forms(server, case, path):
    kind, body = FORMS[case]
    lines = [f"Content-Type: {kind}"] if kind else []
    lines += ["Content-Encoding: gzip"] if case == "compressed" else []
    reply = exchange(server.port, request(path, headers=lines, body=body), timeout=20)
    assert reply.status in range(400, 500) or (case in ACCEPTED and reply.status in (200, 202)), reply
    if reply.status >= 400:
        assert reply.json()["error"]["type"] == "invalid_request_error"
    assert healthy(server)


@pytest.mark.parametrize(
    "name",
    [
        "../../../tmp/evil",
        "/etc/cron.d/evil",
        "a\r\nX-Evil: 1",
        "\u202eevil.wav",
        "a" * 5000,
        "",
        "con.wav",
        ";rm -rf ~;",
    ],
)
def test_file_names_are_only_names(server, name):
    before = sorted(path.name for path in server.state.parent.iterdir())
    body, kind = multipart(("file", name, CLIP.read_bytes()), boundary="edge")
    reply = exchange(server.port, request("/v1/jobs", headers=[f"Content-Type: {kind}"], body=body))
    assert reply.status == 202 or 400 <= reply.status < 500
    assert b"\r\nx-evil" not in reply.head.lower()
    assert sorted(path.name for path in server.state.parent.iterdir()) == before


# URLs as input


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/a.wav",
        "http://localhost:{port}/a.wav",
        "http://[::1]:{port}/",
        "file:///etc/passwd",
        "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/",
        "http://127.1:{port}/",
        "gopher://127.0.0.1:{port}/",
        "concat:/etc/passwd",
        "",
        "http://",
    ],
)
def test_urls_are_refused_by_default(server, url):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        reply = exchange(
            server.port, request(TRANSCRIPTIONS, ("url", url.format(port=listener.getsockname()[1]))), timeout=10
        )
        refused(reply, 400, 403, 422)
        assert reply.json()["error"]["param"] == "url"
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.fixture
def site():
    """A web site on the loopback interface; `pages` are (status, headers, body) by path."""
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    listening.pages = pages
    yield listening
    listening.shutdown()
    listening.server_close()


def test_urls_of_an_allowed_host(start, site, command_line):
    base = f"http://127.0.0.1:{site.server_port}"
    site.pages["/a%20b.wav?x=1"] = 200, {}, CLIP.read_bytes()
    site.pages["/big"] = 200, {}, bytes(2_000_000)
    site.pages["/text"] = 200, {}, b"no sound" * 100
    site.pages["/short"] = 200, {"Content-Length": "1000000"}, CLIP.read_bytes()[:5000]
    site.pages["/to-localhost"] = 302, {"Location": f"http://localhost:{site.server_port}/a%20b.wav?x=1"}, b""
    site.pages["/to-a-file"] = 302, {"Location": "file:///etc/passwd"}, b""
    with start("--allow-url-host", "127.0.0.1", "--max-upload", "1") as server:

        def status(path):
            return exchange(server.port, request(TRANSCRIPTIONS, ("url", base + path)), timeout=20)

        assert status("/a%20b.wav?x=1").json()["text"] == command_line.text(CLIP)
        refused(status("/big"), 413)
        for path in ["/text", "/nothing", "/short", "/to-localhost", "/to-a-file"]:
            refused(status(path), 400, 403, 415, 422)
        assert not list((server.state / "uploads").iterdir())


def test_pages_of_other_sites(server):
    """A page of another site must not use a server without keys: neither directly nor through a name that leads to it."""
    upgrade = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    file = ("file", "a.wav", CLIP.read_bytes())
    for lines in [["Origin: http://evil.example"], ["Origin: null"]]:
        for sent in [
            request(TRANSCRIPTIONS, file, headers=lines),
            request("/v1/jobs", file, headers=lines),
            request("/v1/stream", method="GET", headers=lines + upgrade),
            request("/v1/realtime?intent=transcription", method="GET", headers=lines + upgrade),
        ]:
            refused(exchange(server.port, sent), 403)
    rebound = request("/v1/jobs", method="GET").replace(b"Host: 127.0.0.1", b"Host: evil.example:8080")
    refused(exchange(server.port, rebound), 400, 403, 421)
    for host in [f"127.0.0.1:{server.port}", f"localhost:{server.port}", f"[::1]:{server.port}"]:
        own = request("/v1/jobs", method="GET", headers=[f"Origin: http://{host}"]).replace(
            b"Host: 127.0.0.1", f"Host: {host}".encode()
        )
        assert exchange(server.port, own).status == 200, host
    assert (
        b"access-control-allow-origin"
        not in exchange(
            server.port, request("/v1/models", method="GET", headers=["Origin: http://evil.example"])
        ).head.lower()
    )


# Media


def corrupted():
    """Pieces of every container, damaged in different ways."""
    generator = random.Random(1)
    found = []
    for name in [
        "h.mp4",
        "h.mkv",
        "h.ogg",
        "h.mp3",
        "h.flac",
        "h.wav",
        "h.webm",
        "h.aac",
        "h.ts",
        "h.avi",
        "h.wma",
        "h.amr",
    ]:
        codec = {"h.webm": ["-c:a", "libopus"], "h.amr": None}.get(name, [])
        if codec is None:
            continue
        data = harness.sound(
            name, "-i", JFK, "-t", "3", "-ar", "16000" if "wav" in name else "48000", *codec
        ).read_bytes()
        for how in range(4):
            damaged = bytearray(data)
            begin = 0 if how < 2 else len(data) // 3
            span = 600 if how < 2 else len(data) - begin
            for _ in range(max(3, span // [20, 60, 200, 1000][how])):
                damaged[begin + generator.randrange(min(span, len(data) - begin))] = generator.randrange(256)
            found.append((f"{name}-{how}", bytes(damaged)))
        found.append((f"{name}-cut", data[: len(data) // 2]))
        found.append((f"{name}-head", data[:64]))
        found.append((f"{name}-twice", data + data))
    return found


def test_damaged_media(server):
    """Either transcribed or 4xx, each within 30 s, in a child process whose death does no harm."""

    def one(case):
        name, data = case
        return name, exchange(server.port, request(TRANSCRIPTIONS, ("file", name, data)), timeout=30)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(one, corrupted()))
    wrong = [(name, reply) for name, reply in replies if reply.status not in (200, 400, 415, 422)]
    assert not wrong
    assert healthy(server)


def wav(channels=1, rate=16000, bits=16, size=2**32 - 1, data=b"\0" * 4000, form=1):
    import struct

    block = channels * bits // 8 & 0xFFFF
    return (
        b"RIFF"
        + struct.pack("<I", size)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, form, channels & 0xFFFF, rate, rate * block & 0xFFFFFFFF, block, bits)
        + b"data"
        + struct.pack("<I", size)
        + data
    )


MEDIA = {
    "no channels": wav(channels=0),
    "65535 channels": wav(channels=65535),
    "rate 0": wav(rate=0),
    "rate 4e9": wav(rate=2**32 - 1),
    "rate 1": wav(rate=1, data=b"\0" * 100_000),
    "no bits": wav(bits=0),
    "1024 bits": wav(bits=1024),
    "an unknown codec": wav(form=0x7777),
    "a playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXTINF:10,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "a list of files": b"ffconcat version 1.0\nfile '/etc/passwd'\nfile 'http://127.0.0.1:{port}/a.ts'\n",
    "a session": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "a manifest": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet><Representation id="1"><BaseURL>http://127.0.0.1:{port}/</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06\0\0\0" + bytes(100),
    "a huge box": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42\xff\xff\xff\xffmoov" + bytes(500),
    "nested boxes": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42"
    + b"".join((200_000 - 8 * i).to_bytes(4, "big") + b"moov" for i in range(20_000)),
    "a script": b"#!/bin/sh\nrm -rf /\n" * 100,
    "an archive": b"PK\x03\x04" + bytes(500),
    "zeros": bytes(1_000_000),
}


@pytest.mark.parametrize("case", MEDIA)
def test_hostile_media(server, case):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        content = MEDIA[case].replace(b"{port}", str(listener.getsockname()[1]).encode())
        reply = exchange(server.port, request(TRANSCRIPTIONS, ("file", "a.wav", content)), timeout=30)
        assert reply.status in (400, 413, 415, 422) or (reply.status == 200 and case in ("rate 1", "rate 4e9")), reply
        assert b"root:" not in reply.data
        with pytest.raises(TimeoutError):
            listener.accept()


# Limits


@pytest.fixture(scope="module")
def limited(start):
    with start("--max-upload", "1", "--max-duration", "60", "--max-queue", "120", "--concurrency", "2") as server:
        yield server
        assert server.running


def test_a_length_over_the_limit_gets_413_at_once(limited):
    head = request(TRANSCRIPTIONS, headers=[f"Content-Type: {KIND}", "Content-Length: 10000000000"])
    begin = time.monotonic()
    assert exchange(limited.port, head + GOOD[:1000], timeout=10).status == 413
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("path", [TRANSCRIPTIONS, "/v1/jobs"])
def test_chunks_over_the_limit_get_413_while_they_are_sent(limited, path):
    head = request(path, headers=[f"Content-Type: {KIND}", "Transfer-Encoding: chunked"])
    part = b"--edge\r\nContent-Disposition: form-data; name=file; filename=a.wav\r\n\r\n"
    chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", limited.port), timeout=10) as connection:
        connection.sendall(head + b"%x\r\n%s\r\n" % (len(part), part))
        try:
            while not select.select([connection], [], [], 0)[0]:
                connection.sendall(chunk)
                sent += 65536
                assert sent < 30_000_000
            assert connection.recv(100).startswith(b"HTTP/1.1 413")
        except ConnectionResetError:
            pass  # What it said was lost with what could not be delivered.
    assert sum(path.stat().st_size for path in limited.state.rglob("*") if path.is_file()) < 5_000_000


def bomb(told):
    """20 hours of silence in 150 kB, whose header tells the length or does not."""
    data = bytearray(
        harness.sound(
            "bomb.flac", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=72000", "-frame_size", "65535"
        ).read_bytes()
    )
    if not told:
        data[21] &= 0xF0
        data[22:26] = bytes(4)
    return bytes(data)


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
@pytest.mark.parametrize("path", [TRANSCRIPTIONS, "/v1/jobs"])
def test_more_sound_than_the_limit(limited, path, told):
    content = bomb(told)
    begin = time.monotonic()
    with httpx.Client(base_url=limited.url, timeout=60) as client:
        found = client.post(path, files={"file": content})
        if found.status_code == 202:
            done = Jobs(client).ended(found.json()["id"], 60)
            assert done["status"] == "failed" and done["error"]["message"]
        else:
            assert found.status_code in (400, 413, 422) and found.json()["error"]["type"] == "invalid_request_error"
    assert time.monotonic() - begin < 20
    assert limited.memory()[0] < 1_000_000_000


def test_a_bomb_within_the_limit(server):
    """20 hours of silence take little memory; the default limit is 6."""
    before = server.memory()[0]
    with httpx.Client(base_url=server.url, timeout=120) as client:
        found = client.post(TRANSCRIPTIONS, files={"file": bomb(told=False)})
    assert found.status_code in (400, 413, 422) or found.json()["text"] == ""
    assert server.memory()[0] - before < 300_000_000


def test_a_full_queue_gets_429(limited, command_line):
    """More at once than the limits allow: all are either right or 429 with Retry-After."""
    minute = harness.sound("minute.ogg", "-i", LONG, "-t", "55", "-ar", "16000", "-ac", "1", "-c:a", "libopus")
    expected = command_line.text(minute)
    with httpx.Client(base_url=limited.url, timeout=120, limits=httpx.Limits(max_connections=24)) as client:
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            found = list(
                pool.map(lambda _: client.post(TRANSCRIPTIONS, files={"file": minute.read_bytes()}), range(24))
            )
    refused = [one for one in found if one.status_code == 429]
    assert refused and len(refused) < 24
    for one in refused:
        assert int(one.headers["retry-after"]) >= 1 and one.json()["error"]["type"] == "rate_limit_error"
    assert {one.json()["text"] for one in found if one.status_code == 200} == {expected}
    assert {one.status_code for one in found} == {200, 429}


# Slow clients


def dribble(port, begin, piece, pause=1.0, seconds=150):
    """Seconds until the server closes a connection on which little is sent, or None."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(pause)
        try:
            connection.sendall(begin)
            while time.monotonic() - start < seconds:
                connection.sendall(piece)
                try:
                    if not connection.recv(4096):
                        return time.monotonic() - start
                except TimeoutError:
                    pass
        except ConnectionError:
            return time.monotonic() - start
    return None


@pytest.mark.timeout(400)
def test_slow_clients_are_cut_off(server):
    upload = request(TRANSCRIPTIONS, headers=[f"Content-Type: {KIND}", "Content-Length: 100000000"])
    cases = {
        "nothing": (b"", b""),
        "a line": (b"GET /he", b"a"),
        "headers": (b"GET /health HTTP/1.1\r\n", b"X: y\r\n"),
        "a body": (upload + GOOD[:500], b"a"),
        "a part's header": (upload + b"--edge\r\n", b"X: y\r\n"),
        "chunks": (request("/v1/jobs", headers=[f"Content-Type: {KIND}", "Transfer-Encoding: chunked"]), b"1\r\n-\r\n"),
        "an idle connection": (request("/health", method="GET"), b""),
    }
    with concurrent.futures.ThreadPoolExecutor(300) as pool:
        found = {name: pool.submit(dribble, server.port, *case) for name, case in cases.items()}
        crowd = [pool.submit(dribble, server.port, b"GET / HTTP/1.1\r\n", b"X: y\r\n") for _ in range(250)]
        for _ in range(5):
            time.sleep(1)
            assert healthy(server)
        times = {name: future.result() for name, future in found.items()}
        assert all(one.result() for one in crowd)
    print(times)
    assert all(times.values()), times


def test_a_reader_that_stops_reading(server):
    """Answers that nobody reads do not grow in memory."""
    before = server.memory()[0]
    sockets = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        try:
            for _ in range(5000):
                connection.send(request("/openapi.json", method="GET"))
        except BlockingIOError:
            pass
        sockets.append(connection)
    time.sleep(2)
    assert healthy(server)
    assert server.memory()[0] - before < 200_000_000
    for connection in sockets:
        connection.close()


def test_many_connections(server):
    sockets = []
    try:
        for _ in range(900):
            sockets.append(socket.create_connection(("127.0.0.1", server.port), timeout=5))
        assert healthy(server)
    finally:
        for connection in sockets:
            connection.close()
    assert healthy(server)
