#!/bin/bash
# SPDX-License-Identifier: ISC
# Psi+ with its OMEMO plugin (libsignal's C code, Qt) against xmpp-chat: both
# directions, again after a restart of either side. It is typed into; what it
# has read is in its history.
. "$LAB/lib.sh"
. "$LAB/gui.sh"
count=0
PROFILE=$T/gui/.config/psi+/profiles/default
DATA=$T/gui/.local/share/psi+/profiles/default
OMEMO=$DATA/omemo-11111111-2222-3333-4444-555555555555.sqlite

psi_start() {
	gui_become psi-plus --profile=default >>"$T/psi.log" 2>&1 &
	PID[psi]=$!
}
psi_stop() {
	kill "${PID[psi]}"
	must 20 gone "${PID[psi]}"
}
# as its accounts dialog writes it, the password hidden under the JID
profile() {
	local password
	password=$(/usr/bin/python3 -c '
import sys
p, k = sys.argv[1:]
print("".join("%04x" % (ord(c) ^ ord(k[i])) for i, c in enumerate(p)))' \
		secret-romeo "$R")
	gui mkdir -p "$PROFILE"
	gui tee "$PROFILE/accounts.xml" >/dev/null <<-EOT
		<accounts version="1.4.554" xmlns="http://psi-im.org/options">
		<accounts comment=""><a0 comment="">
		<id type="QString">{11111111-2222-3333-4444-555555555555}</id>
		<name type="QString">romeo</name>
		<enabled type="bool">true</enabled>
		<auto type="bool">true</auto>
		<log type="bool">true</log>
		<jid type="QString">$R</jid>
		<password type="QString">$password</password>
		<resource type="QString">psi</resource>
		<use-host type="bool">true</use-host>
		<host type="QString">127.0.0.1</host>
		<port type="QString">$PORT</port>
		<ssl type="QString">auto</ssl>
		</a0></accounts></accounts>
	EOT
	gui tee "$PROFILE/options.xml" >/dev/null <<-EOT
		<psi version="1.4.554" xmlns="http://psi-im.org/options">
		<plugins comment=""><auto-load comment="">
		<omemo type="bool">true</omemo>
		<omemoplugin type="bool">true</omemoplugin>
		</auto-load></plugins>
		<options comment=""><keychain comment="">
		<enabled type="bool">false</enabled></keychain>
		<ui comment=""><tip comment=""><show type="bool">false</show></tip>
		</ui></options>
		</psi>
	EOT
}
read_by_psi() {
	[ -n "$(sql "$DATA/history/history.db" "SELECT 1 FROM events WHERE
		m_text = '$1'")" ]
}
ours() {
	count=$((count + 1))
	chat_say chat "$R" "from ours $count" "$count"
	must 30 read_by_psi "from ours $count"
}
theirs() {
	count=$((count + 1))
	gui_type "from psi $count"
	must 30 shown "from psi $count"
}
# --remote: it asks the one that runs, and is none itself.
chat_window() {
	gui timeout 5 psi-plus --profile=default --remote \
		--uri="xmpp:$J?message;type=chat" >>"$T/psi.log" 2>&1
	gui xdotool search --onlyvisible --name "$J"
}
window() {
	must 30 chat_window
	gui xdotool search --onlyvisible --name "$J" windowfocus
}
talk() {
	local who
	for who in "$@"; do "$who"; done
}

gui_world
gui_bus
profile
psi_start # it makes its keys
must 60 has_devices
psi_stop
sql "$OMEMO" "INSERT INTO enabled_buddies (jid) VALUES ('$J')"
psi_start
ours_begin
window
talk ours theirs ours theirs
echo "psi+: both directions"
psi_stop
psi_start
window
talk ours theirs
echo "psi+: after a restart of psi+"
chat_quit chat
agent_stop juliet
agent_start juliet
unlock juliet
: >"$T/chat.json"
chat_start chat juliet "$J"
online chat juliet "$J"
talk theirs ours
echo "psi+ $(dpkg-query -W -f '${Version}' psi-plus) on $SERVER: both" \
	"directions, after a restart of either side: passed"
