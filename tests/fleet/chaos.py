#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hosts that share a ledger, while everything around them fails; afterwards every row must be there once.

Usage: tests/with-postgres tests/fleet/chaos.py BUILD [--seconds N] [--hosts N] [--lease SECONDS] [--rate N] [--users N] [--seed N] [--calm]

Four hosts, which are processes with state folders of their own that are removed at random, run again and again as cron would
have them. Two SFTP servers have two feeds each; the two feeds of one key share its limit, which the key's receiver enforces
over all hosts. At random a host is killed, or stopped until its lease is over; the database is restarted at once, or cut off,
or silent, or the answer of a COMMIT never arrives; a host's clock steps. One host has another configuration. --calm: without
faults. Then it is counted: rows lost or sent under two ids, a user's values out of order, documents whose rows do not add up,
answers of 429, how much of the limit was used, how long it took until another host went on. The last line counts what holds."""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPEN_FILES = 8  # of a feed, that are not done
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
FEEDS = {"alpha": (0, 0), "beta": (1, 0), "gamma": (0, 1), "delta": (1, 1)}  # its server, its key


def sql(text):
    """Rows of columns; None while the database is away."""
    done = subprocess.run([os.environ["PG_BIN"] + "/psql", "-X", "-q", "-t", "-A", "-F", "\t", "-c", text],
                          capture_output=True, text=True, check=False)
    return [line.split("\t") for line in done.stdout.splitlines()] if done.returncode == 0 else None


class Link(threading.Thread):
    """Between the hosts and the database: cuts, falls silent, or swallows the answers of COMMITs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.server = "%s/.s.PGSQL.%s" % (os.environ["PGHOST"], os.environ["PGPORT"])
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.lock, self.pairs, self.silent_until, self.swallow, self.swallowed = threading.Lock(), set(), 0.0, 0, 0

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
            threading.Thread(target=self.pump, args=(host, database, pair, state, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(database, host, pair, state, False), daemon=True).start()

    def pump(self, source, sink, pair, state, up):
        try:
            while data := source.recv(65536):
                while time.monotonic() < self.silent_until:
                    time.sleep(0.05)
                if up and self.swallow > 0 and b"COMMIT" in data:
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
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.end(pair)


class Host(threading.Thread):
    """Runs again and again; its state folder is gone at times."""

    def __init__(self, work, name, build, conf, lease, clock, rng):
        super().__init__(daemon=True)
        self.name, self.rng, self.conf, self.dropfeed = name, rng, conf, build + "/faults/dropfeed"
        self.state, self.log, self.clock = work + "/" + name, work + "/" + name + ".log", work + "/" + name + ".clock"
        self.env = dict(os.environ, DROPFEED_LEASE_MS=str(int(lease * 1000)))
        # Under libfaketime 0.9.10 a wait for a condition with a timeout ends at once, so that such a host
        # takes all of a processor: not where the share of the limit is measured.
        if clock and os.path.exists(FAKETIME):
            self.step("+0s")
            self.env.update(LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=self.clock, FAKETIME_NO_CACHE="1",
                            FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        else:
            self.clock = None
        self.ending, self.process, self.stopped, self.rest_until, self.exits = False, None, False, 0.0, collections.Counter()

    def step(self, text):
        with open(self.clock + ".new", "w") as f:
            f.write(text + "\n")
        os.rename(self.clock + ".new", self.clock)

    def up(self):
        return self.process is not None and not self.stopped

    def run(self):
        while not self.ending:
            if time.monotonic() < self.rest_until:
                time.sleep(0.1)
                continue
            with open(self.log, "a") as log:
                self.process = subprocess.Popen([self.dropfeed, "--config", self.conf, "--verbose", "run"], stdin=subprocess.DEVNULL,
                                                stdout=log, stderr=log, env=self.env)
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
        self.ending = True
        self.stopped = False
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)


class Receiver:
    def __init__(self, work, build, key, rate):
        self.dir = "%s/api%d" % (work, key)
        os.makedirs(self.dir)
        with open(self.dir + "/rules", "w") as f:
            f.write("rate-sliding %d\n" % rate)
        self.process = subprocess.Popen([build + "/tests/peers/receiver", self.dir, "--key", "k%d" % key, "--secret", "s"],
                                        stdout=subprocess.DEVNULL)
        self.requests, self.throttled, self.batches = 0, 0, 0
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

    def __init__(self, folders, users):
        super().__init__(daemon=True)
        self.folders, self.users, self.ending, self.dropped = folders, users, False, collections.Counter()

    def one(self, feed):
        seq = self.dropped[feed]
        name = "%s-%05d-custom_event.csv" % (feed, seq)
        part = "%s/.%s" % (self.folders[feed], name)
        with open(part, "w") as f:
            f.write("user_identities.customer_id,user_attributes.Seq,events.data.event_name,events.data.custom_event_type,"
                    "events.data.custom_attributes.Row\n")
            f.writelines("%s-%d,%d,Clicked,other,%s/%d/%d\n" % (feed, i, seq, feed, seq, i) for i in range(self.users))
        os.utime(part, (1700000000 + seq, 1700000000 + seq))
        os.rename(part, "%s/%s" % (self.folders[feed], name))
        self.dropped[feed] += 1

    def run(self):
        while not self.ending:
            rows = sql("SELECT feed, count(*) FROM file WHERE closed_ms <> 0 GROUP BY feed")
            if rows is not None:
                done = {feed: int(n) for feed, n in rows}
                for feed in self.folders:
                    while self.dropped[feed] - done.get(feed, 0) < OPEN_FILES:
                        self.one(feed)
            time.sleep(0.5)


class Chaos:
    def __init__(self, options, work):
        self.o, self.work, self.rng = options, work, random.Random(options.seed)
        self.link = Link()
        self.link.start()
        self.sshds = [self.start_sshd(n) for n in range(2)]
        self.receivers = [Receiver(work, options.build, key, options.rate) for key in range(2)]
        folders = {feed: "%s/sshd%d/root/%s" % (work, server, feed) for feed, (server, _) in FEEDS.items()}
        for folder in folders.values():
            os.makedirs(folder)
        with open(os.open(work + "/secret", os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write("s\n")
        self.hosts = [Host(work, "host%d" % n, options.build, self.write_conf(n), options.lease, n % 2 == 1 and not options.calm, self.rng)
                      for n in range(options.hosts)]
        self.drop = Drop(folders, options.users)
        self.faults, self.take_over = collections.Counter(), []
        self.used, self.seconds = 0, 0  # batches and seconds in which two hosts or more were up
        self.lost_holders, self.database_back = {}, 0.0

    def start_sshd(self, n):
        folder = "%s/sshd%d" % (self.work, n)
        subprocess.run([ROOT + "/tests/peers/sshd", "start", folder, "--host-keys", "ed25519", "--option", "MaxStartups 100"], check=True)
        return folder

    def write_conf(self, n):
        path = "%s/host%d.conf" % (self.work, n)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        with open(path, "w") as f:
            f.write("[dropfeed]\nstate_dir = %s/host%d\nnode = host%d\njobs = 2\n" % (self.work, n, n))
            f.write("ledger = postgresql://dropfeed@127.0.0.1:%d/ledger?sslmode=disable&gssencmode=disable\n" % self.link.port)
            for feed, (server, key) in FEEDS.items():
                sshd = self.sshds[server]
                port = open(sshd + "/port").read().strip()
                f.write("[feed %s]\nsource = sftp://%s@127.0.0.1:%s/~/%s\nidentity_file = %s/id_ed25519\nknown_hosts = %s/known_hosts\n"
                        % (feed, user, port, feed, sshd, sshd))
                f.write("min_age = 0s\nguidelines = off\nlanes = 4\nendpoint = %s\napi_key = k%d\napi_secret_file = %s/secret\n"
                        "batches_per_second = %d\n" % (self.receivers[key].url, key, self.work, self.o.rate))
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
        as_user = os.environ.get("PG_AS", "").split()
        subprocess.run(as_user + [os.environ["PG_BIN"] + "/pg_ctl", "-D", os.environ["PG_DATA"], "-s", "-w", "-m", "immediate", "restart"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=True)
        self.database_back = time.monotonic()
        return True

    def cut(self):
        self.link.cut()
        return True

    def silent(self):
        self.link.silent_until = time.monotonic() + self.rng.uniform(1, self.o.lease)
        return True

    def swallow(self):
        self.link.swallow += self.rng.randint(1, 3)
        return True

    def clock(self):
        hosts = [h for h in self.hosts if h.clock is not None]
        if not hosts:
            return False
        self.rng.choice(hosts).step("%+ds" % self.rng.choice([-86400, -600, -30, 0, 30, 600, 86400]))
        return True

    def watch(self, host):
        """Notes which files the host has, to see when another one goes on with them."""
        rows = sql("SELECT id FROM file WHERE closed_ms = 0 AND split_part(holder, '/', 1) = '%s'" % host.name)
        for (number,) in rows or []:
            self.lost_holders[number] = (host.name, time.monotonic())

    def look(self):
        """Once a second: who took over, and what was used of the limits."""
        if self.lost_holders:
            rows = sql("SELECT id, split_part(coalesce(holder, ''), '/', 1), closed_ms FROM file WHERE id IN (%s)"
                       % ",".join(self.lost_holders))
            for number, holder, closed in rows or []:
                was, since = self.lost_holders[number]
                if closed != "0" or holder == was and self.settled_since(was, since):
                    del self.lost_holders[number]
                elif holder not in ("", was):
                    self.take_over.append(time.monotonic() - since)
                    del self.lost_holders[number]
        n = sum(r.read_on() for r in self.receivers)
        now = time.monotonic()
        if sum(h.up() for h in self.hosts) >= 2 and now > self.link.silent_until:
            self.used += n
            self.seconds += now - self.looked
        self.looked = now

    def settled_since(self, name, since):
        """The host itself went on, after it was up again."""
        return any(h.name == name and h.up() for h in self.hosts) and time.monotonic() - since > self.o.lease

    def play(self):
        self.drop.start()
        for host in self.hosts:
            host.start()
        begin = self.looked = time.monotonic()
        next_fault = begin + 6
        kinds = [self.kill, self.kill, self.stop, self.restart, self.cut, self.silent, self.swallow, self.clock]
        while time.monotonic() < begin + self.o.seconds:
            time.sleep(1)
            self.look()
            if not self.o.calm and time.monotonic() > next_fault:
                kind = self.rng.choice(kinds)
                if kind():
                    self.faults[kind.__name__] += 1
                next_fault = time.monotonic() + self.rng.uniform(0.5, self.o.lease)
        self.drop.ending = True
        self.drop.join()
        for host in self.hosts:
            self.go_on(host)

    def drain(self):
        """Until all is done; false when that takes too long."""
        end = time.monotonic() + 240 + 6 * self.o.lease
        while time.monotonic() < end:
            rows = sql("SELECT count(*) FROM file WHERE closed_ms <> 0")
            if rows is not None and int(rows[0][0]) >= sum(self.drop.dropped.values()):
                return True
            time.sleep(0.5)
        return False

    def end(self):
        for host in self.hosts:
            host.end()
        for host in self.hosts:
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
        """Of what the receivers accepted: rows, lost, doubled, other content under a known id, repeated ids, out of order."""
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
                user, seq = batch["user_identities"]["customer_id"], int(batch["user_attributes"]["Seq"])
                back += seq < last.get(user, -1)
                last[user] = max(seq, last.get(user, -1))
                rows.update(e["data"]["custom_attributes"]["Row"] for e in batch["events"])
        wanted = ["%s/%d/%d" % (feed, seq, i) for feed, n in self.drop.dropped.items() for seq in range(n) for i in range(self.o.users)]
        return {"rows": len(wanted), "lost": sum(w not in rows for w in wanted), "doubled": sum(n > 1 for n in rows.values()),
                "differ": differ, "repeated": repeated, "back": back}

    def report(self, drained):
        c, ok, failed = self.count(), 0, 0
        bad = sql("SELECT count(*) FROM document WHERE rows <> delivered + rejected + skipped OR state <> 4")
        open_files = sql("SELECT f.name, f.state, f.holder, f.crashes FROM file f WHERE f.closed_ms = 0 ORDER BY f.id LIMIT 5")
        requests = sum(r.requests for r in self.receivers)
        throttled = sum(r.throttled for r in self.receivers)
        share = self.used / (self.seconds * self.o.rate * len(self.receivers)) if self.seconds else 0
        times = sorted(self.take_over)
        print("faults: " + (", ".join("%s %d" % kind for kind in sorted(self.faults.items())) or "none")
              + "; answers of COMMIT swallowed: %d" % self.link.swallowed)
        print("runs by exit code: " + ", ".join("%s: %d" % e for e in sorted(sum((h.exits for h in self.hosts), collections.Counter()).items())))
        print("rows %d, batches sent again under their own id %d, requests %d, answers of 429 %d (%.2f %%)"
              % (c["rows"], c["repeated"], requests, throttled, 100 * throttled / max(requests, 1)))
        print("share of the limit while two hosts or more were up: %.1f %% (%d s)" % (100 * share, self.seconds))
        if times:
            print("taken over: %d files, after %.1f s (median), %.1f s (longest)" % (len(times), times[len(times) // 2], times[-1]))
        for what, good in (("all files are done %s" % (open_files if not drained else ""), drained),
                           ("no row is lost (%d)" % c["lost"], c["lost"] == 0),
                           ("no row has two ids (%d)" % c["doubled"], c["doubled"] == 0),
                           ("an id always has the same content (%d)" % c["differ"], c["differ"] == 0),
                           ("each user's values arrived in order (%d)" % c["back"], c["back"] == 0),
                           ("every document's rows add up (%s)" % bad, bad == [["0"]]),
                           ("rows were sent", c["rows"] > 0)):
            print("%s - %s" % ("ok" if good else "not ok", what))
            ok, failed = ok + good, failed + (not good)
        if self.o.keep:
            print("kept: " + self.work)
        print("%d passed, %d failed" % (ok, failed))
        return failed == 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("--seconds", type=float, default=600)
    p.add_argument("--hosts", type=int, default=4)
    p.add_argument("--lease", type=float, default=8)
    p.add_argument("--rate", type=int, default=100)
    p.add_argument("--users", type=int, default=300, help="each has one row in each file")
    p.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    p.add_argument("--calm", action="store_true")
    p.add_argument("--keep", action="store_true", help="the folder with all logs")
    options = p.parse_args()
    options.build = os.path.abspath(options.build)
    if not os.path.exists(options.build + "/faults/dropfeed"):
        sys.exit("chaos: there is no %s/faults/dropfeed: make faults" % options.build)
    print("chaos: %d hosts, %d s, lease %g s, limit %d batches a second and key, seed %d"
          % (options.hosts, options.seconds, options.lease, options.rate, options.seed))
    work = tempfile.mkdtemp(prefix="dropfeed-fleet.")
    chaos, good = Chaos(options, work), False
    try:
        chaos.play()
        drained = chaos.drain()
        chaos.end()
        good = chaos.report(drained)
    finally:
        for host in chaos.hosts:
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
