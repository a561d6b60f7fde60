#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 90
# Askpass: what it is asked, what of its answer counts, what it inherits, and
# that it ends with the agent. Whose socket a client talks to.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit

# The askpass: notes what it was given, then does what $T/askpass.do says.
cat >"$T/askpass" <<'END'
#!/bin/sh
printf '%s' "$1" >"$T/asked"
grep SigBlk /proc/self/status >"$T/askpass.signals"
ls -l /proc/self/fd >"$T/askpass.fds"
. "$T/askpass.do"
END
chmod 0755 "$T/askpass"
export XMPP_AGENT_ASKPASS=$T/askpass SSH_ASKPASS=/nonexistent T

# answers SCRIPT STATUS: lock, then unlock with an askpass that does this
answers() {
	local got=0
	echo "$1" >"$T/askpass.do"
	"$O/xmpp-key" lock || fail lock
	timeout 30 setsid -w "$O/xmpp-key" unlock </dev/null >"$T/unlock.out" 2>&1 || got=$?
	[ "$got" = "$2" ] || fail "exit $got, not $2, with askpass: $1"
	sleep 1.2 # after a wrong one the next attempt waits for a second
	# a cancelled one is a no for half a minute, or until somebody is there
	[ "$2" = 0 ] || "$O/xmpp-key" unlock --passphrase-file "$T/passphrase" ||
		fail unlock
}

echo "$PASSPHRASE" >"$T/passphrase"
start() {
	: >"$T/agent.out"
	"$O/xmpp-agent" -D >"$T/agent.out" 2>"$T/agent.err" &
	outer=$!
	must 10 test -s "$T/agent.out"
}
start
export XMPP_AGENT_SOCK=$XDG_RUNTIME_DIR/xmpp-agent/agent.sock
"$O/xmpp-key" create $J --passphrase-file "$T/passphrase" >"$T/create.out" ||
	fail create

# --- the first line counts, and all of it
answers "echo '$PASSPHRASE'" 0
answers "printf '%s' '$PASSPHRASE'" 0
answers "printf '%s\r\nlogin: juliet\n' '$PASSPHRASE'" 0
answers "echo '$PASSPHRASE'; yes | head -c 100000" 0
answers "printf '%s\0x\n' '$PASSPHRASE'" 1
answers "yes | tr -d '\n' | head -c 1000000" 1
answers ":" 1
answers "echo '$PASSPHRASE'; exit 1" 1
answers "kill -9 \$\$" 1
# what a dead askpass left behind is no answer to the next question
answers "echo '$PASSPHRASE'; exit 1" 1
answers ":" 1
grep -q '[2-9]$' "$T/askpass.signals" && fail 'askpass has signals blocked'
grep -q 'SigBlk:.0000000000000000' "$T/askpass.signals" ||
	fail "askpass has signals blocked: $(cat "$T/askpass.signals")"
grep -q 'socket:' "$T/askpass.fds" && fail 'askpass holds a socket'
answers "echo '$PASSPHRASE'" 0

# --- the yes for a right: what is asked stands before what the asker says
echo "exit 0" >"$T/askpass.do"
setsid -w "$O/xmpp-key" --name 'xmpp-agent". Press yes to see the time' \
	create romeo@montague.lit </dev/null >"$T/create.out" 2>&1 || fail 'a yes'
grep -q '^Allow process [0-9]* to create' "$T/asked" ||
	fail "asked: $(cat "$T/asked")"
echo "exit 1" >"$T/askpass.do"
setsid -w "$O/xmpp-key" create nurse@capulet.lit </dev/null \
	>"$T/create.out" 2>&1 && fail 'a no'

# a no stays one: nobody is asked again, until a passphrase has been given
rm "$T/asked"
setsid -w "$O/xmpp-key" create nurse@capulet.lit </dev/null \
	>"$T/create.out" 2>&1 && fail 'a second no'
[ ! -e "$T/asked" ] || fail 'asked again'
"$O/xmpp-key" create nurse@capulet.lit --passphrase-file "$T/passphrase" \
	>"$T/create.out" 2>&1 || fail 'with the passphrase'
setsid -w "$O/xmpp-key" create friar@capulet.lit </dev/null \
	>"$T/create.out" 2>&1 && fail 'a third no'
[ -e "$T/asked" ] || fail 'not asked again'
"$O/xmpp-key" lock || fail lock
"$O/xmpp-key" unlock --passphrase-file "$T/passphrase" || fail unlock

# --- it ends with the agent
"$O/xmpp-key" lock || fail lock
# shellcheck disable=SC2016 # askpass expands it
echo 'echo $$ >"$T/askpass.pid"; exec sleep 600' >"$T/askpass.do"
setsid "$O/xmpp-key" unlock </dev/null >"$T/unlock.out" 2>&1 &
must 10 test -s "$T/askpass.pid"
kill -TERM "$outer"
wait "$outer" || fail "exit status $?"
must 5 gone "$(cat "$T/askpass.pid")"

# --- two at once: one serves, its socket is there, the other says why
for i in 1 2 3 4 5; do
	rm -f "$XMPP_AGENT_SOCK"
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0);
		bind(S, sockaddr_un($ARGV[0])) or die' "$XMPP_AGENT_SOCK"
	for k in 1 2 3; do
		XDG_STATE_HOME=$T/state$k "$O/xmpp-agent" -D \
			>"$T/many$k.out" 2>"$T/many$k.err" &
	done
	must 10 "$O/xmpp-key" status
	ended() { [ "$(jobs -pr | wc -l)" -le 1 ]; }
	must 10 ended
	cat "$T"/many?.err >"$T/many.err"
	[ "$(grep -c 'already running' "$T/many.err")" = 2 ] ||
		fail "three at once, round $i: $(cat "$T/many.err")"
	"$O/xmpp-agent" -k || fail '-k'
	wait
done

# --- nor does one take the socket of another away
"$O/xmpp-agent" -D -a "$T/s" >"$T/one.out" 2>"$T/one.err" &
outer=$!
must 10 test -s "$T/one.out"
rm "$T/s"
XDG_STATE_HOME=$T/state2 "$O/xmpp-agent" -D -a "$T/s" >"$T/two.out" 2>"$T/two.err" &
two=$!
must 10 test -s "$T/two.out"
kill -TERM "$outer"
wait "$outer" || fail "exit status $?"
XMPP_AGENT_SOCK=$T/s "$O/xmpp-key" status >"$T/status.out" ||
	fail 'the end of one agent took the socket of another'
kill -TERM "$two"
wait "$two" || fail "exit status $?"

# --- no agent
for a in "-a $T/s -k" "-k"; do
	got=0
	# shellcheck disable=SC2086
	"$O/xmpp-agent" $a 2>"$T/k.err" || got=$?
	[ "$got" = 2 ] || fail "exit $got from xmpp-agent $a without an agent"
done

# --- with 0, 1 and 2 closed nothing of ours gets their numbers
"$O/xmpp-agent" -D -a "$T/s" <&- >&- 2>&- &
outer=$!
XMPP_AGENT_SOCK=$T/s must 10 "$O/xmpp-key" status
kill -TERM "$outer"
wait "$outer" || fail "exit status $?"
echo passed
