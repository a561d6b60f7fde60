#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""relay.py FROM TO: what comes in at the Unix socket FROM goes on to TO, octet
by octet, and back: all that a forwarding of sockets does."""
import os
import socket
import sys
import threading


def copy(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in a, b:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(sys.argv[1])
    listening.listen(16)
    while True:
        near, _ = listening.accept()
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(sys.argv[2])
        except OSError:
            near.close()
            continue
        for pair in (near, far), (far, near):
            threading.Thread(target=copy, args=pair, daemon=True).start()


try:
    main()
except KeyboardInterrupt:
    os._exit(0)
