#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Days of an operator's life, by chance: files come in every form, some broken, some with bad rows;
the API answers as it likes; runs are killed; settings change; files are abandoned, begun anew, sent
again, corrected and dropped again. At the end the API is well, and each row must have been sent
under one id, or be in a reject file.

days.py BUILD [--seconds N] [--seed N] [--sftp] [--verbose]

BUILD holds dropfeed and the receiver. --sftp: the files lie on a real SFTP server. What was done is
printed when something does not hold, or as it happens (--verbose). The last line counts the files.
"""
import argparse
import bz2
import collections
import csv
import gzip
import io
import itertools
import json
import lzma
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HEADER = (
    "user_identities.customer_id,user_attributes.Seq,events.data.timestamp_unixtime_ms,"
    "events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.Row\n"
)
EVENT_MS = int(time.time() - 86400) * 1000
BAD, REFUSED = "soon", "Refused"  # no time; an event that the API does not take
ANSWERS = (
    ["503", "500", "429 retry-after=1", "413", "400-plain", "400-nolocate", "202-nolocate"]
    + ["html-502", "drop-before", "drop-after", "drop-after", "slow 200", "401", "404", "302"]
    + ["429 retry-after=1 exceeded=acceleration"]
)
FORMS = ("csv", "csv", "csv.gz", "csv.bz2", "csv.xz", "zip", "cut.gz", "columns")
OVER = ("done", "refused", "abandoned")
KEEP = 400  # lines of the log that are shown


class Document:
    """A CSV of `rows`: (tag, user, bad, refused)."""

    def __init__(self, name, rows, text):
        self.name, self.rows, self.text = name, rows, text


class File:
    def __init__(self, feed, name, documents):
        self.feed, self.name, self.documents = feed, name, documents
        self.copy = None  # the name of another file with the same bytes
        self.broken = self.gone = self.abandoned = self.anew = False
        self.local = None  # where it is, if it is imported
        self.again = False  # its rejected rows may have been sent after the others


class World:
    def __init__(self, work, options):
        self.work, self.build = work, os.path.abspath(options.build)
        self.sftp, self.verbose = options.sftp, options.verbose
        self.random = random.Random(options.seed)
        self.files, self.fixed = [], set()  # tags of corrected rows that were dropped again
        self.log, self.failed, self.n = [], [], 0
        self.state = work + "/state"
        self.settings = {}
        os.makedirs(work + "/api")
        self.write("secret", "demo-secret\n", 0o600)
        self.write("api/rules", "reject-name %s\n" % REFUSED)
        self.receiver = subprocess.Popen(
            [self.build + "/tests/peers/receiver", work + "/api", "--key", "demo-key"]
            + ["--secret", "demo-secret"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not os.path.exists(work + "/api/port"):
            time.sleep(0.02)
        self.port = open(work + "/api/port").read().strip()
        self.root = work + "/source"
        if self.sftp:
            subprocess.run(
                [ROOT + "/tests/peers/sshd", "start", work + "/sshd", "--host-keys", "ed25519"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            self.root = work + "/sshd/root"
        self.homes = work + "/gnupg"
        os.makedirs(self.homes, 0o700)
        subprocess.run(
            self.gpg("--passphrase", "", "--quick-generate-key", "days", "default", "default"),
            check=True,
            stderr=subprocess.DEVNULL,
        )
        for feed in ("plain", "sealed"):
            os.makedirs("%s/%s" % (self.root, feed))
        self.configure()

    def end(self):
        self.receiver.terminate()
        self.receiver.wait()
        subprocess.run(["gpgconf", "--homedir", self.homes, "--kill", "all"], check=False)
        if self.sftp:
            subprocess.run(
                [ROOT + "/tests/peers/sshd", "stop", self.work + "/sshd"], check=False
            )

    def gpg(self, *args):
        base = ["gpg", "--homedir", self.homes, "--batch", "--quiet", "--trust-model", "always"]
        return base + ["--pinentry-mode", "loopback", *args]

    def write(self, name, text, mode=0o644):
        with open(self.work + "/" + name, "w") as f:
            f.write(text)
        os.chmod(self.work + "/" + name, mode)

    def note(self, text):
        self.log.append("%7.2f %s" % (time.time() % 10000, text))
        if self.verbose:
            print(self.log[-1], flush=True)

    def wrong(self, text):
        self.note("WRONG " + text)
        self.failed.append(text)

    # ---- the configuration ----

    def configure(self):
        pick = self.random.choice
        self.settings = {
            "jobs": pick((1, 2, 4)),
            "lanes": pick((1, 2, 8)),
            "after_done": pick(("keep", "keep", "delete", "move:done")),
            "after_refused": pick(("keep", "move:refused")),
            "environment": pick(("development", "development", "production")),
            "batches_per_second": pick((100, 270, 1000)),
            "receipts": pick(("", "receipts")),
            "order": pick(("arrival", "arrival", "none")),
        }
        self.write_conf(3)

    def write_conf(self, give_up):
        s = self.settings
        text = "[dropfeed]\nstate_dir = %s\njobs = %d\n" % (self.state, s["jobs"])
        for feed in ("plain", "sealed"):
            text += "[feed %s]\n" % feed
            if self.sftp:
                port = open(self.work + "/sshd/port").read().strip()
                user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
                text += "source = sftp://%s@127.0.0.1:%s/~/%s\n" % (user.stdout.strip(), port, feed)
                text += "identity_file = %s/sshd/id_ed25519\n" % self.work
                text += "known_hosts = %s/sshd/known_hosts\n" % self.work
            else:
                text += "source = file://%s/%s\n" % (self.root, feed)
            if feed == "sealed":
                text += "encrypted = yes\ngnupg_home = %s\n" % self.homes
            if s["receipts"]:
                text += "receipts = %s\n" % s["receipts"]
            if s["order"] == "none":
                text += "order = none\n"
            for key in ("lanes", "after_done", "after_refused", "environment"):
                text += "%s = %s\n" % (key, s[key])
            text += "batches_per_second = %d\n" % s["batches_per_second"]
            text += "min_age = 0s\nguidelines = off\ngive_up_after = %ds\n" % give_up
            text += "endpoint = http://127.0.0.1:%s\napi_key = demo-key\n" % self.port
            text += "api_secret_file = %s/secret\n" % self.work
        self.write("conf", text)

    # ---- files ----

    def rows(self, tag, most):
        chance = self.random
        wrong = chance.random() < 0.5
        rows = []
        for i in range(chance.choice((0, 1, 7, 40, 300, most))):
            bad = wrong and chance.random() < 0.1
            rows.append(
                ("%s-%d" % (tag, i), "u%d" % chance.randrange(12), bad)
                + (wrong and not bad and chance.random() < 0.05,)
            )
        return rows

    @staticmethod
    def text_of(rows):
        text = HEADER
        for n, (tag, user, bad, refused) in enumerate(rows):
            when = BAD if bad else str(EVENT_MS + n)
            text += "%s,%d,%s,%s,other,%s\n" % (
                (user, n, when, REFUSED if refused else "Clicked", tag)
            )
        return text

    def seal(self, feed, data):
        if feed != "sealed":
            return data
        words = self.gpg("--recipient", "days", "--encrypt")
        return subprocess.run(words, input=data, capture_output=True, check=True).stdout

    def drop(self, feed, name, data):
        """As an uploader does it who knows what a rename is for."""
        folder = "%s/%s" % (self.root, feed)
        name += ".gpg" if feed == "sealed" else ""
        with open(folder + "/.coming", "wb") as f:
            f.write(data)
        os.rename(folder + "/.coming", "%s/%s" % (folder, name))
        return name

    def make_file(self):
        """A file that is nowhere yet, and its bytes."""
        self.n += 1
        feed = self.random.choice(("plain", "plain", "sealed"))
        form = self.random.choice(FORMS)
        tag = "f%d" % self.n
        count = self.random.randrange(1, 4) if form == "zip" else 1
        documents = []
        for i in range(count):
            rows = self.rows("%s%s" % (tag, "abc"[i]), 1500)
            name = "%s%s-custom_event.csv" % (tag, "abc"[i])
            documents.append(Document(name, rows, self.text_of(rows)))
        data = documents[0].text.encode()
        if form == "columns":
            data = data.replace(b"custom_attributes.Row", b"custom_attribute.Row", 1)
        elif form == "zip":
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
                for d in documents:
                    z.writestr(d.name, d.text)
            data = out.getvalue()
        elif form != "csv":
            pack = {"bz2": bz2.compress, "xz": lzma.compress}.get(form[4:], gzip.compress)
            data = pack(data)
        if form == "cut.gz":
            data = data[: len(data) * 2 // 3]
        end = {"cut.gz": "csv.gz", "columns": "csv"}.get(form, form)
        name = tag + ".zip" if form == "zip" else "%sa-custom_event.%s" % (tag, end)
        f = File(feed, name, documents)
        f.broken = form in ("cut.gz", "columns")
        self.files.append(f)
        return f, self.seal(feed, data)

    def new_file(self):
        f, data = self.make_file()
        name = f.name
        f.name = self.drop(f.feed, name, data)
        self.note("drop %s %s (%s)" % (f.feed, f.name, [len(d.rows) for d in f.documents]))
        if not f.broken and self.random.random() < 0.1:
            f.copy = self.drop(f.feed, "copy-" + name, data)
            self.note("drop %s %s: the same bytes" % (f.feed, f.copy))

    def import_file(self):
        f, data = self.make_file()
        f.name += ".gpg" if f.feed == "sealed" else ""
        f.local = "%s/%s" % (self.work, f.name)
        with open(f.local, "wb") as out:
            out.write(data)
        if self.random.random() < 0.5:
            self.call("import", "--feed", f.feed, f.local)
        else:
            self.interrupt("kill", "import", "--feed", f.feed, f.local)

    def remove_file(self):
        """Before a run has seen it, or after: the uploader does not know."""
        f = self.random.choice(self.files[-3:]) if self.files else None
        path = "%s/%s/%s" % (self.root, f.feed, f.name) if f else ""
        if f and not f.local and os.path.exists(path):
            os.remove(path)
            f.gone = True
            self.note("gone %s %s" % (f.feed, f.name))

    def rejected(self, f):
        """{tag: reason} of a file, as `rejects` prints it."""
        out = {}
        known = self.known(f.feed)
        names = [name for name in (f.name, f.copy) if self.has_rejects(known.get(name))]
        for d, file in itertools.product(f.documents, names):
            name = "%s:%s" % (file, d.name) if ".zip" in file else file
            done = self.call("rejects", "--feed", f.feed, name)
            rows = list(csv.DictReader(io.StringIO(done.stdout)))
            found = {row["events.data.custom_attributes.Row"]: row for row in rows}
            if len(found) < len(rows):
                self.wrong("%s: its reject file has a row twice" % name)
            out.update((tag, row["dropfeed.reason"]) for tag, row in found.items())
        return out

    def correct(self):
        """The rows that were wrong, corrected, come again in a file of their own."""
        f = self.random.choice(self.files) if self.files else None
        if f is None or f.broken or f.name not in self.closed():
            return
        bad = {r[0]: r for d in f.documents for r in d.rows if r[2] and r[0] not in self.fixed}
        got = [t for t, reason in self.rejected(f).items() if t in bad and "integer" in reason]
        if not got:
            return
        self.n += 1
        rows = [(t, bad[t][1], False, False) for t in got]
        name = "fix%d-custom_event.csv" % self.n
        new = File(f.feed, "", [Document(name, rows, self.text_of(rows))])
        new.name = self.drop(f.feed, name, self.seal(f.feed, new.documents[0].text.encode()))
        self.files.append(new)
        self.fixed.update(got)
        self.note("drop %s %s: %d rows of %s, corrected" % (f.feed, new.name, len(got), f.name))

    # ---- the program ----

    def call(self, *words, within=120):
        done = subprocess.run(
            [self.build + "/dropfeed", "--config", self.work + "/conf", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            env=dict(os.environ, HOME=self.work),
            check=False,
        )
        if words[0] not in ("rejects", "status") or done.returncode > 1:
            self.note("%s -> %d" % (" ".join(words), done.returncode))
            for line in done.stderr.splitlines()[-12:]:
                self.note("    " + line)
        if done.returncode < 0 or done.returncode == 5:
            self.wrong("%s ended with %d" % (" ".join(words), done.returncode))
        return done

    def status(self):
        done = self.call("status", "--format", "json", "--last", "100000")
        if done.returncode != 0:
            self.wrong("status ended with %d: %s" % (done.returncode, done.stderr))
            return []
        return json.loads(done.stdout)["files"]

    @staticmethod
    def has_rejects(file):
        return file is not None and any(d["rejected"] > 0 for d in file["documents"])

    def known(self, feed):
        return {f["file"]: f for f in self.status() if f["feed"] == feed}

    def closed(self):
        return {f["file"]: f["state"] for f in self.status() if f["state"] in OVER}

    def run(self):
        how = self.random.choice(("", "", "", "kill", "kill", "stop", "beside"))
        if how == "":
            self.call("run")
        else:
            self.interrupt(how, "run")

    def interrupt(self, how, *words):
        p = subprocess.Popen(
            [self.build + "/dropfeed", "--config", self.work + "/conf", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ, HOME=self.work),
        )
        if how == "beside":
            self.beside()
        else:
            time.sleep(self.random.choice((0.02, 0.05, 0.1, 0.3, 1.0)) * self.random.random())
            p.send_signal(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        try:
            _, said = p.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.wrong("%s (%s) does not end" % (words[0], how))
            p.kill()
            _, said = p.communicate()
        self.note("%s (%s) -> %d" % (" ".join(words), how, p.returncode))
        for line in said.splitlines()[-12:]:
            self.note("    " + line)

    def beside(self):
        """What may be called while a run is under way."""
        for _ in range(3):
            words = self.random.choice(
                (["status"], ["report"], ["backup", self.work + "/backup.db"], ["check"], ["run"])
                + (["rejects", "--summary"], ["status", "--unfinished", "--format", "json"])
            )
            code = self.call(*words).returncode
            # 75: another run is under way; 2: no run has made a ledger
            also = {"run": (1, 3, 4, 75), "backup": (2,)}.get(words[0], ())
            if code != 0 and code not in also:
                self.wrong("%s beside a run ended with %d" % (" ".join(words), code))

    # ---- a day ----

    def answers(self):
        n = self.random.choice((0, 0, 1, 2, 5, 10))
        lines = [self.random.choice(ANSWERS + ["202"] * 6) for _ in range(n)]
        self.write("api/script", "".join(line + "\n" for line in lines))
        if n:
            self.note("the API: " + ", ".join(lines))

    def operate(self):
        known = self.status()
        if not known:
            return
        f = self.random.choice(known)
        ours = [x for x in self.files if f["file"] in (x.name, x.copy) and x.feed == f["feed"]]
        what = self.random.choice(("retry", "retry", "resend", "restart", "abandon", "prune"))
        if what == "retry":
            for x in self.files:
                x.again = True
            self.call("retry", *([f["file"]] if self.random.random() < 0.5 else []))
        elif what == "prune":
            self.call("prune", "--older-than", "400d")
        elif ours and what == "resend" and f["state"] == "done":
            ours[0].again = True
            self.call("resend", "--feed", f["feed"], f["file"])
        elif ours and what == "abandon" and self.random.random() < 0.4:
            done = self.call("abandon", "--feed", f["feed"], f["file"])
            ours[0].abandoned |= done.returncode == 0
        elif ours and what == "restart" and f["state"] != "done":
            ours[0].anew = True
            self.call("restart", "--feed", f["feed"], f["file"])

    def move_state(self):
        other = self.work + ("/state" if self.state.endswith("2") else "/state2")
        if os.path.isdir(self.state):
            os.rename(self.state, other)
            self.state = other
            self.write_conf(3)
            self.note("state_dir is %s" % other)

    def day(self):
        chance = self.random.random
        for _ in range(self.random.choice((0, 1, 1, 2, 5))):
            self.new_file()
        if chance() < 0.05:
            self.remove_file()
        if chance() < 0.2:
            self.import_file()
        if chance() < 0.15:
            self.configure()
        if chance() < 0.05:
            self.move_state()
        self.answers()
        self.run()
        if chance() < 0.25:
            self.operate()
        if chance() < 0.2:
            self.correct()

    # ---- the end ----

    def recover(self):
        """All is well again: everything that can be delivered is."""
        self.write("api/script", "")
        self.write("api/rules", "")
        self.write_conf(120)
        self.note("all is well again")
        for f in self.files:
            if f.local and f.name not in self.known(f.feed):
                self.call("import", "--feed", f.feed, f.local)
        for _ in range(12):
            if self.call("run").returncode in (0, 1) and not self.open_files():
                break
        else:
            self.wrong("files stay unfinished: %s" % self.open_files())
        for _ in range(3):
            for f in self.files:
                if not f.broken and not f.abandoned and self.can_be_retried(f):
                    for name in (f.name, f.copy) if f.copy else (f.name,):
                        where = ["--from", self.work] if f.local else []
                        self.call("retry", "--feed", f.feed, *where, name)
        self.call("run")

    def open_files(self):
        return [f["file"] for f in self.status() if f["state"] not in OVER]

    def can_be_retried(self, f):
        can = any("integer" not in reason for reason in self.rejected(f).values())
        f.again |= can
        return can

    def delivered(self):
        """{tag: {ids}}, in the order in which they came first."""
        tags = collections.defaultdict(set)
        with open(self.work + "/api/accepted.ndjson") as lines:
            for line in lines:
                batch = json.loads(line)
                for event in batch.get("events", []):
                    tag = event["data"]["custom_attributes"]["Row"]
                    tags[tag].add(batch["source_request_id"])
        return tags

    def check_rows(self, delivered):
        states = {(f["feed"], f["file"]): f for f in self.status()}
        counts = collections.Counter()
        for f in self.files:
            known = states.get((f.feed, f.name))
            if known is None and not f.gone:
                self.wrong("%s: the ledger does not know it" % f.name)
            if known is None or (not known["documents"] and f.copy):
                known = states.get((f.feed, f.copy), {"state": "never seen", "documents": []})
            rejected = self.rejected(f) if not f.broken else {}
            for d in f.documents:
                for row in d.rows:
                    counts[self.check_row(f, row, known["state"], delivered, rejected)] += 1
            for d in known["documents"]:
                if not d["balanced"]:
                    self.wrong("%s: its rows do not add up: %s" % (f.name, d))
        return counts

    def check_order(self, delivered):
        """Of each user of a document that went straight through."""
        place = {tag: i for i, tag in enumerate(delivered)}
        for f in self.files:
            if f.again or f.anew or f.abandoned:
                continue
            for d in f.documents:
                last = {}
                for tag, user, _, _ in d.rows:
                    if tag in place and last.get(user, -1) > place[tag]:
                        self.wrong("%s: %s came after a later row of %s" % (f.name, tag, user))
                    last[user] = max(last.get(user, -1), place.get(tag, -1))

    def check_row(self, f, row, state, delivered, rejected):
        tag, _, bad, _ = row
        ids = len(delivered.get(tag, ()))
        if len(delivered.get(tag, ())) > 1 and not f.anew:
            self.wrong("%s: %s was delivered under %d ids" % (f.name, tag, ids))
        if f.broken or state == "refused":
            if ids > 0 and f.broken:
                self.wrong("%s: %s was delivered of a broken file" % (f.name, tag))
            if not f.broken and not f.anew and not f.gone:
                self.wrong("%s is refused" % f.name)
            return "of refused files"
        if bad:
            if ids != (tag in self.fixed):
                self.wrong("%s: the bad row %s was delivered %d times" % (f.name, tag, ids))
            if state != "never seen" and tag not in rejected:
                self.wrong("%s: the bad row %s is in no reject file" % (f.name, tag))
            return "bad"
        if ids > 0:
            return "delivered"
        if state == "never seen":
            return "never seen"
        # what is not at the source, where it is looked for, is in the reject file only
        kept = any(os.path.exists(p) for p in self.places(f))
        if tag not in rejected or (kept and not f.abandoned):
            self.wrong("%s: %s (%s) is lost: %s" % (f.name, tag, state, rejected.get(tag)))
        return "abandoned" if f.abandoned else "rejected by the API, and gone"

    def places(self, f):
        names = [name for name in (f.name, f.copy) if name]
        if f.local:
            return [f.local]
        moved = [self.settings[key] for key in ("after_done", "after_refused")]
        folders = [""] + [to[5:] + "/" for to in moved if to.startswith("move:")]
        return ["%s/%s/%s%s" % (self.root, f.feed, d, n) for d in folders for n in names]


def main():
    args = argparse.ArgumentParser(usage=__doc__)
    args.add_argument("build")
    args.add_argument("--seconds", type=int, default=60)
    args.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args.add_argument("--sftp", action="store_true")
    args.add_argument("--verbose", action="store_true")
    options = args.parse_args()
    work = tempfile.mkdtemp(prefix="dropfeed-days.")
    print("days: %d s, seed %d" % (options.seconds, options.seed), flush=True)
    w = World(work, options)
    try:
        end, days = time.monotonic() + options.seconds, 0
        while time.monotonic() < end and not w.failed:
            w.day()
            days += 1
        w.recover()
        delivered = w.delivered()
        counts = w.check_rows(delivered)
        w.check_order(delivered)
    finally:
        w.end()
    print("%d days, %d files, rows: %s" % (days, len(w.files), dict(counts)))
    if w.failed:
        print("\n".join([] if w.verbose else w.log[-KEEP:]))
        print("\n".join("not ok - " + text for text in w.failed[:20]))
        print("what is left: %s" % work)
    else:
        shutil.rmtree(work)
    print("%d passed, %d failed" % (len(w.files), len(w.failed)))
    return 1 if w.failed else 0


if __name__ == "__main__":
    sys.exit(main())
