#!/bin/bash
# SPDX-License-Identifier: ISC
# THREATS.md's table of what the keeper may call is what the program says of
# itself, row by row, and each test that it names is there. (Whether the test
# needs the row is what make prisoner-needs finds out.)
. "$LAB/lib.sh"

"$O/xmpp-agent" --policy keeper >"$T/policy" || fail "--policy keeper"
awk '$2 == "passes" {
	when = $0
	if (sub(/^.* passes +argument/, "argument", when)) sub(/;.*/, "", when)
	else when = ""
	print $1 "|" when }' "$T/policy" >"$T/printed"
# shellcheck disable=SC2016 # backquotes are meant
sed -n 's/^| `\([a-z0-9_]*\)` | \(.*\) | `\([^`]*\)` |$/\1|\2|\3/p' THREATS.md |
	sed 's/| *|/||/' >"$T/table"
cut -d '|' -f 1,2 "$T/table" >"$T/written"
[ "$(wc -l <"$T/printed")" -ge 10 ] || fail "it prints no rows"
diff "$T/printed" "$T/written" >"$T/differ.out" ||
	fail "THREATS.md differs from --policy keeper (make prisoner-needs prints it)"
grep -q 'fails' "$T/policy" && fail "a call that fails is not in the table"
while IFS='|' read -r call _ test; do
	[ -x "tests/$test" ] || fail "$call: no test $test"
done <"$T/table"
echo "$(wc -l <"$T/table") rows"
