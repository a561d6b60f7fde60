# SPDX-License-Identifier: ISC
"""cov.py BUILD PERCENT: after a run of what was built with --coverage, a row
for each file that runs in the keeper: lines run, lines there are. Fails if
less than PERCENT of all of them were run, or a file was not run at all."""
import glob
import json
import os
import subprocess
import sys

# What runs in other processes only.
ELSEWHERE = {"agent/derive.c", "agent/launcher.c", "agent/launcher_ask.c",
             "agent/main.c", "agent/place.c", "agent/store.c",
             "agent/supervisor.c", "ipc/agent_client.c", "ipc/duration.c",
             "ipc/sync.c"}
NO_CODE = {"profile", "methods"}


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


def main():
    build, least = sys.argv[1], float(sys.argv[2])
    run = there = 0
    missed = []
    for path in keeper_files():
        lines = lines_run(build, path)
        name = os.path.basename(path)[:-2]
        if not lines:
            if name not in NO_CODE:
                missed.append(path)
            continue
        hit = sum(1 for times in lines.values() if times)
        print(f"{100 * hit / len(lines):6.1f} %  {hit:4} of {len(lines):4}  "
              f"{path}")
        run += hit
        there += len(lines)
    percent = 100 * run / there if there else 0
    for path in missed:
        print(f"not run: {path}")
    print(f"{percent:.1f} % of {there} lines of the keeper's files")
    return 0 if percent >= least and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
