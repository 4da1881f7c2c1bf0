#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills dropfeed while it makes data subject requests, or asks what became of them, and runs it
again until it is through.

subjects.py BUILD [--short] [--random N] [--only N]

BUILD holds dropfeed and faults/dropfeed (make faults). Every step is killed at, once as a kill
and once as a power cut; --short: every name of a step at its first and its last place; --random N:
N kills at random instants besides, while the stand-in loses answers after it took what was asked.
Afterwards each person's request was taken, once, under the id that an undisturbed run gives; the
ledger has it at each of its rows; what was refused is in the reject file; and no call was made that
the ledger did not count. The last line counts the kills after which all was well.
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
MTIME, RUNS = 1768206600, 8
SCRIPTS = [
    ["lose", "ok", "lose"],
    ["503", "lose", "429 0", "ok", "lose"],
    ["ok", "page 502", "lose", "lose"],
]
FILES = {
    "people-erasure.csv": ["user_identities.email,request.submitted_time,request.regulation"] + [
        "p%d@example.com,%s,%s" % (i % 5, "2026-01-12" if i % 3 else "", "lgpd" if i == 6 else "")
        for i in range(8)
    ],
    "more-access.csv": [
        "mpid,scanned_timestamp_ms,identity_value,identity_type",
        "17,1768206600000,17,mpid",
        "0,1768206600000,0,mpid",
    ],
}


class Place(Killed):
    def __init__(self, work, build):
        super().__init__(work, build)
        os.makedirs(work + "/samples")
        for name, lines in FILES.items():
            with open(work + "/samples/" + name, "w") as f:
                f.write("\n".join(lines) + "\n")
            os.utime(work + "/samples/" + name, (MTIME, MTIME))
        with open(work + "/secret", "w") as f:
            f.write("demo-secret\n")
        os.chmod(work + "/secret", 0o600)

    def peer_start(self, script):
        self.peer_dir = self.work + "/peer"
        shutil.rmtree(self.peer_dir, ignore_errors=True)
        os.makedirs(self.peer_dir)
        with open(self.peer_dir + "/script", "w") as f:
            f.write("".join(line + "\n" for line in script))
        self.peer = subprocess.Popen(
            [ROOT + "/tests/peers/opendsr", self.peer_dir],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(400):
            if os.path.exists(self.peer_dir + "/port") and os.path.getsize(self.peer_dir + "/port"):
                break
            time.sleep(0.02)
        with open(self.peer_dir + "/port") as f:
            self.port = f.read().strip()

    def peer_end(self):
        self.peer.terminate()
        self.peer.wait()

    def fresh(self, script=()):
        self.peer_start(script)
        for name in ("in", "state"):
            shutil.rmtree(self.work + "/" + name, ignore_errors=True)
        shutil.copytree(self.work + "/samples", self.work + "/in")
        os.makedirs(self.work + "/in/receipts")
        with open(self.work + "/conf", "w") as f:
            f.write(
                "[dropfeed]\nstate_dir = %s/state\njobs = 2\n[feed legal]\nsource ="
                " file://%s/in\nmin_age = 0s\nlanes = 2\nkind = subject_requests\nconfirmed ="
                " yes\nregulation = gdpr\nreceipts = receipts\nendpoint ="
                " http://127.0.0.1:%s\napi_key = demo-key\napi_secret_file = %s/secret\n"
                % (self.work, self.work, self.port, self.work)
            )
        for name in ("/steps", "/synced"):
            if os.path.exists(self.work + name):
                os.remove(self.work + name)

    def play(self, at):
        """A run, and a poll; killed at that step of either."""
        done = self.at(at, "run")
        if done.returncode != -signal.SIGKILL:
            done = self.at(at - self.steps() if at else 0, "requests", "poll")
        return done

    def steps(self):
        with open(self.work + "/steps") as f:
            return len(f.read().splitlines())

    def finish(self):
        for _ in range(RUNS):
            done = self.call("dropfeed", "run")
            if done.returncode in (0, 1):
                break
        else:
            return "still exit %d: %s" % (done.returncode, done.stderr.decode()[-400:])
        done = self.call("dropfeed", "requests", "poll")
        return (
            None
            if done.returncode == 0
            else "poll: exit %d: %s" % (done.returncode, done.stderr.decode()[-400:])
        )

    def outcome(self):
        """What has to be the same, whatever happened."""
        taken = []
        with open(self.peer_dir + "/taken.ndjson") as f:
            taken = [json.loads(line)["subject_request_id"] for line in f]
        rejects = {}
        folder = self.work + "/state/rejects/legal"
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(folder + "/" + name, newline="") as f:
                rejects[name] = [
                    row["dropfeed.line"] + row["dropfeed.reason"][:16] for row in csv.DictReader(f)
                ]
        state = self.work + "/state"
        rows = sorted(
            ledger.ask(
                state,
                (
                    "SELECT f.name, r.row, r.id, r.state FROM request r JOIN document d ON d.id ="
                    " r.document_id JOIN file f ON f.id = d.file_id"
                ),
            )
        )
        sums = sorted(
            ledger.ask(
                state,
                (
                    "SELECT f.name, d.rows, d.delivered, d.rejected FROM document d JOIN file f ON"
                    " f.id = d.file_id"
                ),
            )
        )
        receipts = {}
        for name in os.listdir(self.work + "/in/receipts"):
            if name.endswith(".json"):
                with open(self.work + "/in/receipts/" + name) as f:
                    receipts[name] = [
                        (r["row"], r["id"], r["state"])
                        for d in json.load(f)["documents"]
                        for r in d.get("requested", [])
                    ]
        return {
            "taken": sorted(taken),
            "rejects": rejects,
            "rows": rows,
            "sums": sums,
            "receipts": receipts,
        }

    def uncounted(self, power):
        """Calls that the ledger does not know of; a power cut takes the latest ones from it."""
        counted = ledger.ask(self.work + "/state", "SELECT coalesce(sum(made), 0) FROM spent")[0][0]
        with open(self.peer_dir + "/calls") as f:
            calls = collections.Counter(line.split()[0] for line in f)
        return 0 if power else max(0, calls["POST"] - counted)


def differs(wanted, got):
    for key, value in wanted.items():
        if got[key] != value:
            return "%s: %s, not %s" % (key, got[key], value)
    return None


def verify(place, wanted, power):
    got = place.outcome()
    why = differs(wanted, got)
    if not why and place.uncounted(power):
        why = "calls that were not counted"
    place.peer_end()
    return why


def undisturbed(place):
    place.fresh()
    place.play(0)
    with open(place.work + "/steps") as f:
        steps = f.read().splitlines()
    why = place.finish()
    wanted = place.outcome()
    place.peer_end()
    if why or len(wanted["taken"]) != 6 or len(set(wanted["taken"])) != 6:
        sys.exit("not ok - without a kill: %s" % (why or wanted))
    return [re_name(s) for s in steps], wanted


def re_name(step):
    return step.split(" ", 1)[1]


def plans_of(place, names, a):
    numbers = list(range(1, len(names) + 1))
    if a.short:
        numbers = sorted(
            {names.index(n) + 1 for n in names} | {len(names) - names[::-1].index(n) for n in names}
        )
    if a.only:
        numbers = [a.only]
    for n in numbers:
        for cut in ledger.POWER_CUTS:

            def kill(n=n, cut=cut):
                done = place.play(n)
                if cut and done.returncode == -signal.SIGKILL:
                    place.cut_power()

            yield "step %d (%s)%s" % (
                n,
                names[n - 1],
                ", a power cut" if cut else "",
            ), kill, [], cut
    pick = random.Random(19)
    for i in range(a.random):
        yield "a random kill, %d" % i, lambda s=pick.uniform(0.005, 0.8): place.kill_after(
            s
        ), SCRIPTS[i % len(SCRIPTS)], False


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--short", action="store_true")
    p.add_argument("--random", type=int, default=0)
    p.add_argument("--only", type=int)
    a = p.parse_args()
    home = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    os.umask(0o077)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="dropfeed-subjects.", dir=home) as work:
        place = Place(work, os.path.abspath(a.build))
        names, wanted = undisturbed(place)
        for what, kill, script, cut in plans_of(place, names, a):
            place.fresh(script)
            kill()
            why = place.finish() or verify(place, wanted, cut)
            passed, failed = passed + (not why), failed + bool(why)
            if why:
                print("not ok - %s: %s" % (what, why))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
