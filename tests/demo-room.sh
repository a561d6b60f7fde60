#!/bin/bash
# SPDX-License-Identifier: ISC
# demo-room.sh [BUILD]: build, then show a room in which three accounts write,
# one of them with two devices, one on profanity (demo-room-world.sh): make
# demo-room. Fails if anything it claims is not so.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
make -j2 --no-print-directory "O=$build" all "$build/test/json_pick"
echo
timeout -s KILL 180 tests/lab/world -p -o "$build" tests/demo-room-world.sh ||
	{ echo "demo-room: FAILED" >&2; exit 1; }
echo "demo-room: all of it is so"
