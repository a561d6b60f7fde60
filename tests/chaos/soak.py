# SPDX-License-Identifier: ISC
"""soak.py [-t SECONDS] [-c CLIENTS]: inside a world, traffic from so many
clients (600 s, 16) of two people, and the resident size of each process when
the traffic has begun and at its end. Fails if a message has not been shown to
every client of the other side, or a process has grown by more than GROWTH."""
import argparse
import collections
import random
import sys
import time

import world
from chaos import Drive

GROWTH = 16 * 1024  # KiB; the waiting messages alone may take 16 MiB
SHARE = 3  # mean seconds between two messages of a client
WARM = 10  # seconds of traffic before the first look


def resident():
    """{(role, pid): KiB}"""
    sizes = {}
    for role, pids in world.roles().items():
        for pid in pids:
            with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                lines = dict(line.split(":", 1) for line in f)
            sizes[role, pid] = int(lines["VmRSS"].split()[0])
    return sizes


class Soak(Drive):
    """Traffic and nothing else."""

    share = SHARE

    def run(self, seconds):
        """The sizes before and after."""
        self.everybody()
        first, end = None, time.monotonic() + seconds
        warm = time.monotonic() + min(WARM, seconds / 2)
        while time.monotonic() < end:
            self.talk_all()
            self.step()
            if first is None and time.monotonic() > warm:
                first = resident()
        return first, resident()


def print_sizes(first, last):
    """By role: the largest at the start, at the end, the largest growth."""
    rows = collections.defaultdict(list)
    for (role, pid), size in last.items():
        if (role, pid) in first:
            rows[role].append((first[role, pid], size))
    print(f"{'KiB resident':14} {'processes':>9} {'start':>8} {'end':>8} "
          f"{'growth':>8}")
    worst = 0
    for role, sizes in sorted(rows.items()):
        growth = max(b - a for a, b in sizes)
        worst = max(worst, growth)
        print(f"{role:14} {len(sizes):9} {max(a for a, _ in sizes):8} "
              f"{max(b for _, b in sizes):8} {growth:8}")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-t", dest="seconds", type=int, default=600)
    parser.add_argument("-c", dest="clients", type=int, default=16)
    options = parser.parse_args()
    letters = "abcdefghijklmnopqrstuvwxyz"[:options.clients // 2]
    soak = Soak(random.Random(), letters)
    try:
        first, last = soak.run(options.seconds)
        restarted = len(set(first) - set(last))
        worst = print_sizes(first, last)
        world.wait(60, "everything shown to the other side",
                   lambda: not soak.missing(siblings=False), soak.step)
    except world.Failure as failure:
        print(f"FAILED: {failure}")
        restarted = worst = None
    lost = len(soak.missing(siblings=False))
    print(f"{len(soak.sent)} of {len(soak.bodies)} messages sent, {lost} not "
          f"shown, {restarted} processes replaced, growth {worst} KiB")
    return 0 if lost == 0 and restarted == 0 and worst <= GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
