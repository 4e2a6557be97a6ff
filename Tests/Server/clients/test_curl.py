"""curl as people use it: forms, text, subtitles, streams, chunked uploads, Expect: 100-continue."""

import json
import subprocess

import pytest
from harness import CLIP, JFK, LONG, TRANSCRIPTIONS, exchange, request


def curl(server, path, *arguments, fail=True):
    command = ["curl", "-sS", *(["--fail-with-body"] if fail else []), *map(str, arguments), server.url + path]
    return subprocess.run(command, check=fail, capture_output=True, timeout=120, text=True)


def test_form(server, command_line):
    found = curl(server, TRANSCRIPTIONS, "-F", f"file=@{JFK}", "-F", "model=tiny.en").stdout
    assert json.loads(found)["text"] == command_line.text(JFK)


def test_form_without_a_model(server, command_line):
    found = curl(server, TRANSCRIPTIONS, "-F", f"file=@{JFK}").stdout
    assert json.loads(found)["text"] == command_line.text(JFK)


@pytest.mark.parametrize(
    ("form", "kind", "begin"),
    [
        ("text", "text/plain", "And so"),
        ("srt", "", "1\n00:00:0"),
        ("vtt", "text/vtt", "WEBVTT"),
        ("json", "application/json", "{"),
    ],
)
def test_formats(server, form, kind, begin):
    headers = "%{stderr}%{content_type}"
    found = curl(server, TRANSCRIPTIONS, "-F", f"file=@{JFK}", "-F", f"response_format={form}", "-w", headers)
    assert found.stdout.startswith(begin)
    assert found.stderr.startswith(kind)


def test_stream(server, command_line):
    found = curl(
        server, TRANSCRIPTIONS, "-N", "-F", f"file=@{LONG}", "-F", "stream=true", "-w", "%{stderr}%{content_type}"
    )
    assert found.stderr.startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in found.stdout.splitlines() if line.startswith("data: {")]
    assert events[-1]["type"] == "transcript.text.done"
    assert events[-1]["text"] == command_line.text(LONG)


@pytest.mark.parametrize(
    "headers",
    [
        ["Transfer-Encoding: chunked"],
        ["Expect: 100-continue"],
        ["Expect:"],
        ["Transfer-Encoding: chunked", "Expect: 100-continue"],
    ],
    ids=" ".join,
)
def test_uploads(server, command_line, headers):
    lines = [word for header in headers for word in ("-H", header)]
    found = curl(server, TRANSCRIPTIONS, *lines, "-F", f"file=@{JFK}").stdout
    assert json.loads(found)["text"] == command_line.text(JFK)


def test_expect_is_refused_before_the_body_is_sent(server):
    head = request(
        TRANSCRIPTIONS, headers=["Expect: 100-continue", "Content-Type: text/plain", "Content-Length: 1000000000"]
    )
    assert exchange(server.port, head, timeout=10).status in (400, 413, 415)


def test_a_slow_upload_is_accepted(server, command_line):
    found = curl(server, TRANSCRIPTIONS, "--limit-rate", "40k", "-F", f"file=@{CLIP}").stdout
    assert json.loads(found)["text"] == command_line.text(CLIP)


def test_two_requests_on_one_connection(server):
    first = ["-F", f"file=@{CLIP}", "-w", "%{num_connects} "]
    found = curl(server, TRANSCRIPTIONS, *first, server.url + "/v1/models")
    assert "1 " in found.stdout and found.stdout.rstrip().endswith("0")


def test_http2_without_encryption_is_no_5xx(server):
    found = curl(server, "/health", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code}", fail=False)
    assert found.stdout in ("200", "000", "400")


@pytest.mark.parametrize("path", ["/health", "/ready", "/", "/openapi.json", "/metrics", "/v1/models"])
def test_head_and_get(server, path):
    assert curl(server, path).stdout
    assert curl(server, path, "-I").stdout.startswith("HTTP/1.1 200")


def test_page_policy(server):
    head = curl(server, "/", "-D", "-", "-o", "/dev/null").stdout.lower()
    assert "default-src 'none'; script-src 'self'" in head and "frame-ancestors 'none'" in head
    assert "x-content-type-options: nosniff" in head


def test_request_ids(server):
    def found(*arguments):
        head = curl(server, "/health", "-D", "-", "-o", "/dev/null", *arguments).stdout.lower()
        return [line.split(": ")[1] for line in head.splitlines() if line.startswith("x-request-id")]

    assert found("-H", "x-request-id: my-id.17") == ["my-id.17"]
    assert len(found()) == 1 and found() != found()
    assert found("-H", "x-request-id: " + "a" * 5000) != ["a" * 5000]
