#!/bin/bash
# SPDX-License-Identifier: ISC
# OMEMO 2 between our own, on a real server: both ways, to one who is offline,
# to a sibling and to another device of the sender, after a crash of the parser
# of envelopes; what the server then has; and a device that leaves it.
# seconds: 150
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
NS=urn:xmpp:omemo:2

raw() { # JID PASSWORD, lines of XML
	python3 tests/support/raw_client.py "$1" "$2" "$PORT" "$CA" ||
		fail "the other client of $1"
}
# got CLIENT FROM BODY [FIELD=VALUE...]: shown, in OMEMO 2, bound to the chat
got() {
	must 30 event "$1" event=message "from=$2" "body=$3" encryption=omemo:2 \
		bound=conversation "${@:4}"
}
device() {
	in_home "$1" "$O/xmpp-key" list --json | sed 's/.*"device":\([0-9]*\).*/\1/'
}

prosody
for who in juliet romeo; do agent_start $who; done
identity juliet $J
identity romeo $R
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R

# --- both ways; what an XML parser might stumble over
chat_say j $R 'one <&> two' j1
got r $J 'one <&> two' trust=blind copy=none
chat_say r $J ']]> and &amp; \"three\" \u0001 \u00e4' r1
got j $R "$(printf ']]> and &amp; "three" \357\277\275 \303\244')"

# --- a sibling of the same identity, and Romeo offline
chat_start k juliet $J
must 20 event k event=online
chat_say j $R 'to a sibling too' j2
got r $J 'to a sibling too'
must 30 event k event=message "from=$J" "body=to a sibling too" copy=sibling
chat_quit r
chat_say j $R 'while you were away' j3
must 20 event j event=sent ref=j3
chat_start r romeo $R
got r $J 'while you were away' copy=archive
got_both() { # by each client of one device
	got j $R "$1"
	got k $R "$1"
}
chat_say r $J 'to both of yours' r2
got_both 'to both of yours'
chat_quit k

# --- another device of Juliet's: hers reads what she writes, and what is written
agent_start juliet2
identity juliet2 $J
chat_start l juliet2 $J
online l juliet2 $J
fp() { in_home "$1" "$O/xmpp-key" fingerprint $J; }
for pair in "juliet juliet2" "juliet2 juliet"; do
	read -r a b <<<"$pair"
	must 20 in_home "$a" "$O/xmpp-key" peers $J $J
	knows() {
		in_home "$a" "$O/xmpp-key" trust $J $J "$(fp "$b")" \
			--passphrase-file "$T/passphrase" >"$T/trust.out" 2>&1
	}
	chat_say "$([ "$a" = juliet ] && echo j || echo l)" $R "hello from $a" "h$a"
	got r $J "hello from $a"
	must 30 knows
done
chat_say j $R 'for all but this one' j4
got r $J 'for all but this one'
got l $J 'for all but this one' "to=$R" trust=trusted
chat_say r $J 'for both devices' r3
got j $R 'for both devices'
got l $R 'for both devices'

# --- an envelope in clear is nobody's word; a parser that has died is replaced
raw $R secret-romeo <<-XML
	<message to='$J' type='chat'><envelope xmlns='urn:xmpp:sce:1'><content><body xmlns='jabber:client'>in clear</body></content><rpad/><from jid='$R'/></envelope><body>in clear</body></message>
XML
must 20 grep -q 'its envelope is not encrypted' "$T/j.json"
sce=$(role_pid sce "${PID[j]}")
kill -SEGV "$sce"
must 10 gone "$sce"
chat_say r $J 'read by the next one' r4
got j $R 'read by the next one'
! grep -q '"body":"in clear"' "$T/j.json" || fail "what came in clear was shown"

# --- what a contact may write in an envelope, through his own agent: each is
# dropped and said, an opt-out is told, and good messages go on
chat_quit r
body='<body xmlns="jabber:client">hostile</body>'
become romeo python3 tests/support/compose.py "$T/romeo/run/agent.sock" $R r $J \
	>"$T/compose.out" 2>"$T/compose.err" <<-XML || fail "compose.py"
	$body</content><content>$body
	$body</content><from jid="tybalt@capulet.lit"/><content xmlns="urn:example">
	$body</content><to jid="tybalt@capulet.lit"/><content xmlns="urn:example">
	$body<!DOCTYPE x [<!ENTITY a "b">]>
	$body&#0;
	&a;$body
	$body<?hostile?>
	$body%30%<a>%%30%</a>%
	$body%2000%<a/>%
	$body</content></envelope><envelope>
	<body xmlns="jabber:client">a<b/>hostile</body>
	<store xmlns="urn:xmpp:hints"/><stanza-id xmlns="urn:xmpp:sid:0" by="$J" id="1"/>
	<opt-out xmlns="urn:xmpp:omemo:2"><reason>an old phone</reason></opt-out>
XML
sce=$(role_pid sce "${PID[j]}")
dropped() { [ "$(grep -c 'a message was dropped: its ' "$T/j.json")" -ge "$1" ]; }
before=$(grep -c 'a message was dropped: its ' "$T/j.json")
chat_start r romeo $R
must 30 event j event=opt-out "from=$R" "reason=an old phone"
must 20 dropped $((before + 11))
for why in 'has an element twice' 'is not well-formed' 'too deep ones' \
	'has a processing instruction' 'text has elements inside'; do
	grep -q "$why" "$T/j.json" || fail "it is not said: $why"
done
! grep '"event":"message"' "$T/j.json" | grep -q hostile || fail "it was shown"
[ "$(role_pid sce "${PID[j]}")" = "$sce" ] || fail "the parser did not outlive it"
chat_say r $J 'and a good one' r5
got j $R 'and a good one'

# --- about other messages: a correction, a reply; ids that nobody has are told
id=$(event_field j id event=sent ref=j4)
[ -n "$id" ] || fail "the id of what was sent"
printf '{"command":"correct","to":"%s","id":"%s","body":"for <all> of them","ref":"c1"}\n' \
	$R "$id" >&"${IN[j]}"
must 20 event r event=message "from=$J" 'body=for <all> of them' "replaces=$id" \
	encryption=omemo:2
printf '{"command":"reply","to":"%s","id":"%s","body":"thanks","ref":"c2"}\n' \
	$J "$id" >&"${IN[r]}"
must 20 event j event=message "from=$R" 'body=thanks' "reply_to=$id" bound=conversation
event l event=message "from=$J" 'body=for <all> of them' "replaces=$id" ||
	must 20 event l event=message 'body=for <all> of them' "replaces=$id"
printf '{"command":"correct","to":"%s","body":"of what","ref":"c3"}\n' $R >&"${IN[j]}"
must 10 event j event=error ref=c3
# receipts and typing states: what is not of this conversation is no receipt
chat_quit r
become romeo python3 tests/support/compose.py "$T/romeo/run/agent.sock" $R r2 $J \
	>"$T/compose.out" 2>"$T/compose.err" <<-XML || fail "compose.py"
	<received xmlns="urn:xmpp:receipts" id="never-sent"/>
	<received xmlns="urn:xmpp:receipts" id="$id"/>
	<paused xmlns="http://jabber.org/protocol/chatstates"/>
XML
chat_start r2 romeo $R
must 30 event j event=delivered "id=$id"
must 20 event j event=typing "from=$R" state=paused
! event j event=delivered id=never-sent || fail "a receipt for nothing was told"
chat_quit r2

# --- what her second device calls itself: published, signed, shown at the first
# one; both keep it when they write the list; a length of a key is refused
for text in "$(printf '%032d' 0)" "$(printf '%033d' 0)" "$(printf '%053d' 0)"; do
	in_home juliet2 "$O/xmpp-key" label $J "$text" --passphrase-file "$T/passphrase" \
		>"$T/label.out" 2>&1 && fail "a label of ${#text} octets"
done
in_home juliet2 "$O/xmpp-key" label $J "the <phone>" --passphrase-file "$T/passphrase" \
	>"$T/label.out" 2>&1 || fail "xmpp-key label"
[ "$(in_home juliet2 "$O/xmpp-key" label $J)" = "the <phone>" ] || fail "the label is not shown"
doctor() {
	in_home juliet "$O/xmpp-key" doctor $J --host 127.0.0.1 --port "$PORT" \
		--ca-file "$CA" --password-file "$T/juliet.pw" >"$T/doctor.out" 2>&1
	grep -q "device $(device juliet2) calls itself \"the <phone>\"" "$T/doctor.out"
}
must 20 doctor
in_home juliet "$O/xmpp-key" label $J desk --passphrase-file "$T/passphrase" \
	>"$T/label.out" 2>&1 || fail "xmpp-key label"
both_named() {
	doctor && grep -q "device $(device juliet) calls itself \"desk\"" "$T/doctor.out"
}
must 20 both_named

# --- a list of a thousand devices is cut, said, and holds up no message
thousand=$(seq -f "<device id='%.0f'/>" 5001 6000 | tr -d '\n')
raw $R secret-romeo <<-XML
	<iq type='set' id='d'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='$NS:devices'><item id='current'><devices xmlns='$NS'><device id='$(device romeo)'/>$thousand</devices></item></publish></pubsub></iq>
XML
must 20 grep -q 'its device list has 1001 devices: no more than 32 of them' "$T/j.json"
chat_say j $R 'to one of a thousand' j1000
must 60 event j event=sent ref=j1000
chat_start r romeo $R
got r $J 'to one of a thousand'

# --- on the server: one node, an item for each device; both lists
jd=$(device juliet) jd2=$(device juliet2) rd=$(device romeo)
[ "$jd" != "$jd2" ] || fail "two devices with one id"
list() { # JID PASSWORD NODE
	python3 tests/support/raw_client.py -i "$3" "$1" "$2" "$PORT" "$CA" </dev/null |
		tr ' ' '\n' | sort -n | tr '\n' ' '
}
both=$(printf '%s\n' "$jd" "$jd2" | sort -n | tr '\n' ' ')
[ "$(list $J secret-juliet $NS:devices)" = "$both" ] || fail "the list of OMEMO 2"
[ "$(list $J secret-juliet eu.siacs.conversations.axolotl.devicelist)" = "$both" ] ||
	fail "the list of 0.3.0"
python3 tests/support/raw_client.py -b $NS:bundles $J secret-juliet "$PORT" "$CA" \
	</dev/null | tr ' ' '\n' | sort -n | tr '\n' ' ' >"$T/items"
[ "$(cat "$T/items")" = "$both" ] || fail "the items of the bundles: $(cat "$T/items")"

# --- Romeo's device leaves OMEMO 2 (or a server says so): announced, then 0.3.0
raw $R secret-romeo <<-XML
	<iq type='set' id='d'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='$NS:devices'><item id='current'><devices xmlns='$NS'/></item></publish></pubsub></iq>
XML
# (his own client writes it again at once, and is back)
again() { [ "$(list $R secret-romeo $NS:devices)" = "$rd " ]; }
must 20 again
chat_quit r
raw $R secret-romeo <<-XML
	<iq type='set' id='d'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='$NS:devices'><item id='current'><devices xmlns='$NS'/></item></publish></pubsub></iq>
XML
readers() { grep -c '"event":"reader".*older-version' "$T/j.json"; }
! readers >/dev/null || fail "it was announced too early"
chat_say j $R 'by the older way' j5
must 30 event j event=reader why=older-version
must 20 event j event=sent ref=j5
chat_start r romeo $R
must 30 event r event=message "from=$J" 'body=by the older way' encryption=omemo:1 bound=none
must 20 again
say_again() {
	chat_say j $R "newer again $1" "n$1"
	must 20 event r event=message "from=$J" "body=newer again $1"
	event r event=message "body=newer again $1" encryption=omemo:2
}
n=0
until say_again $n; do
	n=$((n + 1))
	[ $n -lt 20 ] || fail "it stays with the older version"
done
chat_quit j
chat_quit l
chat_quit r
echo passed
