# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sourced by bench.sh: the rows, each with its peers next to it. They print
# samples: "side<TAB>name<TAB>value". NS: 0, OMEMO 0.3.0, or 1, OMEMO 2.
# bench.sh has: run, PID, T, O, NAMESPACES
# shellcheck disable=SC2154
JULIET=juliet@capulet.lit
count=0
declare -A VERSION=([0]=3 [1]=4) # libomemo-c's names of the two

# fresh [BINDIR]: an agent with a new account; its name in $A
fresh() {
	count=$((count + 1))
	A=a$count
	agent_start "$A" "${1:-$O}"
	identity "$A" "$JULIET"
}

# done_with: the agent and all that it has stored
done_with() {
	agent_stop "$A"
	rm -rf "${T:?}/$A"
}

# as SIDE COMMAND...: what it prints, as samples of that side
as() {
	local side=$1
	shift
	"$@" >"$T/out" || fail "$*"
	sed "s/^/$side\t/" "$T/out"
}

ours() {
	as "ours$NS" in_home "$A" "$O/bench/ours" -n "$NS" "$JULIET" "$@"
}

# omemo ROW: libomemo-c, nothing stored
omemo() {
	as "omemo$NS" "$O/bench/peer_omemo" "${VERSION[$NS]}" "$1"
}

# measure ROW [BINDIR]: by a fresh agent, and by the library
measure() {
	for NS in $NAMESPACES; do
		fresh "${2:-$O}"
		ours "$1"
		done_with
		omemo "$1"
	done
}

row_encrypt() {
	for NS in $NAMESPACES; do
		fresh
		ours encrypt
		omemo encrypt
		ours encrypt-alone
		as "sqlite$NS" "$O/bench/peer_omemo" "${VERSION[$NS]}" encrypt \
			"$T/peer$NS.db"
		done_with
	done
}

row_ratchet() {
	measure ratchet
}

row_session() {
	measure session
}

row_reverse() {
	measure reverse
}

# python-omemo makes its thousand sessions so slowly that it does it once
row_fan() {
	measure fan "$O/bench/wide"
	[ "$NAMESPACES" = 0 ] && NS=1 omemo fan
	[ "$run" != 1 ] || as python /usr/bin/python3 tests/bench/peer_omemo.py
}

# keys_of_peers: an ssh-agent and a gpg-agent with a key of each
keys_of_peers() {
	[ ! -d "$T/peers" ] || return 0
	mkdir -m 0700 "$T/peers"
	ssh-keygen -q -t ed25519 -N '' -f "$T/peers/key" || return 1
	ssh-agent -D -a "$T/peers/ssh" >/dev/null &
	PID[ssh]=$!
	must 5 test -S "$T/peers/ssh"
	SSH_AUTH_SOCK=$T/peers/ssh ssh-add -q "$T/peers/key" || return 1
	export GNUPGHOME=$T/peers
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' \
		--quick-gen-key bench future-default default never \
		2>"$T/gpg.err" || return 1
	GRIP=$(gpg --batch --with-colons --with-keygrip -K |
		awk -F: '$1 == "ssb" { sub_ = 1 } $1 == "grp" && sub_ { print $10; exit }')
	PID[gpg]=$(gpg-connect-agent 'GETINFO pid' /bye | awk '/^D/ { print $2 }')
	GPG=$(gpgconf --list-dirs agent-socket)
}

row_sign() {
	keys_of_peers || fail "keys of the peers"
	NS=0
	fresh "$O/bench/sign"
	ours sign
	done_with
	as ssh "$O/bench/peer_agents" ssh "$T/peers/ssh"
}

row_first() {
	keys_of_peers || fail "keys of the peers"
	measure first
	as gpg "$O/bench/peer_agents" gpg "$GPG" "$GRIP"
}

# filled: an agent's state with 10,000 sessions, made once
filled() {
	[ ! -e "$T/filled" ] || return 0
	NS=0
	fresh
	memory "$A" >"$T/empty-memory"
	ours fill "$SESSIONS" >/dev/null
	memory "$A" >"$T/filled-memory"
	agent_stop "$A"
	echo "$A" >"$T/filled"
}
SESSIONS=10000

# private PID: KiB that it shares with nobody
private() {
	awk '/^Private_(Clean|Dirty)/ { n += $2 } END { print n }' \
		"/proc/$1/smaps_rollup"
}

# memory NAME: of all that the launcher has started, and itself, unlocked
memory() {
	local role total=0 n
	for role in launcher keeper derive store parser; do
		n=$(private "$(role_pid "$role" "${PID[$1]}")")
		printf '%s KiB\t%d\n' "$role" "$n"
		total=$((total + n))
	done
	printf 'memory KiB\t%d\n' "$total"
}

# start_of HOME: the median of ten
start_of() {
	in_home "$1" "$O/bench/starts" xmpp "$T/$1/run/agent.sock" 10 \
		"$O/xmpp-agent" -D -a "$T/$1/run/agent.sock"
}

row_start() {
	filled
	NS=0
	fresh
	agent_stop "$A"
	as ours start_of "$A"
	as ssh in_home "$A" "$O/bench/starts" ssh "$T/$A/run/ssh" 10 \
		/usr/bin/ssh-agent -D -a "$T/$A/run/ssh"
	as filled start_of "$(cat "$T/filled")"
	rm -rf "${T:?}/$A"
}

row_memory() {
	keys_of_peers || fail "keys of the peers"
	filled
	fresh
	as ours memory "$A"
	done_with
	as empty cat "$T/empty-memory"
	as filled cat "$T/filled-memory"
	printf 'ssh\tmemory KiB\t%d\n' "$(private "${PID[ssh]}")"
	printf 'gpg\tmemory KiB\t%d\n' "$(private "${PID[gpg]}")"
}

# talkers: a server, and two people with agents and keys
talkers() {
	[ ! -d "$T/prosody" ] || return 0
	prosody
	for person in juliet romeo; do
		agent_start "$person"
	done
	identity juliet "$JULIET"
	identity romeo romeo@montague.lit
}

# chats BINDIR KIND: both chats of that kind, one measurement
chats() {
	local me=$O to from
	O=$1
	for person in juliet romeo; do
		rm -f "$T/$2-$person.json"
		"$LAB/drop" mkfifo "$T/$2-$person.json"
	done
	exec {from}<>"$T/$2-romeo.json" {to}<>"$T/$2-juliet.json"
	chat_start "$2-juliet" juliet "$JULIET"
	chat_start "$2-romeo" romeo romeo@montague.lit
	O=$me
	if ! await "$to" online || ! await "$from" online; then
		fail "$2: not online"
	fi
	drain "$to"
	for person in juliet romeo; do
		[ "$2" = plain ] || publish "$person"
	done
	# not strangers, of whom one may write a thousand a day at most
	if [ "$2" = encrypted ]; then
		chat_say "$2-romeo" "$JULIET" hello hello
		await "$from" sent || fail "$2: not sent"
	fi
	as "$2" timeout 60 python3 tests/bench/way.py "$2" "${IN[$2-juliet]}" "$from"
	for person in juliet romeo; do
		printf '{"command":"quit"}\n' >&"${IN[$2-$person]}"
		must 15 gone "${PID[$2-$person]}"
	done
	kill "$DRAIN"
	exec {from}<&- {to}<&-
}

# publish PERSON: the keys are on the server
publish() {
	local jid=$JULIET
	[ "$1" = juliet ] || jid=romeo@montague.lit
	in_home "$1" "$O/xmpp-key" publish "$jid" --host 127.0.0.1 \
		--port "$PORT" --ca-file "$CA" --password-file "$T/$1.pw" \
		>"$T/$1-publish.out" 2>&1 || fail "publish $1"
}

# await FD EVENT
await() {
	local line
	while read -r -t 20 -u "$1" line; do
		case $line in '{"event":"'"$2"'"'*) return 0 ;; esac
	done
	return 1
}

# drain FD: juliet's own events are nobody's business
drain() {
	cat <&"$1" >/dev/null &
	DRAIN=$!
}

# no_talkers: all anew, for prosody's files take ten thousand messages; with
# more it writes the archive anew for each, and that is what would be measured
no_talkers() {
	[ -d "$T/prosody" ] || return 0
	for person in juliet romeo; do
		agent_stop "$person"
		rm -rf "${T:?}/$person"
	done
	kill "$(cat "$T/prosody/pid")"
	must 10 gone "$(cat "$T/prosody/pid")"
	rm -rf "${T:?}/prosody"
}

row_way() {
	no_talkers
	talkers
	chats "$O" encrypted
	no_talkers # plain's net would say handles that are left in the outbox
	talkers
	chats "$O/bench/plain" plain
}

# stop_peers: what keys_of_peers has started
stop_peers() {
	[ -d "$T/peers" ] || return 0
	kill "${PID[ssh]}" "${PID[gpg]}"
}

# versions: of what was measured, and where
versions() {
	echo "xmpp-agent $(git -c safe.directory=* rev-parse --short HEAD 2>/dev/null)"
	dpkg-query -W -f '${Package} ${Version}\n' libomemo-c-dev openssh-client \
		gpg-agent python3-twomemo libsqlite3-0 libssl3 2>/dev/null
	echo "processors $(nproc)"
	echo "load $(cut -d' ' -f1-3 /proc/loadavg)"
	echo "state on $(df --output=fstype "$T" | tail -n 1)"
}
