#!/bin/bash
# SPDX-License-Identifier: ISC
# A store that means ill: between two starts one row is altered, put back as it
# was, changed for another, taken away, or there is one too many. The agent
# does not unlock, and says what it is; with the true rows all is there.
# (Every row and every bit: unit/test_records.)
# seconds: 150
. "$LAB/lib.sh"
J=juliet@capulet.lit
DB=$T/juliet/state/xmpp-agent/vault.db

# rows PYTHON: with r, the list of (key, value) as they lie there, and old, as
# they were before the last unlock; the vault's own rows are the last of both.
rows() {
	in_home juliet python3 - "$DB" "$T/juliet/old.db" "$1" <<-'PY' || fail "rows: $1"
		import sqlite3, sys
		def read(path):
		    with sqlite3.connect(path) as db:
		        return sorted(db.execute("select key, value from record"), reverse=True)
		r, old = read(sys.argv[1]), dict(read(sys.argv[2]))
		before = list(r)
		names = {"r": r, "old": old}
		exec(sys.argv[3], names)
		assert names["r"] != before, "nothing was changed"
		db = sqlite3.connect(sys.argv[1])
		db.execute("delete from record")
		db.executemany("insert into record (key, value) values (?, ?)", names["r"])
		db.commit()
		db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
	PY
}

copy() { in_home juliet cp "$1" "$2"; }

# keep NAME: the database as it is now, its log written back
keep() {
	in_home juliet python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$DB" ||
		fail "the log cannot be written back"
	copy "$DB" "$T/juliet/$1.db"
}

agent_start juliet
identity juliet $J
agent_stop juliet
keep old
agent_start juliet
unlock juliet
in_home juliet "$O/xmpp-key" policy $J romeo@montague.lit manual \
	--passphrase-file "$T/passphrase" >"$T/policy.out" 2>&1 || fail policy
agent_stop juliet
keep true

# refused WHAT PYTHON
refused() {
	copy "$T/juliet/true.db" "$DB"
	rm -f "$DB"-wal "$DB"-shm
	rows "$2"
	: >"$T/juliet-agent.out"
	become juliet "$O/xmpp-agent" -D -a "$T/juliet/run/agent.sock" \
		>"$T/juliet-agent.out" 2>"$T/juliet-agent.err" </dev/null &
	PID[juliet]=$!
	there() { [ -s "$T/juliet-agent.out" ] || gone "${PID[juliet]}"; }
	must 20 there
	if ! gone "${PID[juliet]}"; then
		in_home juliet "$O/xmpp-key" unlock --passphrase-file \
			"$T/passphrase" >"$T/unlock.out" 2>&1 && fail "$1: unlocked"
		cat "$T/unlock.out" >>"$T/juliet-agent.err"
		in_home juliet "$O/xmpp-key" list >"$T/list.out" 2>&1 &&
			fail "$1: a list: $(cat "$T/list.out")"
		grep -q $J "$T/list.out" && fail "$1: it tells the account"
		kill "${PID[juliet]}"
		must 10 gone "${PID[juliet]}"
	fi
	grep -Eqi 'corrupt|not what was stored|altered' "$T/juliet-agent.err" ||
		fail "$1: what it says: $(cat "$T/juliet-agent.err")"
	echo "$1: $(tail -n 1 "$T/juliet-agent.err")"
}

for i in 0 1 -1 -2; do
	refused "altered, $i" "v = bytearray(r[$i][1]); v[-1] ^= 1; r[$i] = (r[$i][0], bytes(v))"
	refused "missing, $i" "del r[$i]"
done
refused "old" "i = next(i for i, (k, v) in enumerate(r) if old.get(k, v) != v)
r[i] = (r[i][0], old[r[i][0]])"
refused "swapped" "(a, x), (b, y) = r[0], r[1]; r[0], r[1] = (a, y), (b, x)"
refused "one more" "r.append((bytes(range(32)), r[0][1]))"

copy "$T/juliet/true.db" "$DB"
rm -f "$DB"-wal "$DB"-shm "$T/juliet-agent.out"
agent_start juliet
unlock juliet
in_home juliet "$O/xmpp-key" list >"$T/list.out" 2>&1 || fail list
grep -q $J "$T/list.out" || fail "the account is not there"
echo passed
