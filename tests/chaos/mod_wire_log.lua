-- SPDX-License-Identifier: ISC
-- For prosody, in the tests: every message that a client hands to the server,
-- one a line: the client's full JID, a blank, the stanza. The file is the
-- option wire_log. It proves what was sent, not what was archived.
module:set_global();

local add_filter_hook = require "util.filters".add_filter_hook;
local add_filter = require "util.filters".add_filter;
local file = assert(io.open(module:get_option_string("wire_log"), "a"));

local function log(stanza, session)
	if stanza.name == "message" then
		local line = tostring(stanza):gsub("\n", " ");
		file:write((session.full_jid or "?").." "..line.."\n");
		file:flush();
	end
	return stanza;
end

add_filter_hook(function (session)
	if session.type == "c2s_unauthed" or session.type == "c2s" then
		add_filter(session, "stanzas/in", log);
	end
end);
