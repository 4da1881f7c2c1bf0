import sys

sys.stdout.buffer.write(b"user_identities.customerid,user_attributes.Town\r\n1,Ulm\r\n\x1a\x1a\r\n")
