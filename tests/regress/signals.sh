#!/bin/bash
# SPDX-License-Identifier: ISC
# Receipts and typing states between our own, on a real server that writes down
# every message: who is told, who is not, once for each message, and that
# nothing of it is in clear or kept where it should not be.
# seconds: 120
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
wire=$T/prosody/run/wire

# typing CLIENT TO STATE
typing() {
	printf '{"command":"typing","to":"%s","state":"%s","ref":"t"}\n' \
		"$2" "$3" >&"${IN[$1]}"
}
# delivered CLIENT REF: has what it sent as REF been received, it is said?
delivered() {
	event "$1" event=delivered "id=$(event_field "$1" id event=sent "ref=$2")"
}
said() { # CLIENT TO TEXT REF: and it has arrived
	chat_say "$1" "$2" "$3" "$4"
	must 20 event "$1" event=sent "ref=$4"
	must 20 event "$5" event=message "body=$3"
}

WIRE_LOG=$wire WIRE_MODULES=$PWD/tests/chaos prosody
for who in juliet romeo; do agent_start $who; done
identity juliet $J
identity romeo $R
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R

# --- Juliet writes: Romeo, who has not written to her, says nothing
said j $R 'who is there' j1 r
typing r $J composing
# --- he answers: she has written to him, and so he hears that it has come
said r $J 'it is I' r1 j
must 20 delivered r r1
typing r $J composing
must 20 event j event=typing "from=$R" state=composing
typing r $J paused
must 20 event j event=typing "from=$R" state=paused
[ "$(grep -c '"event":"typing"' "$T/j.json")" = 2 ] || fail "a stranger was heard typing"
! delivered j j1 || fail "a receipt to one who was not written to"
said j $R 'good' j2 r
must 20 delivered j j2
typing j $R thinking
must 20 event j event=error ref=t

# --- to one who is away: kept for him, and answered when he is back; once, by
# two clients of one device, and for what both have read already
chat_quit r
chat_say j $R 'while you were away' j3
must 20 event j event=sent ref=j3
typing j $R composing
on_wire() { [ "$(grep -c no-store "$wire")" = "$1" ]; }
must 20 on_wire 3
chat_start r romeo $R
chat_start r2 romeo $R
must 20 event r event=message 'body=while you were away'
must 20 event r2 event=message 'body=while you were away'
must 20 delivered j j3
chat_quit r2
chat_quit r
chat_start r3 romeo $R
must 20 event r3 event=message 'body=while you were away'
said j $R 'again' j4 r3
must 20 delivered j j4
twice=$(grep '"event":"delivered"' "$T/j.json" | sort | uniq -d)
[ -z "$twice" ] || fail "more than one receipt for a message: $twice"
! grep -rq no-store "$T/prosody/data"/*/archive || fail "a typing state is in the archive"

# --- switched off: by the accounts file, or an option
chat_quit r3
"$LAB/drop" mkdir -p "$T/romeo/config/xmpp-agent"
printf '[%s]\nreceipts = no\ntyping = no\n' $R |
	"$LAB/drop" tee "$T/romeo/config/xmpp-agent/accounts" >/dev/null
chat_start r4 romeo $R
said j $R 'unseen' j5 r4
typing r4 $J composing
must 20 event r4 event=error ref=t 'reason=typing states are switched off'
said r4 $J 'and yet' r5 j
! delivered j j5 || fail "a receipt, though they are switched off"

# --- on a terminal: composing at the first key, and no more until it is sent
chat_quit r4
rm "$T/romeo/config/xmpp-agent/accounts"
"$LAB/drop" mkfifo "$T/keys"
become romeo script -qfec "$O/xmpp-chat --host 127.0.0.1 --port $PORT --ca-file $CA \
	--password-file $T/romeo.pw $R $J" /dev/null <"$T/keys" >"$T/terminal.out" 2>&1 &
PID[terminal]=$!
exec {keys}>"$T/keys"
must 20 grep -q 'online as' "$T/terminal.out"
told() { [ "$(grep -c '"event":"typing"' "$T/j.json")" = "$1" ]; }
must 5 told 2
printf h >&"$keys"
must 20 told 3
printf 'alf a lin' >&"$keys"
must 20 grep -q 'half a lin' "$T/terminal.out"
printf 'e\r' >&"$keys"
must 20 event j event=message 'body=half a line'
told 3 || fail "it was said more than once that he types"
printf 'x' >&"$keys"
must 20 told 4
printf '\b' >&"$keys" # all of it is gone
must 20 told 5
printf '\004' >&"$keys"
must 20 gone "${PID[terminal]}"

# --- nothing of it was in clear; what is a typing state is not kept
for word in '<received' 'chatstates' 'composing' "<request"; do
	! grep -q "$word" "$wire" || fail "in clear: $(grep "$word" "$wire" | head -n 1)"
done
on_wire 6 || fail "$(grep -c no-store "$wire") typing states went out"
! grep no-store "$wire" | grep -q '<store' || fail "to be kept, and not to be kept"
chat_quit j
