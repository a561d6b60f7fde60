#!/bin/bash
# SPDX-License-Identifier: ISC
# The forwarded socket, over a plain relay and over a real ssh -R: a client at
# the far end sends and reads for the account that it was given. With the right
# passphrase and a yes in askpass it gets neither trust nor admin, no other
# account, and it cannot lock, unlock or end the agent.
# seconds: 120
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit B=bot@montague.lit
# a yes to everything
cat >"$T/askpass" <<'END2'
#!/bin/sh
printf '%s\n' "$1" >>"$T/asked"
END2
chmod 0755 "$T/askpass"
export XMPP_AGENT_ASKPASS=$T/askpass T

prosody
agent_start juliet
identity juliet $J
echo "$PASSPHRASE" | "$LAB/drop" tee "$T/passphrase" >/dev/null

# --- what -A does not take
for bad in trust info,admin 'info:not a jid' '' info:; do
	got=0
	in_home romeo "$O/xmpp-agent" -D -a "$T/romeo/run/agent.sock" -A "$bad" \
		>"$T/bad.out" 2>"$T/bad.err" || got=$?
	[ $got = 64 ] || fail "-A '$bad': exit $got"
done
become romeo "$O/xmpp-agent" -D -a "$T/romeo/run/agent.sock" \
	-A "info,network,text:$R" >"$T/romeo-agent.out" 2>"$T/romeo-agent.err" </dev/null &
PID[romeo]=$!
must 10 test -s "$T/romeo-agent.out"
identity romeo $R
in_home romeo "$O/xmpp-key" create $B --passphrase-file "$T/passphrase" \
	>"$T/create.out" 2>&1 || fail "create $B"
[ "$(stat -c %a "$T/romeo/run/agent.sock.forward")" = 600 ] || fail mode

# the far end: a home of its own, and only the socket $far
far=
far() { become far env "XMPP_AGENT_SOCK=$far" "$@"; }
key() { (far "$O/xmpp-key" "$@"); }
refused() { # by the agent, for the right; never anything else
	local got=0
	(far timeout 30 "$O/xmpp-key" "$@") >"$T/far.out" 2>&1 </dev/null || got=$?
	[ $got = 1 ] || fail "exit $got: xmpp-key $* at the far end"
	grep -q 'forwarded socket\|not an account\|no such account' "$T/far.out" ||
		fail "xmpp-key $*: $(cat "$T/far.out")"
}
no_way_up() {
	local with=(--passphrase-file "$T/passphrase")
	[ "$(key list | grep -c device)" = 1 ] || fail "at the far end: $(key list)"
	[ "$(key fingerprint $R)" != "" ] || fail "no fingerprint of $R"
	refused fingerprint $B
	refused create far@montague.lit "${with[@]}"
	refused policy $R $J manual "${with[@]}"
	refused policy $R $J blind require "${with[@]}"
	refused constrain $R --confirm "${with[@]}"
	refused slots add --new-recovery "${with[@]}"
	refused slots remove 1 "${with[@]}"
	refused passwd --new-passphrase-file "$T/passphrase" "${with[@]}"
	refused lock
	(far "$O/xmpp-agent" -k) >"$T/far.out" 2>&1 && fail "the far end has ended the agent"
	# what was asked for is nowhere: one more account, another policy
	in_home romeo "$O/xmpp-key" status >"$T/status.out" || fail status
	grep -q '^unlocked: 2 accounts' "$T/status.out" || fail "$(cat "$T/status.out")"
	key status >"$T/status.out" || fail "status at the far end"
	[ "$(grep -c '^client' "$T/status.out")" = 1 ] ||
		fail "the far end sees who else is here: $(cat "$T/status.out")"
	in_home romeo "$O/xmpp-key" lock || fail lock
	refused unlock "${with[@]}"
	in_home romeo "$O/xmpp-key" unlock "${with[@]}" || fail unlock
}

# chat NAME: romeo's client at the far end
chat() {
	rm -f "$T/$1.in"
	"$LAB/drop" mkfifo "$T/$1.in"
	: >"$T/$1.json"
	echo secret-romeo | "$LAB/drop" tee "$T/far.pw" >/dev/null
	far "$O/xmpp-chat" --json --host 127.0.0.1 --port "$PORT" --ca-file "$CA" \
		--password-file "$T/far.pw" --name "$1" $R \
		<"$T/$1.in" >>"$T/$1.json" 2>>"$T/$1.err" &
	PID[$1]=$!
	exec {fd}>"$T/$1.in"
	IN[$1]=$fd
	must 20 event "$1" event=online
}
speak() { # NAME TEXT: there and back
	chat_say j $R "to $2" "to-$2"
	must 20 event j event=sent "ref=to-$2"
	must 20 event "$1" event=message "body=to $2"
	chat_say "$1" $J "from $2" "from-$2"
	must 20 event "$1" event=sent "ref=from-$2"
	must 20 event j event=message "body=from $2"
}
in_home far true
chat_start j juliet $J
online j juliet $J

# --- a relay
"$LAB/drop" python3 tests/support/relay.py "$T/far/relay.sock" \
	"$T/romeo/run/agent.sock.forward" >"$T/relay.out" 2>&1 &
relay=$!
must 10 test -S "$T/far/relay.sock"
far=$T/far/relay.sock
no_way_up
chat first
key publish $R --host 127.0.0.1 --port "$PORT" --ca-file "$CA" \
	--password-file "$T/far.pw" >"$T/publish.out" 2>&1 || fail publish
speak first relay
chat_quit first
kill $relay
wait $relay 2>/dev/null

# --- ssh -R: a server of our own, as the ordinary uid, on loopback
SSH=$T/far/ssh
me=$("$LAB/drop" id -un)
"$LAB/drop" mkdir -m 0700 "$SSH"
for k in host user; do
	"$LAB/drop" ssh-keygen -q -t ed25519 -N '' -f "$SSH/$k" || fail ssh-keygen
done
"$LAB/drop" cp "$SSH/user.pub" "$SSH/authorized"
cat >"$T/sshd_config" <<EOF
ListenAddress 127.0.0.1:15022
HostKey $SSH/host
AuthorizedKeysFile $SSH/authorized
StrictModes no
UsePAM no
PidFile none
StreamLocalBindUnlink yes
EOF
"$LAB/drop" /usr/sbin/sshd -D -e -f "$T/sshd_config" >"$T/sshd.out" 2>"$T/sshd.err" &
sshd=$!
far=$T/far/ssh.sock
"$LAB/drop" ssh -F none -N -i "$SSH/user" -p 15022 -o BatchMode=yes \
	-o StrictHostKeyChecking=no -o "UserKnownHostsFile=$SSH/known" \
	-o ExitOnForwardFailure=yes -o ConnectionAttempts=50 \
	-R "$far:$T/romeo/run/agent.sock.forward" "$me@127.0.0.1" \
	>"$T/ssh.out" 2>"$T/ssh.err" &
ssh=$!
must 20 test -S "$far"
no_way_up
in_home romeo "$O/xmpp-key" constrain $R --confirm-once \
	--passphrase-file "$T/passphrase" || fail constrain
chat second
speak second ssh
[ "$(wc -l <"$T/asked")" = 1 ] || fail "asked: $(cat "$T/asked")"
grep -q '^Allow process [0-9]* (forwarded from elsewhere) to read a message' \
	"$T/asked" || fail "asked: $(cat "$T/asked")"
chat_quit second
kill $ssh
must 10 gone $ssh
key status >"$T/status.out" 2>&1 && fail "without ssh it is still there"
kill $sshd

# --- the ordinary socket has lost nothing, and the other goes with the agent
in_home romeo "$O/xmpp-key" policy $R $J blind --passphrase-file "$T/passphrase" ||
	fail "policy at the ordinary socket"
chat_quit j
agent_stop romeo
[ ! -e "$T/romeo/run/agent.sock.forward" ] || fail "its socket is left"
echo passed
