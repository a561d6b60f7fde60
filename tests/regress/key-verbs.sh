#!/bin/bash
# SPDX-License-Identifier: ISC
# xmpp-key with a real agent, no network: create, list, show, fingerprint,
# status, lock, unlock, wrong passphrase, trust, JSON, and bad input.
. "$LAB/lib.sh"

XMPP_AGENT_SOCK=$T/agent.sock
export XMPP_AGENT_SOCK XDG_STATE_HOME="$T/state"
J=juliet@capulet.lit
PASS="--passphrase-file $T/passphrase"
echo 'correct horse' >"$T/passphrase"
echo 'wrong horse' >"$T/wrong"

# refused STATUS CMD…: exit status as given, one error line, nothing on stdout
refused() {
	want=$1
	shift
	code=0
	"$@" >"$T/out" 2>"$T/err" </dev/null || code=$?
	[ "$code" = "$want" ] || fail "$*: exit $code, not $want: $(cat "$T/err")"
	[ "$(wc -l <"$T/err")" = 1 ] || fail "$*: not one error line: $(cat "$T/err")"
	[ ! -s "$T/out" ] || fail "$*: printed something"
}

# --- no agent
refused 2 "$O/xmpp-key" list
grep -q 'is xmpp-agent running?' "$T/err" || fail "no hint: $(cat "$T/err")"
refused 64 "$O/xmpp-key"
refused 64 "$O/xmpp-key" fly
refused 64 "$O/xmpp-key" create
refused 64 "$O/xmpp-key" create juliet
refused 64 "$O/xmpp-key" --nonsense list
refused 64 "$O/xmpp-key" create $J --others maybe

"$O/xmpp-agent" -D -a "$XMPP_AGENT_SOCK" >"$T/agent.out" 2>"$T/agent.err" &
must 10 "$O/xmpp-key" status >/dev/null

# --- an empty state
"$O/xmpp-key" status | grep -q 'no vault' || fail 'status without a vault'
refused 1 "$O/xmpp-key" unlock
grep -q 'xmpp-key create' "$T/err" || fail "no advice: $(cat "$T/err")"
refused 1 "$O/xmpp-key" create $J --passphrase-file /nonexistent

# --- create
# shellcheck disable=SC2086
"$O/xmpp-key" create $J $PASS >"$T/created" || fail 'create'
grep -q '^recovery code: .' "$T/created" || fail 'no recovery code'
f=$(sed -n 's/^fingerprint: //p' "$T/created")
echo "$f" | grep -Eqx '([0-9a-f]{8} ){7}[0-9a-f]{8}' || fail "fingerprint: $f"
[ "$("$O/xmpp-key" fingerprint $J)" = "$f" ] || fail 'another fingerprint'
[ "$("$O/xmpp-key" fingerprint JULIET@capulet.lit)" = "$f" ] || fail 'case'
"$O/xmpp-key" list --json | grep -q "\"fingerprint\":\"$f\"" || fail 'list --json'
"$O/xmpp-key" list | grep -qx "$f" || fail 'list'
"$O/xmpp-key" show $J | grep -q '^to be published: device list and bundle' ||
	fail 'nothing to be published'
refused 1 "$O/xmpp-key" show romeo@montague.lit
# shellcheck disable=SC2086
refused 1 "$O/xmpp-key" create $J $PASS
refused 1 "$O/xmpp-key" create romeo@montague.lit --passphrase-file "$T/wrong"
grep -q 'wrong passphrase' "$T/err" || fail "which passphrase? $(cat "$T/err")"

# --- trust needs the passphrase and a key that is known
refused 64 "$O/xmpp-key" trust $J romeo@montague.lit 0011
# the wrong passphrase above costs a second, for everybody
must 10 "$O/xmpp-key" policy $J romeo@montague.lit manual \
	--passphrase-file "$T/passphrase"
# shellcheck disable=SC2086
refused 64 "$O/xmpp-key" policy $J romeo@montague.lit sometimes $PASS
# shellcheck disable=SC2086
refused 1 "$O/xmpp-key" trust $J romeo@montague.lit $f $PASS

# --- lock, unlock
"$O/xmpp-key" lock || fail 'lock'
[ "$("$O/xmpp-key" status | head -n 1)" = locked ] || fail 'not locked'
"$O/xmpp-key" status --json | grep -q '"locked":true' || fail 'status --json'
refused 1 "$O/xmpp-key" list
grep -q 'xmpp-key unlock' "$T/err" || fail "no advice: $(cat "$T/err")"
# shellcheck disable=SC2086
refused 1 "$O/xmpp-key" create romeo@montague.lit $PASS
refused 1 "$O/xmpp-key" unlock --passphrase-file "$T/wrong"
must 10 "$O/xmpp-key" unlock --passphrase-command "cat $T/passphrase"
[ "$("$O/xmpp-key" fingerprint $J)" = "$f" ] || fail 'another after unlock'

# --- the recovery code opens it as well
"$O/xmpp-key" lock || fail 'lock again'
sed -n 's/^recovery code: //p' "$T/created" >"$T/recovery"
must 10 "$O/xmpp-key" unlock --recovery --passphrase-file "$T/recovery"
[ "$("$O/xmpp-key" fingerprint $J)" = "$f" ] || fail 'another after recovery'

# --- the other commands, as far as they go without a network
refused 64 "$O/xmpp-send" $J
refused 64 "$O/xmpp-chat" nobody
echo secret >"$T/password"
refused 1 "$O/xmpp-send" $J romeo@montague.lit --password-file "$T/password"
grep -q 'nothing to send' "$T/err" || fail "empty text: $(cat "$T/err")"
printf 'a\377' | "$O/xmpp-send" $J romeo@montague.lit \
	--password-file "$T/password" 2>"$T/err" && fail 'sent what is no UTF-8'
grep -q 'UTF-8' "$T/err" || fail "no reason: $(cat "$T/err")"
"$O/xmpp-chat" --json $J --password-file "$T/password" --host 127.0.0.1 \
	--port 1 >"$T/events" 2>"$T/err" <<-EOF || fail "chat: $? $(cat "$T/err")"
	nonsense
	{"command":"fly","ref":1}
EOF
grep -q '"ref":1,"reason":"no such command"' "$T/events" ||
	fail "events: $(cat "$T/events")"
[ "$(wc -l <"$T/events")" -ge 2 ] || fail 'an error is missing'
"$O/xmpp-agent" -k || fail 'the agent did not end'
