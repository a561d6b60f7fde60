#!/bin/bash
# SPDX-License-Identifier: ISC
# demo.sh [BUILD]: build, then show the main thing work in a world of its own
# (demo-world.sh): make demo. Fails if anything it claims is not so.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
start=$(date +%s%N)
make -j2 --no-print-directory "O=$build" all "$build/test/json_pick" \
	"$build/test/attack"
echo
timeout -s KILL 120 tests/lab/world -o "$build" tests/demo-world.sh ||
	{ echo "demo: FAILED" >&2; exit 1; }
ms=$((($(date +%s%N) - start) / 1000000))
printf 'demo: all of it is so, after %d.%d s with the build\n' \
	$((ms / 1000)) $((ms / 100 % 10))
