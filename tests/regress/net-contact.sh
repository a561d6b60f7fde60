#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 150
# A contact who sends what no client would: forged wrappers, bounces, broken
# elements, absurd device lists, bad bundles, clear text, terminal codes. Each
# is dropped and said, nothing else is harmed, and good messages go on.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
OMEMO=eu.siacs.conversations.axolotl

prosody
for who in juliet romeo; do agent_start $who; done
identity juliet $J
identity romeo $R
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R
sent=0
# good: a message each way still gets through
good() {
	sent=$((sent + 1))
	chat_say r $J "good $sent from Romeo" "r$sent"
	must 30 event j event=message "body=good $sent from Romeo"
	chat_say j $R "good $sent from Juliet" "j$sent"
	must 30 event r event=message "body=good $sent from Juliet"
}
# contact: lines of XML on stdin, sent by Romeo's other client
contact() {
	python3 tests/support/raw_client.py $R secret-romeo "$PORT" "$CA" ||
		fail "the contact's client"
}
# said WORDS: Juliet's net has told why something was dropped
said() {
	grep '"event":"notice"' "$T/j.json" | grep -q "$1"
}
walls() { # the same processes as at the beginning
	[ "$(role_pid keeper "${PID[juliet]}")" = "$keeper" ] ||
		fail "Juliet's keeper did not outlive it"
}
keeper=$(role_pid keeper "${PID[juliet]}")
device() {
	in_home "$1" "$O/xmpp-key" list --json | sed 's/.*"device":\([0-9]*\).*/\1/'
}
jd=$(device juliet)
rd=$(device romeo)
good

# --- wrappers that only the own server may use --------------------------------
inner="<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='$J/x' to='$R' type='chat'><body>forged by carbon</body></message></forwarded>"
contact <<-XML
	<message to='$J' type='chat'><sent xmlns='urn:xmpp:carbons:2'>$inner</sent></message>
	<message to='$J' type='chat'><received xmlns='urn:xmpp:carbons:2'>$inner</received></message>
	<message to='$J'><result xmlns='urn:xmpp:mam:2' queryid='q' id='1'>$inner</result></message>
	<message to='$J' type='error' id='j1'><body>forged bounce</body><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>
XML
good

# --- broken elements -----------------------------------------------------------
e="<encrypted xmlns='$OMEMO'>"
contact <<-XML
	<message to='$J' type='chat'>$e<header sid='$rd'><key rid='$jd'>!!!!</key><iv>AAAAAAAAAAAAAAAA</iv></header><payload>AAAA</payload></encrypted></message>
	<message to='$J' type='chat'>$e<payload>AAAA</payload></encrypted></message>
	<message to='$J' type='chat'>$e<header sid='$rd'><key rid='$jd'>MwohBQ==</key><key rid='$jd' prekey='1'>MwgBEgA=</key><iv>AAAAAAAAAAAAAAAA</iv></header><payload>AAAA</payload></encrypted></message>
	<message to='$J' type='chat'>$e<header><key rid='$jd'>MwohBQ==</key><iv>AAAAAAAAAAAAAAAA</iv></header></encrypted></message>
	<message to='$J' type='chat'>$e<header sid='0'><key rid='$jd'>MwohBQ==</key><iv>AAAAAAAAAAAAAAAA</iv></header></encrypted></message>
	<message to='$J' type='chat'>$e<header sid='$rd'><key rid='1'>MwohBQ==</key><iv>AAAAAAAAAAAAAAAA</iv></header><payload>AAAA</payload></encrypted></message>
	<message to='$J' type='chat'>$e<header sid='$rd'>%64%<key rid='$jd'>MwohBQ==</key>%<iv>AAAAAAAAAAAAAAAA</iv></header><payload>AAAA</payload></encrypted></message>
	<message to='$J' type='chat'>$e<header sid='$rd'><key rid='$jd' prekey='true'>MwgBEgA=</key><key rid='$jd'>MwohBQ==</key><iv>AAAA</iv></header><payload>AAAA</payload></encrypted></message>
	<message to='$J' type='chat'>$e<header sid='$rd'>%9000%<key rid='5'/>%</header></encrypted></message>
	<message to='$J' type='chat'><x xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='4000000000'/></message>
	<message to='$J' type='chat'>%12000%<x/>%</message>
XML
must 20 said 'a message was dropped'
must 20 said 'a message cannot be read'
good

# --- clear text, and codes for a terminal ---------------------------------------
contact <<-XML
	<message to='$J' type='chat' id='c1'><body>in clear &#x9;&#x9b;31m</body></message>
	<message to='$J' type='chat' id='c2'><body>again in clear</body><encryption xmlns='urn:xmpp:eme:0' namespace='$OMEMO'/></message>
XML
must 20 event j event=unencrypted from=$R
good
# (in OMEMO 2 a text is XML: what XML cannot carry comes as U+FFFD)
chat_say r $J 'bell \u0007 and \u001b]0;title\u0007' esc
fffd=$(printf '\357\277\275')
must 20 event j event=message "body=bell $fffd and $fffd]0;title$fffd"
if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$T/j.json"; then
	fail "a control character reached standard output raw"
fi

# --- absurd device lists, bad bundles ---------------------------------------------
pub="<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
ids=$(seq 100001 105000 | sed "s/.*/<device id='&'\\/>/" | tr -d '\n')
b64() { head -c "$1" /dev/zero | base64 -w0; }
bundle() { # DEVICE IDENTITY SPK SIGNATURE PREKEYS
	echo "$pub<publish node='$OMEMO.bundles:$1'><item id='current'><bundle xmlns='$OMEMO'><signedPreKeyPublic signedPreKeyId='1'>$3</signedPreKeyPublic><signedPreKeySignature>$4</signedPreKeySignature><identityKey>$2</identityKey><prekeys>$5</prekeys></bundle></item></publish></pubsub></iq>"
}
# a point of small order, and keys of a length that no key has
point=BQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
one="<preKeyPublic preKeyId='1'>$point</preKeyPublic>"
contact <<-XML
	$(bundle 100001 $point $point "$(b64 64)" "$one")
	$(bundle 100002 "$(b64 31)" "$(b64 31)" "$(b64 63)" "$one")
	$(bundle 100003 $point $point "$(b64 64)" "")
	$(bundle 100004 AA== AA== AA== "<preKeyPublic preKeyId='x'>$point</preKeyPublic>")
	$pub<publish node='$OMEMO.devicelist'><item id='current'><list xmlns='$OMEMO'><device id='$rd'/><device id='0'/><device id='4294967296'/><device id='-1'/><device id='x'/><device id='$rd'/>$ids</list></item></publish></pubsub></iq>
XML
good
walls
in_home juliet "$O/xmpp-key" peers $J $R --json >"$T/peers"
[ "$(wc -l <"$T/peers")" -le 32 ] || fail "more devices than a contact can have"
! grep -q '"device":10000[1-4],.*"reader":true' "$T/peers" ||
	fail "a device with a bad bundle is a reader"

# --- nothing of it was shown ----------------------------------------------------------
for body in 'forged by carbon' 'forged bounce' 'in clear' 'again in clear'; do
	! grep '"event":"message"' "$T/j.json" | grep -q "$body" ||
		fail "shown: $body"
done
! event j event=error ref=j1 || fail "a contact's bounce of an old message counted"
[ "$("$O/test/json_pick" "$T/j.json" event=message from=$R | wc -l)" = $((sent + 1)) ] ||
	fail "not as many messages as were good"

echo passed
