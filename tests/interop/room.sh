#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 200
# A room of three accounts on prosody: Juliet with two devices of ours, Romeo
# with one, Mercutio on profanity, which speaks OMEMO 0.3.0 alone and which
# nobody here wrote. One stanza carries both versions; texts go all ways, also
# after a restart of profanity, and to a member who was away.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
# shellcheck source=tests/lab/rooms.sh
. "$LAB/rooms.sh"
# shellcheck source=tests/lab/profanity.sh
. "$LAB/profanity.sh"
command -v profanity >/dev/null || fail "profanity is not installed"
J=juliet@capulet.lit R=romeo@montague.lit M=mercutio@montague.lit
ROOMS=1 ACCOUNTS=$M prosody

# got CLIENT FROM BODY ENCRYPTION
got() {
	must 30 event "$1" event=message "from=$2" "room=$ROOM" "body=$3" \
		"encryption=$4"
}
# ours CLIENT FROM TEXT: to all of the room
ours() {
	chat_say "$1" "$ROOM" "$3" "$3"
	must 30 event "$1" event=sent "ref=$3"
	saw mercutio "~ .*$3" 30
	local c
	for c in j t r; do
		[ $c = "$1" ] || got $c "$2" "$3" omemo:2
	done
}
theirs() { # TEXT
	local c
	say mercutio "$1"
	for c in j t r; do got $c $M "$1" omemo:1; done
	! grep '"event":"unencrypted"' "$T/j.json" || fail "in clear"
}
has_device_list() {
	[ -n "$("$LAB/drop" python3 /mnt/tree/tests/support/raw_client.py -i \
		eu.siacs.conversations.axolotl.devicelist $M secret-mercutio \
		"$PORT" "$CA" </dev/null)" ]
}
fp() { in_home "$1" "$O/xmpp-key" fingerprint "$2"; }
knows() { # AGENT OTHER: Juliet's two devices know each other
	in_home "$1" "$O/xmpp-key" trust $J $J "$(fp "$2" $J)" \
		--passphrase-file "$T/passphrase" >"$T/trust.out" 2>&1
}
in_room() {
	chat_join "$1"
	must 30 event "$1" event=joined "room=$ROOM" members=3
}
enter() { # profanity
	say mercutio "/join $ROOM nick mercutio"
	saw mercutio "You have joined" 20
	say mercutio "/omemo start"
	saw mercutio "OMEMO" 20
}

room_make roomname=lounge
room_affiliate $R member
room_affiliate $M member
for who in juliet tower romeo; do agent_start $who; done
identity juliet $J
identity tower $J
identity romeo $R
chat_start j juliet $J
online j juliet $J
chat_start t tower $J
online t tower $J
chat_start r romeo $R
online r romeo $R
profanity_start mercutio $M
profanity_keys mercutio
must 10 has_device_list
for c in j t r; do in_room $c; done
for c in j t; do # each of Juliet's finds the other by it
	chat_say $c "$ROOM" "hello from $c" hello
	must 30 event $c event=sent ref=hello
	got r $J "hello from $c" omemo:2
done
must 20 knows juliet tower
must 20 knows tower juliet
enter

ours r $R 'from Romeo 1'
theirs 'from profanity 1'
ours j $J 'from Juliet 1'
ours t $J 'from her tower 1'
theirs 'from profanity 2'

# --- one stanza has both versions
wire=$("$LAB/drop" cat "$T/prosody/data/rooms%2emontague%2elit/muc_log/lounge.list")
grep -q 'urn:xmpp:omemo:2' <<<"$wire" || fail "no OMEMO 2 on the wire"
grep -q 'eu.siacs.conversations.axolotl' <<<"$wire" || fail "no OMEMO 0.3.0 on the wire"

# --- profanity away and back
profanity_stop mercutio
profanity_start mercutio $M
enter
ours r $R 'from Romeo 2'
theirs 'from profanity 3'

# --- ours away: the room's archive has what profanity wrote
chat_quit r
say mercutio 'while Romeo is away'
got j $M 'while Romeo is away' omemo:1
chat_start r romeo $R
must 20 event r event=online
in_room r
got r $M 'while Romeo is away' omemo:1
ours r $R 'from Romeo 3'

! grep -rF -e 'from Romeo' -e 'from profanity' -e 'from Juliet' "$T/prosody/data" ||
	fail "in clear on the server"
echo "profanity $(profanity_version) in a room: all ways, both versions in one stanza: passed"
