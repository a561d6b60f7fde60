#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""refused.py SOCKET ACCOUNT TEXT: requests with TEXT in them that the agent must
not take, each in another way, each answered by an error or by the end of the
connection; and frames that break off in the middle. For the memory hunt: none
of it may stay.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(__file__))
from crowd import Client, Gone, NUMBERS, REPLY, read_numbers, string  # noqa: E402

BODY = 0


def compose(account, to, text, more=b"", kind=b"\0", form=BODY):
    return (string(account) + string(to) + kind + string("refused") +
            struct.pack(">IB", 1, form) + string(text) + more)


def must_refuse(path, account, what, name, body, may=False):
    client = Client(path).front("refused", account)
    try:
        kind, _ = client.call(name, body)
    except Gone:
        kind = None
    client.close()
    if kind == REPLY and not may:
        sys.exit(f"refused.py: taken: {what}")
    print("asked:" if may else "refused:", what, flush=True)


def break_off(path, account, name, body, cut):
    """All but cut octets of a frame, and gone."""
    client = Client(path).front("broken", account)
    frame = struct.pack(">BI", NUMBERS[name], 77) + body
    frame = struct.pack(">I", len(frame)) + frame
    client.sock.sendall(frame[:-cut])
    client.close()
    print("broken off:", name, cut, flush=True)


def main():
    path, account, text = sys.argv[1:]
    romeo = "romeo@montague.lit"
    read_numbers()
    for what, body in {
            "no address": compose(account, "no address", text),
            "another account": compose("nurse@capulet.lit", romeo, text),
            "octets behind": compose(account, romeo, text, b"more"),
            "no such format": compose(account, romeo, text, form=99),
            "no such kind": compose(account, romeo, text, kind=b"\x63"),
            "too long": compose(account, romeo, text * 4000),
            "cut short": compose(account, romeo, text)[:-1]}.items():
        must_refuse(path, account, what, "COMPOSE", body)
    guess = b"\0" + string(text)
    for name, body in {"UNLOCK": guess, "ELEVATE": struct.pack(">I", 24) + guess,
                       "VAULT_CREATE": guess}.items():
        # an UNLOCK of what is unlocked is not looked into
        must_refuse(path, account, name, name, body, may=name == "UNLOCK")
    for cut in (1, 4, len(text)):
        break_off(path, account, "COMPOSE", compose(account, romeo, text), cut)
        break_off(path, account, "UNLOCK", guess, cut)
    # longer than one read, and than the first size of a buffer
    break_off(path, account, "COMPOSE", compose(account, romeo, text * 1000), 9)


main()
