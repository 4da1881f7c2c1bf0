# SPDX-License-Identifier: MIT
"""bombs.py FOLDER: archives of 10 GiB of zeros each, in a second: the packed bytes of 64 MiB are
repeated.

bombs.py peak COMMAND...: runs the command; the last line of standard output is its exit code and
its peak memory in KiB.
"""
import gzip
import os
import resource
import struct
import subprocess
import sys
import zlib

CHUNK, TIMES = 64 << 20, 160
SIZE = CHUNK * TIMES
NAME = b"a-custom_event.csv"


def deflated():
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(CHUNK)) + packer.flush(zlib.Z_FULL_FLUSH)


def zip_of(path, data, times, claim, names=(NAME,), prefix=b""):
    """claim: the size that headers state; past 4 GiB in a zip64 field. All names share the one
    stream of data."""
    packed = len(data) * times + 2
    big = claim >= 0xFFFFFFFF
    local_extra = struct.pack("<HHQQ", 1, 16, claim, packed) if big else b""
    sizes = (0xFFFFFFFF, 0xFFFFFFFF) if big else (packed, claim)
    with open(path, "wb") as f:
        f.write(prefix)
        f.write(
            struct.pack(
                "<4sHHHHHIIIHH",
                b"PK\3\4",
                45,
                0,
                8,
                0,
                33,
                0,
                *sizes,
                len(names[0]),
                len(local_extra)
            )
            + names[0]
            + local_extra
        )
        for _ in range(times):
            f.write(data)
        f.write(b"\x03\x00")  # an empty last block
        start = f.tell()
        for name in names:
            f.write(
                struct.pack(
                    "<4sHHHHHHIIIHHHHHII",
                    b"PK\1\2",
                    45,
                    45,
                    0,
                    8,
                    0,
                    33,
                    0,
                    *sizes,
                    len(name),
                    len(local_extra),
                    0,
                    0,
                    0,
                    0,
                    len(prefix)
                )
                + name
                + local_extra
            )
        end = f.tell()
        f.write(
            struct.pack(
                "<4sHHHHIIH", b"PK\5\6", 0, 0, len(names), len(names), end - start, start, 0
            )
        )


def make(folder):
    member, stream = gzip.compress(bytes(CHUNK), 9), deflated()
    with open(os.path.join(folder, "gzip-custom_event.csv.gz"), "wb") as f:
        for _ in range(TIMES):
            f.write(member)
    zip_of(os.path.join(folder, "zip64.zip"), stream, TIMES, SIZE)
    zip_of(os.path.join(folder, "liar.zip"), stream, TIMES, 100)
    # one stream of 64 MiB under a thousand names
    zip_of(
        os.path.join(folder, "overlap.zip"),
        stream,
        1,
        CHUNK,
        [b"%03d-custom_event.csv" % i for i in range(1000)],
    )


if sys.argv[1] == "peak":
    code = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL, check=False).returncode
    print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
else:
    make(sys.argv[1])
