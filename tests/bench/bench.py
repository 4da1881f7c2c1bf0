#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Times dropfeed against what a user would otherwise run, and against the bare cost of its parts.

  BUILD=build tests/bench/bench.py [NAME...]   all figures, or those of these names; --list names
                                               them

Both sides of a pair run in turn, in one go on one machine; the best of some runs counts. The table
is also written as JSON to $BENCH_JSON (BUILD/bench.json). BENCH_MB (200) is the size of the
document that most figures read. A peer that is not installed is skipped, and reported: `make
deps-bench` installs them. Whatever comes out, the exit code is 0.
"""
import contextlib
import gzip
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
DROPFEED = os.path.join(BUILD, "dropfeed")
CSVLOOP, SFTPLOOP, SINK = (
    os.path.join(BUILD, "tests", "bench", name) for name in ("csvloop", "sftploop", "sink")
)
SETTLE = os.path.join(BUILD, "tests", "bench", "settle")
PROXY = os.path.join(BUILD, "tests", "peers", "proxy")
SSHD = os.path.join(ROOT, "tests", "peers", "sshd")
NODE_MODULES = os.path.join(BUILD, "node")
MB = int(os.environ.get("BENCH_MB", "200"))
HEADER = (
    "environment,user_identities.customer_id,user_identities.email,user_attributes.Tier,"
    "device_info.platform,events.data.timestamp_unixtime_ms,events.data.event_name,"
    "events.data.custom_event_type,events.data.session_uuid,"
    "events.data.custom_attributes.Page,events.data.custom_attributes.Note\n"
)
PYTHON = """import csv, json, sys
out = sys.stdout.write
for row in csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")):
    out(json.dumps(row, ensure_ascii=False) + "\\n")
"""
NODE = """const fs = require("fs");
const { parse } = require(process.argv[3] + "/node_modules/csv-parse");
let out = [];
fs.createReadStream(process.argv[2]).pipe(parse({ columns: true, bom: true })).on("data", row => {
  out.push(JSON.stringify(row));
  if (out.length === 1000) { process.stdout.write(out.join("\\n") + "\\n"); out = []; }
}).on("end", () => process.stdout.write(out.join("\\n") + "\\n"));
"""
DUCKDB = """const [, , sql, modules] = process.argv;
const { DuckDBInstance } = require(modules + "/node_modules/@duckdb/node-api");
DuckDBInstance.create(":memory:", { threads: "2" })
  .then(db => db.connect())
  .then(c => c.run(sql))
  .then(() => process.exit(0));
"""
work = tempfile.mkdtemp(prefix="dropfeed-bench.")
results, figures = [], {}


def figure(f):
    figures[f.__name__] = f
    return f


def report(name, ours, peer, ratio, goal, met):
    verdict = "floor" if goal == "" else "skipped" if met is None else "met" if met else "not met"
    results.append(
        {
            "figure": name,
            "ours": ours,
            "peer": peer,
            "ratio": ratio,
            "goal": goal,
            "verdict": verdict,
        }
    )
    shown = f"{ratio:.2f}" if ratio is not None else "-"
    print(f"{name:<44} {ours:<26} {peer:<34} {shown:>8}  {goal:<20} {verdict}", flush=True)


def skip(name, why, goal):
    report(name, "-", why, None, goal, None)


# ---- data ----


def rows(first, count, order):
    for i in range(first, first + count):
        user = i * 2654435761 % 200003 if order == "random" else i // 6
        note = (
            '"said ""hello"", then left"'
            if i % 8 == 0
            else "seen Z\u00fcrich"
            if i % 8 == 4
            else "plain words"
        )
        yield (
            f"development,C-{user},user{user}@example.com,{('bronze', 'silver', 'gold')[user % 3]},"
            f"web,{now_ms + i * 37},Clicked,navigation,{user:08x}-0000-4000-8000-{i:012x},"
            f"/products/{i % 997},{note}\n"
        )


now_ms = (int(time.time()) - 20 * 86400) * 1000


def document(megabytes, order="random", name=None):
    """A custom_event document, 11 columns; one cell in eight quoted, one not ASCII; made once."""
    path = os.path.join(work, name or f"{order}{megabytes}-custom_event.csv")
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(HEADER)
            i = 0
            while f.tell() < megabytes * 1000 * 1000:
                f.writelines(rows(i, 5000, order))
                i += 5000
    return path


# ---- measuring ----


def run(command, **more):
    """Wall seconds, CPU seconds and peak memory (MiB) of a command."""
    os.sync()  # what was left to be written by others is not to be paid for here
    start = time.monotonic()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode not in (0, 1):
        raise RuntimeError(f"{command[0]} ended with {p.returncode}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def pair(ours, peer, times=5, before=lambda: None):
    """The best wall times of both, run in turn."""
    best = [float("inf"), float("inf")]
    for _ in range(times):
        for i, command in enumerate((ours, peer)):
            before()
            best[i] = min(best[i], run(command)[0])
    return best


def throughput(name, ours, peer, peer_name, goal):
    a, b = pair(ours, peer)
    size = MB / 1.0
    report(
        name,
        f"{a:.2f} s, {size / a:.0f} MB/s",
        f"{peer_name} {b:.2f} s",
        b / a,
        f">= {goal}",
        b / a >= goal,
    )


def duckdb(name, ours, sql, goal):
    """The same against DuckDB on two threads, all columns as text; with the start of node, which
    counts for small documents."""
    if shutil.which("node") is None or not os.path.isdir(
        os.path.join(NODE_MODULES, "node_modules", "@duckdb", "node-api")
    ):
        skip(name, "@duckdb/node-api is not installed", f">= {goal}")
        return
    script = os.path.join(work, "duckdb.js")
    with open(script, "w", encoding="utf-8") as f:
        f.write(DUCKDB)
    throughput(name, ours, ["node", script, sql, NODE_MODULES], "DuckDB", goal)


def config(name, feed, jobs=1):
    path = os.path.join(work, name + ".conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(
            f"[dropfeed]\nstate_dir = {work}/{name}.state\njobs = {jobs}\nlog_level = error\n"
            "[feed bench]\nmin_age = 0s\n"
        )
        f.write("".join(f"{k} = {v}\n" for k, v in feed.items()))
    return path


@contextlib.contextmanager
def server(command, folder):
    os.makedirs(folder, exist_ok=True)
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(os.path.join(folder, "port")):
            time.sleep(0.01)
        with open(os.path.join(folder, "port"), encoding="ascii") as f:
            yield f.read().strip()
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait()


@contextlib.contextmanager
def sshd():
    """A server of its own for each figure: what another one dropped would be pulled as well."""
    folder = tempfile.mkdtemp(prefix="sshd.", dir=work)
    subprocess.run([SSHD, "start", folder, "--host-keys", "ed25519"], check=True)
    try:
        with open(os.path.join(folder, "port"), encoding="ascii") as f:
            yield folder, f.read().strip()
    finally:
        subprocess.run([SSHD, "stop", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def sftp_command(folder, port, batch):
    with open(os.path.join(work, "batch"), "w", encoding="utf-8") as f:
        f.write(batch)
    options = [
        "-i",
        f"{folder}/id_ed25519",
        "-o",
        f"UserKnownHostsFile={folder}/known_hosts",
        "-o",
        "StrictHostKeyChecking=no",
    ]
    return ["sftp", "-q", "-b", f.name, "-P", port] + options + ["127.0.0.1"]


def user_name():
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()


def sftp_source(folder, port, path="/~"):
    known = os.path.join(work, "known")
    with open(os.path.join(folder, "known_hosts"), encoding="utf-8") as f:
        key = " ".join(f.readline().split()[1:])
    with open(known, "w", encoding="utf-8") as f:
        f.write(f"[127.0.0.1]:{port} {key}\n")
    return {
        "source": f"sftp://{user_name()}@127.0.0.1:{port}{path}",
        "identity_file": f"{folder}/id_ed25519",
        "known_hosts": known,
    }


# ---- the figures ----


@figure
def validate():
    for order in ("random", "sorted"):
        file = document(MB, order)
        throughput(
            f"validate, {MB} MB, users {order}",
            [DROPFEED, "validate", file],
            [CSVLOOP, file],
            "bare libcsv",
            0.6,
        )
    file = document(MB)
    count = f"SELECT count(COLUMNS(*)) FROM read_csv('{file}', all_varchar = true, header = true)"
    duckdb(f"validate, {MB} MB, users random", [DROPFEED, "validate", file], count, 1.8)


@figure
def import_plain():
    for order in ("random", "sorted"):
        file = document(MB, order)
        throughput(
            f"import --sink -, {MB} MB, users {order}",
            [DROPFEED, "import", "--sink", "-", file],
            [CSVLOOP, file],
            "bare libcsv",
            1.2,
        )
    file = document(MB)
    ours = [DROPFEED, "import", "--sink", "-", file]
    table = f"read_csv('{file}', all_varchar = true, header = true)"
    copy = f"COPY (FROM {table}) TO '/dev/null' (FORMAT json)"
    duckdb(f"import --sink -, {MB} MB, users random", ours, copy, 2.5)
    cpu = min(run(ours)[1] for _ in range(3)) * 1000 / MB
    report("the same, CPU of a GB", f"{cpu:.2f} s", "", None, "", None)


@figure
def peers():
    file = document(max(MB // 4, 1))
    for name, script in (("python.py", PYTHON), ("node.js", NODE)):
        with open(os.path.join(work, name), "w", encoding="utf-8") as f:
            f.write(script)
    for name, command, goal in (
        ("mlr", ["mlr", "--icsv", "--ojsonl", "cat", file], 12),
        ("python3", ["python3", os.path.join(work, "python.py"), file], 8),
        ("node csv-parse", ["node", os.path.join(work, "node.js"), file, NODE_MODULES], 6),
    ):
        label = f"import --sink -, {max(MB // 4, 1)} MB"
        module = os.path.join(NODE_MODULES, "node_modules", "csv-parse")
        if shutil.which(command[0]) is None or (
            name == "node csv-parse" and not os.path.isdir(module)
        ):
            skip(label, f"{name} is not installed", f">= {goal}")
            continue
        a, b = pair([DROPFEED, "import", "--sink", "-", file], command, 3)
        report(label, f"{a:.2f} s", f"{name} {b:.2f} s", b / a, f">= {goal}", b / a >= goal)


@figure
def encrypted():
    home = os.path.join(work, "gpg")
    os.mkdir(home, 0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--trust-model", "always"]
    file = document(MB)
    subprocess.run(
        gpg + ["--passphrase", "", "--quick-gen-key", "bench", "default", "default", "never"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    packed = os.path.join(work, "packed-custom_event.csv.gz")
    with open(file, "rb") as f, gzip.open(packed, "wb", 6) as g:
        shutil.copyfileobj(f, g)
    subprocess.run(
        gpg + ["-r", "bench", "-z", "0", "-o", packed + ".gpg", "-e", packed], check=True
    )
    ours = [DROPFEED, "import", "--set", f"gnupg_home={home}", "--sink", "-", packed + ".gpg"]
    a, b = pair(
        ours,
        ["sh", "-c", f"gpg --homedir {home} --batch --quiet -d {packed}.gpg | gzip -d >/dev/null"],
        3,
    )
    plain = min(run([DROPFEED, "import", "--sink", "-", file])[0] for _ in range(3))
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    ratio = a / (b + plain)
    report(
        f"the same, .csv.gz.gpg, {MB} MB",
        f"{a:.2f} s",
        f"gpg, gzip: {b:.2f} s + plain {plain:.2f} s",
        ratio,
        "<= 1.5",
        ratio <= 1.5,
    )


@figure
def delivery():
    file = document(max(MB // 2, 1), "sorted")
    with open(file, "rb") as f:
        count = sum(1 for _ in f) - 1
    with server([SINK, os.path.join(work, "sink")], os.path.join(work, "sink")) as port:
        best = None
        for i in range(3):
            feed = {
                "source": f"file://{work}/none",
                "endpoint": f"http://127.0.0.1:{port}",
                "api_key": "k",
                "api_secret_env": "SECRET",
            }
            conf = config(f"delivery{i}", {**feed, "batches_per_second": "1000000"})
            wall, cpu, _ = run(
                [DROPFEED, "--config", conf, "import", file], env={**os.environ, "SECRET": "s"}
            )
            best = min(best or (wall, cpu), (wall, cpu))
        plain = min(run([DROPFEED, "import", "--sink", "-", file])[0] for _ in range(3))
    rate = count / best[0]
    report(
        f"delivery, {count} rows, users sorted",
        f"{rate:.0f} rows/s",
        f"CPU {best[1]:.2f} of {best[0]:.2f} s",
        None,
        ">= 150000 rows/s",
        rate >= 150000,
    )
    limit = (
        "the sender"
        if plain < 0.7 * best[0]
        else "reading and batching"
        if plain > 0.9 * best[0]
        else "both alike"
    )
    report(
        "the same, without the sender",
        f"{best[0]:.2f} s",
        f"import --sink - {plain:.2f} s: {limit} is the limit",
        plain / best[0],
        "",
        None,
    )


@figure
def braze():
    """Objects a second to Braze, whose limit is 1,000 requests of 75; what counts twice is on the
    disk before it is sent."""
    file = document(max(MB // 4, 1), "sorted")
    forecast = subprocess.run(
        [
            DROPFEED,
            "--config",
            config(
                "forecast",
                {
                    "source": f"file://{work}/none",
                    "sink": "braze",
                    "api_key_env": "SECRET",
                    "instance": "us-01",
                    "external_id": "customer_id",
                },
            ),
            "validate",
            "--feed",
            "bench",
            "--format",
            "json",
            file,
        ],
        env={**os.environ, "SECRET": "s"},
        capture_output=True,
        text=True,
        check=False,
    )
    count = json.loads(forecast.stdout)["events"]
    best = None
    with server([SINK, os.path.join(work, "braze"), "braze"], os.path.join(work, "braze")) as port:
        for i in range(3):
            conf = config(
                f"braze{i}",
                {
                    "source": f"file://{work}/none",
                    "sink": "braze",
                    "instance": f"http://127.0.0.1:{port}",
                    "api_key_env": "SECRET",
                },
            )
            wall, cpu, _ = run(
                [DROPFEED, "--config", conf, "import", file], env={**os.environ, "SECRET": "s"}
            )
            best = min(best or (wall, cpu), (wall, cpu))
    report(
        f"delivery to Braze, {count} objects",
        f"{count / best[0]:.0f} objects/s",
        f"CPU {best[1]:.2f} of {best[0]:.2f} s",
        None,
        "",
        None,
    )


@figure
def tls():
    """The same receiver, with and without TLS."""
    receiver = os.path.join(BUILD, "tests", "peers", "receiver")
    label, goal = "delivery over TLS", 0.8
    if not os.path.exists(receiver) or shutil.which("openssl") is None:
        skip(label, "the receiver, or openssl, is not there", f">= {goal}")
        return
    key, cert = os.path.join(work, "api.key"), os.path.join(work, "api.pem")
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    new += [
        "-keyout",
        key,
        "-out",
        cert,
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(new, check=True, stderr=subprocess.DEVNULL)
    file = document(max(MB // 4, 1), "sorted")
    best = {}
    for scheme, more in (("http", []), ("https", ["--cert", cert, "--tlskey", key])):
        folder = os.path.join(work, scheme)
        with server([receiver, folder] + more, folder) as port:
            for i in range(3):
                feed = {
                    "source": f"file://{work}/none",
                    "endpoint": f"{scheme}://127.0.0.1:{port}",
                    "api_key": "k",
                    "api_secret_env": "SECRET",
                }
                conf = config(
                    f"{scheme}{i}", {**feed, "ca_file": cert, "batches_per_second": "1000000"}
                )
                wall = run(
                    [DROPFEED, "--config", conf, "import", file], env={**os.environ, "SECRET": "s"}
                )[0]
                best[scheme] = min(best.get(scheme, wall), wall)
    ratio = best["http"] / best["https"]
    report(
        label,
        f"{best['https']:.2f} s",
        f"without {best['http']:.2f} s",
        ratio,
        f">= {goal}",
        ratio >= goal,
    )


@figure
def small_files():
    """Ten thousand files (with BENCH_MB of 200) from a server to a receiver."""
    n = max(MB * 50, 100)
    label = f"{n} files of 20 rows, SFTP to the API"
    with sshd() as (folder, port), server(
        [SINK, os.path.join(work, "small")], os.path.join(work, "small")
    ) as api:
        for i in range(n):
            with open(
                os.path.join(folder, "root", f"f{i}-custom_event.csv"), "w", encoding="utf-8"
            ) as f:
                f.write(HEADER + "".join(rows(i * 20, 20, "sorted")))
        feed = {
            "endpoint": f"http://127.0.0.1:{api}",
            "api_key": "k",
            "api_secret_env": "SECRET",
            "batches_per_second": "1000000",
        }
        conf = config("small", {**sftp_source(folder, port), **feed}, 2)
        ours = run([DROPFEED, "--config", conf, "run"], env={**os.environ, "SECRET": "s"})[0]
        if shutil.which("curl") is None:
            skip(label, f"curl is not installed; {ours:.1f} s", ">= 5")
            return
        got = os.path.join(work, "got-small")
        os.mkdir(got)
        pulled = run(sftp_command(folder, port, f"get *.csv {got}/\n"))[0]
        some = sorted(os.listdir(got))[
            : max(n // 20, 1)
        ]  # a part of the calls, of which each takes the same
        names = " ".join(f"{got}/{name}" for name in some)
        post = f"curl -s -o /dev/null --data-binary @$f http://127.0.0.1:{api}/"
        call = f"for f in {names}; do {post}; done"
        called = run(["sh", "-c", call])[0] * n / len(some)
    ratio = (pulled + called) / ours
    report(
        label,
        f"{ours:.1f} s",
        f"sftp {pulled:.1f} s, curl {called:.0f} s",
        ratio,
        f">= 5, <= {n / 10000 * 12:.0f} s",
        ratio >= 5 and ours <= n / 10000 * 12,
    )


@figure
def feeds():
    """Nothing to do: many feeds of one server against one."""
    with sshd() as (folder, port):
        walls = {}
        for n in (1, 64):
            conf = os.path.join(work, f"feeds{n}.conf")
            with open(conf, "w", encoding="utf-8") as f:
                f.write(f"[dropfeed]\nstate_dir = {work}/feeds{n}.state\nlog_level = error\n")
                for i in range(n):
                    os.makedirs(os.path.join(folder, "root", f"in{i}"), exist_ok=True)
                    settings = {
                        **sftp_source(folder, port, f"/~/in{i}"),
                        "sink": f"file:{work}/feeds.out/",
                        "min_age": "0s",
                    }
                    f.write(f"[feed f{i}]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()))
            os.makedirs(os.path.join(work, "feeds.out"), exist_ok=True)
            walls[n] = min(run([DROPFEED, "--config", conf, "run"])[0] for _ in range(5))
    ratio = walls[64] / walls[1]
    report(
        "run, nothing to do, 64 feeds",
        f"{walls[64]:.2f} s",
        f"one feed {walls[1]:.2f} s",
        ratio,
        "<= 4",
        ratio <= 4,
    )


@figure
def sftp_pull():
    size = MB * 5 // 2
    with sshd() as (folder, port):
        with open(os.path.join(folder, "root", "big-custom_event.csv"), "wb") as f:
            head = (HEADER + "".join(rows(0, 2000, "random"))).encode()
            while f.tell() < size * 1000 * 1000:
                f.write(head)
        get = f"get big-custom_event.csv {work}/got\n"

        def compare(label, to, times, goal):
            conf = config("pull", {**sftp_source(folder, to), "sink": f"file:{work}/pulled"})
            plain = sftp_command(folder, to, get)
            bare = [
                SFTPLOOP,
                to,
                user_name(),
                f"{folder}/id_ed25519",
                os.path.join(folder, "root", "big-custom_event.csv"),
            ]
            best = [float("inf")] * 3
            for _ in range(times):
                shutil.rmtree(os.path.join(work, "pull.state"), ignore_errors=True)
                best = [
                    min(pair)
                    for pair in zip(best, (pull_seconds(conf), run(plain)[0], run(bare)[0]))
                ]
            ours, sftp, loop = best
            shown = f"{ours:.2f} s, {size / ours:.0f} MB/s"
            report(
                f"SFTP pull, {size} MB, {label}",
                shown,
                f"sftp {sftp:.2f} s",
                sftp / ours,
                f">= {goal}",
                sftp / ours >= goal,
            )
            report(
                "the same, against the library alone",
                shown,
                f"libssh2 loop, to nowhere {loop:.2f} s",
                loop / ours,
                "",
                None,
            )

        compare("loopback", port, 5, 1.0)
        if not os.path.exists(PROXY):
            skip("SFTP pull, 40 ms round trip", "the proxy is not built", ">= 1.5")
            return
        with server(
            [PROXY, os.path.join(work, "proxy"), "--to", port, "--delay", "20"],
            os.path.join(work, "proxy"),
        ) as far:
            compare("40 ms round trip", far, 2, 1.5)


def pull_seconds(conf):
    """Until the pulled file has its name in the spool; what comes after is not the pull's."""
    os.sync()
    spool = os.path.join(work, "pull.state", "spool", "bench")
    start = time.monotonic()
    p = subprocess.Popen(
        [DROPFEED, "--config", conf, "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while p.poll() is None:
        if os.path.isdir(spool) and any(not n.endswith(".part") for n in os.listdir(spool)):
            break
        time.sleep(0.005)
    seconds = time.monotonic() - start
    p.send_signal(signal.SIGTERM)
    p.wait()
    return seconds


def eight(name, bad=False):
    """A folder of documents, the last row of each perhaps one that is rejected."""
    drop = os.path.join(work, name)
    os.mkdir(drop)
    for i in range(8):
        path = document(max(MB // 4, 1), "sorted", f"{name}/f{i}-custom_event.csv")
        last = "".join(rows(4 * 10**7 + i, 1, "sorted"))
        with open(path, "a", encoding="utf-8") as f:
            f.write(last.replace("development", "nowhere", 1) if bad else last)
    return drop


def deliver(drop, jobs):
    """Wall and CPU seconds of a run that delivers a folder to another one."""
    name, out = f"{os.path.basename(drop)}{jobs}", os.path.join(work, "out")
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(os.path.join(work, f"{name}.state"), ignore_errors=True)
    os.mkdir(out)
    conf = config(name, {"source": f"file://{drop}", "sink": f"file:{out}"}, jobs)
    return run([DROPFEED, "--config", conf, "run"])[:2]


@figure
def workers():
    drop = eight("eight")
    turns = [[deliver(drop, jobs) for jobs in (1, 2)] for _ in range(5)]
    (one, _), (two, cpu) = (min(times) for times in zip(*turns))
    report(
        f"run, 8 files of {max(MB // 4, 1)} MB, two workers",
        f"{two:.2f} s",
        f"one worker {one:.2f} s",
        one / two,
        ">= 1.7",
        one / two >= 1.7,
    )
    # Pulling has a thread of its own, so that one worker, too, makes use of more than one
    # processor.
    share = cpu / os.cpu_count()
    report(
        "the same, against all processors busy",
        f"{two:.2f} s",
        f"CPU {cpu:.2f} s / {os.cpu_count()} = {share:.2f} s",
        share / two,
        "",
        None,
    )


@figure
def rejects():
    """What a reject file costs: documents with one rejected row each, against documents without."""
    folders = eight("without"), eight("with", bad=True)
    for jobs, words in ((1, "one worker"), (2, "two workers")):
        turns = [[deliver(drop, jobs) for drop in folders] for _ in range(5)]
        (without, _), (wall, cpu) = (min(times) for times in zip(*turns))
        report(
            f"one rejected row a document, {words}",
            f"{wall:.2f} s, CPU {cpu:.2f} s",
            f"none {without:.2f} s",
            without / wall,
            ">= 0.95",
            without / wall >= 0.95,
        )


@figure
def memory():
    small, big = document(max(MB // 10, 1)), os.path.join(work, "big-custom_event.csv")
    with open(document(MB), "rb") as f, open(big, "wb") as out:
        shutil.copyfileobj(f, out)
        for _ in range(9):
            f.seek(len(HEADER))
            shutil.copyfileobj(f, out)
    a, b = (run([DROPFEED, "import", "--sink", "-", file])[2] for file in (small, big))
    os.unlink(big)
    report(
        f"peak memory, {MB // 10} MB and {MB * 10} MB",
        f"{b:.0f} MiB",
        f"{a:.0f} MiB",
        b / a,
        "<= 1.1, <= 64 MiB",
        b / a <= 1.1 and b <= 64,
    )


@figure
def idle():
    with sshd() as (folder, port):
        for i in range(10000):
            with open(
                os.path.join(folder, "root", f"f{i}-eventless.csv"), "w", encoding="ascii"
            ) as f:
                f.write(f"mpid,user_attributes.a\n{i + 1},x\n")
        os.mkdir(os.path.join(work, "idle"))
        conf = config("idle", {**sftp_source(folder, port), "sink": f"file:{work}/idle"}, 2)
        seconds = run([DROPFEED, "--config", conf, "run"])[0]
        a, b = pair([DROPFEED, "--config", conf, "run"], sftp_command(folder, port, "ls -l\n"), 5)
    report(
        "run, nothing to do, 10000 done files",
        f"{a:.2f} s (delivering took {seconds:.0f} s)",
        f"sftp ls -l {b:.2f} s",
        a / b,
        "<= 1.5",
        a / b <= 1.5,
    )


@figure
def ledger():
    file = document(MB)
    drop = os.path.join(work, "drop")
    os.mkdir(drop)
    os.link(file, os.path.join(drop, "one-custom_event.csv"))
    conf = config(
        "ledger", {"source": f"file://{drop}", "sink": f"file:{work}/ledger.ndjson"}, 2
    )  # as many threads as the import has

    def forget():
        for name in ("ledger.ndjson", "bare.ndjson"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(work, name))
        shutil.rmtree(os.path.join(work, "ledger.state"), ignore_errors=True)

    copy = [
        "sh",
        "-c",
        f"cp {file} {work}/copy && sync {work}/copy && sha256sum {work}/copy >/dev/null && "
        f"exec {DROPFEED} import --sink file:{work}/bare.ndjson {file}",
    ]
    a, b = pair([DROPFEED, "--config", conf, "run"], copy, 5, forget)
    report(
        "ledger: run to a file sink",
        f"{a:.2f} s",
        f"durable copy, import --sink {b:.2f} s",
        a / b,
        "<= 1.03",
        a / b <= 1.03,
    )


def settle_figures(*before):
    """What tests/bench/settle.c prints; none where what it needs is not installed."""
    p = subprocess.run(
        [*before, SETTLE, tempfile.mkdtemp(dir=work)], capture_output=True, text=True, check=False
    )
    if p.returncode not in (0, 77):
        raise RuntimeError(p.stderr or p.stdout)
    return [float(word) for word in p.stdout.split()] if p.returncode == 0 else []


@figure
def settling():
    # of the requests of one key, of which 90 a second are made
    here = settle_figures()
    shared = settle_figures(
        "env",
        "PG_FSYNC=on",
        os.path.join(ROOT, "tests", "with-postgres"),
        "sh",
        "-c",
        'exec "$0" "$1" "$DROPFEED_TEST_LEDGER"',
    )
    if not shared:
        skip("requests settled, PostgreSQL", "PostgreSQL is not installed", ">= 90 a second")
        return
    report(
        "requests settled, PostgreSQL",
        f"{shared[0]:.0f} a second",
        f"SQLite {here[0]:.0f}",
        shared[0] / here[0],
        ">= 90 a second",
        shared[0] >= 90,
    )
    report("a file claimed and released", f"{shared[1]:.1f} ms", "-", None, "", None)


@figure
def grouping():
    driver = os.path.join(ROOT, "tests", "run-properties")
    p = subprocess.run(
        [driver, "--measure"],
        capture_output=True,
        text=True,
        env={**os.environ, "BUILD": BUILD},
        check=False,
    )
    worst = 0.0
    for line in p.stdout.splitlines():
        found = re.search(r"time +64MiB +([\d.]+) +([\d.]+)$", line)
        if found:
            worst = max(worst, float(found[1]) / float(found[2]))
    if worst == 0:
        skip(
            "batches per row, time-sorted", "tests/run-properties --measure says nothing", "<= 1.15"
        )
    else:
        report(
            "batches per row, time-sorted, default window",
            "",
            "the model's optimum",
            worst,
            "<= 1.15",
            worst <= 1.15,
        )


def main():
    names = sys.argv[1:]
    if names == ["--list"]:
        print("\n".join(figures))
        return
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    machine = f"{platform.machine()}, {os.cpu_count()} processors, {system}"
    print(f"{machine}; load {os.getloadavg()[0]:.1f}\n")
    print(f"{'figure':<44} {'dropfeed':<26} {'yardstick':<34} {'ratio':>8}  {'goal':<20} verdict")
    try:
        for name in names or figures:
            try:
                figures[name]()
            except (OSError, RuntimeError, subprocess.SubprocessError, KeyError) as e:
                skip(name, f"{type(e).__name__}: {e}"[:60], "-")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    with open(
        os.environ.get("BENCH_JSON", os.path.join(BUILD, "bench.json")), "w", encoding="utf-8"
    ) as f:
        json.dump({"machine": machine, "megabytes": MB, "figures": results}, f, indent=1)


if __name__ == "__main__":
    main()
