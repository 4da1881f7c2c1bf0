import sys

sys.stdout.buffer.write(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(120))
