"""A client of the jobs API and a receiver of webhooks, for the tests of jobs and of kill -9."""

import http.server
import json
import threading

import harness


def uploads(state):
    """Bytes of everything but the database in the folder of a server's state."""
    return sum(
        path.stat().st_size
        for path in state.rglob("*")
        if path.is_file() and not {".sqlite", ".db"} & {suffix.split("-")[0] for suffix in path.suffixes}
    )


class Jobs:
    def __init__(self, http):
        self.http = http

    def submit(self, path, key=None, **fields):
        headers = {"Idempotency-Key": key} if key else {}
        with open(path, "rb") as file:
            return self.http.post("/v1/jobs", files={"file": (path.name, file)}, data=fields, headers=headers)

    def get(self, identifier):
        response = self.http.get(f"/v1/jobs/{identifier}")
        assert response.status_code == 200, response.text
        return response.json()

    def all(self, limit=20, **query):
        """Every job, page by page."""
        found, more = [], True
        while more:
            page = self.http.get("/v1/jobs", params={"limit": limit, **query}).json()
            found += page["data"]
            more = page["has_more"]
            query["after"] = found[-1]["id"] if found else None
        return found

    def transcript(self, identifier, **query):
        return self.http.get(f"/v1/jobs/{identifier}/transcript", params=query)

    def ended(self, identifier, seconds=120):
        """The job once it has ended."""

        def final():
            job = self.get(identifier)
            return job["status"] in ("completed", "failed", "cancelled") and job

        return harness.until(final, seconds)

    def events(self, identifier, last=None, timeout=120):
        """Yields (event, id, data) of the job's events until the stream ends; comments are left out."""
        headers = {"Last-Event-ID": str(last)} if last is not None else {}
        with self.http.stream("GET", f"/v1/jobs/{identifier}/events", headers=headers, timeout=timeout) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            event = {}
            for line in response.iter_lines():
                if not line and "data" in event:
                    yield event.get("event", "message"), event.get("id"), json.loads(event["data"])
                if not line:
                    event = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    event[name] = value


class Receiver:
    """Listens for webhooks on the loopback interface. `answers` are the statuses of the first requests; then 200."""

    def __init__(self, *answers):
        self.received, self.answers = [], list(answers)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append((dict(self.headers.items()), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
