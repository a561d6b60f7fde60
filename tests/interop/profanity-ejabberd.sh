#!/bin/bash
# SPDX-License-Identifier: ISC
# profanity.sh, with ejabberd between the two.
# seconds: 180
SERVER=ejabberd
. /mnt/tree/tests/interop/profanity.sh
