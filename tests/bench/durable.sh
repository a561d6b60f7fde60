#!/bin/bash
# SPDX-License-Identifier: ISC
# make bench-durable: run inside a world, but with the state on a disk
# (/var/tmp), since what is measured is durability.
T=$(mktemp -d /var/tmp/xmpp-agent-bench.XXXXXX) || exit 1
trap 'rm -rf "$T"' EXIT
. "$LAB/lib.sh"
agent_start juliet
identity juliet juliet@capulet.lit
df --output=fstype,target "$T" | tail -n 1
in_home juliet "$O/bench/durable" juliet@capulet.lit "$T" || fail "durable"
agent_stop juliet
