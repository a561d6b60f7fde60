-- SPDX-License-Identifier: ISC
-- For a room component's list of members: answers with what the file
-- $(room_lies) holds, if it is there, instead of what is so. A test writes it.
local st = require "util.stanza";
local xml = require "util.xml";
local path = module:get_option_string("room_lies");

module:hook("iq-get/bare/http://jabber.org/protocol/muc#admin:query",
	function(event)
		local item = event.stanza.tags[1].tags[1];
		local f = item and item.attr.affiliation == "member"
			and io.open(path);
		if not f then return; end
		local query = xml.parse(f:read("*a"));
		f:close();
		event.origin.send(st.reply(event.stanza):add_child(query));
		return true;
	end, 10);
