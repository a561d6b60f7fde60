#!/bin/bash
# SPDX-License-Identifier: ISC
# A client that nobody here wrote: profanity (libsignal's own C code) against
# xmpp-chat, through prosody. Two fresh worlds, one for each side that writes
# first; in each both directions, again after a restart of profanity, and
# again after a restart of our client and our agent.
# seconds: 180
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
	must 20 event chat event=message "from=$R" encryption=omemo:1 \
		"body=from profanity $count"
}

has_device_list() {
	grep -q '"id"' "$T/prosody/data/montague%2elit/"pep_*devicelist/romeo.list
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

# meet FIRST SECOND: who writes first
meet() {
	T=$BASE/$1
	mkdir "$T"
	CA=$T/prosody/ca.pem
	prosody
	profanity_start romeo "$R"
	profanity_keys romeo
	must 10 has_device_list
	agent_start juliet
	identity juliet "$J"
	chat_start chat juliet "$J"
	online chat juliet "$J"
	window
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
	! grep -rF 'from ours' "$T/prosody/data" || fail "in clear on the server"
	! grep -rF 'from profanity' "$T/prosody/data" || fail "in clear on the server"
	chat_quit chat
	agent_stop juliet
	profanity_stop romeo
	kill "$(cat "$T/prosody/pid")"
}

for order in "ours theirs" "theirs ours"; do
	read -r first second <<<"$order"
	PORT=$((PORT + 10))
	if (meet "$first" "$second"); then result=passed; else result=failed; fi
	echo "profanity $(profanity_version): $first first, both directions," \
		"after a restart of either side: $result"
	[ "$result" = passed ] || exit 1
done
