#!/bin/bash
# SPDX-License-Identifier: ISC
# What is written while it cannot be read, or cannot be sent, is neither lost
# nor doubled: both sides locked, an agent that starts anew locked, a machine
# that sleeps through a restart of the server, a network that is gone.
# privileged
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
n=0
all_j='' all_r='' # what each is to have shown, in order

# to_j TEXT, to_r TEXT: the other one writes it
to_j() {
	n=$((n + 1))
	chat_say r "$J" "$1" "$n"
	all_j+="$1"$'\n'
}
to_r() {
	n=$((n + 1))
	chat_say j "$R" "$1" "$n"
	all_r+="$1"$'\n'
}
in_order() { # CLIENT TEXTS: all of them, once each, in this order
	[ "$("$O/test/json_pick" -f body "$T/$1.json" event=message)" = "${2%$'\n'}" ]
}
both_have_all() {
	must 60 in_order j "$all_j"
	must 60 in_order r "$all_r"
}
events() { "$O/test/json_pick" -f event "$T/$1.json" "event=$2" | wc -l; }
# more CLIENT EVENT COUNT: more of them than so many
more() { [ "$(events "$1" "$2")" -gt "$3" ]; }

prosody
agent_start juliet
agent_start romeo
identity juliet "$J"
identity romeo "$R"
chat_start j juliet "$J"
chat_start r romeo "$R"
online j juliet "$J"
online r romeo "$R"
to_j "the first"
to_r "the second"
both_have_all

# --- both locked; what is typed meanwhile waits in the client
for p in juliet romeo; do
	in_home $p "$O/xmpp-key" lock || fail "lock"
done
must 20 event j event=locked
must 20 event r event=locked
to_j "typed while both are locked"
to_r "typed by juliet while both are locked"
unlock juliet
sleep 1
unlock romeo
both_have_all

# --- an agent that starts anew, locked: the server keeps
agent_stop juliet
to_j "while no agent is there"
must 20 event r event=sent ref=$n
agent_start juliet
to_j "while it is locked"
must 20 event r event=sent ref=$n
! event j event=message "body=while it is locked" || fail "read while locked"
unlock juliet
to_r "and back"
both_have_all

# --- a machine that sleeps: all of juliet's stand still, time and the server
# go on, and its connection is gone when they wake
mapfile -t asleep < <(roles | while read -r pid _; do
	if descends "$pid" "${PID[juliet]}" || descends "$pid" "${PID[j]}"; then
		echo "$pid"
	fi
done)
[ ${#asleep[@]} -ge 6 ] || fail "only ${#asleep[@]} processes of juliet's"
kill -STOP "${asleep[@]}"
to_j "asleep"
must 20 event r event=sent ref=$n
offline=$(events r offline) online=$(events r online)
kill -KILL "$(cat "$T/prosody/pid")"
must 20 more r offline "$offline"
prosody_again
must 60 more r online "$online"
to_j "still asleep"
must 20 event r event=sent ref=$n
online=$(events j online)
kill -CONT "${asleep[@]}"
must 60 more j online "$online"
to_r "awake"
both_have_all

# --- no network at all, and a server that has forgotten the connections
ip link set lo down
to_j "into the dark"
to_r "into the dark as well"
sleep 3
online=$(events j online)
kill -KILL "$(cat "$T/prosody/pid")"
ip link set lo up
prosody_again
must 60 more j online "$online"
to_j "light"
both_have_all
chat_quit j
chat_quit r
