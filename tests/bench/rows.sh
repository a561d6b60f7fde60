# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sourced by bench.sh: the rows. Each prints samples: "side<TAB>name<TAB>value".
BENCH_NS=${BENCH_NS:-0}
JULIET=juliet@capulet.lit
count=0

# fresh [BINDIR]: an agent with a new account; its name in $A
fresh() {
	count=$((count + 1))
	A=a$count
	agent_start "$A" "${1:-$O}"
	identity "$A" "$JULIET"
}

# done_with: the agent and all that it has stored
done_with() {
	agent_stop "$A"
	rm -rf "${T:?}/$A"
}

side() {
	sed "s/^/$1\t/"
}

ours() {
	in_home "$A" "$O/bench/ours" -n "$BENCH_NS" "$JULIET" "$@" | side ours
}

peer_omemo() {
	(cd "$T" && "$LAB/drop" "$O/bench/peer_omemo" "$@")
}

row_encrypt() {
	fresh
	ours encrypt
	ours encrypt-alone | sed 's/encrypt/encrypt-alone/; s/message/message-alone/'
	done_with
}

row_ratchet() {
	fresh
	ours ratchet
	done_with
}

row_session() {
	fresh
	ours session
	done_with
}

row_first() {
	fresh
	ours first
	done_with
}

row_reverse() {
	fresh
	ours reverse
	done_with
}

row_fan() {
	fresh "$O/bench/wide"
	ours fan
	done_with
}

row_sign() {
	fresh "$O/bench/sign"
	ours sign
	done_with
}
