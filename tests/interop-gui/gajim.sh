#!/bin/bash
# SPDX-License-Identifier: ISC
# Gajim with its OMEMO plugin (python-axolotl) against xmpp-chat: both
# directions, again after a restart of either side. It sends what gajim-remote
# asks it to; what it has read is in its history.
. "$LAB/lib.sh"
. "$LAB/gui.sh"
count=0
CONFIG=$T/gui/.config/gajim/settings.sqlite
HISTORY=$T/gui/.local/share/gajim/logs.db

gajim_start() {
	gui_become gajim --verbose >>"$T/gajim.log" 2>&1 &
	PID[gajim]=$!
}
gajim_stop() {
	kill "${PID[gajim]}"
	must 20 gone "${PID[gajim]}"
}
has_settings() { [ "$(sql "$CONFIG" "SELECT name FROM settings WHERE
	name = 'plugins'")" = plugins ]; }
remote_answers() { gui gajim-remote list_accounts | grep -q romeo; }
read_by_gajim() {
	sql "$HISTORY" "SELECT additional_data FROM logs WHERE
		message = '$1'" | grep -q OMEMO
}
ours() {
	count=$((count + 1))
	chat_say chat "$R" "from ours $count" "$count"
	must 30 read_by_gajim "from ours $count"
}
theirs() {
	count=$((count + 1))
	must 30 remote_answers
	gui gajim-remote send_chat_message "$J" "from gajim $count" romeo \
		>>"$T/remote.log" 2>&1
	must 30 shown "from gajim $count"
}
talk() {
	local who
	for who in "$@"; do "$who"; done
}

gui_world
gui_bus
gajim_start # it makes its settings
must 60 has_settings
gajim_stop
sql "$CONFIG" "UPDATE settings SET settings = '{\"remote_control\": true,
	\"use_keyring\": false, \"check_for_update\": false}' WHERE name = 'app'"
sql "$CONFIG" "UPDATE settings SET settings = '{\"omemo\": {\"active\":
	true}}' WHERE name = 'plugins'"
sql "$CONFIG" "INSERT INTO account_settings (account, settings) VALUES
	('romeo', '{\"account\": {\"name\": \"romeo\", \"hostname\":
	\"montague.lit\", \"password\": \"secret-romeo\", \"savepass\": true,
	\"active\": true, \"autoconnect\": true}, \"contact\": {\"$J\":
	{\"encryption\": \"OMEMO\"}}}')"
gajim_start
must 60 has_devices
ours_begin
talk ours theirs ours theirs
echo "gajim: both directions"
gajim_stop
gajim_start
talk ours theirs
echo "gajim: after a restart of gajim"
chat_quit chat
agent_stop juliet
agent_start juliet
unlock juliet
: >"$T/chat.json"
chat_start chat juliet "$J"
online chat juliet "$J"
talk theirs ours
echo "gajim $(dpkg-query -W -f '${Version}' gajim) with gajim-omemo" \
	"$(dpkg-query -W -f '${Version}' gajim-omemo) on $SERVER: both" \
	"directions, after a restart of either side: passed"
