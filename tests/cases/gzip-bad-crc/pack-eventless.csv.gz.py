# SPDX-License-Identifier: MIT
import sys, zlib


def member(text):
    """One of gzip's, by hand, for a library's bytes vary with its version: a stored block (RFC 1951 section 3.2.4)."""
    n = len(text)
    block = b"\1" + n.to_bytes(2, "little") + (n ^ 0xFFFF).to_bytes(2, "little") + text
    return b"\x1f\x8b\x08" + bytes(6) + b"\3" + block + zlib.crc32(text).to_bytes(4, "little") + n.to_bytes(4, "little")


data = member(b"mpid\n1\n2\n")
sys.stdout.buffer.write(data[:-8] + bytes([data[-8] ^ 1]) + data[-7:])
