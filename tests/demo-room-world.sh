#!/bin/bash
# SPDX-License-Identifier: ISC
# Run by demo-room.sh inside a world: Juliet writes in a room, on a terminal
# and on another device; Romeo by xmpp-chat --json and xmpp-send; Mercutio uses
# profanity, which nobody here wrote. Somebody comes, somebody goes, and the
# room hides its members' addresses.
. "$LAB/lib.sh"
. "$LAB/rooms.sh"
. "$LAB/profanity.sh"
command -v profanity >/dev/null || fail "profanity is not installed"
J=juliet@capulet.lit R=romeo@montague.lit M=mercutio@montague.lit
N=nurse@capulet.lit
texts=("from Romeo, to all of them" "from Juliet, on her terminal"
	"from her tower" "from Mercutio, by profanity"
	"while Romeo is away" "without Mercutio")

step() { printf '\n== %s\n' "$*"; }
# her NUMBER WORDS: Juliet's terminal shows it (its last lines are printed)
sees() {
	wait_for 30 shows juliet "$1" || fail "Juliet's terminal never showed: $1
$(screen juliet | grep .)"
}
terminal() { # LINES
	screen juliet | grep . | tail -n "$1" | sed 's/^/  | /'
}
got() { # CLIENT FROM BODY ENCRYPTION
	must 30 event "$1" event=message "from=$2" "room=$ROOM" "body=$3" \
		"encryption=$4"
}
say_in() { # CLIENT TEXT
	chat_say "$1" "$ROOM" "$2" "$2"
	must 30 event "$1" event=sent "ref=$2"
}
device() {
	in_home "$1" "$O/xmpp-key" list --json | sed 's/.*"device":\([0-9]*\).*/\1/'
}
fp() { in_home "$1" "$O/xmpp-key" fingerprint "$2"; }
knows() {
	in_home "$1" "$O/xmpp-key" trust $J $J "$(fp "$2" $J)" \
		--passphrase-file "$T/passphrase" >"$T/trust.out" 2>&1
}
has_device_list() {
	grep -q '"id"' "$T/prosody/data/montague%2elit/"pep_*axolotl*devicelist/mercutio.list
}
ARCHIVE='prosody/data/rooms%2emontague%2elit/muc_log/lounge.list'
# the last stanza that the room has kept
stanza() {
	awk '/^item\(/ { s = "" } { s = s $0 "\n" } END { printf "%s", s }' \
		"$T/$ARCHIVE"
}
# for which devices it is: their owners
readers() {
	stanza | sed -n 's/.*\["rid"\] = "\([0-9]*\)".*/\1/p' | sort -n |
		sed "s/^$jd\$/& Juliet/; s/^$td\$/& Juliet's tower/; s/^$rd\$/& Romeo/
			s/^$md\$/& Mercutio/; s/^/  device /"
}

step "prosody $(dpkg-query -W -f '${Version}' prosody) with rooms; profanity $(profanity_version) for Mercutio"
ROOMS=1 ACCOUNTS="$M $N" prosody
room_make roomname=lounge
room_affiliate $R member
room_affiliate $M member
echo "$ROOM: shows addresses, for members: $J (owner), $R, $M"
for who in juliet tower romeo; do agent_start $who; done
identity juliet $J
identity tower $J
identity romeo $R
profanity_start mercutio $M
profanity_keys mercutio
must 10 has_device_list
chat_start t tower $J
online t tower $J
chat_start r romeo $R
online r romeo $R

step "$ xmpp-chat $J $ROOM"
echo secret-juliet | "$LAB/drop" tee "$T/juliet.pw" >/dev/null
home=$T/juliet
tmx new-session -d -s juliet -x 100 -y 50 env "HOME=$home" \
	"XDG_STATE_HOME=$home/state" "XDG_CONFIG_HOME=$home/config" \
	"XDG_RUNTIME_DIR=$home/run" "XMPP_AGENT_SOCK=$home/run/agent.sock" \
	"$LAB/drop" "$O/xmpp-chat" --host 127.0.0.1 --port "$PORT" --ca-file \
	"$CA" --password-file "$T/juliet.pw" $J $ROOM
sees 'in lounge@rooms.montague.lit as juliet \(3 members\)'
for c in t r; do
	chat_join $c
	must 30 event $c event=joined members=3
done
say mercutio "/join $ROOM nick mercutio"
saw mercutio "You have joined" 20
say mercutio "/omemo start"
terminal 3

step "texts all ways; whose key it is comes first"
say_in t "hello" # her two devices find each other
got r $J "hello" omemo:2
must 20 knows tower juliet
say juliet "hello too"
got r $J "hello too" omemo:2
must 20 knows juliet tower
say_in r "${texts[0]}"
sees "${texts[0]}"
got t $R "${texts[0]}" omemo:2
saw mercutio "~ .*${texts[0]}" 30
say juliet "${texts[1]}"
got r $J "${texts[1]}" omemo:2
got t $J "${texts[1]}" omemo:2
saw mercutio "~ .*${texts[1]}" 30
say_in t "${texts[2]}"
sees "${texts[2]}"
saw mercutio "~ .*${texts[2]}" 30
say mercutio "${texts[3]}"
got r $M "${texts[3]}" omemo:1
got t $M "${texts[3]}" omemo:1
sees "${texts[3]}"
terminal 100
echo "Mercutio's screen:"
screen mercutio | grep '~' | tail -n 4 | sed 's/^/  | /'

step "evidence: one stanza for all of them, in both versions of OMEMO"
jd=$(device juliet) td=$(device tower) rd=$(device romeo)
md=$(sed -n 's/.*"id"\] = "\([0-9]*\)".*/\1/p' \
	"$T/prosody/data/montague%2elit/"pep_*axolotl*devicelist/mercutio.list)
say_in r "who reads this"
sees 'who reads this'
stanza >"$T/stanza"
for ns in eu.siacs.conversations.axolotl urn:xmpp:omemo:2; do
	grep -q "$ns" "$T/stanza" || fail "no element of $ns"
	echo "$ns: yes"
done
readers
[ "$(readers | wc -l)" = 3 ] || fail "not for three devices of others"

step "Romeo is away; the room's archive has it for him"
chat_quit r
say juliet "${texts[4]}"
saw mercutio "~ .*${texts[4]}" 30
chat_start r romeo $R
must 20 event r event=online
chat_join r
got r $J "${texts[4]}" omemo:2
grep '"message"' "$T/r.json" | tail -n 1 | cut -c1-150

step "a new member, and then one who is removed"
room_affiliate $N member
sees "a new member of $ROOM: $N"
say juliet "who is new"
sees "$N is in $ROOM, has no key"
got r $J "who is new" omemo:2
room_affiliate $N none
room_affiliate $M none
sees "no more a member of $ROOM: $M"
say_in r "${texts[5]}"
sees "${texts[5]}"
readers
! readers | grep -q Mercutio || fail "it was encrypted to him"
! shows mercutio "${texts[5]}" || fail "he has read it"
terminal 6

step "$ echo disk full | xmpp-send $R $ROOM"
send() { # STATUS TEXT
	local is=0
	echo "$2" | in_home romeo "$O/xmpp-send" --host 127.0.0.1 --port \
		"$PORT" --ca-file "$CA" --password-file "$T/romeo.pw" \
		$R $ROOM >"$T/send.txt" 2>&1 || is=$?
	cat "$T/send.txt"
	echo "exit status $is"
	[ "$is" = "$1" ] || fail "xmpp-send"
}
send 0 "disk full"
sees 'disk full'

step "the owner lets the room hide addresses"
room_config whois=moderators
sees 'hides addresses \(anonymous\) from now on'
send 1 "into the dark"
grep -qx "xmpp-send: $ROOM: the room hides addresses (anonymous): nothing can be encrypted there" \
	"$T/send.txt" || fail "the reason"
say juliet "into the dark too"
sees 'not sent: .*hides addresses'
terminal 2

step "evidence: all that prosody has kept"
for text in "${texts[@]}" "disk full" "into the dark"; do
	! grep -rqF -- "$text" "$T/prosody/data" || fail "on the server: $text"
done
echo "$(grep -c '^item(' "$T/$ARCHIVE") messages in the room's archive: none of the texts in clear"

say juliet /quit
chat_quit t
chat_quit r
profanity_stop mercutio
for who in juliet tower romeo; do agent_stop $who; done
kill "$(cat "$T/prosody/pid")"
must 10 gone "$(cat "$T/prosody/pid")"
