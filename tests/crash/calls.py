#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets dropfeed's system calls fail, one in each run, lets the next runs come to the end, and
compares as crash.py does.

calls.py BUILD [--only KIND[:N[:ERROR]]] [--jobs N]

BUILD holds dropfeed, tests/crash/fail.so and the receiver. Every call is tried with every error
that fits it; of calls of a kind that are very many, some. A run that says that it is finished (exit
0 or 1) has to be; after any other one the next run finishes. The last line counts the failures
after which all was well.
"""
import argparse
import collections
import errno
import gzip
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading

import crash

OFTEN = 60  # calls of one kind; of more, so many are tried
DISK, READ, MANY = ["EIO", "ENOSPC"], ["EIO", "EINTR", "SHORT"], ["EIO", "EMFILE"]
ERRORS = {
    "open": MANY,
    "fopen": MANY,
    "opendir": MANY,
    "readdir": ["EIO"],
    "mmap": ["ENOMEM"],
    "read": READ,
    "pread": READ,
    "write": DISK + ["EINTR", "SHORT"],
    "pwrite": DISK + ["SHORT"],
    "copy_file_range": ["EIO", "EXDEV", "SHORT"],
    "send": ["ECONNRESET", "SHORT"],
    "recv": ["ECONNRESET", "SHORT"],
    "fsync": DISK,
    "ftruncate": ["EIO"],
    "fchmod": ["EIO"],
    "flock": ["ENOLCK"],
    "stat": ["EIO", "ESTALE"],
    "access": ["EIO"],
    "mkdir": DISK,
    "unlink": ["EIO"],
    "rename": ["EIO", "EDQUOT"],
    "link": ["EIO", "ENOSPC"],
    "lseek": ["EIO"],
    "pipe": ["EMFILE"],
    "socket": ["EMFILE"],
    "connect": ["ECONNREFUSED"],
    "poll": ["EINTR", "ENOMEM"],
    "fork": ["EAGAIN"],
    "thread": ["EAGAIN"],
    "close": ["EIO"],
    "dup": ["EMFILE"],
}
# GPGME 1.18 reads what gpg says of its version without a look at whether it could; no pipe fails
# like that.
LEFT_ALONE = re.compile(r"^read\t.*pipe:.*\tEIO$")
KNOWN_EXITS = (0, 1, 2, 3, 4, 5)


class Place(crash.Place):
    """With a gzip file besides, and a feed of encrypted files that go to a folder."""

    def __init__(self, work, build, jobs):
        super().__init__(work, build, False, False)
        self.jobs, self.home, self.preload = jobs, work + "/gnupg", build + "/tests/crash/fail.so"
        plain = work + "/plain.csv"
        crash.clicks(plain, 14, "G")
        with open(plain, "rb") as f, gzip.GzipFile(
            self.samples + "/in/packed-custom_event.csv.gz", "wb", mtime=0
        ) as g:
            g.write(f.read())
        os.makedirs(self.samples + "/in3")
        os.makedirs(self.home)
        gpg = [
            "gpg",
            "--homedir",
            self.home,
            "--batch",
            "--quiet",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]
        subprocess.run(
            gpg
            + [
                "--quick-generate-key",
                "dropfeed <dropfeed@example.com>",
                "default",
                "default",
                "never",
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        crash.views(plain, 7)
        subprocess.run(
            gpg
            + [
                "--trust-model",
                "always",
                "-r",
                "dropfeed@example.com",
                "-o",
                self.samples + "/in3/s-screen_view.csv.gpg",
                "-e",
                plain,
            ],
            check=True,
        )
        os.remove(
            self.samples + "/in/copy-custom_event.csv"
        )  # of two that are equal, the other one may be first

    def end(self):
        super().end()
        subprocess.run(
            ["gpgconf", "--homedir", self.home, "--kill", "all"], stderr=subprocess.DEVNULL
        )

    def fresh(self, jobs):
        super().fresh(jobs)
        for name in (self.root + "/in3", self.work + "/open"):
            shutil.rmtree(name, ignore_errors=True)
        shutil.copytree(self.samples + "/in3", self.root + "/in3")
        os.makedirs(self.work + "/open")
        with open(self.work + "/conf", "a") as f:
            f.write(
                "[feed secret]\n%smin_age = 0s\nencrypted = yes\ngnupg_home = %s\nafter_done ="
                " keep\nsink = file:%s/open/\n" % (self.source("in3"), self.home, self.work)
            )

    def tree(self):
        found = super().tree()
        for top in ("/open", "/source/in3"):
            for name in os.listdir(self.work + top):
                found[top + "/" + name] = open(self.work + top + "/" + name, "rb").read()
        return found

    def fail(self, **how):
        """A run in which a call fails. The sanitizer's own library may come second."""
        env = self.environment(LD_PRELOAD=self.preload, **how)
        env["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        return subprocess.run(
            self.command("dropfeed", "run"),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=env,
            timeout=120,
        )

    def calls(self):
        """(kind, N, file) of all that could fail."""
        self.fresh(self.jobs)
        log = self.work + "/calls"
        self.fail(FAIL_LOG=log)
        count, found = collections.Counter(), []
        for line in open(log, errors="replace"):
            kind, path = line.rstrip("\n").split("\t", 1)
            count[kind] += 1
            found.append((kind, count[kind], path.replace(self.work, "")))
        return found


class Rounds:
    def __init__(self, place):
        self.place, self.passed, self.failed = place, 0, 0
        self.begin()
        done = subprocess.run(
            place.command("dropfeed", "run"), stderr=subprocess.PIPE, env=place.environment()
        )
        place.take()
        self.wanted = place.outcome()
        wrong = place.contents() or ("exit %d" % done.returncode if done.returncode != 1 else None)
        if (
            wrong
            or len(self.wanted["sink"]) < 3
            or not [t for t in self.wanted["tree"] if t.startswith("/open/")]
        ):
            raise crash.Failure(
                "a run in which nothing fails: %s\n%s" % (wrong, done.stderr.decode())
            )

    def begin(self):
        accepted = self.place.api + "/accepted.ndjson"
        self.place.read_to = os.path.getsize(accepted) if os.path.exists(accepted) else 0
        self.place.delivered = []
        self.place.fresh(self.place.jobs)

    def differ(self):
        """What is in the spool is the next run's to remove."""
        got, wanted = self.place.outcome(), dict(self.wanted)
        got["tree"] = {k: v for k, v in got["tree"].items() if "/spool/" not in k}
        return self.place.contents() or crash.differences(got, wanted, limit=200)

    def once(self, kind, n, error):
        number = 0 if error == "SHORT" else getattr(errno, error)
        self.begin()
        try:
            done = self.place.fail(FAIL_CALL=kind, FAIL_AT=str(n), FAIL_ERRNO=str(number))
        except subprocess.TimeoutExpired:
            return ["it hangs"], ""
        said = done.stderr.decode(errors="replace")
        if done.returncode not in KNOWN_EXITS:
            return ["exit %d" % done.returncode], said
        self.place.take()
        if done.returncode in (0, 1):
            wrong = self.differ()
            if wrong:
                return ["it said that it was finished (exit %d)" % done.returncode] + list(
                    wrong
                ), said
        wrong = self.place.finish() or self.differ()
        return [wrong] if isinstance(wrong, str) else wrong, said

    def attempt(self, kind, n, path, error):
        wrong, said = self.once(kind, n, error)
        self.failed, self.passed = self.failed + bool(wrong), self.passed + (not wrong)
        if wrong:
            print("not ok - --only %s:%d:%s %s" % (kind, n, error, path))
            for line in wrong[:5] + said.splitlines()[:12]:
                print("#   " + line.replace(self.place.work, ""))
        sys.stdout.flush()


def plan(calls, only):
    """In an order that has no pattern: they take different times."""
    kinds = collections.Counter(kind for kind, _, _ in calls)
    dice = random.Random(1)
    want = (only.split(":") + [None, None])[:3] if only else [None] * 3
    found = [
        (k, n, path, e)
        for k, n, path in calls
        for e in ERRORS[k]
        if not LEFT_ALONE.match("%s\t%s\t%s" % (k, path, e))
        and want[0] in (None, k)
        and want[1] in (None, str(n))
        and want[2] in (None, e)
        and (want[1] is not None or dice.random() * kinds[k] < OFTEN)
    ]
    dice.shuffle(found)
    return found


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--only")
    p.add_argument("--jobs", type=int, default=1)
    o = p.parse_args()
    home = os.environ.get("TMPDIR") or (
        "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    )  # fsync costs nothing there
    os.umask(0o077)
    lock, todo, rounds = threading.Lock(), [], []

    def take():
        with lock:
            return todo.pop() if todo else None

    def work(r):
        r.failed += 1  # until it came to its end
        for task in iter(take, None):
            r.attempt(*task)
        r.failed -= 1

    with tempfile.TemporaryDirectory(prefix="dropfeed-calls.", dir=home) as folder:
        places = []
        try:
            for i in range(1 if o.only else 2):
                places.append(Place("%s/%d" % (folder, i), os.path.abspath(o.build), o.jobs))
                rounds.append(Rounds(places[-1]))
            calls = places[0].calls()
            todo += plan(calls, o.only)
            print(
                "a run makes %d calls of %d kinds; %d failures are tried"
                % (len(calls), len({k for k, _, _ in calls}), len(todo)),
                flush=True,
            )
            helpers = [threading.Thread(target=work, args=(r,)) for r in rounds]
            for t in helpers:
                t.start()
            for t in helpers:
                t.join()
        except crash.Failure as e:
            print("not ok - %s" % e)
        finally:
            for place in places:
                place.end()
    passed, failed = sum(r.passed for r in rounds), sum(r.failed for r in rounds)
    print("%d passed, %d failed" % (passed, failed + (passed == 0) + len(todo)))
    sys.exit(failed > 0 or passed == 0 or bool(todo))


main()
