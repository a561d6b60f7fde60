#!/bin/bash
# SPDX-License-Identifier: ISC
# xmpp-send and xmpp-chat as a person uses them, on a terminal (tmux): what is
# refused and why, control characters, a line being typed while others come
# in, lock and unlock, the end.
# plain build only
. "$LAB/lib.sh"
export LANG=C.UTF-8
J=juliet@capulet.lit R=romeo@montague.lit

prosody
for p in juliet romeo; do
	agent_start $p
	echo "secret-$p" >"$T/$p.pw"
done
identity juliet $J
identity romeo $R
opt="--host 127.0.0.1 --port $PORT --ca-file $CA --timeout 20"

# send TEXT [PASSWORD-FILE]: from juliet to romeo; the exit status
send() {
	# shellcheck disable=SC2059,SC2086
	printf "$1" | in_home juliet "$O/xmpp-send" $opt \
		--password-file "${2:-$T/juliet.pw}" $J $R >"$T/send.out" 2>&1
}

# --- refused, with the reason
send x && fail 'sent to a contact without keys'
grep -q 'no device list' "$T/send.out" || fail 'why was it not sent?'
echo wrong >"$T/wrong"
send x "$T/wrong" && fail 'sent with a wrong password'
grep -q 'password' "$T/send.out" || fail 'the password is not named'

# --- published without a chat, then sent while romeo is away
# shellcheck disable=SC2086
in_home romeo "$O/xmpp-key" publish $opt --password-file "$T/romeo.pw" $R \
	>"$T/publish.out" 2>&1 || fail 'xmpp-key publish'
# (a control character that XML can carry, so that it comes as far as vis)
send 'hello gr\303\274\303\237 \302\23331mred\n'"$R"': fake\n' || fail 'xmpp-send'
f=$(in_home romeo "$O/xmpp-key" fingerprint $R)
grep -qx "$f" "$T/send.out" || fail 'the new reader was not shown'
send again || fail 'xmpp-send a second time'
grep -q . "$T/send.out" && fail 'a known reader was shown again'

# --- two terminals
screen() { tmux -S "$T/$1/tmux" capture-pane -p -J -t chat; }
shows() { screen "$1" | grep -qF -- "$2"; }
sees() { wait_for 15 shows "$1" "$2" || fail "$1 does not see '$2':
$(screen "$1" | grep .)"; }
types() { tmux -S "$T/$1/tmux" send-keys -t chat -l -- "$2"; }
presses() { tmux -S "$T/$1/tmux" send-keys -t chat "${@:2}"; }
# chat PERSON JID PEER
chat() {
	in_home "$1" tmux -f /dev/null -S "$T/$1/tmux" new-session -d -s chat \
		-x 90 -y 24 "$O/xmpp-chat ${opt% --timeout*} \
		--password-file $T/$1.pw $2 $3; echo exit \$?; cat"
}
chat juliet $J $R
chat romeo $R $J
sees juliet 'online as'
sees romeo 'online as'
g=$(in_home juliet "$O/xmpp-key" fingerprint $J)
sees romeo "$g"
# its groups in colours, computed behind the front's walls
tmux -S "$T/romeo/tmux" capture-pane -p -e -t chat |
	grep -q "$(printf '\033')\[38;5;[0-9]*m${g##* }" || fail 'no colours'
sees romeo "$J: hello grüß \\302\\23331mred"
sees romeo "    $R: fake"
screen romeo | grep -q "^$R: fake" && fail 'a body passes for a line of ours'

types romeo 'half typed lin€'
types juliet 'a line from juliet'
presses juliet Enter
sees romeo "$J: a line from juliet"
sees romeo "$J> half typed lin€"
presses romeo BSpace
types romeo 'e, done'
presses romeo Enter
sees juliet "$R: half typed line, done"
sees juliet "$f"

types juliet '/nonsense'
presses juliet Enter
sees juliet 'no such command'
types juliet '/trust'
presses juliet Enter
sees juliet "xmpp-key trust $J $R"

# --- lock: what is typed meanwhile is sent after unlock
in_home juliet "$O/xmpp-key" lock || fail 'lock'
sees juliet 'the vault is locked'
types juliet 'typed while locked'
presses juliet Enter
unlock juliet
sees romeo "$J: typed while locked"

# --- the end
presses juliet C-d
sees juliet 'exit 0'
types romeo '/quit'
presses romeo Enter
sees romeo 'exit 0'
[ -z "$(roles | awk '$2 == "net" || $2 == "front"')" ] || fail 'left over'
tmux -S "$T/juliet/tmux" kill-server
tmux -S "$T/romeo/tmux" kill-server
