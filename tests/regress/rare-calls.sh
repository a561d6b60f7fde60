#!/bin/bash
# SPDX-License-Identifier: ISC
# What the keeper's table has for a rare day: a machine whose kernel gives no
# vdso, where each look at the clock is a system call; the hour after which
# OpenSSL draws a new seed from the kernel; and a frame as large as may be, for
# which libc maps memory. The keeper has messages written and read after each.
# privileged
# plain build only
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
P=$O/test/prisoner

# talk TEXT: there and back
talk() {
	chat_say r $J "$1" "r $1"
	must 30 event j event=message "body=$1"
	chat_say j $R "back: $1" "j $1"
	must 30 event r event=message "body=back: $1"
}

prosody
agent_start romeo
identity romeo $R
chat_start r romeo $R
online r romeo $R

# --- no vdso: agent_start, with the one between that takes it away
without_vdso() {
	LAB_DROP_REAL=$LAB/drop
	export XDG_RUNTIME_DIR=$T/juliet/run XDG_STATE_HOME=$T/juliet/state \
		XMPP_AGENT_SOCK=$T/juliet/run/agent.sock HOME=$T/juliet
	exec "$O/test/novdso" "$LAB_DROP_REAL" "$P/xmpp-agent" -D \
		-a "$T/juliet/run/agent.sock"
}
in_home juliet true
agent_start juliet # the passphrase's file, and the vault
identity juliet $J
agent_stop juliet
(without_vdso) >"$T/juliet-agent.out" 2>"$T/juliet-agent.err" </dev/null &
PID[juliet]=$!
must 30 test -s "$T/juliet-agent.out"
unlock juliet
chat_start j juliet $J
online j juliet $J
talk "without a vdso"
broken() {
	in_home juliet python3 tests/support/broken.py "$T/juliet/run/agent.sock" \
		$J "$@" || fail "broken.py $1"
}
broken large "a text that has no end "
talk "after a large frame"
chat_quit j
kill "$(role_pid supervisor "${PID[juliet]}")"
must 10 gone "${PID[juliet]}"

# --- two hours later
mkdir -m 0755 /tmp/prisoner
echo 7200 >/tmp/prisoner/later
chmod 0644 /tmp/prisoner/later
rm -f "$T/juliet-agent.out"
agent_start juliet "$P"
unlock juliet
chat_start k juliet $J
must 30 event k event=online
chat_say r $J "two hours later" later
must 30 event k event=message "body=two hours later"
! grep -q 'ended by signal' "$T/juliet-agent.err" || fail "$(cat "$T/juliet-agent.err")"
