-- SPDX-License-Identifier: ISC
-- For prosody 0.12, in the tests: announce c2s_stanza_size_limit (XEP-0478), as
-- later versions do by themselves.
local limit = module:get_option_number("c2s_stanza_size_limit", 262144);

module:hook("stream-features", function (event)
	event.features:tag("limits", { xmlns = "urn:xmpp:stream-limits:0" })
		:text_tag("max-bytes", string.format("%d", limit)):up();
end);
