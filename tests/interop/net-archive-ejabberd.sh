#!/bin/bash
# SPDX-License-Identifier: ISC
# regress/net-archive.sh, with ejabberd.
# seconds: 120
export SERVER=ejabberd
# shellcheck source=tests/regress/net-archive.sh
. "${0%/*}/../regress/net-archive.sh"
