#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the work grows with the number of columns: processor seconds at n, 2n and 4n columns, for
what names are looked up in.

Usage: tests/bench/growth.py BUILD
A row is one kind of header, the last one a list in a cell; `growth` is the exponent between the
first and the last column: 1 is linear, 2 quadratic.
"""
import json
import math
import os
import resource
import subprocess
import sys
import tempfile

SIZES = (2500, 5000, 10000)


def header(names, rows=20):
    names = list(names)
    line = ",".join(["mpid", *names])
    cells = ",".join(["1"] + ["x"] * len(names))
    return f"{line}\n" + f"{cells}\n" * rows


def attributes(n):
    return header(f"user_attributes.key {i}" for i in range(n - 1)), None, []


def unknown(n):
    return (
        header([f"Unknown Column {i}" for i in range(n - 1)]),
        None,
        ["--set", "unknown_columns=warn"],
    )


def ignored(n):
    columns = [{"column": "mpid", "action": "keep", "field": "mpid"}]
    columns += [{"column": f"c{i}", "action": "ignore"} for i in range(n - 1)]
    return header([f"c{i}" for i in range(n - 1)]), {"hasHeaderRow": True, "columns": columns}, []


def mappings(n):
    columns = [("mpid", "mpid")] + [(f"c{i}", f"user_attributes.a{i}") for i in range(n - 1)]
    list_of = [{"mapping_type": "column", "source": s, "destination": d} for s, d in columns]
    return header([f"c{i}" for i in range(n - 1)]), {"mappings": list_of}, []


def wildcards(n):
    list_of = [{"mapping_type": "column", "source": "mpid", "destination": "mpid"}]
    list_of += [
        {
            "mapping_type": "column",
            "source": f"g{i}_*",
            "destination": f"user_attributes.g{i} {{{{ key }}}}",
        }
        for i in range(20)
    ]
    return header([f"g{i % 20}_{i}" for i in range(n - 1)]), {"mappings": list_of}, []


def suggestions(n):
    """Every name is looked for among the paths that it may have been meant for."""
    return header([f"user_atributes.key {i}" for i in range(n - 1)]), None, []


def uniq(n):
    """A cell with that many different entries."""
    values = ";".join(f"v{i}" for i in range(n))
    list_of = [
        {"mapping_type": "column", "source": "mpid", "destination": "mpid"},
        {
            "mapping_type": "column",
            "source": "c",
            "destination": "user_attributes.n",
            "value": "{{ value | split: ';' | uniq | size }}",
        },
    ]
    return "mpid,c\n" + f"1,{values}\n" * 20, {"mappings": list_of}, []


def seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    program = os.path.join(sys.argv[1], "dropfeed")
    print(
        "| "
        + " | ".join(["header of", *map(str, SIZES), "growth"])
        + " |\n| --- | --- | --- | --- | --- |"
    )
    with tempfile.TemporaryDirectory() as folder:
        for kind in (attributes, unknown, ignored, mappings, wildcards, suggestions, uniq):
            times = []
            for n in SIZES:
                text, manifest, more = kind(n)
                path = os.path.join(folder, "wide-eventless.csv")
                open(path, "w", encoding="utf-8").write(text)
                command = [
                    program,
                    "validate",
                    "--set",
                    "guidelines=off",
                    "--set",
                    "limits=truncate",
                    *more,
                ]
                if manifest is not None:
                    json.dump(manifest, open(os.path.join(folder, "m.json"), "w", encoding="utf-8"))
                    command += ["--manifest", os.path.join(folder, "m.json")]
                times.append(min(seconds([*command, path]) for _ in range(3)))
            growth = math.log(max(times[-1], 1e-3) / max(times[0], 1e-3)) / math.log(
                SIZES[-1] / SIZES[0]
            )
            print(
                "| "
                + " | ".join([kind.__name__, *(f"{t:.3f} s" for t in times), f"{growth:.2f}"])
                + " |"
            )


main()
