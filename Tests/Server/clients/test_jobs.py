"""Jobs: submission, idempotency, progress, events, results in every format, ranges, cancel, delete, expiry, webhooks."""

import base64
import secrets
import time

import harness
import pytest
import standardwebhooks
from harness import CLIP, FORMATS, JFK, LONG
from jobs import Jobs, Receiver, uploads

FIELDS = {
    "id",
    "object",
    "status",
    "name",
    "model",
    "created_at",
    "started_at",
    "finished_at",
    "expires_at",
    "bytes",
    "duration",
    "position",
    "progress",
    "language",
    "text",
    "error",
    "notices",
    "task",
}


@pytest.fixture
def jobs(http):
    return Jobs(http)


@pytest.fixture(scope="module")
def hour():
    return harness.hour()


@pytest.fixture
def finished(jobs):
    """A completed job of LONG."""
    return jobs.ended(jobs.submit(LONG, key="finished").json()["id"])


def error(response, status, code=None):
    assert response.status_code == status, response.text
    found = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"} and found["message"]
    assert found["type"] == "invalid_request_error"
    assert code is None or found["code"] == code
    return found


def test_submit_and_wait(jobs, command_line):
    response = jobs.submit(JFK)
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert set(job) == FIELDS
    assert job["status"] in ("queued", "running") and job["object"] == "transcription.job"
    assert (job["name"], job["bytes"], job["model"]) == ("jfk.flac", JFK.stat().st_size, "tiny.en")
    assert job["finished_at"] is None and job["error"] is None and abs(job["created_at"] - time.time()) < 60
    done = jobs.ended(job["id"])
    assert done["status"] == "completed" and done["text"] == command_line.text(JFK)
    assert done["progress"] == 1 and done["position"] == pytest.approx(11, abs=0.2) == done["duration"]
    assert done["created_at"] <= done["started_at"] <= done["finished_at"] < done["expires_at"]
    assert done["language"] == "en"


@pytest.mark.parametrize("form", FORMATS)
def test_transcripts_are_the_command_lines(jobs, command_line, finished, form):
    response = jobs.transcript(finished["id"], format=form)
    assert response.status_code == 200
    assert response.text.strip() == command_line.run(LONG, "--output-format", form).strip()


def test_json_transcripts(jobs, command_line, finished):
    assert jobs.transcript(finished["id"], format="json").json()["text"] == command_line.text(LONG)
    verbose = jobs.transcript(finished["id"], format="verbose_json").json()
    assert verbose["text"] == command_line.text(LONG)
    assert verbose["words"] and "".join(segment["text"] for segment in verbose["segments"]).strip() == verbose["text"]
    assert jobs.transcript(finished["id"]).status_code == 200
    assert jobs.transcript(finished["id"], format="text").text.strip() == verbose["text"]
    error(jobs.transcript(finished["id"], format="docx"), 400)


def test_options_of_jobs(jobs, command_line):
    job = jobs.submit(JFK, prompt="KENNEDY", temperature="0.5").json()
    assert jobs.ended(job["id"])["text"] == command_line.text(
        JFK, "--initial-prompt", "KENNEDY", "--temperature", "0.5"
    )
    for wrong in [
        {"response_format": "json"},
        {"stream": "true"},
        {"nonsense": "1"},
        {"language": "klingon"},
        {"model": "nonsense"},
        {"webhook_url": "not a url"},
        {"webhook_url": "file:///etc/passwd"},
    ]:
        found = error(jobs.submit(CLIP, **wrong), 404 if "model" in wrong else 400)
        assert found["param"] == next(iter(wrong))


def test_a_file_without_sound(jobs, tmp_path):
    nothing = tmp_path / "nothing.mp3"
    nothing.write_bytes(b"no sound at all" * 1000)
    response = jobs.submit(nothing)
    if response.status_code == 202:
        done = jobs.ended(response.json()["id"])
        assert (
            done["status"] == "failed" and done["error"]["type"] == "invalid_request_error" and done["error"]["message"]
        )
        error(jobs.transcript(done["id"]), 409)
    else:
        error(response, response.status_code)
        assert response.status_code in (400, 415, 422)


def test_idempotency(jobs):
    first = jobs.submit(CLIP, key="same")
    again = jobs.submit(CLIP, key="same")
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    error(jobs.submit(CLIP, key="same", prompt="other"), 409, "idempotency_mismatch")
    error(jobs.submit(JFK, key="same"), 409, "idempotency_mismatch")
    assert jobs.submit(CLIP, key="other").json()["id"] != first.json()["id"]
    assert jobs.submit(CLIP).json()["id"] != jobs.submit(CLIP).json()["id"]
    jobs.ended(first.json()["id"])
    assert jobs.submit(CLIP, key="same").json()["id"] == first.json()["id"]


def test_the_same_key_at_once(server, jobs):
    """Eight requests with one key at the same time make one job."""
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: jobs.submit(CLIP, key="at once"), range(8)))
    assert all(response.status_code in (200, 202, 409) for response in responses)
    identifiers = {response.json()["id"] for response in responses if response.status_code != 409}
    assert len(identifiers) == 1


def test_list(jobs):
    made = [jobs.submit(CLIP).json()["id"] for _ in range(5)]
    page = jobs.http.get("/v1/jobs", params={"limit": 2}).json()
    assert page["object"] == "list" and page["has_more"] and [job["id"] for job in page["data"]] == made[:-3:-1]
    assert "text" not in page["data"][0]
    every = [job["id"] for job in jobs.all(limit=2)]
    assert every[:5] == made[::-1] and len(set(every)) == len(every)
    for identifier in made:
        jobs.ended(identifier)
    assert set(made) <= {job["id"] for job in jobs.all(status="completed")}
    assert not set(made) & {job["id"] for job in jobs.all(status="queued")}
    for query in [{"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"status": "sleeping"}, {"after": "job_nonsense"}]:
        assert jobs.http.get("/v1/jobs", params=query).status_code in (400, 404), query
    assert jobs.http.get("/v1/jobs", params={"limit": 10**9}).status_code in (200, 400)


def test_unknown_jobs(jobs):
    for identifier in ["job_nonsense", "..", "%2e%2e%2f", "job_%00", "x" * 3000, "'; drop table jobs; --"]:
        for method, path in [
            ("GET", ""),
            ("GET", "/transcript"),
            ("GET", "/audio"),
            ("GET", "/events"),
            ("POST", "/cancel"),
            ("DELETE", ""),
        ]:
            status = jobs.http.request(method, f"/v1/jobs/{identifier}{path}").status_code
            assert status in (400, 404, 405, 414), (identifier, method, path, status)


def test_events(jobs, command_line):
    job = jobs.submit(LONG).json()
    events = list(jobs.events(job["id"]))
    states = [data["status"] for name, _, data in events if name == "status"]
    assert states[0] in ("queued", "running") and states[-1] == "completed" and events[-1][0] == "status"
    segments = [(identifier, data) for name, identifier, data in events if name == "segment"]
    assert "".join(data["text"] for _, data in segments).strip() == command_line.text(LONG)
    assert all(data["words"] for _, data in segments)
    numbers = [int(identifier) for identifier, _ in segments]
    assert numbers == sorted(set(numbers))
    positions = [data["position"] for name, _, data in events if name == "progress"]
    assert positions and positions == sorted(positions)
    # Once more, from its middle, and from its end.
    middle = segments[len(segments) // 2][0]
    later = [identifier for name, identifier, _ in jobs.events(job["id"], last=middle) if name == "segment"]
    assert later == [identifier for identifier, _ in segments[len(segments) // 2 + 1 :]]
    assert [data["status"] for name, _, data in jobs.events(job["id"], last=segments[-1][0]) if name == "status"][
        -1
    ] == "completed"
    replayed = [(identifier, data) for name, identifier, data in jobs.events(job["id"]) if name == "segment"]
    assert replayed == segments
    assert jobs.http.get(f"/v1/jobs/{job['id']}/events", headers={"Last-Event-ID": "x y"}).status_code in (200, 400)


def test_a_listener_that_leaves_does_not_stop_the_job(jobs, command_line):
    job = jobs.submit(LONG).json()
    for _ in jobs.events(job["id"]):
        break
    assert jobs.ended(job["id"])["text"] == command_line.text(LONG)


def test_partial_transcripts(jobs, hour):
    job = jobs.submit(hour).json()
    error(jobs.transcript(job["id"]), 409, "job_not_finished")
    running = harness.until(lambda: (found := jobs.get(job["id"]))["position"] > 0 and found["text"] and found, 60)
    assert running["status"] == "running" and 0 < running["progress"] < 1
    partial = jobs.transcript(job["id"], format="text", partial="true")
    assert partial.status_code == 200 and partial.text.strip().startswith(running["text"].strip()[:20])
    for form in FORMATS:
        assert jobs.transcript(job["id"], format=form, partial="true").status_code == 200
    assert jobs.http.delete(f"/v1/jobs/{job['id']}").status_code == 200


def test_cancel(server, jobs, hour):
    job = jobs.submit(hour).json()
    harness.until(lambda: jobs.get(job["id"])["status"] == "running")
    response = jobs.http.post(f"/v1/jobs/{job['id']}/cancel")
    assert response.status_code == 200 and response.json()["id"] == job["id"]
    assert jobs.ended(job["id"], 10)["status"] == "cancelled"
    error(jobs.http.post(f"/v1/jobs/{job['id']}/cancel"), 409)
    harness.until(lambda: not server.busy(), 20)
    assert [name for name, *_ in jobs.events(job["id"])][-1] == "status"


def test_cancel_a_completed_job(jobs, finished):
    error(jobs.http.post(f"/v1/jobs/{finished['id']}/cancel"), 409)


def test_delete(server, jobs, hour):
    before = uploads(server.state)
    running = jobs.submit(hour).json()
    harness.until(lambda: jobs.get(running["id"])["status"] == "running")
    assert uploads(server.state) >= before + hour.stat().st_size
    response = jobs.http.delete(f"/v1/jobs/{running['id']}")
    assert response.status_code == 200
    assert response.json() == {"id": running["id"], "object": "transcription.job", "deleted": True}
    error(jobs.http.get(f"/v1/jobs/{running['id']}"), 404)
    error(jobs.http.delete(f"/v1/jobs/{running['id']}"), 404)
    assert running["id"] not in [job["id"] for job in jobs.all()]
    harness.until(lambda: uploads(server.state) <= before, 10)
    harness.until(lambda: not server.busy(), 20)


def test_audio_and_ranges(jobs, finished):
    path, whole = f"/v1/jobs/{finished['id']}/audio", LONG.read_bytes()
    response = jobs.http.get(path)
    assert response.content == whole and response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-type"] in ("audio/ogg", "audio/opus", "application/ogg")
    size = len(whole)
    for wanted, (first, last) in {
        "bytes=0-99": (0, 99),
        "bytes=100-": (100, size - 1),
        "bytes=-50": (size - 50, size - 1),
        f"bytes=10-{size * 9}": (10, size - 1),
    }.items():
        response = jobs.http.get(path, headers={"Range": wanted})
        assert response.status_code == 206, wanted
        assert response.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert response.content == whole[first : last + 1]
    beyond = jobs.http.get(path, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{size}"
    for wrong in ["bytes=9-1", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=99999999999999999999-", "bytes=-0"]:
        assert jobs.http.get(path, headers={"Range": wrong}).status_code in (200, 206, 400, 416), wrong
    assert jobs.http.head(path).headers["content-length"] == str(size)


@pytest.mark.parametrize("number", [2**31, 2**63 - 1, 2**63, 2**64, 10**40, -1, -(2**63)])
def test_numbers_that_overflow(server, jobs, finished, number):
    path = f"/v1/jobs/{finished['id']}"
    assert jobs.http.get(f"{path}/events", headers={"Last-Event-ID": str(number)}).status_code in (200, 400)
    for wanted in [f"bytes=0-{number}", f"bytes={number}-", f"bytes=-{number}", f"bytes={number}-{number}"]:
        assert jobs.http.get(f"{path}/audio", headers={"Range": wanted}).status_code in (200, 206, 400, 416)
    assert jobs.http.get("/v1/jobs", params={"limit": str(number)}).status_code in (200, 400)
    for field in ["track", "channels", "temperature"]:
        assert jobs.submit(CLIP, **{field: str(number)}).status_code in (202, 400)
    assert server.running


def test_hostile_uploads_are_not_served_as_pages(jobs, tmp_path):
    page = tmp_path / 'x".html'
    page.write_bytes(b"<script>alert(1)</script>" * 100)
    response = jobs.submit(page)
    if response.status_code == 202:
        audio = jobs.http.get(f"/v1/jobs/{response.json()['id']}/audio")
        assert "html" not in audio.headers["content-type"] and audio.headers["x-content-type-options"] == "nosniff"


def test_expiry(start):
    import httpx

    with start("--job-lifetime", "2") as server, httpx.Client(base_url=server.url, timeout=60) as http:
        jobs = Jobs(http)
        job = jobs.submit(CLIP).json()
        jobs.ended(job["id"])
        harness.until(lambda: http.get(f"/v1/jobs/{job['id']}").status_code == 404, 30)
        harness.until(lambda: uploads(server.state) == 0, 10)


@pytest.fixture(scope="module")
def hooked(start):
    """A server that signs webhooks and may send them to the loopback interface, with its secret."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with start("--webhook-secret", secret, "--allow-webhook-host", "127.0.0.1") as server:
        server.secret = secret
        yield server
        assert server.running


def test_webhooks(hooked, command_line):
    import httpx

    with Receiver() as receiver, httpx.Client(base_url=hooked.url, timeout=60) as http:
        jobs = Jobs(http)
        made = [jobs.submit(path, webhook_url=receiver.url).json()["id"] for path in (CLIP, JFK)]
        harness.until(lambda: len(receiver.received) >= 2)
        for headers, body in receiver.received:
            content = standardwebhooks.Webhook(hooked.secret).verify(body, headers)
            assert content["type"] == "job.completed" and abs(content["created_at"] - time.time()) < 60
            assert (
                content["data"]["id"] in made and content["data"]["status"] == "completed" and content["data"]["text"]
            )
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(hooked.secret).verify(body + b" ", headers)
        assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 2
        time.sleep(2)
        assert len(receiver.received) == 2, "sent again though they were accepted"


@pytest.mark.timeout(180)
def test_webhooks_are_sent_again(hooked):
    import httpx

    with Receiver(500, 503) as receiver, httpx.Client(base_url=hooked.url, timeout=60) as http:
        Jobs(http).submit(CLIP, webhook_url=receiver.url)
        harness.until(lambda: len(receiver.received) >= 3, 150)
        assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
        assert len({body for _, body in receiver.received}) == 1
        for headers, body in receiver.received:
            standardwebhooks.Webhook(hooked.secret).verify(body, headers)


def test_webhooks_of_cancelled_and_failed_jobs(hooked, hour, tmp_path):
    import httpx

    with Receiver() as receiver, httpx.Client(base_url=hooked.url, timeout=60) as http:
        jobs = Jobs(http)
        job = jobs.submit(hour, webhook_url=receiver.url).json()
        http.post(f"/v1/jobs/{job['id']}/cancel")
        nothing = tmp_path / "nothing.mp3"
        nothing.write_bytes(b"no sound at all" * 1000)
        failing = jobs.submit(nothing, webhook_url=receiver.url).status_code == 202
        harness.until(lambda: len(receiver.received) >= 1 + failing)
        kinds = {
            standardwebhooks.Webhook(hooked.secret).verify(body, headers)["type"] for headers, body in receiver.received
        }
        assert kinds == ({"job.cancelled", "job.failed"} if failing else {"job.cancelled"})


def test_webhooks_do_not_reach_hosts_that_are_not_allowed(server, jobs):
    """By default the server sends nothing into its own network."""
    with Receiver() as receiver:
        response = jobs.submit(CLIP, webhook_url=receiver.url)
        if response.status_code == 202:
            jobs.ended(response.json()["id"])
            time.sleep(1)
            assert not receiver.received
        else:
            assert error(response, 403)["param"] == "webhook_url"
