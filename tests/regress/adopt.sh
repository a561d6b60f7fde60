#!/bin/bash
# SPDX-License-Identifier: ISC
# A state that is old, copied or moved: noticed before anything is sent, by
# the anchor, by the file, by the bundle on the server; refused with a reason;
# after adopt messages flow in both directions, and a copy's twin still lives.
# seconds: 240
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
STATE=$T/juliet/state/xmpp-agent
ANCHOR=$T/juliet/run/xmpp-agent
n=0

up() {
	agent_start juliet
	unlock juliet
}

down() {
	agent_stop juliet
}

chat_up() {
	: >"$T/chat.json"
	chat_start chat juliet "$J"
	online chat juliet "$J"
}

ours() {
	n=$((n + 1))
	chat_say chat "$R" "ours $n" "$n"
	must 20 event romeo event=message "from=$J" "body=ours $n"
}

theirs() {
	n=$((n + 1))
	chat_say romeo "$J" "theirs $n" "$n"
	must 20 event chat event=message "from=$R" "body=theirs $n"
}

talk() {
	ours
	theirs
	ours
}

copy() { # from to: as a backup does
	"$LAB/drop" cp -a "$1" "$2"
}

# The octets of another time into the same files.
put_back() {
	local f
	for f in vault.db vault.db-wal; do
		if [ -e "$1/$f" ]; then
			in_home juliet dd status=none "if=$1/$f" "of=$STATE/$f" ||
				fail "dd"
		else
			rm -f "$STATE/$f"
		fi
	done
}

status() {
	in_home juliet "$O/xmpp-key" --json status >"$T/status.json"
	"$O/test/json_pick" -f doubt "$T/status.json"
}

doubt() {
	[ "$(status)" = "$1" ]
}

sending() {
	echo hello | in_home juliet "$O/xmpp-send" --host 127.0.0.1 \
		--port "$PORT" --ca-file "$CA" --password-file "$T/juliet.pw" \
		--name send --timeout 20 "$J" "$R" >"$T/send.out" 2>"$T/send.err"
}

# Nothing is sent, and the reason is told in one line.
refused() {
	sending && fail "$1: xmpp-send sent something"
	grep -q 'old one or a copy (xmpp-key status says more)' \
		"$T/send.err" || fail "$1: no reason given"
	[ "$(wc -l <"$T/send.err")" = 1 ] || fail "$1: more than one line"
	must 5 doubt "$2"
	in_home juliet "$O/xmpp-key" status >"$T/status.out"
	grep -q '^in doubt: ' "$T/status.out" || fail "$1: status says nothing"
}

# It goes on, says the user; the agent knows better.
not_moved() {
	grep -q '^nothing is sent or received until: xmpp-key adopt --copied$' \
		"$T/status.out" || fail "$1: status names --moved"
	in_home juliet "$O/xmpp-key" adopt --moved --passphrase-file \
		"$T/passphrase" >"$T/adopt.out" 2>&1 && fail "$1: it went on"
	grep -q 'this state is not the newest: give --copied' "$T/adopt.out" ||
		fail "$1: no reason given: $(cat "$T/adopt.out")"
	must 5 doubt "$2"
}

adopt() {
	in_home juliet "$O/xmpp-key" adopt "$1" --passphrase-file \
		"$T/passphrase" >"$T/adopt.out" 2>&1 || fail "adopt $1"
	must 5 doubt "[]"
}

device() {
	in_home juliet "$O/xmpp-key" --json list >"$T/list.json"
	"$O/test/json_pick" -f device "$T/list.json"
}

listed() {
	grep -qr "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*devicelist*
}

prosody
agent_start romeo
identity romeo "$R"
chat_start romeo romeo "$R"
online romeo romeo "$R"
agent_start juliet
identity juliet "$J"
chat_up
talk
chat_quit chat
down
copy "$STATE" "$T/juliet/backup"

# --- as it was: no doubt, and the anchor lies in the runtime directory
up
doubt "[]" || fail "in doubt without a reason: $(status)"
compgen -G "$ANCHOR/anchor-*" >/dev/null || fail "no anchor"
chat_up
talk
chat_quit chat
down

# --- an older database in place of it: the anchor remembers
put_back "$T/juliet/backup"
up
refused "older, in place" '["older"]'
# and a restart does not make it true
down
rm -f "$ANCHOR"/anchor-*
up
refused "older, after a restart" '["older"]'
not_moved older '["older"]'
was=$(device)
adopt --copied
[ "$(device)" != "$was" ] || fail "--copied kept the device id"
chat_up
talk
must 10 listed "$(device)"
! listed "$was" || fail "the old device is still listed"
chat_quit chat
down

# --- moved to another place: another file
copy "$STATE" "$T/juliet/moved"
"$LAB/drop" rm -rf "$STATE"
"$LAB/drop" mv "$T/juliet/moved" "$STATE"
up
refused "another file" '["place"]'
was=$(device)
# a chat that is there waits, and goes on by itself after adopt
: >"$T/chat.json"
chat_start chat juliet "$J"
must 20 event chat event=offline
must 5 grep -q "old one or a copy" "$T/chat.json"
adopt --moved
[ "$(device)" = "$was" ] || fail "--moved changed the device id"
must 30 event chat event=online
talk
chat_quit chat
down
up
doubt "[]" || fail "in doubt after adopt: $(status)"
down

# --- an older one, nothing here remembers: the server's bundle does
copy "$STATE" "$T/juliet/before"
up
agent_start second # another device of Romeo's
identity second "$R"
chat_up
chat_start second second "$R"
online second second "$R"
chat_say second "$J" "a prekey of yours is used" 1
must 20 event chat event=message "body=a prekey of yours is used"
published() {
	in_home juliet "$O/xmpp-key" --json list >"$T/list.json"
	in_home juliet "$O/xmpp-key" publish "$J" >/dev/null 2>&1
}
must 20 published
chat_quit chat
down
put_back "$T/juliet/before"
rm -f "$ANCHOR"/anchor-*
up
doubt "[]" || fail "nothing here can tell"
sending && fail "sent, though the server's bundle is a later one"
grep -q 'old one or a copy' "$T/send.err" || fail "no reason: server"
refused "the server's bundle" '["server"]'
not_moved server '["server"]'
adopt --copied
chat_up
talk
chat_say second "$J" "and again" 2
must 20 event chat event=message "body=and again"
chat_quit chat

# --- adopt's own manners
in_home juliet "$O/xmpp-key" adopt --passphrase-file "$T/passphrase" \
	2>"$T/adopt.err" && fail "adopt without saying which"
grep -q -- '--moved' "$T/adopt.err" || fail "no usage"
in_home juliet "$O/xmpp-key" adopt --moved --passphrase-file \
	"$T/passphrase" >"$T/adopt.out" || fail "adopt of nothing"
grep -q 'nothing was in doubt' "$T/adopt.out" || fail "nothing to adopt"
echo "adopt: older, place and server noticed; moved and copied both talk"
