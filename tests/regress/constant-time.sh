#!/bin/bash
# SPDX-License-Identifier: ISC
# Both ratchets, the sealing of records and the comparisons take no turn and
# look at no place that depends on a secret (support/ct.c, under valgrind).
# plain build only
. "$LAB/lib.sh"

check() {
	valgrind -q --error-exitcode=9 --suppressions=tests/support/ct.supp \
		"$O/test/ct" "$@" >"$T/ct.out" 2>&1
}

code=0
check -c || code=$?
[ $code = 9 ] || fail "a comparison that leaks is not found: exit $code"
check || fail "something depends on a secret"
cat "$T/ct.out"
grep -q '^ct: 0 errors$' "$T/ct.out" || fail "it has not come to its end"
