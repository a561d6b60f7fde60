#!/bin/bash
# SPDX-License-Identifier: ISC
# An agent among clients that no one would write (support/crowd.py): too many
# at once, thousands of handles a second, gone before the answer, reading
# nothing, and one with a net's rights. Messages go through meanwhile, and
# memory and disk have a bound.
# plain build only
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit

resident() { # KiB
	awk '/^VmRSS:/ { print $2 }' "/proc/$(role_pid keeper "${PID[juliet]}")/status"
}

prosody
agent_start juliet
identity juliet $J
in_home juliet "$O/xmpp-key" create someone@else.example --others trust \
	--passphrase-file "$T/passphrase" >"$T/other.out" 2>&1 || fail create
agent_start romeo
identity romeo $R
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R
chat_say r $J "before" 1
must 20 event j event=message body=before
before=$(resident)
stored() { # KiB, what the log's end was grown to with it
	du -sk "$T/juliet/state/xmpp-agent" | cut -f 1
}
disk=$(stored)
keeper=$(role_pid keeper "${PID[juliet]}")

mkfifo "$T/hold"
become juliet python3 tests/support/crowd.py "$T/juliet/run/agent.sock" $J \
	someone@else.example <"$T/hold" >"$T/crowd.out" 2>"$T/crowd.err" &
crowd=$!
exec 9>"$T/hold"
n=0
until grep -q '^silent' "$T/crowd.out"; do
	gone $crowd && fail "the crowd has ended"
	[ $n -lt 200 ] || fail "the crowd takes too long"
	n=$((n + 1))
	chat_say r $J "during $n" "r$n"
	chat_say j $R "answer $n" "j$n"
	sleep 0.2
done
for i in $(seq $n); do # who was told no may say it again; nobody was
	must 20 event r event=message "body=answer $i"
	must 20 event j event=message "body=during $i"
done
cat "$T/crowd.out"
after=$(resident)
echo "keeper: $before KiB before, $after KiB with 16 that do not read; $n messages each way meanwhile"
# 16 clients at most that do not read: 1 MiB of answers each, and what the
# allocator keeps
[ "$after" -lt $((before + 32 * 1024)) ] || fail "the keeper has grown"
echo "disk: $disk KiB before, $(stored) KiB after"
# SQLite's log: up to its 1,000 pages of 4 KiB, and some for the messages
[ "$(stored)" -lt $((disk + 8 * 1024)) ] || fail "the store has grown"
exec 9>&-
must 10 gone $crowd
[ "$(role_pid keeper "${PID[juliet]}")" = "$keeper" ] || fail "another keeper"
chat_say r $J "after" 2
must 20 event j event=message body=after
in_home juliet "$O/xmpp-key" status >"$T/status.out" || fail status
[ "$(grep -c silent- "$T/status.out")" = 0 ] || fail "they are still there"
