"""/openapi.json: complete, and what the server does is what it says (schemathesis)."""

import re
import subprocess
import sys

import pytest

OPERATIONS = {
    "/v1/models": "get",
    "/v1/models/{id}": "get",
    "/v1/audio/transcriptions": "post",
    "/v1/audio/translations": "post",
    "/v1/jobs": "get post",
    "/v1/jobs/{id}": "get delete",
    "/v1/jobs/{id}/cancel": "post",
    "/v1/jobs/{id}/transcript": "get",
    "/v1/jobs/{id}/audio": "get",
    "/v1/jobs/{id}/events": "get",
    "/health": "get",
    "/ready": "get",
    "/v1/stream": "post",
}
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"


def test_every_operation_is_described(http):
    schema = http.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.")
    described = {re.sub(r"\{\w+\}", "{id}", path): set(methods) for path, methods in schema["paths"].items()}
    for path, methods in OPERATIONS.items():
        assert set(methods.split()) <= described.get(path, set()), path


@pytest.mark.timeout(900)
def test_schemathesis(server, pytestconfig, tmp_path):
    seconds = "240" if pytestconfig.getoption("mutations") > 10_000 else "45"
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        f"{server.url}/openapi.json",
        "--checks",
        CHECKS,
        "--seed",
        "1",
        "--max-time",
        seconds,
        "--request-timeout",
        "20",
        "--continue-on-failure",
        "--suppress-health-check",
        "all",
        "--exclude-path",
        "/v1/realtime",
        "--no-color",
    ]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)  # where it leaves its notes
    generated, passed = map(int, re.search(r"(\d+) generated, (\d+) passed", found.stdout).groups())
    print(f"schemathesis: {passed} of {generated} cases passed")
    # Schemathesis 4.32.5 stumbles over its own files now and then; that is no answer of the server's.
    own = found.stdout.count("Unsupported type: 'Binary'") > 0 and "Runtime Error: 1\n" in found.stdout
    assert generated == passed > 500 and (found.returncode == 0 or own), found.stdout[-12_000:]
