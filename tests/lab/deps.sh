#!/bin/sh
# SPDX-License-Identifier: ISC
# deps.sh GROUP...: see to it that the Debian packages of these groups are
# there: build, test, lint, fuzz, afl, gui, bench. As root, or through a sudo that
# does not ask, it installs what is missing and nothing else; otherwise it names the
# packages and fails.
set -eu

build="gcc libc6-dev make pkg-config libssl-dev libbsd-dev libseccomp-dev
libstrophe-dev libsqlite3-dev libexpat1-dev libjansson-dev libinih-dev
libmd-dev libqrencode-dev libcurl4-openssl-dev"
test="bash libcmocka-dev openssl iproute2 util-linux procps prosody lua-dbi-sqlite3
profanity tmux libomemo-c-dev python3 systemd dash zsh tcsh fish
zbar-tools openssh-server openssh-client pinentry-curses pinentry-tty
ejabberd python3-slixmpp python3-omemo python3-oldmemo python3-twomemo
python3-xmlschema valgrind git"
lint="clang clang-tidy clang-format cppcheck shellcheck mandoc"
fuzz="clang libclang-rt-14-dev"
afl="afl++"
gui="xvfb xdotool dbus dino-im gajim gajim-omemo psi-plus psi-plus-plugins"
bench="openssh-client gpg gpg-agent python3-omemo python3-twomemo gnuplot-nox"

missing=
for group in "$@"; do
	case $group in
	build) names=$build ;;
	test) names=$test ;;
	lint) names=$lint ;;
	fuzz) names=$fuzz ;;
	afl) names=$afl ;;
	gui) names=$gui ;;
	bench) names=$bench ;;
	*)
		echo "deps.sh: $group: no such group" >&2
		exit 64
		;;
	esac
	for p in $names; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) ||
			state=absent
		[ "$state" = installed ] || missing="$missing $p"
	done
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
	sudo=
elif sudo -n true 2>/dev/null; then
	sudo="sudo -n"
else
	echo "deps.sh: packages are missing; as root: apt-get install$missing" >&2
	exit 1
fi
echo "installing:$missing"
# A package's own service (a server's) is of no use to us: not started, not
# enabled. The tests start a private one.
policy=
if [ ! -e /usr/sbin/policy-rc.d ]; then
	policy=/usr/sbin/policy-rc.d
	# shellcheck disable=SC2064 # as they are now
	trap "$sudo rm -f $policy" EXIT
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 0755 "$policy"
fi
log=$(mktemp)
# shellcheck disable=SC2086 # words are wanted
if ! { $sudo apt-get -q update &&
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends install $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
for p in prosody ejabberd; do
	case " $missing " in
	*" $p "*) $sudo systemctl disable --quiet "$p" 2>/dev/null || : ;;
	esac
done
