#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""crowd.py SOCKET ACCOUNT OTHER: what no client of ours does to an agent.

Speaks the protocol from PROTOCOL.md alone, with nothing of our C. Each part
prints a line and the figures; the first surprise ends it with 1.

  crowd     64 clients at once, each attached, and more than the agent has
            room for: told why; when they have gone there is room again
  asking    requests for thousands of handles that do not exist, pipelined
  another   a connection restricted to ACCOUNT asks for what is OTHER's
  vanished  a thousand clients that ask and are gone before the answer
  silent    clients that ask for all and read nothing
"""
import os
import re
import socket
import struct
import sys
import time

ERROR, REPLY = 255, 254
NOT_YOURS, NOT_FOUND = 9, 16
INFO, TEXT = 1, 4
NUMBERS = {}  # of messages, by name


def read_numbers():
    """From PROTOCOL.md's index."""
    with open("PROTOCOL.md", encoding="utf-8") as f:
        for number, name in re.findall(r"^\*\*(\d+) ([A-Z_]+)\*\*", f.read(),
                                       re.MULTILINE):
            NUMBERS.setdefault(name, int(number))


def string(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data


class Gone(Exception):
    """The agent has closed the connection."""


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.id = 0
        self.data = b""

    def send(self, name, body=b""):
        self.id += 1
        frame = struct.pack(">BI", NUMBERS[name], self.id) + body
        self.sock.sendall(struct.pack(">I", len(frame)) + frame)
        return self.id

    def receive(self):
        """(type, id, body) of the next frame."""
        while True:
            if len(self.data) >= 4:
                size = struct.unpack(">I", self.data[:4])[0]
                if len(self.data) >= 4 + size:
                    frame = self.data[4:4 + size]
                    self.data = self.data[4 + size:]
                    kind, ident = struct.unpack(">BI", frame[:5])
                    return kind, ident, frame[5:]
            try:
                more = self.sock.recv(1 << 16)
            except ConnectionResetError as error:
                raise Gone from error
            if not more:
                raise Gone
            self.data += more

    def answer(self, ident):
        while True:
            kind, got, body = self.receive()
            if got == ident:
                return kind, body

    def call(self, name, body=b""):
        return self.answer(self.send(name, body))

    def hello(self):
        kind, body = self.call("HELLO", struct.pack(">II", 1, 0))
        must(kind == REPLY, f"HELLO: {body}")
        return self

    def front(self, name, account):
        self.hello()
        kind, body = self.call("RESTRICT", struct.pack(">I", INFO | TEXT) +
                               string(name) + struct.pack(">I", 1) +
                               string(account))
        must(kind == REPLY, f"RESTRICT: {body}")
        kind, body = self.call("ATTACH_FRONT", string(account))
        must(kind == REPLY, f"ATTACH: {body}")
        return self

    def close(self):
        self.sock.close()


def must(true, what):
    if not true:
        sys.exit(f"crowd.py: {what}")


def error(body):
    """(code, text)"""
    code, size = struct.unpack(">II", body[:8])
    return code, body[8:8 + size].decode()


def crowd(path, account):
    there = [Client(path).front(f"crowd-{i % 32}", account) for i in range(64)]
    while len(there) < 300:
        there.append(Client(path))
        try:
            there[-1].send("HELLO", struct.pack(">II", 1, 0))
        except BrokenPipeError:
            pass  # its reason is there to be read
        kind, ident, body = there[-1].receive()
        if ident == 0:
            break
    must(kind == ERROR and error(body)[1] == "too many clients",
         f"{len(there)} clients: {kind} {body}")
    for client in there[:64]:
        must(client.call("STATUS")[0] == REPLY, "one of 64 is not answered")
    for client in there:
        client.close()
    end = time.monotonic() + 10
    while True:
        try:
            Client(path).front("after", account).close()
            break
        except (Gone, BrokenPipeError):
            must(time.monotonic() < end, "no room after they have gone")
            time.sleep(0.05)
    print(f"crowd: 64 answered; number {len(there)} refused; room again")


def asking(path, account):
    client = Client(path).front("asking", account)
    total, refused, began = 0, 0, time.monotonic()
    while time.monotonic() - began < 3:
        idents = {client.send("OPEN", string(account) + os.urandom(16))
                  for _ in range(200)}
        while idents:
            kind, ident, body = client.receive()
            if ident in idents:
                idents.remove(ident)
                total += 1
                refused += kind == ERROR
                must(kind == ERROR and error(body)[0] == NOT_FOUND,
                     f"OPEN of nothing: {kind} {body}")
    rate = total / (time.monotonic() - began)
    must(rate > 1000, f"only {rate:.0f} a second")
    client.close()
    print(f"asking: {total} handles, {rate:.0f} a second, all refused")


def another(path, account, other):
    client = Client(path).front("narrow", account)
    tries = {
        "ATTACH_FRONT": string(other),
        "WAITING": string(other),
        "OUTBOX": string(other),
        "OPEN": string(other) + bytes(16),
        "WRITER": string(other) + bytes(16),
        "SHOWN": string(other) + bytes(16),
    }
    for name, body in tries.items():
        kind, said = client.call(name, body)
        must(kind == ERROR and error(said)[0] == NOT_YOURS,
             f"{name} of {other}: {kind} {said}")
    client.close()
    print(f"another: {' '.join(tries)} refused")


def vanished(path, account):
    for i in range(1000):
        client = Client(path)
        try:
            client.hello()
            client.send("RESTRICT", struct.pack(">I", INFO | TEXT) +
                        string(f"gone-{i % 8}") + struct.pack(">I", 0))
            client.send("ATTACH_FRONT", string(account))
            for _ in range(20):
                client.send("WAITING", string(account))
            if i % 2:  # half of a frame more
                client.sock.sendall(b"\0\0\1\0\7")
        except BrokenPipeError:
            pass
        client.close()
    print("vanished: 1000")


def silent(path, account):
    """They stay until this program ends."""
    clients = []
    for i in range(16):
        client = Client(path).front(f"silent-{i}", account)
        client.sock.setblocking(False)
        try:
            for _ in range(5000):
                client.send("WAITING", string(account))
        except BlockingIOError:
            pass
        clients.append(client)
    print("silent: 16", flush=True)
    return clients


def main():
    path, account, other = sys.argv[1:]
    read_numbers()
    crowd(path, account)
    asking(path, account)
    another(path, account, other)
    vanished(path, account)
    clients = silent(path, account)
    sys.stdin.read()  # until told
    del clients


if __name__ == "__main__":
    main()
