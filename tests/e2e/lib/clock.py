# SPDX-License-Identifier: MIT
"""clock.py PORTFILE OFFSET|none: takes everything, with a clock that differs by some seconds, or
gives no Date."""
import email.utils
import http.server
import os
import sys
import time


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send_response(self, code, message=None):
        if sys.argv[2] == "none":
            self.send_response_only(code, message)
        else:
            super().send_response(code, message)

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + float(sys.argv[2]), usegmt=True)

    def do_HEAD(self):
        self.send_response(405)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
with open(sys.argv[1] + ".new", "w") as f:
    f.write("%d\n" % server.server_address[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
