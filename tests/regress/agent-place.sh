#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 60
# Where the agent lives: modes, who else may be there, usage errors.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"

start() {
	: >"$T/agent.out"
	"$@" >"$T/agent.out" 2>"$T/agent.err" &
	outer=$!
	must 10 test -s "$T/agent.out"
}

stop() {
	kill -TERM "$outer"
	wait "$outer" || fail "exit status $?"
}

# says STATUS PATTERN COMMAND...: it must end so, with one line of error.
says() {
	local want=$1 pattern=$2 got=0
	shift 2
	timeout 20 "$@" >"$T/says.out" 2>"$T/says.err" </dev/null || got=$?
	[ "$got" = "$want" ] || fail "exit $got, not $want: $*"
	grep -q "$pattern" "$T/says.err" || fail "no '$pattern' from $*"
}

mode() {
	[ "$(stat -c %a "$2")" = "$1" ] || fail "$2 has mode $(stat -c %a "$2")"
}

state=$HOME/.local/state/xmpp-agent
sock=$XDG_RUNTIME_DIR/xmpp-agent/agent.sock
(umask 0 && mkdir -p "$HOME/.local")
umask 0 # the agent's own must not depend on it
start "$O/xmpp-agent" -D
mode 700 "$XDG_RUNTIME_DIR/xmpp-agent"
mode 600 "$sock"
mode 700 "$state"
for f in "$state"/*; do
	mode 600 "$f"
done
grep -q '^Signature: 8a477f597d28d172789f06886806bc55' "$state/CACHEDIR.TAG" ||
	fail "no CACHEDIR.TAG"

# The socket, then the state, belong to one agent alone.
says 1 "already running" "$O/xmpp-agent" -D
[ -S "$sock" ] || fail "the second agent took the first one's socket"
says 1 "in use by another agent" "$O/xmpp-agent" -D -a "$T/other.sock"
[ ! -e "$T/other.sock" ] || fail "a refused agent left its socket"
"$O/xmpp-key" status >"$T/status.out" 2>&1 || fail "the first agent is gone"
stop

# A socket of a dead agent is no hindrance.
perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0);
	bind(S, sockaddr_un($ARGV[0])) or die' "$T/dead.sock"
start "$O/xmpp-agent" -D -a "$T/dead.sock"
stop

# In a directory of all nobody can keep an agent from starting.
flock -F "$T" sleep 60 &
locker=$!
start "$O/xmpp-agent" -D -a "$T/dead.sock"
stop
kill $locker
[ ! -e "$T/dead.sock" ] || fail "the socket is still there"

# Two agents of one person: two sockets and two states.
XDG_STATE_HOME=$T/state2 start "$O/xmpp-agent" -D -a "$T/two.sock"
two=$outer
start "$O/xmpp-agent" -D
stop
kill -TERM "$two"
wait "$two" || fail "exit status $?"

# A socket from a service manager: it is named, kept, and told to nobody else.
passed() {
	exec perl -MSocket -MPOSIX -e 'my $path = shift; unlink $path;
		socket(S, AF_UNIX, SOCK_STREAM, 0);
		bind(S, sockaddr_un($path)) && listen(S, 5) or die;
		POSIX::dup2(fileno(S), 3); open(my $f, "<&=", 3); fcntl($f, 2, 0);
		@ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($$, 1, "x");
		exec @ARGV' "$@"
}
# shellcheck disable=SC2016 # the agent's child expands it
start passed "$T/passed.sock" env -u XDG_RUNTIME_DIR "$O/xmpp-agent" -D \
	--passphrase-command 'env >"$T/source.env"; echo x'
grep -qx "XMPP_AGENT_SOCK='$T/passed.sock'; export XMPP_AGENT_SOCK;" \
	"$T/agent.out" || fail "the socket that was passed: $(cat "$T/agent.out")"
XMPP_AGENT_SOCK=$T/passed.sock "$O/xmpp-key" create a@b.c \
	--passphrase-command "echo x" >"$T/create.out" || fail "create"
stop
[ -S "$T/passed.sock" ] || fail "the service manager's socket is gone"
# shellcheck disable=SC2016
start passed "$T/passed.sock" "$O/xmpp-agent" -D \
	--passphrase-command 'env >"$T/source.env"; echo x'
must 10 test -s "$T/source.env"
grep LISTEN_ "$T/source.env" && fail "what the service manager passed on"
stop
rm -rf "$state"

# Directories that others can write or read are refused.
mkdir -m 0755 "$state"
says 1 "$state" "$O/xmpp-agent" -D
chmod 0700 "$state"
chmod 0777 "$XDG_RUNTIME_DIR/xmpp-agent"
says 1 "xmpp-agent" "$O/xmpp-agent" -D
chmod 0700 "$XDG_RUNTIME_DIR/xmpp-agent"

# Nowhere to go.
says 1 "XDG_RUNTIME_DIR" env -u XDG_RUNTIME_DIR -u XMPP_AGENT_SOCK \
	"$O/xmpp-agent" -D
says 64 usage "$O/xmpp-agent" --no-such-option
says 64 "not a time" "$O/xmpp-agent" -t nonsense
says 64 "no such role" "$O/xmpp-agent" --policy nobody
for r in keeper derive store parser launcher net-connect net-online front; do
	"$O/xmpp-agent" --policy "$r" >"$T/policy.out" || fail "--policy $r"
	[ -s "$T/policy.out" ] || fail "--policy $r says nothing"
done
"$O/xmpp-agent" --version | grep -q '^xmpp-agent [0-9]' || fail "--version"
"$O/xmpp-agent" --help | grep -q '^usage: ' || fail "--help"

# Damage that starting again cannot mend is said once, and is the end.
start "$O/xmpp-agent" -D
stop
rm -f "$state"/vault.db-* # a whole log would mend it
echo "this is no database, and never was one" >"$state/vault.db"
says 1 "vault.db" "$O/xmpp-agent" -D
echo passed
