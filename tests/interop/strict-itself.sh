#!/bin/bash
# SPDX-License-Identifier: ISC
# The strict peer's own checks refuse what they have to.
exec env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 \
	/mnt/tree/tests/interop/omemo_strict_test.py
