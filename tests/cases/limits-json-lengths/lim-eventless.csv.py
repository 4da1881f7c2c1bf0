# SPDX-License-Identifier: MIT
import json
print("mpid,user_attributes")
cells = [{"n" * 256: "v" * 4096, "l": ["e" * 512] * 2}, {"n" * 257: ""}, {"a": "v" * 4097}, {"l": ["e" * 513]}, {"l": ["e"] * 1001}]
for n, cell in enumerate(cells):
    print(n + 1, '"' + json.dumps(cell).replace('"', '""') + '"', sep=",")
