#!/bin/bash
# SPDX-License-Identifier: ISC
# An identity is replaced while two clients of it send and a contact writes
# without pause: every message arrives once, in both directions; what the
# contact had encrypted to the old device is read; the server drops it.
# seconds: 150
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit

key() {
	in_home juliet "$O/xmpp-key" "$@" --passphrase-file "$T/passphrase"
}
device() {
	in_home juliet "$O/xmpp-key" --json list >"$T/list.json"
	"$O/test/json_pick" -f device "$T/list.json"
}
fingerprint() {
	in_home juliet "$O/xmpp-key" --json list >"$T/list.json"
	"$O/test/json_pick" -f fingerprint "$T/list.json"
}
# what prosody has of a device: its id in the list, its bundle
listed() {
	grep -qr "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*devicelist*
}
bundle() {
	compgen -G "$T/prosody/data/capulet%2elit/pep_*bundles%3a$1*" >/dev/null &&
		grep -qr identityKey "$T"/prosody/data/capulet%2elit/pep_*bundles%3a"$1"*
}
# OMEMO 2: list and bundle are items with its id
listed2() {
	grep -qrs "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*omemo%3a2%3adevices*
}
bundle2() {
	grep -qrs "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*omemo%3a2%3abundles*
}
withdrawn() { ! listed "$1" && ! bundle "$1" && ! listed2 "$1" && ! bundle2 "$1"; }
no_duty() {
	in_home juliet "$O/xmpp-key" --json status >"$T/status.json"
	"$O/test/json_pick" -f withdrawals "$T/status.json" | grep -qx '\[\]'
}
# times NAME BODY: how often NAME's client has shown it
times() {
	"$O/test/json_pick" -f body "$T/$1.json" event=message "body=$2" | wc -l
}
once() { [ "$(times "$1" "$2")" = 1 ]; }

prosody
agent_start juliet
agent_start romeo
identity juliet "$J"
identity romeo "$R"
chat_start a juliet "$J"
chat_start b juliet "$J"
chat_start r romeo "$R"
online a juliet "$J"
online r romeo "$R"
must 20 event b event=online
chat_say r "$J" "hello" h
must 20 event a event=message "body=hello"
chat_say a "$R" "hello too" h
must 20 event r event=message "body=hello too"

# --- the signed prekey, by hand
was=$(device)
key rotate "$J" >"$T/rotate.out" || fail "rotate"
[ "$(device)" = "$was" ] || fail "a signed prekey is no device"
chat_say r "$J" "after the signed prekey" 0
must 20 event a event=message "body=after the signed prekey"

# --- the identity, in the middle of traffic
old=$(device) before=$(fingerprint)
listed "$old" || fail "not even listed"
bundle "$old" || fail "no bundle"
listed2 "$old" || fail "not even listed in OMEMO 2"
bundle2 "$old" || fail "no bundle in OMEMO 2"
for n in $(seq 1 8); do
	chat_say a "$R" "a $n" "a$n"
	chat_say b "$R" "b $n" "b$n"
	chat_say r "$J" "r $n" "r$n"
done
key rotate "$J" --identity >"$T/rotate.out" 2>&1 || fail "rotate --identity"
for n in $(seq 9 16); do
	chat_say a "$R" "a $n" "a$n"
	chat_say b "$R" "b $n" "b$n"
	chat_say r "$J" "r $n" "r$n"
done
new=$(device)
[ "$new" != "$old" ] || fail "the same device"
[ "$(fingerprint)" != "$before" ] || fail "the same key"
for n in $(seq 1 16); do
	must 60 event r event=message "body=a $n"
	must 60 event r event=message "body=b $n"
	must 60 event a event=message "body=r $n"
	must 60 event b event=message "body=r $n"
done
must 40 listed "$new"
must 40 bundle "$new"
must 40 listed2 "$new"
must 40 bundle2 "$new"
must 40 withdrawn "$old"
must 40 no_duty
# a round more, each way, on what is now
chat_say r "$J" "last" l
must 20 event a event=message "body=last"
chat_say b "$R" "last too" l
must 20 event r event=message "body=last too"
for n in $(seq 1 16); do
	once r "a $n" || fail "a $n: $(times r "a $n") times"
	once r "b $n" || fail "b $n: $(times r "b $n") times"
	once a "r $n" || fail "r $n: $(times a "r $n") times"
	once b "r $n" || fail "r $n at b: $(times b "r $n") times"
done
in_home romeo "$O/xmpp-key" --json peers "$R" "$J" >"$T/peers.json"
grep -q "$new" "$T/peers.json" || fail "Romeo does not know the new device"

# --- what was written to the old device while we were away
chat_quit a
chat_quit b
agent_stop juliet
chat_say r "$J" "while you were away" w
must 20 event r event=sent ref=w
agent_start juliet
unlock juliet
key rotate "$J" --identity >"$T/rotate.out" 2>&1 || fail "rotate while away"
: >"$T/a.json"
chat_start a juliet "$J"
must 30 event a event=message "body=while you were away"
must 40 withdrawn "$new"
must 40 no_duty
chat_say a "$R" "read it" ok
must 20 event r event=message "body=read it"
chat_say r "$J" "and again" ok
must 20 event a event=message "body=and again"
chat_quit a
chat_quit r
echo "rotate: two clients and a contact writing, each message once;" \
	"the old device withdrawn and read back"
