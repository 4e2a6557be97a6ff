"""A small HTTP proxy for Tests/CommandLine, for plain requests and for CONNECT. Standard library only.

Usage: proxy.py PORT_FILE LOG_FILE. Ends when standard input does.
It connects to this machine alone, whatever name is asked for: `model.example:PORT` leads to 127.0.0.1:PORT. Every other
port than that of a test's own server is refused, so that no test reaches the network.
"""

import os
import select
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def open(self, host, port):
        with open(sys.argv[2], "a") as log:
            log.write(f"{self.command} {self.path}\n")
        self.close_connection = True
        # Ports below are services that real addresses ask for.
        if port < 1024:
            self.send_error(502, "this proxy reaches local test servers only")
            return None
        return socket.create_connection(("127.0.0.1", port), timeout=10)

    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        upstream = self.open(host, int(port))
        if upstream is None:
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.relay(upstream)

    def do_GET(self):
        address = urlsplit(self.path)
        upstream = self.open(address.hostname, address.port or 80)
        if upstream is None:
            return
        path = address.path + (f"?{address.query}" if address.query else "")
        lines = [f"GET {path} HTTP/1.1"] + [
            f"{name}: {value}" for name, value in self.headers.items() if not name.lower().startswith("proxy-")
        ]
        upstream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.relay(upstream)

    def relay(self, upstream):
        with upstream:
            while True:
                for source in select.select([self.connection, upstream], [], [], 30)[0]:
                    data = source.recv(1 << 16)
                    if not data:
                        return
                    (upstream if source is self.connection else self.connection).sendall(data)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
sys.stdin.read()
