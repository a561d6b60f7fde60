#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 90
# Another device of the account, which knows nothing of ours, writes the device
# list again and again, without ours. In the end all of its are there, and ours.
. "$LAB/lib.sh"
J=juliet@capulet.lit
NS=eu.siacs.conversations.axolotl

# item ID...: the publication of a list of these
item() {
	local ids='' id
	for id in "$@"; do ids+="<device id='$id'/>"; done
	echo "<iq type='set' id='p$*'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='$NS.devicelist'><item id='current'><list xmlns='$NS'>$ids</list></item></publish></pubsub></iq>"
}

# all of the account's list on the server: "ID ID ID"
on_server() {
	python3 tests/support/raw_client.py -i "$NS.devicelist" $J secret-juliet \
		"$PORT" "$CA" </dev/null
}

server
agent_start juliet
identity juliet $J
chat_start j juliet $J
online j juliet $J
ours=$(on_server)
case $ours in '' | *' '*) fail "a list of one device: '$ours'" ;; esac

has_all() {
	local got id
	got=$(on_server)
	for id in "$ours" "$@"; do
		case " $got " in *" $id "*) ;; *) return 1 ;; esac
	done
}
# one after another, faster than anybody answers
for round in 1 2 3 4 5; do
	for n in 1 2 3 4 5 6; do
		item 1001 $((1000 * round + n)) 1007
	done | python3 tests/support/raw_client.py $J secret-juliet "$PORT" "$CA" ||
		fail "the other device"
	must 20 has_all 1001 $((1000 * round + 6)) 1007
done
# with pauses in which our answer falls into its next one
for n in 1 2 3 4 5 6 7 8; do
	item 1001 $((7000 + n))
	sleep "0.0$n"
done | python3 tests/support/raw_client.py $J secret-juliet "$PORT" "$CA" ||
	fail "the other device"
must 20 has_all 1001 7008
# it has withdrawn one itself: that one does not come back by us
item "$ours" 1001 | python3 tests/support/raw_client.py $J secret-juliet "$PORT" "$CA"
sleep 1
[ "$(on_server)" = "$ours 1001" ] || [ "$(on_server)" = "1001 $ours" ] ||
	fail "the list is $(on_server)"
chat_quit j
