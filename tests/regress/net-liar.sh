#!/bin/bash
# SPDX-License-Identifier: ISC
# A server with a good certificate that lies: it binds the address of another,
# so that "own" copies, lists and archive would be that one's.
# seconds: 60
# shellcheck source=tests/lab/lib.sh
. "$LAB/lib.sh"
J=juliet@capulet.lit R=romeo@montague.lit

"$LAB/drop" mkdir "$T/liar"
"$LAB/drop" tee "$T/liar/mod_liar.lua" >/dev/null <<END
local filters = require "util.filters";
local st = require "util.stanza";
local function lie(stanza, session)
	if not st.is_stanza(stanza) or stanza.name ~= "iq" then return stanza; end
	local bind = stanza:get_child("bind", "urn:ietf:params:xml:ns:xmpp-bind");
	if bind and session.username == "juliet" then
		bind:get_child("jid")[1] = "$R/liar";
	end
	return stanza;
end
filters.add_filter_hook(function(session)
	filters.add_filter(session, "stanzas/out", lie);
end);
END
prosody
kill "$(cat "$T/prosody/pid")"
must 10 gone "$(cat "$T/prosody/pid")"
cfg=$T/prosody/prosody.cfg.lua
sed -i -e "1i plugin_paths = { \"$T/liar\" }" \
	-e 's/"smacks"/"smacks", "liar"/' "$cfg" || fail 'its configuration'
HOME=$T/prosody/run "$LAB/drop" prosody --config "$cfg" >"$T/liar.out" 2>&1 &
answers() {
	(: <"/dev/tcp/127.0.0.1/$PORT")
}
must 20 answers
agent_start juliet
identity juliet $J
chat_start j juliet $J
must 20 grep -q event "$T/j.json"
event j event=online && fail 'online with the address of another'
grep -q "\"reason\":\"$J: the server gave it another address: $R\",\"fatal\":true" \
	"$T/j.json" || fail "what it says: $(cat "$T/j.json")"
agent_stop juliet
echo passed
