#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""way.py plain|encrypted JULIET ROMEO: the whole way of a message.

Two running xmpp-chat --json of the same kind: commands go to the descriptor
JULIET, events of romeo's are read from ROMEO. Prints the median and the
slowest percentile of the time from a text's entry to its display, one at a
time, then how many a second of a burst arrive; all of them, in order.
"""
import json
import os
import statistics
import sys
import time

ONE_BY_ONE = 100
PAUSE = 0.03  # a person's: what follows a message (receipts) is over
BURST = 1000
PATIENCE = 60


def shown(line, kind):
    """The text that is displayed by this event, or None."""
    event = json.loads(line)
    if kind == "encrypted" and event["event"] == "message":
        return event["body"]
    if kind == "plain" and event["event"] == "notice":
        return "plain"
    return None


class Events:
    def __init__(self, fd, kind):
        self.file = os.fdopen(fd, encoding="utf-8")
        self.kind = kind

    def next(self):
        while True:
            line = self.file.readline()
            if not line:
                sys.exit("way.py: romeo has ended")
            text = shown(line, self.kind)
            if text is not None:
                return text


def say(fd, text):
    command = {"command": "send", "to": "romeo@montague.lit", "body": text,
               "ref": text}
    os.write(fd, (json.dumps(command) + "\n").encode())


def main():
    kind, out = sys.argv[1], int(sys.argv[2])
    events = Events(int(sys.argv[3]), kind)
    say(out, "first")  # lists, bundles, readers
    events.next()
    times = []
    for i in range(ONE_BY_ONE):
        time.sleep(PAUSE)
        began = time.perf_counter()
        say(out, f"one-{i}")
        got = events.next()
        times.append(time.perf_counter() - began)
        if kind == "encrypted" and got != f"one-{i}":
            sys.exit(f"way.py: {got} instead of one-{i}")
    times.sort()
    began = time.perf_counter()
    for i in range(BURST):
        say(out, f"burst-{i}")
    got = [events.next() for _ in range(BURST)]
    took = time.perf_counter() - began
    if kind == "encrypted" and got != [f"burst-{i}" for i in range(BURST)]:
        sys.exit("way.py: the burst is out of order")
    print(f"way seconds\t{statistics.median(times):.6g}")
    print(f"way slowest percentile\t{times[len(times) * 99 // 100]:.6g}")
    print(f"burst\t{BURST / took:.6g}")


main()
