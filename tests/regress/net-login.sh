#!/bin/bash
# SPDX-License-Identifier: ISC
# How xmpp-net fails to log in: what it says, and whether it is tried again.
# No password leaves without a verified certificate.
# seconds: 90
. "$LAB/lib.sh"
J=juliet@capulet.lit
prosody
agent_start juliet
identity juliet "$J"

# refused PASSWORD OPTIONS...: xmpp-chat's events with these, until offline
refused() {
	echo "$1" | "$LAB/drop" tee "$T/juliet.pw" >/dev/null
	rm -f "$T/c.json"
	in_home juliet "$O/xmpp-chat" --json --host 127.0.0.1 "${@:2}" \
		--password-file "$T/juliet.pw" --name c "$J" \
		<"$T/silent" >"$T/c.json" 2>"$T/c.err" &
	PID[c]=$!
	must 20 grep -q '"event":"offline"' "$T/c.json"
	kill "${PID[c]}" 2>/dev/null
	must 10 gone "${PID[c]}"
}
"$LAB/drop" mkfifo "$T/silent"
exec 9<>"$T/silent"

refused secret-juliet --port "$PORT"
grep -q 'certificate not trusted: .*(give --ca-file)' "$T/c.json" ||
	fail "no CA: $(cat "$T/c.json")"
log=$T/prosody/run/log
grep -q 'Client connected' "$log" || fail "nothing in prosody's log"
! grep -q '<auth\|<response' "$log" ||
	fail "it has begun to log in without a trusted certificate"

refused wrong --port "$PORT" --ca-file "$CA"
grep -q 'the server refuses the password' "$T/c.json" ||
	fail "wrong password: $(cat "$T/c.json")"
grep -q '<auth' "$log" || fail "an attempt to log in is not in prosody's log"

refused secret-juliet --port 9 --ca-file "$CA"
grep -q 'cannot connect' "$T/c.json" || fail "no server: $(cat "$T/c.json")"
grep -q '"fatal":true' "$T/c.json" && fail "a lost connection is not fatal"

echo "not a certificate" | "$LAB/drop" tee "$T/bad.pem" >/dev/null
refused secret-juliet --port "$PORT" --ca-file "$T/bad.pem"
grep -q 'cannot be read as CA certificates' "$T/c.json" ||
	fail "no certificates in the file: $(cat "$T/c.json")"
exit 0
