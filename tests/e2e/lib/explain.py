#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""explain against import and validate, for every line of every golden case (tests/cases), or of
those that are named.

What explain says of a row is what the other two commands do with it: the batch that it shows is the
one that import writes, the faults are validate's, a refusal is validate's word for word, and each
value that it calls written is in the batch at the path that it names. No row is lost: those that it
calls delivered are as many as validate accepts.
"""
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
loader = importlib.machinery.SourceFileLoader(
    "run_cases", os.path.join(HERE, "..", "..", "run-cases")
)
sys.dont_write_bytecode = True
cases = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_cases", loader))
loader.exec_module(cases)
Wrong, exact = cases.Wrong, cases.exact
MAX_LINES, MAX_REFUSED = 12, 2  # of a document: the longest cases repeat themselves


def run(case, work, arguments):
    env = {k: v for k, v in os.environ.items() if k not in ("DROPFEED_CONFIG", "XDG_CONFIG_HOME")}
    env.update(HOME=work, TMPDIR=work, TZ="Asia/Kathmandu")
    return subprocess.run([cases.PROGRAM] + arguments, capture_output=True, env=env, cwd=work)


def same(what, got, wanted):
    if got != wanted:
        raise Wrong(f"{what}: {str(got)[:300]}, wanted {str(wanted)[:300]}")


def find(value, path):
    """All values at a path. Keys may hold dots and brackets; an index means any: items before it
    may be missing."""
    if path == "":
        yield value
    if isinstance(value, list):
        for item in value:
            yield from find(item, re.sub(r"^\[\d*\]\.?", "", path))
    if isinstance(value, dict):
        for key, item in value.items():
            if path.startswith(key) and (len(path) == len(key) or path[len(key)] in ".["):
                yield from find(item, path[len(key) :].removeprefix("."))


def check_request(x):
    """Of a subject request: the person's identities are in it, under the names that OpenDSR has for
    them."""
    request = x["batch"]["json"]
    outside = (
        request.get("extensions", {}).get("opendsr.mparticle.com", {}).get("subject_identities", {})
    )
    there = [str(v["value"]) for v in [*request["subject_identities"].values(), *outside.values()]]
    for column in x["columns"]:
        for route in column["to"]:
            alone = "mpid" in outside and route["path"] != "mpid"  # which excludes all others
            if (
                route["outcome"] == "written"
                and not route["path"].startswith("request.")
                and not alone
            ):
                if str(route["value"]) not in there:
                    raise Wrong(
                        f"column {column['column']} to {route['path']}: {route['value']} is not"
                        " there"
                    )


def check_routes(x):
    batch = x["batch"]["json"]
    if "subject_request_id" in batch:
        return check_request(x)
    event = batch["events"][int(x["batch"]["event"]) - 1] if x["batch"]["event"] is not None else {}
    for column in x["columns"] + [{"column": None, "to": x["fixed"]}]:
        for route in column["to"]:
            root, path = batch, route["path"]
            if path.startswith("events.data."):
                root, path = event.get("data", {}), path[len("events.data.") :]
            where = f"column {column['column']} to {route['path']}"
            if route["outcome"] in ("written", "default"):
                if path in (
                    "source_request_id",
                    "timestamp_unixtime_ms",
                ):  # an earlier row may have given the batch another
                    continue
                if route["via"] == "members":
                    holder = next(find(root, re.sub(r"\.[^.*{]*[*{].*$", "", path)))
                    same(where, {k: holder.get(k) for k in route["value"]}, route["value"])
                elif path.endswith("[]") and isinstance(route["value"], list):
                    if not all(v in list(find(root, path)) for v in route["value"]):
                        raise Wrong(f"{where}: {route['value']} are not there")
                elif route["value"] not in list(find(root, path)):
                    raise Wrong(f"{where}: {route['value']} is not there")
            elif route["outcome"] == "deleted":
                if path.split(".", 1)[1].removesuffix("[]") not in batch["deleted_user_attributes"]:
                    raise Wrong(f"{where}: is not deleted")
            elif route["outcome"] not in ("empty", "left-out"):
                raise Wrong(f"{where}: {route['outcome']} in a row that is delivered")


def check_line(x, code, line, batches, document):
    """One line; returns the number of the row that it is a part of, where that is delivered."""
    same("file's event type", x["event_type"], document["event_type"])
    if document["refused"]:
        same("verdict", (x["verdict"], code, x["batch"]), ("refused", 1, None))
        same("refusal", x["refused"], document["refused"])
        return None
    # identities that many share are looked for by validate alone
    same(
        "warnings",
        x["warnings"],
        [w for w in document["warnings"] if w["code"] != "shared-identity"],
    )
    if not int(x["line"]) <= line:
        raise Wrong(f"a row that starts on line {x['line']}")
    if x["header"]:
        same("verdict", (x["verdict"], code, x["row"], x["batch"]), ("accepted", 0, None, None))
        return None
    errors = [e for e in document["errors"] if e["row"] == x["row"]]
    got = [{"column": e["name"], "code": e["code"], "message": e["message"]} for e in x["errors"]]
    same("errors", got, [{k: e[k] for k in ("column", "code", "message")} for e in errors])
    if errors:
        same("verdict", (x["verdict"], code, x["batch"]), ("rejected", 1, None))
        same("line", errors[0]["line"], x["line"])
        return None
    if x["verdict"] == "skipped":
        same("verdict", (code, x["batch"], "skipped" in document), (0, None, True))
        return None
    same("verdict", (x["verdict"], code), ("delivered", 0))
    b = x["batch"]
    same("batch", b["json"], batches[int(b["number"]) - 1])
    same("batches", int(b["batches"]), len(batches))
    same("events", int(b["events"]), len(b["json"].get("events", [])))
    mine = [r for r in b["rows"] if r["row"] == x["row"]]
    same("its place", [(r["line"], r.get("event")) for r in mine], [(x["line"], b["event"])])
    check_routes(x)
    return int(x["row"])


def check_document(case, file, work, batches, document, entry):
    place = f"{file}:{entry}" if entry else file
    delivered, line = set(), 0
    for line in range(1, (MAX_REFUSED if document["refused"] else MAX_LINES) + 1):
        p = run(
            case, work, ["explain", "--format", "json"] + case.options(work) + [f"{place}:{line}"]
        )
        said = p.stderr.decode(errors="replace")
        if p.returncode == 2 and "is blank" in said:
            continue
        if p.returncode == 2 and "there is no line" in said:
            break
        if p.returncode not in (0, 1):
            raise Wrong(f"line {line}: exit {p.returncode}: {said}")
        try:
            delivered.add(
                check_line(
                    exact(p.stdout.decode().replace(work, "")),
                    p.returncode,
                    line,
                    batches,
                    document,
                )
            )
        except Wrong as e:
            raise Wrong(f"line {line}: {e}") from e
        if line % 7 == 1:  # the text form comes to the same end
            text = run(case, work, ["explain"] + case.options(work) + [f"{place}:{line}"])
            same(f"line {line}: exit of the text form", text.returncode, p.returncode)
    else:
        return line
    if not document["refused"]:
        same("rows delivered", len(delivered - {None}), int(document["accepted"]))
    return line


def one(case):
    with tempfile.TemporaryDirectory(prefix="dropfeed-explain.") as work:
        file = case.input(work)
        text, documents, _, _ = case.run(work)
        batches = [exact(line) for line in cases.lines(text)]
        lines = 0
        for d in documents:
            n = 0 if d["refused"] else int(d["batches"])
            lines += check_document(case, file, work, batches[:n], d, d["document"])
            batches = batches[n:]
        return lines


def main():
    names = sys.argv[1:] or sorted(
        n for n in os.listdir(cases.CASES) if os.path.isdir(os.path.join(cases.CASES, n))
    )
    lines = failed = 0
    for name in names:
        try:
            lines += one(cases.Case(name))
        except (Wrong, ValueError, KeyError, StopIteration) as e:
            failed += 1
            print(f"{name}: {type(e).__name__}: {e}")
    print(f"{len(names)} cases, {lines} lines, {failed} failed")
    return 1 if failed or lines < 3 * len(names) else 0


if __name__ == "__main__":
    sys.exit(main())
