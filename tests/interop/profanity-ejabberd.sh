#!/bin/bash
# SPDX-License-Identifier: ISC
# profanity.sh, with ejabberd between the two.
# seconds: 180
export SERVER=ejabberd
# shellcheck source=tests/interop/profanity.sh
. "${0%/*}/profanity.sh"
