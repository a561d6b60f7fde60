#!/bin/bash
# SPDX-License-Identifier: ISC
# prosody.sh DIR PORT: a private prosody on 127.0.0.1:PORT, run as the caller,
# with accounts (ACCOUNTS: more of them) and a CA of its own; returns when it
# answers. DIR/pid holds its
# process id, DIR/ca.pem the CA, DIR/data all that it stores. With WIRE_LOG=FILE
# and WIRE_MODULES=DIR of mod_wire_log.lua it records all messages it is sent.
set -eu
umask 077
dir=$1 port=$2
accounts="juliet@capulet.lit romeo@montague.lit ${ACCOUNTS:-}"
mkdir -p "$dir/data" "$dir/run"
bash "${0%/*}/certs.sh" "$dir"

# ARCHIVE=sql: archives in SQLite. prosody's own files are quick up to ten
# thousand messages; from there on it writes the archive anew for each.
storage='"internal"'
if [ "${ARCHIVE:-}" = sql ]; then
	storage='{ archive = "sql" }
sql = { driver = "SQLite3", database = "archive.sqlite" }'
fi
wire_module='' wire_options=''
if [ -n "${WIRE_LOG:-}" ]; then
	wire_module='"wire_log"'
	wire_options="plugin_paths = { \"$WIRE_MODULES\" }
wire_log = \"$WIRE_LOG\""
fi
# ROOMS=1: rooms.montague.lit has rooms, with archives (lab/rooms.sh). Its list
# of members is what DIR/lies holds, once that is there (mod_room_lies.lua).
rooms=''
if [ -n "${ROOMS:-}" ]; then
	wire_options="$wire_options
plugin_paths = { \"$(cd "${0%/*}/../support" && pwd)\" }"
	rooms="Component \"rooms.montague.lit\" \"muc\"
modules_enabled = { \"muc_mam\", \"room_lies\" }
room_lies = \"$dir/lies\"
muc_log_by_default = true
restrict_room_creation = false
muc_room_locking = true"
fi
# STANZA=N: no stanza of more octets; with ANNOUNCE=DIR of mod_stream_limits.lua it
# says so.
if [ -n "${STANZA:-}" ]; then
	wire_options="$wire_options
c2s_stanza_size_limit = $STANZA"
fi
if [ -n "${ANNOUNCE:-}" ]; then
	wire_module="$wire_module${wire_module:+, }\"stream_limits\","
	wire_options="$wire_options
plugin_paths = { \"$ANNOUNCE\" }"
fi
# FILES=PORT: the server of capulet.lit takes files there, by https, of 1 MiB
# at most, 2 MiB a day; that of montague.lit sends them to FILES_BASE.
files=''
if [ -n "${FILES:-}" ]; then
	files="Component \"upload.capulet.lit\" \"http_file_share\"
http_host = \"localhost\"
http_external_url = \"https://localhost:$FILES/\"
http_file_share_size_limit = 1048576
http_file_share_daily_quota = 2097152
Component \"upload.montague.lit\" \"http_file_share\"
http_file_share_base_url = \"$FILES_BASE\"
http_file_share_size_limit = 4294967296
http_file_share_daily_quota = 42949672960"
fi
cat >"$dir/prosody.cfg.lua" <<EOT
pidfile = "$dir/run/prosody.pid"
data_path = "$dir/data"
certificates = "$dir/certs"
log = { { levels = { min = "debug" }, to = "file", filename = "$dir/run/log" } }
interfaces = { "127.0.0.1" }
c2s_ports = { $port }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = {}
https_ports = { ${FILES:-} }
https_certificate = "$dir/certs/localhost.crt"
https_key = "$dir/certs/localhost.key"
daemonize = false
authentication = "internal_hashed"
storage = $storage
c2s_require_encryption = true
limits = {}
default_archive_policy = true
archive_expires_after = "1d"
max_archive_query_results = ${ARCHIVE_PAGE:-50}
modules_enabled = { "roster", "saslauth", "tls", "disco", "posix", "pep",
  "private", "blocklist", "carbons", ${NO_ARCHIVE:+--} "mam",
  "smacks", "csi", "ping", "version", "offline", $wire_module }
$wire_options
modules_disabled = { "s2s" }
VirtualHost "capulet.lit"
VirtualHost "montague.lit"
$files
$rooms
EOT
export HOME="$dir/run"
for jid in $accounts; do
	name=${jid%@*}
	prosodyctl --config "$dir/prosody.cfg.lua" register "$name" \
		"${jid#*@}" "secret-$name" >>"$dir/run/register" 2>&1 ||
		{ cat "$dir/run/register" >&2; exit 1; }
done
# They are in each other's roster: profanity's device list is for contacts.
contacts() {
	local own=$1 host=${1#*@} jid file
	file=$dir/data/${host//./%2e}/roster/${1%@*}.dat
	mkdir -p "${file%/*}"
	{
		echo 'return { [false] = { ["version"] = 1; ["pending"] = {}; };'
		for jid in $accounts; do
			[ "$jid" = "$own" ] || printf '["%s"] = { %s };\n' "$jid" \
				'["subscription"] = "both"; ["groups"] = {};'
		done
		echo '};'
	} >"$file"
}
for jid in $accounts; do contacts "$jid"; done
# prosody is a script whose interpreter keeps this process id
prosody --config "$dir/prosody.cfg.lua" -F >"$dir/run/stdout" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$dir/pid"
tries=0
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
	tries=$((tries + 1))
	if [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then
		echo "prosody.sh: not answering" >&2
		cat "$dir/run/stdout" >&2
		tail -n 20 "$dir/run/log" >&2
		exit 1
	fi
	sleep 0.05
done
