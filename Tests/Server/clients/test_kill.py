"""kill -9 at random moments while jobs are submitted and run: none lost, none twice, no finished work lost, the right text."""

import collections
import random
import threading
import time

import harness
import httpx
import pytest
import standardwebhooks
from harness import CLIP, JFK, LONG
from jobs import Jobs, Receiver, uploads

SECRET = "whsec_c3dpZnRsZXQgc3dpZnRsZXQgc3dpZnRsZXQ="


class Watched:
    """A job as far as its client knows of it: the idempotency key from the first, the rest from answers."""

    def __init__(self, key, path, fields, flags):
        self.key, self.path, self.fields, self.flags = f"{key} ({path.name} {fields})", path, fields, flags
        self.id, self.position, self.status, self.segments = None, 0.0, None, []

    def seen(self, job):
        """What was told once holds after a restart."""
        assert job["id"] == self.id
        assert job["position"] >= self.position - 1e-6, (
            f"{self.key} went back from {self.position} to {job['position']}"
        )
        assert self.status != "completed" or job["status"] == "completed", (
            f"{self.key} was completed and is {job['status']}"
        )
        assert job["status"] in ("queued", "running", "completed"), job
        self.position, self.status = job["position"], job["status"]

    def heard(self, segments):
        """Segments come in order, and those that were told of never change."""
        both = min(len(segments), len(self.segments))
        assert segments[:both] == self.segments[:both], f"{self.key}: a segment has changed"
        if len(segments) > both:
            self.segments = segments


@pytest.mark.timeout(0)
def test_kill(start, command_line, tmp_path, pytestconfig):
    kills = pytestconfig.getoption("kills")
    generator = random.Random(pytestconfig.getoption("seed"))
    long = [
        harness.sound(f"from{begin}.ogg", "-ss", begin, "-i", LONG, "-t", 45, "-c:a", "libopus")
        for begin in (0, 11, 23)
    ]
    three = harness.sound("three.ogg", "-stream_loop", "2", "-i", LONG, "-c", "copy")
    two = harness.sound(
        "two.flac", "-i", long[0], "-i", long[2], "-filter_complex", "[0][1]join=inputs=2:channel_layout=stereo"
    )
    kinds = [(path, {}, ()) for path in (CLIP, JFK, *long, *long, three)]
    kinds += [
        (two, {"channels": "separate"}, ("--channels", "separate")),
        (three, {"options": '{"sequential": true}'}, ("--sequential", "--word-timestamps")),
    ]
    watched, moments = [], collections.Counter()
    with Receiver() as receiver:
        options = ["--webhook-secret", SECRET, "--allow-webhook-host", "127.0.0.1"]

        def submit(jobs, one):
            response = jobs.submit(one.path, key=one.key, webhook_url=receiver.url, **one.fields)
            assert response.status_code in (200, 202), response.text
            assert one.id in (None, response.json()["id"]), "the same key made a second job"
            one.id = response.json()["id"]
            one.seen(response.json())

        def look(jobs):
            for one in list(watched):
                if one.id:
                    one.seen(jobs.get(one.id))

        def run(server, stopped):
            """Submits, polls and listens until the server is gone."""
            with httpx.Client(base_url=server.url, timeout=30) as http:
                jobs = Jobs(http)
                try:
                    look(jobs)
                    for one in [one for one in watched if one.id is None]:
                        submit(jobs, one)
                    unfinished = sum(one.status != "completed" for one in watched)
                    for _ in range(generator.choice([0, 1, 1, 2]) if unfinished < 4 else 0):
                        watched.append(Watched(f"key-{len(watched)}", *generator.choice(kinds)))
                        submit(jobs, watched[-1])
                    while not stopped.is_set():
                        look(jobs)
                        for one in [one for one in watched if one.status == "running"]:
                            one.heard([data for name, data in events_so_far(jobs, one.id) if name == "segment"])
                        time.sleep(0.02)
                except httpx.TransportError:
                    assert stopped.is_set(), f"the server broke off by itself: {server.end}"

        for number in range(kills):
            if generator.random() < 0.15:
                server = start(*options, state=tmp_path, wait=None)
                time.sleep(generator.uniform(0, 0.6))
                moments["while it starts"] += 1
                assert server.running, server.end
                server.kill()
                continue
            server = start(*options, state=tmp_path)
            stopped, errors = threading.Event(), []

            def guarded(server=server, stopped=stopped, errors=errors):
                try:
                    run(server, stopped)
                except BaseException as error:
                    errors.append(error)

            worker = threading.Thread(target=guarded)
            worker.start()
            if generator.random() < 0.7:  # while it transcribes; otherwise at any moment of submitting
                end = time.monotonic() + 10
                while not any(one.status == "running" for one in watched) and time.monotonic() < end and not errors:
                    time.sleep(0.02)
                time.sleep(generator.uniform(0, 3))
            else:
                time.sleep(generator.uniform(0.01, 0.5))
            stopped.set()
            moments[f"{sum(one.status == 'running' for one in watched)} running"] += 1
            assert server.running, server.end
            server.kill()
            worker.join()
            if errors:
                raise errors[0]
            if number % 10 == 9:
                done = sum(one.status == "completed" for one in watched)
                print(f"{number + 1} kills, {len(watched)} jobs, {done} completed, {dict(moments)}", flush=True)

        with start(*options, state=tmp_path) as server, httpx.Client(base_url=server.url, timeout=60) as http:
            jobs = Jobs(http)
            look(jobs)
            for one in watched:
                submit(jobs, one)
            for one in watched:
                job = jobs.ended(one.id, 600)
                one.seen(job)
                one.heard([data for name, _, data in jobs.events(one.id) if name == "segment"])
                assert job["text"] == command_line.text(one.path, *one.flags), one.key
                assert "".join(segment["text"] for segment in one.segments).strip() == job["text"]
                assert [segment["id"] for segment in one.segments] == list(range(len(one.segments)))
            assert sorted(job["id"] for job in jobs.all()) == sorted(one.id for one in watched), "lost or twice"
            hooks = collections.defaultdict(set)

            def all_hooks():
                for headers, body in receiver.received:
                    content = standardwebhooks.Webhook(SECRET).verify(body, headers)
                    hooks[content["data"]["id"]].add(headers["webhook-id"])
                return len(hooks) == len(watched)

            harness.until(all_hooks, 300)
            assert all(len(identifiers) == 1 for identifiers in hooks.values()), "a job's webhook has two ids"
            for one in watched:
                assert http.delete(f"/v1/jobs/{one.id}").status_code == 200
            harness.until(lambda: uploads(tmp_path) == 0, 10)
    print(f"{kills} kills, {len(watched)} jobs, killed {dict(moments)}")


def events_so_far(jobs, identifier):
    """What the events of a running job begin with: everything up to now, until nothing comes for a moment."""
    found = []
    try:
        for name, _, data in jobs.events(identifier, timeout=0.15):
            found.append((name, data))
    except httpx.ReadTimeout:
        pass
    return found
