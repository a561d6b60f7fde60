#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""report.py [-t] SAMPLES VERSIONS: the bench's samples as JSON (-t: a table).

Of each figure the median of its runs. ratio: how many times as fast as the
peer; where less is better (goals with <=): how many times as much as it takes.
Only the ratios carry over to another machine.
"""
import datetime
import json
import statistics
import sys

LEGACY, TWO = "OMEMO 0.3.0", "OMEMO 2"
LIBRARY = "libomemo-c in process, nothing stored"
COMMITS = "libomemo-c, one SQLite commit a message"

# (name, our side, peer's side, its figure, peer, unit, goal, durable, in flight)
ROWS = []
for ns, name, some, commits in ((0, LEGACY, ">=0.2", ">=15"),
                                (1, TWO, ">=0.6", ">=15")):
    ours, lib, sql = f"ours{ns}", f"omemo{ns}", f"sqlite{ns}"
    ROWS += [
        (f"encrypt, same chain, {name}", ours, lib, "encrypt", LIBRARY,
         "/s", some, True, 64),
        (f"encrypt, same chain, {name}", ours, sql, "encrypt", COMMITS,
         "/s", commits, True, 64),
        (f"encrypt, one at a time, {name}", (ours, "encrypt alone"), sql,
         "encrypt", COMMITS, "/s", "", True, 1),
        (f"a message: COMPOSE, ENCRYPT, SENT, {name}", (ours, "message"), sql,
         "encrypt", COMMITS, "/s", "", True, 64),
        (f"decrypt, a DH step each, {name}", ours, lib, "ratchet", LIBRARY,
         "/s", ">=3", True, 64),
        (f"the same, and the next encrypted, {name}", ours, lib, "round",
         LIBRARY, "/s", "", True, 64),
        (f"session from a bundle, first message, {name}", ours, lib,
         "session", LIBRARY, "/s", ">=3", True, 64),
        (f"1,000 messages in reverse order, {name}", ours, lib,
         "reverse seconds", LIBRARY, "s", ">=50", True, 64),
        (f"open a first message, {name}", ours, "gpg", "first",
         "gpg-agent, one cv25519 decryption", "/s", ">=1.4", True, 64),
        (f"open a first message, {name}", ours, lib, "first", LIBRARY,
         "/s", "", True, 64),
        (f"one message to 1,000 devices, {name}", ours, "omemo1",
         "fan seconds", "libomemo-c, OMEMO 2, nothing stored", "s", ">=1",
         True, 1),
        (f"one message to 1,000 devices, {name}", ours, "omemo0",
         "fan seconds", "libomemo-c, OMEMO 0.3.0, nothing stored", "s", "",
         True, 1),
        (f"one message to 1,000 devices, {name}", ours, "python",
         "fan seconds", "python-omemo (OMEMO 2), nothing stored", "s", "",
         True, 1),
    ]
ROWS += [
    ("a signature, one at a time", "ours0", "ssh", "sign alone",
     "ssh-agent, Ed25519", "/s", ">=6", False, 1),
    ("a signature, pipelined", "ours0", "ssh", "sign flight",
     "ssh-agent, Ed25519", "/s", ">=12", False, 64),
    ("start to first answer, locked", "ours", "ssh", "start seconds",
     "ssh-agent", "s", "<=2", False, 1),
    ("start to first answer, 10,000 sessions", "filled", "ssh",
     "start seconds", "ssh-agent", "s", "<=3", False, 1),
    ("from a text's entry to its display, median", "encrypted", "plain",
     "way seconds", "the same programs in clear", "s", "<=1.5", True, 1),
    ("the slowest percentile of that", "encrypted", "plain",
     "way slowest percentile", "the same programs in clear", "s", "", True, 1),
    ("a burst of 1,000, all there in order", "encrypted", "plain", "burst",
     "the same programs in clear", "/s", "", True, 0),
    ("memory not shared, unlocked", "ours", "ssh", "memory KiB", "ssh-agent",
     "KiB", "", False, 0),
    ("memory not shared, unlocked", "ours", "gpg", "memory KiB", "gpg-agent",
     "KiB", "", False, 0),
]
# ours against a fixed figure: (name, side, figure, unit, most)
LIMITS = [("memory not shared, unlocked", "ours", "memory KiB", "KiB", 3072)]
SESSIONS = 10000


def read_samples(path):
    samples = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            side, name, value = line.rstrip("\n").split("\t")
            samples.setdefault((side, name), []).append(float(value))
    return {key: (statistics.median(v), len(v)) for key, v in samples.items()}


def is_met(ratio, goal):
    if goal.startswith(">="):
        return ratio >= float(goal[2:])
    if goal.startswith("<="):
        return ratio <= float(goal[2:])
    return None


def rows(samples):
    for name, ours, side, figure, peer, unit, goal, durable, flight in ROWS:
        key = ours if isinstance(ours, tuple) else (ours, figure)
        if key not in samples or (side, figure) not in samples:
            continue
        (a, runs), (b, _) = samples[key], samples[side, figure]
        less = goal.startswith("<=") or unit == "KiB"
        ratio = a / b if unit == "/s" or less else b / a
        yield {"name": name, "ours": a, "peer": b, "unit": unit,
               "ratio": ratio, "durable": durable, "in_flight": flight,
               "against": peer, "goal": goal, "met": is_met(ratio, goal),
               "runs": runs}
    for name, side, figure, unit, most in LIMITS:
        if (side, figure) in samples:
            value, runs = samples[side, figure]
            yield limit(name, value, unit, most, runs)
    more = ("filled", "memory KiB")
    if more in samples:
        each = (samples[more][0] - samples["empty", "memory KiB"][0]) / SESSIONS
        yield limit("memory for each stored session", each, "KiB", 1, 1)


def limit(name, value, unit, most, runs):
    return {"name": name, "ours": value, "peer": None, "unit": unit,
            "ratio": value / most, "durable": False, "in_flight": 0,
            "against": f"at most {most} {unit}", "goal": "<=1",
            "met": value <= most, "runs": runs}


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(found, versions):
    print(f"{'':55} {'ours':>9} {'peer':>9} {'':4} {'ratio':>7} {'goal':>7}")
    last = None
    for r in found:
        if r["name"] != last:
            flight = f", {r['in_flight']} in flight" if r["in_flight"] else ""
            last = r["name"]
            print(f"{last}{', durable' if r['durable'] else ''}{flight}")
        word = {True: "met", False: "MISSED", None: ""}[r["met"]]
        print(f"    {r['against']:51} {number(r['ours']):>9} "
              f"{number(r['peer']):>9} {r['unit']:4} {r['ratio']:7.2f} "
              f"{r['goal']:>7} {word}")
    print("; ".join(versions))


def main():
    as_table = sys.argv[1:2] == ["-t"]
    paths = sys.argv[2:] if as_table else sys.argv[1:]
    samples = read_samples(paths[0])
    with open(paths[1], encoding="utf-8") as f:
        versions = f.read().splitlines()
    found = list(rows(samples))
    if as_table:
        table(found, versions)
    else:
        json.dump({"date": datetime.date.today().isoformat(),
                   "versions": versions, "rows": found,
                   "samples": {f"{s}: {n}": v[0]
                               for (s, n), v in sorted(samples.items())}},
                  sys.stdout, indent=1)
        print()


main()
