#!/bin/bash
# SPDX-License-Identifier: ISC
# The memory hunt (memory.sh) after what went wrong: a message that was altered
# on its way, texts and secrets that were refused, frames that broke off in the
# middle; and after an identity was destroyed: not its sealed records either.
# The agent stays unlocked. Each search first finds a canary, and is shown to
# find what must be there.
# privileged
# plain build only
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
SEEDED=$O/test/seeded
SEED=seed-of-juliet-for-what-went-wrong
DB=$T/juliet/state/xmpp-agent/vault.db

hunt() {
	echo "hunt: $1"
	"$O/test/hunt" "${@:2}" || fail "$1"
}
found() { "$O/test/hunt" -w "$@" >"$T/control.out"; }
keys() { # which of all that were drawn an unlocked keeper has
	found -c "$SEED" -p "$keeper" -n "$SEED:3000" || fail "an unlocked keeper without a key"
	sed -n 's/.*: \(secret [0-9]*\) of the seed at.*/\1/p' "$T/control.out" | sort -u
}
device() { # PERSON
	in_home "$1" "$O/xmpp-key" --json list >"$T/list.json"
	"$O/test/json_pick" -f device "$T/list.json"
}

prosody
export XA_TEST_SEED=$SEED
agent_start juliet "$SEEDED"
identity juliet "$J"
unset XA_TEST_SEED
agent_start romeo
identity romeo "$R"
chat_start j juliet "$J"
chat_start r romeo "$R"
online j juliet "$J"
online r romeo "$R"
chat_say r "$J" "a text that arrives" 1
must 20 event j event=message "body=a text that arrives"
keeper=$(role_pid keeper "${PID[juliet]}")
store=$(role_pid store "${PID[juliet]}")

# --- an altered message -----------------------------------------------------------
# It waits on the server, where one character of its payload is exchanged.
chat_quit j
altered="a text that is altered on its way, and must not stay"
chat_say r "$J" "$altered" 2
must 20 event r event=sent ref=2
chat_quit r
in_home server python3 - "$T/prosody/data/capulet%2elit" <<-'PY' || fail "nothing to alter"
	import glob, re, sys
	text = re.compile(rb'"([A-Za-z0-9+/=]{40,})";\s*(?:\["attr"\] = \{[^}]*\};\s*)?\["name"\] = "payload"')
	files = [p for d in ("archive", "offline") for p in glob.glob(f"{sys.argv[1]}/{d}/juliet.list")]
	for path in files:
	    data = open(path, "rb").read()
	    at = list(text.finditer(data))[-1].start(1) + 20  # the last message's
	    data = data[:at] + (b"B" if data[at:at + 1] == b"A" else b"A") + data[at + 1:]
	    open(path, "wb").write(data)
	sys.exit(len(files) != 2)
PY
chat_start j juliet "$J"
must 20 event j event=caught-up
dropped() { event j event=notice "text=a message cannot be read: from romeo@montague.lit device $(device romeo)"; }
must 20 dropped
event j event=message "body=$altered" && fail "an altered message was shown"
hunt "keeper, after an altered message" -c "$SEED" -p "$keeper" -s "$altered" -s "${altered:8:16}"

# --- what was refused, what broke off -----------------------------------------------
text="words that the agent must not take"
in_home juliet python3 tests/support/refused.py "$T/juliet/run/agent.sock" "$J" \
	"$text" || fail refused.py
in_home juliet "$O/xmpp-key" status >"$T/status.out" || fail status
hunt "keeper, after refusals" -c "$SEED" -p "$keeper" -s "$text"
hunt "store, after refusals" -c vault.db -p "$store" -s "$text"
hunt "derive, after refusals" -c derive -p "$(role_pid derive "${PID[juliet]}")" -s "$text"
! grep -aqF "$text" "$T"/juliet-agent.err || fail "it is in the log"

# --- destroyed --------------------------------------------------------------------
# The rows as they lie on the disk, but the vault's own, are what the keeper has
# sealed in its memory; all of them are new after it, so no old one may be there.
rm -rf "$T/copy"
mkdir "$T/copy"
cp "${DB%/*}"/vault.db* "$T/copy" || fail "no database"
"$O/test/rows" "$T/copy/vault.db" | awk '$1 !~ /^00000000/ && length($2) > 160 { print substr($2, 65, 32) }' |
	sort -u | head -n 600 >"$T/sealed"
[ "$(wc -l <"$T/sealed")" -gt 8 ] || fail "only $(wc -l <"$T/sealed") sealed records"
sealed=()
while read -r hex; do sealed+=(-x "$hex"); done <"$T/sealed"
found -c "$SEED" -p "$keeper" "${sealed[@]}" ||
	fail "an unlocked keeper without its sealed records: the search finds nothing"
chat_quit j
keys >"$T/keys"
in_home juliet "$O/xmpp-key" revoke "$J" --yes --host 127.0.0.1 --port "$PORT" \
	--ca-file "$CA" --password-file "$T/juliet.pw" --passphrase-file \
	"$T/passphrase" >"$T/revoke.out" 2>"$T/revoke.err" || fail "xmpp-key revoke"
[ "$(role_pid keeper "${PID[juliet]}")" = "$keeper" ] || fail "another keeper"
hunt "keeper, after revoke: sealed records" -c "$SEED" -p "$keeper" "${sealed[@]}"
# The master key is the one that stays; the epoch's is another.
keys >"$T/keys-after"
count=$(wc -l <"$T/keys"),$(wc -l <"$T/keys-after")
[ "$count,$(comm -12 "$T/keys" "$T/keys-after" | wc -l)" = 2,2,1 ] ||
	fail "keys before: $(cat "$T/keys"), after: $(cat "$T/keys-after")"
hunt "files, after revoke: sealed records" -c "SQLite format 3" -d "${DB%/*}" "${sealed[@]}"
echo passed
