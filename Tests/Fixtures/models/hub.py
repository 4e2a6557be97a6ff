"""A small Hugging Face hub for tests, and the other host that its large files lie on. Standard library only.

Usage: hub.py PORT_FILE LOG_FILE [CERTIFICATE KEY]. Ends when standard input does. Speaks TLS if it has a certificate; then
there is no other host.

Repositories lie in the folder `hub` beside PORT_FILE: `hub/OWNER/NAME/repository.json` holds `revisions` (names to commits),
and, if they are wanted: `token` (needed to see it), `gated` (true: files need `token`), `plain` (true: the API gives no sizes
and digests). `hub/OWNER/NAME/COMMIT` holds the files of a commit. Faults are in `hub/faults.json`, by the name of a file:
`break` (the first answer ends in the middle), `damage` (a byte is another one), `endless` (more bytes than there are).

The log has a line for each request: `hub` or `other`, the path, the range or -, and the token or -.
"""

import hashlib
import json
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

ROOT = os.path.join(os.path.dirname(sys.argv[1]), "hub")
LARGE = (".safetensors", ".bin")
broken = set()


def read(*path):
    try:
        with open(os.path.join(ROOT, *path), "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def digests(name, data):
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return blob, hashlib.sha256(data).hexdigest() if name.endswith(LARGE) else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.close_connection = True
        host = "other" if self.server is other else "hub"
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        with open(sys.argv[2], "a") as log:
            log.write(f"{host} {self.path} {self.headers.get('Range') or '-'} {token or '-'}\n")
        parts = [unquote(part) for part in urlsplit(self.path).path.split("/")[1:]]
        if host == "other":
            return self.send_file(parts[-1], read(*parts))
        is_api = parts[:2] == ["api", "models"]
        if is_api:
            parts = parts[2:]
        if len(parts) < 4 or parts[2] != ("revision" if is_api else "resolve"):
            return self.answer(404, b"no page")
        owner, name, _, revision = parts[:4]
        settings = json.loads(read(owner, name, "repository.json") or "null")
        if token.startswith("bad"):
            return self.refuse(401, None, "Invalid credentials in Authorization header")
        is_known = settings and token == settings.get("token", token)
        if settings is None or not is_known and not settings.get("gated"):
            # As the hub answers strangers, and those who have a token.
            return self.refuse(404 if token else 401, "RepoNotFound", "Repository not found")
        is_commit = os.path.isdir(os.path.join(ROOT, owner, name, revision))
        commit = revision if is_commit else settings["revisions"].get(revision)
        if commit is None:
            return self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if is_api:
            return self.send_information(owner, name, commit, settings)
        if not is_known:
            return self.refuse(403 if token else 401, "GatedRepo", "Access is restricted")
        file = "/".join(parts[4:])
        data = read(owner, name, commit, file)
        if data is None:
            return self.refuse(404, "EntryNotFound", "Entry not found")
        blob, sha256 = digests(file, data)
        if sha256 is None:
            return self.send_file(file, data, blob)
        headers = {"X-Linked-ETag": f'"{sha256}"', "X-Linked-Size": str(len(data)), "X-Repo-Commit": commit}
        if other is None:
            return self.send_file(file, data, sha256)
        headers["Location"] = f"http://localhost:{other.server_address[1]}/{owner}/{name}/{commit}/{file}"
        return self.answer(302, b"", headers)

    def send_information(self, owner, name, commit, settings):
        siblings = []
        folder = os.path.join(ROOT, owner, name, commit)
        for file in sorted(os.listdir(folder)):
            entry = {"rfilename": file}
            if not settings.get("plain"):
                data = read(owner, name, commit, file)
                blob, sha256 = digests(file, data)
                entry |= {"size": len(data), "blobId": blob}
                if sha256:
                    entry["blobId"] = hashlib.sha1(sha256.encode()).hexdigest()
                    entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 134}
            siblings.append(entry)
        body = {"id": f"{owner}/{name}", "sha": commit, "private": False, "gated": False, "siblings": siblings}
        self.answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def send_file(self, name, data, tag=None):
        if data is None:
            return self.answer(404, b"no file")
        faults = json.loads(read("faults.json") or "{}")
        fault = faults.get(name)
        if fault == "damage":
            data = data[:-1] + bytes([data[-1] ^ 1])
        tag = f'"{tag or hashlib.md5(data).hexdigest()}"'
        start = 0
        asked = self.headers.get("Range")
        if asked and self.headers.get("If-Range") == tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        headers = {"ETag": tag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        rest = data[start:]
        length = len(rest)
        if fault == "break" and name not in broken:
            broken.add(name)
            rest = rest[: length // 2]
        if fault == "endless":
            rest, length = data * 9, None
        self.answer(206 if start else 200, rest, headers, length)

    def refuse(self, status, code, message):
        headers = {"X-Error-Message": message}
        if code:
            headers["X-Error-Code"] = code
        self.answer(status, b"{}", headers)

    def answer(self, status, data, headers={}, length=-1):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(len(data) if length < 0 else length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            pass  # the client has gone


def serve(server):
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


hub = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
other = None
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    hub.socket = context.wrap_socket(hub.socket, server_side=True, do_handshake_on_connect=False)
else:
    other = serve(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
serve(hub)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(hub.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
sys.stdin.read()
