#!/bin/bash
# SPDX-License-Identifier: ISC
# make bench: inside a world that keeps its privilege (another process's memory
# is looked at), with the state on a disk (/var/tmp), since durability is part
# of it. Ours and the peers by turns, RUNS times; samples to report.py.
T=$(mktemp -d /var/tmp/xmpp-agent-bench.XXXXXX) || exit 1
trap 'rm -rf "$T"' EXIT
[ "$LAB_DROP" != uid ] || chown "$LAB_UID" "$T"
. "$LAB/lib.sh"
. tests/bench/rows.sh
: >"$T/samples"
began=$SECONDS
for run in $(seq "${RUNS:-5}"); do
	for row in ${ROWS:-encrypt ratchet session first reverse fan sign start memory way}; do
		"row_$row" >>"$T/samples" || fail "row $row"
	done
	echo "run $run of ${RUNS:-5}: $((SECONDS - began)) s" >&2
done
python3 tests/bench/report.py "$T/samples"
