#!/bin/bash
# SPDX-License-Identifier: ISC
# Reads all memory of every role, and all files, and looks for what must not be
# there. Every secret is known: this agent draws them from a given seed
# (support/random_seeded.c). Each search first finds a canary.
# privileged
# plain build only
# seconds: 240
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

# holds WHEN: of all secrets that were ever drawn an unlocked keeper holds the
# master key and the present epoch's, and no other; their numbers in $held. What
# a request opens (identity keys, ratchets, prekeys) is drawn, too.
holds() {
	"$O/test/hunt" -c "$SEED" -w -p "$keeper" -n "$SEED:2500" \
		>"$T/control.out" || fail "$1: no key at all"
	held=$(sed -n 's/^[0-9]*: \(secret [0-9]*\|X25519 half of secret [0-9]*\) .*/\1/p' \
		"$T/control.out" | sort -u)
	echo "hunt: keeper, $1: ${held//$'\n'/, }"
	[ "$(wc -l <<<"$held")" = 2 ] || fail "keeper, $1: it holds more keys than two"
}
broken() {
	in_home juliet python3 tests/support/broken.py "$T/juliet/run/agent.sock" \
		"$J" "$@" || fail "broken.py $1"
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

# Opened, answered, wiped: no text stays in the keeper, though it is unlocked.
wiped=()
for text in "${texts[@]}"; do wiped+=(-s "$text"); done
hunt "keeper, unlocked: texts" -c "$SEED" -p "$keeper" "${wiped[@]}"

holds "after messages were opened"

# What was refused leaves nothing either: wrong secrets on every way in, texts
# that are not taken.
guess="a guess that is nearly the passphrase"
cut="half of what was to be said"
errors=(-s "$guess" -s "a text that is refused" -s "$cut")
echo "$guess" | "$LAB/drop" tee "$T/guess" >/dev/null
for verb in "policy $J $R manual" "create x@y.example" "constrain $J --window 1h" passwd; do
	# shellcheck disable=SC2086 # words are meant
	in_home juliet "$O/xmpp-key" $verb --passphrase-file "$T/guess" \
		>"$T/refused.out" 2>&1 </dev/null && fail "with a guess: $verb"
	sleep 1.1 # a penalty: until then every guess is refused unread
done
chat_say j "no address" "a text that is refused" bad
must 20 event j event=error ref=bad
holds "after wrong passphrases"
for act in compose large; do
	broken $act "a text that is refused "
	holds "after a refused $act"
done
for act in cut-compose cut-elevate; do
	broken $act "$cut"
	holds "after $act"
done
broken elevate "$guess"
hunt "keeper, after refusals" -c "$SEED" -p "$keeper" "${errors[@]}"
hunt "derive, after refusals" -c derive -p "$derive" "${errors[@]}"
hunt "store, after refusals" -c vault.db -p "$store" "${errors[@]}"
! grep -aqF -e "$guess" -e "$PASSPHRASE" "$T"/*.err || fail "a secret in a log"

# Messages that were altered on the way: one octet of what the ratchet has
# sealed, one of the text. Juliet is away; what comes to her comes altered.
chat_quit j
must 10 gone "${PID[j]}"
for text in "altered below the ratchet" "altered in the text"; do
	chat_say r "$J" "$text" "$text"
	must 20 event r event=sent "ref=$text"
	errors+=(-s "$text")
done
archive=$T/prosody/data/capulet%2elit/archive/juliet.list
lua5.4 tests/support/archived.lua "$archive" >"$T/archived" 2>"$T/archived.err" ||
	fail "archived.lua"
tail -n 2 "$T/archived" | python3 tests/support/altered.py "$J" >"$T/altered" ||
	fail "altered.py"
[ "$(wc -l <"$T/altered")" = 2 ] || fail "not two altered messages"
rm -f "$T/prosody/data/capulet%2elit"/*/juliet.list* "$T/prosody/data/capulet%2elit"/*/juliet.lidx
chat_start l juliet "$J"
must 20 event l event=caught-up
python3 tests/support/raw_client.py "$R" secret-romeo "$PORT" "$CA" <"$T/altered" ||
	fail "the one who alters"
refusals() { [ "$(grep -c "a message cannot be read" "$T/l.json")" = 2 ]; }
must 20 refusals
hunt "keeper, after altered messages" -c "$SEED" -p "$keeper" "${errors[@]}"
hunt "front, after altered messages" -c "$J" -p "$(role_pid front "${PID[l]}")" \
	"${errors[@]}"
holds "after altered messages"
chat_say r "$J" "as it was written" whole
must 20 event l event=message "body=as it was written"
! event l event=message "body=altered in the text" || fail "an altered text was shown"

# A client that has asked for texts and reads none of the answers.
become juliet "$O/test/mute" "$J" >"$T/mute.txt" 2>"$T/mute.err" &
mute=$!
must 10 grep -q asked "$T/mute.txt"
"$O/test/hunt" -c "$SEED" -w -p "$keeper" -s "${texts[2]}" >"$T/control.out" ||
	fail "the keeper holds no unread reply: the mute client proves nothing"

chat_quit l
in_home juliet "$O/xmpp-key" lock || fail "xmpp-key lock"
is_locked() {
	in_home juliet "$O/xmpp-key" status --json >"$T/status.json" &&
		"$O/test/json_pick" "$T/status.json" locked=true
}
must 10 is_locked
in_home juliet "$O/xmpp-key" unlock --passphrase-file "$T/guess" \
	>"$T/refused.out" 2>&1 && fail "unlocked by a guess"
hunt "keeper, locked, after a guess" -c "$SEED" -p "$keeper" "${errors[@]}"
hunt "derive, locked, after a guess" -c derive -p "$derive" "${errors[@]}"
kill -0 "$mute" || fail "the mute client has ended by itself"
hunt "keeper, locked" -c "$SEED" -p "$keeper" "${everything[@]}"
hunt "store, locked" -c vault.db -p "$store" "${everything[@]}"
hunt "derive, locked" -c derive -p "$derive" "${everything[@]}"
hunt "files, locked" -c "SQLite format 3" -d "$state" "${everything[@]}"

# And again after an unlock, which passes the passphrase through (busy, while
# the guesses' penalty lasts).
opens() {
	in_home juliet "$O/xmpp-key" unlock --passphrase-file "$T/passphrase"
}
must 40 opens
hunt "derive, after unlock" -c derive -p "$derive" "${everything[@]}"
hunt "store, after unlock" -c vault.db -p "$store" "${everything[@]}"

# A device is destroyed: its messages and keys are gone from an agent that is
# not locked, and so is the epoch key under which the disk had them.
ended() { # the epoch that was before this unlock, in idle time
	"$O/test/hunt" -c "$SEED" -p "$keeper" \
		-n "$SEED:2500" | sed -n 's,^[0-9]*: \(secret [1-9][0-9]*\) .*,\1,p' | sort -u | wc -l | grep -qx 1
}
wait_for 30 ended
holds "before revoke"
before=$held
in_home juliet "$O/xmpp-key" revoke "$J" --yes --passphrase-file "$T/passphrase" \
	>"$T/revoke.out" 2>&1 # 1: the server is not told without a password
grep -q "^destroyed: " "$T/revoke.out" || fail "revoke: $(cat "$T/revoke.out")"
holds "after revoke"
[ "$(comm -12 <(echo "$before") <(echo "$held"))" = "secret 0" ] ||
	fail "the epoch key of before the revoke is still there"
hunt "keeper, after revoke" -c "$SEED" -p "$keeper" "${wiped[@]}" "${errors[@]}" \
	-s "$PASSPHRASE" -s "$recovery"
hunt "store, after revoke" -c vault.db -p "$store" "${everything[@]}"
hunt "files, after revoke" -c "SQLite format 3" -d "$state" "${everything[@]}"
in_home juliet "$O/xmpp-key" lock || fail "xmpp-key lock"
must 10 is_locked
hunt "keeper, locked again" -c "$SEED" -p "$keeper" "${everything[@]}"
kill "$mute" 2>/dev/null
agent_stop juliet
hunt "files, at rest" -c "SQLite format 3" -d "$state" "${everything[@]}"
