# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sourced after lib.sh by interop-gui/*.sh, which keep the world's privilege: a
# client with windows, under Xvfb, against xmpp-chat. The client has romeo's
# account and finds the server as it finds any: by the domain, at port 5222,
# with a certificate that its system trusts.
J=juliet@capulet.lit R=romeo@montague.lit
PORT=5222
export DISPLAY=:7

gui_world() {
	server
	mount --bind "$CA" /etc/ssl/certs/ca-certificates.crt ||
		fail "no mount: run as root"
	mkdir -p /tmp/.X11-unix
	chmod 1777 /tmp/.X11-unix
	"$LAB/drop" mkdir -m 0700 "$T/gui" "$T/gui/run"
	"$LAB/drop" Xvfb :7 -nolisten tcp -screen 0 1000x700x24 \
		>"$T/xvfb.log" 2>&1 &
	must 20 gui xdotool getdisplaygeometry
}

# gui COMMAND...: with the client's home and screen. Instead of the present
# shell, so that $! is right.
gui_become() {
	exec "$LAB/drop" env "HOME=$T/gui" "XDG_RUNTIME_DIR=$T/gui/run" \
		GSK_RENDERER=cairo GDK_BACKEND=x11 NO_AT_BRIDGE=1 GTK_A11Y=none \
		LIBGL_ALWAYS_SOFTWARE=1 QT_QPA_PLATFORM=xcb "$@"
}
gui() {
	(gui_become "$@")
}

# gui_bus: a session bus for it, until the world ends.
gui_bus() {
	DBUS_SESSION_BUS_ADDRESS=unix:path=$T/gui/run/bus
	export DBUS_SESSION_BUS_ADDRESS
	gui dbus-daemon --session --fork --address="$DBUS_SESSION_BUS_ADDRESS" \
		>"$T/bus.log" 2>&1 || fail "dbus-daemon"
}

# gui_type TEXT: into what has the focus, and Return.
gui_type() {
	gui xdotool type --delay 20 "$1"
	gui xdotool key Return
}

# sql FILE STATEMENT: its rows, a line each. Changes too.
sql() {
	"$LAB/drop" /usr/bin/python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], 10)
for row in db.execute(sys.argv[2]):
    print(*row, sep="|")
db.commit()' "$@"
}

# ours_begin: our side, and theirs has its keys on the server
ours_begin() {
	agent_start juliet
	identity juliet "$J"
	chat_start chat juliet "$J"
	online chat juliet "$J"
}
has_devices() {
	[ -n "$("$LAB/drop" python3 /mnt/tree/tests/support/raw_client.py -i \
		eu.siacs.conversations.axolotl.devicelist "$R" secret-romeo \
		"$PORT" "$CA" </dev/null)" ]
}
shown() {
	event chat event=message "from=$R" encryption=omemo:1 "body=$1"
}
