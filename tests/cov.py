# SPDX-License-Identifier: ISC
"""cov.py BUILD PERCENT: after a run of what was built with --coverage, a row
for each file that runs in the keeper: lines run, lines there are. Fails if
less than PERCENT of all of them were run, or a file was not run at all, or
there is an error of ipc/err.h that no line that was run speaks of."""
import glob
import json
import os
import re
import subprocess
import sys

# What runs in other processes only.
ELSEWHERE = {"agent/derive.c", "agent/launcher.c", "agent/launcher_ask.c",
             "agent/main.c", "agent/parser.c", "agent/place.c", "agent/store.c",
             "agent/supervisor.c", "ipc/agent_client.c", "ipc/duration.c",
             "ipc/sync.c"}
NO_CODE = {"profile", "methods"}
# That never comes out of the keeper, or ends it where nothing is recorded.
NOT_ITS = {"ERR_OK", "ERR_LAST", "ERR_CONTAINED"}


def keeper_files():
    for pattern in ("agent/*.c", "agent/*/*.c", "ipc/*.c"):
        for path in sorted(glob.glob(pattern)):
            if path not in ELSEWHERE:
                yield path


def lines_run(build, path):
    """{line: times}"""
    data = f"{build}/{path[:-2]}.gcda"
    if not os.path.exists(data):
        return {}
    out = subprocess.run(["gcov", "--json-format", "--stdout", data],
                         capture_output=True, check=True, text=True).stdout
    lines = {}
    for report in map(json.loads, out.splitlines()):
        for file in report["files"]:
            if file["file"] == path:
                for line in file["lines"]:
                    n = line["line_number"]
                    lines[n] = lines.get(n, 0) + line["count"]
    return lines


def errors_of(path, lines):
    """What errors the lines of a file that were run name."""
    with open(path, encoding="utf-8") as f:
        for number, text in enumerate(f, 1):
            if lines.get(number):
                yield from re.findall(r"\bERR_[A-Z_]+\b", text)


def all_errors():
    with open("ipc/err.h", encoding="utf-8") as f:
        return set(re.findall(r"^\t(ERR_[A-Z_]+) = ", f.read(),
                              re.MULTILINE)) - NOT_ITS


def main():
    build, least = sys.argv[1], float(sys.argv[2])
    run = there = 0
    missed, unheard = [], all_errors()
    for path in keeper_files():
        lines = lines_run(build, path)
        name = os.path.basename(path)[:-2]
        if not lines:
            if name not in NO_CODE:
                missed.append(path)
            continue
        unheard.difference_update(errors_of(path, lines))
        hit = sum(1 for times in lines.values() if times)
        print(f"{100 * hit / len(lines):6.1f} %  {hit:4} of {len(lines):4}  "
              f"{path}")
        run += hit
        there += len(lines)
    percent = 100 * run / there if there else 0
    for path in missed:
        print(f"not run: {path}")
    for error in sorted(unheard):
        print(f"never given: {error}")
    print(f"{percent:.1f} % of {there} lines of the keeper's files")
    return 0 if percent >= least and not missed and not unheard else 1


if __name__ == "__main__":
    sys.exit(main())
