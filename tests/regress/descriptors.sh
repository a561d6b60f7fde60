#!/bin/bash
# SPDX-License-Identifier: ISC
# What each process has in its hands: its descriptors, and of the environment.
# Net has nothing of the terminal or the pipes that the text goes through.
# privileged
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit
export XA_SECRET=of-the-users-shell

# has ROLE PID FD...: these descriptors and no others
has() {
	local role=$1 pid=$2 got
	shift 2
	got=$(cd "/proc/$pid/fd" && printf '%s\n' * | sort -n | tr '\n' ' ')
	[ "$got" = "$* " ] || fail "$role has the descriptors $got, not $*"
}

# null ROLE PID FD...: these lead nowhere
null() {
	local role=$1 pid=$2 fd
	shift 2
	for fd in "$@"; do
		[ "$(readlink "/proc/$pid/fd/$fd")" = /dev/null ] ||
			fail "descriptor $fd of $role: $(readlink "/proc/$pid/fd/$fd")"
	done
}

# bare ROLE PID: nothing of the user's environment
bare() {
	if tr '\0' '\n' <"/proc/$2/environ" | grep -v '^[A-Z]*SAN_OPTIONS='; then
		fail "that is in the environment of $1"
	fi
}

prosody
# its errors by a descriptor that reads as well, as a terminal's does
"$LAB/drop" touch "$T/tty"
become juliet "$O/xmpp-agent" -D -a "$T/juliet/run/agent.sock" \
	>"$T/juliet-agent.out" 2<>"$T/tty" </dev/null &
PID[juliet]=$!
must 10 test -s "$T/juliet-agent.out"
echo "$PASSPHRASE" | "$LAB/drop" tee "$T/passphrase" >/dev/null
identity juliet $J
chat_start j juliet $J
must 20 event j event=online
supervisor=${PID[juliet]}
for role in keeper derive store parser; do
	null $role "$(role_pid $role)" 0 1
	bare $role "$(role_pid $role)"
done
# none can read where its errors go, be it a terminal or, here, a file
for role in keeper derive store parser; do
	[ $((8#$(awk '/^flags:/ { print $2 }' \
		"/proc/$(role_pid $role)/fdinfo/2") & 3)) = 1 ] ||
		fail "$role can read its standard error"
done
has derive "$(role_pid derive)" 0 1 2 3
has parser "$(role_pid parser)" 0 1 2 3
# the keeper, the anchor, and SQLite's two
store=$(role_pid store)
has store "$store" 0 1 2 3 4 5 6
for pair in 4:anchor-* 5:vault.db 6:vault.db-wal; do
	name=$(readlink "/proc/$store/fd/${pair%%:*}")
	# shellcheck disable=SC2053 # a pattern is meant
	[[ ${name##*/} == ${pair#*:} ]] ||
		fail "descriptor ${pair%%:*} of the store: $name"
done
has front "$(role_pid front)" 0 1 2 3 4 5
sce=$(role_pid sce)
has sce "$sce" 0 1 2 3
null sce "$sce" 0 1
[ -n "$SAN" ] || null sce "$sce" 2
bare sce "$sce"
net=$(role_pid net)
has net "$net" 0 1 2 3 4 5
null net "$net" 0 1
[ -n "$SAN" ] || null net "$net" 2
bare net "$net"
tr '\0' '\n' <"/proc/$supervisor/environ" | grep -q '^XA_SECRET=' ||
	fail 'the secret was nowhere'
# Another user who can reach the socket is turned away before a word is read;
# the same octets from our own are answered.
sock=$T/juliet/run/agent.sock
chmod 0711 "$T" "$T/juliet" "$T/juliet/run"
chmod 0666 "$sock"
# shellcheck disable=SC2016 # it is perl's
hello='use Socket; if ($ARGV[1]) { $> = $ARGV[1]; $> == $ARGV[1] or exit 3 }
	socket(S, AF_UNIX, SOCK_STREAM, 0);
	connect(S, sockaddr_un($ARGV[0])) or die "connect: $!";
	$SIG{PIPE} = "IGNORE"; $SIG{ALRM} = sub { exit 4 }; alarm 10;
	syswrite(S, pack("NCNNN", 13, 1, 7, 1, 0));
	exit(sysread(S, my $b, 100) ? 0 : 5)'
"$LAB/drop" perl -e "$hello" "$sock" "" || fail "our own HELLO: exit $?"
code=0
perl -e "$hello" "$sock" 777 2>"$T/perl.err" || code=$?
case $code in
5) ;;
3) echo "there is no second uid here" ;;
*) fail "a foreign uid at the socket: exit $code: $(cat "$T/perl.err")" ;;
esac
chat_quit j
agent_stop juliet

# Who came to listen there after the agent had ended is another user.
perl -MSocket -e '$> = 777; $> == 777 or exit 3; umask 0;
	socket(S, AF_UNIX, SOCK_STREAM, 0);
	bind(S, sockaddr_un($ARGV[0])) && listen(S, 5) or die; sleep 600' \
	"/tmp/agent.sock" 2>"$T/perl.err" &
perl=$!
there() { [ -S /tmp/agent.sock ] || gone $perl; }
must 10 there
if ! gone $perl; then # where there is a second uid
	code=0
	XMPP_AGENT_SOCK=/tmp/agent.sock "$LAB/drop" "$O/xmpp-key" unlock \
		--passphrase-file "$T/passphrase" 2>"$T/foreign.err" || code=$?
	[ $code = 2 ] || fail "exit $code from another user's agent"
	grep -q 'another user' "$T/foreign.err" || fail 'whose socket it is'
	kill $perl
fi
echo passed
