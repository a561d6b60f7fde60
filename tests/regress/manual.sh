#!/bin/bash
# SPDX-License-Identifier: ISC
# The verbs of xmpp-key help, of man/xmpp-key.1 and of the completions are the
# same ones; each page has examples; what --json prints is what the page says;
# and every command ends with the exit codes of the pages: 0, 1, 2, 64.
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit

# same FILE WHAT: the verbs of FILE against those of help
same() {
	diff "$T/verbs" "$1" >"$T/diff.out" || fail "$2: not help's verbs"
}
"$O/xmpp-key" help --json | sed 's/.*"verb":"\([^"]*\)".*/\1/' | sort >"$T/verbs"
[ "$(wc -l <"$T/verbs")" -gt 15 ] || fail "xmpp-key help --json"
"$O/xmpp-key" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort >"$T/words"
same "$T/words" "xmpp-key help"
"$O/xmpp-key" --help | cmp -s - <("$O/xmpp-key" help) || fail "help and --help"
sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' man/xmpp-key.1 | sort -u >"$T/words"
same "$T/words" "man/xmpp-key.1, DESCRIPTION"
# "list | lock | status" and "show | fingerprint | publish Ar jid" are lines of it
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' man/xmpp-key.1 |
	awk '/^\.Nm/ { verb = 1; next }
	     /^\.Op Ar options/ { next }
	     verb && /^\.Cm/ {
		for (i = 2; i <= NF && $i !~ /^(Ar|Op|Fl|Oo)$/; i++)
			if ($i != "|") print $i
	     }
	     { verb = 0 }' | sort -u >"$T/words"
same "$T/words" "man/xmpp-key.1, SYNOPSIS"
for shell in bash zsh fish; do
	"$O/xmpp-key" --completion $shell >"$T/$shell" || fail "--completion $shell"
done
sed -n "s/^\t'') words='\([a-z ]*\) --.*/\1/p" "$T/bash" | tr ' ' '\n' | sort >"$T/words"
same "$T/words" bash
sed -n 's/^\t"\([a-z]*\):.*/\1/p' "$T/zsh" | sort >"$T/words"
same "$T/words" zsh
sed -n 's/^set -l verbs //p' "$T/fish" | tr ' ' '\n' | sort >"$T/words"
same "$T/words" fish

# each option of a verb's row is in the page, and its row is what help prints
"$O/xmpp-key" help --json >"$T/help.json"
python3 tests/support/json_schema.py help "$T/help.json" || fail "help --json"
while read -r verb; do
	"$O/xmpp-key" help "$verb" >"$T/row.out" || fail "help $verb"
	grep -q "^  $verb " "$T/row.out" || fail "help $verb: $(cat "$T/row.out")"
	while read -r option; do
		grep -q -e "Fl -${option#--}\b" man/xmpp-key.1 ||
			fail "man/xmpp-key.1: $verb $option"
	done < <(grep -o -e '--[a-z-]*' "$T/row.out")
done <"$T/verbs"
# what doctor may name
sed -n '/^\.Ql about$/,/^did\.$/s/^\.Em //p' man/xmpp-key.1 | tr -d ',;.' |
	tr -s ' ' '\n' | sort >"$T/named"
grep -oh '"[a-z-]*"' client/key/doctor_*.c client/key/key_doctor.c | tr -d '"' |
	grep -Ex 'agent|vault|locked|doubt|due|server|archive.*|carbons|pep|publish.*|clock|signed-.*|list.*|device-.*|bundle.*|prekeys|configure|contact-.*|label|label-.*' |
	sort -u >"$T/names"
diff "$T/named" "$T/names" >"$T/diff.out" || fail "man/xmpp-key.1: doctor's names"
for page in man/*.1; do
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$page" | grep -q '\$ .*xmpp-' ||
		fail "$page: no EXAMPLES"
	for code in 0 1 2 64; do
		# it asks no agent
		[ "$page $code" != 'man/xmpp-get.1 2' ] || continue
		sed -n '/^\.Sh EXIT STATUS/,/^\.El/p' "$page" | grep -q "^\.It $code\$" ||
			fail "$page: EXIT STATUS $code"
	done
done

# ends CODE COMMAND...: one line on stderr says why
ends() {
	local want=$1 code=0
	shift
	in_home juliet "$@" >"$T/o.out" 2>"$T/o.err" </dev/null || code=$?
	[ $code = "$want" ] || fail "$*: exit $code, not $want"
	[ "$want" = 0 ] || [ -s "$T/o.err" ] || fail "$*: it does not say why"
}
# operands VERB: such that the row is content
operands() {
	case $1 in
	policy) echo "$J $J blind" ;;
	trust | distrust | verify | reset) echo "$J $J $(printf '%064d' 0)" ;;
	create | show | fingerprint | peers | publish | doctor | rotate | label) echo $J ;;
	revoke) echo "$J --yes" ;;
	constrain) echo "$J --window 1h" ;;
	adopt) echo --moved ;;
	export) echo $J juliet.export ;;
	import) echo juliet.export ;;
	list | lock | unlock | passwd | slots | status | log | help) ;;
	*) fail "this test knows no operands of $1: give it some" ;;
	esac
}

# --- no agent: 2, but help, which needs none
while read -r verb; do
	read -ra words <<<"$(operands "$verb")"
	want=2
	[ "$verb" != help ] || want=0
	ends $want "$O/xmpp-key" "$verb" "${words[@]}"
	ends 64 "$O/xmpp-key" "$verb" "${words[@]}" --no-such-option
	# more operands than any verb takes
	mapfile -t many < <(yes $J | head -n 70)
	ends 64 "$O/xmpp-key" "$verb" "${many[@]}"
	[ -z "${words[0]:-}" ] || [ "${words[0]}" = --moved ] ||
		ends 64 "$O/xmpp-key" "$verb"
done <"$T/verbs"
ends 64 "$O/xmpp-key"
ends 64 "$O/xmpp-key" fly
ends 64 "$O/xmpp-key" help fly
echo secret | "$LAB/drop" tee "$T/pw" >/dev/null
ends 2 "$O/xmpp-chat" $J --password-file "$T/pw"
ends 2 "$O/xmpp-agent" -k
for program in xmpp-chat xmpp-send xmpp-agent; do
	ends 64 "$O/$program" --no-such-option
done
ends 64 "$O/xmpp-send" $J
ends 0 "$O/xmpp-key" --version

# --- what --json prints
agent_start juliet
# json VERB WORD...: its lines, with these words, are as the page says
json() {
	local verb=$1
	shift
	in_home juliet "$O/xmpp-key" "$@" --json --passphrase-file "$T/passphrase" \
		>"$T/$verb.out" 2>"$T/$verb.err" </dev/null || fail "$* --json"
	python3 tests/support/json_schema.py "$verb" "$T/$verb.out" || fail "$verb"
}
ends 1 "$O/xmpp-key" unlock
ends 1 "$O/xmpp-key" show $J
json create create $J
grep -q '"recovery":' "$T/create.out" || fail "the recovery code is not printed"
json list list
json show show $J
json fingerprint fingerprint $J
json status status
grep -q '"rights":\["info"\]' "$T/status.out" || fail "no client in the status"
json slots slots
json "slots add" slots add --new-recovery
grep -q '"recovery":' "$T/slots add.out" || fail "the new code is not printed"
echo another | "$LAB/drop" tee "$T/new" >/dev/null
json passwd passwd --new-passphrase-file "$T/new"
"$LAB/drop" tee "$T/passphrase" <"$T/new" >/dev/null
json adopt adopt --copied
json label label $J
json rotate rotate $J --identity
json log log
in_home juliet "$O/xmpp-key" export $J "$T/juliet/juliet.export" \
	--passphrase-file "$T/passphrase" || fail "export"
json "log --verify" log --verify
# those that print nothing
for words in lock unlock "constrain $J --window 1h" "policy $J romeo@montague.lit manual"; do
	read -ra w <<<"$words"
	ends 0 "$O/xmpp-key" "${w[@]}" --json --passphrase-file "$T/passphrase"
	[ ! -s "$T/o.out" ] || fail "$words --json prints something"
done
ends 1 "$O/xmpp-key" show romeo@montague.lit --json
[ ! -s "$T/o.out" ] || fail "an error on standard output"
echo passed
