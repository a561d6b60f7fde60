#!/bin/bash
# SPDX-License-Identifier: ISC
# Keeper or store are killed at some moment of an import, and of a change of
# the passphrase: afterwards there is the old state or the new one, all of it,
# and what was not done can be done again.
# seconds: 240
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
FILE=$T/juliet/juliet.export
RANDOM=${SEED:-$$}
echo "seed $RANDOM"

key() { in_home "$1" "$O/xmpp-key" "${@:2}"; }
secret() { echo "$2" | "$LAB/drop" tee "$T/$1" >/dev/null; }
status() { key "$1" status >"$T/status.out"; }
# kill_soon PERSON ROLE MS: of that person's agent
kill_soon() {
	local pid
	pid=$(role_pid "$2" "${PID[$1]}")
	[ -n "$pid" ] || fail "no $2 of $1"
	sleep "$(printf '%d.%03d' $(($3 / 1000)) $(($3 % 1000)))"
	kill -KILL "$pid" || fail "the $2 of $1 had ended by itself"
	must 10 gone "$pid"
}

prosody
agent_start romeo
identity romeo $R
chat_start romeo romeo $R
online romeo romeo $R
agent_start juliet
identity juliet $J
chat_start chat juliet $J
online chat juliet $J
chat_say romeo $J "hello" 1
must 20 event chat event=message body=hello
chat_quit chat
key juliet trust $J $R "$(key romeo fingerprint $R)" --passphrase-file "$T/passphrase" ||
	fail trust
key juliet export $J "$FILE" --passphrase-file "$T/passphrase" >/dev/null || fail export
key juliet --json peers $J >"$T/peers"
grep -q '"trusted"' "$T/peers" || fail "nothing decided"
was=$(key juliet fingerprint $J)
agent_stop juliet

import() {
	key "$1" import "$FILE" --export-passphrase-file "$T/passphrase" \
		--passphrase-file "$T/passphrase" >"$T/import.out" 2>"$T/import.err"
}
# all PERSON: the account, with all that belongs to it
all() {
	[ "$(key "$1" fingerprint $J)" = "$was" ] || fail "$1: another identity"
	key "$1" --json peers $J | diff "$T/peers" - || fail "$1: other decisions"
}

# --- import: how long does it take? then a kill somewhere in it
agent_start clock
start=${EPOCHREALTIME/./}
import clock || fail "import: $(cat "$T/import.err")"
took=$(((${EPOCHREALTIME/./} - start) / 1000))
all clock
agent_stop clock
old=0 new=0
for round in 1 2 3 4 5 6 7 8; do
	role=keeper
	((round % 2)) || role=store
	agent_start "m$round"
	import "m$round" &
	importing=$!
	kill_soon "m$round" $role $((took * RANDOM / 32768))
	wait $importing
	must 20 status "m$round"
	if grep -q '^locked' "$T/status.out"; then
		unlock "m$round"
	else
		grep -q '^no vault' "$T/status.out" || fail "$(cat "$T/status.out")"
	fi
	if grep -q '^locked' "$T/status.out" && key "m$round" --json list | grep -q $J; then
		new=$((new + 1))
	else
		old=$((old + 1))
		import "m$round" || fail "not again: $(cat "$T/import.err")"
	fi
	all "m$round"
	agent_stop "m$round"
done

# --- passwd: the store is killed (the keeper: slots.sh)
agent_start clock
unlock clock
cp "$T/passphrase" "$T/now"
for round in 1 2 3 4; do
	secret next "passphrase of round $round"
	key clock passwd --new-passphrase-file "$T/next" --passphrase-file "$T/now" \
		>"$T/passwd.out" 2>&1 &
	changing=$!
	kill_soon clock store $((took * RANDOM / 32768))
	wait $changing
	must 20 status clock
	if key clock unlock --passphrase-file "$T/next" >"$T/unlock.out" 2>&1; then
		cp "$T/next" "$T/now"
	else
		sleep 1.1
		key clock unlock --passphrase-file "$T/now" >"$T/unlock.out" 2>&1 ||
			fail "neither the old nor the new opens it"
	fi
	all clock
done
echo "move-crash: 8 imports killed (of $took ms): $old as before, $new done; 4 passwd"
