#!/bin/bash
# SPDX-License-Identifier: ISC
# A prisoner in every role (tests/prisoner): the programs as installed, started
# by the real launcher and starter, make every system call from inside. What
# passes is what sandbox/policy.c says, and nothing else. Then the live
# processes themselves, between two messages: what the table allows they
# survive; the first other call is their end. All of it once more with what
# the oldest kernel that we support has of Landlock.
# plain build only
# seconds: 300
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
P=$O/test/prisoner
cell=/tmp/prisoner
closed=(keeper derive store parser net-connect net-online front sce)
files=(cipher transfer) # start with a file

mkdir "$cell" && chmod 0700 "$cell"
cells=(keeper derive store parser net-connect front sce "${files[@]}")
for role in "${cells[@]}" launcher; do
	mkfifo "$cell/$role.in" "$cell/$role.out"
done
declare -A OUT # descriptors of what they say
for role in "${cells[@]}"; do
	exec {fd}<>"$cell/$role.out"
	OUT[$role]=$fd
done
for role in "${closed[@]}" "${files[@]}" launcher; do
	: >"$cell/$role.all"
done

# tell CELL PID LINE: have that live process make this call; what it returned
# is in $answer, or nothing if there was no answer.
tell() {
	local fd
	answer=
	while read -r -t 0 -u "${OUT[$1]}"; do
		read -r -t 1 -u "${OUT[$1]}" _
	done
	exec {fd}<>"$cell/$1.in"
	echo "$3" >&"$fd"
	kill -USR2 "$2"
	read -r -t "${4:-10}" -u "${OUT[$1]}" answer
	exec {fd}>&-
	answer=${answer#* }
}

# survives ROLE CELL PID: every row of its table, in the live process
survives() {
	local line n=0
	while read -r line; do
		tell "$2" "$3" "${line% *}"
		[ -n "$answer" ] || fail "live $1: no answer to $line"
		gone "$3" && fail "live $1: ended by $line"
		n=$((n + 1))
	done < <("$P/plan" "$1")
	[ $n -ge 7 ] || fail "live $1: only $n rows"
	echo "live $1: $n rows of its table made, none ended it"
}

# dies ROLE CELL PID CALL...: the process ends and answers nothing
dies() {
	local role=$1 pid=$3
	tell "$2" "$pid" "${*:4}" 3
	[ -z "$answer" ] || fail "live $role: call $4 returned $answer"
	must 10 gone "$pid"
	echo "live $role: call $4 was its end"
}

# refused ROLE CELL PID ERRNO CALL...: an error, and it lives on
refused() {
	tell "$2" "$3" "${*:5}"
	[ "$answer" = "-$4" ] || fail "live $1: call ${*:5} returned '$answer', not -$4"
	gone "$3" && fail "live $1: has ended"
}

start() {
	AGENT_S=60 agent_start juliet "$P"
	if [ -s "$T/juliet-create.out" ]; then
		unlock juliet
	else
		identity juliet $J
	fi
	O=$P chat_start j juliet $J
}

prosody
agent_start romeo
identity romeo $R
chat_start r romeo $R
online r romeo $R
start
must 60 event j event=online
online j juliet $J
chat_say r $J "to a prisoner" 1
must 30 event j event=message "body=to a prisoner"
# as_said ROLE: every call ended as the table says
as_said() {
	cat "$cell/$1.all"
	grep -q "^$1: .*; 0 differ$" "$cell/$1.all" || fail "$1"
}
for role in "${closed[@]}" launcher; do
	as_said "$role"
done

# --- the live ones -------------------------------------------------------------
agent=${PID[juliet]}
survives keeper keeper "$(role_pid keeper "$agent")"
survives derive derive "$(role_pid derive "$agent")"
survives store store "$(role_pid store "$agent")"
survives parser parser "$(role_pid parser "$agent")"
survives net-online net-connect "$(role_pid net "${PID[j]}")"
survives front front "$(role_pid front "${PID[j]}")"
survives sce sce "$(role_pid sce "${PID[j]}")"
# stopped and continued in the middle of a wait
for role in keeper derive store parser; do
	kill -STOP "$(role_pid $role "$agent")"
	kill -CONT "$(role_pid $role "$agent")"
done
chat_say r $J "after all that" 2
must 30 event j event=message "body=after all that"
chat_say j $R "and back" 3
must 30 event r event=message "body=and back"

# open(2): the keeper, derive and front know no paths; the store none but its own
open=2 openat=257 socket=41 kill=62
refused store store "$(role_pid store "$agent")" 13 $open @/etc/passwd 0
refused store store "$(role_pid store "$agent")" 13 $open "@$T/passphrase" 0
pid=$(role_pid net "${PID[j]}")
dies net-online net-connect "$pid" $open @/etc/hosts 0
again() { [ -n "$(role_pid net "${PID[j]}")" ] && [ "$(role_pid net "${PID[j]}")" != "$pid" ]; }
must 30 again
pid=$(role_pid net "${PID[j]}")
must 30 event j event=online
# a parser that dies takes nobody along: the next one is started
pid=$(role_pid sce "${PID[j]}")
dies sce sce "$pid" $socket 1 1 0
other() { [ -n "$(role_pid sce "${PID[j]}")" ] && [ "$(role_pid sce "${PID[j]}")" != "$pid" ]; }
must 10 other
dies sce sce "$(role_pid sce "${PID[j]}")" $open @/etc/hosts 0
dies front front "$(role_pid front "${PID[j]}")" $socket 1 1 0
must 10 gone "${PID[j]}"

serving() { in_home juliet "$O/xmpp-key" status; }
for act in "keeper $open @/etc/hosts 0" "derive $socket 2 1 0" "store $kill 1 0" \
	"parser $open @/etc/hosts 0" \
	"keeper $openat -100 @/etc/hosts 0"; do
	must 20 serving
	role=${act%% *}
	# shellcheck disable=SC2086 # words are meant
	dies "$role" "$role" "$(role_pid "$role" "$agent")" ${act#* }
	said() { grep -q "$role: ended by signal 31" "$T/juliet-agent.err"; }
	must 10 said
	: >"$T/juliet-agent.err"
done
must 20 serving
agent_stop juliet

# --- net on its way in: a server that says nothing -------------------------------
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5,
	LocalAddr => "127.0.0.1", LocalPort => 15333) or die;
	$| = 1; print "there\n"; push @c, $s->accept while 1' >"$T/silent.out" &
silent=$!
must 10 grep -q there "$T/silent.out"
agent_start juliet "$P"
unlock juliet
O=$P PORT=15333 chat_start k juliet $J
arrived() { [ -n "$(role_pid net "${PID[k]}")" ] && [ "$(process_field "$(role_pid net "${PID[k]}")" Seccomp)" = 2 ]; }
must 20 arrived
pid=$(role_pid net "${PID[k]}")
survives net-connect net-connect "$pid"
eacces=13 eafnosupport=97
refused net-connect net-connect "$pid" $eacces $open @/etc/passwd 0
refused net-connect net-connect "$pid" $eafnosupport $socket 1 1 0
dies net-connect net-connect "$pid" $open "@$T/new" 66
kill "${PID[k]}"
must 10 gone "${PID[k]}"
agent_stop juliet

# --- a file's two, at the same server --------------------------------------------
# get: xmpp-get waits for the server: its cipher and transfer are in pids
declare -A pids
get() {
	echo "aesgcm://localhost:15333/x#$(printf '0%.0s' {1..88})" >"$T/link"
	"$P/xmpp-get" -d "$T" --ca-file "$CA" <"$T/link" >"$T/get.out" \
		2>"$T/get.err" &
	get=$!
	must 60 walled xmpp-cipher
	must 60 walled xmpp-transfer
	pids[cipher]=$(file_pid xmpp-cipher)
	pids[transfer]=$(file_pid xmpp-transfer)
}
file_pid() { ps --ppid "$get" -o pid=,args= | awk -v n="$1" 'index($0, n) { print $1 }'; }
walled() { [ "$(process_field "$(file_pid "$1")" Seccomp)" = 2 ]; }
get
for role in "${files[@]}"; do
	as_said "$role"
	survives "$role" "$role" "${pids[$role]}"
done
refused transfer transfer "${pids[transfer]}" $eacces $open @/etc/passwd 0
refused transfer transfer "${pids[transfer]}" $eacces $open "@$T/passphrase" 0
refused transfer transfer "${pids[transfer]}" $eafnosupport $socket 1 1 0
dies transfer transfer "${pids[transfer]}" $open "@$T/new" 66
must 10 gone "$get"
for act in "cipher $open @/etc/hosts 0" "cipher $socket 2 1 0" \
	"transfer $kill 1 0"; do
	get
	role=${act%% *}
	# shellcheck disable=SC2086 # words are meant
	dies "$role" "$role" "${pids[$role]}" ${act#* }
	must 10 gone "$get"
	[ ! -s "$T/get.out" ] || fail "a file has come of a dead $role"
done
kill $silent

# --- the oldest Landlock: no TCP rules, no scopes, no truncation -------------------
echo 2 >"$cell/abi"
start
must 30 event j event=online
chat_say r $J "on an old kernel" 4
must 30 event j event=message "body=on an old kernel"
in_home juliet "$O/xmpp-key" status >"$T/status.out" || fail status
grep -q 'landlock:2' "$T/status.out" || fail "not ABI 2: $(cat "$T/status.out")"
agent=${PID[juliet]}
pid=$(role_pid store "$agent")
for path in /etc/passwd "$T/passphrase" "$T/juliet-agent.err"; do
	refused store store "$pid" $eacces $open "@$path" 0
	refused store store "$pid" $eacces $open "@$path" 2
done
refused store store "$pid" $eacces $open "@$T/juliet/new" 66
dies keeper keeper "$(role_pid keeper "$agent")" $open @/etc/hosts 0
echo passed
