#!/bin/bash
# SPDX-License-Identifier: ISC
# Reads all memory of every role, and all files, and looks for what must not be
# there. Every secret is known: this agent draws them from a given seed
# (support/random_seeded.c). Each search first finds a canary.
# privileged
# plain build only
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
SEEDED=$O/test/seeded
SEED=seed-of-juliet-for-the-memory-hunt
long=$(printf 'tis-but-thy-name-that-is-my-enemy %.0s' $(seq 400))
texts=("come night come Romeo come thou day in night"
	"thus from my lips by thine my sin is purged" "tis-but-thy-name")
secrets=(-s "$PASSPHRASE" -n "$SEED:1500")
for use in names set wrap; do # the master key is one of the first secrets
	secrets+=(-k "$SEED:50:xmpp-agent 1 $use")
done
everything=("${secrets[@]}")
for text in "${texts[@]}"; do everything+=(-s "$text"); done

# hunt WHAT ARGS...: nothing may be found
hunt() {
	echo "hunt: $1"
	"$O/test/hunt" "${@:2}" || fail "$1"
}

prosody
export XA_TEST_SEED=$SEED
agent_start juliet "$SEEDED"
identity juliet "$J"
unset XA_TEST_SEED
recovery=$(sed -n 's/^recovery code: //p' "$T/juliet-create.out")
[ -n "$recovery" ] || fail "create has printed no recovery code"
secrets+=(-s "$recovery") everything+=(-s "$recovery")
agent_start romeo
identity romeo "$R"
chat_start j juliet "$J"
chat_start r romeo "$R"
online j juliet "$J"
online r romeo "$R"
chat_say j "$R" "${texts[0]}" 1
must 20 event r event=message "body=${texts[0]}"
chat_say r "$J" "${texts[1]}" 2
must 20 event j event=message "body=${texts[1]}"
chat_say r "$J" "$long" 3
must 20 event j event=message "body=$long"
chat_say j "$R" "${texts[0]}" 4
must 20 event j event=sent ref=4

agent=${PID[juliet]}
keeper=$(role_pid keeper "$agent")
store=$(role_pid store "$agent")
derive=$(role_pid derive "$agent")
net=$(role_pid net "${PID[j]}")
front=$(role_pid front "${PID[j]}")
state=$T/juliet/state

for use in names set wrap; do
	"$O/test/hunt" -c "$SEED" -w -p "$keeper" \
		-k "$SEED:50:xmpp-agent 1 $use" >"$T/control.out" ||
		fail "an unlocked keeper without its $use key"
done
# Could anything be found? An unlocked keeper must have its keys (and below,
# with a client that reads no answer, a text).
"$O/test/hunt" -c "$SEED" -w -p "$keeper" -n "$SEED:1500" >"$T/control.out" ||
	fail "an unlocked keeper without a key: the search finds nothing at all"

hunt "store, unlocked" -c vault.db -p "$store" "${everything[@]}"
hunt "net, unlocked" -c "$J" -p "$net" "${everything[@]}"
hunt "derive" -c derive -p "$derive" "${everything[@]}"
hunt "sce: keys" -c expat -p "$(role_pid sce "${PID[j]}")" "${secrets[@]}"
hunt "front: keys" -c "$J" -p "$front" "${secrets[@]}"
hunt "files" -c "SQLite format 3" -d "$state" "${everything[@]}"

# A client that has asked for texts and reads none of the answers.
become juliet "$O/test/mute" "$J" >"$T/mute.txt" 2>"$T/mute.err" &
mute=$!
must 10 grep -q asked "$T/mute.txt"
"$O/test/hunt" -c "$SEED" -w -p "$keeper" -s "${texts[2]}" >"$T/control.out" ||
	fail "the keeper holds no unread reply: the mute client proves nothing"

chat_quit j
in_home juliet "$O/xmpp-key" lock || fail "xmpp-key lock"
is_locked() {
	in_home juliet "$O/xmpp-key" status --json >"$T/status.json" &&
		"$O/test/json_pick" "$T/status.json" locked=true
}
must 10 is_locked
kill -0 "$mute" || fail "the mute client has ended by itself"
hunt "keeper, locked" -c "$SEED" -p "$keeper" "${everything[@]}"
hunt "store, locked" -c vault.db -p "$store" "${everything[@]}"
hunt "derive, locked" -c derive -p "$derive" "${everything[@]}"
hunt "files, locked" -c "SQLite format 3" -d "$state" "${everything[@]}"

# And again after an unlock, which passes the passphrase through.
unlock juliet
hunt "derive, after unlock" -c derive -p "$derive" "${everything[@]}"
hunt "store, after unlock" -c vault.db -p "$store" "${everything[@]}"
in_home juliet "$O/xmpp-key" lock || fail "xmpp-key lock"
must 10 is_locked
hunt "keeper, locked again" -c "$SEED" -p "$keeper" "${everything[@]}"
kill "$mute" 2>/dev/null
agent_stop juliet
hunt "files, at rest" -c "SQLite format 3" -d "$state" "${everything[@]}"
