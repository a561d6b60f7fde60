#!/bin/bash
# SPDX-License-Identifier: ISC
# The attack: a program of the same user tries to read, trace and rob every
# process of ours while they are in use. Each must refuse all of it; each that
# works for others must be filtered.
. "$LAB/lib.sh"

"$O/test/attack" -c || fail "the attack does not even work on a willing victim"
prosody
agent_start juliet
identity juliet juliet@capulet.lit
chat_start chat juliet juliet@capulet.lit
must 20 event chat event=online

looked=0
while read -r pid role; do
	[ "$role" != control ] || continue
	looked=$((looked + 1))
	echo "$role $(process_field "$pid" Seccomp) $(process_field "$pid" NoNewPrivs)"
	[ "$(process_field "$pid" NoNewPrivs)" = 1 ] || fail "$role: NoNewPrivs"
	case $role in
	starter) ;;
	*) [ "$(process_field "$pid" Seccomp)" = 2 ] || fail "$role: no filter" ;;
	esac
	"$O/test/attack" "$pid" || fail "$role can be attacked"
done < <(roles)
for role in supervisor launcher keeper derive store parser starter net sce front; do
	[ "$(role_pid "$role" | wc -l)" = 1 ] || fail "not one $role process"
done
[ "$looked" = 10 ] || fail "$looked processes, not 10"
