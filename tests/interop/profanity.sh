#!/bin/bash
# SPDX-License-Identifier: ISC
# A client that nobody here wrote: profanity (libsignal's own C code) against
# xmpp-chat, through prosody (profanity-ejabberd.sh: ejabberd). Two fresh worlds, one for each side that writes
# first; in each both directions, again after a restart of profanity, and
# again after a restart of our client and our agent, again when our state is
# a copy and has become a device of its own, and again from another machine
# that has what was exported.
# seconds: 240
. "$LAB/lib.sh"
. "$LAB/profanity.sh"
command -v profanity >/dev/null || fail "profanity is not installed"
J=juliet@capulet.lit R=romeo@montague.lit
BASE=$T
count=0

# A line of ours, shown by profanity as an OMEMO message (~).
ours() {
	count=$((count + 1))
	chat_say chat "$R" "from ours $count" "$count"
	saw romeo "~ .*: from ours $count" 20
}

theirs() {
	count=$((count + 1))
	say romeo "from profanity $count"
	wait_for 20 event chat event=message "from=$R" encryption=omemo:1 \
		"body=from profanity $count" && return
	told romeo
	fail "profanity's message $count never came"
}

has_device_list() {
	[ -n "$("$LAB/drop" python3 /mnt/tree/tests/support/raw_client.py -i \
		eu.siacs.conversations.axolotl.devicelist "$R" secret-romeo \
		"$PORT" "$CA" </dev/null)" ]
}

window() {
	say romeo "/msg $J"
	saw romeo "$J.*OMEMO" 20
}

talk() {
	"$1"
	"$2"
	"$1"
	"$2"
}

# The state is a copy from now on: a device of its own.
copied() {
	local state=$T/juliet/state/xmpp-agent
	"$LAB/drop" cp -a "$state" "$state.copy"
	rm -rf "$state"
	mv "$state.copy" "$state"
	agent_start juliet
	unlock juliet
	in_home juliet "$O/xmpp-key" status | grep -q '^in doubt' ||
		fail "a copy that is not noticed"
	in_home juliet "$O/xmpp-key" adopt --copied --passphrase-file \
		"$T/passphrase" || fail "adopt --copied"
	: >"$T/chat.json"
}

# From now on she is at another machine, with what she exported.
moved() {
	in_home juliet "$O/xmpp-key" export "$J" "$T/juliet/export" \
		--passphrase-file "$T/passphrase" >/dev/null || fail export
	was=$(in_home juliet "$O/xmpp-key" fingerprint "$J")
	agent_stop juliet
	agent_start tower
	in_home tower "$O/xmpp-key" import "$T/juliet/export" \
		--export-passphrase-file "$T/passphrase" >"$T/import.out" 2>&1 ||
		fail "import"
	grep -qx "fingerprint: $was" "$T/import.out" || fail "another identity"
	: >"$T/chat.json"
}

# profanity 0.13.1 makes a session with a new device of an open chat when that
# device writes, or when its user begins anew (as its message says); not when
# the list names it, nor of an empty message.
begin_anew() { # PERSON whose device it is
	say romeo "/omemo end"
	say romeo "/omemo start"
	must 20 requested "$(device "$1")"
}

device() {
	in_home "$1" "$O/xmpp-key" --json list |
		sed 's/.*"device": *\([0-9]*\).*/\1/'
}

requested() {
	grep -a "Store session for $J ($1)\|create session with $J device $1" \
		"$T/romeo/log"
}

# meet FIRST SECOND: who writes first
meet() {
	T=$BASE/$1
	mkdir "$T"
	CA=$T/$SERVER/ca.pem
	server
	profanity_start romeo "$R"
	profanity_keys romeo
	wait_for 10 has_device_list || { told romeo; fail "no list of romeo's"; }
	agent_start juliet
	identity juliet "$J"
	chat_start chat juliet "$J"
	online chat juliet "$J"
	window
	# what it sends before it has a session it does not send at all
	[ "$1" = ours ] || wait_for 10 requested "$(device juliet)" ||
		begin_anew juliet
	talk "$1" "$2"
	profanity_stop romeo
	profanity_start romeo "$R"
	window
	talk "$1" "$2"
	chat_quit chat
	agent_stop juliet
	agent_start juliet
	unlock juliet
	: >"$T/chat.json"
	chat_start chat juliet "$J"
	online chat juliet "$J"
	talk "$2" "$1"
	chat_quit chat
	agent_stop juliet
	copied
	chat_start chat juliet "$J"
	online chat juliet "$J"
	[ "$1" = ours ] || begin_anew juliet
	talk "$1" "$2"
	chat_quit chat
	moved
	chat_start chat tower "$J"
	online chat tower "$J"
	[ "$1" = ours ] || begin_anew tower
	talk "$1" "$2"
	! grep -rF 'from ours' "$T/$SERVER/data" || fail "in clear on the server"
	! grep -rF 'from profanity' "$T/$SERVER/data" || fail "in clear on the server"
	chat_quit chat
	agent_stop tower
	profanity_stop romeo
	kill "$(cat "$T/$SERVER/pid")"
}

for order in "ours theirs" "theirs ours"; do
	read -r first second <<<"$order"
	PORT=$((PORT + 10))
	if (meet "$first" "$second"); then result=passed; else result=failed; fi
	echo "profanity $(profanity_version) on $SERVER: $first first, both directions," \
		"after a restart of either side, after adopt --copied, after a" \
		"move: $result"
	[ "$result" = passed ] || exit 1
done
