#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""compose.py SOCKET ACCOUNT NAME TO: a front that composes what ours does not.

Each line of standard input becomes the content of an envelope of its own
("%N%TEXT%" stands for N times TEXT), composed under the client name NAME: the
next client of that name sends them. Speaks the protocol from PROTOCOL.md alone.
"""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(__file__))
from crowd import Client, REPLY, read_numbers, string  # noqa: E402

SCE_CONTENT = 1


def main():
    path, account, name, to = sys.argv[1:]
    read_numbers()
    client = Client(path).front(name, account)
    for n, line in enumerate(sys.stdin):
        content = re.sub(r"%(\d+)%([^%]*)%",
                         lambda m: m.group(2) * int(m.group(1)),
                         line.rstrip("\n"))
        kind, body = client.call(
            "COMPOSE", string(account) + string(to) + b"\0" +
            string("composed-%d" % n) + struct.pack(">IB", 1, SCE_CONTENT) +
            string(content))
        if kind != REPLY:
            sys.exit("refused: %r" % body)


main()
