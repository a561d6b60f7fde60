#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""broken.py SOCKET ACCOUNT ACT TEXT: a client that goes wrong with TEXT.

compose         TEXT is composed as a kind that there is not: refused
large           … and is 200 KiB long: refused
cut-compose     the connection ends in the middle of the frame, after TEXT
cut-elevate     the same, TEXT being the passphrase
elevate         TEXT is not the passphrase: refused
Prints nothing; fails if what is to be refused is not.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(__file__))
from crowd import Client, NUMBERS, REPLY, read_numbers, string  # noqa: E402

TRUST = 8
PASSPHRASE = 0


def compose(account, text, kind):
    return (string(account) + string("romeo@montague.lit") + bytes([kind]) +
            string("broken") + struct.pack(">IB", 1, 0) + string(text))


def cut(client, name, body):
    """A frame that would be 1000 octets longer, and the end."""
    frame = struct.pack(">BI", NUMBERS[name], 77) + body
    client.sock.sendall(struct.pack(">I", len(frame) + 1000) + frame)
    client.call_nothing()


def refused(client, name, body):
    kind, _ = client.call(name, body)
    if kind == REPLY:
        sys.exit(f"{name}: not refused")


class Broken(Client):
    def call_nothing(self):
        self.sock.shutdown(1)
        while self.sock.recv(4096):
            pass


def main():
    path, account, act, text = sys.argv[1:]
    read_numbers()
    client = Broken(path)
    elevate = struct.pack(">IB", TRUST, PASSPHRASE) + string(text)
    if act in ("elevate", "cut-elevate"):
        client.hello()
    else:
        client.front("broken", account)
    if act == "compose":
        refused(client, "COMPOSE", compose(account, text, 99))
    elif act == "large":
        refused(client, "COMPOSE", compose(
            account, text * (200 * 1024 // len(text.encode())), 0))
    elif act == "elevate":
        refused(client, "ELEVATE", elevate)
    elif act == "cut-compose":
        cut(client, "COMPOSE", compose(account, text, 0))
    elif act == "cut-elevate":
        cut(client, "ELEVATE", elevate)
    else:
        sys.exit(f"{act}: no such act")
    client.close()


main()
