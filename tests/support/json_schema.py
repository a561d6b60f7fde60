#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""json_schema.py VERB FILE: is FILE, lines that VERB printed with --json, what
the section JSON of man/xmpp-key.1 says? No field more and none less. With no
line at all it fails too: that shows nothing.
"""
import json
import re
import sys


def schema_of(verb):
    """{"jid":...,("device":...)} as an object: null for what is any value,
    "?device" for what may be missing."""
    with open("man/xmpp-key.1", encoding="utf-8") as page:
        text = page.read().split(".Ss JSON")[1]
    text = re.search(r"\.Bd -literal\n(.*?)\.Ed", text, re.DOTALL).group(1)
    rows = re.sub(r"\n ", "", text).splitlines()
    for row in rows:
        verbs, fields = row.split(": ", 1)
        if verb in verbs.split(", "):
            fields = re.sub(r'\("(\w+)":\.\.\.\)', r'"?\1":null', fields)
            fields = fields.replace("[...]", "[]").replace("...", "null")
            return json.loads(fields)
    sys.exit(f"man/xmpp-key.1 says nothing of {verb} --json")


def compare(schema, value, where):
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            sys.exit(f"{where}: no object")
        for name in schema:
            if name not in value and not name.startswith("?"):
                sys.exit(f"{where}: {name} is missing")
        for name in value:
            if name not in schema and "?" + name not in schema:
                sys.exit(f"{where}: {name} is not in the manual")
            compare(schema.get(name), value[name], f"{where}: {name}")
    elif isinstance(schema, list):
        if not isinstance(value, list):
            sys.exit(f"{where}: no list")
        for item in value:
            compare(schema[0] if schema else None, item, where)


def main():
    verb, path = sys.argv[1:]
    schema = schema_of(verb)
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    if not rows:
        sys.exit(f"{verb}: nothing was printed")
    for row in rows:
        compare(schema, row, verb)


main()
