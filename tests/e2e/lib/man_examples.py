# SPDX-License-Identifier: MIT
"""man_examples.py PROGRAM PAGE FOLDER: the worked examples of dropfeed.manifest(5), each a
manifest, a file and the batch that comes of it, are true; and every filter that the sources know is
named."""
import glob
import json
import os
import re
import subprocess
import sys

program, page, folder = sys.argv[1:]
with open(page, encoding="utf-8") as f:
    text = f.read()
examples = re.findall(
    r"\.Bd -literal -offset indent\n(.*?)\.Ed", text[text.index(".Sh EXAMPLES") :], re.S
)
settings = {
    "custom_event": ["--set", "timestamps=auto", "--set", "event_type=other"],
    "eventless": [],
}
assert len(examples) == 6, len(examples)
for n, event_type in enumerate(settings):
    manifest, rows, batch = examples[3 * n : 3 * n + 3]
    paths = [
        os.path.join(folder, "example.json"),
        os.path.join(folder, f"example-{event_type}.csv"),
    ]
    for path, content in zip(paths, [manifest, rows]):
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
    options = ["--quiet", "import", "--sink", "-", "--manifest", paths[0]] + settings[event_type]
    run = subprocess.run([program] + options + [paths[1]], capture_output=True, check=True)
    got = json.loads(run.stdout)
    del got["source_request_id"]
    for event in got.get("events", []):
        del event["data"]["source_message_id"]
    assert got == json.loads(batch), f"{event_type}: {got}"

filters = set()
for path in glob.glob(os.path.join(os.path.dirname(page), "liquid", "liquid_*.c")):
    with open(path, encoding="utf-8") as f:
        filters |= set(re.findall(r'\{"([a-z_]+)", [a-z_]+, \d, \d, [^}]*\}', f.read()))
named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"^\.It Cm (.*)$", text, re.M))))
assert len(filters) >= 40, filters
assert filters <= named, filters - named
