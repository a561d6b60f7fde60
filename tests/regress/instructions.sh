#!/bin/bash
# SPDX-License-Identifier: ISC
# Is the keeper slower than it was? Instructions of fixed work
# (tests/bench/work.c), counted by callgrind, of this tree and of an older
# commit that is built here and now: OpenSSL picks its code by the processor,
# so that counts of another day or machine say nothing. More than 5 % more
# fails. The older commit is the one named in tests/bench/old.
# privileged
# plain build only
# seconds: 180
. "$LAB/lib.sh"
MOST=105 # per cent of the old count
repository=/mnt/tree
git() { command git -c "safe.directory=*" -C "$repository" "$@"; }

# worse OLD NEW: is it more than may be?
worse() {
	[ $(($2 * 100)) -gt $(($1 * MOST)) ]
}
worse 1000000 1060000 || fail "6 % more is not noticed"
worse 1000000 1040000 && fail "4 % more fails"

command -v valgrind >/dev/null || fail "valgrind is not installed"
git rev-parse HEAD >/dev/null || fail "no history here: clone it with git"
# the one named, or in a history that is too short the oldest there is
old=$(git rev-parse -q --verify "$(cat tests/bench/old)^{commit}") ||
	old=$(git rev-list --first-parent HEAD | tail -n 1)

# archives TREE BUILD: what the work is linked with
archives() {
	make -s -C "$1" -j2 "O=$2" "$2/agent.a" "$2/sce.a" "$2/omemo.a" "$2/crypto.a" \
		"$2/sandbox.a" "$2/ipc.a" >"$T/make.log" 2>&1
}

# link TREE BUILD OUT: the same work in both
link() {
	cc -std=c17 -O2 -g -w -D_GNU_SOURCE -DOPENSSL_API_COMPAT=30000 \
		-DOPENSSL_NO_DEPRECATED '-DVERSION="0"' -o "$3" \
		"$1/tests/bench/work.c" -Wl,--start-group "$2"/{agent,sce,omemo,crypto,sandbox,ipc}.a \
		-Wl,--end-group -lcmocka -lexpat -lcrypto -lseccomp -lbsd >"$3.log" 2>&1
}

# count PROGRAM: instructions in fixed_work
count() {
	valgrind --tool=callgrind --toggle-collect=fixed_work \
		--callgrind-out-file="$1.callgrind" "$1" >"$1.out" 2>&1 ||
		fail "${1##*/}: the work fails"
	awk '/^summary:|^totals:/ { n = $2 } END { print n }' "$1.callgrind"
}

mkdir "$T/old" "$T/build"
git archive "$old" | tar -x -C "$T/old" || fail "git archive"
cp tests/bench/work.c "$T/old/tests/bench/work.c"
archives "$T/old" "$T/build" || fail "the old commit does not build"
link "$T/old" "$T/build" "$T/before" ||
	fail "the work does not build with the old commit: name a newer one in tests/bench/old"
link /mnt/tree "$O" "$T/now" || fail "the work does not build"
before=$(count "$T/before")
now=$(count "$T/now")
[ "$before" -gt 1000000 ] || fail "nothing was counted: $before"
echo "instructions: $before in $(git rev-parse --short "$old"), $now now" \
	"($((now * 1000 / before))/1000)"
if worse "$before" "$now"; then
	fail "more than 5 % slower"
fi
