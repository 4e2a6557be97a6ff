"""A small HTTP server for Tests/Swiftlet/Models, with the faults of real ones. Standard library only.

Usage: server.py PORT_FILE LOG_FILE. Ends when standard input does.
Addresses are /MODE/SIZE/NAME; the body is SIZE bytes that `body` defines, or, where SIZE is `file`, the file NAME in
the folder `served` beside PORT_FILE.
"""

import hashlib
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

requests = {}


def body(size):
    pattern = bytes((i * 31 + (i >> 8) * 17) & 255 for i in range(1 << 16))
    return (pattern * (size // len(pattern) + 1))[:size]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        mode, size, name = self.path.split("/")[1:4]
        asked = self.headers.get("Range")
        with open(sys.argv[2], "a") as log:
            log.write(f"{self.path} {asked or '-'}\n")
        requests[self.path] = requests.get(self.path, 0) + 1
        count = requests[self.path]
        self.close_connection = True
        if mode.isdigit():
            return self.answer(int(mode), b"an error page", length=13)
        if size == "file":
            with open(os.path.join(os.path.dirname(sys.argv[1]), "served", name), "rb") as file:
                data = file.read()
        else:
            data = body(int(size))
        if mode == "garbage":
            return self.wfile.write(b"SSH-2.0-no web server\r\n" + data)
        if mode == "loop":
            return self.answer(302, b"", {"Location": self.path})
        size = len(data)
        digest = hashlib.sha256(data).hexdigest()
        if mode in ("hub", "hubbad"):
            linked = digest if mode == "hub" else "0" * 64
            return self.answer(302, b"", {"Location": f"/plain/{size}/{name}", "X-Linked-ETag": f'"{linked}"'})
        tag = '"one"'
        if mode == "blob":
            tag = '"' + hashlib.sha1(b"blob %d\0" % size + data).hexdigest() + '"'
        if mode == "changed" and count > 1:
            tag = '"two"'
        start = 0
        if asked and mode != "norange" and self.headers.get("If-Range", tag) == tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= size or mode == "unsatisfiable":
                return self.answer(416, b"", {"Content-Range": f"bytes */{size}"})
        headers = {"ETag": tag}
        if start:
            shown = start + 1 if mode == "wrongrange" else start
            headers["Content-Range"] = f"bytes {shown}-{size - 1}/{size}"
        rest = data[start:]
        kept = rest
        if mode == "early" and len(rest) > 5000 or mode in ("changed", "wrongrange", "unsatisfiable") and count == 1:
            kept = rest[: len(rest) // 2]
        if mode == "always":
            kept = b""
        if mode == "stall":
            kept = rest[: len(rest) // 2] if count == 1 else b""
        length = {"nolength": None, "badlength": "many"}.get(mode, len(rest))
        if mode == "nolength":
            kept = rest[: len(rest) // 2]
        self.answer(206 if start else 200, kept, headers, length, slow=mode == "slow")
        if mode == "stall":
            time.sleep(60)

    def answer(self, status, data, headers={}, length=0, slow=False):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if slow:
                for place in range(0, len(data), 4096):
                    self.wfile.write(data[place : place + 4096])
                    self.wfile.flush()
                    time.sleep(0.05)
            else:
                self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            pass  # the client has gone


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
sys.stdin.read()
