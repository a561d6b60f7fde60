#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""needs.py BUILD [ROW ...]: which test needs which row of the keeper's table.

Takes the rows of --policy keeper away, one after the other (or those whose
call is a ROW), and runs the tests of TESTS until one fails. The agent is the
prisoner's (wrap.c), which reads in BUILD-needs/without what it is to leave
out; everything else is as built. Prints the table that THREATS.md has
(regress/policy-needs.sh holds them against each other). Exit 1 if a test fails
with all rows there, or a row is needed by none: then it has to go.
"""
import os
import re
import shutil
import subprocess
import sys

# The cheap ones first; rare-calls is for what is not called every day.
TESTS = ["regress/agent-life", "regress/rare-calls"]


def rows(build):
    """(call, condition) of each row of the keeper's, in order."""
    text = subprocess.run([build + "/xmpp-agent", "--policy", "keeper"],
                          check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        m = re.match(r"^  (\w+) +passes +(.*)$", line)
        if m:
            when = m.group(2).partition("; ")[0]
            yield m.group(1), when if when.startswith("argument") else ""


def prepare(build):
    place = build + "-needs"
    shutil.rmtree(place, ignore_errors=True)
    os.mkdir(place)
    for name in os.listdir(build):
        if name.startswith("xmpp-") or name in ("test", "share"):
            subprocess.run(["cp", "-al", f"{build}/{name}", place], check=True)
    os.unlink(place + "/xmpp-agent")
    os.link(build + "/test/prisoner/xmpp-agent", place + "/xmpp-agent")
    return place


def fails(place, test):
    return subprocess.run(["tests/run", "-o", place, test], check=False,
                          stdout=subprocess.DEVNULL).returncode != 0


def first_that_fails(place, without):
    with open(place + "/without", "w", encoding="ascii") as f:
        f.write(f"keeper {without}\n")
    os.chmod(place + "/without", 0o644)
    for test in TESTS:
        if fails(place, test) and fails(place, test):  # not by load
            return test
    return None


def main():
    build, wanted = sys.argv[1], sys.argv[2:]
    place = prepare(build)
    failed = first_that_fails(place, 0)
    if failed:
        print(f"{failed}: fails with every row there")
        return 1
    status = 0
    print("| call | condition | fails without it |\n|---|---|---|")
    for number, (call, when) in enumerate(rows(build), 1):
        if wanted and call not in wanted:
            continue
        test = first_that_fails(place, number)
        status |= test is None
        print(f"| `{call}` | {when} | "
              f"{'`' + test + '.sh`' if test else 'NEEDED BY NONE'} |",
              flush=True)
    shutil.rmtree(place)
    return status


sys.exit(main())
