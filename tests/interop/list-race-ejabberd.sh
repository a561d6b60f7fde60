#!/bin/bash
# SPDX-License-Identifier: ISC
# regress/list-race.sh, with ejabberd.
# seconds: 90
export SERVER=ejabberd
# shellcheck source=tests/regress/list-race.sh
. "${0%/*}/../regress/list-race.sh"
