#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills dropfeed at its steps, runs it again until it is through, and compares what became of it
with a run that was let alone.

crash.py BUILD [--short] [--first] [--random N] [--jobs N]... [--sftp] [--removes] [--only N]

BUILD holds dropfeed, faults/dropfeed (make faults) and the receiver. Without options: every
numbered step with one worker and with two; each once as a kill and once as a power cut, which takes
with it what was not synced of the ledger (SQLite's). --short: every name of a step at its first and
at its last place, with two workers. --first: at its first place only. --random N: N kills at random
instants besides. --sftp: through a real SFTP server (tests/peers/sshd).
--removes: through one that removes what was read. --only N: that step, and what differs is
shown at length. The last line counts the kills after which all was well.
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

sys.dont_write_bytecode = True
import ledger

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MTIME = 1768206600
# more than one request holds: such a document is sent lane by lane
CLICKS = 132
RUNS = 6  # a run after a kill may have to wait for another one; it is never many


def clicks(path, rows, tag):
    """Sorted by user; some rows are wrong in the file, some the receiver refuses."""
    with open(path, "w") as f:
        f.write(
            "environment,user_identities.customer_id,user_attributes.Visit,events.data.timestamp_unixtime_ms,"
            "events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.Row\n"
        )
        for i in range(rows):
            when = "soon" if i % 13 == 5 else str(MTIME * 1000 + i * 1000)
            name = "Refused" if i % 11 == 7 else "Clicked"
            f.write(
                "development,%s-%d,%d,%s,%s,other,%d\n" % (tag, i // 6, i % 6 // 3, when, name, i)
            )


def views(path, rows):
    with open(path, "w") as f:
        f.write(
            "environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.screen_name\n"
        )
        for i in range(rows):
            f.write("development,V-%d,%d,Screen %d\n" % (i // 4, MTIME * 1000 + i, i))


def make_samples(folder):
    shop, archive = folder + "/in", folder + "/in2"
    os.makedirs(shop)
    os.makedirs(archive)
    clicks(shop + "/clicks-custom_event.csv", CLICKS, "C")
    shutil.copy(shop + "/clicks-custom_event.csv", shop + "/copy-custom_event.csv")
    with open(shop + "/broken-custom_event.csv", "w") as f:
        f.write("no,such,columns\n1,2,3\n")
    clicks(folder + "/a-custom_event.csv", 20, "Z")
    views(folder + "/b-screen_view.csv", 12)
    with zipfile.ZipFile(shop + "/two.zip", "w") as z:
        for name in ("a-custom_event.csv", "b-screen_view.csv"):
            z.writestr(zipfile.ZipInfo(name), open(folder + "/" + name).read())
            os.remove(folder + "/" + name)
    views(archive + "/one-screen_view.csv", 9)
    clicks(archive + "/two-custom_event.csv", 9, "F")
    for base, _, names in os.walk(folder):
        for name in names:
            os.utime(base + "/" + name, (MTIME, MTIME))


class Failure(Exception):
    """How a kill ends is unknown: without one it goes wrong already."""


class Place:
    """One folder with a receiver, in which a scenario is played over and over."""

    def __init__(self, work, build, sftp, removes):
        self.work, self.build, self.sftp, self.removes = work, build, sftp, removes
        self.samples, self.api = work + "/samples", work + "/api"
        make_samples(self.samples)
        os.makedirs(self.api)
        with open(self.api + "/rules", "w") as f:
            f.write("reject-name Refused\n")
        with open(work + "/secret", "w") as f:
            f.write("demo-secret\n")
        os.chmod(work + "/secret", 0o600)
        self.receiver = subprocess.Popen(
            [
                build + "/tests/peers/receiver",
                self.api,
                "--key",
                "demo-key",
                "--secret",
                "demo-secret",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            if os.path.exists(self.api + "/port"):
                break
            time.sleep(0.05)
        self.port = open(self.api + "/port").read().strip()
        self.root = work + "/source"
        if sftp:
            forced = (
                [
                    "--option",
                    "ForceCommand exec %s/tests/peers/quirky-sftp %s/sshd/root delete"
                    % (ROOT, work),
                ]
                if removes
                else []
            )
            subprocess.run(
                [ROOT + "/tests/peers/sshd", "start", work + "/sshd", "--host-keys", "ed25519"]
                + forced,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            self.root = work + "/sshd/root"
        self.bodies = {}  # of every id that was ever delivered: the scenario always gives the same
        self.read_to = 0
        self.delivered = []  # of this round

    def end(self):
        if self.sftp:
            subprocess.run(
                [ROOT + "/tests/peers/sshd", "stop", self.work + "/sshd"], stdout=subprocess.DEVNULL
            )
        self.receiver.terminate()
        self.receiver.wait()

    def source(self, folder):
        if not self.sftp:
            return "source = file://%s/%s\n" % (self.root, folder)
        port = open(self.work + "/sshd/port").read().strip()
        user = subprocess.run(
            ["id", "-un"], capture_output=True, text=True, check=True
        ).stdout.strip()
        return "source = sftp://%s@127.0.0.1:%s%s/%s\nknown_hosts = %s\nidentity_file = %s\n" % (
            user,
            port,
            "" if self.removes else "/~",
            folder,
            self.work + "/sshd/known_hosts",
            self.work + "/sshd/id_ed25519",
        )

    def fresh(self, jobs):
        for name in (
            self.root + "/in",
            self.root + "/in2",
            self.work + "/state",
            self.work + "/sink",
        ):
            shutil.rmtree(name, ignore_errors=True)
        for name in ("in", "in2"):
            shutil.copytree(self.samples + "/" + name, self.root + "/" + name)
        os.makedirs(self.work + "/sink")
        with open(self.work + "/conf", "w") as f:
            f.write("[dropfeed]\nstate_dir = %s/state\njobs = %d\n" % (self.work, jobs))
            f.write(
                "[feed shop]\n%smin_age = 0s\nlanes = 2\nbatches_per_second = 100000\nafter_done ="
                " move:done\nafter_refused = delete\nreceipts = receipts\nendpoint ="
                " http://127.0.0.1:%s\napi_key = demo-key\napi_secret_file = %s/secret\n"
                % (self.source("in"), self.port, self.work)
            )
            f.write(
                "[feed archive]\n%smin_age = 0s\nlanes = 2\nafter_done = delete\nsink ="
                " file:%s/sink/all.ndjson\n" % (self.source("in2"), self.work)
            )
        for name in ("/steps", "/synced"):
            if os.path.exists(self.work + name):
                os.remove(self.work + name)

    def command(self, program, *args):
        return [self.build + "/" + program, "--config", self.work + "/conf", *args]

    def environment(self, **more):
        env = {
            k: v
            for k, v in os.environ.items()
            if k not in ("SSH_AUTH_SOCK", "DROPFEED_CONFIG", "GNUPGHOME")
        }
        for sanitizer in (
            "ASAN_OPTIONS",
            "LSAN_OPTIONS",
            "UBSAN_OPTIONS",
        ):  # a finding must not look like exit 1
            env.setdefault(sanitizer, "exitcode=99")
        return dict(env, HOME=self.work, **more)

    def run(self, at):
        """The number of the step where it died comes back with its name, or None when it came to
        its end."""
        steps, synced = self.work + "/steps", self.work + "/synced"
        done = subprocess.run(
            self.command("faults/dropfeed", "run"),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
            env=self.environment(
                DROPFEED_CRASH_AT=str(at), DROPFEED_STEPS=steps, DROPFEED_SYNCED=synced
            ),
        )
        lines = open(steps).read().splitlines()
        if done.returncode != -signal.SIGKILL:
            return None, done, lines
        return lines[-1], done, lines

    def cut_power(self):
        ledger.cut_power(self.work + "/state", self.work + "/synced")

    def kill_after(self, seconds):
        p = subprocess.Popen(
            self.command("dropfeed", "run"),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment(),
        )
        try:
            p.wait(seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()

    def finish(self):
        """Runs until it is through: exit 0 or 1. Then once more, which must find nothing to do."""
        for _ in range(RUNS):
            done = subprocess.run(
                self.command("dropfeed", "run"),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=self.environment(),
                timeout=120,
            )
            if done.returncode in (0, 1):
                break
        else:
            return "still exit %d after %d runs: %s" % (
                done.returncode,
                RUNS,
                done.stderr.decode()[-600:],
            )
        self.take()
        before = (self.tree(), self.read_to)
        done = subprocess.run(
            self.command("dropfeed", "run"),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self.environment(),
            timeout=120,
        )
        self.take()
        if done.returncode != 0 or before != (self.tree(), self.read_to):
            return "one more run did not find everything done: exit %d, %s" % (
                done.returncode,
                done.stderr.decode()[-600:],
            )
        return None

    def take(self):
        """The batches that the receiver accepted since last time."""
        got = []
        with open(self.api + "/accepted.ndjson", "rb") as f:
            f.seek(self.read_to)
            for line in f:
                self.read_to += len(line)
                got.append((json.loads(line)["source_request_id"], line))
        self.delivered += got

    def tree(self):
        found = {}
        for top in (
            self.root + "/in",
            self.root + "/in2",
            self.work + "/sink",
            self.work + "/state/spool",
            self.work + "/state/rejects",
        ):
            for base, _, names in os.walk(top):
                for name in names:
                    path = base + "/" + name
                    text = open(path, "rb").read()
                    if name.endswith(".receipt.json"):
                        text = json.dumps(timeless(json.loads(text)), sort_keys=True).encode()
                    found[path[len(self.work) :]] = text
        return found

    def outcome(self):
        """Everything that must be as after a run that nobody killed."""
        state = self.work + "/state"
        files, all_documents = {}, ledger.ask(state, "SELECT * FROM document ORDER BY id")
        for f in ledger.ask(state, "SELECT * FROM file ORDER BY id"):
            documents = [
                {
                    k: d[k]
                    for k in (
                        "name",
                        "event_type",
                        "state",
                        "rows",
                        "delivered",
                        "rejected",
                        "batches",
                        "events",
                        "code",
                        "text",
                    )
                }
                for d in all_documents
                if d["file_id"] == f["id"]
            ]
            files.setdefault(f["feed"] + "/" + f["name"], []).append(
                {
                    "state": f["state"],
                    "code": f["code"],
                    "text": f["text"],
                    "due": bool(f["cleanup_due"]),
                    "documents": documents,
                }
            )
        wrong = ledger.ask(
            state, "SELECT * FROM document WHERE state = 4 AND rows <> delivered + rejected"
        )
        lanes = sorted(
            tuple(r)
            for r in ledger.ask(
                state,
                (
                    "SELECT f.name, coalesce(d.name, ''), l.lane, l.done FROM lane l JOIN document"
                    " d ON d.id = document_id JOIN file f ON f.id = file_id"
                ),
            )
        )
        rejects = sorted(
            tuple(r)
            for r in ledger.ask(
                state,
                (
                    "SELECT f.name, coalesce(d.name, ''), r.row, r.line, r.offset, r.length,"
                    " r.message FROM reject r JOIN document d ON d.id = document_id JOIN file f ON"
                    " f.id = file_id"
                ),
            )
        )
        done = subprocess.run(
            self.command("dropfeed", "status", "--format", "json"),
            stdout=subprocess.PIPE,
            env=self.environment(),
        )
        tree = self.tree()
        sink = sorted(
            tree.pop("/sink/all.ndjson", b"").splitlines()
        )  # files take turns; documents keep together
        return {
            "files": files,
            "does not balance": wrong,
            "lanes": lanes,
            "rejects": rejects,
            "integrity": ledger.integrity(state),
            "status": done.returncode,
            "tree": tree,
            "sink": sink,
            "ids": sorted({i for i, _ in self.delivered}),
            "order": self.order(),
        }

    def order(self):
        """For each user, the batches in the order in which each was first seen."""
        seen, users = set(), collections.defaultdict(list)
        for one, line in self.delivered:
            if one not in seen:
                seen.add(one)
                users[json.loads(line)["user_identities"]["customer_id"]].append(one)
        return dict(users)

    def contents(self):
        """An id never has two contents, in any delivery of any round."""
        for one, line in self.delivered:
            if self.bodies.setdefault(one, line) != line:
                return "id %s came with two contents:\n%s%s" % (
                    one,
                    self.bodies[one].decode(),
                    line.decode(),
                )
        return None


def timeless(x):
    """A receipt without what the clock says."""
    if isinstance(x, dict):
        return {
            k: timeless(v)
            for k, v in x.items()
            if not any(t in k for t in ("_ms", "pulled", "begun", "closed", "time", "_at"))
        }
    return [timeless(v) for v in x] if isinstance(x, list) else x


def differences(got, wanted, path="", limit=600):
    if isinstance(wanted, dict) and isinstance(got, dict):
        return [
            d
            for k in sorted(set(got) | set(wanted))
            for d in differences(got.get(k), wanted.get(k), path + "/" + str(k), limit)
        ]
    if got == wanted:
        return []
    one, other = repr(got), repr(wanted)
    at = max(
        0,
        next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
        - limit // 3,
    )
    return ["%s: got …%s, wanted …%s" % (path, one[at : at + limit], other[at : at + limit])]


class Rounds:
    def __init__(self, place, jobs, verbose):
        self.place, self.jobs, self.verbose = place, jobs, verbose
        self.passed = self.failed = 0
        self.begin()
        _, done, self.steps = place.run(0)
        if done.returncode != 1:
            raise Failure(
                "a run that nobody kills: exit %d\n%s" % (done.returncode, done.stderr.decode())
            )
        place.take()
        self.wanted = place.outcome()
        wrong = place.contents() or self.unsound()
        if wrong:
            raise Failure("a run that nobody kills: %s" % wrong)

    def unsound(self):
        """What is wrong with the outcome that the others are compared with, or None."""
        w = self.wanted
        files = {name: entries[0] for name, entries in w["files"].items()}
        rows = {
            name: [(d["rows"], d["delivered"] > 0, d["rejected"] > 0) for d in f["documents"]]
            for name, f in files.items()
        }
        delivered = sum(
            d["delivered"]
            for name, f in files.items()
            for d in f["documents"]
            if name.startswith("shop/")
        )
        events = [
            e["data"]["source_message_id"]
            for line in dict(self.place.delivered).values()
            for e in json.loads(line)["events"]
        ]
        wanted = {
            "shop/clicks-custom_event.csv": [(CLICKS, True, True)],
            "shop/copy-custom_event.csv": [],
            "shop/two.zip": [(20, True, True), (12, True, False)],
            "shop/broken-custom_event.csv": [(0, False, False)],
            "archive/one-screen_view.csv": [(9, True, False)],
            "archive/two-custom_event.csv": [(9, True, True)],
        }
        return (
            "documents: %s" % rows
            if rows != wanted
            else (
                "the copy is not a duplicate"
                if files["shop/copy-custom_event.csv"]["code"] != "duplicate"
                else (
                    "rows and events differ"
                    if not delivered == len(events) == len(set(events))
                    else (
                        "does not balance"
                        if w["does not balance"] or w["status"] != 0
                        else (
                            "integrity"
                            if w["integrity"] != ["ok"]
                            else (
                                "nothing to compare"
                                if not w["rejects"]
                                or not w["sink"]
                                or len([t for t in w["tree"] if "/receipts/" in t]) < 5
                                else None
                            )
                        )
                    )
                )
            )
        )

    def begin(self):
        if os.path.exists(self.place.api + "/accepted.ndjson"):
            self.place.read_to = os.path.getsize(self.place.api + "/accepted.ndjson")
        self.place.delivered = []
        self.place.fresh(self.jobs)

    def judge(self, what):
        wrong = self.place.finish() or self.place.contents()
        found = (
            [wrong]
            if wrong
            else differences(self.place.outcome(), self.wanted, limit=1000 if self.verbose else 200)
        )
        if found:
            self.failed += 1
            print("not ok - jobs = %d, killed %s" % (self.jobs, what))
            for d in found[: 40 if self.verbose else 6]:
                print("#   " + d.replace("\n", "\n#   "))
        else:
            self.passed += 1
        sys.stdout.flush()

    def kill_at(self, at, power):
        self.begin()
        where, _, _ = self.place.run(at)
        if where is None:  # there is no such step any more
            return
        if power:
            self.place.cut_power()
        self.judge("at step " + where + (", and the power cut" if power else ""))

    def kill_somewhere(self, seconds):
        self.begin()
        self.place.kill_after(seconds)
        self.judge("after %.4f s" % seconds)


def chosen(rounds, only_first):
    """Each name of a step at its first place, and at its last one."""
    first, last = {}, {}
    for line in rounds.steps:
        number, name = line.split(" ", 1)
        first.setdefault(name, int(number))
        last[name] = int(number)
    return sorted(set(first.values()) | (set() if only_first else set(last.values())))


class Work:
    """What is to be tried, by as many places at once as there are processors."""

    def __init__(self, o, work):
        self.o, self.lock, self.work = o, threading.Lock(), work
        self.passed = self.failed = 0
        self.todo, self.said = None, ""

    def plan(self, rounds, jobs):
        """From the first place's own run without a kill."""
        o, n = self.o, len(rounds.steps)
        began = time.time()
        rounds.begin()
        rounds.place.kill_after(60)
        whole = time.time() - began
        dice = random.Random(o.seed + jobs)
        at = (
            [o.only] if o.only else chosen(rounds, o.first) if o.short else range(1, n + n // 10)
        )  # their number varies with two workers
        times = [dice.uniform(0, whole * 1.1) for _ in range(o.random // len(o.jobs))]
        self.todo = iter(
            [lambda r, k=k, p=p: r.kill_at(k, p) for k in at for p in ledger.POWER_CUTS]
            + [lambda r, t=t: r.kill_somewhere(t) for t in times]
        )
        self.said = (
            "jobs = %d: a run has %d steps of %d names; random kills within %.3f s, seed %d"
            % (jobs, n, len({x.split(" ", 1)[1] for x in rounds.steps}), whole, o.seed)
        )

    def next(self, rounds, jobs):
        with self.lock:
            if self.todo is None:
                self.plan(rounds, jobs)
            return next(self.todo, None)

    def help(self, number, jobs):
        place = Place(
            "%s/%d" % (self.work, number),
            os.path.abspath(self.o.build),
            self.o.sftp or self.o.removes,
            self.o.removes,
        )
        passed, failed = 0, 1  # until it came to its end
        try:
            rounds = Rounds(place, jobs, self.o.only is not None)
            while True:
                task = self.next(rounds, jobs)
                if task is None:
                    break
                task(rounds)
            passed, failed = rounds.passed, rounds.failed
        except Failure as e:
            print("not ok - %s" % e)
        finally:
            place.end()
            with self.lock:
                self.passed, self.failed = self.passed + passed, self.failed + failed

    def do(self, jobs):
        self.todo, began = None, time.time()
        helpers = [
            threading.Thread(target=self.help, args=(jobs * 100 + i, jobs))
            for i in range(1 if self.o.only else 2)
        ]
        for t in helpers:
            t.start()
        for t in helpers:
            t.join()
        print("%s; %.0f s" % (self.said, time.time() - began))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--short", action="store_true")
    p.add_argument("--first", action="store_true")
    p.add_argument("--sftp", action="store_true")
    p.add_argument("--removes", action="store_true")
    p.add_argument("--random", type=int, default=0)
    p.add_argument("--jobs", type=int, action="append")
    p.add_argument("--only", type=int)
    p.add_argument("--seed", type=int, default=int(time.time()))
    o = p.parse_args()
    o.short |= o.first
    o.jobs = o.jobs or ([2] if o.short else [1, 2])
    home = os.environ.get("TMPDIR") or (
        "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    )  # fsync costs nothing there
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="dropfeed-crash.", dir=home) as folder:
        work = Work(o, folder)
        for jobs in o.jobs:
            work.do(jobs)
    print("%d passed, %d failed" % (work.passed, work.failed + (work.passed == 0)))
    sys.exit(work.failed > 0 or work.passed == 0)


if __name__ == "__main__":
    main()
