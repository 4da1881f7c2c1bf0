#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Are there steps at which nothing is ever killed?

steps.py BUILD

Plays what crash.py, commands.py and subjects.py play, once and without a kill, and compares the
names of the steps that came by with those in the source. LEFT_OUT are those that no scenario
reaches, each with the reason. The last line counts names.
"""
import glob
import os
import re
import sys
import tempfile

import commands
import crash
import subjects

NAMES = re.compile(r'(?:df_before|df_after)\("([^"]+)"\)')
CHANGES = re.compile(
    r'\.what = "([^"]+)"|ledger_run\([^;]*?"([^"]+)"'
)  # of the ledger, which names its steps so
LEFT_OUT = {
    "write": "of `ledger copy` alone, all of which is one transaction",
    "note what is sent": "of Braze alone: braze.py kills there",
    "note what is sent again": "likewise",
}


def in_source():
    found = {}
    for path in glob.glob(os.path.join(crash.ROOT, "src", "*", "*.c")):
        text = open(path).read()
        changes = CHANGES.finditer(text) if "/src/ledger/" in path else []
        for m in [*NAMES.finditer(text), *changes]:
            found.setdefault(next(filter(None, m.groups())), os.path.relpath(path, crash.ROOT))
    return found


def passed_by(path):
    return {
        re.sub("^(before|after) ", "", line.split(" ", 1)[1])
        for line in open(path).read().splitlines()
    }


def of_runs(work, build):
    seen = set()
    for sftp, removes in ((False, False), (True, False), (True, True)):
        place = crash.Place("%s/run-%d%d" % (work, sftp, removes), build, sftp, removes)
        try:
            place.fresh(2)
            place.run(0)
            seen |= passed_by(place.work + "/steps")
        finally:
            place.end()
    return seen


def of_commands(work, build):
    seen = set()
    place = commands.Place(work + "/commands", build)
    try:
        for name, (before, command, during) in commands.ROUNDS.items():
            if not commands.prepare(place, name, before):
                print("# %s: what comes before it went wrong" % name)
                continue
            during(place)
            place.call(*commands.words(place, command), at=0)
            place.api("script")
            seen |= passed_by(place.work + "/steps")
    finally:
        place.end()
    return seen


def of_subjects(work, build):
    place = subjects.Place(work + "/subjects", build)
    place.fresh()
    place.play(0)
    place.peer_end()
    return passed_by(place.work + "/steps")


def main():
    build = os.path.abspath(sys.argv[1])
    home = os.environ.get("TMPDIR") or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    os.umask(0o077)
    names = in_source()
    with tempfile.TemporaryDirectory(prefix="dropfeed-steps.", dir=home) as work:
        seen = of_runs(work, build) | of_commands(work, build) | of_subjects(work, build)
    unseen = sorted(set(names) - seen - set(LEFT_OUT))
    needless = sorted(n for n in LEFT_OUT if n in seen or n not in names)
    for name in unseen:
        print("not ok - no scenario passes the step '%s' of %s" % (name, names[name]))
    for name in needless:
        print("not ok - LEFT_OUT has the step '%s', which is passed, or gone" % name)
    print("%d passed, %d failed" % (len(names) - len(unseen), len(unseen) + len(needless)))
    sys.exit(bool(unseen or needless))


main()
