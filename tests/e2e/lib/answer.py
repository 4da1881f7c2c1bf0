# SPDX-License-Identifier: MIT
"""answer.py STATUS DIR: an HTTP server that answers every POST with STATUS and keeps the bodies,
one a line, in DIR/bodies."""
import http.server
import os
import sys

status, folder = int(sys.argv[1]), sys.argv[2]
os.makedirs(folder, exist_ok=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(folder + "/bodies", "ab") as f:
            f.write(body.replace(b"\n", b" ") + b"\n")
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(folder + "/port.tmp", "w") as f:
    f.write(str(server.server_port))
os.rename(folder + "/port.tmp", folder + "/port")
server.serve_forever()
