#!/bin/bash
# SPDX-License-Identifier: ISC
# Files by links (XEP-0363, XEP-0454): there and back through a server that
# keeps its word; then servers that do not, in every way we could think of.
# Each is named, and nothing of the file is left. What the server holds is
# ciphertext; the key is not in any argument, nor with the net or the transfer.
# The large file, which is to take 32 MiB of memory, has 1 GiB (256 MiB where the
# world's /tmp, which is in memory, has no room for three of them).
# privileged
# seconds: 240
. "$LAB/lib.sh"
umask 022
J=juliet@capulet.lit R=romeo@montague.lit
SIZE=1073741824
[ "$(df -k --output=avail /tmp | tail -n 1)" -gt 3145728 ] || SIZE=268435456
WEB=15290
export FILES=15281 FILES_BASE=https://localhost:$WEB/up

prosody
"$LAB/drop" mkdir "$T/web" "$T/in"
"$LAB/drop" python3 tests/support/files_server.py "$T/prosody/certs" "$T/web" \
	$WEB >"$T/web.out" 2>&1 &
PID[web]=$!
must 10 grep -q '^serving' "$T/web.out"
for p in juliet romeo; do
	agent_start $p
	echo "secret-$p" | "$LAB/drop" tee "$T/$p.pw" >/dev/null
done
identity juliet $J
identity romeo $R
chat_start j juliet $J
online j juliet $J
chat_start r romeo $R
online r romeo $R

# send STATUS FROM TO FILE [OPTION...]
send() {
	local want=$1 from=$2 to=$3 file=$4 got=0
	shift 4
	in_home "${from%%@*}" "$O/xmpp-send" --host 127.0.0.1 --port "$PORT" \
		--ca-file "$CA" --password-file "$T/${from%%@*}.pw" \
		--file "$file" "$@" "$from" "$to" \
		>"$T/send.out" 2>"$T/send.err" </dev/null || got=$?
	[ "$got" = "$want" ] || fail "xmpp-send --file $file: $got, not $want"
}
# why TEXT: the last error line has it
why() { grep -q "^xmpp-[a-z]*: .*$1" "$T/${2:-send}.err" || fail "no reason: $1"; }
# get STATUS LINK [OPTION...]: into $T/in, as Romeo
get() {
	local want=$1 link=$2 got=0
	shift 2
	printf '%s\n' "$link" | in_home romeo "$O/xmpp-get" -d "$T/in" \
		--ca-file "$CA" "$@" >"$T/get.out" 2>"$T/get.err" || got=$?
	[ "$got" = "$want" ] || fail "xmpp-get: exit status $got, not $want"
}
empty() { [ -z "$(ls -A "$T/in")" ] || fail "left behind: $(ls -A "$T/in")"; }
# link NAME N: the Nth that this client has been shown, of the other
link() {
	local from=$J
	[ "$1" = r ] || from=$R
	"$O/test/json_pick" -f body "$T/$1.json" event=message "from=$from" |
		sed -n "$2p"
}
has_link() { [ -n "$(link "$@")" ]; }

# --- there and back
head -c 300001 /dev/urandom >"$T/photo.jpeg"
send 0 $J $R "$T/photo.jpeg"
grep -v '^\*\|^[0-9a-f ]*$' "$T/send.err" && fail "it is not silent in a pipe"
must 20 has_link r 1
l=$(link r 1)
grep -Eq '^aesgcm://localhost:15281/[^ ]*\.jpeg#[0-9a-f]{88}$' <<<"$l" ||
	fail "no such link: $l"
! grep -q photo <<<"$l" || fail "the server was told the file's name"
get 0 "$l"
file=$(cat "$T/get.out")
[ ! -s "$T/get.err" ] || fail "it is not silent in a pipe"
cmp "$file" "$T/photo.jpeg" || fail "another file has come back"
[ "$(stat -c %a "$file")" = 600 ] || fail "others may read it"
get 0 "$l"
[ "$(cat "$T/get.out")" = "${file%.jpeg}-1.jpeg" ] || fail "not another name"
rm "$T/in/"*
share=$T/prosody/data/upload%2ecapulet%2elit/http_file_share
sealed=$(find "$share" -type f -size 300017c)
[ -n "$sealed" ] || fail "the server has no file of 300,017 octets"
cp "$sealed" "$T/web/sealed"
chmod 0644 "$T/web/sealed"
secret=${l#*#}
! grep -rqF "${secret:24}" "$T/prosody" || fail "the server knows the key"
: >"$T/nothing"
send 0 $J $R "$T/nothing"
must 20 has_link r 2
get 0 "$(link r 2)"
[ "$(stat -c %s "$(cat "$T/get.out")")" = 0 ] || fail "not empty"
rm "$T/in/"*

# a person is told what to do with such a message
in_home romeo "$O/xmpp-chat" --host 127.0.0.1 --port "$PORT" --ca-file "$CA" \
	--password-file "$T/romeo.pw" --name lines $R $J >"$T/lines" 2>&1 </dev/null ||
	fail "xmpp-chat for a person"
grep -A1 '^\(.* \)\?juliet@capulet.lit: aesgcm://' "$T/lines" |
	grep -q '^\* that is a file; .*xmpp-get' || fail "no hint"
# on a terminal it says how far it is
link r 1 >"$T/link"
chmod 0644 "$T/link"
on_terminal() { # COMMAND
	in_home romeo env TERM=vt100 script -qec "$1" /dev/null >"$T/tty" 2>&1 </dev/null ||
		fail "on a terminal: $1"
	grep -q "$(printf '\r\033\[K').*$2  .* of .* KiB  [0-9]*%" "$T/tty" ||
		fail "it does not say how far it is: $1"
}
on_terminal "$O/xmpp-get -d $T/in --ca-file $CA <$T/link" "$(basename "$file")"
cmp "$file" "$T/photo.jpeg" || fail "on a terminal it is another file"
rm "$T/in/"*

# --- a server that does not take it
truncate -s 1048561 "$T/big" # and the tag: one octet too many
send 1 $J $R "$T/big"
why "$R: not sent: .*/big: upload.capulet.lit takes files of 1048576 octets at most"
truncate -s 1048560 "$T/big"
send 0 $J $R "$T/big"
send 1 $J $R "$T/big"
why 'upload.capulet.lit: refused: resource-constraint'
behave() { echo "$1" | "$LAB/drop" tee "$T/web/behave" >/dev/null; }
for how in 'refuse:localhost: it answers with HTTP 413' \
	'elsewhere:localhost: it sends elsewhere (HTTP 307), and is not followed' \
	'break:localhost: ' 'chatter:localhost: it answers without end'; do
	behave "${how%%:*}"
	send 1 $R $J "$T/photo.jpeg"
	why "$J: not sent: .*photo.jpeg: ${how#*:}"
done
has_link j 1 && fail "a link to nothing was sent"
! grep -q taken "$T/web.out" || fail "a redirect was followed"
send 64 $J $R ''
send 1 $J $R "$T/nowhere"
why 'nowhere: No such file'
send 1 $J $R "$T"
why 'only a regular file'
send 1 $J $R /dev/zero
why 'only a regular file'
behave keep
# another CA than the server's
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	-subj /CN=other -keyout "$T/other.key" -out "$T/other.pem" 2>/dev/null

# --- links and servers that cheat
key=$secret
good=aesgcm://localhost:$WEB/good/sealed
get 0 "$good#$key"
cmp "$(cat "$T/get.out")" "$T/photo.jpeg" || fail "the copy is another file"
rm "$T/in/"*
# bad REASON LINK [OPTION...]: refused, and nothing is left
bad() {
	get 1 "${@:2}"
	why "$1" get
	empty
	[ ! -s "$T/get.out" ] || fail "a file is named: $(cat "$T/get.out")"
}
other=$(tr 0-9a-f 1-9a-f0 <<<"${key:24:1}")
bad 'sealed: not fetched: it is not what was encrypted with this key' \
	"$good#${key:0:24}$other${key:25}"
bad 'line 1: the link.s key is not 88 or 96' "$good#${key:0:86}"
bad 'line 1: the link.s key is not 88 or 96' "$good#"
bad 'line 1: the link has no key' "$good"
bad 'line 1: it is no aesgcm:// link' "https://localhost:$WEB/good/sealed#$key"
bad 'line 1: the address has no valid path' "aesgcm://localhost:$WEB#$key"
at() { echo "aesgcm://localhost:$1#$key"; }
bad 'localhost: it answers with HTTP 404' "$(at $WEB/missing)"
bad 'it sends elsewhere (HTTP 302), and is not followed' "$(at $WEB/elsewhere/sealed)"
bad 'localhost: .*bytes remaining' "$(at $WEB/half/sealed)"
bad 'it is not what was encrypted' "$(at $WEB/short/sealed)"
bad 'it is not what was encrypted' "$(at $WEB/longer/sealed)"
bad 'it is not what was encrypted' "$(at $WEB/zip)"
bad 'longer than the 1048592 octets' "$(at $WEB/endless)" --max-size 1M
bad 'longer than the 1073741840 octets' "$(at $WEB/large)"
bad 'longer than the 300016 octets' "$(at $WEB/good/sealed)" --max-size 300000
get 0 "$(at $WEB/good/sealed)" --max-size 300001
rm "$T/in/"*
bad 'localhost: ' "$(at $WEB/headers)"
bad 'localhost: SSL: no alternative certificate subject name' \
	"$(at $((WEB + 1))/good/sealed)"
bad 'localhost: SSL certificate problem: self.signed' \
	"$(at $((WEB + 2))/good/sealed)"
bad 'localhost: ' "$(at $((WEB + 3))/good/sealed)" # plain http
bad 'localhost: Failed to connect' "$(at 1/good/sealed)"
bad 'nowhere.invalid: cannot be resolved' "aesgcm://nowhere.invalid/f#$key"
get 1 "$good#$key" --ca-file "$T/other.pem"
why 'localhost: SSL certificate problem' get
empty
! grep '^seen:' "$T/web.out" | grep -v 'seen: [A-Z]* /[a-z]*[/a-zA-Z0-9_.-]*$' ||
	fail "a fragment was sent"
! grep -F "${key:24}" "$T/web.out" || fail "the key was sent"
# several at once, one of them bad; a thumbnail below; a link as an argument
get 1 "$good#$key
data:image/jpeg,/9j/4AAQ

$(at $WEB/missing)
$good#$key"
[ "$(wc -l <"$T/get.out")" = 2 ] || fail "not two of three"
rm "$T/in/"*
code=0
in_home romeo "$O/xmpp-get" "$good#$key" >"$T/get.out" 2>&1 || code=$?
[ $code = 64 ] || fail "a key in the arguments: $code"
# no room: a full file system leaves nothing either
mkdir "$T/small"
mount -t tmpfs -o size=100k,mode=1777 small "$T/small" || fail "mount"
code=0
echo "$good#$key" | in_home romeo "$O/xmpp-get" -d "$T/small" --ca-file "$CA" \
	>"$T/get.out" 2>"$T/get.err" || code=$?
[ "$code $(ls -A "$T/small")" = "1 " ] || fail "a full disk: $code"
why 'not fetched: No space left on device' get
umount "$T/small"

# --- a large one: in and out in a piece, by the memory of each process
truncate -s "$SIZE" "$T/large"
: >"$T/peaks"
watch() { # PID: until it has ended
	local pid name
	while ! gone "$1"; do
		for pid in $(pgrep 'xmpp-(send|get|cipher|transfe)'); do
			name=$(cat "/proc/$pid/comm") 2>/dev/null || continue
			echo "$name $(process_field "$pid" VmHWM)" >>"$T/peaks"
		done 2>/dev/null
		sleep 0.1
	done
}
send 0 $R $J "$T/large" &
watch $!
wait $! || fail "the large file is not sent"
must 60 has_link j 1
l=$(link j 1)
mv "$T/web/put" "$T/web/large"
chmod 0644 "$T/web/large"
get 0 "aesgcm://localhost:$WEB/good/large#${l#*#}" &
watch $!
wait $! || fail "the large file is not fetched"
cmp "$T/large" "$(cat "$T/get.out")" || fail "the large file has become another"
sort -k1,1 -k2,2nr "$T/peaks" | awk 'NF == 2 && !seen[$1]++ { print $1 ": " $2 " KiB at most" }'
for name in xmpp-send xmpp-get xmpp-cipher xmpp-transfer; do
	grep -q "^$name [0-9]" "$T/peaks" || fail "$name was never seen"
done
awk 'NF == 2 && $2 > 32768 { exit 1 }' "$T/peaks" || fail "more than 32 MiB"

# --- in the middle: the walls, no key in any argument, and a signal
at $WEB/endless | in_home romeo "$O/xmpp-get" -d "$T/in" \
	--ca-file "$CA" --max-size 63G >"$T/get.out" 2>"$T/get.err" &
PID[get]=$!
rm "$T/in/"*
running() { pgrep -x xmpp-cipher && pgrep -x xmpp-transfer; }
must 20 running
walled() { [ "$(process_field "$1" Seccomp)" = 2 ]; }
for name in xmpp-cipher xmpp-transfer; do
	pid=$(pgrep -x $name)
	must 20 walled "$pid"
	"$LAB/drop" "$O/test/attack" "$pid" || fail "$name can be attacked"
	[ "$(readlink "/proc/$pid/fd/1")" = /dev/null ] || fail "$name: stdout"
done
echo "${key:24}" >"$T/key"
! cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' |
	grep -F -f "$T/key" || fail "the key is in an argument"
for fd in "/proc/$(pgrep -x xmpp-cipher)/fd/"*; do
	[ "${fd##*/}" -le 5 ] || fail "xmpp-cipher has descriptor ${fd##*/}"
done
kill -TERM "$(pgrep -x xmpp-get)"
must 20 gone "${PID[get]}"
empty
for name in xmpp-get xmpp-cipher xmpp-transfer; do
	! pgrep -x "$name" || fail "$name lives on"
done
chat_quit j
chat_quit r
echo "files: there and back, $SIZE octets in less than 32 MiB, those who cheat are named"
