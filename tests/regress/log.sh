#!/bin/bash
# SPDX-License-Identifier: ISC
# The log with whole programs: who did what, with the process id that the
# kernel gave; wrong passphrases, locked and unlocked; no text in it; whole
# over restarts and a kill; and a lock that a stopped store cannot hold up.
# privileged
# seconds: 150
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
SECRET="a text that no log has"

key() { in_home juliet "$O/xmpp-key" "$@"; }
# key_pid FILE ARGUMENT...: the same; its output in FILE, its process id printed
key_pid() {
	local out=$1
	shift
	become juliet "$O/xmpp-key" "$@" >"$out" 2>&1 &
	echo $!
	wait $!
}
# logged FIELD=VALUE...: is there such an entry? entry FIELD FIELD=VALUE...: its
logged() {
	key --json log >"$T/log.json" 2>"$T/log.err" || fail "xmpp-key log: $(cat "$T/log.err")"
	"$O/test/json_pick" "$T/log.json" "$@" >/dev/null
}
entry() {
	local field=$1
	shift
	logged "$@" || fail "no entry with $*: $(cat "$T/log.json")"
	"$O/test/json_pick" -f "$field" "$T/log.json" "$@" | tail -n 1
}
whole() {
	key log --verify >"$T/verify.out" 2>&1 || fail "log --verify: $(cat "$T/verify.out")"
	grep -Eqx 'log: [0-9]+ entries, chain whole, since 20[0-9-]+T[0-9:]+Z' "$T/verify.out" ||
		fail "log --verify says $(cat "$T/verify.out")"
	[ "$(grep -c . "$T/verify.out")" = 2 ] || fail "$(cat "$T/verify.out")"
}
# guess NAME: a wrong passphrase is tried by that client, not only refused as busy
guess() {
	key_pid "$T/unlock.out" unlock --name "$1" --passphrase-file "$T/wrong" >"$T/guess.pid"
	grep -q 'wrong passphrase' "$T/unlock.out"
}
status_is() { [ "$(key status | head -n 1)" = "$1" ]; }

prosody
agent_start juliet
agent_start romeo
echo "not it" | "$LAB/drop" tee "$T/wrong" >/dev/null

# --- acts, and whose
pid=$(key_pid "$T/juliet-create.out" create $J --others trust --passphrase-file "$T/passphrase")
identity romeo $R
[ "$(entry pid act=create account=$J)" = "$pid" ] || fail "created by $(entry pid act=create)"
[ "$(entry client act=create)" = xmpp-key ] || fail "the client's name"
logged act=vault "detail=slot 1, passphrase" || fail "no vault: $(cat "$T/log.json")"
key policy $J $R manual require --passphrase-file "$T/passphrase" || fail policy
[ "$(entry detail act=policy)" = "manual, required $R" ] || fail "policy: $(entry detail act=policy)"
key policy $J $R blind --passphrase-file "$T/passphrase" || fail policy
key constrain $J --window 2h --passphrase-file "$T/passphrase" || fail constrain
[ "$(entry detail act=constrain)" = "window 7200 seconds" ] || fail constrain

# --- use: the front and the net of a client
chat_start chat juliet $J
chat_start romeo romeo $R
online romeo romeo $R
online chat juliet $J
chat_say chat $R "$SECRET" 1
must 20 event romeo event=message "from=$J" "body=$SECRET"
chat_say romeo $J "$SECRET" 1
must 20 event chat event=message "from=$R" "body=$SECRET"
for right in network text; do # the starter has connected for both
	logged act=use client=chat account=$J detail=$right "pid=${PID[chat]}" ||
		fail "$right use by ${PID[chat]} is not in the log: $(cat "$T/log.json")"
done

# --- trust
fingerprint=$(in_home romeo "$O/xmpp-key" fingerprint $R | tr -d ' ')
key distrust $J $R "$fingerprint" --passphrase-file "$T/passphrase" || fail distrust
[ "$(entry detail act=trust)" = "distrusted $fingerprint $R" ] || fail "trust: $(entry detail act=trust)"
key trust $J $R "$fingerprint" --passphrase-file "$T/wrong" >"$T/trust.out" 2>&1 && fail "trusted"
[ "$(entry count act=wrong)" = 1 ] || fail "a wrong passphrase is not in the log"
chat_quit chat
chat_quit romeo

# --- lock, wrong ones, unlock
key lock || fail lock
status_is locked || fail "locked, and then it is not: $(key status)"
key log >"$T/locked.out" 2>&1 && fail "a locked log was read"
grep -q 'xmpp-key unlock' "$T/locked.out" || fail "no advice: $(cat "$T/locked.out")"
must 20 guess first
must 20 guess guesser
must 20 key unlock --passphrase-file "$T/passphrase"
pid=$(cat "$T/guess.pid")
logged act=wrong count=2 "detail=while locked" client=guesser "pid=$pid" ||
	fail "wrong ones while locked: $(cat "$T/log.json")"
logged act=lock client=xmpp-key || fail "no lock"
logged act=unlock client=xmpp-key "detail=slot 1" || fail "no unlock"
whole

# --- lines for people; a filter; bad input; and no text in any of it
key log >"$T/lines.out" || fail log
[ "$(wc -l <"$T/lines.out")" = "$(wc -l <"$T/log.json")" ] || fail "other lines than JSON"
grep -Eq "^20[0-9-]+T[0-9:]+Z  create  +$J  xmpp-key\[[0-9]+\]  device [0-9]+$" "$T/lines.out" ||
	fail "lines: $(cat "$T/lines.out")"
key log $J >"$T/mine.out" || fail "log JID"
grep -q " unlock " "$T/mine.out" && fail "an account's log has what is not of it"
grep -q " constrain " "$T/mine.out" || fail "mine: $(cat "$T/mine.out")"
[ -z "$(key log nobody@example.org)" ] || fail "of an account that is not"
key log one@a.lit two@a.lit 2>"$T/usage.err"
[ $? = 64 ] || fail "two accounts: $(cat "$T/usage.err")"
! grep -q "$SECRET" "$T/log.json" "$T/lines.out" || fail "a text is in the log"
! grep -q "$PASSPHRASE" "$T/log.json" "$T/lines.out" || fail "the passphrase is in the log"

# --- a digest that was noted is found again after restarts and a kill
before=$(sed -n 's/^log: entry \([0-9]*\) is \([0-9a-f]*\)$/\1 \2/p' "$T/verify.out")
kill -KILL "$(role_pid keeper "${PID[juliet]}")"
must 20 status_is locked
unlock juliet
agent_stop juliet
agent_start juliet
unlock juliet
whole
[ "$(entry digest "seq=${before%% *}")" = "${before#* }" ] || fail "another history"
[ "$(key --json log --verify | "$O/test/json_pick" -f whole /dev/stdin)" = true ] || fail "--json --verify"

# --- the store is stopped: the keys go nevertheless
keeper=$(role_pid keeper "${PID[juliet]}")
kill -STOP "$(role_pid store "${PID[juliet]}")"
key lock >"$T/lock.out" 2>&1
must 30 gone "$keeper"
must 20 status_is locked
unlock juliet
whole
