#!/bin/bash
# SPDX-License-Identifier: ISC
# The server's archive is the spool: what is sent while the vault is locked,
# and while the net is killed, is read when it is back, once, in order.
# seconds: 120
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
server
agent_start juliet
agent_start romeo
identity juliet "$J"
identity romeo "$R"
chat_start j juliet "$J"
chat_start r romeo "$R"
online j juliet "$J"
online r romeo "$R"
chat_say r "$J" "first" 1
must 20 event j event=message body=first

in_home juliet "$O/xmpp-key" lock || fail "xmpp-key lock"
must 20 event j event=locked
no_net() { [ -z "$(role_pid net "${PID[j]}")" ]; }
must 20 no_net # locked: no connection to the server
for i in 1 2 3; do
	chat_say r "$J" "while locked $i" "l$i"
	must 20 event r event=sent "ref=l$i"
done
! event j event=message "body=while locked 1" || fail "it came while locked"
unlock juliet
must 40 event j event=message "body=while locked 3"

# killed in the middle: the starter begins anew, nothing is lost or doubled
kill -KILL "$(role_pid net "${PID[j]}")"
for i in 1 2 3; do
	chat_say r "$J" "while dead $i" "d$i"
	must 20 event r event=sent "ref=d$i"
done
must 40 event j event=message "body=while dead 3"
expected="first
while locked 1
while locked 2
while locked 3
while dead 1
while dead 2
while dead 3"
shown=$("$O/test/json_pick" -f body "$T/j.json" event=message)
[ "$shown" = "$expected" ] || fail "shown: $shown"
chat_say j "$R" "answer" a
must 20 event r event=message body=answer
chat_quit j
chat_quit r
