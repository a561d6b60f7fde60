#!/bin/bash
# SPDX-License-Identifier: ISC
# make bench-plots: how it grows. Sessions stored: time of a message, memory,
# database, start. Clients at once: throughput, slowest percentile. Inside a
# world that keeps its privilege, the state on a disk. Figures to the
# descriptors 3 (sessions) and 4 (clients), for plots.gp.
T=$(mktemp -d /var/tmp/xmpp-agent-bench.XXXXXX) || exit 1
trap 'rm -rf "$T"' EXIT
[ "$LAB_DROP" != uid ] || chown "$LAB_UID" "$T"
. "$LAB/lib.sh"
. tests/bench/rows.sh
NS=${BENCH_NS:-0}
RUNS=${RUNS:-3}

# value NAME: of the last samples
value() {
	awk -F'\t' -v n="$1" '$2 == n { print $3 }' "$T/last"
}

# median COMMAND...: of each figure that it prints, RUNS times
median() {
	local i
	: >"$T/many"
	for i in $(seq "$RUNS"); do
		"$@" >>"$T/many" || fail "$*"
	done
	sort -t "$(printf '\t')" -k2,2 -k3,3g "$T/many" | awk -F'\t' '
		$2 != name { if (n) print "-\t" name "\t" v[int((n + 1) / 2)]; name = $2; n = 0 }
		{ v[++n] = $3 }
		END { print "-\t" name "\t" v[int((n + 1) / 2)] }' >"$T/last"
}

database() {
	cat "$T/$A/state/xmpp-agent/"vault.db* | wc -c
}

echo "# sessions ms/message(64 in flight) ms/message(alone) KiB database start(s)" >&3
fresh
have=0
for sessions in ${SESSIONS_LIST:-1 10 100 1000 10000 100000}; do
	ours fill $((sessions - have)) >/dev/null
	have=$sessions
	median ours encrypt
	flight=$(value encrypt)
	median ours encrypt-alone
	alone=$(value 'encrypt alone')
	kib=$(memory "$A" | awk -F'\t' '/^memory/ { print $2 }')
	agent_stop "$A"
	octets=$(database)
	start=$(start_of "$A" | awk -F'\t' '{ print $2 }')
	agent_start "$A"
	unlock "$A"
	echo "$sessions $(awk "BEGIN { print 1000 / $flight, 1000 / $alone }") $kib $octets $start"
done | tee /dev/fd/3
agent_stop "$A"

echo "# clients messages/s median(s) slowest-percentile(s)" >&4
for n in 1 4 16 64; do
	fresh
	median ours clients "$n"
	echo "$n $(value 'messages a second') $(value 'median seconds') $(value 'slowest percentile seconds')"
	done_with
done | tee /dev/fd/4
