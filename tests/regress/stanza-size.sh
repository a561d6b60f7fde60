#!/bin/bash
# SPDX-License-Identifier: ISC
# A message that is too long for the server: refused before it is sent, where the
# server says how long one may be; given up after the second connection that it
# has cost, where it does not. What is sent beside it arrives, in both cases.
# seconds: 120
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
LIMIT=20000

text() { # LENGTH LETTER
	head -c "$1" /dev/zero | tr '\0' "$2"
}
offline() {
	grep -c '"event":"offline"' "$T/j.json"
}

STANZA=$LIMIT ANNOUNCE=$PWD/tests/lab prosody
for who in juliet romeo; do agent_start $who; done
identity juliet $J
identity romeo $R
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R

# --- announced: what fits goes, what does not is named, and nothing is closed
fits=$(text 13000 a)
chat_say j $R "$fits" j1
must 20 event r event=message "body=$fits"
chat_say j $R "$(text 17000 b)" j2
must 20 event j event=error ref=j2
reason=$(event_field j reason event=error ref=j2)
[[ $reason =~ ^too\ long:\ it\ takes\ ([0-9]+)\ octets\ .*\ no\ more\ than\ $LIMIT$ ]] ||
	fail "why: $reason"
[ "${BASH_REMATCH[1]}" -gt $LIMIT ] || fail "it was not too long: $reason"
chat_say j $R 'and on it goes' j3
must 20 event r event=message 'body=and on it goes'
[ "$(offline)" = 0 ] || fail "the connection did not live"
printf '%s' "$(text 17000 c)" | in_home juliet "$O/xmpp-send" --json --host 127.0.0.1 \
	--port "$PORT" --ca-file "$CA" --password-file "$T/juliet.pw" $J $R \
	>"$T/send.json" 2>"$T/send.err" && fail "xmpp-send has sent it"
event send event=error || fail "xmpp-send does not say so"
grep -q "no more than $LIMIT" "$T/send.json" || fail "xmpp-send does not say why"

# --- not announced: the server closes the stream, twice and no more
grep -q '"stream_limits"' "$T/prosody/prosody.cfg.lua" || fail "it was not announced"
sed -i 's/"stream_limits",//' "$T/prosody/prosody.cfg.lua"
kill "$(cat "$T/prosody/pid")"
must 15 gone "$(cat "$T/prosody/pid")"
must 20 event j event=offline
before=$(offline)
prosody_again
back() {
	[ "$(grep -c '"event":"online"' "$T/j.json")" -ge "$1" ]
}
must 60 back 2
# (prosody looks after each 8 KiB, and passes over what ends in the next)
chat_say j $R "$(text 60000 d)" k1
chat_say j $R 'sent beside it' k2
must 90 event j event=error ref=k1
reason=$(event_field j reason event=error ref=k1)
[[ $reason == *"has closed the connection twice at this message of "[0-9]*" octets" ]] ||
	fail "why: $reason"
must 60 event j event=sent ref=k2
must 60 event r event=message 'body=sent beside it'
[ $(($(offline) - before)) -ge 2 ] || fail "the server has not closed it"
grep -q 'stanza.*too' "$T/prosody/run/log" || fail "for another reason"
now=$(offline)
chat_say j $R 'and on it goes, again' k3
must 60 event r event=message 'body=and on it goes, again'
[ "$(offline)" = "$now" ] || fail "it was closed for a short one"
! grep -q '"body":"[bcd]' "$T/r.json" || fail "it arrived all the same"
chat_quit j
chat_quit r
