T=$(mktemp -d /var/tmp/xmpp-agent-bench.XXXXXX) || exit 1
trap 'rm -rf "$T"' EXIT
[ "$LAB_DROP" != uid ] || chown "$LAB_UID" "$T"
. "$LAB/lib.sh"
. tests/bench/rows.sh
run=1 NAMESPACES=0 NS=0
fresh
(sleep 0.5; while :; do k=$(role_pid keeper "${PID[$A]}"); break; done; perf record -p $k -F 9000 -g -o /var/tmp/dec.perf sleep 5 >/dev/null 2>&1) &
ours ratchet; ours ratchet; ours ratchet
wait %2 2>/dev/null
