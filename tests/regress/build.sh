#!/bin/bash
# SPDX-License-Identifier: ISC
# What is built: the same octets in another place, hardened, and linked with
# the libraries that ARCHITECTURE.md names and no others.
# plain build only
# privileged
# seconds: 300
. "$LAB/lib.sh"
PROGRAMS="xmpp-agent xmpp-agent-store xmpp-agent-parser xmpp-net xmpp-chat xmpp-send xmpp-key xmpp-get
	xmpp-cipher xmpp-transfer"

# The same octets, from another directory into another directory.
mkdir "$T/elsewhere"
cp -r Makefile agent client ipc sandbox share "$T/elsewhere"
mkdir "$T/elsewhere/tests"
cp tests/tests.mk "$T/elsewhere/tests"
for mk in tests/*/*.mk; do
	mkdir -p "$T/elsewhere/${mk%/*}"
	cp "$mk" "$T/elsewhere/$mk"
done
make -C "$T/elsewhere" -j2 O=there all >"$T/make.out" 2>&1 || fail "make"
for p in $PROGRAMS; do
	cmp "$O/$p" "$T/elsewhere/there/$p" ||
		fail "$p: built elsewhere it is another program"
done

# libraries PROGRAM: what the loader will load for it itself
libraries() {
	readelf -dW "$O/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
		LC_ALL=C sort | tr '\n' ' '
}
# links PROGRAM LIBRARY...: with these and no others, and the page says so
links() {
	local p=$1
	shift
	[ "$(libraries "$p")" = "$* " ] ||
		fail "$p links $(libraries "$p"), not $*"
	local l row
	row=$(grep "^| \`$p\` | " ARCHITECTURE.md) ||
		fail "ARCHITECTURE.md does not say what $p links"
	for l in "$@"; do
		case $l in libc.so.6) continue ;; esac
		l=${l%%.so*}
		case $row in *"$l"*) ;; *) fail "ARCHITECTURE.md: $p: $l" ;; esac
	done
}
links xmpp-agent libbsd.so.0 libc.so.6 libcrypto.so.3 libseccomp.so.2
links xmpp-agent-store libbsd.so.0 libc.so.6 libseccomp.so.2 libsqlite3.so.0
links xmpp-agent-parser libbsd.so.0 libc.so.6 libexpat.so.1 libseccomp.so.2
links xmpp-net libbsd.so.0 libc.so.6 libcrypto.so.3 libresolv.so.2 \
	libseccomp.so.2 libstrophe.so.0
links xmpp-cipher libbsd.so.0 libc.so.6 libcrypto.so.3 libseccomp.so.2
links xmpp-transfer libbsd.so.0 libc.so.6 libcurl.so.4 libseccomp.so.2
links xmpp-get libbsd.so.0 libc.so.6 libseccomp.so.2
for p in xmpp-chat xmpp-send; do
	links $p libbsd.so.0 libc.so.6 libinih.so.1 libjansson.so.4 \
		libm.so.6 libmd.so.0 libseccomp.so.2
done
links xmpp-key libbsd.so.0 libc.so.6 libinih.so.1 libjansson.so.4 \
	libm.so.6 libmd.so.0 libqrencode.so.4 libseccomp.so.2

# has PROGRAM WHAT PATTERN READELF-OPTIONS
has() {
	readelf "$4" "$O/$1" | grep -Eq "$3" || fail "$1: no $2"
}
for p in $PROGRAMS; do
	has "$p" "position independence" 'Type: +DYN' -hW
	has "$p" "PIE flag" 'FLAGS_1.* PIE' -dW
	has "$p" "RELRO" 'GNU_RELRO' -lW
	has "$p" "immediate binding" 'BIND_NOW|Flags: NOW' -dW
	has "$p" "stack that is not executable" 'GNU_STACK .* RW +0x' -lW
	has "$p" "stack protector" '__stack_chk_fail' -sW
	has "$p" "fortified functions" '__[a-z]+_chk@' -sW
	! readelf -lW "$O/$p" | grep -Eq 'LOAD .* RWE ' ||
		fail "$p: pages that are writable and executable"
	! readelf -dW "$O/$p" | grep -Eq 'RPATH|RUNPATH|TEXTREL' ||
		fail "$p: a path of its own or text relocations"
done
if [ "$(uname -m)" = x86_64 ]; then
	readelf -nW "$O/agent/main.o" | grep -q 'IBT, SHSTK' ||
		fail "no control-flow protection"
fi
echo "build: nine programs, the same octets elsewhere, hardened, no other library"
