#!/bin/bash
# SPDX-License-Identifier: ISC
# What opens the vault: passphrases, recovery codes, key files, added, changed
# and taken away; an old one opens nothing and is nowhere on the disk. Wrong
# passphrases from many at once; a crash in the middle of it.
# privileged
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit
DB=$T/juliet/state/xmpp-agent/vault.db
SLOTS=0000000000000000000000000000000000000000000000000000000000000001

key() { in_home juliet "$O/xmpp-key" "$@"; }
secret() { echo "$2" | "$LAB/drop" tee "$T/$1" >/dev/null; }
# opens FILE [OPTION]: locked, then unlocked with what is in it
opens() {
	key lock || fail lock
	key unlock --passphrase-file "$T/$1" ${2:+"$2"} >"$T/unlock.out" 2>&1
}
# refused FILE: it opens nothing (and then a second is waited for)
refused() {
	! opens "$@" || fail "$1 still opens the vault"
	grep -q 'wrong passphrase' "$T/unlock.out" || fail "$1: $(cat "$T/unlock.out")"
	sleep 1.1
}
row() {
	rm -rf "$T/copy"
	mkdir "$T/copy"
	cp "${DB%/*}"/vault.db* "$T/copy" || fail "no database"
	"$O/test/rows" "$T/copy/vault.db" | sed -n "s/^$SLOTS //p"
}
on_disk() {
	"$O/test/hunt" -c "SQLite format 3" "$@" -d "${DB%/*}" >"$T/hunt.out"
}

agent_start juliet
identity juliet "$J"
sed -n 's/^recovery code: //p' "$T/juliet-create.out" | "$LAB/drop" tee "$T/code" >/dev/null
fingerprint=$(key fingerprint $J)
secret wrong "not it"
secret second "another passphrase"
[ "$(key --json slots | "$O/test/json_pick" -f kind /dev/stdin | tr '\n' ,)" = \
	"passphrase,recovery code," ] || fail "slots: $(key --json slots)"

# --- the right is asked for
key slots add --new-recovery --passphrase-file "$T/wrong" >"$T/add.out" 2>&1 &&
	fail "a slot without the passphrase"
sleep 1.1
key slots remove 1 --passphrase-file "$T/wrong" >"$T/add.out" 2>&1 && fail remove
sleep 2.1

# --- added
key slots add --new-passphrase-file "$T/second" --passphrase-file "$T/passphrase" \
	>"$T/add.out" 2>&1 || fail "slots add"
grep -qx 'slot 3' "$T/add.out" || fail "slots add says $(cat "$T/add.out")"
key slots add --new-key-file "$T/juliet/keyfile" --passphrase-file "$T/second" \
	>"$T/add.out" 2>&1 || fail "slots add --new-key-file"
[ "$(stat -c '%a %s' "$T/juliet/keyfile")" = "600 65" ] || fail "the key file"
key slots add --new-key-file "$T/juliet/keyfile" --passphrase-file "$T/second" \
	>"$T/add.out" 2>&1 && fail "a key file was written over"
cp "$T/juliet/keyfile" "$T/kept" && chmod 644 "$T/kept"
key slots add --new-recovery --passphrase-file "$T/kept" >"$T/code2.out" 2>&1 ||
	fail "slots add --new-recovery, with the key file"
sed -n 's/^recovery code: //p' "$T/code2.out" | "$LAB/drop" tee "$T/code2" >/dev/null
for f in passphrase second kept; do opens $f || fail "$f opens nothing"; done
for f in code code2; do opens $f --recovery || fail "$f opens nothing"; done
[ "$(key slots | wc -l)" = 5 ] || fail "slots: $(key slots)"

# --- passwd: which of two? then the old one is gone, from the disk as well
secret new "a passphrase that is new"
key passwd --new-passphrase-file "$T/new" --passphrase-file "$T/passphrase" \
	>"$T/passwd.out" 2>&1 && fail "passwd has guessed which"
grep -q -- '--slot N' "$T/passwd.out" || fail "passwd: $(cat "$T/passwd.out")"
before=$(row)
key passwd --slot 1 --new-passphrase-file "$T/new" --passphrase-file "$T/passphrase" \
	>"$T/passwd.out" 2>&1 || fail "passwd: $(cat "$T/passwd.out")"
after=$(row)
old=()
for ((i = 0; i + 32 <= ${#before}; i += 2)); do
	piece=${before:i:32}
	case $after in *"$piece"*) ;; *) old+=(-x "$piece") ;; esac
done
[ "${#old[@]}" -ge 64 ] || fail "the slot has not changed"
on_disk -w -x "${after:${#after}-32}" || fail "not even a present slot is found"
wait_for 10 on_disk "${old[@]}" || fail "the old slot lies on the disk: $(cat "$T/hunt.out")"
refused passphrase
opens new || fail "the new passphrase opens nothing"
key slots remove 3 --passphrase-file "$T/new" || fail "slots remove"
refused second
key unlock --passphrase-file "$T/new" || fail unlock
key slots remove 3 --passphrase-file "$T/new" >"$T/remove.out" 2>&1 && fail "twice"
[ "$(key fingerprint $J)" = "$fingerprint" ] || fail "another identity"

# --- many guess at once: one attempt for all, and the rest goes on
key lock
n=24
for i in $(seq $n); do
	key unlock --passphrase-file "$T/wrong" >"$T/guess.$i" 2>&1 &
	guesses[i]=$!
done
status() { key status >"$T/status.out"; }
must 2 status # not kept waiting by the attempt
wait "${guesses[@]}"
right=$(cat "$T"/guess.* | grep -c 'wrong passphrase')
((right >= 1 && right <= 3)) || fail "$right of $n guesses were tried"
unlocked() { key unlock --passphrase-file "$T/new" >"$T/unlock.out" 2>&1; }
must 40 unlocked

# --- killed while the passphrase is being changed: the old or the new, and
# everything is there
for round in 1 2 3 4 5 6; do
	secret next "passphrase of round $round"
	key passwd --slot 1 --new-passphrase-file "$T/next" \
		--passphrase-file "$T/new" >"$T/passwd.out" 2>&1 &
	changing=$!
	sleep "0.$((round * 13 % 60 + 10))"
	kill -KILL "$(role_pid keeper "${PID[juliet]}")" 2>/dev/null
	wait $changing
	must 20 status
	if key unlock --passphrase-file "$T/next" >"$T/unlock.out" 2>&1; then
		cp "$T/next" "$T/new"
	else
		sleep 1.1
		key unlock --passphrase-file "$T/new" >"$T/unlock.out" 2>&1 ||
			fail "neither the old nor the new opens it"
	fi
	[ "$(key fingerprint $J)" = "$fingerprint" ] || fail "another identity"
done
opens code --recovery || fail "the recovery code opens nothing"
