#!/bin/bash
# SPDX-License-Identifier: ISC
# What is installed, and how it is started at login: units, activation by a
# passed socket (also by its name), the environment for each shell,
# completions; and nothing is left after uninstall.
# privileged
# plain build only
# seconds: 90
. "$LAB/lib.sh"
dest=$T/dest

make -s install DESTDIR="$dest" PREFIX=/usr/local O="$O" >"$T/install.out" 2>&1 ||
	fail "make install"
for program in bin/xmpp-agent bin/xmpp-key bin/xmpp-chat bin/xmpp-send \
	bin/xmpp-get libexec/xmpp-agent/xmpp-agent-store \
	libexec/xmpp-agent/xmpp-agent-parser libexec/xmpp-agent/xmpp-net \
	libexec/xmpp-agent/xmpp-sce libexec/xmpp-agent/xmpp-cipher \
	libexec/xmpp-agent/xmpp-transfer; do
	[ "$(stat -c %a "$dest/usr/local/$program")" = 111 ] ||
		fail "$program has not mode 0111"
done
(cd "$dest" && find . ! -type d | sort) >"$T/installed.txt"
while read -r page; do
	grep -q "/man1/${page##*/}\$" "$T/installed.txt" || fail "$page is missing"
done < <(ls man/*.1)
find "$dest" -perm /022 ! -type l | grep . && fail "others may write these"
grep -r '@[A-Z]*@' "$dest/usr/local/lib" && fail "a path was not put in"

# as if it were the machine's
mount --bind "$dest/usr/local" /usr/local || fail "mount"
PATH=/usr/local/bin:$PATH
user() { in_home juliet "$@"; }
echo "$PASSPHRASE" | "$LAB/drop" tee "$T/pw" >/dev/null

# --- the units
lib=/usr/local/lib/systemd
if ! user env "XDG_RUNTIME_DIR=$T/juliet/run" systemd-analyze --user verify \
	--man=no $lib/user/xmpp-agent.socket $lib/user/xmpp-agent.service \
	>"$T/verify.out" 2>&1 || [ -s "$T/verify.out" ]; then
	fail "systemd-analyze verify --user"
fi

# --- a socket that a service manager has opened; the state is there already
unset XMPP_AGENT_SOCK
activated() { # NAMES SOCKET...: the last one is the agent's
	local names=$1 s listen=()
	shift
	for s in "$@"; do listen+=(-l "$s"); done
	in_home juliet rm -f "$@"
	become juliet systemd-socket-activate "${listen[@]}" ${names:+--fdname="$names"} \
		-E HOME -E XDG_STATE_HOME -E XDG_RUNTIME_DIR \
		xmpp-agent -D --passphrase-file "$T/pw" \
		>"$T/activate.out" 2>"$T/activate.err" </dev/null &
	PID[activated]=$!
	must 10 test -S "${*: -1}"
}
talk() { user env "XMPP_AGENT_SOCK=$1" xmpp-key "${@:2}"; }
s=$T/juliet/run/first.sock
activated '' "$s"
# the first connection starts it
talk "$s" create juliet@capulet.lit --others trust --passphrase-file "$T/pw" \
	>"$T/create.out" 2>&1 || fail "the activated agent does not serve"
fingerprint=$(talk "$s" fingerprint juliet@capulet.lit) || fail fingerprint
for pid in $(pgrep -f 'xmpp-agent'); do
	# (what was not started anew shows the octets that it began with)
	if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qe ' -x ' -e -store -e -parser &&
		tr '\0' '\n' <"/proc/$pid/environ" | grep '^LISTEN_'; then
		fail "process $pid was passed what was not for it"
	fi
done
kill "${PID[activated]}"
must 10 gone "${PID[activated]}"
[ -S "$s" ] || fail "a socket that is not ours was taken away"

other=$T/juliet/run/other.sock s=$T/juliet/run/named.sock
activated other:agent "$other" "$s"
named() { [ "$(talk "$s" fingerprint juliet@capulet.lit)" = "$fingerprint" ]; }
must 10 named
kill "${PID[activated]}"
must 10 gone "${PID[activated]}"
activated one:two "$other" "$s"
talk "$s" status >"$T/status.out" 2>&1 && fail "neither of two is the agent's"
must 10 gone "${PID[activated]}"
grep -q 'LISTEN_FDS=2' "$T/activate.err" || fail "it does not say why"

# --- each shell's start-up line, and the end of it
# shellcheck disable=SC2016 # theirs to expand
for line in \
	'dash -c eval "$(xmpp-agent -s)"; xmpp-key status && xmpp-agent -k' \
	'bash -c eval "$(xmpp-agent -s)"; xmpp-key status && xmpp-agent -k' \
	'zsh -fc eval "$(xmpp-agent -s)"; xmpp-key status && xmpp-agent -k' \
	'tcsh -fc eval `xmpp-agent -c`; xmpp-key status && xmpp-agent -k' \
	'fish -Nc xmpp-agent -f | source; xmpp-key status && xmpp-agent -k'; do
	read -r shell options script <<<"$line"
	in_home juliet env -u XMPP_AGENT_SOCK "$shell" "$options" "$script" \
		>"$T/shell.out" 2>"$T/shell.err" || fail "$shell: $script"
	grep -q '^locked' "$T/shell.out" || fail "$shell: $(cat "$T/shell.out")"
	must 10 test ! -e "$T/juliet/run/xmpp-agent/agent.sock"
done
user env -u XMPP_AGENT_SOCK xmpp-agent sh -c 'xmpp-key status' >"$T/shell.out" ||
	fail "xmpp-agent command"
must 10 test ! -e "$T/juliet/run/xmpp-agent/agent.sock"

# --- completions: every verb of --help, in each
xmpp-key --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort >"$T/verbs.txt"
[ "$(wc -l <"$T/verbs.txt")" -gt 10 ] || fail "xmpp-key --help"
words() { # WORD...: what bash offers for the last one
	bash -c '. /usr/local/share/bash-completion/completions/xmpp-key
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_xmpp_key && printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
words xmpp-key '' | grep -v '^-' | sort | cmp - "$T/verbs.txt" || fail "bash: verbs"
[ "$(words xmpp-key adopt --m)" = --moved ] || fail "bash: a verb's option"
[ "$(words xmpp-key --json publ)" = publish ] || fail "bash: behind an option"
fish -Nc 'source /usr/local/share/fish/vendor_completions.d/xmpp-key.fish
	complete -C "xmpp-key "' | cut -f1 | sort | cmp - "$T/verbs.txt" ||
	fail "fish: verbs"
zsh -fn /usr/local/share/zsh/site-functions/_xmpp-key || fail "zsh"
sed -n 's/^\t"\([a-z]*\):.*/\1/p' /usr/local/share/zsh/site-functions/_xmpp-key |
	sort | cmp - "$T/verbs.txt" || fail "zsh: verbs"
# shellcheck disable=SC2016 # the shell of that
user env "XDG_RUNTIME_DIR=$T/juliet/run" sh -c '. ./share/environment.d/60-xmpp-agent.conf
	echo $XMPP_AGENT_SOCK' >"$T/env.out"
[ "$(cat "$T/env.out")" = "$T/juliet/run/xmpp-agent/agent.sock" ] || fail environment.d

umount /usr/local
make -s uninstall DESTDIR="$dest" PREFIX=/usr/local O="$O" >"$T/uninstall.out" 2>&1 ||
	fail "make uninstall"
[ -z "$(find "$dest" ! -type d)" ] || fail "left: $(find "$dest" ! -type d)"
