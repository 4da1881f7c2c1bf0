#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills dropfeed while it delivers to Braze's stand-in, which counts what comes twice, and runs it
again until it is through.

braze.py BUILD [--short] [--random N] [--only N]

BUILD holds dropfeed and faults/dropfeed (make faults). Every step is killed at, once as a kill
and once as a power cut; --short: every name of a step at its first and its last place; --random N:
N kills at random instants besides. The stand-in drops answers, too, after it took what was asked.
Afterwards each user has the attributes that an undisturbed run gives; each event and purchase came
at most once; and each that did not come is in a reject file, as delivery-unknown, or as refused.
Then `retry` is killed while it sends the refused parts of rows to a stand-in that takes them. The
last line counts the kills after which all was well.
"""
import argparse
import collections
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import ledger
from killed import Killed

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROWS, MTIME, RUNS = 40, 1768206600, 8
SCRIPTS = [
    [],
    ["201", "drop-after", "201", "429 0", "drop-before", "taken-502"],
    ["drop-after"] * 3,
    ["503", "500", "202", "drop-after"],
]


def rows():
    """(row as columns, objects that it becomes)."""
    for i in range(ROWS):
        name = "REFUSE" if i % 11 == 7 else "Clicked"
        yield {
            "user_identities.customer_id": "C-%d" % (i % 7),
            "user_attributes.Visit": str(i // 7),
            "user_attributes.Tier": "t%d" % (i // 20),
            "events.data.timestamp_unixtime_ms": str(MTIME * 1000 + i),
            "events.data.event_name": name,
            "events.data.custom_event_type": "other",
            "events.data.custom_attributes.Row": str(i),
        }


class Place(Killed):
    earlier = []  # what an earlier stand-in took

    def __init__(self, work, build):
        super().__init__(work, build)
        os.makedirs(work + "/samples")
        with open(work + "/samples/clicks-custom_event.csv", "w", newline="") as f:
            all_rows = list(rows())
            w = csv.DictWriter(f, list(all_rows[0]), lineterminator="\n")
            w.writeheader()
            w.writerows(all_rows)
        with open(work + "/samples/orders-commerce_event.csv", "w") as f:
            data = "events.data.product_action."
            f.write(
                "user_identities.customer_id,events.data.timestamp_unixtime_ms,%saction,%stransaction_id,%sproducts[0].id,%sproducts[0].price,"
                "%sproducts[1].id,%sproducts[1].price\n" % ((data,) * 6)
            )
            for i in range(12):
                f.write(
                    "C-%d,%d,purchase,T-%d,A,1.50,%s\n"
                    % (i % 5, MTIME * 1000 + i, i, "B,2" if i % 3 else ",")
                )
        for name in os.listdir(work + "/samples"):
            os.utime(work + "/samples/" + name, (MTIME, MTIME))
        with open(work + "/key", "w") as f:
            f.write("the-key\n")
        os.chmod(work + "/key", 0o600)

    def peer_start(self, script, refuse="REFUSE"):
        self.peer_dir = self.work + "/peer"
        shutil.rmtree(self.peer_dir, ignore_errors=True)
        os.makedirs(self.peer_dir)
        with open(self.peer_dir + "/script", "w") as f:
            f.write("\n".join(script) + "\n")
        self.peer = subprocess.Popen(
            [ROOT + "/tests/peers/braze", self.peer_dir, "--refuse", refuse],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(400):
            if os.path.exists(self.peer_dir + "/port"):
                break
            time.sleep(0.02)
        self.port = open(self.peer_dir + "/port").read().strip()

    def peer_end(self):
        if self.peer.poll() is None:
            self.peer.terminate()
        self.peer.wait()

    def settings(self):
        with open(self.work + "/conf", "w") as f:
            f.write(
                "[dropfeed]\nstate_dir = %s/state\njobs = 2\n[feed shop]\nsource ="
                " file://%s/in\nmin_age = 0s\nlanes = 2\nsink = braze\ninstance ="
                " http://127.0.0.1:%s\napi_key_file = %s/key\n"
                % (self.work, self.work, self.port, self.work)
            )

    def forget_steps(self):
        for name in ("/steps", "/synced"):
            if os.path.exists(self.work + name):
                os.remove(self.work + name)

    def fresh(self, script=()):
        self.peer_start(list(script))
        for name in ("in", "state"):
            shutil.rmtree(self.work + "/" + name, ignore_errors=True)
        shutil.copytree(self.work + "/samples", self.work + "/in")
        self.settings()
        self.forget_steps()

    def run(self, at, *words):
        return self.at(at, *(words or ("run",)))

    def finish(self):
        for _ in range(RUNS):
            done = self.call("dropfeed", "run")
            if done.returncode in (0, 1):
                return None
        return "still exit %d: %s" % (done.returncode, done.stderr.decode()[-400:])

    def rejects(self):
        """{(document, key): reason}."""
        found = {}
        folder = self.work + "/state/rejects/shop"
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(folder + "/" + name, newline="") as f:
                for row in csv.DictReader(f):
                    key = row.get("events.data.custom_attributes.Row") or row.get(
                        "events.data.product_action.transaction_id"
                    )
                    found[(name.split("-")[0], key)] = row["dropfeed.reason"].split(":")[0]
        return found

    def taken(self):
        """{(document, key): how often each of its objects came}."""
        got = collections.defaultdict(collections.Counter)
        with open(self.peer_dir + "/events.ndjson") as f:
            for line in self.earlier + f.readlines():
                array, o = json.loads(line)
                if array == "events":
                    got[("clicks", o["properties"]["Row"])]["e"] += 1
                else:
                    got[("orders", o["properties"]["Transaction Id"])][o["product_id"]] += 1
        return got


class Retried(Place):
    """The state that a run left which was refused parts of rows, and a stand-in that takes them."""

    def __init__(self, work, build):
        super().__init__(work, build)
        with open(work + "/samples/orders-commerce_event.csv") as f:
            text = f.read()
        with open(work + "/samples/orders-commerce_event.csv", "w") as f:
            f.write(text.replace(",B,", ",REFUSE,"))

    def fresh(self, script=()):
        super().fresh()
        self.call("dropfeed", "run")
        self.peer_end()
        with open(self.peer_dir + "/events.ndjson") as f:
            self.earlier = f.readlines()
        self.peer_start(list(script), "NOTHING")
        self.settings()
        self.forget_steps()

    def run(self, at, *words):
        return self.at(at, "retry")

    def verify(self, unknown_left):
        self.peer_end()
        got, rejects = self.taken(), self.rejects()
        for key in wanted():
            have, want = dict(got.get(key, {})), (
                {"e": 1}
                if key[0] == "clicks"
                else {"A": 1, "REFUSE": 1} if int(key[1][2:]) % 3 else {"A": 1}
            )
            if any(n > 1 for n in have.values()):
                return "%s came twice: %s" % (key, have)
            if have != want and (
                not unknown_left or rejects.get(key) not in ("api-rejected", "delivery-unknown")
            ):
                return "%s is lost: %s of %s, %s" % (key, have, want, rejects.get(key))
        return None


def wanted():
    out = {("clicks", str(i)): {} if i % 11 == 7 else {"e": 1} for i in range(ROWS)}
    out.update({("orders", "T-%d" % i): {"A": 1, "B": 1} if i % 3 else {"A": 1} for i in range(12)})
    return out


def verify(place, users, unknown_left):
    place.peer_end()
    got, rejects = place.taken(), place.rejects()
    for key, want in wanted().items():
        have, why = dict(got.get(key, {})), rejects.get(key)
        if any(n > 1 for n in have.values()):
            return "%s came twice: %s" % (key, have)
        if not want:
            if have or why not in ("api-rejected", "delivery-unknown"):
                return "%s is to be refused: %s, %s" % (key, have, why)
        elif why is None and have != want:
            return "%s is lost: %s of %s" % (key, have, want)
        elif why not in (None, "delivery-unknown"):
            return "%s: %s" % (key, why)
        elif why is not None and not unknown_left and have != want:
            return "%s is still %s" % (key, why)
    for user, attributes in json.load(open(place.peer_dir + "/users.json")).items():
        if users and attributes != users[user]:
            return "the attributes of %s: %s, not %s" % (user, attributes, users[user])
    return None


def undisturbed(place, check):
    place.fresh()
    place.run(0)
    steps = open(place.work + "/steps").read().splitlines()
    why = check()
    if why:
        sys.exit("not ok - without a kill: %s" % why)
    return [s.split(" ", 1)[1] for s in steps]


def numbers_of(names, short, only):
    if only:
        return [only]
    if short:
        return sorted(
            {names.index(n) + 1 for n in names} | {len(names) - names[::-1].index(n) for n in names}
        )
    return range(1, len(names) + 1)


def kills(place, names, numbers):
    """(what, how) of a kill and of a power cut at each of these steps."""
    for n in numbers:
        for cut in (False, True):

            def kill(n=n, cut=cut):
                done = place.run(n)
                if cut and done.returncode == -signal.SIGKILL:
                    place.cut_power()

            yield "step %d (%s)%s" % (n, names[n - 1], ", a power cut" if cut else ""), kill


def one(place, kill, script, check):
    place.fresh(script)
    try:
        kill()
        return place.finish() or check()
    finally:
        place.peer_end()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--short", action="store_true")
    p.add_argument("--random", type=int, default=0)
    p.add_argument("--only", type=int)
    a = p.parse_args()
    build = os.path.abspath(a.build)
    home = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    os.umask(0o077)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="dropfeed-braze.", dir=home) as work:
        place, retried = Place(work + "/run", build), Retried(work + "/retry", build)
        names = undisturbed(place, lambda: verify(place, None, True))
        users = json.load(open(place.peer_dir + "/users.json"))
        plans = [
            (place, what, kill, [], lambda: verify(place, users, True))
            for what, kill in kills(place, names, numbers_of(names, a.short, a.only))
        ]
        pick = random.Random(20)
        for i in range(a.random):
            plans.append(
                (
                    place,
                    "a random kill, %d" % i,
                    lambda s=pick.uniform(0.005, 0.25): place.kill_after(s),
                    SCRIPTS[i % len(SCRIPTS)],
                    lambda: verify(place, users, True),
                )
            )
        if not a.only:
            names = undisturbed(retried, lambda: retried.verify(False))
            plans += [
                (retried, "retry, " + what, kill, [], lambda: retried.verify(True))
                for what, kill in kills(retried, names, numbers_of(names, a.short, None))
            ]
        for where, what, kill, script, check in plans:
            why = one(where, kill, script, check)
            passed, failed = passed + (not why), failed + bool(why)
            if why:
                print("not ok - %s: %s" % (what, why))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
