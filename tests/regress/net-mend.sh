#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 90
# Nodes that exist with another configuration are mended and published to; a
# message that the server bounces is an error of that message, and no more.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
NS=eu.siacs.conversations.axolotl NS2=urn:xmpp:omemo:2

# raw JID PASSWORD: lines of XML, sent as that account
raw() {
	python3 tests/support/raw_client.py "$1" "$2" "$PORT" "$CA" ||
		fail "the other client of $1"
}

prosody
# Juliet's list node is there already, and only she may read it; so is that of
# her bundles of OMEMO 2, which has room for one device's.
raw $J secret-juliet <<-XML
	<iq type='set' id='v'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='$NS2:bundles'><item id='1'><bundle xmlns='$NS2'/></item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>whitelist</value></field><field var='pubsub#max_items'><value>1</value></field></x></publish-options></pubsub></iq>
	<iq type='set' id='w'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='$NS.devicelist'><item id='current'><list xmlns='$NS'/></item></publish><publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>whitelist</value></field><field var='pubsub#persist_items'><value>true</value></field></x></publish-options></pubsub></iq>
XML
# whitelisted: the server keeps the node so
whitelisted() {
	grep -rq 'access_model.*whitelist' "$T/prosody/data"
}
whitelisted || fail "the node is not as it was asked for: this shows nothing"
for who in juliet romeo; do agent_start $who; done
identity juliet $J
identity romeo $R
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R
! whitelisted || fail "a node's configuration was left as it was"
items=$(python3 tests/support/raw_client.py -b $NS2:bundles $J secret-juliet \
	"$PORT" "$CA" </dev/null)
case $items in "1 "?* | ?*" 1") ;; *) fail "the bundles: '$items'" ;; esac
chat_say r $J "the list can be read" r1
must 30 event j event=message "body=the list can be read"
chat_say j $R "and answered" j1
must 30 event r event=message "body=and answered"
in_home juliet "$O/xmpp-key" peers $J $R --json >"$T/peers.out" || fail peers
python3 tests/support/json_schema.py peers "$T/peers.out" || fail "peers --json"

# Romeo blocks her: what she sends comes back.
raw $R secret-romeo <<-XML
	<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='$J'/></block></iq>
XML
chat_say j $R "will come back" j2
must 30 event j event=error ref=j2
raw $R secret-romeo <<-XML
	<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'><item jid='$J'/></unblock></iq>
XML
chat_say j $R "friends again" j3
must 30 event r event=message "body=friends again"
! event r event=message "body=will come back" || fail "a bounce was delivered"
echo passed
