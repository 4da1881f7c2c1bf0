# SPDX-License-Identifier: MIT
"""What the ledger of a state folder holds: ledger.db, or, in a run of tests/on-postgres, the
database in its place. The SQL is what both understand alike."""
import json
import os
import sqlite3
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ON_POSTGRES = "DROPFEED_DATABASES" in os.environ


class Row(tuple):
    """Values by their place, and by their name."""

    def __new__(cls, pairs):
        row = super().__new__(cls, (v for _, v in pairs))
        row.named = dict(pairs)
        return row

    def __getitem__(self, key):
        return self.named[key] if isinstance(key, str) else super().__getitem__(key)


def database(state):
    """The name of the one in the place of its ledger.db."""
    return subprocess.run(
        [ROOT + "/tests/ledger-database", state], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def settle(state):
    """Before and after a folder is copied, so that the copy has a copy of the ledger."""
    if ON_POSTGRES and os.path.exists(state):
        database(state)


def psql(state, sql):
    return subprocess.run(
        [
            os.environ["PG_BIN"] + "/psql",
            "-X",
            "-q",
            "-t",
            "-A",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database(state),
            "-c",
            sql,
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def from_postgres(state, sql):
    # row_to_json keeps the columns' order and types, and two columns of one name
    lines = psql(state, "SELECT row_to_json(x) FROM (%s) x" % sql).splitlines()
    return [json.loads(line, object_pairs_hook=Row) for line in lines]


def from_sqlite(state, sql):
    db = sqlite3.connect("file:%s/ledger.db?mode=ro" % state, uri=True)
    try:
        cursor = db.execute(sql)
        names = [d[0] for d in cursor.description]
        return [Row(list(zip(names, values))) for values in cursor]
    finally:
        db.close()


def ask(state, sql):
    return from_postgres(state, sql) if ON_POSTGRES else from_sqlite(state, sql)


def change(state, sql):
    if ON_POSTGRES:
        psql(state, sql)
        return
    db = sqlite3.connect(state + "/ledger.db")
    db.execute(sql)
    db.commit()
    db.close()


def integrity(state):
    """["ok"] where the ledger is whole. A server looks after its own files, and keeps its foreign
    keys."""
    return (
        ["ok"]
        if ON_POSTGRES
        else [r[0] for r in ask(state, "PRAGMA integrity_check")]
        + list(ask(state, "PRAGMA foreign_key_check"))
    )


def cut_power(state, synced, before="0"):
    """Takes what was not synced. A later commit never outlives an earlier one: the log's checksums
    see to it, so that its end is what is lost. Before the first sync of those listed, that many
    bytes were there."""
    log = state + "/ledger.db-wal"
    if os.path.exists(log):
        kept = (open(synced).read().split() if os.path.exists(synced) else [])[-1:] or [before]
        os.truncate(log, min(int(kept[0]), os.path.getsize(log)))


# A server of PostgreSQL is on a machine of its own.
POWER_CUTS = (False,) if ON_POSTGRES else (False, True)
