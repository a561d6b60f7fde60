#!/bin/bash
# SPDX-License-Identifier: ISC
# ejabberd.sh DIR PORT: a private ejabberd on 127.0.0.1:PORT, as prosody.sh is
# one of prosody: run as the caller, with the same accounts, rosters and kind
# of CA; returns when it answers. DIR/pid holds its process id, DIR/ca.pem the
# CA, DIR/data all that it stores; started again on the same DIR it has what
# it had. Erlang's own distribution (epmd) is not started.
set -eu
umask 077
dir=$1 port=$2
accounts="juliet@capulet.lit romeo@montague.lit"
mkdir -p "$dir/data" "$dir/run"
if [ ! -e "$dir/ca.pem" ]; then
	bash "${0%/*}/certs.sh" "$dir"
	for host in capulet.lit montague.lit; do
		cat "$dir/certs/$host.crt" "$dir/certs/$host.key" >"$dir/certs/$host.pem"
	done
fi
ebin=$(dpkg -L ejabberd | grep '/ebin/ejabberd\.app$')
ebin=${ebin%/*}

cat >"$dir/ejabberd.yml" <<EOT
loglevel: info
log_rotate_count: 0
hosts: [capulet.lit, montague.lit]
certfiles: ["$dir/certs/capulet.lit.pem", "$dir/certs/montague.lit.pem"]
ca_file: "$dir/ca.pem"
auth_password_format: scram
listen:
  - port: $port
    ip: "127.0.0.1"
    module: ejabberd_c2s
    starttls_required: true
access_rules:
  local: {allow: all}
modules:
  mod_admin_extra: {}
  mod_caps: {}
  mod_carboncopy: {}
  mod_client_state: {}
  mod_disco: {}
  mod_mam: {default: always}
  mod_offline: {}
  mod_ping: {}
  mod_pubsub:
    access_createnode: local
    last_item_cache: false
    max_items_node: 1000
    plugins: [flat, pep]
  mod_roster: {}
  mod_stream_mgmt: {}
EOT

# The accounts, each in the other's roster; twice does no harm.
account() { # NAME HOST OTHER OTHERHOST
	cat <<-EOT
		ejabberd_auth:try_register(<<"$1">>, <<"$2">>, <<"secret-$1">>),
		mod_admin_extra:add_rosteritem(<<"$1">>, <<"$2">>, <<"$3">>, <<"$4">>,
			<<>>, <<>>, <<"both">>),
	EOT
}
read -r one two <<<"$accounts"
setup="$(account "${one%@*}" "${one#*@}" "${two%@*}" "${two#*@}")
$(account "${two%@*}" "${two#*@}" "${one%@*}" "${one#*@}")
ok = file:write_file(\"$dir/run/ready\", <<\"yes\">>)."
rm -f "$dir/run/ready"
export HOME="$dir/run" ERL_CRASH_DUMP="$dir/run/crash" ERL_CRASH_DUMP_SECONDS=0 \
	EJABBERD_CONFIG_PATH="$dir/ejabberd.yml" \
	EJABBERD_LOG_PATH="$dir/run/log" ERL_LIBS="${ebin%/*/ebin}"
# erl is a script that becomes the virtual machine: it keeps this process id
erl +S 1 +sbwt none -noinput -pa "$ebin" -mnesia dir "\"$dir/data\"" \
	-s ejabberd -eval "$setup" >"$dir/run/stdout" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$dir/pid"
tries=0
until [ -e "$dir/run/ready" ] &&
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
	tries=$((tries + 1))
	if [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then
		echo "ejabberd.sh: not answering" >&2
		cat "$dir/run/stdout" >&2
		tail -n 20 "$dir/run/log" >&2
		exit 1
	fi
	sleep 0.05
done
