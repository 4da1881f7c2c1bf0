# SPDX-License-Identifier: MIT
"""matrix.py DROPFEED FOLDER [--table]: what each form of answer does to a feed.

A server gives one answer to every request of a run: the key's first one ever, or after a success of
the run before. Then it is well again. Stated for each: the exit code, what of three rows was
consumed, and what the log quotes (of a verdict: the reject file). Where nothing was consumed the
file, which is to be deleted when it is done or refused, is still there, and the next run delivers
all of it.
--table prints the table alone.
"""
import base64
import concurrent.futures
import gzip
import http.server
import json
import os
import socketserver
import subprocess
import sys
import threading
import zlib

LOGIN = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please log in</body></html>"
PAGE = "<html>\r\n<head><title>%d</title></head>\r\n<body><h1>%s</h1>nginx</body></html>"
ERRORS = '{"errors":[{"code":"BAD_REQUEST","message":"no &lt;good&gt;"}]}'
PLACE = (
    '{"errors":[{"code":"BAD_REQUEST","message":"Path &#39;[0].events&#39;, line 1, position 9."}]}'
)
GRAPH = '{"errors":[{"message":"Must provide query string.","extensions":{"code":"BAD"}}]}'
CLOUD = '{"success":false,"errors":[{"code":9109,"message":"Invalid access token"}],"result":null}'


class Packed(bytes):
    """An answer that somebody on the way has packed."""

    coding = "gzip"

    def of(self, coding):
        self.coding = coding
        return self


# One that is whole, nothing at all, two members, those of which less arrived, and ways to pack that
# nobody asked for.
PACKED, PACKED_NOTHING, PACKED_EMPTY = [
    Packed(gzip.compress(text.encode())) for text in (ERRORS, "", "{}")
]
PACKED_TWICE = Packed(gzip.compress(ERRORS[:20].encode()) + gzip.compress(ERRORS[20:].encode()))
PACKED_CUT, PACKED_TAIL, PACKED_NO_TAIL = (
    Packed(PACKED[:9]),
    Packed(PACKED[:-4]),
    Packed(PACKED_NOTHING[:12]),
)
ZLIB, RAW = Packed(zlib.compress(b"")).of("deflate"), Packed(
    zlib.compress(ERRORS.encode())[2:-4]
).of("deflate")
BROTLI = Packed(b"\x0b\x02\x80hello\x03").of("br")
CLOSED, CUT_HEAD, CUT_BODY, JUNK, ENDLESS = "closed", "cut head", "cut body", "junk", "endless"

# What is said of a stray answer where the address is known to be right.
OBJECTION = "a firewall on the way may object"

# What is to come of it: the exit code, rows rejected of three. Taken: all of it is delivered.
TAKEN, VERDICT, ONE, AGAIN, STOPPED = (0, 0), (1, 3), (1, 1), (3, 0), (4, 0)

# status, body, the outcome when it is the key's first answer, the outcome after a success, what the
# log quotes (None: nothing)
ANSWERS = (
    [
        (202, "", TAKEN, TAKEN, None),
        (202, " \r\n", TAKEN, TAKEN, None),
        (202, "{}", TAKEN, TAKEN, None),
        (202, '{"errors":[]}', TAKEN, TAKEN, None),
        (202, '{"errors":null}', TAKEN, TAKEN, None),
        (202, ERRORS, VERDICT, VERDICT, "no <good>"),
        (202, PLACE, ONE, ONE, "Path '[0].events'"),
        (202, '{"errors":{"code":"X","message":"bad"}}', VERDICT, VERDICT, "bad"),
        (202, '{"errors":"bad"}', VERDICT, VERDICT, "bad"),
        (400, ERRORS, VERDICT, VERDICT, "no <good>"),
        (400, PLACE, VERDICT, VERDICT, "Path '[0].events'"),
        (400, '{"errors":{"code":"X","message":"bad"}}', VERDICT, VERDICT, "bad"),
        (400, '{"errors":"bad"}', VERDICT, VERDICT, "bad"),
        (202, LOGIN, AGAIN, AGAIN, 'HTTP 202: "Sign in Please log in"'),
        (202, "Accepted", AGAIN, AGAIN, 'HTTP 202: "Accepted"'),
        (202, "null", AGAIN, AGAIN, 'HTTP 202: "null"'),
        (202, '{"errors":[{"code":"BAD', AGAIN, AGAIN, 'HTTP 202: "{"errors":[{"code":"BAD"'),
        (202, '{"status":"queued"}', AGAIN, AGAIN, 'HTTP 202: "{"status":"queued"}"'),
        (202, '{"errors":true}', AGAIN, AGAIN, 'HTTP 202: "{"errors":true}"'),
        (202, GRAPH, AGAIN, AGAIN, 'HTTP 202: "{"errors":[{"message":"Must'),
        (202, CUT_BODY, AGAIN, AGAIN, ""),
        (202, PACKED, VERDICT, VERDICT, "no <good>"),
        (202, PACKED_TWICE, VERDICT, VERDICT, "no <good>"),
        (202, RAW, VERDICT, VERDICT, "no <good>"),
        (202, PACKED_NOTHING, TAKEN, TAKEN, None),
        (202, PACKED_EMPTY, TAKEN, TAKEN, None),
        (202, ZLIB, TAKEN, TAKEN, None),
        (202, PACKED_CUT, AGAIN, AGAIN, "HTTP 202"),
        (202, PACKED_TAIL, AGAIN, AGAIN, "HTTP 202, packed so that it cannot be read"),
        (202, PACKED_NO_TAIL, AGAIN, AGAIN, "HTTP 202, packed so that it cannot be read"),
        (202, BROTLI, AGAIN, AGAIN, "HTTP 202, packed so that it cannot be read"),
        (401, BROTLI, STOPPED, STOPPED, "HTTP 401, packed so that it cannot be read"),
        (404, PACKED_CUT, STOPPED, STOPPED, "HTTP 404, packed so that it cannot be read"),
        (404, BROTLI, STOPPED, STOPPED, "HTTP 404, packed so that it cannot be read"),
        (400, "", AGAIN, AGAIN, "HTTP 400"),
        (400, "Bad Request", AGAIN, AGAIN, 'HTTP 400: "Bad Request"'),
        (400, PAGE % (400, "Bad Request"), AGAIN, AGAIN, 'HTTP 400: "400 Bad Request nginx"'),
        (400, "{}", AGAIN, AGAIN, 'HTTP 400: "{}"'),
        (
            400,
            '{"error":"invalid_request"}',
            AGAIN,
            AGAIN,
            'HTTP 400: "{"error":"invalid_request"}"',
        ),
        (400, '{"errors":[{"title":"x"}]}', AGAIN, AGAIN, 'HTTP 400: "{"errors":[{"title":"x"}]}"'),
        (400, GRAPH, AGAIN, AGAIN, 'HTTP 400: "{"errors":[{"message":"Must'),
        (400, CLOUD, AGAIN, AGAIN, 'HTTP 400: "{"success":false,"errors"'),
        (400, CUT_BODY, AGAIN, AGAIN, ""),
        (401, "", STOPPED, STOPPED, "HTTP 401"),
        (401, LOGIN, STOPPED, STOPPED, 'HTTP 401: "Sign in Please log in"'),
        (403, "", STOPPED, AGAIN, "HTTP 403"),
        (
            403,
            "<h1>Request blocked</h1>Ray ID 7f",
            STOPPED,
            AGAIN,
            'HTTP 403: "Request blocked Ray ID 7f"',
        ),
        (403, ERRORS, STOPPED, AGAIN, 'HTTP 403: "{"errors":'),
        (413, "", AGAIN, AGAIN, "HTTP 413"),
        (
            413,
            PAGE % (413, "Request Entity Too Large"),
            AGAIN,
            AGAIN,
            'HTTP 413: "413 Request Entity Too Large nginx"',
        ),
        (429, "", AGAIN, AGAIN, "rate limit"),
        (429, LOGIN, AGAIN, AGAIN, "rate limit"),
    ]
    + [
        (n, "", AGAIN, AGAIN, "HTTP %d" % n)
        for n in (402, 408, 411, 414, 415, 425, 431, 500, 503, 504, 599)
    ]
    + [
        (500, ERRORS, AGAIN, AGAIN, 'HTTP 500: "{"errors":'),
        (502, PAGE % (502, "Bad Gateway"), AGAIN, AGAIN, 'HTTP 502: "502 Bad Gateway nginx"'),
        (511, LOGIN, AGAIN, AGAIN, 'HTTP 511: "Sign in Please log in"'),
        (502, ENDLESS, AGAIN, AGAIN, 'HTTP 502: "xxxx'),
        (404, ENDLESS, STOPPED, STOPPED, 'HTTP 404: "xxxx'),
        (202, ENDLESS, AGAIN, AGAIN, 'HTTP 202: "xxxx'),
        (0, CLOSED, AGAIN, AGAIN, ""),
        (0, CUT_HEAD, AGAIN, AGAIN, ""),
        (0, JUNK, AGAIN, AGAIN, ""),
        (200, LOGIN, STOPPED, STOPPED, 'HTTP 200: "Sign in Please log in"'),
        (307, LOGIN, STOPPED, STOPPED, 'HTTP 307: "Sign in Please log in"'),
        (404, "default backend - 404", STOPPED, STOPPED, 'HTTP 404: "default backend - 404"'),
        (404, ERRORS, STOPPED, STOPPED, 'HTTP 404: "{"errors":'),
        (422, ERRORS, STOPPED, STOPPED, 'HTTP 422: "{"errors":'),
    ]
    + [
        (n, "", STOPPED, STOPPED, "HTTP %d" % n)
        for n in (
            200,
            201,
            204,
            206,
            301,
            302,
            304,
            405,
            406,
            407,
            409,
            410,
            418,
            421,
            451,
            600,
            999,
        )
    ]
)

HEADER = (
    "environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,"
    "events.data.event_name,events.data.custom_event_type\n"
)
given, taken, lock = {}, {}, threading.Lock()  # by the key, which is the case's name


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def raw(self, data):
        self.wfile.write(data)
        self.close_connection = True

    def answer(self, status, body):
        if body == CLOSED:
            return self.raw(b"")
        if body == CUT_HEAD:
            return self.raw(b"HTTP/1.1 202 Accepted\r\nContent-Len")
        if body == ENDLESS:
            self.raw(b"HTTP/1.1 %d x\r\n\r\n" % status)
            while True:  # until the other side has enough
                self.wfile.write(b"x" * 65536)
        if body == JUNK:
            return self.raw(b"220 mail.example.com ESMTP\r\n")
        if body == CUT_BODY:
            return self.raw(b"HTTP/1.1 %d x\r\nContent-Length: 500\r\n\r\n{\"errors\":[]}" % status)
        self.send_response_only(status, "x")
        if status in (301, 302, 307):
            self.send_header("Location", "http://login.example.com/?next=1")
        if isinstance(body, bytes):
            self.send_header("Content-Encoding", body.coding)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(body if isinstance(body, bytes) else body.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = base64.b64decode(self.headers["Authorization"].split()[1]).decode().split(":")[0]
        with lock:
            status, text = given.get(key, (202, ""))
            if (status, text) == (202, ""):
                taken.setdefault(key, []).extend(b["source_request_id"] for b in json.loads(body))
        self.answer(status, text)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 128

    def handle_error(self, *args):
        pass


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def rows(path, n, name):
    write(
        path,
        HEADER
        + "".join(
            "development,%s-%d,%d,Clicked,other\n" % (name, i, 1768206600000 + i) for i in range(n)
        ),
    )


class Case:
    def __init__(self, program, folder, port, key):
        self.program, self.top, self.key = program, os.path.join(folder, key), key
        os.makedirs(self.top + "/in")
        write(self.top + "/secret", "secret\n")
        os.chmod(self.top + "/secret", 0o600)
        write(
            self.top + "/conf",
            "[dropfeed]\nstate_dir = %s/state\n[feed f]\nsource = file://%s/in\nmin_age ="
            " 0s\nendpoint = http://127.0.0.1:%d\napi_key = %s\napi_secret_file ="
            " %s/secret\ngive_up_after = 1s\nmax_rejects = 0\nafter_done = delete\nafter_refused ="
            " delete\nlanes = 1\n" % (self.top, self.top, port, key, self.top),
        )

    def run(self):
        done = subprocess.run(
            [self.program, "--config", self.top + "/conf", "run"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    def reasons(self):
        """The reject file holds the API's words: they may quote a cell, so that no log does."""
        path = self.top + "/state/rejects/f/a-custom_event.csv"
        return open(path).read() if os.path.exists(path) else ""

    def rejected(self):
        done = subprocess.run(
            [self.program, "--config", self.top + "/conf", "status", "--format", "json"],
            capture_output=True,
            check=True,
        )
        return sum(
            d["rejected"] or 0 for f in json.loads(done.stdout)["files"] for d in f["documents"]
        )

    def trial(self, answer, after):
        """What is wrong, and what was seen: (exit, rows consumed)."""
        status, body, first, later, quote = answer
        wanted, name, wrong = later if after else first, self.top + "/in/a-custom_event.csv", []
        if after:
            rows(self.top + "/in/w-custom_event.csv", 1, "W")
            if self.run()[0] != 0:
                return ["a good answer is not taken"], (None, None)
        rows(name, 3, "C")
        given[self.key] = (status, body)
        code, said = self.run()
        seen = (code, self.rejected())
        if seen != wanted:
            wrong.append("exit %d and %d rejected, wanted %d and %d" % (seen + wanted))
        if quote is not None and quote not in (
            self.reasons() if wanted[0] == 1 else " ".join(said.split())
        ):
            wrong.append("no quote: " + quote)
        if wanted == STOPPED and status not in (401, 403, 407) and (OBJECTION in said) != after:
            wrong.append("a firewall's objection is named where it cannot be, or not where it can")
        if status == 407 and "a proxy on the way to 127.0.0.1" not in said:
            wrong.append("a proxy that nobody set is not what is named")
        if wanted[0] > 1 and not os.path.exists(name):
            wrong.append("the file is gone")
        given[self.key] = (202, "")
        code = self.run()[0]
        if code != 0:
            wrong.append("the next run exits %d" % code)
        sent = taken.get(self.key, [])
        rest = after + (0 if wanted[0] < 3 and (status, body) != (202, "") else 3)
        if len(sent) != rest or len(set(sent)) != rest:
            wrong.append("%d batches arrived, wanted %d" % (len(sent), rest))
        return wrong + (said.splitlines()[-6:] if wrong else []), seen


def main():
    server = Server(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program, folder, failed = sys.argv[1], sys.argv[2], 0
    todo = [(i, answer, after) for i, answer in enumerate(ANSWERS) for after in (False, True)]

    def one(case):
        i, answer, after = case
        return Case(program, folder, server.server_port, "k%d%s" % (i, "ab"[after])).trial(
            answer, after
        )

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, todo))
    for (i, answer, after), (wrong, seen) in zip(todo, results):
        what = "%3d %-40.40s %s" % (
            answer[0],
            " ".join(str(answer[1]).split()),
            "after a success" if after else "at first",
        )
        if "--table" in sys.argv:
            print("| %s | exit %s | consumed %s | %s |" % (what, *seen, answer[4]))
            continue
        failed += bool(wrong)
        print(("not ok - " if wrong else "ok - ") + what)
        for line in wrong:
            print("#   " + line)
    sys.exit(failed > 0)


main()
