#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 240
# A room on a real server: three accounts, one of them with two devices. Texts
# all ways, also to who is absent; who may be in it is announced before he can
# read; who was removed cannot; a room that hides addresses, or that anybody
# may enter, is refused with the reason; and a list that lies.
# (with profanity: tests/interop/room.sh)
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
# shellcheck source=tests/lab/rooms.sh
. "$LAB/rooms.sh"
J=juliet@capulet.lit R=romeo@montague.lit M=mercutio@montague.lit
N=nurse@capulet.lit
ROOMS=1 ACCOUNTS="$M $N" prosody

# got CLIENT FROM BODY [FIELD=VALUE...]: shown, in the room, in OMEMO 2
got() {
	must 30 event "$1" event=message "from=$2" "room=$ROOM" "body=$3" \
		encryption=omemo:2 bound=conversation "${@:4}"
}
in_room() {
	chat_join "$1"
	must 30 event "$1" event=joined "room=$ROOM"
}
# say CLIENT TEXT: to the room, which has it when this returns
say() {
	chat_say "$1" "$ROOM" "$2" "$2"
	must 30 event "$1" event=sent "ref=$2"
}
# refused CLIENT TEXT WORDS: not sent, with these words
refused() {
	chat_say "$1" "$ROOM" "$2" "$2"
	must 30 event "$1" event=error "ref=$2"
	event_field "$1" reason event=error "ref=$2" | grep -q "$3" ||
		fail "$1: $2: not the reason: $(event_field "$1" reason \
			event=error "ref=$2")"
}
fp() { in_home "$1" "$O/xmpp-key" fingerprint "$2"; }
device() {
	in_home "$1" "$O/xmpp-key" list --json | sed 's/.*"device":\([0-9]*\).*/\1/'
}
# before CLIENT WORDS WORDS: a line with the one comes before any with the other
before() {
	local a b
	a=$(grep -n "$2" "$T/$1.json" | head -n 1 | cut -d: -f1)
	b=$(grep -n "$3" "$T/$1.json" | head -n 1 | cut -d: -f1)
	if [ "${a:-0}" = 0 ] || [ "$a" -ge "${b:-0}" ]; then
		fail "$1: '$2' (line $a) is not before '$3' (line $b)"
	fi
}

for who in juliet tower romeo mercutio; do agent_start $who; done
identity juliet $J
identity tower $J
identity romeo $R
identity mercutio $M
chat_start j juliet $J
online j juliet $J
chat_start t tower $J
online t tower $J
chat_start r romeo $R
online r romeo $R
chat_start m mercutio $M
online m mercutio $M
knows() { # AGENT OTHER: Juliet's two devices know each other
	in_home "$1" "$O/xmpp-key" trust $J $J "$(fp "$2" $J)" \
		--passphrase-file "$T/passphrase" >"$T/trust.out" 2>&1
}

# --- what is no room, and a room that is none yet
chat_join r
must 20 event r event=left "room=$ROOM" why=refused "reason=there is no such room"
room_make roomname=lounge
room_affiliate $R member

# --- in it; Juliet's other device too
in_room j
in_room r
in_room t
[ "$(event_field j members event=joined)" = 2 ] || fail "not two members"
event j event=member "room=$ROOM" "jid=$R" change=here || fail "who is in it"
say r 'one from Romeo'
got j $R 'one from Romeo'
say j 'hello from Juliet' # each finds the other of hers by it
got r $J 'hello from Juliet'
say t 'hello from her tower'
got r $J 'hello from her tower'
must 20 knows juliet tower
must 20 knows tower juliet
say j 'one from Juliet'
got r $J 'one from Juliet'
got t $J 'one from Juliet' "to=$ROOM" trust=trusted
say t 'one from her tower'
got r $J 'one from her tower'
got j $J 'one from her tower' "to=$ROOM"
say r 'two from Romeo'
got j $R 'two from Romeo'
got t $R 'two from Romeo'
! event r event=message "from=$R" || fail "his own texts come back as messages"
! event r event=notice || fail "r: $(grep notice "$T/r.json")"

# --- a new member: told, and announced before anything is encrypted to him
room_affiliate $M member
must 20 event r event=member "jid=$M" change=came
must 20 event j event=member "jid=$M" change=came
say r 'three, with a new member'
event r event=reader "peer=$M" why=new-member "room=$ROOM" ||
	fail "the new member was not announced"
before r "\"event\":\"reader\".*$M" '"ref":"three, with'
in_room m
got j $R 'three, with a new member'
say m 'one from Mercutio'
got r $M 'one from Mercutio'
got j $M 'one from Mercutio'
got t $M 'one from Mercutio'

# --- one without any key: announced, and nobody is held up
room_affiliate $N member
must 20 event r event=member "jid=$N" change=came
say r 'four, with one who cannot read'
event r event=reader "peer=$N" why=new-member device=0 || fail "not announced: $N"
got m $R 'four, with one who cannot read'
room_affiliate $N none
must 20 event r event=member "jid=$N" change=went

# --- absent: read later, from the room's archive, in order and once
chat_quit m
say r 'five, while he is away'
say j 'six, while he is away'
chat_start m mercutio $M
must 30 event m event=online
in_room m
got m $R 'five, while he is away'
got m $J 'six, while he is away'
before m 'five, while' 'six, while'
must 20 event m event=caught-up "room=$ROOM"
for body in 'five, while he is away' 'four, with one who cannot read'; do
	[ "$("$O/test/json_pick" -f body "$T/m.json" event=message \
		"body=$body" | wc -l)" = 1 ] || fail "m has not shown once: $body"
done

# --- removed: he is put out, nothing more is encrypted to him, he cannot read
md=$(device mercutio)
archive=$T/prosody/data/rooms%2emontague%2elit/muc_log/lounge.list
"$LAB/drop" cat "$archive" | grep -q "rid.*$md" || fail "he was never written to"
room_affiliate $M none
must 20 event m event=left "room=$ROOM" why=refused
must 20 event r event=member "jid=$M" change=went
had=$("$LAB/drop" cat "$archive" | grep -c "rid.*$md")
say r 'seven, without him'
got j $R 'seven, without him'
[ "$("$LAB/drop" cat "$archive" | grep -c "rid.*$md")" = "$had" ] ||
	fail "it was encrypted to who had been removed"
refused m 'I am still here' '.'
chat_join m
must 20 event m event=left "reason=it is for members, and this account is none"

# --- put out, and banned
room_kick romeo
must 20 event r event=left "reason=this account was put out of it"
refused r 'after the kick' '.'
: >"$T/r.json"
in_room r
say r 'eight, back again'
got j $R 'eight, back again'

# --- xmpp-send to a room: joined, sent, left
send() { # STATUS TEXT TO...
	local want=$1 is=0 text=$2
	shift 2
	echo "$text" | in_home romeo "$O/xmpp-send" --host 127.0.0.1 \
		--port "$PORT" --ca-file "$CA" --password-file "$T/romeo.pw" \
		--timeout 30 "$R" "$@" >"$T/send.out" 2>"$T/send.err" || is=$?
	[ "$is" = "$want" ] || fail "xmpp-send: $is, not $want: $(cat "$T/send.err")"
}
send 0 'nine, by xmpp-send' $ROOM
got j $R 'nine, by xmpp-send'
got t $R 'nine, by xmpp-send'
send 0 'ten, to both' $ROOM $J
got j $R 'ten, to both'
must 20 event j event=message "from=$R" 'body=ten, to both' room=null
send 1 'to no room' nothing@rooms.montague.lit
grep -qx 'xmpp-send: nothing@rooms.montague.lit: there is no such room' \
	"$T/send.err" || fail "no room: $(cat "$T/send.err")"

# --- the connection dies in the middle: the room has it, or gets it; once
stays() { [ "$(grep -c '"event":"joined"' "$T/r.json")" -ge "$1" ]; }
: >"$T/r.json"
chat_join r
for n in 1 2 3 4; do
	must 40 stays $n
	net=$(role_pid net "${PID[r]}")
	chat_say r $ROOM "killed $n" "killed $n"
	[ $n = 1 ] || sleep 0.0$n # at different moments
	kill -KILL "$net"
	must 10 gone "$net"
done
for n in 1 2 3 4; do
	must 40 event r event=sent "ref=killed $n"
	got j $R "killed $n"
	[ "$("$O/test/json_pick" -f body "$T/j.json" event=message \
		"body=killed $n" | wc -l)" = 1 ] || fail "shown twice: killed $n"
done
say j 'and it goes on'
got r $J 'and it goes on'

# --- away, and back
chat_quit r
say j 'eleven, to who is away'
: >"$T/r.json"
chat_start r romeo $R
must 30 event r event=online
in_room r
got r $J 'eleven, to who is away'

# --- it hides addresses from now on: out, and nothing is sent, with the reason
room_config whois=moderators
for c in j t r; do
	must 20 event $c event=left "room=$ROOM" why=anonymous
done
refused r 'into the dark' 'hides'
refused j 'into the dark too' 'hides'
send 1 'into the dark' $ROOM
grep -qx "xmpp-send: $ROOM: the room hides addresses (anonymous): nothing can be encrypted there" \
	"$T/send.err" || fail "anonymous: $(cat "$T/send.err")"
: >"$T/r.json"
chat_join r
must 20 event r event=left why=anonymous
chat_say r $J 'between us it goes on' d1
must 20 event j event=message "from=$R" 'body=between us it goes on' room=null
room_config whois=anyone membersonly=1
: >"$T/r.json"
: >"$T/j.json"
in_room r
in_room j
say r 'twelve, in the light'
got j $R 'twelve, in the light'

# --- open to everybody
room_config membersonly=0 whois=anyone
must 20 event r event=left why=open
must 20 event j event=left why=open
refused r 'to everybody' 'open\|anybody\|members'
send 1 'to everybody' $ROOM
grep -q "^xmpp-send: $ROOM: the room is open to everybody" "$T/send.err" ||
	fail "open: $(cat "$T/send.err")"
room_config membersonly=1 whois=anyone
: >"$T/r.json"
: >"$T/j.json"
in_room r
in_room j
say r 'thirteen, among us'
got j $R 'thirteen, among us'

# --- the server lies about who is a member. A name that is one: announced, and
# he has no key. What is none, or another list: out, and nothing was changed
lies() { # ITEMS
	echo "<query xmlns='$MUC#admin'>$1</query>" |
		"$LAB/drop" tee "$T/prosody/lies" >/dev/null
	room_config persistentroom=1 whois=anyone membersonly=1 roomname="$2"
}
true_="<item affiliation='member' jid='$R'/>"
in_home romeo "$O/xmpp-key" peers $R $J --json >"$T/peers.before"
lies "$true_<item affiliation='member' jid='$N'/>" a
must 20 event r event=member "jid=$N" change=came
say r 'fourteen, with a ghost'
event r event=reader "peer=$N" why=new-member device=0 || fail "not announced"
got j $R 'fourteen, with a ghost'
n=0
for lie in "<item affiliation='member' jid='montague.lit'/>" \
	"<item affiliation='owner' jid='$N'/>" "<item affiliation='member'/>" \
	"$(seq -f "<item affiliation='member' jid='m%.0f@montague.lit'/>" 300 | tr -d '\n')"; do
	n=$((n + 1))
	lies "$true_$lie" b$n
	must 20 event r event=left "room=$ROOM" why=refused
	must 20 event j event=left "room=$ROOM" why=refused
	refused r "into lies $n" '.'
	rm "$T/prosody/lies"
	: >"$T/r.json"
	: >"$T/j.json"
	in_room r
	in_room j
	say r "the truth again $n"
	got j $R "the truth again $n"
done
in_home romeo "$O/xmpp-key" peers $R $J --json >"$T/peers.after"
cmp "$T/peers.before" "$T/peers.after" || fail "what is known of Juliet has changed"

# --- a person: on a terminal, by the room's address alone
chat_quit r
screen() { tmux -S "$T/romeo/tmux" capture-pane -p -J -t chat; }
sees() {
	shows() { screen | grep -qF -- "$1"; }
	wait_for 15 shows "$1" || fail "the terminal does not show '$1':
$(screen | grep .)"
}
types() {
	tmux -S "$T/romeo/tmux" send-keys -t chat -l -- "$1"
	tmux -S "$T/romeo/tmux" send-keys -t chat Enter
}
in_home romeo env TERM=screen-256color LANG=C.UTF-8 tmux -f /dev/null -S \
	"$T/romeo/tmux" new-session -d -s chat -x 160 -y 40 "$O/xmpp-chat \
	--host 127.0.0.1 --port $PORT --ca-file $CA --password-file \
	$T/romeo.pw $R $ROOM; echo exit \$?; cat"
sees "* in $ROOM as romeo (2 members)"
types 'typed by Romeo'
got j $R 'typed by Romeo'
say j 'to his terminal'
sees "$J to $ROOM: to his terminal"
types '/leave'
sees "* left $ROOM"
types 'from outside'
sees '* not sent: '
types '/to nothing@rooms.montague.lit'
sees '* not in nothing@rooms.montague.lit: there is no such room'
types "/join $ROOM the tower guard"
sees "* in $ROOM as the tower guard (2 members)"
room_affiliate $N member
sees "* a new member of $ROOM: $N"
types 'to her as well'
sees "* $N is in $ROOM, has no key, and will not be able to read"
got j $R 'to her as well'
room_affiliate $N none
types /quit
sees 'exit 0'
tmux -S "$T/romeo/tmux" kill-server
chat_start r romeo $R
must 20 event r event=online
: >"$T/r.json"
in_room r

# --- banned
room_affiliate $R outcast
must 20 event r event=left "reason=this account was banned from it"
refused r 'after the ban' '.'
send 1 'after the ban' $ROOM

# --- nothing of it was in clear, nor lies on the server
for text in 'from Romeo' 'new member' 'while he is away' 'by xmpp-send'; do
	! grep -rqF "$text" "$T/prosody/data" || fail "on the server: $text"
done
echo passed
