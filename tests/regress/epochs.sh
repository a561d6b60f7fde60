#!/bin/bash
# SPDX-License-Identifier: ISC
# Whatever the disk has kept of an earlier epoch is unreadable: its key, which
# lies wrapped in one row, is nowhere in the files once the epoch has ended,
# neither in the database nor in its log.
# privileged
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit
DB=$T/juliet/state/xmpp-agent/vault.db
EPOCHS=0000000000000000000000000000000000000000000000000000000000000002

# row KEY: its value, read from a copy
row() {
	rm -rf "$T/copy"
	mkdir "$T/copy"
	cp "${DB%/*}"/vault.db* "$T/copy" || fail "no database"
	"$O/test/rows" "$T/copy/vault.db" | sed -n "s/^$1 //p"
}

# hunt in the files of the store
on_disk() {
	"$O/test/hunt" -c "SQLite format 3" "$@" -d "${DB%/*}" >"$T/hunt.out"
}

agent_start juliet
identity juliet "$J"
before=$(row "$EPOCHS")
[ -n "$before" ] || fail "no row of epochs"
agent_stop juliet
agent_start juliet
unlock juliet
# the old epoch ends in idle time, when its last record has been sealed anew
ended() {
	local now
	now=$(row "$EPOCHS")
	[ "${#now}" -le "${#before}" ] && [ "$now" != "$before" ]
}
must 30 ended
after=$(row "$EPOCHS")

# What of the old row is not in the new one: the wrapped key and its nonce.
old=()
for ((i = 0; i + 32 <= ${#before}; i += 2)); do
	piece=${before:i:32}
	case $after in *"$piece"*) ;; *) old+=(-x "$piece") ;; esac
done
[ "${#old[@]}" -ge 32 ] || fail "the row has not changed enough: ${#old[@]}"
on_disk -w -x "${after:${#after}-32}" || fail "not even the present key is found"
wait_for 10 on_disk "${old[@]}" || {
	cat "$T/hunt.out"
	fail "an old epoch's key lies on the disk"
}
