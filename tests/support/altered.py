#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""altered.py JID: of two stanzas with OMEMO messages, one a line, make what an
enemy on the way would: in the first the last octets of every key for JID are
others, in the second those of the payload. Both get new ids.
"""
import base64
import re
import sys


def turn(text):
    octets = bytearray(base64.b64decode(text))
    octets[-9] ^= 1  # of the MAC, or of what is under it
    return base64.b64encode(octets).decode()


def main():
    for n, line in enumerate(sys.stdin):
        what = "key" if n == 0 else "payload"
        line = re.sub(rf"(<{what}\b[^>]*>)([^<]*)(</{what}>)",
                      lambda m: m.group(1) + turn(m.group(2)) + m.group(3), line)
        line = re.sub(r"<(stanza-id|delay|origin-id)\b[^>]*/>", "", line)
        line = re.sub(r" id='[^']*'", f" id='altered-{n}'", line, count=1)
        line = re.sub(r" (from|to)='[^']*'", "", line)
        line = line.replace("<message", f"<message to='{sys.argv[1]}'", 1)
        print(line.rstrip("\n"))


main()
