#!/bin/bash
# SPDX-License-Identifier: ISC
# What xmpp-key constrain limits, with whole programs and a server: a person's
# yes before a message is read or sent, rates, a lifetime. Nothing is lost by
# any of it, and who asked and has gone takes the question along.
# seconds: 240
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit

# The askpass notes what it is asked, then does what $T/askpass.do says.
cat >"$T/askpass" <<'END2'
#!/bin/sh
printf '%s\n' "$1" >>"$T/asked"
. "$T/askpass.do"
END2
chmod 0755 "$T/askpass"
export XMPP_AGENT_ASKPASS=$T/askpass T
: >"$T/asked"
echo 'exit 1' >"$T/askpass.do"
asked() { [ "$(wc -l <"$T/asked")" = "$1" ]; }

key() { in_home romeo "$O/xmpp-key" "$@"; }
constrain() {
	key constrain $R --passphrase-file "$T/passphrase" "$@" \
		>"$T/constrain.out" 2>&1 || fail "constrain $*"
}
shown() { must 40 event r event=message "body=$1"; }
hidden() { ! event r event=message "body=$1"; }
say() {
	chat_say j $R "$1" "$1"
	must 20 event j event=sent "ref=$1"
}

prosody
for p in juliet romeo; do agent_start $p; done
identity juliet $J
identity romeo $R
# her receipts are messages, too, and each of them would be asked about
"$LAB/drop" mkdir -p "$T/juliet/config/xmpp-agent"
printf '[%s]\nreceipts = no\n' $J |
	"$LAB/drop" tee "$T/juliet/config/xmpp-agent/accounts" >/dev/null
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R
say one
shown one

# --- what is not understood sets nothing
bad() {
	local got=0
	key constrain $R "$@" --passphrase-file "$T/passphrase" \
		>"$T/constrain.out" 2>&1 || got=$?
	[ $got = 64 ] || fail "constrain $*: exit $got"
}
bad
for rate in 5 5/ /1h 0/1h 5/0 5/32d 1000001/1h -1/1h 5/1h/2 ' 5/1h'; do
	bad --confirm --open-rate "$rate"
	bad --confirm --decrypt-rate "$rate"
done
bad --lifetime 32d
bad --lifetime soon
bad --stale 3651d
bad --stale old
key list --json | grep -q '"confirm":"never"' || fail "list --json: $(key list --json)"
in_home romeo setsid -w "$O/xmpp-key" constrain $R --confirm </dev/null \
	>"$T/constrain.out" 2>&1 && fail "constrained without a passphrase"

# --- each use is asked for; meanwhile all else goes on
constrain --confirm
key show $R | grep -qx 'confirm: each use' || fail "show: $(key show $R)"
key list --json | grep -q '"confirm":"each"' || fail "list --json: $(key list --json)"
# shellcheck disable=SC2016 # askpass expands these
echo 'while [ ! -e "$T/yes" ]; do sleep 0.05; done' >"$T/askpass.do"
n=$(wc -l <"$T/asked")
say two
must 20 asked $((n + 1))
tail -n 1 "$T/asked" | grep -q "^Allow process [0-9]* to read a message of $J, as $R? Its client's name is \"r\", or so it says\. (Asked by process [0-9]*, which calls itself \"xmpp-chat\"\.)$" ||
	fail "asked: $(tail -n 1 "$T/asked")"
pid=$(tail -n 1 "$T/asked" | sed 's/^Allow process \([0-9]*\) .*/\1/')
[ "$(cat "/proc/$pid/comm")" = xmpp-chat ] || fail "process $pid does not ask"
key status >"$T/status.out" || fail status
[ "$(key fingerprint $J 2>&1)" != "" ] || fail fingerprint
hidden two || fail "shown without a yes"
: >"$T/yes"
shown two
# and to send
chat_say r $J back back
must 20 event r event=sent ref=back
must 20 event j event=message body=back
tail -n 1 "$T/asked" | grep -q "to send a message to $J, as $R?" ||
	fail "asked: $(tail -n 1 "$T/asked")"

# --- a no: it is not shown, and not lost; nor is anybody asked again
echo 'exit 1' >"$T/askpass.do"
n=$(wc -l <"$T/asked")
say three
must 20 event r event=notice from=$R
asked $((n + 1)) || fail "asked $(($(wc -l <"$T/asked") - n)) times"
chat_say r $J no no
must 20 event r event=error ref=no
asked $((n + 1)) || fail 'asked again after a no'
hidden three || fail 'shown after a no'
chat_quit r

# --- once for a connection; who has proved the passphrase is asked again
constrain --confirm-once
: >"$T/askpass.do"
n=$(wc -l <"$T/asked")
chat_start r romeo $R
shown three
say four
shown four
asked $((n + 1)) || fail "asked $(($(wc -l <"$T/asked") - n)) times, not once"

# --- whoever asked has gone: so does the question
constrain --confirm
# shellcheck disable=SC2016 # askpass expands it
echo 'echo $$ >"$T/askpass.pid"; trap "" TERM; while :; do sleep 0.1; done' >"$T/askpass.do"
say five
must 20 test -s "$T/askpass.pid"
kill -KILL "${PID[r]}" # the starter: its front and net follow
wait "${PID[r]}" 2>/dev/null
must 15 gone "$(cat "$T/askpass.pid")" # killed: it did not end when asked to
: >"$T/askpass.do"
chat_start r romeo $R
shown five

constrain --no-confirm
constrain --stale 30d
key show $R --json >"$T/show.out" || fail "show"
grep -q '"stale": *2592000' "$T/show.out" || fail "the stale setting is not shown"
constrain --stale 0
key show $R --json >"$T/show.out" || fail "show"
grep -q '"stale": *null' "$T/show.out" || fail "no stale setting is not shown"

# --- so many are read; the next waits, and is shown later
constrain --open-rate 2/1h
say six
say seven
say eight
shown six
shown seven
noticed() { grep -q 'opened only 2 times in 1h; come again in ' "$T/r.json"; }
must 40 noticed
hidden eight || fail 'over the rate'
key show $R | grep -qx 'opened: at most 2/1h' || fail "show: $(key show $R)"
constrain --open-rate 0
shown eight

# --- so many are decrypted; the archive gives the rest, in order
constrain --decrypt-rate 2/1h
say nine
say ten
say eleven
shown nine
shown ten
hidden eleven || fail 'over the rate of decryption'
chat_quit r
chat_start r romeo $R
must 20 event r event=online
hidden eleven || fail 'over the rate of decryption'
constrain --decrypt-rate 0
shown eleven

# --- its life is over: locked for this identity, until unlock
constrain --lifetime 1s
locked() { [ "$(grep -c '"event":"locked"' "$T/r.json")" = "$1" ]; }
n=$(grep -c '"event":"locked"' "$T/r.json")
must 20 locked $((n + 1))
key show $R | grep -q '^lifetime: over, until xmpp-key unlock$' ||
	fail "show: $(key show $R)"
key status | grep -q '^unlocked' || fail "the vault is locked"
say twelve
hidden twelve || fail 'shown after the end of its life'
constrain --lifetime 0
hidden twelve || fail 'a limit that was taken away has raised the dead'
echo wrong >"$T/wrong"
key unlock --passphrase-file "$T/wrong" >"$T/unlock.out" 2>&1 && fail 'a wrong passphrase'
must 10 key unlock --passphrase-file "$T/passphrase"
shown twelve
chat_quit r
chat_quit j
echo passed
