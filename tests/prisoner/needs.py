#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""needs.py BUILD [NAME ...]: which test needs which row of sandbox/policy.c.

Runs the scripts of tests/regress (or those with a NAME in theirs) under
strace, and attributes every system call that a role makes after its filter
was loaded to its row. Prints each row with the first script that needed it.
Exit 1 if a row of keeper's or derive's is needed by none and is not in UNSEEN. By hand,
as root: it takes some minutes (make prisoner-needs).
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROLES = ["keeper", "derive", "store", "parser", "net-connect", "net-online", "front"]
# What no test can bring about, and why it stays.
UNSEEN = {
    ("keeper", "clock_gettime"): "the vdso answers here",
    ("keeper", "gettimeofday"): "the vdso answers here",
    ("keeper", "time"): "the vdso answers here",
    ("keeper", "getrandom"): "OpenSSL seeds anew, by the hour or by count",
    ("keeper", "mremap"): "realloc of 128 KiB: thousands of records",
    ("keeper", "rt_sigreturn"): "regress/prisoner: its signal's end",
    ("derive", "mremap"): "libc: realloc of 128 KiB",
    ("derive", "close"): "with stderr, at the end",
    ("derive", "rt_sigreturn"): "regress/prisoner: its signal's end",
}
NOT_FOR_THIS = {"chaos", "walls", "prisoner", "build", "install"}
EXEC = re.compile(r'^execve\("([^"]*)", \[([^\]]*)\]')
ENTERED = re.compile(r"^seccomp\(SECCOMP_SET_MODE_FILTER, .*\{len=")
CALL = re.compile(r"^([a-z0-9_]+)\((.*)")


def rows(build, role):
    """(name, words that the call must have, line) of each row that passes."""
    text = subprocess.run([build + "/xmpp-agent", "--policy", role],
                          check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        m = re.match(r"^  (\w+) +passes +(.*)$", line)
        if m:
            when = re.findall(r"argument \d: ([A-Z0-9_]+)", m.group(2))
            yield m.group(1), tuple(when), line.strip()


def role_of(program, args):
    name = os.path.basename(program)
    if name == "xmpp-agent-store":
        return "store"
    if name == "xmpp-agent-parser":
        return "parser"
    if name == "xmpp-net":
        return "net-connect"
    for role in ("keeper", "derive", "front"):
        if '"-x", "%s"' % role in args:
            return role
    return None


def account(path, seen):
    """Add (role, call with its arguments) of one process to seen."""
    role, inside = None, False
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if m := EXEC.match(line):
                role, inside = role_of(m.group(1), m.group(2)), False
            elif role and ENTERED.match(line):
                # net's second filter is let in by its first
                if inside and role == "net-connect":
                    seen.setdefault(role, set()).add(line[:200])
                    role = "net-online"
                inside = True
            elif role and inside and CALL.match(line):
                seen.setdefault(role, set()).add(line[:200])


def needed(row, calls):
    name, when, _ = row
    return any(c.startswith(name + "(") and all(w in c for w in when)
               for c in calls)


def run(build, script, traces):
    subprocess.run(["strace", "-qq", "-ff", "-e", "signal=none", "-s", "16",
                    "-o", traces + "/t", "tests/run", "-o", build,
                    "regress/" + script], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    seen = {}
    for path in glob.glob(traces + "/t.*"):
        account(path, seen)
        os.unlink(path)
    return seen


def main():
    build, wanted = sys.argv[1], sys.argv[2:]
    table = {role: list(rows(build, role)) for role in ROLES}
    first = {}
    scripts = sorted(os.path.basename(p) for p in glob.glob("tests/regress/*.sh"))
    for script in scripts:
        name = script[:-3]
        if name in NOT_FOR_THIS or (wanted and
                                    not any(w in name for w in wanted)):
            continue
        with tempfile.TemporaryDirectory() as traces:
            seen = run(build, script, traces)
        print("#", script, {r: len(c) for r, c in seen.items()}, flush=True)
        for role in ROLES:
            for row in table[role]:
                if needed(row, seen.get(role, ())):
                    first.setdefault((role, row), name)
    status = 0
    for role in ROLES:
        for row in table[role]:
            why = first.get((role, row)) or "UNSEEN: " + \
                UNSEEN.get((role, row[0]), "")
            if why == "UNSEEN: " and role in ("keeper", "derive"):
                why, status = "NEEDED BY NONE", 1
            print(f"{role:12} {row[0]:16} {','.join(row[1]):24} {why}")
    return status


sys.exit(main())
