#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 180
# xmpp-key doctor: each fault is brought about on a real server, must be named
# with its command and by the exit code, and --fix must mend what it says.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit
NS=eu.siacs.conversations.axolotl
P=http://jabber.org/protocol/pubsub

# raw [-p NODE]: lines of XML, sent as her account
raw() {
	python3 tests/support/raw_client.py "$@" $J secret-juliet "$PORT" "$CA" ||
		fail "her other client"
}
put() { # NODE PAYLOAD: publish an item, whatever it holds
	raw <<<"<iq type='set' id='p'><pubsub xmlns='$P'><publish node='$1'><item id='current'>$2</item></publish></pubsub></iq>"
}
list() { # ID...: publish this device list
	local text='' id
	for id in "$@"; do text+="<device id='$id'/>"; done
	put $NS.devicelist "<list xmlns='$NS'>$text</list>"
}
delete() { # NODE
	raw <<<"<iq type='set' id='d'><pubsub xmlns='$P#owner'><delete node='$1'/></pubsub></iq>"
}
configure() { # NODE FIELD VALUE
	raw <<<"<iq type='set' id='c'><pubsub xmlns='$P#owner'><configure node='$1'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>$P#node_config</value></field><field var='pubsub#$2'><value>$3</value></field></x></configure></pubsub></iq>"
}

# doctor STATUS [OPTION...]: its words in $T/doctor.json, its errors in .err
doctor() {
	local want=$1 code=0
	shift
	in_home juliet "$O/xmpp-key" doctor $J --json --host 127.0.0.1 \
		--port "$PORT" --ca-file "$CA" --password-file "$T/juliet.pw" \
		"$@" >"$T/doctor.json" 2>"$T/doctor.err" </dev/null || code=$?
	cp "$T/doctor.json" "$T/doctor.out" # for fail
	[ "$code" = "$want" ] || fail "doctor: exit $code, not $want"
}
# says FIELD=VALUE...: there is such a finding
says() {
	"$O/test/json_pick" "$T/doctor.json" "$@" >/dev/null
}
# finds ABOUT COMMAND: exit 1, and this is wrong, and only with this command
finds() {
	doctor 1
	says "about=$1" level=wrong "command=$2" || fail "$1 is not named"
}
# mends ABOUT COMMAND: finds it, --fix mends it, and it stays so
mends() {
	finds "$1" "$2"
	doctor 0 --fix
	says "about=$1" level=wrong || fail "$1: --fix does not begin with it"
	says level=mended || fail "$1: --fix does not say what it did"
	well "$1"
}
well() { # AFTER
	doctor 0
	! says level=wrong || fail "still wrong after $1"
}

prosody
agent_start juliet
echo secret-juliet | "$LAB/drop" tee "$T/juliet.pw" >/dev/null
identity juliet $J
device=$(in_home juliet "$O/xmpp-key" list --json | sed 's/.*"device":\([0-9]*\).*/\1/')
bundle=$NS.bundles:$device
publish="xmpp-key publish $J" fix="xmpp-key doctor $J --fix"

# --- nothing was ever published; then all is well, in words too
finds due "$publish"
says about=list-absent level=wrong || fail "no list is not named"
says about=bundle-absent level=wrong || fail "no bundle is not named"
mends list-absent "$publish"
for about in agent signed-prekey-age archive archive-preference carbons pep \
	publish-options list prekeys; do
	says about=$about level=fine || fail "$about is not told"
done
for version in 'OMEMO 0.3.0' 'OMEMO 2'; do
	says about=prekeys "text=$version: 100 one-time prekeys are on the server" ||
		fail "$version: how many prekeys?"
done
in_home juliet "$O/xmpp-key" doctor $J --host 127.0.0.1 --port "$PORT" \
	--ca-file "$CA" --password-file "$T/juliet.pw" >"$T/words.out" || fail "exit in words"
[ "$(tail -n 1 "$T/words.out")" = "all is well" ] || fail "what does it say at the end?"
doctor 0 --fix
! says level=mended || fail "--fix where nothing is wrong"
python3 tests/support/json_schema.py doctor "$T/doctor.json" || fail "--json"

# --- beside a client that is connected
chat_start j juliet $J
must 20 event j event=online
doctor 0
grep -q '1 connection of xmpp-net' "$T/doctor.json" || fail "no client is told"
chat_quit j

# --- the list
delete $NS.devicelist
mends list-absent "$publish"
list
mends list-without-us "$publish"
put $NS.devicelist "<nonsense xmlns='urn:example'/>"
doctor 1 --fix
says about=list-malformed level=wrong || fail "a list that is none"
! says level=mended || fail "a list that cannot be read was written over"
delete $NS.devicelist
mends list-absent "$publish"
list 4242 "$device"
finds device-no-bundle "xmpp-key revoke $J --device 4242"
says about=device-no-bundle device=4242 || fail "which device?"
python3 tests/support/json_schema.py doctor "$T/doctor.json" || fail "--json"
doctor 1 --fix # that is for the user to say
says about=device-no-bundle device=4242 || fail "--fix took another's device away"
! says level=mended || fail "--fix mended what it must not"
put $NS.bundles:4242 "<bundle xmlns='$NS'/>"
finds device-no-bundle "xmpp-key revoke $J --device 4242"
# more of them than are looked at, ours behind
mapfile -t many < <(seq 5001 5080)
list "${many[@]}" "$device"
finds device-no-bundle "xmpp-key revoke $J --device 5001"
says about=list-long level=note || fail "a long list is not told"
[ "$(grep -c '"device-no-bundle"' "$T/doctor.json")" = 63 ] || fail "not 63 of the others"
! says about=list-without-us || fail "ours was not found behind the others"
list "$device"
well "the other device"

# --- the bundle
delete "$bundle"
mends bundle-absent "$publish"
put "$bundle" "<bundle xmlns='$NS'><identityKey>AAAA</identityKey></bundle>"
mends bundle-malformed "$publish"
raw -p "$bundle" </dev/null >"$T/bundle.xml"
alter() { # SED: the true bundle, altered
	sed "$1" "$T/bundle.xml" >"$T/altered.xml"
	! cmp -s "$T/bundle.xml" "$T/altered.xml" || fail "$1 alters nothing"
	put "$bundle" "$(cat "$T/altered.xml")"
}
# (ids go on: each time a bundle of another is to be altered, it is read anew)
alter 's,<identityKey>....,<identityKey>BQAA,'
mends bundle-identity "$publish"
alter 's,\(<signedPreKeyPublic[^>]*>\)....,\1BQAA,'
mends bundle-signed-prekey "$publish"
alter 's,<signedPreKeySignature>....,<signedPreKeySignature>AAAA,'
mends bundle-signature "$publish"
alter 's,<preKeyPublic preKeyId=.[0-9]*.>[^<]*</preKeyPublic>,,'
mends bundle-prekeys "$publish"
alter "s,</prekeys>,<preKeyPublic preKeyId='70000'>BQAA</preKeyPublic></prekeys>,"
finds bundle-copy "xmpp-key adopt --copied"
put "$bundle" "$(cat "$T/bundle.xml")"
well "the foreign prekey"

# --- OMEMO 2's list, and its bundles, which are items of one node
NS2=urn:xmpp:omemo:2
delete $NS2:devices
mends list-absent "$publish"
says level=fine "text=OMEMO 2: the device list names this device and 0 others" ||
	fail "the version is not named"
put $NS2:devices "<devices xmlns='$NS2'/>"
mends list-without-us "$publish"
put $NS2:devices "<devices xmlns='$NS2'><device id='4242'/><device id='$device'/></devices>"
finds device-no-bundle "xmpp-key revoke $J --device 4242"
put $NS2:devices "<devices xmlns='$NS2'><device id='$device'/></devices>"
raw <<<"<iq type='set' id='r'><pubsub xmlns='$P'><retract node='$NS2:bundles'><item id='$device'/></retract></pubsub></iq>"
mends bundle-absent "$publish"
configure $NS2:bundles access_model whitelist
mends bundle-access "$fix"

# --- the nodes' configuration
configure $NS.devicelist access_model whitelist
mends list-access "$fix"
configure "$bundle" access_model presence
mends bundle-access "$fix"
configure $NS.devicelist persist_items false
finds list-persist "$fix"
doctor 0 --fix
well "what was not kept"

# --- the archive's preference, then no archive
raw <<<"<iq type='set' id='m'><prefs xmlns='urn:xmpp:mam:2' default='never'><always/><never/></prefs></iq>"
doctor 1
says about=archive-preference level=wrong || fail "an archive that keeps nothing"
raw <<<"<iq type='set' id='m'><prefs xmlns='urn:xmpp:mam:2' default='roster'><always/><never/></prefs></iq>"
doctor 0
says about=archive-preference level=note || fail "an archive for contacts only"
stop_server() {
	kill "$(cat "$T/prosody/pid")"
	must 10 gone "$(cat "$T/prosody/pid")"
}
# with the ordinary uid, as prosody reads it
stop_server
sed -i 's/"mam",//; s/"carbons",//' "$T/prosody/prosody.cfg.lua"
prosody_again
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT"); }
must 20 answers
doctor 1
says about=archive level=wrong || fail "no archive"
says about=carbons level=note || fail "no carbons"
says about=prekeys level=fine || fail "all else is not told"

# --- the agent is locked: what the server says can still be said
in_home juliet "$O/xmpp-key" lock
finds locked "xmpp-key unlock"
says about=archive level=wrong || fail "locked: the server was not asked"
! says about=bundle-absent || fail "locked: something was compared"
unlock juliet

# --- the password is wrong, the server is not there
echo wrong | "$LAB/drop" tee "$T/juliet.pw" >/dev/null
doctor 1 --fix
says about=server level=wrong || fail "a wrong password"
grep -q 'refuses the password' "$T/doctor.json" || fail "why was it not asked?"
! says about=list-absent || fail "compared with a server that was not asked"
says about=agent level=fine || fail "what the agent has is not told"
echo secret-juliet | "$LAB/drop" tee "$T/juliet.pw" >/dev/null
doctor 1 --password-file /nonexistent
says about=server level=wrong || fail "no password"
stop_server
doctor 1
says about=server level=wrong || fail "no server"
grep -q 'cannot connect' "$T/doctor.json" || fail "why is there no server?"

# --- no such account, no agent
code=0
in_home juliet "$O/xmpp-key" doctor romeo@montague.lit >"$T/o.out" 2>"$T/o.err" || code=$?
[ $code = 1 ] || fail "an account that is not there: exit $code"
grep -q 'xmpp-key create romeo@montague.lit' "$T/o.err" || fail "no advice"
agent_stop juliet
code=0
in_home juliet "$O/xmpp-key" doctor $J >"$T/o.out" 2>"$T/o.err" || code=$?
[ $code = 2 ] || fail "no agent: exit $code"
echo passed
