"""Start, ready, metrics, SIGTERM, SIGHUP, what is left behind."""

import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import harness
import httpx
import pytest
from harness import CLIP, JFK, LONG, TRANSCRIPTIONS
from jobs import Jobs


def transcribe(server, path, **fields):
    return httpx.post(server.url + TRANSCRIPTIONS, files={"file": path.read_bytes()}, data=fields, timeout=120)


def test_health_and_ready(http):
    assert http.get("/health").json() == {"status": "ok"}
    harness.until(lambda: http.get("/ready").status_code == 200)


def test_sigterm_lets_requests_end(start, command_line):
    with start() as server:
        transcribe(server, CLIP)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = [pool.submit(transcribe, server, LONG) for _ in range(3)]
            streaming = pool.submit(transcribe, server, LONG, stream="true")
            harness.until(server.busy, 10)
            server.signal(signal.SIGTERM)
            time.sleep(0.3)
            assert server.running
            with pytest.raises(OSError):
                socket.create_connection(("127.0.0.1", server.port), timeout=2).close()
            assert {future.result().json()["text"] for future in running} == {command_line.text(LONG)}
            assert "transcript.text.done" in streaming.result().text
        assert server.process.wait(10) == 0


def test_sigterm_leaves_jobs_for_the_next_start(start, command_line, tmp_path):
    hour = harness.hour()
    with start(state=tmp_path) as server, httpx.Client(base_url=server.url, timeout=60) as http:
        job = Jobs(http).submit(hour).json()["id"]
        short = Jobs(http).submit(JFK).json()["id"]
        before = harness.until(lambda: (found := Jobs(http).get(job))["position"] > 30 and found)
        begin = time.monotonic()
        assert server.stop(30) == 0
        assert time.monotonic() - begin < 20
    with start(state=tmp_path) as server, httpx.Client(base_url=server.url, timeout=60) as http:
        after = Jobs(http).get(job)
        assert after["status"] in ("queued", "running") and after["position"] >= before["position"]
        assert after["text"].startswith(before["text"])
        assert Jobs(http).ended(short)["text"] == command_line.text(JFK)
        assert http.delete(f"/v1/jobs/{job}").status_code == 200


def test_a_second_sigterm_or_sigint_ends_it(start):
    with start() as server:
        server.signal(signal.SIGINT)
        assert server.process.wait(10) in (0, 130, -2)


def test_two_servers_do_not_share_a_state(start, binary, tmp_path):
    with start(state=tmp_path):
        second = subprocess.run(
            [binary, "serve", "--port", "0", "--state-dir", str(tmp_path)], capture_output=True, text=True, timeout=30
        )
        assert second.returncode not in (0, -6, -11) and str(tmp_path) in second.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "99999"],
        ["--port", "x"],
        ["--model", "no-such-model-anywhere"],
        ["--state-dir", "/proc/nonsense"],
        ["--nonsense"],
        ["--host", "not a host"],
        ["--device", "tpu"],
        ["--device", "cuda:99"],
    ],
    ids=" ".join,
)
def test_wrong_arguments(binary, arguments, tmp_path):
    base = [] if "--state-dir" in arguments else ["--state-dir", str(tmp_path)]
    found = subprocess.run(
        [binary, "serve", "--port", "0", *base, *arguments], capture_output=True, text=True, timeout=60
    )
    assert found.returncode not in (0, -6, -11, -4, -5) and found.stderr.strip()


@pytest.mark.parametrize("ports", [["--port"], ["--port", "0", "--wyoming"]], ids=lambda ports: ports[-1])
def test_a_port_in_use(binary, server, tmp_path, ports):
    command = [binary, "serve", *ports, str(server.port), "--state-dir", str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert found.returncode not in (0, -6, -11)
    assert f":{server.port} can't be listened on" in found.stderr and f"another {ports[-1]} " in found.stderr
    assert "Listening" not in found.stderr


def test_metrics(http, command_line):
    def values():
        text = http.get("/metrics").text
        assert http.get("/metrics").headers["content-type"].startswith("text/plain")
        found = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found

    before = values()
    for _ in range(3):
        http.post(TRANSCRIPTIONS, files={"file": CLIP.read_bytes()})
    after = values()
    more = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)}
    assert any(re.search("requests?", name) and change >= 3 for name, change in more.items()), more
    joined = " ".join(after).lower()
    for wanted in ["queue", "batch", "real_time|realtime", "bucket", "memory|resident"]:
        assert re.search(wanted, joined), wanted


def test_metrics_hold_no_paths_of_clients(http):
    http.get("/nonsense-of-a-client-17")
    assert "nonsense-of-a-client-17" not in http.get("/metrics").text


def test_keys_by_sighup(start, binary, tmp_path):
    from test_security import keys

    def get(server, key):
        return httpx.get(server.url + "/v1/models", headers={"Authorization": f"Bearer {key}"}).status_code

    first = keys(binary, tmp_path, "add", "first")
    with start(state=tmp_path) as server:
        assert get(server, first) == 200
        second = keys(binary, tmp_path, "add", "second")
        server.signal(signal.SIGHUP)
        harness.until(lambda: get(server, second) == 200, 10)
        (tmp_path / "keys.json").write_text("damaged {")
        server.signal(signal.SIGHUP)
        time.sleep(1)
        assert server.running and get(server, second) == 200, "a damaged file changes nothing"


def test_tls_and_http2(start, tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-out",
            certificate,
            "-keyout",
            key,
        ],
        check=True,
        capture_output=True,
    )
    with start("--tls-certificate", str(certificate), "--tls-key", str(key)) as server:
        assert server.url.startswith("https://")
        for version in ["--http1.1", "--http2"]:
            command = [
                "curl",
                "-sS",
                "--cacert",
                certificate,
                version,
                "-w",
                " %{http_version}",
                "-F",
                f"file=@{CLIP}",
                "-F",
                "response_format=text",
                server.url + TRANSCRIPTIONS,
            ]
            found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            assert found.split()[-1] == version.removeprefix("--http") and len(found.split()) > 4
        old = subprocess.run(["curl", "-sS", "-k", "--tls-max", "1.1", server.url + "/health"], capture_output=True)
        assert old.returncode != 0


def test_settings_of_environment_and_file(start, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text('{"maxUpload": 0.01, "models": ["tiny.en"], "jobLifetime": 5}')
    with start("--config", str(file)) as server:
        assert transcribe(server, CLIP).status_code == 413
    with start("--config", str(file), environment={"SWIFTLET_SERVE_MAX_UPLOAD": "1"}) as server:
        assert transcribe(server, CLIP).status_code == 200
        assert transcribe(server, JFK).status_code == 413
    with start("--config", str(file), "--max-upload", "5", environment={"SWIFTLET_SERVE_MAX_UPLOAD": "1"}) as server:
        assert transcribe(server, JFK).status_code == 200


def test_models_are_unloaded_when_idle_and_loaded_again(start):
    with start("--idle-unload", "1") as server:

        def loaded():
            return [model["loaded"] for model in httpx.get(server.url + "/v1/models").json()["data"]]

        assert transcribe(server, CLIP).status_code == 200 and loaded() == [True]
        harness.until(lambda: loaded() == [False], 30)
        assert httpx.get(server.url + "/ready").status_code == 200, "it loads a model when one is asked for"
        assert transcribe(server, CLIP).status_code == 200


def test_a_request_that_takes_too_long(start):
    hour = harness.hour()
    with start("--timeout", "1") as server:
        found = transcribe(server, hour)
        assert found.status_code in (408, 504) and found.json()["error"]["message"], found.text
        harness.until(lambda: not server.busy(), 20)


def descendants(pid):
    """The processes below one."""
    lines = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True).stdout.splitlines()
    parents = dict(map(int, line.split()) for line in lines)
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def test_kill_leaves_no_processes_and_no_uploads(start, tmp_path):
    """What decodes for a killed server ends too, and the next start removes what it left."""
    hour = harness.hour()
    with start(state=tmp_path) as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
        pool.submit(lambda: pytest.raises(httpx.HTTPError, transcribe, server, hour))
        harness.until(server.busy, 10)
        left = descendants(server.pid)
        server.kill()
        harness.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), 10)
    with start(state=tmp_path) as server:
        harness.until(
            lambda: sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1_000_000, 10
        )


def test_decoders_have_no_network_and_few_rights(start):
    """What reads media: no new privileges, a seccomp filter, a network of its own, none of the server's files but the recording."""

    def decoder(server):
        for pid in descendants(server.pid):
            with contextlib.suppress(OSError):
                if re.search(r"Seccomp:\s+2", Path(f"/proc/{pid}/status").read_text()):
                    return pid

    with start() as server, httpx.Client(base_url=server.url, timeout=60) as http:
        job = Jobs(http).submit(harness.hour()).json()["id"]
        pid = harness.until(lambda: decoder(server), 20, step=0.01)
        assert re.search(r"NoNewPrivs:\s+1", Path(f"/proc/{pid}/status").read_text())
        open_files = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
        assert not any(".sqlite" in name or "keys" in name or "engines" in name for name in open_files), open_files
        if os.getuid() == 0:
            assert Path(f"/proc/{pid}/ns/net").readlink() != Path(f"/proc/{server.pid}/ns/net").readlink()
        http.delete(f"/v1/jobs/{job}")
        harness.until(lambda: not Path(f"/proc/{pid}").exists(), 10)
