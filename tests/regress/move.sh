#!/bin/bash
# SPDX-License-Identifier: ISC
# Moving to another machine: exported here, imported there, and the contact,
# who had verified us and takes no new keys, writes and reads on without
# deciding anything. What is in the file, who may make it, who can open it, and
# what a damaged one does.
# seconds: 240
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
FILE=$T/juliet/juliet.export
n=0

key() { in_home "$1" "$O/xmpp-key" "${@:2}"; }
secret() { echo "$2" | "$LAB/drop" tee "$T/$1" >/dev/null; }
as_user() { in_home juliet "$@"; }
# talk CLIENT: both directions, with keys that were decided on
talk() {
	n=$((n + 1))
	chat_say "$1" "$R" "ours $n" "$n"
	must 20 event romeo event=message "from=$J" "body=ours $n" trust=trusted
	chat_say romeo "$J" "theirs $n" "$n"
	must 20 event "$1" event=message "from=$R" "body=theirs $n" trust=trusted
}
device() { key "$1" --json list | "$O/test/json_pick" -f device /dev/stdin; }
fingerprint() { key "$1" fingerprint $J; }
listed() {
	grep -qr "'$1'\|\"$1\"" "$T"/prosody/data/capulet%2elit/pep_*devicelist*
}
# refused WORDS NAME VERB...: it fails, in one line that has these words
refused() {
	local words=$1
	key "${@:2}" >"$T/refused.out" 2>"$T/refused.err" && fail "done: ${*:2}"
	grep -q -- "$words" "$T/refused.err" || fail "${*:2}: $(cat "$T/refused.err")"
	[ "$(wc -l <"$T/refused.err")" = 1 ] || fail "more than a line: ${*:2}"
}

prosody
agent_start romeo
identity romeo $R
chat_start romeo romeo $R
online romeo romeo $R
agent_start juliet
identity juliet $J
sed -n 's/^recovery code: //p' "$T/juliet-create.out" | "$LAB/drop" tee "$T/code" >/dev/null
chat_start chat juliet $J
online chat juliet $J
chat_say chat $R "first" 1
must 20 event romeo event=message body=first
chat_say romeo $J "second" 1
must 20 event chat event=message body=second

# --- both decide, and take no key more by themselves
P="--passphrase-file $T/passphrase"
# shellcheck disable=SC2086 # two words each
{
	key romeo trust $R $J "$(fingerprint juliet)" $P || fail trust
	key romeo policy $R $J manual require $P || fail policy
	key juliet trust $J $R "$(key romeo fingerprint $R)" $P || fail trust
	key juliet policy $J $R manual require $P || fail policy
	key juliet policy $J nurse@capulet.lit first-use $P || fail policy
	key juliet constrain $J --window 2d $P || fail constrain
}
talk chat
old=$(device juliet)
was=$(fingerprint juliet)
key juliet --json peers $J >"$T/peers.before"
[ "$(wc -l <"$T/peers.before")" -ge 1 ] || fail "no peers"

# --- the file
secret wrong "not it"
refused "wrong passphrase" juliet export $J "$FILE" --passphrase-file "$T/wrong"
sleep 1.1
[ ! -e "$FILE" ] || fail "a file without the passphrase"
key juliet export $J "$FILE" --passphrase-file "$T/passphrase" >"$T/export.out" ||
	fail "export"
[ "$(stat -c %a "$FILE")" = 600 ] || fail "mode $(stat -c %a "$FILE")"
[ "$(head -n 1 "$FILE" | tr -d '\0')" = "xmpp-agent export" ] || fail "no first line"
for word in capulet montague juliet romeo nurse; do
	! grep -qai $word "$FILE" || fail "$word lies in the file in clear"
done
refused "there already" juliet export $J "$FILE" --passphrase-file "$T/passphrase"
before=$(stat -c '%i %s' "$FILE")
key juliet export $J "$FILE" --force --passphrase-file "$T/passphrase" >/dev/null ||
	fail "export --force"
[ "$(stat -c '%i %s' "$FILE")" != "$before" ] || fail "written into, not replaced"
compgen -G "$FILE.*" && fail "something was left behind"
key juliet export $J - --passphrase-file "$T/passphrase" | as_user tee "$FILE.2" >/dev/null
[ "$(stat -c %s "$FILE.2")" = "$(stat -c %s "$FILE")" ] || fail "to standard output"
as_user rm "$FILE.2"
refused "No such file" juliet export $J "$T/juliet/no/where" --passphrase-file "$T/passphrase"
refused "exists\|here already" juliet import "$FILE" \
	--export-passphrase-file "$T/passphrase" --passphrase-file "$T/passphrase"

# --- the other machine: damaged files and wrong secrets change nothing there
chat_quit chat
agent_stop juliet
agent_start tower
to_tower() {
	refused "$1" tower import "$2" --export-passphrase-file "${3:-$T/passphrase}"
}
size=$(stat -c %s "$FILE")
for cut in 0 10 17 18 25 200 $((size / 2)) $((size - 1)); do
	head -c "$cut" "$FILE" | in_home tower tee "$T/tower/cut" >/dev/null
	to_tower "no export\|not whole" "$T/tower/cut"
done
{ cat "$FILE"; echo; } | in_home tower tee "$T/tower/cut" >/dev/null
to_tower "not whole" "$T/tower/cut"
{ cat "$FILE"; head -c 40000000 /dev/zero; } | in_home tower tee "$T/tower/cut" >/dev/null
to_tower "too large" "$T/tower/cut"
to_tower "no export" "$T/passphrase"
to_tower "Is a directory" "$T/tower"
to_tower "wrong passphrase" "$FILE" "$T/wrong"
sleep 1.1
in_home tower "$O/xmpp-key" status | grep -q 'no vault yet' || fail "a vault was made"

# --- the true one: one passphrase for all, a recovery code of its own
key tower import "$FILE" --export-passphrase-file "$T/passphrase" \
	>"$T/import.out" 2>"$T/import.err" || fail "import: $(cat "$T/import.err")"
grep -q '^recovery code: ' "$T/import.out" || fail "no recovery code"
! grep -qF "$(cat "$T/code")" "$T/import.out" || fail "the old recovery code"
grep -qx "fingerprint: $was" "$T/import.out" || fail "another fingerprint"
key tower --json peers $J >"$T/peers.after"
diff "$T/peers.before" "$T/peers.after" || fail "the decisions have changed"
[ "$(key tower --json show $J | "$O/test/json_pick" -f window /dev/stdin)" = 172800 ] ||
	fail "the window: $(key tower --json show $J)"
new=$(device tower)
[ "$new" != "$old" ] || fail "the same device id"
key tower lock || fail lock
unlock tower

# --- the contact goes on
chat_start moved tower $J
must 20 event moved event=online
key tower publish $J --host 127.0.0.1 --port "$PORT" --ca-file "$CA" \
	--password-file "$T/tower.pw" >"$T/publish.out" 2>&1 || fail publish
must 20 listed "$new"
! listed "$old" || fail "the old device is still listed"
talk moved
talk moved
! event moved event=message body=first || fail "read what was for the old device"
key romeo --json peers $R $J >"$T/romeo.peers"
"$O/test/json_pick" -f trust "$T/romeo.peers" "device=$new" | grep -qx trusted ||
	fail "Romeo's word for the new device"
[ "$("$O/test/json_pick" -f fingerprint "$T/romeo.peers" | sort -u)" = "$was" ] ||
	fail "more than one key of Juliet's"
chat_quit moved
agent_stop tower
agent_start tower
unlock tower
chat_start moved tower $J
must 20 event moved event=online
talk moved

# --- beside another identity, in a vault that is there; by the recovery code
agent_start third
secret third.pass "the third passphrase"
in_home third "$O/xmpp-key" create nurse@capulet.lit --passphrase-file "$T/third.pass" \
	>"$T/third.out" 2>&1 || fail "create"
refused "wrong passphrase" third import "$FILE" --export-passphrase-file "$T/passphrase" \
	--passphrase-file "$T/wrong"
sleep 1.1
refused "wrong passphrase" third import "$FILE" --export-recovery \
	--export-passphrase-file "$T/passphrase" --passphrase-file "$T/third.pass"
sleep 2.1
key third --json import - --export-recovery --export-passphrase-file "$T/code" \
	--passphrase-file "$T/third.pass" <"$FILE" >"$T/import.json" 2>"$T/import.err" ||
	fail "import by the code: $(cat "$T/import.err")"
"$O/test/json_pick" -f fingerprint "$T/import.json" "jid=$J" | grep -qx "$was" ||
	fail "import --json: $(cat "$T/import.json")"
! grep -q recovery "$T/import.json" || fail "a recovery code"
[ "$(key third --json list | wc -l)" = 2 ] || fail "two accounts"
refused "here already" third import "$FILE" --export-passphrase-file "$T/passphrase" \
	--passphrase-file "$T/third.pass"
key third lock
refused "locked" third import "$FILE" --export-passphrase-file "$T/passphrase"
refused "locked" third export $J "$T/third/x" --passphrase-file "$T/third.pass"
echo "move: exported, imported, and the contact writes and reads on"
