#!/bin/bash
# SPDX-License-Identifier: ISC
# make bench: inside a world that keeps its privilege (another process's memory
# is looked at), with the state on a disk (/var/tmp), since durability is part
# of it. Ours and the peers by turns, RUNS times; a table to standard output,
# JSON to descriptor 3.
T=$(mktemp -d /var/tmp/xmpp-agent-bench.XXXXXX) || exit 1
trap 'stop_peers; rm -rf "$T"' EXIT
[ "$LAB_DROP" != uid ] || chown "$LAB_UID" "$T"
. "$LAB/lib.sh"
. tests/bench/rows.sh
eval "$(declare -f fail | sed '1s/fail/lab_fail/')"
fail() { # not into the samples
	lab_fail "$@" >&2
}
RUNS=${RUNS:-5} NAMESPACES="0 1"
: >"$T/samples"
for run in $(seq "$RUNS"); do
	for row in ${ROWS:-encrypt ratchet session reverse fan sign first start memory way}; do
		"row_$row" >>"$T/samples" || fail "row $row"
	done
	echo "run $run of $RUNS: $SECONDS s" >&2
done
versions >"$T/versions"
python3 tests/bench/report.py "$T/samples" "$T/versions" >&3
python3 tests/bench/report.py -t "$T/samples" "$T/versions"
