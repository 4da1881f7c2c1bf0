#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills the commands that change what is known of files at each of their steps, goes on, and looks
at what became of the rows.

commands.py BUILD [--short] [--only COMMAND]

BUILD holds dropfeed, faults/dropfeed (make faults) and the receiver. After each kill comes `run`,
and the command once more. Then each row has to be delivered or in the one reject file that the
ledger knows of, and the ledger has to balance. Each step is tried as a kill and as a power cut;
with --short, each name of a step at its first and at its last place. The last line counts the kills
after which all was well.
"""
import argparse
import glob
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile

sys.dont_write_bytecode = True
import ledger

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROWS = 60
HEADER = (
    "environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,"
    "events.data.event_name,events.data.custom_event_type\n"
)


def clicks(path, tag):
    """Row 5 is wrong in itself; every 20th is one that the receiver may refuse."""
    with open(path, "w") as f:
        f.write(HEADER)
        for i in range(ROWS):
            f.write(
                "development,%s-%d,%s,%s,other\n"
                % (
                    tag,
                    i,
                    "soon" if i == 5 else 1768206600000 + i,
                    "Planned" if i % 20 == 7 else "Clicked",
                )
            )


class Place:
    def __init__(self, work, build):
        self.work, self.build = work, build
        os.makedirs(work + "/api")
        os.makedirs(work + "/in")
        with open(work + "/secret", "w") as f:
            f.write("demo-secret\n")
        self.receiver = subprocess.Popen(
            [
                build + "/tests/peers/receiver",
                work + "/api",
                "--key",
                "demo-key",
                "--secret",
                "demo-secret",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            if os.path.exists(work + "/api/port"):
                break
            time.sleep(0.05)
        self.port = open(work + "/api/port").read().strip()
        self.settings("sink = events-api")

    def end(self):
        self.receiver.terminate()
        self.receiver.wait()

    def settings(self, line):
        with open(self.work + "/conf", "w") as f:
            f.write(
                "[dropfeed]\nstate_dir = %s/state\n[feed shop]\nsource = file://%s/in\nmin_age ="
                " 0s\nlanes = 2\ngive_up_after = 1s\nendpoint = http://127.0.0.1:%s\napi_key ="
                " demo-key\napi_secret_file = %s/secret\n%s\n"
                % (self.work, self.work, self.port, self.work, line)
            )

    def api(self, name, text=""):
        with open(self.work + "/api/" + name, "w") as f:
            f.write(text)

    def read(self, name):
        path = self.work + "/" + name
        return open(path).read() if os.path.exists(path) else ""

    def gpg(self, *args):
        return [
            "gpg",
            "--homedir",
            self.work + "/gnupg",
            "--batch",
            "--quiet",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            *args,
        ]

    def rejects(self, path):
        """The lines of a reject file, without its header."""
        text = open(path, "rb").read()
        if path.endswith(".gpg"):
            text = subprocess.run(
                self.gpg("-d", path), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ).stdout
        return text.decode().splitlines()[1:]

    def accepted(self):
        path = self.work + "/api/accepted.ndjson"
        return [json.loads(line) for line in open(path)] if os.path.exists(path) else []

    def call(self, *args, at=None):
        env = {k: v for k, v in os.environ.items() if k not in ("DROPFEED_CONFIG", "GNUPGHOME")}
        for sanitizer in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
            env.setdefault(sanitizer, "exitcode=99")
        env["HOME"] = self.work
        if at is not None:
            env.update(
                DROPFEED_CRASH_AT=str(at),
                DROPFEED_STEPS=self.work + "/steps",
                DROPFEED_SYNCED=self.work + "/synced",
            )
        program = "/faults/dropfeed" if at is not None else "/dropfeed"
        return subprocess.run(
            [self.build + program, "--config", self.work + "/conf", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            timeout=120,
        )

    def cut_power(self):
        ledger.cut_power(self.work + "/state", self.work + "/synced", self.kept_synced)

    def keep(self):
        """What comes before may have been killed: what it synced is on the disk."""
        self.kept_synced = (self.read("synced").split() or ["0"])[-1]
        ledger.settle(self.work + "/state")
        for name in ("state", "in", "sink"):
            shutil.rmtree(self.work + "/kept-" + name, ignore_errors=True)
            if os.path.exists(self.work + "/" + name):
                shutil.copytree(self.work + "/" + name, self.work + "/kept-" + name)
        ledger.settle(self.work + "/kept-state")
        shutil.copy(self.work + "/api/accepted.ndjson", self.work + "/kept-accepted")

    def back(self):
        """To what was kept; what the API took stays taken by it, and is looked at from there."""
        for name in ("state", "in", "sink"):
            shutil.rmtree(self.work + "/" + name, ignore_errors=True)
            if os.path.exists(self.work + "/kept-" + name):
                shutil.copytree(self.work + "/kept-" + name, self.work + "/" + name)
        shutil.copy(self.work + "/kept-accepted", self.work + "/api/accepted.ndjson")
        for name in ("steps", "synced", "notices"):
            if os.path.exists(self.work + "/" + name):
                os.remove(self.work + "/" + name)

    def wrong(self, may_differ=False, may_lack=False):
        """What is wrong with rows, reject files or the ledger; or None."""
        state = self.work + "/state"
        documents = ledger.ask(
            state,
            "SELECT d.*, f.state AS file_state FROM document d JOIN file f ON f.id = d.file_id",
        )
        check = ledger.integrity(state)
        seen = {b["user_identities"]["customer_id"] for b in self.accepted()}
        for path in glob.glob(self.work + "/sink/*"):
            seen |= {json.loads(line)["user_identities"]["customer_id"] for line in open(path)}
        known = {
            self.work + "/state/" + d["text"] for d in documents if d["text"] and d["state"] != 5
        }
        files = {p for p in glob.glob(self.work + "/state/rejects/shop/*")}
        lines = [line for p in files for line in self.rejects(p)]
        seen |= {line.split(",")[1] for line in lines}
        missing = {"%s-%d" % (tag, i) for tag in self.tags for i in range(ROWS)} - seen
        rejected = sum(d["rejected"] for d in documents)
        return (
            "rows are missing: %s" % sorted(missing)[:5]
            if len(missing) > (rejected if may_differ else 0) and not may_lack
            else (
                "integrity: %s" % check
                if check != ["ok"]
                else (
                    "it is not closed"
                    if not documents or any(d["closed_ms"] == 0 for d in documents)
                    else (
                        "it does not balance"
                        if any(
                            d["rows"] != d["delivered"] + d["rejected"] + d["skipped"]
                            for d in documents
                        )
                        != may_lack
                        else (
                            "files of rejects: %s, known: %s" % (files, known)
                            if files != known and not may_differ
                            else (
                                "%d rejected rows, %d in files" % (rejected, len(lines))
                                if rejected != len(lines) and not may_differ and not may_lack
                                else None
                            )
                        )
                    )
                )
            )
        )


DOWN = "".join("202\n" for _ in range(3)) + "503\n" * 2000
FILE = "a-custom_event.csv"


def half_sent(p):
    p.api("script", DOWN)
    done = p.call("run")
    p.api("script")
    return done.returncode == 3


def delivered(p):
    p.api("rules", "reject-name Planned\n")
    done = p.call("run")
    p.api("rules")
    return done.returncode == 1


def nothing(p):
    return True


def old(p):
    if not delivered(p):
        return False
    ledger.change(
        p.work + "/state", "UPDATE file SET closed_ms = closed_ms - %d" % (500 * 86400000)
    )
    return True


def folder(p):
    p.settings("sink = file:%s/sink/" % p.work)
    return True


def down(p):
    p.api("script", "503\n" * 2000)


def refused(p):
    p.api("script", "401\n" * 50)


def throttled(p):
    p.api("script", "429\n202\n503\n")


def idle(p):
    down(p)
    done = p.call("run")
    p.api("script")
    return done.returncode == 3


def other_settings(p):
    """The file was begun, nothing of it was taken, and it goes on with a manifest that it did not
    have."""
    refused(p)
    done = p.call("run")
    p.api("script")
    with open(p.work + "/manifest.json", "w") as f:
        json.dump({"hasHeaderRow": True, "columns": []}, f)
    p.settings("manifest = %s/manifest.json" % p.work)
    return done.returncode == 4


def notices(p):
    p.settings(
        "on_event = cat >>%s/notices\nnotify = done refused rejects unfinished recovered denied"
        % p.work
    )
    return half_sent(p)


def encrypted(p):
    if not os.path.exists(p.work + "/gnupg"):
        os.makedirs(p.work + "/gnupg")
        subprocess.run(
            p.gpg("--quick-generate-key", "shop", "default", "default", "never"),
            check=True,
            stderr=subprocess.DEVNULL,
        )
    plain = p.work + "/in/" + FILE
    subprocess.run(p.gpg("--trust-model", "always", "-r", "shop", "-e", plain), check=True)
    os.remove(plain)
    p.settings("encrypted = yes\ngnupg_home = %s/gnupg" % p.work)
    return True


def downloaded(p):
    """The download has its name, and the ledger does not know of it yet; the server has removed the
    file."""
    done = p.call("run", at="after rename the download")
    os.remove(p.work + "/in/" + FILE)
    return done.returncode == -signal.SIGKILL


def half_downloaded(p):
    """The spool has a part of a file that the server has under another name now."""
    done = p.call("run", at="after write a piece of the download")
    for part in glob.glob(p.work + "/state/spool/**/*.part", recursive=True):
        os.truncate(part, os.path.getsize(part) // 2)
    os.rename(p.work + "/in/" + FILE, p.work + "/in/b-custom_event.csv")
    return done.returncode == -signal.SIGKILL


def outdated(p):
    """The spool has all of a file of which the server has another version now."""
    done = p.call("run", at="after write a piece of the download")
    with open(p.work + "/in/" + FILE, "a") as f:
        f.write("\n")
    return done.returncode == -signal.SIGKILL


def again(p):
    """A reject file comes back with a row corrected, after a file of other columns, and under a
    data plan that does not know what comes."""
    first = delivered(p)
    rejects = [open(path).read() for path in glob.glob(p.work + "/state/rejects/shop/*")]
    path = p.work + "/in/b-custom_event.csv"
    clicks(path, "B")
    lines = p.read("in/b-custom_event.csv").splitlines()
    with open(path, "w") as f:
        f.write(
            "".join(
                line + ",%s\n" % ("x" if i else "events.data.custom_attributes.c")
                for i, line in enumerate(lines)
            )
        )
    second = p.call("run").returncode == 1
    with open(p.work + "/in/r-custom_event.csv", "w") as f:
        f.write("".join(rejects).replace(",soon,", ",1768206600005,"))
    clicks(p.work + "/in/" + FILE, "C")  # a new file of that name: the ledger knows its columns
    os.utime(p.work + "/in/" + FILE, (1768206600, 1768206600))
    p.settings("plan = %s/tests/plan/shop.json\nplan_action = warn" % ROOT)
    p.tags = "ABC"
    return first and second


def lost(p):
    """Of a file that is half sent nothing is left."""
    sent = half_sent(p)
    for path in glob.glob(p.work + "/in/*") + glob.glob(
        p.work + "/state/spool/**/*.*", recursive=True
    ):
        os.remove(path)
    return sent


def zipped(p):
    plain = p.work + "/in/" + FILE
    with zipfile.ZipFile(p.work + "/in/a.zip", "w") as z:
        z.write(plain, FILE)
        z.write(plain, "old/" + FILE)
    os.remove(plain)
    return True


ROUNDS = {  # name: what comes before it, the command, what happens to the API while it is killed
    "abandon": (half_sent, ["abandon", FILE], nothing),
    "restart": (half_sent, ["restart", FILE], nothing),
    "resend": (delivered, ["resend", FILE], nothing),
    "resend --new-ids": (delivered, ["resend", "--new-ids", FILE], nothing),
    "retry": (delivered, ["retry"], nothing),
    "prune": (old, ["prune", "--older-than", "400d"], nothing),
    "backup": (delivered, ["backup", "BACKUP"], nothing),
    "import": (nothing, ["import", "--feed", "shop", "IMPORT"], nothing),
    "folder sink": (folder, ["run"], nothing),
    "endpoint down": (idle, ["run"], down),
    "credentials refused": (nothing, ["run"], refused),
    "endpoint throttles": (nothing, ["run"], throttled),
    "other settings": (other_settings, ["run"], nothing),
    "notices": (notices, ["run"], nothing),
    "notices of trouble": (notices, ["run"], down),
    "encrypted": (encrypted, ["run"], nothing),
    "half a download": (half_downloaded, ["run"], nothing),
    "an outdated download": (outdated, ["run"], nothing),
    "lost bytes": (lost, ["run"], nothing),
    "download without an entry": (downloaded, ["run"], nothing),
    "zip with a folder": (zipped, ["run"], nothing),
    "what came before": (again, ["run"], nothing),
}


def chosen(p, command, during, short):
    """The numbers of the steps that the command takes, or the first and the last one of each
    name."""
    p.back()
    during(p)
    done = p.call(*command, at=0)
    p.api("script")
    if done.returncode not in ((0, 1) if during in (nothing, throttled) else (3, 4)):
        return []
    steps = [line.split(" ", 1) for line in open(p.work + "/steps").read().splitlines()]
    if not short:
        return [int(number) for number, _ in steps]
    return sorted(
        {
            int(number)
            for number, name in steps
            if number
            in (
                [n for n, other in steps if other == name][0],
                [n for n, other in steps if other == name][-1],
            )
        }
    )


def prepare(p, name, before):
    """A fresh folder, and what comes before the command; False when that went wrong."""
    for folder_name in ("state", "in", "sink"):
        shutil.rmtree(p.work + "/" + folder_name, ignore_errors=True)
    for left in glob.glob(p.work + "/synced") + glob.glob(p.work + "/notices"):
        os.remove(left)
    os.makedirs(p.work + "/in")
    p.settings("sink = events-api")
    p.tags = "A"  # of the rows that have to be somewhere in the end
    p.api("accepted.ndjson")
    clicks(p.work + ("/imported-custom_event.csv" if name == "import" else "/in/" + FILE), "A")
    return before(p)


def words(p, command):
    return [
        {"BACKUP": p.work + "/copy.db", "IMPORT": p.work + "/imported-custom_event.csv"}.get(c, c)
        for c in command
    ]


def play(p, name, before, command, during, short):
    """Kills the command at its steps. Returns the numbers of those after which all was well, and
    was not."""
    passed = failed = 0
    if not prepare(p, name, before):
        print("not ok - %s: what comes before it went wrong" % name)
        return 0, 1
    p.keep()
    command = words(p, command)
    steps = chosen(p, command, during, short)
    if not steps:
        print("not ok - %s goes wrong when nobody kills it" % name)
        return 0, 1
    for step in steps:
        for power in ledger.POWER_CUTS:
            p.back()
            during(p)
            done = p.call(*command, at=step)
            p.api("script")
            if done.returncode != -signal.SIGKILL:  # with several threads their number varies
                continue
            where = open(p.work + "/steps").read().splitlines()[-1]
            if power:
                p.cut_power()
            run, again = p.call("run"), p.call(*command)
            wrong = (
                p.wrong(may_differ=name == "prune", may_lack=name == "lost bytes")
                if run.returncode in (0, 1) and again.returncode in (0, 1)
                else "exit %d, then %d: %s%s"
                % (run.returncode, again.returncode, run.stderr.decode(), again.stderr.decode())
            )
            if not wrong and name.startswith("notices"):
                said = p.read("notices")
                wrong = [
                    event
                    for event in ("rejects", "recovered")
                    if '"event":"%s"' % event not in said
                ] or None
            if (
                not wrong
                and name == "backup"
                and sqlite3.connect(p.work + "/copy.db")
                .execute("PRAGMA integrity_check")
                .fetchone()[0]
                != "ok"
            ):
                wrong = "the copy is damaged"
            if not wrong and name == "prune" and glob.glob(p.work + "/state/rejects/shop/*"):
                wrong = "a reject file is left"
            passed, failed = passed + (not wrong), failed + bool(wrong)
            if wrong:
                print(
                    "not ok - %s killed at step %s%s: %s"
                    % (name, where, ", and the power cut" if power else "", wrong)
                )
                sys.stdout.flush()
    return passed, failed


def main():
    a = argparse.ArgumentParser()
    a.add_argument("build")
    a.add_argument("--short", action="store_true")
    a.add_argument("--only", choices=sorted(ROUNDS))
    o = a.parse_args()
    home = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    os.umask(0o077)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="dropfeed-crash.", dir=home) as work:
        p = Place(work, os.path.abspath(o.build))
        try:
            for name, (before, command, during) in ROUNDS.items():
                if o.only in (None, name) and not (name == "backup" and ledger.ON_POSTGRES):
                    began = time.time()
                    good, bad = play(p, name, before, command, during, o.short)
                    passed, failed = passed + good, failed + bad
                    print("%s: %d kills; %.0f s" % (name, good + bad, time.time() - began))
                    sys.stdout.flush()
        finally:
            p.end()
            subprocess.run(
                ["gpgconf", "--homedir", work + "/gnupg", "--kill", "all"],
                stderr=subprocess.DEVNULL,
            )
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
