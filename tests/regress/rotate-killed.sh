#!/bin/bash
# SPDX-License-Identifier: ISC
# The keeper or its store is killed while an identity is replaced or
# destroyed: afterwards there is the old state or the new one, never some of
# both, and messages flow with whichever it is.
# seconds: 180
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
echo "seed $SEED"

key() {
	in_home juliet "$O/xmpp-key" "$@" --passphrase-file "$T/passphrase"
}
lists() { in_home juliet "$O/xmpp-key" --json list >"$T/list.json" 2>/dev/null; }
# device: what the agent says now; "" if there is no account
device() {
	wait_for 20 lists || fail "the agent does not answer"
	"$O/test/json_pick" -f device "$T/list.json"
}
withdrawals() {
	in_home juliet "$O/xmpp-key" --json status >"$T/status.json"
	"$O/test/json_pick" -f withdrawals "$T/status.json"
}
# the agent again, without the wait that it keeps between quick deaths
back() {
	agent_stop juliet
	agent_start juliet
	unlock juliet
}
# its front may have lost the agent several times: a new one
chat_again() {
	local fd=${IN[j]}
	kill "${PID[j]}" 2>/dev/null
	must 20 gone "${PID[j]}"
	exec {fd}>&-
	: >"$T/j.json"
	chat_start j juliet "$J"
	must 40 event j event=online
}
# strike ROLE MS: so long after the command was given
strike() {
	local victim
	victim=$(role_pid "$1" "${PID[juliet]}")
	local ms=$(($2 % (WHOLE * 5 / 4)))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
	kill -KILL "$victim"
}

prosody
agent_start juliet
agent_start romeo
identity juliet "$J"
identity romeo "$R"
chat_start r romeo "$R"
online r romeo "$R"
chat_start j juliet "$J"
online j juliet "$J"
chat_say j "$R" "hello" 0
must 20 event r event=message "body=hello"

# how long it takes in peace: strikes fall anywhere in it
start=$(date +%s%3N)
key rotate "$J" --identity >"$T/rotate.out" 2>&1 || fail "rotate"
WHOLE=$(($(date +%s%3N) - start))
new=0 old=0
for n in $(seq 1 8); do
	role=keeper
	[ $((n % 2)) = 0 ] || role=store
	was=$(device)
	[ -n "$was" ] || fail "no account before round $n"
	strike "$role" "$RANDOM" &
	key rotate "$J" --identity >"$T/rotate.out" 2>&1 && answered=1 ||
		answered=0
	wait $!
	back
	chat_again
	is=$(device)
	if [ "$is" = "$was" ]; then
		old=$((old + 1))
		[ "$answered" = 0 ] || fail "round $n: answered, and undone"
		case $(withdrawals) in
		*"$was"*) fail "round $n: the device in use is to be withdrawn" ;;
		esac
	else
		new=$((new + 1))
		[ -n "$is" ] || fail "round $n: no account"
	fi
	chat_say j "$R" "after round $n" "$n"
	must 60 event r event=message "body=after round $n"
	[ "$("$O/test/json_pick" -f body "$T/r.json" event=message \
		"body=after round $n" | wc -l)" = 1 ] || fail "round $n: twice"
	chat_say r "$J" "back $n" "$n"
	must 60 event j event=message "body=back $n"
done

# --- destroyed, or not
gone=0
for n in $(seq 1 5); do
	was=$(device)
	role=keeper
	[ $((n % 2)) = 0 ] || role=store
	strike "$role" "$RANDOM" &
	in_home juliet "$O/xmpp-key" revoke "$J" --yes --timeout 1 \
		--host 127.0.0.1 --port 1 --ca-file "$CA" --password-file \
		"$T/juliet.pw" --passphrase-file "$T/passphrase" \
		>"$T/revoke.out" 2>&1
	wait $!
	back
	is=$(device)
	if [ -z "$is" ]; then
		gone=$((gone + 1))
		case $(withdrawals) in
		*"$was"*) ;;
		*) # the chat's net was quick enough
			! grep -qr "'$was'\|\"$was\"" \
				"$T"/prosody/data/capulet%2elit/pep_*devicelist* ||
				fail "round $n: destroyed, and nothing remembers"
			;;
		esac
		again() { key create "$J" >"$T/create.out" 2>&1; }
		must 20 again
	else
		[ "$is" = "$was" ] || fail "round $n: another device"
		! grep -q destroyed "$T/revoke.out" ||
			fail "round $n: said to be destroyed"
	fi
done
echo "rotate: old $old, new $new; revoke: $gone of 5 destroyed, the rest whole"
