#!/bin/sh
# SPDX-License-Identifier: ISC
# PROTOCOL.md's index of messages is the one that ipc/messages.c gives.
"$O/test/protocol_index" PROTOCOL.md >"$T/new" || exit 1
diff -u PROTOCOL.md "$T/new" && exit 0
echo "PROTOCOL.md is stale: make PROTOCOL.md"
exit 1
