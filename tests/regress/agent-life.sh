#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 90
# The agent's life: foreground, eval, -k, a command of its own, one role killed
# after the other (all end, all start anew, locked), an orderly end.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"

sock=$XDG_RUNTIME_DIR/xmpp-agent/agent.sock
echo "correct horse battery" >"$T/pw"

status() {
	"$O/xmpp-key" status >"$T/status.out" 2>&1
}

# The processes below the outer one: role PID's own words.
role() {
	local pid
	for pid in $(pgrep -u "$(id -u)" -f "$1"); do
		[ "$pid" = "$$" ] || echo "$pid"
	done
}
# none PATTERN: asked anew each time that must tries
none() {
	[ -z "$(role "$1")" ]
}

# log_is_away WHEN: the store had the time to write its log back
db=$HOME/.local/state/xmpp-agent/vault.db
log_is_away() {
	[ -s "$db" ] || fail "no database after $1"
	[ ! -e "$db-wal" ] || fail "the store has not put its log away: $1"
}

# In the foreground: the same line, then it serves until it is told.
"$O/xmpp-agent" -D >"$T/agent.out" 2>"$T/agent.err" &
outer=$!
must 10 test -s "$T/agent.out"
export XMPP_AGENT_SOCK=$sock
grep -qx "XMPP_AGENT_SOCK='$XMPP_AGENT_SOCK'; export XMPP_AGENT_SOCK;" \
	"$T/agent.out" || fail "the line that -D prints"
"$O/xmpp-key" create juliet@capulet.lit --passphrase-file "$T/pw" \
	--others trust >"$T/create.out" 2>&1 || fail "create"
want=$("$O/xmpp-key" fingerprint juliet@capulet.lit) || fail "fingerprint"

for which in "xmpp-agent -x keeper" "xmpp-agent -x derive" xmpp-agent-store \
	xmpp-agent-parser; do
	before=$(role "xmpp-agent -x|xmpp-agent-[sp]")
	victim=$(role "$which")
	[ -n "$victim" ] || fail "no process $which"
	kill -KILL "$victim" || fail "kill $which"
	for pid in $before; do
		must 10 gone "$pid"
	done
	must 20 status
	kill -0 "$outer" || fail "the outer process ended with $which"
	grep -qi "^locked" "$T/status.out" || fail "not locked after $which"
	"$O/xmpp-key" unlock --passphrase-file "$T/pw" 2>"$T/unlock.err" ||
		fail "unlock after $which"
	[ "$("$O/xmpp-key" fingerprint juliet@capulet.lit)" = "$want" ] ||
		fail "another fingerprint after $which"
done

# SIGUSR1 locks; SIGTERM ends in order.
kill -USR1 "$outer"
is_locked() {
	status && grep -qi "^locked" "$T/status.out"
}
must 10 is_locked
kill -TERM "$outer"
wait "$outer" || fail "exit status $? after SIGTERM"
[ ! -e "$XMPP_AGENT_SOCK" ] || fail "the socket is still there"
log_is_away "SIGTERM"
must 10 none 'xmpp-agent -x|xmpp-agent-[sp]'
status && fail "somebody answers"

# eval "$(xmpp-agent -s)", with a passphrase source: unlocked at start.
unset XMPP_AGENT_SOCK
eval "$("$O/xmpp-agent" -s --passphrase-file "$T/pw")"
[ -n "${XMPP_AGENT_SOCK:-}" ] || fail "-s printed no environment"
export XMPP_AGENT_SOCK
opened() {
	"$O/xmpp-key" list >"$T/list.out" 2>&1
}
must 10 opened
grep -q juliet@capulet.lit "$T/list.out" || fail "list"
[ -e "$db-wal" ] || fail "no log of the store"
"$O/xmpp-agent" -k || fail "-k"
must 10 test ! -e "$XMPP_AGENT_SOCK"
must 10 none 'xmpp-agent -x|xmpp-agent-[sp]'
log_is_away "-k"
"$O/xmpp-agent" -k 2>"$T/k.err" && fail "-k without an agent"
grep -q '^xmpp-agent: ' "$T/k.err" || fail "what -k says without an agent"

# ^C reaches all of its processes, and the launcher by the outer one again.
setsid "$O/xmpp-agent" -D --passphrase-file "$T/pw" >"$T/int.out" 2>"$T/int.err" &
outer=$!
must 10 test -s "$T/int.out"
must 10 opened
kill -INT -- "-$outer"
wait "$outer" || fail "exit status $? after ^C"
log_is_away "^C"
[ ! -s "$T/int.err" ] || fail "^C: $(cat "$T/int.err")"

# Somebody holds the database while it starts anew: it is tried again.
"$O/xmpp-agent" -D --passphrase-file "$T/pw" >"$T/held.out" 2>"$T/held.err" &
outer=$!
must 10 test -s "$T/held.out"
must 10 opened
kill -STOP "$outer"
kill -KILL "$(role 'xmpp-agent -x keeper')"
must 10 none xmpp-agent-store
mkfifo "$T/hold"
python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1], timeout=10)
c.execute("PRAGMA locking_mode=EXCLUSIVE")
c.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()' "$HOME/.local/state/xmpp-agent/vault.db" <"$T/hold" >"$T/holder.out" &
exec 9>"$T/hold"
must 10 test -s "$T/holder.out"
kill -CONT "$outer"
in_use() { grep -q 'in use' "$T/held.err"; }
must 20 in_use
kill -0 "$outer" || fail "it ended because of a lock that was held for long"
exec 9>&-
must 20 opened
kill -TERM "$outer"
wait "$outer" || fail "exit status $? after a held lock"

# A passphrase command as the source.
"$O/xmpp-agent" -D --passphrase-command "cat '$T/pw'" \
	>"$T/command.out" 2>"$T/command.err" &
outer=$!
must 10 test -s "$T/command.out"
must 10 opened
kill -TERM "$outer"
wait "$outer" || fail "exit status $? with a passphrase command"

# -t: locked when its time since unlocking is over.
"$O/xmpp-agent" -D -t 1s >"$T/life.out" 2>"$T/life.err" &
outer=$!
must 10 test -s "$T/life.out"
"$O/xmpp-key" unlock --passphrase-file "$T/pw" 2>"$T/unlock.err" ||
	fail "unlock with -t"
must 10 is_locked
kill -TERM "$outer"
wait "$outer" || fail "exit status $? after -t"

# -i: locked when nobody has used it for so long; asking is no use.
"$O/xmpp-agent" -D -i 3s --passphrase-file "$T/pw" >"$T/idle.out" 2>"$T/idle.err" &
outer=$!
must 10 test -s "$T/idle.out"
must 10 opened
for i in 1 2 3; do # used: it stays open for longer than that
	sleep 1.5
	"$O/xmpp-key" constrain juliet@capulet.lit --window 1h \
		--passphrase-file "$T/pw" || fail "locked though it is used"
done
must 10 is_locked # which asks for the status all the time
kill -TERM "$outer"
wait "$outer" || fail "exit status $? after -i"

# The other shells' forms.
"$O/xmpp-agent" -c >"$T/csh.out" </dev/null || fail "-c"
grep -qx "setenv XMPP_AGENT_SOCK '$XMPP_AGENT_SOCK';" "$T/csh.out" || fail "csh"
"$O/xmpp-agent" -k || fail "-k after -c"
must 10 test ! -e "$XMPP_AGENT_SOCK"

# A command of its own: its environment, its exit status, its end.
unset XMPP_AGENT_SOCK
# shellcheck disable=SC2016 # the inner shell expands it
"$O/xmpp-agent" sh -c '"$O/xmpp-key" status >"$T/own.out" 2>&1; exit 7'
[ $? = 7 ] || fail "the command's exit status"
grep -qi "locked" "$T/own.out" || fail "the command found no agent"
must 10 test ! -e "$XDG_RUNTIME_DIR/xmpp-agent/agent.sock"
must 10 none 'xmpp-agent -x|xmpp-agent-[sp]'
echo passed
