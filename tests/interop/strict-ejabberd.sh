#!/bin/bash
# SPDX-License-Identifier: ISC
# A strict peer, python-omemo, that checks all it gets against the XEPs'
# schemas, on ejabberd.
# seconds: 180
SERVER=ejabberd
. "$LAB/lib.sh"
. "$LAB/strict.sh"
strict omemo:1
