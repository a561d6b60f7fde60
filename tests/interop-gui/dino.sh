#!/bin/bash
# SPDX-License-Identifier: ISC
# Dino (libsignal's C code, Vala, GTK 4) against xmpp-chat: both directions,
# again after a restart of either side.
. "$LAB/lib.sh"
. "$LAB/gui.sh"
count=0
DB=$T/gui/.local/share/dino/dino.db

dino_start() {
	gui_become dino-im >>"$T/dino.log" 2>&1 &
	PID[dino]=$!
}
dino_stop() {
	kill "${PID[dino]}"
	must 10 gone "${PID[dino]}"
}
has_tables() { [ "$(sql "$DB" "SELECT count(*) FROM conversation")" = 0 ]; }
# Encryption 2 is OMEMO, direction 0 received (Dino's entities/).
read_by_dino() {
	[ "$(sql "$DB" "SELECT encryption FROM message WHERE direction = 0 AND
		body = '$1'")" = 2 ]
}
ours() {
	count=$((count + 1))
	chat_say chat "$R" "from ours $count" "$count"
	must 30 read_by_dino "from ours $count"
}
theirs() {
	count=$((count + 1))
	gui_type "from dino $count"
	must 30 shown "from dino $count"
}
window() {
	must 30 gui xdotool search --name Dino
	gui dino-im "xmpp:$J" >>"$T/dino.log" 2>&1
	gui xdotool search --onlyvisible --name '^Dino$' windowfocus
}

gui_world
gui_bus
dino_start # it makes its tables
must 30 has_tables
dino_stop
sql "$DB" "INSERT INTO account (id, bare_jid, resourcepart, password, enabled)
	VALUES (1, '$R', 'dino', 'secret-romeo', 1)"
sql "$DB" "INSERT INTO jid (id, bare_jid) VALUES (1, '$J')"
sql "$DB" "INSERT INTO conversation (account_id, jid_id, active, type,
	encryption, notification, send_typing, send_marker)
	VALUES (1, 1, 1, 0, 2, 0, 0, 0)"
dino_start
must 30 has_devices
ours_begin
window
ours
theirs
ours
theirs
echo "dino: both directions"
dino_stop
dino_start
window
ours
theirs
echo "dino: after a restart of dino"
chat_quit chat
agent_stop juliet
agent_start juliet
unlock juliet
: >"$T/chat.json"
chat_start chat juliet "$J"
online chat juliet "$J"
theirs
ours
echo "dino $(dpkg-query -W -f '${Version}' dino-im) on $SERVER: both" \
	"directions, after a restart of either side: passed"
