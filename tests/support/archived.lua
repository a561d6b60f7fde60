-- SPDX-License-Identifier: ISC
-- archived.lua FILE: each stanza of a prosody archive (its internal storage),
-- one a line, as XML, oldest first.
package.path = "/usr/lib/prosody/?.lua;" .. package.path
package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath
local stanza = require "util.stanza"

local file = assert(io.open(arg[1]))
local text = file:read("a")
file:close()
assert(load(text, arg[1], "t", { item = function(stored)
	local line = tostring(stanza.deserialize(stored)):gsub("\n", "&#10;")
	print(line)
end }))()
