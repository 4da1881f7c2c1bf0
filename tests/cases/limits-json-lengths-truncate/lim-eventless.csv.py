# SPDX-License-Identifier: MIT
import json
print("mpid,user_attributes")
cells = [{"n" * 257: "x"}, {"a": "v" * 4095 + "\u00e9x"}, {"l": ["e" * 513]}, {"a": "v" * 4095 + "\U0001f600" + "x"}]
for n, cell in enumerate(cells):
    print(n + 1, '"' + json.dumps(cell).replace('"', '""') + '"', sep=",")
