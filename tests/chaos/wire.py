# SPDX-License-Identifier: ISC
"""What the server was sent, from the log of mod_wire_log.lua: was a message
key ever used twice, was a session ever made anew? It reads the wire with
nothing of the code under test."""
import base64
import xml.etree.ElementTree as ET

LEGACY = "{eu.siacs.conversations.axolotl}"
NEWER = "{urn:xmpp:omemo:2}"
VERSION = 0x33
MAC = 8


def fields(data):
    """The fields of a protobuf message, {number: value}."""
    out, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            octet = data[at]
            at += 1
            value |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            out[tag >> 3] = varint()
        elif tag & 7 == 2:
            length = varint()
            out[tag >> 3] = data[at:at + length]
            at += length
            if at > len(data):
                raise ValueError("a field that is cut off")
        else:
            raise ValueError(f"wire type {tag & 7}")
    return out


def versioned(data):
    if data[0] != VERSION:
        raise ValueError(f"version {data[0]:#x}")
    return data[1:]


class Wire:
    """ids: stanza ids seen; keys: (ratchet key, counter) to ciphertext."""

    def __init__(self):
        self.ids = set()
        self.keys = {}
        self.reused = []
        self.exchanges = {}  # (from, to device) to the base keys used
        self.torn = 0
        self.stanzas = 0

    def key(self, sender, rid, prekey, blob):
        if prekey:
            kex = fields(versioned(blob))
            self.exchanges.setdefault((sender, rid), set()).add(kex[2])
            blob = kex[4]
        inner = fields(versioned(blob)[:-MAC])
        self.use((inner[1], inner.get(2, 0)), blob)

    def newer_key(self, sender, rid, kex, blob):
        if kex:
            outer = fields(blob)
            self.exchanges.setdefault((sender, rid), set()).add(outer[4])
            blob = outer[5]
        inner = fields(fields(blob)[2])
        self.use((inner[3], inner[1]), blob)

    def use(self, name, blob):
        if self.keys.setdefault(name, blob) != blob:
            self.reused.append(name)

    def stanza(self, text):
        message = ET.fromstring(text)
        tags = {e.tag for e in message.iter() if e.tag.endswith("}encrypted")}
        if tags - {LEGACY + "encrypted", NEWER + "encrypted"}:
            raise ValueError(f"not understood: {tags}")
        for encrypted in message.iter(LEGACY + "encrypted"):
            header = encrypted.find(LEGACY + "header")
            for key in header.findall(LEGACY + "key"):
                self.key(header.get("sid"), key.get("rid"),
                         key.get("prekey") in ("true", "1"),
                         base64.b64decode(key.text, validate=True))
            self.stanzas += 1
            self.ids.add(message.get("id"))
        for encrypted in message.iter(NEWER + "encrypted"):
            header = encrypted.find(NEWER + "header")
            for key in header.iter(NEWER + "key"):
                self.newer_key(header.get("sid"), key.get("rid"),
                               key.get("kex") in ("true", "1"),
                               base64.b64decode(key.text, validate=True))
            self.stanzas += 1
            self.ids.add(message.get("id"))

    def read(self, path):
        """A line may be torn where the server was killed: counted."""
        with open(path, encoding="utf-8") as log:
            for line in log:
                try:
                    self.stanza(line.split(" ", 1)[1])
                except ET.ParseError:
                    self.torn += 1

    def resets(self):
        """Key exchanges beyond the first from a device to a device."""
        return sum(len(bases) - 1 for bases in self.exchanges.values())
