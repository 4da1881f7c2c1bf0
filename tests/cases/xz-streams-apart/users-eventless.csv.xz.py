# two streams, padded as the format allows it, and NULs of tar
import lzma
import sys

out = sys.stdout.buffer
out.write(lzma.compress(b"user_identities.customerid,user_attributes.city\nC-1,Bonn\n") + bytes(8))
out.write(lzma.compress(b"C-2,Ulm\n") + bytes(510))
