#!/bin/bash
# SPDX-License-Identifier: ISC
# The ways to unlock, each with whole programs: pinentry (a false one, and
# Debian's on a terminal), a file and a command, a credential of a service
# manager, the recovery code; what is said where nobody can be asked; many that
# guess at once while others are served.
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit
export T
key() { in_home juliet "$O/xmpp-key" "$@"; }
unlocked() { key status | grep -q '^unlocked'; }
lock() {
	key lock || fail lock
	! unlocked || fail 'not locked'
}
# where there is no terminal: STATUS CMD...
alone() {
	local got=0
	in_home juliet setsid -w "${@:2}" >"$T/alone.out" 2>&1 </dev/null || got=$?
	[ "$got" = "$1" ] || fail "exit $got, not $1: ${*:2}: $(cat "$T/alone.out")"
}
start() { # OPTION...: juliet's agent, with what the environment says
	rm -f "$T/juliet-agent.out"
	become juliet "$O/xmpp-agent" -D -a "$T/juliet/run/agent.sock" "$@" \
		>"$T/juliet-agent.out" 2>"$T/juliet-agent.err" </dev/null &
	PID[juliet]=$!
	must 10 test -s "$T/juliet-agent.out"
}
echo "$PASSPHRASE" | "$LAB/drop" tee "$T/passphrase" >/dev/null
echo wrong | "$LAB/drop" tee "$T/wrong" >/dev/null

# --- nobody can be asked: cron. It says what is missing, and that is no no
unset XMPP_AGENT_ASKPASS SSH_ASKPASS
start
alone 1 "$O/xmpp-key" create $J
grep -q 'the agent has no askpass' "$T/alone.out" || fail "$(cat "$T/alone.out")"
identity juliet $J
sed -n 's/^recovery code: //p' "$T/juliet-create.out" | "$LAB/drop" tee "$T/code" >/dev/null
lock
alone 1 "$O/xmpp-key" unlock
grep -q 'the agent has no askpass' "$T/alone.out" || fail "$(cat "$T/alone.out")"
alone 1 "$O/xmpp-key" unlock --recovery
grep -q 'no terminal' "$T/alone.out" || fail "$(cat "$T/alone.out")"
alone 0 "$O/xmpp-key" unlock --passphrase-command "cat '$T/passphrase'"
alone 1 "$O/xmpp-key" constrain $J --window 1h
grep -q 'the agent has no askpass' "$T/alone.out" || fail "$(cat "$T/alone.out")"
lock
alone 0 "$O/xmpp-key" unlock --recovery --passphrase-file "$T/code"
agent_stop juliet

# --- at the start: a file, a command, a credential (its directory and it can
# only be read), and one that is not there
for how in "--passphrase-file $T/passphrase" "--passphrase-command cat<$T/passphrase"; do
	# shellcheck disable=SC2086
	start $how
	must 10 unlocked
	agent_stop juliet
done
CREDENTIALS_DIRECTORY=$T/credentials
"$LAB/drop" mkdir -m 0700 "$CREDENTIALS_DIRECTORY"
"$LAB/drop" install -m 0400 "$T/passphrase" "$CREDENTIALS_DIRECTORY/passphrase"
"$LAB/drop" chmod 0500 "$CREDENTIALS_DIRECTORY"
start --passphrase-file "$CREDENTIALS_DIRECTORY/passphrase"
must 10 unlocked
# locked at once by a signal, and it stays so
kill -USR1 "${PID[juliet]}"
is_locked() { key status | grep -q '^locked'; }
must 10 is_locked
agent_stop juliet
start --passphrase-file "$T/nonexistent"
named() { grep -q "$T/nonexistent: No such file" "$T/juliet-agent.err"; }
must 10 named
is_locked || fail 'unlocked by nothing'
agent_stop juliet

# --- pinentry: a false one, to see each word of the talk
pinentry=share/libexec/xmpp-agent-askpass-pinentry
cat >"$T/pinentry" <<'END2'
#!/bin/sh
# answers each line as $T/pinentry.do says, and notes it
. "$T/pinentry.do"
echo "OK Pleased to meet you"
while read -r verb rest; do
	echo "$verb $rest" >>"$T/pinentry.log"
	case $verb in
	OPTION) echo "ERR 83886254 Unknown option <Pinentry>" ;;
	GETPIN) getpin ;;
	CONFIRM) confirm ;;
	BYE) echo "OK closing connection"; exit 0 ;;
	*) echo OK ;;
	esac
done
END2
chmod 0755 "$T/pinentry"
export XMPP_AGENT_PINENTRY=$T/pinentry GPG_TTY=/dev/pts/none
false_one() { # STATUS OUTPUT FUNCTION [QUESTION]
	local got=0
	echo "$3" >"$T/pinentry.do"
	: >"$T/pinentry.log"
	$pinentry "${4-question}" >"$T/pinentry.out" 2>"$T/pinentry.err" || got=$?
	[ $got = "$1" ] || fail "exit $got of pinentry with $3"
	[ "$(cat "$T/pinentry.out")" = "$2" ] || fail "$3: $(cat "$T/pinentry.out")"
}
false_one 0 '50% of "it" \x' 'getpin() { echo "D 50%25 of \"it\" \\x"; echo OK; }' '100% sure?'
grep -qx 'SETDESC 100%25 sure?' "$T/pinentry.log" || fail "$(cat "$T/pinentry.log")"
grep -qx 'OPTION ttyname=/dev/pts/none' "$T/pinentry.log" || fail "$(cat "$T/pinentry.log")"
false_one 0 'onetwo' 'getpin() { echo "D one"; echo "D two"; echo OK; }'
false_one 1 '' 'getpin() { echo "ERR 83886179 Operation cancelled <Pinentry>"; }'
false_one 1 '' 'getpin() { echo "D half"; echo "ERR 83886179 Operation cancelled"; }'
false_one 1 '' 'getpin() { echo "D half"; exit 1; }'
false_one 1 '' 'exit 1'
export SSH_ASKPASS_PROMPT=confirm
false_one 0 '' 'confirm() { echo OK; }'
false_one 1 '' 'confirm() { echo "ERR 83886194 Not confirmed <Pinentry>"; }'
false_one 1 '' 'confirm() { exit 0; }'
unset SSH_ASKPASS_PROMPT
# ended, it takes pinentry along, and leaves nothing
# shellcheck disable=SC2016 # the false one expands it
echo 'getpin() { echo $$ >"$T/pinentry.pid"; exec sleep 600; }' >"$T/pinentry.do"
"$LAB/drop" mkdir "$T/tmp"
TMPDIR=$T/tmp $pinentry question >"$T/pinentry.out" 2>&1 &
asking=$!
must 10 test -s "$T/pinentry.pid"
kill "$asking"
wait "$asking" && fail 'an answer after its end'
must 10 gone "$(cat "$T/pinentry.pid")"
[ -z "$(ls "$T/tmp")" ] || fail "left: $(ls "$T/tmp")"
XMPP_AGENT_PINENTRY=/nonexistent $pinentry question >"$T/pinentry.out" 2>&1 &&
	fail 'without a pinentry'

# --- Debian's, on a terminal that is not the agent's
export TERM=xterm LANG=C.UTF-8
screen() { tmux -S "$T/juliet/tmux" capture-pane -p -t ask; }
shows() { screen | tr -d '\n' | grep -qF -- "$1"; }
types() { tmux -S "$T/juliet/tmux" send-keys -t ask -l -- "$1"; }
presses() { tmux -S "$T/juliet/tmux" send-keys -t ask "$@"; }
in_home juliet tmux -f /dev/null -S "$T/juliet/tmux" new-session -d -s ask \
	-x 100 -y 30 'exec sleep 600' || fail tmux
GPG_TTY=$(tmux -S "$T/juliet/tmux" display-message -p -t ask '#{pane_tty}')
XMPP_AGENT_ASKPASS=$PWD/$pinentry
export XMPP_AGENT_ASKPASS GPG_TTY
for XMPP_AGENT_PINENTRY in pinentry-curses pinentry-tty; do
	export XMPP_AGENT_PINENTRY
	start
	in_home juliet setsid -w "$O/xmpp-key" unlock </dev/null >"$T/ask.out" 2>&1 &
	asking=$!
	wait_for 20 shows 'Passphrase to unlock the XMPP agent' ||
		fail "$XMPP_AGENT_PINENTRY shows $(screen)"
	wait_for 20 shows 'Asked by process' || fail "$XMPP_AGENT_PINENTRY: $(screen)"
	pid=$(screen | tr -d '\n│|' | sed 's/.*Asked by *process *\([0-9]*\).*/\1/')
	[ "$(cat "/proc/$pid/comm")" = xmpp-key ] || fail "process '$pid' does not ask"
	key status >"$T/status.out" || fail 'status while it asks'
	types "$PASSPHRASE"
	shows "$PASSPHRASE" && fail 'the passphrase is shown'
	presses Enter
	wait $asking || fail "$XMPP_AGENT_PINENTRY: $(cat "$T/ask.out") $(screen)"
	unlocked || fail "not unlocked by $XMPP_AGENT_PINENTRY"
	agent_stop juliet
	tmux -S "$T/juliet/tmux" clear-history -t ask
	tmux -S "$T/juliet/tmux" respawn-pane -k -t ask 'exec sleep 600'
	GPG_TTY=$(tmux -S "$T/juliet/tmux" display-message -p -t ask '#{pane_tty}')
done

# --- many guess at once in an open agent: one attempt for all; who asks for
# nothing that is secret is answered meanwhile
start --passphrase-file "$T/passphrase"
must 10 unlocked
n=24
for i in $(seq $n); do
	key constrain $J --window 1h --passphrase-file "$T/wrong" >"$T/guess.$i" 2>&1 &
	guesses[i]=$!
done
served() { key show $J >"$T/show.out" && key status >"$T/status.out"; }
for i in 1 2 3; do must 3 served; done
wait "${guesses[@]}"
tried=$(cat "$T"/guess.* | grep -c 'wrong passphrase')
((tried >= 1 && tried <= 3)) || fail "$tried of $n guesses were tried"
unlocked || fail 'guessing has locked it'
echo passed
