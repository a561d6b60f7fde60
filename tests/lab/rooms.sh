# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sourced after lib.sh, prosody started with ROOMS=1: a room on it, made and
# changed by its owner's raw client.
ROOM=lounge@rooms.montague.lit
OWNER=juliet@capulet.lit
MUC=http://jabber.org/protocol/muc

# room_raw: lines of XML on stdin, sent by the owner
room_raw() {
	python3 /mnt/tree/tests/support/raw_client.py "$OWNER" \
		"secret-${OWNER%%@*}" "$PORT" "$CA" || fail "the room's owner"
}

room_fields() { # FIELD=VALUE...: of the room's configuration
	local f
	for f in "$@"; do
		printf "<field var='muc#roomconfig_%s'><value>%s</value></field>" \
			"${f%%=*}" "${f#*=}"
	done
}

# room_config FIELD=VALUE...
room_config() {
	room_raw <<-XML
		<iq type='set' id='c' to='$ROOM'><query xmlns='$MUC#owner'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>$MUC#roomconfig</value></field>$(room_fields "$@")</x></query></iq>
	XML
}

# room_make [FIELD=VALUE...]: it shows addresses, is for members, and stays.
room_make() {
	local presence="<presence to='$ROOM/maker'><x xmlns='$MUC'/></presence>"
	room_raw <<-XML
		$presence<iq type='set' id='c' to='$ROOM'><query xmlns='$MUC#owner'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>$MUC#roomconfig</value></field>$(room_fields whois=anyone membersonly=1 persistentroom=1 "$@")</x></query></iq>
	XML
}

# room_affiliate JID AFFILIATION
room_affiliate() {
	room_raw <<-XML
		<iq type='set' id='a' to='$ROOM'><query xmlns='$MUC#admin'><item affiliation='$2' jid='$1'/></query></iq>
	XML
}

# room_kick NICK
room_kick() {
	room_raw <<-XML
		<presence to='$ROOM/maker'><x xmlns='$MUC'/></presence><iq type='set' id='k' to='$ROOM'><query xmlns='$MUC#admin'><item role='none' nick='$1'/></query></iq>
	XML
}

# chat_do NAME JSON: a command to a client with --json
chat_do() {
	printf '%s\n' "$2" >&"${IN[$1]}"
}
chat_join() { chat_do "$1" "{\"command\":\"join\",\"room\":\"$ROOM\"}"; }
chat_leave() { chat_do "$1" "{\"command\":\"leave\",\"room\":\"$ROOM\"}"; }
