#!/bin/bash
# SPDX-License-Identifier: ISC
# One text to many: operands and a file of recipients, a verdict for each, in
# lines, in JSON and in the exit status; a bad file sends nothing.
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit

# send STATUS ARG...: "$text" from Juliet
send() {
	local want=$1 got=0
	shift
	echo "$text" | in_home juliet "$O/xmpp-send" --host 127.0.0.1 \
		--port "$PORT" --ca-file "$CA" --password-file "$T/juliet.pw" \
		--name alert "$@" >"$T/send.out" 2>"$T/send.err" || got=$?
	[ "$got" = "$want" ] || fail "$text: exit status $got, not $want"
}

prosody
agent_start juliet
agent_start romeo
identity juliet "$J"
identity romeo "$R"
chat_start r romeo "$R"
online r romeo "$R"
echo secret-juliet | "$LAB/drop" tee "$T/juliet.pw" >/dev/null
"$LAB/drop" tee "$T/oncall" >/dev/null <<END
# the night shift

nobody@montague.lit
  $R	# he never sleeps
nobody@montague.lit
END

text='disk full'
send 1 --json --to-file "$T/oncall" "$J" "$R"
[ "$("$O/test/json_pick" -f id "$T/send.out" event=sent "to=$R" | wc -l)" = 1 ] ||
	fail "not sent once to $R"
[ "$("$O/test/json_pick" -f reason "$T/send.out" event=error \
	to=nobody@montague.lit)" = 'no device list' ] || fail "nobody: no reason"
[ "$(grep -c '^xmpp-send: nobody@montague.lit: no device list$' "$T/send.err")" = 1 ] ||
	fail "nobody: not one line"
must 20 event r event=message "from=$J" "body=$text"

text='all well again'
send 0 "$J" "$R"
must 20 event r event=message "body=$text"

# refused SAYING ARG...: nothing is sent, one line says why
text='to be refused'
refused() {
	local saying=$1
	shift
	send 64 "$@"
	grep -q "^xmpp-send: .*$saying" "$T/send.err" ||
		fail "no reason: $saying"
	[ ! -s "$T/send.out" ] || fail "$saying: something was sent"
}
bad() { # CONTENTS: of the file, as printf has it
	# shellcheck disable=SC2059 # contents are a format
	printf "$1" | "$LAB/drop" tee "$T/bad" >/dev/null
}
bad "$R\n$R $J\n"
refused "$T/bad:2: one address a line" --to-file "$T/bad" "$J"
bad "$R\n@montague.lit\n"
refused "$T/bad:2: " --to-file "$T/bad" "$J"
bad "$R\n\0\n"
refused "$T/bad: it is not a text" --to-file "$T/bad" "$J"
bad "# nobody\n\n"
refused 'usage: ' --to-file "$T/bad" "$J"
refused 'nowhere: No such file' --to-file nowhere "$J"
seq -f '%g@montague.lit' 1025 | "$LAB/drop" tee "$T/bad" >/dev/null
refused "$T/bad:1025: more than 1024 recipients" --to-file "$T/bad" "$J"
chat_quit r
! grep -q 'to be refused' "$T/r.json" || fail "a refused text has arrived"
echo "send-many: a verdict for each, six bad files refused"
