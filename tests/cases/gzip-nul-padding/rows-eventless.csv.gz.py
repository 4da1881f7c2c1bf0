# Padded to a whole block, as tar leaves a file on a tape.
import gzip, sys
data = gzip.compress(b"user_identities.customer_id\nA-1\nA-2\n", mtime=0)
sys.stdout.buffer.write(data + bytes(10240 - len(data)))
