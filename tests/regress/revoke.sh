#!/bin/bash
# SPDX-License-Identifier: ISC
# A device is destroyed: no octet of what could open it is left on the disk,
# the server drops it and that is read back; while the server cannot be
# reached it is remembered and told, and done at the next connection. Another
# device of the account leaves the list for good, though it puts itself back.
# Bad requests change nothing.
# privileged
# seconds: 240
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
DB=$T/juliet/state/xmpp-agent/vault.db
EPOCHS=0000000000000000000000000000000000000000000000000000000000000002

key() { # PERSON ARGUMENT...
	local person=$1
	shift
	in_home "$person" "$O/xmpp-key" "$@" --host 127.0.0.1 --port "$PORT" \
		--ca-file "$CA" --password-file "$T/$person.pw" \
		--passphrase-file "$T/passphrase"
}
device() {
	in_home "$1" "$O/xmpp-key" --json list >"$T/list.json"
	"$O/test/json_pick" -f device "$T/list.json"
}
listed() {
	grep -qr "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*devicelist*
}
bundle() {
	grep -qrs identityKey "$T"/prosody/data/capulet%2elit/pep_*bundles%3a"$1"*
}
# OMEMO 2: list and bundle are items with its id
listed2() {
	grep -qrs "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*omemo%3a2%3adevices*
}
bundle2() {
	grep -qrs "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*omemo%3a2%3abundles*
}
withdrawn() { ! listed "$1" && ! bundle "$1" && ! listed2 "$1" && ! bundle2 "$1"; }
status() {
	in_home "$1" "$O/xmpp-key" status >"$T/status.out"
	grep -q -- "$2" "$T/status.out"
}
no_duty() {
	in_home juliet "$O/xmpp-key" --json status >"$T/status.json"
	"$O/test/json_pick" -f withdrawals "$T/status.json" | grep -qx '\[\]'
}
row() { # KEY: its value, read from a copy
	rm -rf "$T/copy"
	mkdir "$T/copy"
	cp "${DB%/*}"/vault.db* "$T/copy" || fail "no database"
	"$O/test/rows" "$T/copy/vault.db" | sed -n "s/^$1 //p"
}
on_disk() {
	"$O/test/hunt" -c "SQLite format 3" "$@" -d "${DB%/*}" >"$T/hunt.out"
}
refused() { # TEXT ARGUMENT...: an error that says TEXT, and nothing changed
	local text=$1
	shift
	key juliet "$@" >"$T/no.out" 2>"$T/no.err" && fail "allowed: $*"
	grep -q -- "$text" "$T/no.err" || fail "$* says: $(cat "$T/no.err")"
	[ "$(device juliet)" = "$ours" ] || fail "$* changed the device"
}

prosody
agent_start juliet
agent_start second
agent_start romeo
identity juliet "$J"
identity second "$J"
identity romeo "$R"
chat_start r romeo "$R"
online r romeo "$R"
chat_start s second "$J"
online s second "$J"
chat_start j juliet "$J"
online j juliet "$J"
ours=$(device juliet) other=$(device second)
must 10 listed "$ours"
must 10 listed "$other"
for id in "$ours" "$other"; do
	must 10 listed2 "$id"
	must 10 bundle2 "$id"
done
chat_say j "$R" "hello" 1
must 20 event r event=message "body=hello"
chat_say r "$J" "and to both" 1
must 20 event j event=message "body=and to both"

# --- what is not there, or not meant
refused 'use --yes' revoke "$J" </dev/null
refused "device $ours of\|is this one" revoke "$J" --device "$ours" --yes
refused "no other device" revoke "$J" --device 4711 --yes
refused 'no key of a device 4711' revoke "$J" "$R" --device 4711
refused 'which device' revoke "$J" "$R"
refused 'no such account' revoke nobody@capulet.lit --yes
no_duty || fail "a refused request left something to do"

# --- a contact's device
romeos=$(device romeo)
key juliet revoke "$J" "$R" --device "$romeos" >"$T/r.out" 2>&1 ||
	fail "revoke a contact's device"
in_home juliet "$O/xmpp-key" --json peers "$J" "$R" >"$T/peers.json"
grep -q '"trust": *"distrusted"' "$T/peers.json" || fail "it is not distrusted"
fp=$("$O/test/json_pick" -f fingerprint "$T/peers.json")
key juliet trust "$J" "$R" "$fp" >"$T/r.out" 2>&1 || fail "trust"

# --- another device of ours, which is alive and puts itself back
key juliet revoke "$J" --device "$other" --yes >"$T/r.out" 2>&1 ||
	echo "(the other device is quicker: $(tail -n 1 "$T/r.out"))"
grep -q "revoked: device $other" "$T/r.out" || fail "no report"
refused "no other device" revoke "$J" --device "$other" --yes
chat_quit s
agent_stop second
must 90 withdrawn "$other"
listed "$ours" || fail "ours is not listed any more"
key juliet publish "$J" >"$T/r.out" 2>&1 || fail "publish"
no_duty || fail "still to be withdrawn: $(cat "$T/status.json")"

# --- this device; the server is away
before=$(row "$EPOCHS")
[ -n "$before" ] || fail "no row of epochs"
kill "$(cat "$T/prosody/pid")"
must 10 gone "$(cat "$T/prosody/pid")"
key juliet revoke "$J" --yes --timeout 3 >"$T/r.out" 2>"$T/r.err" &&
	fail "revoke says that the server knows"
grep -q "destroyed: device $ours" "$T/r.out" || fail "no report"
grep -q 'the server still has it' "$T/r.err" || fail "$(cat "$T/r.err")"
[ -z "$(device juliet)" ] || fail "still listed by the agent"
status juliet "withdrawal of device $ours (destroyed here) waits" ||
	fail "status: $(cat "$T/status.out")"

# --- and nothing on the disk opens what was there
after=$(row "$EPOCHS")
old=()
for ((i = 0; i + 32 <= ${#before}; i += 2)); do
	piece=${before:i:32}
	case $after in *"$piece"*) ;; *) old+=(-x "$piece") ;; esac
done
[ "${#old[@]}" -ge 32 ] || fail "the row has not changed enough: ${#old[@]}"
on_disk -w -x "${after:${#after}-32}" || fail "not even the present key is found"
on_disk "${old[@]}" || {
	cat "$T/hunt.out"
	fail "an old epoch's key lies on the disk"
}

# --- a restart remembers; the server comes back, and the chat does it
agent_stop juliet
agent_start juliet
unlock juliet
status juliet "withdrawal of device $ours (destroyed here) waits" ||
	fail "forgotten over a restart"
listed "$ours" || fail "the server has dropped it by itself?"
prosody_again
must 30 key juliet revoke "$J"
withdrawn "$ours" || fail "said to be withdrawn, and is not"
no_duty || fail "done, and still to be done"
[ -z "$(device juliet)" ] || fail "it came back"

# --- the same name again is another identity
identity juliet "$J"
[ "$(device juliet)" != "$ours" ] || fail "the same device"
: >"$T/j.json"
chat_start j juliet "$J"
online j juliet "$J"
chat_say j "$R" "me again" 2
must 20 event r event=message "body=me again"
chat_quit j
chat_quit r
echo "revoke: destroyed with its epochs, withdrawn and read back, later too;" \
	"another device, a contact's, bad requests"
