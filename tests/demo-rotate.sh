#!/bin/bash
# SPDX-License-Identifier: ISC
# demo-rotate.sh [BUILD]: build, then show an identity being replaced and
# destroyed while a contact writes (demo-rotate-world.sh): make demo-rotate.
# Fails if anything it claims is not so.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
make -j2 --no-print-directory "O=$build" all "$build/test/json_pick" \
	"$build/test/hunt" "$build/test/rows"
echo
timeout -s KILL 180 tests/lab/world -p -o "$build" tests/demo-rotate-world.sh ||
	{ echo "demo-rotate: FAILED" >&2; exit 1; }
echo "demo-rotate: all of it is so"
