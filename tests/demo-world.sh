#!/bin/bash
# SPDX-License-Identifier: ISC
# The demo itself, run by demo.sh inside a world: two people, each with an
# agent and a client, a server between them; then the evidence.
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit
bodies=("But soft, what light through yonder window breaks"
	"O Romeo, Romeo, wherefore art thou Romeo"
	"Parting is such sweet sorrow that I shall say good night")
step() { printf '\n== %s\n' "$*"; }

step "a private prosody on loopback"
prosody
echo "127.0.0.1:$PORT, $(dpkg-query -W -f '${Package} ${Version}' prosody)"

step "an agent and a client for each"
agent_start juliet
agent_start romeo
identity juliet "$J"
identity romeo "$R"
grep -h '^fingerprint' "$T"/*-create.out
chat_start j juliet "$J"
chat_start r romeo "$R"
online j juliet "$J"
online r romeo "$R"

# carried FROM TO BODY: TO's client has shown it, encrypted.
carried() {
	event "$2" event=message "from=$1" "body=$3" encryption=omemo:2
}

step "messages both ways"
chat_say r "$J" "${bodies[0]}" 1
must 20 carried "$R" j "${bodies[0]}"
chat_say j "$R" "${bodies[1]}" 2
must 20 carried "$J" r "${bodies[1]}"

table=$(mktemp -p "$T")
while read -r pid role; do
	[ "$role" != control ] || continue
	if "$O/test/attack" "$pid" >"$T/attack.txt"; then mem=refused
	else mem=ALLOWED; fi
	echo "$pid $role $(process_field "$pid" Seccomp)" \
		"$(process_field "$pid" NoNewPrivs) $mem"
done < <(roles) >"$table"

step "one more while Romeo is offline"
chat_quit r
chat_say j "$R" "${bodies[2]}" 3
must 20 event j event=sent ref=3
chat_start r romeo "$R"
must 20 carried "$J" r "${bodies[2]}"
grep -h '"message"' "$T/r.json" "$T/j.json"

step "evidence: our processes; Seccomp 2: filtered; could a program of the same user read it?"
printf '%7s %-11s %8s %11s  %s\n' pid role Seccomp NoNewPrivs memory
bad=0 seen=
while read -r pid role seccomp nnp mem; do
	printf '%7s %-11s %8s %11s  %s\n' "$pid" "$role" "$seccomp" "$nnp" "$mem"
	[ "$nnp" = 1 ] && [ "$mem" = refused ] || bad=1
	# the starter runs the password command, and reads nothing foreign
	[ "$role" = starter ] || [ "$seccomp" = 2 ] || bad=1
	seen="$seen$role "
done < <(sort -n "$table")
[ "$bad" = 0 ] || fail "a process is not walled in"
for role in supervisor launcher keeper derive store parser front sce net; do
	n=$(grep -ow "$role" <<<"$seen" | wc -l)
	[ "$n" = 2 ] || fail "$n processes of the role $role, not one for each person"
done
"$O/test/attack" -c >"$T/attack.txt" ||
	fail "the attack would not work on anyone, which proves nothing"
echo "(the same attack on a program without walls: $(cut -d: -f2- "$T/attack.txt" | cut -d, -f1))"

step "evidence: fingerprints, as each sees them"
same_fingerprint() {
	[ "${#1}" -ge 64 ] && [ "${1//[!0-9a-f]/}" = "${2//[!0-9a-f]/}" ]
}
for pair in "juliet $J romeo $R" "romeo $R juliet $J"; do
	read -r a ajid b bjid <<<"$pair"
	own=$(in_home "$a" "$O/xmpp-key" fingerprint "$ajid")
	in_home "$b" "$O/xmpp-key" peers "$bjid" "$ajid" --json >"$T/peers.json"
	seen=$("$O/test/json_pick" -f fingerprint "$T/peers.json")
	printf '%s: own\n  %s\n%s sees\n  %s\n' "$ajid" "$own" "$bjid" "$seen"
	same_fingerprint "$own" "$seen" ||
		fail "$b sees another key than $a has"
done

step "evidence: all that prosody has kept"
octets=$(du -sb "$T/prosody/data" | cut -f1)
files=$(find "$T/prosody/data" -type f | wc -l)
grep -rlq 'urn:xmpp:omemo:2\|urn%3axmpp%3aomemo%3a2' "$T/prosody/data"/*/archive* ||
	fail "prosody has kept no encrypted message: the search means nothing"
for body in "${bodies[@]}"; do
	! grep -rF -- "$body" "$T/prosody/data" || fail "a body lies on the server"
done
echo "$files files, $octets octets: the messages encrypted, none of the three bodies"

chat_quit j
chat_quit r
agent_stop juliet
agent_stop romeo
kill "$(cat "$T/prosody/pid")"
must 10 gone "$(cat "$T/prosody/pid")"
[ -z "$(roles)" ] || fail "left over: $(roles)"
