#!/bin/bash
# SPDX-License-Identifier: ISC
# A strict peer, python-omemo, that checks all it gets against the XEPs'
# schemas, on prosody.
# seconds: 300
SERVER=prosody
. "$LAB/lib.sh"
. "$LAB/strict.sh"
strict omemo:1
strict omemo:2
in_world "both versions" versions
in_world "two of ours" two_of_ours
