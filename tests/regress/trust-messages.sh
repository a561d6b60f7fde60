#!/bin/bash
# SPDX-License-Identifier: ISC
# Verified once, on one device: the others hear of it by trust messages
# (XEP-0434, XEP-0450), and the contact's devices of ours. A device that nobody
# has verified says the same and worse: nothing changes, until it is verified.
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
n=0

key() { in_home "$1" "$O/xmpp-key" "${@:2}"; }
decide() { # VERB WHO OF PERSON: WHO decides about PERSON's key, of account OF
	local me=$J
	[ "$2" != romeo ] || me=$R
	key "$2" "$1" $me "$3" "$(key "$4" fingerprint "$3")" \
		--passphrase-file "$T/passphrase" >"$T/$1.out" 2>"$T/$1.err" ||
		fail "$2: $1 $4's: $(cat "$T/$1.err")"
}
verify() { decide verify "$@"; }
device() { key "$1" --json list | "$O/test/json_pick" -f device /dev/stdin; }
# trust WHO OF PERSON FIELD=VALUE...: what WHO has of PERSON's key
trust() {
	local me=$J
	[ "$1" != romeo ] || me=$R
	key "$1" --json peers $me "$2" | "$O/test/json_pick" /dev/stdin \
		"device=$(device "$3")" "${@:4}"
}
is() { trust "$@" >/dev/null || fail "$1 has not: ${*:2}: $(trust "${@:1:3}")"; }
told() { # WHO: entries of its log
	key "$1" --json log | grep -c '"act": *"told"'
}
# all say something: each of Juliet's devices, then Romeo, to all of them
talk() {
	local who
	for who in "$@"; do
		n=$((n + 1))
		chat_say "$who" $R "ours $n" "$n"
		must 30 event romeo event=message "body=ours $n"
	done
	n=$((n + 1))
	chat_say romeo $J "theirs $n" "$n"
	for who in "$@"; do
		must 30 event "$who" event=message "body=theirs $n"
	done
}

prosody
for who in romeo juliet phone tablet; do agent_start $who; done
agent=${PID[juliet]} # the client of that name is another
identity romeo $R
chat_start romeo romeo $R
online romeo romeo $R
for who in juliet phone; do
	identity $who $J
	chat_start $who $who $J
	online $who $who $J
done
talk juliet phone
is phone $R romeo trust=blind told=false

# --- the two of hers know each other; one of them compares his key
verify juliet $J phone
verify phone $J juliet
verify juliet $R romeo
must 30 trust phone $R romeo trust=verified told=true
is juliet $R romeo trust=verified told=false
key phone peers $J $R | grep -q 'verified (said by another device)' ||
	fail "peers: $(key phone peers $J $R)"
[ "$(told phone)" = 1 ] || fail "log: $(key phone log)"
key phone log | grep 'told' | grep -q "by device $(device juliet) of $J" ||
	fail "log: $(key phone log)"
key phone log --verify >"$T/log.out" || fail 'the chain'
# --- he has compared one of hers: the other, of which it had told him
is romeo $J phone trust=blind
verify romeo $J juliet
must 30 trust romeo $J phone trust=verified told=true
talk juliet phone

# --- a third one of hers that nobody has verified, and that distrusts him
identity tablet $J
chat_start tablet tablet $J
online tablet tablet $J
chat_say tablet $R "from the tablet" t1
must 30 event tablet event=sent ref=t1
must 30 event juliet event=message "body=from the tablet"
must 30 event phone event=message "body=from the tablet"
id=$(device tablet)
# what the server has kept of it, for her
by_tablet() {
	cat "$T"/prosody/data/capulet%2elit/archive/juliet* |
		grep -c "\"sid\"\] = \"$id\""
}
verify tablet $J juliet
verify tablet $J phone # each hears of the other
decide distrust tablet $R romeo
has_sent() { [ "$(by_tablet)" -ge "$1" ]; }
must 30 has_sent 5
chat_say tablet $J "to myself" t2
for who in juliet phone; do
	must 30 event $who event=message "body=to myself"
	is $who $R romeo trust=verified
	is $who $J tablet trust=undecided
done
[ "$(told juliet)" = 0 ] || fail "log: $(key juliet log)"
[ "$(told phone)" = 1 ] || fail "log: $(key phone log)"
talk_to_him() {
	n=$((n + 1))
	chat_say "$1" $R "ours $n" "$n"
	must 30 event romeo event=message "body=ours $n"
}
talk_to_him juliet

# --- once it is, its word counts, that of before too, and goes to the phone
verify juliet $J tablet
must 30 trust juliet $R romeo trust=distrusted told=true
must 30 trust phone $J tablet trust=verified told=true
must 30 trust phone $R romeo trust=distrusted told=true
# which she can undo, where she is asked: no message lifts it
chat_say juliet $R "refused" t3
must 30 event juliet event=error ref=t3
verify juliet $R romeo
is juliet $R romeo trust=verified told=false
talk_to_him juliet
is phone $R romeo trust=distrusted told=true

# --- switched off
key phone constrain $J --trust-messages off --passphrase-file "$T/passphrase" ||
	fail 'constrain'
key phone show $J | grep -q 'trust messages: off' || fail "$(key phone show $J)"
key phone constrain $J --trust-messages maybe 2>"$T/maybe.err" &&
	fail 'maybe is neither on nor off'
# --- a parser that dies takes the agent with it, which starts anew
parser=$(role_pid parser "$agent")
kill -SEGV "$parser"
again() {
	[ -n "$(role_pid parser "$agent")" ] &&
		[ "$(role_pid parser "$agent")" != "$parser" ]
}
must 20 again
grep -q 'parser: ended by signal 11' "$T/juliet-agent.err" || fail 'who has died'
echo passed
