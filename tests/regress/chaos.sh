#!/bin/bash
# SPDX-License-Identifier: ISC
# seconds: 600
# 200 kills of every role at random moments while two people with two clients
# each write to one another: nothing lost, nothing doubled, no key used twice,
# no session made anew (tests/chaos).
exec python3 "$LAB/../chaos/chaos.py" -n 200 -p 1.2
