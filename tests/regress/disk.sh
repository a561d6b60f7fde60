#!/bin/bash
# SPDX-License-Identifier: ISC
# privileged
# seconds: 240
# The disk under the agent: full, not writable, one page destroyed, and two
# agents on one state. Each is a clear error, and afterwards nothing is lost
# and nothing is doubled.
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
state=$T/juliet/state
db=$state/xmpp-agent/vault.db
long=$(printf '%01500d' 0)

prosody
in_home juliet "$LAB/drop" mkdir -m 0700 "$state" || fail "no state directory"
mount -t tmpfs -o "size=2m,mode=0700,uid=$LAB_UID,gid=$LAB_UID" small "$state" ||
	fail "a small disk cannot be had"
agent_start juliet
agent_start romeo
identity juliet "$J"
identity romeo "$R"
chat_start j juliet "$J"
chat_start r romeo "$R"
online j juliet "$J"
online r romeo "$R"
chat_say r "$J" first 1
must 20 event j event=message body=first

# shown N: how many messages of Romeo's have been shown to Juliet
shown() {
	[ "$("$O/test/json_pick" "$T/j.json" event=message "from=$R" | wc -l)" = "$1" ]
}
# once COUNT: all of them, none twice
once() {
	[ "$("$O/test/json_pick" -f id "$T/j.json" event=message "from=$R" |
		sort -u | wc -l)" = "$1" ] || fail "a message was shown twice"
}

# --- full: refused, tried again, and there it is when there is room ----------
"$LAB/drop" dd if=/dev/zero of="$state/filler" bs=4k >"$T/dd.log" 2>&1 &&
	fail "the disk did not get full"
keeper=$(role_pid keeper "${PID[juliet]}")
for i in $(seq 20); do chat_say r "$J" "$i $long" "full$i"; done
must 60 event r event=sent ref=full20
chat_say j "$R" "refused" refused
must 60 event j event=error ref=refused
! shown 21 || fail "all were stored on a full disk: this shows nothing"
[ "$(role_pid keeper "${PID[juliet]}")" = "$keeper" ] ||
	fail "the keeper did not outlive the full disk"
rm "$state/filler"
must 60 shown 21
once 21
chat_say j "$R" "room again" again
must 30 event r event=message "body=room again"
! event r event=message body=refused || fail "what was refused has come"

# --- a second agent on the same state ------------------------------------------
if in_home juliet timeout 30 "$O/xmpp-agent" -D -a "$T/juliet/run/second.sock" \
	>"$T/second.out" 2>"$T/second.err"; then
	fail "a second agent serves the same state"
fi
grep -q "in use" "$T/second.err" || fail "the second agent does not say why"
chat_say r "$J" "still here" still
must 30 event j event=message "body=still here"

# --- not writable ------------------------------------------------------------------
chat_quit j
agent_stop juliet
mount -o remount,ro "$state" || fail "the disk cannot be made read-only"
if in_home juliet timeout 30 "$O/xmpp-agent" -D -a "$T/juliet/run/agent.sock" \
	>"$T/readonly.out" 2>"$T/readonly.err"; then
	fail "an agent ended well on a read-only disk"
elif [ $? = 124 ]; then
	fail "an agent runs on a read-only disk"
fi
[ -s "$T/readonly.err" ] || fail "it does not say why"
mount -o remount,rw "$state" || fail "the disk cannot be made writable"

# --- a page destroyed, then as it was -------------------------------------------------
# (out of the log, into the database: SQLite's own work)
in_home juliet python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$db" ||
	fail "the log cannot be written back"
pages=$(($(stat -c %s "$db") / 4096))
[ "$pages" -gt 8 ] || fail "the database has $pages pages"
dd if="$db" of="$T/page" bs=4096 skip=$((pages / 2)) count=1 2>>"$T/dd.log"
dd if=/dev/urandom of="$db" bs=4096 seek=$((pages / 2)) count=1 conv=notrunc \
	2>>"$T/dd.log"
become juliet "$O/xmpp-agent" -D -a "$T/juliet/run/agent.sock" \
	>"$T/corrupt.out" 2>"$T/corrupt.err" </dev/null &
PID[corrupt]=$!
# refused: it ends and says why, or it says why when it is to be unlocked
refused() {
	gone "${PID[corrupt]}" || {
		[ -s "$T/corrupt.out" ] &&
			! in_home juliet "$O/xmpp-key" unlock --passphrase-file \
				"$T/passphrase" >"$T/corrupt-unlock.out" 2>&1
	}
}
must 30 refused
cat "$T/corrupt.err" "$T/corrupt-unlock.out" 2>/dev/null >"$T/corrupt-why.out"
grep -Eqi 'corrupt|malformed|damaged|altered' "$T/corrupt-why.out" ||
	fail "a destroyed page is not named"
gone "${PID[corrupt]}" || {
	kill "${PID[corrupt]}"
	must 10 gone "${PID[corrupt]}"
}
dd if="$T/page" of="$db" bs=4096 seek=$((pages / 2)) conv=notrunc 2>>"$T/dd.log"

# --- and all is there --------------------------------------------------------------------
chat_say r "$J" "while away" away
must 30 event r event=sent ref=away
agent_start juliet
unlock juliet
chat_start j juliet "$J"
must 30 event j event=message "body=while away"
once 23
chat_quit j

# --- the end of the log is gone after a crash: what is left is consistent, and
# older than what was sent. The anchor knows.
frame=$((4096 + 24))
frames() { echo $((($(stat -c %s "$db-wal") - 32) / frame)); }
# (the end of an old epoch, which may come late, leaves an empty one)
for i in $(seq 20); do
	[ "$(frames)" -le 8 ] || break
	in_home juliet "$O/xmpp-key" policy "$J" "p$i@montague.lit" manual \
		--passphrase-file "$T/passphrase" >"$T/policy.out" 2>&1 ||
		fail policy
done
mapfile -t all < <(roles | while read -r pid _; do
	if descends "$pid" "${PID[juliet]}"; then echo "$pid"; fi
done)
# all at once: a store that hears its link end writes its log back, and one
# that died alone is started again
kill -STOP "${all[@]}"
kill -KILL "${all[@]}"
must 10 gone "${PID[juliet]}"
rm -f "$T/juliet-agent.out"
frames=$(frames)
[ "$frames" -gt 8 ] || fail "the log has $frames frames"
truncate -s $((32 + frame * (frames / 2) + 1000)) "$db-wal"
agent_start juliet
unlock juliet
in_home juliet "$O/xmpp-key" status >"$T/status.out" || fail status
grep -q '^in doubt: ' "$T/status.out" || fail "an older state is not noticed"
in_home juliet "$O/xmpp-key" adopt --copied --passphrase-file "$T/passphrase" \
	>"$T/adopt.out" 2>&1 || fail adopt
chat_start j juliet "$J"
must 30 event j event=online
# (it is another device now, which Romeo hears of with her first message)
chat_say j "$R" "after the crash" crash
must 30 event r event=message "body=after the crash"
chat_say r "$J" "and back" back
must 30 event j event=message "body=and back"
chat_quit j
chat_quit r
