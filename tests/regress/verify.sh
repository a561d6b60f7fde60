#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 150
# plain build only
# Verification: fingerprints and addresses out and in, the QR code read by a
# scanner that nobody here wrote, what is refused and why (and that it changed
# nothing), a contact's policy, and a contact whose device shows another key.
# Every command that an error names is run as it is named.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
NS=eu.siacs.conversations.axolotl

prosody
for who in juliet romeo; do agent_start $who; done
identity juliet $J
identity romeo $R
chat_start j juliet $J
chat_start r romeo $R
online j juliet $J
online r romeo $R

# key VERB …: as juliet, with her passphrase
key() {
	in_home juliet "$O/xmpp-key" "$@" --passphrase-file "$T/passphrase"
}
peers() { in_home juliet "$O/xmpp-key" peers $J $R "$@"; }
trust_is() { # WORD: of romeo's one device
	peers --json >"$T/peers.json"
	"$O/test/json_pick" "$T/peers.json" "device=$d" replaced=false "trust=$1" \
		>/dev/null || fail "not $1: $(cat "$T/peers.json")"
}
raw() { # of romeo's other client
	python3 tests/support/raw_client.py "$@" $R secret-romeo "$PORT" "$CA" ||
		fail "the other client of $R"
}

# --- out: plain in a pipe, an address, a QR code ---------------------------------
f=$(in_home romeo "$O/xmpp-key" fingerprint $R)
echo "$f" | grep -Eqx '([0-9a-f]{8} ){7}[0-9a-f]{8}' || fail "fingerprint: $f"
hex=${f// /}
d=$(in_home romeo "$O/xmpp-key" fingerprint $R --json |
	sed 's/.*"device":\([0-9]*\).*/\1/')
uri=$(in_home romeo "$O/xmpp-key" fingerprint $R --uri)
[ "$uri" = "xmpp:$R?omemo-sid-$d=$hex" ] || fail "address: $uri"
in_home romeo "$O/xmpp-key" fingerprint $R --qr >"$T/qr" || fail 'the QR code'
[ "$(tail -n 1 "$T/qr")" = "$uri" ] || fail 'no address under the QR code'
! grep -q "$(printf '\033')" "$T/qr" || fail 'colours in a pipe'
# The picture of it, black where no block is, and a camera.
python3 - "$T/qr" <<-'PY' | "$LAB/drop" tee "$T/qr.pgm" >/dev/null
	import sys
	light = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}
	rows = []
	for line in open(sys.argv[1], encoding="utf-8").read().splitlines()[:-1]:
	    for half in (0, 1):
	        rows.append([255 * light[c][half] for c in line for _ in range(4)])
	print("P2", len(rows[0]), 4 * len(rows), 255)
	for row in rows:
	    for _ in range(4):
	        print(*row)
PY
zbarimg --quiet --raw "$T/qr.pgm" >"$T/scanned" 2>"$T/zbar.err" ||
	fail 'the QR code cannot be scanned'
[ "$(cat "$T/scanned")" = "$uri" ] || fail "scanned: $(cat "$T/scanned")"

# --- a policy without a key; a message in clear ------------------------------------
key policy $J $R manual require || fail 'policy'
peers | grep -q 'manual; encryption required' || fail "policy: $(peers)"
peers | grep -q 'no key is known yet' || fail "policy: $(peers)"
echo "<message to='$J' type='chat'><body>in clear</body></message>" | raw
must 20 event j event=unencrypted from=$R require=true
key policy $J $R manual || fail 'policy'
echo "<message to='$J' type='chat'><body>in clear</body></message>" | raw
must 20 event j event=unencrypted from=$R require=false
! event j event=message || fail 'a message in clear was shown'

# refused STATUS WORDS CMD…: so, in one line with these words; nothing changed
refused() {
	local code=0 want=$1 words=$2
	shift 2
	peers --json >"$T/before" 2>&1
	"$@" >"$T/out" 2>"$T/err" || code=$?
	[ "$code" = "$want" ] || fail "$*: exit $code: $(cat "$T/err")"
	[ "$(wc -l <"$T/err")" = 1 ] || fail "$*: $(cat "$T/err")"
	grep -qF -- "$words" "$T/err" || fail "$*: $(cat "$T/err"), not $words"
	[ ! -s "$T/out" ] || fail "$*: printed $(cat "$T/out")"
	peers --json | cmp -s - "$T/before" || fail "$*: something was changed"
}
# what_to_do TEXT: run the command that ends it, as it is
what_to_do() {
	local words
	read -ra words <<<"${1##*: xmpp-key }"
	[ ${#words[@]} = 11 ] || fail "no command in: $1"
	key "${words[@]}" >"$T/done" || fail "${words[*]}"
}
# says N REF: Juliet's message N fails; its reason in $reason
says() {
	chat_say j $R "$1" "$1"
	must 30 event j event=error "ref=$1"
	reason=$(event_field j reason event=error "ref=$1")
}
refused 1 "device $d: no such device or key is known here" key verify $J "$uri"

# --- undecided: refused, with the key and the command --------------------------------
says m1
[ "$reason" = "$R device $d: its key is undecided; compare it, then: xmpp-key verify $J $R $f" ] ||
	fail "reason: $reason"
echo "to romeo" | in_home juliet "$O/xmpp-send" --host 127.0.0.1 --port "$PORT" \
	--ca-file "$CA" --password-file "$T/juliet.pw" $J $R >"$T/out" 2>"$T/send.err" &&
	fail 'xmpp-send sent to an undecided key'
grep -qxF "xmpp-send: $R: $reason" "$T/send.err" || fail "$(cat "$T/send.err")"
trust_is undecided

# --- in: what differs is named, and nothing is changed --------------------------------
[ "${hex:63}" = 0 ] && x=1 || x=0
wrong=${hex:0:63}$x
[ "${hex:0:1}" = 0 ] && x=1 || x=0
first=$x${hex:1}
refused 1 "device $d: fingerprint differs in group 8: the key known here is $f" \
	key verify $J "xmpp:$R?omemo-sid-$d=$wrong"
refused 1 "device $d: fingerprint differs in groups 1, 8: " \
	key verify $J $R "xmpp:$R?omemo-sid-$d=${first:0:63}${wrong:63}"
refused 1 "device $d: fingerprint differs in group 1: the key known here is $f" \
	key verify $J $R "$first"
refused 1 "it is of $R, not of $J" key verify $J $J "$uri"
refused 1 'device 4242: no such device' key verify $J "$uri;omemo-sid-4242=$wrong"
refused 1 'no such key is known here' key trust $J $R "$(echo "$hex" | rev)"
refused 1 'no such key is known here' key trust $J $J "$hex"
refused 64 "device $d: its fingerprint is not of 64 hex digits" \
	key verify $J "xmpp:$R?omemo-sid-$d=${hex:1}"
refused 64 'no key is in it' key verify $J "xmpp:$R"
refused 64 'urn:xmpp:ox:0' key verify $J \
	"xmpp:$R?trust-message;encryption=urn:xmpp:ox:0;trust=$hex"
refused 64 '64 hex digits are wanted' key verify $J $R "${hex:1}"
refused 64 'whose?' key verify $J - <<<"$hex"
refused 64 'without a terminal' key verify $J $R
refused 64 '64 hex digits' key trust $J $R
refused 64 'usage' key verify $J
refused 1 'no line' key verify $J - </dev/null
echo wrong >"$T/wrong"
refused 1 'wrong passphrase' in_home juliet "$O/xmpp-key" verify $J "$uri" \
	--passphrase-file "$T/wrong"
trust_is undecided

# --- in: each form ----------------------------------------------------------------------
# (the wrong passphrase above costs a second, for everybody)
must 10 key trust $J "xmpp:$R?trust-message;encryption=urn:xmpp:omemo:2;trust=$hex"
trust_is trusted
key distrust $J "$uri" | grep -qx "$R device $d: distrusted" || fail 'distrust'
trust_is distrusted
says m2
[ "$reason" = "$R device $d: its key is distrusted; if that was wrong: xmpp-key trust $J $R $f" ] ||
	fail "reason: $reason"
what_to_do "$reason"
trust_is trusted
key trust $J $R "$(echo "$f" | tr 'a-f ' 'A-F:')" >"$T/out" || fail 'case, colons'
# a scanner, piped
key verify $J - --json <"$T/scanned" >"$T/out" || fail 'verify from a scanner'
"$O/test/json_pick" "$T/out" peer=$R "device=$d" "fingerprint=$f" trust=verified \
	>/dev/null || fail "verify --json: $(cat "$T/out")"
trust_is verified
peers | grep -q 'new keys: manual' || fail 'new keys of a verified contact are used'

# --- on a terminal: one by one, in colours ------------------------------------------------
key trust $J $R "$f" >"$T/out" || fail 'trust'
tmux() { command tmux -S "$T/juliet/tmux" "$@"; }
screen() { tmux capture-pane -p -J -t key "$@"; }
shows() { screen | grep -qF -- "$1"; }
sees() { wait_for 15 shows "$1" || fail "no '$1' on: $(screen | grep .)"; }
# terminal [VARIABLE=VALUE] …: verify there
terminal() {
	in_home juliet tmux -f /dev/null -S "$T/juliet/tmux" new-session -d -s key \
		-x 100 -y 30 "env $* $O/xmpp-key verify $J $R \
		--passphrase-file $T/passphrase; echo exit \$?; cat"
	sees '[y/n/q]'
}
terminal COLORTERM=
sees "$R device $d: trusted"
sees "$f"
screen -e | grep -q "$(printf '\033')\[38;5;[0-9]*m${f:0:8}" ||
	fail "no colours: $(screen -e)"
tmux send-keys -t key maybe Enter
tmux send-keys -t key n Enter
sees 'exit 0'
shows 'nothing was changed' || fail 'no is no'
tmux kill-server
trust_is trusted
terminal NO_COLOR=1
! screen -e | grep -qF "[38;" || fail "colours against NO_COLOR: $(screen -e)"
tmux send-keys -t key q Enter
sees 'exit 1'
tmux kill-server
trust_is trusted
terminal COLORTERM=
tmux send-keys -t key y Enter
sees "$R device $d: verified"
sees 'exit 0'
tmux kill-server
trust_is verified
refused 64 'without a terminal' key verify $J $R

# --- the contact's device shows another key ------------------------------------------------
# Romeo begins anew; the server (or he) puts the new keys under the old id.
agent_start anew
identity anew $R
chat_quit r
chat_start n anew $R
online n anew $R
new=$(in_home anew "$O/xmpp-key" fingerprint $R)
n=$(in_home anew "$O/xmpp-key" list --json | sed 's/.*"device":\([0-9]*\).*/\1/')
# Once his new device has verified the old one, its address carries both keys,
# and both are decided about, or neither.
chat_say n $J 'from another device of mine' n1
must 30 event j event=message "fingerprint=$new" trust=undecided
[ "$(in_home anew "$O/xmpp-key" fingerprint $R --uri)" = \
	"xmpp:$R?omemo-sid-$n=${new// /}" ] || fail 'a key that nobody compared'
in_home anew "$O/xmpp-key" verify $R "$uri" --passphrase-file "$T/passphrase" \
	>"$T/out" 2>&1 || fail 'verify a device of his own'
both=$(in_home anew "$O/xmpp-key" fingerprint $R --uri)
[ "$both" = "xmpp:$R?omemo-sid-$n=${new// /};omemo-sid-$d=$hex" ] ||
	fail "address: $both"
refused 1 "device $d: fingerprint differs in group 8" \
	key verify $J "xmpp:$R?omemo-sid-$n=${new// /};omemo-sid-$d=$wrong"
[ "$(key verify $J $R "$both" | grep -c ': verified$')" = 2 ] || fail 'not both'
chat_quit n
# A key that nobody has seen yet.
agent_start third
identity third $R
chat_start t third $R
online t third $R
new=$(in_home third "$O/xmpp-key" fingerprint $R)
n=$(in_home third "$O/xmpp-key" list --json | sed 's/.*"device":\([0-9]*\).*/\1/')
chat_quit t
item=$(raw -x "$NS.bundles:$n" </dev/null)
NS2=urn:xmpp:omemo:2
item2=$(raw -x $NS2:bundles </dev/null | tr -d '\n' | sed 's,</item>,&\n,g' |
	grep "<item [^>]*id=.${n}[^0-9]" | sed "s,^<item [^>]*>,<item id='$d'>,")
[ -n "$item2" ] || fail 'no bundle of the other device in OMEMO 2'
publish="<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish"
raw <<-XML
	$publish node='$NS.bundles:$d'>$(echo "$item" | tr -d '\n')</publish></pubsub></iq>
	$publish node='$NS.devicelist'><item id='current'><list xmlns='$NS'><device id='$d'/></list></item></publish></pubsub></iq>
	$publish node='$NS2:bundles'>$item2</publish></pubsub></iq>
	$publish node='$NS2:devices'><item id='current'><devices xmlns='$NS2'><device id='$d'/></devices></item></publish></pubsub></iq>
XML
# what was fetched before is forgotten by lock
in_home juliet "$O/xmpp-key" lock || fail 'lock'
must 20 event j event=locked
unlock juliet
must 20 event j event=unlocked
says m3
[ "$reason" = "$R device $d: it shows another identity key than the one known here; if the contact says that this is right, give the known one up: xmpp-key distrust $J $R $f" ] ||
	fail "reason: $reason"
trust_is verified
what_to_do "$reason"
says m4 # the new one is announced, and waits: the contact was verified
event j event=reader peer=$R "fingerprint=$new" trust=undecided ||
	fail "the new key was not shown: $(tail -n 5 "$T/j.json")"
[ "$reason" = "$R device $d: its key is undecided; compare it, then: xmpp-key verify $J $R $new" ] ||
	fail "reason: $reason"
# the old code, scanned again, does not fit any more
refused 1 "device $d: fingerprint differs in groups" key verify $J "$uri"
what_to_do "$reason"
trust_is verified
chat_say j $R 'to the new key' m5
must 30 event j event=sent ref=m5
! event j event=sent ref=m3 || fail 'what was refused has been sent'
peers | grep -q 'replaced by another key' || fail "peers: $(peers)"
echo passed
