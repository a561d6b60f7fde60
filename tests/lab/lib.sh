# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sourced by the scripts that run inside a world (lab/world). Every wait has
# a bound, and fails the script when it is reached.
set -u
PORT=15222
SERVER=${SERVER:-prosody} # or ejabberd: what `server` starts, in $T/$SERVER
CA=$T/$SERVER/ca.pem
declare -A PID IN # of what was started, by name
PASSPHRASE="correct horse battery staple"

# fail TEXT: the end, with what the programs have said.
fail() {
	echo "FAILED: $*"
	local f
	for f in "$T"/*.log "$T"/*.out "$T"/*.err "$T"/*.json; do
		[ -s "$f" ] || continue
		echo "--- ${f##*/}"
		tail -n 40 "$f"
	done
	exit 1
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# must SECONDS COMMAND...: the same, or the end.
must() {
	wait_for "$@" || fail "after $1 s still not: ${*:2}"
}

server() {
	"$LAB/drop" bash "$LAB/$SERVER.sh" "$T/$SERVER" "$PORT" \
		>"$T/$SERVER.out" 2>&1 || fail "$SERVER does not start"
}
prosody() {
	SERVER=prosody server
}

# prosody_again: after it was killed, with all that it had stored
prosody_again() {
	HOME=$T/prosody/run "$LAB/drop" prosody --config \
		"$T/prosody/prosody.cfg.lua" -F >>"$T/prosody.out" 2>&1 </dev/null &
	echo $! >"$T/prosody/pid"
}

# in_home NAME COMMAND...: as one person with a home, state and agent of their
# own, as the ordinary uid. become: the same, instead of the present shell (in
# the background: $! is then the command's own process id).
in_home() {
	(become "$@")
}
become() {
	local home=$T/$1
	shift
	if [ ! -d "$home" ]; then
		"$LAB/drop" mkdir -m 0700 "$home" "$home/run"
	fi
	exec env "HOME=$home" "XDG_STATE_HOME=$home/state" "XDG_CONFIG_HOME=$home/config" \
		"XDG_RUNTIME_DIR=$home/run" "XMPP_AGENT_SOCK=$home/run/agent.sock" \
		"$LAB/drop" "$@"
}

# agent_start NAME [BINDIR]: that person's agent, and its outer process's id
# in PID[NAME]; AGENT_S: seconds that it may take. The passphrase lies in $T/passphrase.
agent_start() {
	local bin=${2:-$O} i
	[ -e "$T/passphrase" ] ||
		echo "$PASSPHRASE" | "$LAB/drop" tee "$T/passphrase" >/dev/null
	become "$1" "$bin/xmpp-agent" -D -a "$T/$1/run/agent.sock" \
		>"$T/$1-agent.out" 2>"$T/$1-agent.err" </dev/null &
	PID[$1]=$!
	for i in $(seq $((20 * ${AGENT_S:-10}))); do
		[ ! -s "$T/$1-agent.out" ] || return 0
		sleep 0.05
	done
	fail "the agent of $1 does not start ($i)"
}

# identity NAME JID: make it (and the vault, the first time).
identity() {
	in_home "$1" "$O/xmpp-key" create "$2" --passphrase-file "$T/passphrase" \
		--others trust >"$T/$1-create.out" 2>"$T/$1-create.err" ||
		fail "xmpp-key create $2"
}

# A client with --json, driven through a pipe; its events in $T/NAME.json.
# chat_start NAME PERSON JID [PEER]
chat_start() {
	local name=$1 person=$2 jid=$3 fd
	rm -f "$T/$name.in"
	"$LAB/drop" mkfifo "$T/$name.in"
	echo "secret-${jid%%@*}" | "$LAB/drop" tee "$T/$person.pw" >/dev/null
	: >>"$T/$name.json"
	become "$person" "$O/xmpp-chat" --json --host 127.0.0.1 --port "$PORT" \
		--ca-file "$CA" --password-file "$T/$person.pw" --name "$name" \
		"$jid" <"$T/$name.in" >>"$T/$name.json" 2>>"$T/$name.err" &
	PID[$name]=$!
	exec {fd}>"$T/$name.in"
	IN[$name]=$fd
}

# chat_say NAME TO BODY REF
chat_say() {
	printf '{"command":"send","to":"%s","body":"%s","ref":"%s"}\n' \
		"$2" "$3" "$4" >&"${IN[$1]}"
}

# chat_quit NAME: in good order.
chat_quit() {
	local fd=${IN[$1]}
	echo '{"command":"quit"}' >&"$fd"
	must 15 gone "${PID[$1]}"
	exec {fd}>&-
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# event NAME FIELD=VALUE...: has such an event been printed?
event() {
	"$O/test/json_pick" "$T/$1.json" "${@:2}" >/dev/null
}

# event_field NAME FIELD FIELD=VALUE...: that field of the last such event
event_field() {
	"$O/test/json_pick" -f "$2" "$T/$1.json" "${@:3}" | tail -n 1
}

# agent_stop NAME
agent_stop() {
	kill "${PID[$1]}"
	must 10 gone "${PID[$1]}"
	rm -f "$T/$1-agent.out"
}

# unlock NAME
unlock() {
	in_home "$1" "$O/xmpp-key" unlock --passphrase-file "$T/passphrase" \
		>"$T/$1-unlock.out" 2>&1 || fail "xmpp-key unlock"
}

# online NAME PERSON JID: and the keys are on the server.
online() {
	must 20 event "$1" event=online
	in_home "$2" "$O/xmpp-key" publish "$3" --host 127.0.0.1 \
		--port "$PORT" --ca-file "$CA" --password-file "$T/$2.pw" \
		>"$T/$2-publish.out" 2>&1 || fail "xmpp-key publish $3"
}

# roles: every process of ours in this world, "PID ROLE" a line.
roles() {
	ps -eo pid=,ppid=,args= | awk '
		{ pid[NR] = $1; args[NR] = $0; name[NR] = $3
		  sub(/.*\//, "", name[NR])
		  if (name[NR] == "xmpp-agent" && / -x keeper/) launcher[$2] = 1 }
		END { for (i = 1; i <= NR; i++) {
			n = name[i]; a = args[i]; r = ""
			if (n == "xmpp-agent-store") r = "store"
			else if (n == "xmpp-agent-parser") r = "parser"
			else if (n == "xmpp-net") r = "net"
			else if (n == "xmpp-sce") r = "sce"
			else if (n ~ /^xmpp-(chat|send)$/)
				r = a ~ / -x front/ ? "front" : "starter"
			else if (n == "xmpp-key") r = "control"
			else if (n == "xmpp-agent") {
				if (a ~ / -x keeper/) r = "keeper"
				else if (a ~ / -x derive/) r = "derive"
				else if (launcher[pid[i]]) r = "launcher"
				else r = "supervisor"
			}
			if (r != "") print pid[i], r } }'
}

# role_pid ROLE [ANCESTOR]: of the one process that has this role (under it)
role_pid() {
	local pid role
	roles | while read -r pid role; do
		if [ "$role" = "$1" ] &&
			{ [ $# = 1 ] || descends "$pid" "$2"; }; then
			echo "$pid"
		fi
	done
}

descends() {
	local pid=$1
	while [ "$pid" -gt 1 ]; do
		[ "$pid" != "$2" ] || return 0
		pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status") || return 1
	done
	return 1
}

# process_field PID FIELD: of /proc/PID/status
process_field() {
	awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"
}
