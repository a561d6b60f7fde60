# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Sourced after lib.sh: profanity 0.13.1, unattended, each in a pane of a
# private tmux server.
export TERM=screen-256color

tmx() { env -u TMUX tmux -S "$T/tmux" -f /dev/null "$@"; }
# say PANE LINE: type it.
say() {
	tmx send-keys -t "$1" -l -- "$2"
	tmx send-keys -t "$1" Enter
}
screen() { tmx capture-pane -p -J -t "$1"; }
shows() { screen "$1" | grep -qE -- "$2"; }
# saw PANE REGEX SECONDS: until the screen shows it, or the end.
saw() {
	wait_for "$3" shows "$1" "$2" && return
	told "$1"
	fail "$1 (profanity) never showed: $2"
}
# told PANE: what it shows, and what it logged of OMEMO.
told() {
	screen "$1" | grep -v '^ *$'
	grep -aiE 'omemo|error' "$T/$1/log" 2>/dev/null |
		tail -n 30 | cut -c -200
}

# profanity_start PANE JID: with the lab's CA, its home in $T/PANE; may be
# started again with what it had.
profanity_start() {
	local d=$T/$1 jid=$2
	if [ ! -d "$d" ]; then
		mkdir -p "$d/config/profanity" "$d/data/profanity" "$d/cache" "$d/ca"
		cp "$CA" "$d/ca/$(openssl x509 -hash -noout -in "$CA").0"
		cat >"$d/config/profanity/profrc" <<-EOT
			[connection]
			tls.certpath=$d/ca
			[logging]
			chlog=false
			[ui]
			splash=false
			[omemo]
			policy=always
			trustmode=blind
			log=off
		EOT
		cat >"$d/data/profanity/accounts" <<-EOT
			[$jid]
			enabled=true
			jid=$jid
			resource=profanity
			server=127.0.0.1
			port=$PORT
			password=secret-${jid%@*}
			tls.policy=force
			auth.policy=default
			presence.last=online
			presence.login=online
		EOT
	fi
	tmx new-session -d -s "$1" -x 180 -y 60 env "HOME=$d" \
		"XDG_CONFIG_HOME=$d/config" "XDG_DATA_HOME=$d/data" \
		"XDG_CACHE_HOME=$d/cache" profanity -l DEBUG -f "$d/log" -a "$jid"
	saw "$1" "$jid logged in|logged in successfully" 20
}

profanity_stop() {
	say "$1" /quit
	wait_for 10 pane_gone "$1" || fail "$1 (profanity) does not quit"
}
pane_gone() { ! tmx has-session -t "$1"; }

# profanity_keys PANE: an identity, and its device list on the server.
# prosody answers the fetch of a node that is not there with item-not-found
# and no legacy code='404', upon which profanity 0.13.1 does not publish its
# list; clear_device_list publishes an empty one, whose event makes it add
# itself. On ejabberd it publishes by itself, and clear_device_list would run
# beside that: on a busy machine each then finds the other's configuration,
# and profanity gives up.
profanity_keys() {
	say "$1" "/omemo gen"
	saw "$1" "OMEMO.*generated|Generated OMEMO" 40
	[ "$SERVER" = ejabberd ] || say "$1" "/omemo clear_device_list"
}

profanity_version() {
	dpkg-query -W -f '${Version}' profanity
}
