#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hosts that share a ledger, while everything around them fails; afterwards every row must be there
once.

Usage: tests/with-postgres tests/fleet/chaos.py BUILD [--seconds N] [--hosts N] [--lease SECONDS]
           [--rate N] [--users N] [--files N] [--seed N] [--calm]

Four hosts, which are processes with state folders of their own that are removed at random, run
again and again as cron would have them. Two SFTP servers have four feeds each; the four feeds of
one key share its limit, which the key's receiver enforces over all hosts. At random a host is
killed, or stopped until its lease is over; the database is restarted at once, or cut off, or
silent, or the answer of a COMMIT never arrives; a host's clock steps. One host has another
configuration, and after a third of the time a fifth one joins for a while, which lays batches out
in another way. --calm: without faults. Then it is counted: rows lost or sent under two ids, a
user's values out of order, documents whose rows do not add up, answers of 429, how much of the
limit was used and why not all of it, how long it took until another host went on. The last line
counts what holds.

The share of the limit is measured while two hosts or more are up. A host without its database is
not up: nothing can be settled, so that nothing may be sent. The share with that time counted as
well is printed beside it, and what each kind of fault took of the limit beyond what is missing
between faults, in seconds of one key's limit. The part of a host that is gone is free after a
second, a file of its after the lease. --pause is the longest time between two faults.
"""
import argparse
import collections
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FEEDS = {"feed%d" % n: (n % 2, n // 4) for n in range(8)}  # its server, its key
STUCK = 180  # seconds in which no file is done, afterwards
FIRST_FAULT = 6  # seconds after the beginning; from then on the share is measured
AFTERMATH = 3  # seconds until hosts have found the database again
# seconds after a fault in which what is missing is counted for it, but for these, which are not the
# latest one's
FELT = 6
OTHERWISE = ("all feeds wait for a file of one", "no file was listed")
# What may take away a host's part of a limit, and a feed's turn.
LOST_HOSTS = """SELECT 'pace', substr(p.key, 1, 8), split_part(p.node, '/', 1), p.node = n.boot,
  p.granted / 1e6
  FROM pace p LEFT JOIN node n ON n.name = split_part(p.node, '/', 1)
  WHERE p.at + p.lasts * INTERVAL '1 millisecond' > clock_timestamp() AND p.granted > 0"""
FRONTS = """SELECT DISTINCT ON (f.feed) 'front', f.feed, split_part(coalesce(f.holder, ''), '/', 1),
  f.holder IS NULL OR f.holder = n.boot, 0
  FROM file f LEFT JOIN node n ON n.name = split_part(f.holder, '/', 1)
  WHERE f.closed_ms = 0 ORDER BY f.feed, f.mtime, f.name"""


def sql(text):
    """Rows of columns; None while the database is away."""
    done = subprocess.run(
        [os.environ["PG_BIN"] + "/psql", "-X", "-q", "-t", "-A", "-F", "\t", "-c", text],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.split("\t") for line in done.stdout.splitlines()] if done.returncode == 0 else None


class Link(threading.Thread):
    """Between the hosts and the database: cuts, falls silent, or swallows the answers of
    COMMITs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.server = "%s/.s.PGSQL.%s" % (os.environ["PGHOST"], os.environ["PGPORT"])
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.lock, self.pairs, self.silent_until, self.swallow, self.swallowed = (
            threading.Lock(),
            set(),
            0.0,
            0,
            0,
        )
        self.cut_at = -1e9

    def run(self):
        while True:
            host, _ = self.listener.accept()
            database = socket.socket(socket.AF_UNIX)
            try:
                database.connect(self.server)
            except OSError:
                host.close()
                continue
            pair = (host, database)
            with self.lock:
                self.pairs.add(pair)
            state = {"mute": False}
            threading.Thread(
                target=self.pump, args=(host, database, pair, state, True), daemon=True
            ).start()
            threading.Thread(
                target=self.pump, args=(database, host, pair, state, False), daemon=True
            ).start()

    def pump(self, source, sink, pair, state, up):
        try:
            while data := source.recv(65536):
                while time.monotonic() < self.silent_until:
                    time.sleep(0.05)
                if up and self.swallow > 0 and (b"COMMIT" in data or b"moved AS" in data):
                    self.swallow -= 1
                    self.swallowed += 1
                    state["mute"] = True
                    sink.sendall(data)
                    time.sleep(0.3)
                    break
                if up or not state["mute"]:
                    sink.sendall(data)
        except OSError:
            pass
        self.end(pair)

    def end(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def cut(self):
        self.cut_at = time.monotonic()
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.end(pair)


class Host(threading.Thread):
    """Runs again and again; its state folder is gone at times."""

    def __init__(self, work, name, build, conf, lease, clock, rng, **env):
        super().__init__(daemon=True)
        self.name, self.rng, self.conf, self.dropfeed = name, rng, conf, build + "/faults/dropfeed"
        self.state, self.log, self.clock = (
            work + "/" + name,
            work + "/" + name + ".log",
            work + "/" + name + ".clock",
        )
        ms = str(int(lease * 1000))  # everything is faster than in real life
        self.env = dict(os.environ, DROPFEED_LEASE_MS=ms, DROPFEED_AGAIN_MS=ms, **env)
        preload = build + "/tests/fleet/clock.so"
        if clock and os.path.exists(preload):
            with open(self.clock, "wb") as f:
                f.write(struct.pack("q", 0))
            # a sanitizer's own library would be the first one
            asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            self.env.update(LD_PRELOAD=preload, CLOCK_STEP=self.clock, ASAN_OPTIONS=asan)
        else:
            self.clock = None
        self.ending, self.process, self.stopped, self.rest_until, self.exits = (
            False,
            None,
            False,
            0.0,
            collections.Counter(),
        )

    def step(self, seconds):
        with open(self.clock, "r+b") as f:
            f.write(struct.pack("q", seconds))

    def up(self):
        return self.process is not None and not self.stopped

    def leave(self):
        """Its run ends as a signal has it; it comes back only when it is started."""
        self.ending = True
        self.signal(signal.SIGTERM)

    def run(self):
        while not self.ending:
            if time.monotonic() < self.rest_until:
                time.sleep(0.1)
                continue
            with open(self.log, "a") as log:
                self.process = subprocess.Popen(
                    [self.dropfeed, "--config", self.conf, "--verbose", "run"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self.env,
                )
                code = self.process.wait()
            self.exits[code] += 1
            if code == -signal.SIGKILL:
                self.process = None
            if self.rng.random() < 0.3:
                shutil.rmtree(self.state, ignore_errors=True)
            time.sleep(self.rng.uniform(0.2, 1))
        self.process = None

    def signal(self, number):
        process = self.process
        if process is not None and process.poll() is None:
            process.send_signal(number)

    def end(self):
        self.stopped = False
        self.signal(signal.SIGCONT)
        self.leave()


class Away:
    """When the database was away, for all hosts."""

    def __init__(self):
        self.spans = []

    def add(self, begin, end):
        self.spans.append((begin, end))

    def seconds(self, begin, end):
        """Of the time between the two."""
        total, at = 0.0, begin
        for a, b in sorted(self.spans):
            a, b = max(a, at), min(b, end)
            total, at = total + max(b - a, 0), max(at, b)
        return total


class Receiver:
    def __init__(self, work, build, key, rate):
        self.dir = "%s/api%d" % (work, key)
        os.makedirs(self.dir)
        with open(self.dir + "/rules", "w") as f:
            f.write("rate-sliding %d\n" % rate)
        self.process = subprocess.Popen(
            [build + "/tests/peers/receiver", self.dir, "--key", "k%d" % key, "--secret", "s"],
            stdout=subprocess.DEVNULL,
        )
        self.requests, self.throttled, self.batches = 0, 0, 0
        self.pace = hashlib.sha256(b"k%d" % key).hexdigest()[:8]  # as the ledger has it
        self.at = 0
        while not os.path.exists(self.dir + "/port") or not open(self.dir + "/port").read().strip():
            time.sleep(0.05)
        self.url = "http://127.0.0.1:" + open(self.dir + "/port").read().strip()

    def read_on(self):
        """Counts the requests that are new; returns how many batches they brought."""
        path, n = self.dir + "/requests.ndjson", 0
        if os.path.exists(path):
            with open(path, "rb") as f:
                f.seek(self.at)
                for line in f:
                    if not line.endswith(b"\n"):
                        break
                    self.at += len(line)
                    request = json.loads(line)
                    self.requests += 1
                    self.throttled += request["status"] == 429
                    n += request["batches"] if request["status"] in (200, 202) else 0
        self.batches += n
        return n

    def accepted(self):
        with open(self.dir + "/accepted.ndjson") as f:
            return [json.loads(line) for line in f]


class Drop(threading.Thread):
    """Puts files into the feeds' folders, so that there is always something to do."""

    def __init__(self, folders, users, most):
        super().__init__(daemon=True)
        self.folders, self.users, self.most, self.ending, self.dropped = (
            folders,
            users,
            most,
            False,
            collections.Counter(),
        )

    def one(self, feed):
        seq = self.dropped[feed]
        name = "%s-%05d-custom_event.csv" % (feed, seq)
        part = "%s/.%s" % (self.folders[feed], name)
        with open(part, "w") as f:
            f.write(
                "user_identities.customer_id,user_attributes.Seq,events.data.event_name,"
                "events.data.custom_event_type,events.data.custom_attributes.Row\n"
            )
            f.writelines(
                "%s-%d,%d,Clicked,other,%s/%d/%d\n" % (feed, i, seq, feed, seq, i)
                for i in range(self.users)
            )
        os.utime(part, (1700000000 + seq, 1700000000 + seq))
        os.rename(part, "%s/%s" % (self.folders[feed], name))
        self.dropped[feed] += 1

    def run(self):
        while not self.ending:
            rows = sql("SELECT feed, count(*) FROM file WHERE closed_ms <> 0 GROUP BY feed")
            if rows is not None:
                done = {feed: int(n) for feed, n in rows}
                for feed in self.folders:
                    while self.dropped[feed] - done.get(feed, 0) < self.most:
                        self.one(feed)
            time.sleep(0.5)


class Chaos:
    def __init__(self, options, work):
        self.o, self.work, self.rng = options, work, random.Random(options.seed)
        self.link = Link()
        self.link.start()
        self.sshds = [self.start_sshd(n) for n in range(2)]
        self.receivers = [Receiver(work, options.build, key, options.rate) for key in range(2)]
        folders = {
            feed: "%s/sshd%d/root/%s" % (work, server, feed) for feed, (server, _) in FEEDS.items()
        }
        for folder in folders.values():
            os.makedirs(folder)
        with open(os.open(work + "/secret", os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write("s\n")
        self.hosts = [self.host(n, n == 1 and not options.calm) for n in range(options.hosts)]
        self.foreign = self.host(options.hosts, False, DROPFEED_BATCH_FORMAT="3")
        self.drop = Drop(folders, options.users, options.files)
        self.faults, self.take_over = collections.Counter(), []
        # batches and seconds in which two hosts or more were up; how many of the seconds without
        # the database
        self.used, self.seconds, self.without = 0, 0, 0
        self.missing = (
            collections.Counter()
        )  # batches that the limit allowed then, by the reason why they were not sent
        self.fault, self.fault_at = None, -1e9  # the latest
        self.after, self.after_seconds = (
            collections.Counter(),
            collections.Counter(),
        )  # what was missing, by the fault before
        self.lost_holders, self.database_back, self.away = {}, -1e9, Away()
        self.late = set()  # names of files that were not sent in order

    def start_sshd(self, n):
        folder = "%s/sshd%d" % (self.work, n)
        subprocess.run(
            [
                ROOT + "/tests/peers/sshd",
                "start",
                folder,
                "--host-keys",
                "ed25519",
                "--option",
                "MaxStartups 100",
            ],
            check=True,
        )
        return folder

    def host(self, n, clock, **env):
        return Host(
            self.work,
            "host%d" % n,
            self.o.build,
            self.write_conf(n),
            self.o.lease,
            clock,
            self.rng,
            **env,
        )

    def write_conf(self, n):
        path = "%s/host%d.conf" % (self.work, n)
        user = subprocess.run(
            ["id", "-un"], capture_output=True, text=True, check=True
        ).stdout.strip()
        with open(path, "w") as f:
            f.write(
                "[dropfeed]\nstate_dir = %s/host%d\nnode = host%d\njobs = 2\n" % (self.work, n, n)
            )
            f.write(
                "ledger = postgresql://dropfeed@127.0.0.1:%d/ledger?sslmode=disable&gssencmode=disable\n"
                % self.link.port
            )
            for feed, (server, key) in FEEDS.items():
                sshd = self.sshds[server]
                port = open(sshd + "/port").read().strip()
                f.write(
                    "[feed %s]\nsource = sftp://%s@127.0.0.1:%s/~/%s\nidentity_file = %s/id_ed25519\n"
                    "known_hosts = %s/known_hosts\n"
                    % (feed, user, port, feed, sshd, sshd)
                )
                f.write(
                    "min_age = 0s\nguidelines = off\nlanes = 4\nendpoint = %s\napi_key = k%d\n"
                    "api_secret_file = %s/secret\n"
                    "batches_per_second = %d\n"
                    % (self.receivers[key].url, key, self.work, self.o.rate)
                )
                if n == 1:
                    f.write("environment = development\n")
        return path

    # ---- faults ----

    def kill(self):
        host = self.rng.choice(self.hosts)
        if not host.up():
            return False
        self.watch(host)
        host.rest_until = time.monotonic() + self.rng.uniform(0, self.o.lease * 1.5)
        host.signal(signal.SIGKILL)
        return True

    def stop(self):
        host = self.rng.choice(self.hosts)
        if not host.up() or sum(h.stopped for h in self.hosts) > 0:
            return False
        self.watch(host)
        host.stopped = True
        host.signal(signal.SIGSTOP)
        threading.Timer(self.o.lease * self.rng.uniform(0.5, 2), self.go_on, [host]).start()
        return True

    @staticmethod
    def go_on(host):
        host.stopped = False
        host.signal(signal.SIGCONT)

    def restart(self):
        as_user, begin = os.environ.get("PG_AS", "").split(), time.monotonic()
        subprocess.run(
            as_user
            + [
                os.environ["PG_BIN"] + "/pg_ctl",
                "-D",
                os.environ["PG_DATA"],
                "-s",
                "-w",
                "-m",
                "immediate",
                "restart",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=True,
        )
        self.database_back = time.monotonic()
        self.away.add(begin, self.database_back)
        return True

    def cut(self):
        self.link.cut()
        return True

    def silent(self):
        now, seconds = time.monotonic(), self.rng.uniform(1, self.o.lease)
        self.away.add(now, now + seconds)
        self.link.silent_until = now + seconds
        return True

    def swallow(self):
        self.link.swallow += self.rng.randint(1, 3)
        return True

    def clock(self):
        hosts = [h for h in self.hosts if h.clock is not None]
        if not hosts:
            return False
        self.rng.choice(hosts).step(self.rng.choice([-86400, -600, -30, 0, 30, 600, 86400]))
        return True

    def watch(self, host):
        """Notes which files the host has, to see when another one goes on with them."""
        rows = sql(
            "SELECT id FROM file WHERE closed_ms = 0 AND split_part(holder, '/', 1) = '%s'"
            % host.name
        )
        for (number,) in rows or []:
            self.lost_holders[number] = (host.name, time.monotonic())

    def look(self):
        """Once a second: who took over, and what was used of the limits."""
        if self.lost_holders:
            rows = sql(
                "SELECT id, split_part(coalesce(holder, ''), '/', 1), closed_ms FROM file WHERE id IN (%s)"
                % ",".join(self.lost_holders)
            )
            for number, holder, closed in rows or []:
                was, since = self.lost_holders[number]
                if closed != "0" or holder == was and self.settled_since(was, since):
                    del self.lost_holders[number]
                elif holder not in ("", was):
                    self.take_over.append(time.monotonic() - since)
                    del self.lost_holders[number]
        self.measure()

    def measure(self):
        now, sent, throttled = time.monotonic(), [], [-r.throttled for r in self.receivers]
        for key, r in enumerate(self.receivers):
            sent.append(r.read_on())
            throttled[key] += r.throttled
        span, without = now - self.looked, self.away.seconds(self.looked, now)
        self.looked = now
        if now - self.begin <= FIRST_FAULT or self.up() < 2:
            return
        seen = None if now < self.link.silent_until else sql(LOST_HOSTS + "; " + FRONTS)
        self.used += sum(sent)
        self.seconds += span
        self.without += without
        felt = self.fault if now - self.fault_at < FELT else "none"
        for key, n in enumerate(sent):
            missing = self.o.rate * (span - without) - n
            why, part = self.explain(key, seen, now, throttled[key])
            self.missing[why] += missing
            if why not in OTHERWISE:
                self.after[felt] += missing
                self.after_seconds[felt] += span - without
            if self.o.trace:
                self.write_trace(key, missing, why, part, seen, now)

    def up(self):
        return sum(h.up() for h in self.hosts)

    def explain(self, key, seen, now, throttled):
        """Why batches of a key were not sent: each second's are counted, those beyond the limit
        against them."""
        lost = {h.name for h in self.hosts + [self.foreign] if not h.up()}
        if (
            seen is None
            or now - max(self.database_back, self.link.silent_until, self.link.cut_at) < AFTERMATH
        ):
            return "the database came back", 1.0
        fronts = [
            (host in lost or alive != "t")
            for what, feed, host, alive, _ in seen
            if what == "front" and FEEDS[feed][1] == key
        ]
        part = sum(
            float(granted)
            for what, name, host, alive, granted in seen
            if what == "pace"
            and name == self.receivers[key].pace
            and (host in lost or alive != "t")
        )
        if throttled > 0:
            return "answers of 429", part
        if not fronts:
            return OTHERWISE[1], part
        if all(fronts):
            return OTHERWISE[0], 1.0
        return "parts of hosts that are gone" if part > 0 else "other", part

    def write_trace(self, key, missing, why, part, seen, now):
        hosts = "".join(
            "s" if h.stopped else "u" if h.up() else "-" for h in self.hosts + [self.foreign]
        )
        felt = "%s %.1f s ago" % (self.fault, now - self.fault_at)
        with open(self.o.trace, "a") as f:
            f.write(
                "%6.1f key %d missing %4d %s (%.2f) hosts %s, %s %s\n"
                % (now - self.begin, key, missing, why, part, hosts, felt, seen)
            )

    def settled_since(self, name, since):
        """The host itself went on, after it was up again."""
        return (
            any(h.name == name and h.up() for h in self.hosts)
            and time.monotonic() - since > self.o.lease
        )

    def play(self):
        self.drop.start()
        for host in self.hosts:
            host.start()
        begin = self.begin = self.looked = time.monotonic()
        next_fault = begin + FIRST_FAULT
        kinds = [
            self.kill,
            self.kill,
            self.stop,
            self.restart,
            self.cut,
            self.silent,
            self.swallow,
            self.clock,
        ]
        while time.monotonic() < begin + self.o.seconds:
            time.sleep(1)
            self.look()
            self.join_or_leave((time.monotonic() - begin) / self.o.seconds)
            if not self.o.calm and time.monotonic() > next_fault:
                kind, at = self.rng.choice(kinds), time.monotonic()
                if kind():
                    self.faults[kind.__name__] += 1
                    self.fault, self.fault_at = kind.__name__, at
                next_fault = time.monotonic() + self.rng.uniform(0.5, self.o.pause)
        self.drop.ending = True
        self.drop.join()
        for host in self.hosts:
            self.go_on(host)

    def join_or_leave(self, over):
        """The host of another layout is there from a third of the time to two thirds."""
        if self.o.calm:
            return
        if over > 1 / 3 and not self.foreign.is_alive() and not self.foreign.ending:
            self.foreign.start()
        if over > 2 / 3 and not self.foreign.ending:
            self.begun_by_foreign = sql("SELECT count(*) FROM document WHERE batch_format = 3")
            self.foreign.signal(signal.SIGKILL)
            self.foreign.ending = True

    def come_back(self):
        """What it has begun nobody else may finish."""
        if self.o.calm:
            return
        old, self.foreign = self.foreign, self.host(self.o.hosts, False, DROPFEED_BATCH_FORMAT="3")
        old.ending = True
        old.signal(signal.SIGKILL)
        if old.is_alive():
            old.join()
        self.foreign.start()

    def drain(self):
        """Until all is done; false when for long no file was done, however busy the machine is."""
        done, since = -1, time.monotonic()
        self.come_back()
        while time.monotonic() - since < STUCK + 6 * self.o.lease:
            rows = sql("SELECT count(*) FROM file WHERE closed_ms <> 0")
            if rows is not None and int(rows[0][0]) != done:
                done, since = int(rows[0][0]), time.monotonic()
            if done >= sum(self.drop.dropped.values()):
                return True
            time.sleep(0.5)
        return False

    def end(self):
        hosts = self.hosts + [self.foreign] * self.foreign.is_alive()
        for host in hosts:
            host.end()
        for host in hosts:
            host.join(timeout=30)
            host.signal(signal.SIGKILL)
        for r in self.receivers:
            r.read_on()
            r.process.terminate()
            r.process.wait()
        for sshd in self.sshds:
            subprocess.run([ROOT + "/tests/peers/sshd", "stop", sshd], check=False)

    # ---- afterwards ----

    def count(self):
        """Of what the receivers accepted: rows, lost, doubled, other content under a known id,
        repeated ids, out of order."""
        rows, back, differ, repeated = collections.Counter(), 0, 0, 0
        for r in self.receivers:
            ids, last = {}, {}
            for batch in r.accepted():
                number = batch["source_request_id"]
                text = json.dumps(batch, sort_keys=True)
                if number in ids:
                    repeated += 1
                    differ += ids[number] != text
                    continue
                ids[number] = text
                user, seq = batch["user_identities"]["customer_id"], int(
                    batch["user_attributes"]["Seq"]
                )
                if seq < last.get(user, -1):
                    back += 1
                    feed = user.rsplit("-", 1)[0]
                    self.late.add("%s-%05d-custom_event.csv" % (feed, seq))
                    self.late.add("%s-%05d-custom_event.csv" % (feed, last[user]))
                last[user] = max(seq, last.get(user, -1))
                rows.update(e["data"]["custom_attributes"]["Row"] for e in batch["events"])
        wanted = [
            "%s/%d/%d" % (feed, seq, i)
            for feed, n in self.drop.dropped.items()
            for seq in range(n)
            for i in range(self.o.users)
        ]
        return {
            "rows": len(wanted),
            "lost": sum(w not in rows for w in wanted),
            "doubled": sum(n > 1 for n in rows.values()),
            "differ": differ,
            "repeated": repeated,
            "back": back,
        }

    def share(self, seconds):
        whole = seconds * self.o.rate * len(self.receivers)
        return 100 * self.used / whole if whole else 0

    def print_share(self):
        had = self.seconds - self.without
        whole = max(had, 1) * self.o.rate * len(self.receivers)
        parts = [
            "%s %.1f %%" % (why, 100 * n / whole) for why, n in self.missing.most_common() if n > 0
        ]
        print(
            "share of the limit while two hosts or more were up: %.1f %% (%d s); missing: %s"
            % (self.share(had), had, ", ".join(parts) or "nothing")
        )
        print(
            "with the time in which the database was away: %.1f %% (%d s)"
            % (self.share(self.seconds), self.seconds)
        )
        usual = self.after["none"] / max(self.after_seconds["none"], 1)
        each = [
            "%s %.2f"
            % (kind, (self.after[kind] - usual * self.after_seconds[kind]) / self.o.rate / n)
            for kind, n in sorted(self.faults.items())
        ]
        print(
            "missing between faults: %.1f %%; seconds of a key's limit that a fault took beyond that: %s"
            % (100 * usual / self.o.rate, ", ".join(each) or "none")
        )

    def print_late(self):
        """What the hosts say of files that were sent after later ones, or before earlier ones."""
        for name in sorted(self.late)[:6]:
            print("# " + name)
            for host in self.hosts + [self.foreign]:
                if not os.path.exists(host.log):
                    continue
                with open(host.log, errors="replace") as f:
                    lines = [line for line in f if name in line]
                print("".join("#   %s: %s" % (host.name, line) for line in lines[:40]), end="")

    def report(self, drained):
        c, ok, failed = self.count(), 0, 0
        bad = sql(
            "SELECT count(*) FROM document WHERE rows <> delivered + rejected + skipped OR state <> 4"
        )
        open_files = sql(
            "SELECT f.name, f.state, f.holder, f.crashes FROM file f WHERE f.closed_ms = 0 ORDER BY f.id LIMIT 5"
        )
        requests = sum(r.requests for r in self.receivers)
        throttled = sum(r.throttled for r in self.receivers)
        times = sorted(self.take_over)
        print(
            "faults: "
            + (", ".join("%s %d" % kind for kind in sorted(self.faults.items())) or "none")
            + "; answers of COMMIT swallowed: %d" % self.link.swallowed
        )
        print(
            "runs by exit code: "
            + ", ".join(
                "%s: %d" % e
                for e in sorted(sum((h.exits for h in self.hosts), collections.Counter()).items())
            )
        )
        print(
            "rows %d, batches sent again under their own id %d, requests %d, answers of 429 %d (%.2f %%)"
            % (c["rows"], c["repeated"], requests, throttled, 100 * throttled / max(requests, 1))
        )
        self.print_share()
        if times:
            print(
                "taken over: %d files, after %.1f s (median), %.1f s (longest)"
                % (len(times), times[len(times) // 2], times[-1])
            )
        for what, good in (
            ("all files are done %s" % (open_files if not drained else ""), drained),
            ("no row is lost (%d)" % c["lost"], c["lost"] == 0),
            ("no row has two ids (%d)" % c["doubled"], c["doubled"] == 0),
            ("an id always has the same content (%d)" % c["differ"], c["differ"] == 0),
            ("each user's values arrived in order (%d)" % c["back"], c["back"] == 0),
            ("every document's rows add up (%s)" % bad, bad == [["0"]]),
            ("rows were sent", c["rows"] > 0),
        ):
            print("%s - %s" % ("ok" if good else "not ok", what))
            ok, failed = ok + good, failed + (not good)
        self.print_late()
        if self.o.keep:
            print("kept: " + self.work)
        print("%d passed, %d failed" % (ok, failed))
        return failed == 0


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("build")
    p.add_argument("--seconds", type=float, default=600)
    p.add_argument("--hosts", type=int, default=4)
    p.add_argument("--lease", type=float, default=8)
    p.add_argument("--rate", type=int, default=100)
    p.add_argument("--users", type=int, default=200, help="each has one row in each file")
    p.add_argument(
        "--files",
        type=int,
        default=8,
        help="of a feed, that are not done: a host lists when its run begins",
    )
    p.add_argument("--pause", type=float, default=8, help="seconds between two faults, at most")
    p.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    p.add_argument("--calm", action="store_true")
    p.add_argument("--trace", help="a file: what was missing, each second")
    p.add_argument("--keep", action="store_true", help="the folder with all logs")
    options = p.parse_args()
    options.build = os.path.abspath(options.build)
    if not os.path.exists(options.build + "/faults/dropfeed"):
        sys.exit("chaos: there is no %s/faults/dropfeed: make faults" % options.build)
    print(
        "chaos: %d hosts, %d s, lease %g s, limit %d batches a second and key, seed %d"
        % (options.hosts, options.seconds, options.lease, options.rate, options.seed)
    )
    work = tempfile.mkdtemp(prefix="dropfeed-fleet.")
    chaos, good = Chaos(options, work), False
    try:
        chaos.play()
        drained = chaos.drain()
        chaos.end()
        good = chaos.report(drained)
    finally:
        for host in chaos.hosts + [chaos.foreign]:
            host.ending = True
            host.signal(signal.SIGCONT)
            host.signal(signal.SIGKILL)
        for r in chaos.receivers:
            r.process.kill()
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
