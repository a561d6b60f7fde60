#!/bin/bash
# SPDX-License-Identifier: ISC
# Run by demo-rotate.sh inside a world: Juliet has two clients on one agent,
# Romeo uses profanity, which nobody here wrote, and keeps writing while her
# identity is replaced, and while it is destroyed.
. "$LAB/lib.sh"
. "$LAB/profanity.sh"
command -v profanity >/dev/null || fail "profanity is not installed"
J=juliet@capulet.lit R=romeo@montague.lit
DB=$T/juliet/state/xmpp-agent/vault.db
EPOCHS=0000000000000000000000000000000000000000000000000000000000000002
SERVER="$T/prosody/data/capulet%2elit"
said=0

step() { printf '\n== %s\n' "$*"; }
key() {
	in_home juliet "$O/xmpp-key" "$@" --passphrase-file "$T/passphrase" \
		--host 127.0.0.1 --port "$PORT" --ca-file "$CA" \
		--password-file "$T/juliet.pw"
}
field() { # FIELD: of Juliet's account; "" if it is gone
	in_home juliet "$O/xmpp-key" --json list >"$T/list.json"
	"$O/test/json_pick" -f "$1" "$T/list.json"
}
has_device_list() {
	grep -q '"id"' "$T/prosody/data/montague%2elit/"pep_*devicelist/romeo.list
}
listed() { grep -qr "'$1'\|\"$1\"" "$SERVER"/pep_*devicelist*; }
bundle() { grep -qrs identityKey "$SERVER"/pep_*bundles%3a"$1"*; }
withdrawn() { ! listed "$1" && ! bundle "$1"; }
on_server() {
	printf 'prosody: device %s: list %s, bundle %s\n' "$1" \
		"$(listed "$1" && echo yes || echo no)" \
		"$(bundle "$1" && echo yes || echo no)"
}
no_duty() {
	in_home juliet "$O/xmpp-key" --json status >"$T/status.json"
	"$O/test/json_pick" -f withdrawals "$T/status.json" | grep -qx '\[\]'
}
# both of Juliet's clients have shown it, once and encrypted
got() {
	local c
	for c in a b; do
		must 30 event "$c" event=message "from=$R" "body=$1" \
			encryption=omemo:1
		[ "$("$O/test/json_pick" -f body "$T/$c.json" event=message \
			"body=$1" | wc -l)" = 1 ] || fail "$c has shown it twice: $1"
	done
}
romeo_writes() {
	said=$((said + 1))
	say romeo "romeo writes $said"
}
juliet_writes() { # CLIENT TEXT: Romeo's screen shows it as OMEMO (~)
	chat_say "$1" "$R" "$2" "$2"
	saw romeo "~ .*: $2" 30
}
row() {
	rm -rf "$T/copy"
	mkdir "$T/copy"
	cp "${DB%/*}"/vault.db* "$T/copy" || fail "no database"
	"$O/test/rows" "$T/copy/vault.db" | sed -n "s/^$1 //p"
}
requested() {
	grep -aq "Store session for $J ($1)\|create session with $J device $1" \
		"$T/romeo/log"
}

step "prosody; profanity $(profanity_version) for Romeo; an agent with two clients for Juliet"
prosody
profanity_start romeo "$R"
profanity_keys romeo
must 10 has_device_list
agent_start juliet
identity juliet "$J"
chat_start a juliet "$J"
online a juliet "$J"
chat_start b juliet "$J"
must 20 event b event=online
say romeo "/msg $J"
saw romeo "$J.*OMEMO" 20
juliet_writes a "from one client"
juliet_writes b "from the other"
romeo_writes
got "romeo writes 1"
old=$(field device)
echo "$J: device $old, $(field fingerprint)"
on_server "$old"
{ listed "$old" && bundle "$old"; } || fail "not published"

step "xmpp-key rotate --identity, while Romeo writes to what he knows"
romeo_writes
romeo_writes
key rotate "$J" --identity >"$T/rotate.out" || fail "rotate"
romeo_writes
romeo_writes
new=$(field device)
[ "$new" != "$old" ] || fail "the same device"
echo "$J: device $new, $(field fingerprint)"
for n in 2 3 4 5; do got "romeo writes $n"; done
echo "both clients have shown all of Romeo's 5 messages, each once"

step "the server has dropped the old device; read back by the agent, then by us"
must 60 no_duty
withdrawn "$old" || fail "it is still there"
on_server "$old"
on_server "$new"
{ listed "$new" && bundle "$new"; } || fail "the new one is not published"

step "both go on, from and to the new device"
juliet_writes a "from the new device"
juliet_writes b "and from the other client"
must 20 requested "$new"
romeo_writes
got "romeo writes $said"
echo "profanity has a session with device $new"

step "xmpp-key revoke, with the server away"
romeo_writes
got "romeo writes $said"
before=$(row "$EPOCHS")
kill "$(cat "$T/prosody/pid")"
must 10 gone "$(cat "$T/prosody/pid")"
key revoke "$J" --yes --timeout 3 >"$T/revoke.out" 2>"$T/revoke.err" &&
	fail "revoke claims that the server knows"
cat "$T/revoke.out" "$T/revoke.err"
[ -z "$(field device)" ] || fail "the agent still has it"
in_home juliet "$O/xmpp-key" status | grep withdrawal ||
	fail "status does not say what waits"

step "evidence: what could open the old records is not on the disk"
after=$(row "$EPOCHS")
pieces=()
for ((i = 0; i + 32 <= ${#before}; i += 2)); do
	piece=${before:i:32}
	case $after in *"$piece"*) ;; *) pieces+=(-x "$piece") ;; esac
done
[ "${#pieces[@]}" -ge 32 ] || fail "the row of keys has not changed enough"
hunt() { "$O/test/hunt" -c "SQLite format 3" "$@" -d "${DB%/*}" >"$T/hunt.out"; }
hunt -w -x "${after:${#after}-32}" || fail "not even the present row is found"
hunt "${pieces[@]}" || fail "a piece of the old keys is on the disk"
echo "$((${#pieces[@]} / 2)) pieces of the old row of wrapped keys looked for: none found"

step "the server is back; the next connection does it"
prosody_again
must 40 key revoke "$J"
no_duty || fail "still to be done"
withdrawn "$new" || fail "the server still has it"
on_server "$new"


step "both clients have ended by themselves, saying why"
must 20 gone "${PID[a]}"
must 20 gone "${PID[b]}"
grep -h 'no such account' "$T/a.err" "$T/b.err" || fail "they say nothing"
profanity_stop romeo
agent_stop juliet
kill "$(cat "$T/prosody/pid")"
must 10 gone "$(cat "$T/prosody/pid")"
