# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sourced after lib.sh by interop/strict-*.sh: the strict peer
# (interop/omemo_bot.py) against xmpp-chat. A world of its own for each
# namespace and each side that writes first.
# shellcheck disable=SC2004 # PID and IN are indexed by names
BOT=/mnt/tree/tests/interop/omemo_bot.py
J=juliet@capulet.lit R=romeo@montague.lit
count=0

# bot_start NAME JID NAMESPACES: its events in $T/NAME.json, its state in
# $T/NAME.d; may be started again with what it had.
bot_start() {
	local name=$1 fd
	rm -f "$T/$name.in"
	"$LAB/drop" mkfifo "$T/$name.in"
	: >"$T/$name.json"
	"$LAB/drop" /usr/bin/python3 "$BOT" "$T/$name.d" "$2" \
		"secret-${2%@*}" "$PORT" "$CA" "$3" <"$T/$name.in" \
		>>"$T/$name.json" 2>>"$T/$name.err" &
	PID[$name]=$!
	exec {fd}>"$T/$name.in"
	IN[$name]=$fd
	must 30 event "$name" event=online
}

bot_quit() {
	local fd=${IN[$1]}
	echo '{"command":"quit"}' >&"$fd"
	must 15 gone "${PID[$1]}"
	exec {fd}>&-
	content "$1"
}

# content BOT: it has found nothing to object to.
content() {
	! event "$1" event=invalid || fail "$1: $(event_field "$1" why event=invalid)"
	! event "$1" event=error || fail "$1: $(event_field "$1" why event=error)"
}

# read_by BOT BODY [FIELD=VALUE...]: or it objects
read_by() {
	must 20 settled "$@"
	content "$1"
	event "$1" event=received "body=$2" "${@:3}" || fail "$1 did not read: $2"
}
settled() {
	event "$1" event=received "body=$2" || event "$1" event=invalid ||
		event "$1" event=error
}

# ours, theirs: one message, read on the other side in this namespace
ours() {
	count=$((count + 1))
	chat_say chat "$R" "from ours $count" "$count"
	read_by romeo "from ours $count" "sender=$J" "namespace=$NS"
}
bot_do() { # BOT COMMAND, about ours
	printf '{"command":"%s","jid":"%s"}\n' "$2" "$J" >&"${IN[$1]}"
}
bot_say() { # BOT TO BODY
	printf '{"command":"send","to":"%s","body":"%s"}\n' "$2" "$3" \
		>&"${IN[$1]}"
}
shown() { # BODY, by ours
	must 20 event chat event=message "from=$R" "encryption=$NS" "body=$1"
}
theirs() {
	count=$((count + 1))
	bot_say romeo "$J" "from theirs $count"
	shown "from theirs $count"
}
talk() {
	local who
	for who in "$@"; do "$who"; done
}

# bodies NAME EVENT WORD: of those events, with that word in it, in order
bodies() {
	"$O/test/json_pick" -f body "$T/$1.json" "event=$2" | grep "$3"
}

ours_start() {
	agent_start juliet
	unlock juliet
	: >"$T/chat.json"
	chat_start chat juliet "$J"
	must 30 event chat event=caught-up
}
ours_stop() {
	chat_quit chat
	agent_stop juliet
}

# What is written while the other one is not there is read when it is, once,
# in order.
offline() {
	local i
	bot_quit romeo
	for i in 1 2 3; do
		chat_say chat "$R" "while theirs is away $i" "away$i"
		must 20 event chat event=sent "ref=away$i"
	done
	bot_start romeo "$R" "$SPACES"
	read_by romeo "while theirs is away 3"
	[ "$(bodies romeo received away | tr -dc 123)" = 123 ] ||
		fail "theirs: $(bodies romeo received away)"
	talk theirs ours
	ours_stop
	for i in 1 2 3; do
		bot_say romeo "$J" "while ours is away $i"
	done
	must 20 event romeo event=sent
	ours_start
	shown "while ours is away 3"
	[ "$(bodies chat message away | tr -dc 123)" = 123 ] ||
		fail "ours: $(bodies chat message away)"
	talk ours theirs
}

# Theirs begins a new session while the old one is good, and both go on once
# ours has answered; python-omemo forgets the old one at once.
replaced() {
	: >"$T/romeo.json"
	bot_do romeo replace
	must 20 event romeo event=replaced
	must 20 event romeo event=empty "sender=$J"
	content romeo
	talk ours theirs ours
}

# Sixty in one direction: the reader moves the ratchet with an empty message,
# as the XEP wants it, and it goes on.
many() {
	local i
	: >"$T/romeo.json"
	for i in $(seq 60); do
		chat_say chat "$R" "run of ours $i" "run$i"
	done
	read_by romeo "run of ours 60"
	must 20 event romeo event=sent-empty
	talk theirs ours
	: >"$T/romeo.json"
	for i in $(seq 60); do
		bot_say romeo "$J" "run of theirs $i"
	done
	shown "run of theirs 60"
	must 20 event romeo event=empty "sender=$J"
	talk ours theirs
}

# A second device of theirs, which begins while ours is away, and one of our
# own account.
devices() {
	ours_stop
	bot_start romeo2 "$R" "$SPACES"
	bot_say romeo2 "$J" "from romeo2 first"
	bot_say romeo2 "$J" "from romeo2 second"
	must 20 event romeo2 event=sent
	ours_start
	shown "from romeo2 first"
	shown "from romeo2 second"
	ours
	read_by romeo2 "from ours $count" "namespace=$NS"

	bot_start juliet2 "$J" "$SPACES"
	must 20 event juliet2 event=list "jid=$J"
	for _ in 1 2 3; do # a new device is looked up when something is sent
		event chat event=reader "peer=$J" || ours
	done
	must 20 event chat event=reader "peer=$J" trust=undecided
	in_home juliet "$O/xmpp-key" trust "$J" "$J" \
		"$(event_field juliet2 fingerprint event=online)" \
		--passphrase-file "$T/passphrase" \
		>"$T/trust.out" 2>&1 || fail "xmpp-key trust"
	ours
	read_by juliet2 "from ours $count" "namespace=$NS" "to=$R" copy=sent
	bot_say juliet2 "$R" "from juliet2"
	read_by romeo "from juliet2" "namespace=$NS"
	must 20 event chat event=message "from=$J" "to=$R" "encryption=$NS" \
		"body=from juliet2" copy=carbon
	theirs
	bot_quit juliet2
	bot_quit romeo2
}

ours_first_time() {
	agent_start juliet
	identity juliet "$J"
	chat_start chat juliet "$J"
	online chat juliet "$J"
}

# No text lies on the server.
in_clear() {
	! grep -rFl -e 'from ours' -e 'from theirs' -e 'is away' -e 'run of' \
		"$T/$SERVER/data" || fail "in clear on the server"
}

# meet FIRST SECOND: who writes first
meet() {
	bot_start romeo "$R" "$SPACES"
	ours_first_time
	must 20 event romeo event=list "jid=$J"
	talk "$1" "$2" "$1" "$2"
	bot_quit romeo
	bot_start romeo "$R" "$SPACES"
	talk "$1" "$2" "$1"
	ours_stop
	ours_start
	talk "$2" "$1" "$2"
	offline
	replaced
	if [ "$1" = ours ]; then devices; else many; fi
	ours_stop
	bot_quit romeo
	in_clear
}

# Both versions side by side: two devices of theirs, each with one of them;
# then one with both, which gives up one and takes it again.
versions() {
	bot_start romeo "$R" omemo:1
	bot_start romeo2 "$R" omemo:2
	ours_first_time
	must 20 event romeo event=list "jid=$J"
	must 20 event romeo2 event=list "jid=$J"
	NS=omemo:1 ours
	read_by romeo2 "from ours $count" namespace=omemo:2
	NS=omemo:1 theirs
	count=$((count + 1))
	bot_say romeo2 "$J" "from romeo2 $count"
	NS=omemo:2 shown "from romeo2 $count"
	NS=omemo:1 ours
	read_by romeo2 "from ours $count" namespace=omemo:2
	bot_quit romeo2
	bot_quit romeo
	bot_start romeo "$R" omemo:2,omemo:1
	becomes omemo:2
	NS=omemo:2 talk theirs ours
	bot_quit romeo
	bot_start romeo "$R" omemo:1
	becomes omemo:1
	NS=omemo:1 talk theirs ours
	bot_quit romeo
	bot_start romeo "$R" omemo:1,omemo:2
	becomes omemo:2
	NS=omemo:1 theirs # as it prefers
	NS=omemo:2 ours   # as we do
	content romeo
	ours_stop
	bot_quit romeo
	in_clear
}

raw_juliet() {
	"$LAB/drop" /usr/bin/python3 /mnt/tree/tests/support/raw_client.py "$@" \
		"$J" secret-juliet "$PORT" "$CA"
}

PUBLISH_OPTIONS=http://jabber.org/protocol/pubsub#publish-options
# Two of ours with one account: the bundle of each stays on the server, and
# both can be written to. (A bundle that is gone is an error of the peer's.)
# Nor is anything put out that lay in the node before, open and, as a
# server makes it by itself, for one item.
two_of_ours() {
	local node=urn:xmpp:omemo:2:bundles
	NS=omemo:2
	tr '\n' ' ' <<-EOT | raw_juliet || fail "a bundle before ours"
		<iq type='set' id='p'><pubsub
		xmlns='http://jabber.org/protocol/pubsub'><publish node='$node'><item
		id='4711'><bundle xmlns='urn:xmpp:omemo:2'><device
		id='4711'/></bundle></item></publish><publish-options><x
		xmlns='jabber:x:data' type='submit'><field type='hidden'
		var='FORM_TYPE'><value>$PUBLISH_OPTIONS</value></field><field
		var='pubsub#access_model'><value>open</value></field></x>
		</publish-options></pubsub></iq>
	EOT
	[ "$(raw_juliet -i $node </dev/null)" = 4711 ] || fail "none there"
	ours_first_time
	[ "$(raw_juliet -i $node </dev/null)" = 4711 ] || fail "it is put out"
	agent_start other
	identity other "$J"
	chat_start second other "$J"
	online second other "$J"
	bot_start romeo "$R" omemo:2
	bot_say romeo "$J" "from theirs to both"
	shown "from theirs to both"
	must 20 event second event=message "from=$R" "encryption=$NS" \
		"body=from theirs to both"
	chat_quit second
	ours_stop
	bot_quit romeo
	in_clear
}

# becomes NAMESPACE: ours has heard of what theirs has now, and writes so
becomes() {
	local i
	bot_do romeo refresh # what it did not speak before it has not heard of
	must 20 event romeo event=refreshed
	for i in 1 2 3 4 5; do
		count=$((count + 1))
		chat_say chat "$R" "from ours $count" "$count"
		read_by romeo "from ours $count"
		! event romeo event=received "body=from ours $count" \
			"namespace=$1" || return 0
	done
	fail "after $i messages ours does not use $1"
}

# in_world NAME SCENE...: in a world of its own, and its result in words
in_world() {
	local base=$T name=$1 result=failed
	shift
	PORT=$((PORT + 10))
	if (
		T=$base/${name//[ ,]/}
		mkdir "$T"
		CA=$T/$SERVER/ca.pem
		server
		"$@"
		kill "$(cat "$T/$SERVER/pid")"
	); then
		result=passed
	fi
	echo "python3-omemo $(dpkg-query -W -f '${Version}' python3-omemo)," \
		"$SERVER, $name: $result"
	[ "$result" = passed ] || exit 1
}

# strict NAMESPACE [SPACES]: what must be used, what theirs offers
strict() {
	NS=$1 SPACES=${2:-$1}
	in_world "$NS, ours first" meet ours theirs
	in_world "$NS, theirs first" meet theirs ours
}
