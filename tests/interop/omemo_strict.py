# SPDX-License-Identifier: ISC
"""What an OMEMO element has to be: the schema in its XEP (schema/*.xsd), and
what the XEP's prose adds to it. Used by omemo_bot.py."""
import base64
import os
import xml.etree.ElementTree as ET

import xmlschema

OLD = "eu.siacs.conversations.axolotl"
NEW = "urn:xmpp:omemo:2"
SCE = "urn:xmpp:sce:1"
EME = "urn:xmpp:eme:0"
HINTS = "urn:xmpp:hints"
SID = "urn:xmpp:sid:0"
CLIENT = "jabber:client"

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schema")
SCHEMAS = {
    ns: xmlschema.XMLSchema(os.path.join(HERE, name + ".xsd"))
    for ns, name in ((OLD, "omemo-1"), (NEW, "omemo-2"), (SCE, "sce-1"),
                     (EME, "eme"), (HINTS, "hints"), (SID, "sid"))
}


class Invalid(Exception):
    pass


def require(true, why):
    if not true:
        raise Invalid(why)


def schema(element):
    """The element is as its namespace's schema says."""
    ns = element.tag[1:].partition("}")[0]
    error = next(SCHEMAS[ns].iter_errors(element), None)
    if error is not None:
        raise Invalid("%s: %s (%s)" % (element.tag, error.reason, error.path))


def octets(element):
    return base64.b64decode("".join((element.text or "").split()),
                            validate=True)


def identifier(text):
    require(text is not None and text.isdigit() and
            1 <= int(text) <= 2 ** 31 - 1, "an id of %r" % text)
    return int(text)


def device_list(element):
    schema(element)
    ids = [identifier(el.get("id")) for el in element]
    require(len(ids) == len(set(ids)), "a device is twice in its list")


def public_key(element, form):
    data = octets(element)
    if form == OLD:
        require(len(data) == 33 and data[0] == 5,
                "%s: not 33 octets that begin with 5" % element.tag)
    else:
        require(len(data) == 32, "%s: not 32 octets" % element.tag)


BUNDLE = {  # signed prekey, its id, signature, identity, prekey, its id
    OLD: ("signedPreKeyPublic", "signedPreKeyId", "signedPreKeySignature",
          "identityKey", "preKeyPublic", "preKeyId"),
    NEW: ("spk", "id", "spks", "ik", "pk", "id"),
}


def bundle(element):
    schema(element)
    ns = element.tag[1:].partition("}")[0]
    spk, spkid, signature, identity, pk, pkid = BUNDLE[ns]

    def find(name):
        return element.find("{%s}%s" % (ns, name))
    identifier(find(spk).get(spkid))
    public_key(find(spk), ns)
    public_key(find(identity), ns)
    require(len(octets(find(signature))) == 64, "a signature's length")
    prekeys = list(element.iter("{%s}%s" % (ns, pk)))
    ids = [identifier(el.get(pkid)) for el in prekeys]
    require(len(ids) == len(set(ids)), "two prekeys with one id")
    require(len(ids) >= 80, "%d prekeys, and about 100 are asked for" %
            len(ids))
    for el in prekeys:
        public_key(el, ns)


def encrypted_old(element):
    header = element.find("{%s}header" % OLD)
    identifier(header.get("sid"))
    require(len(octets(header.find("{%s}iv" % OLD))) == 12, "the IV's length")
    seen = [identifier(el.get("rid")) for el in header.iter("{%s}key" % OLD)]
    require(len(seen) == len(set(seen)), "two keys for one device")


def encrypted_new(element):
    header = element.find("{%s}header" % NEW)
    identifier(header.get("sid"))
    people = [el.get("jid") for el in header]
    require(len(people) == len(set(people)), "two <keys> for one JID")
    require(all("/" not in jid for jid in people), "<keys> of a full JID")
    for keys in header:
        seen = [identifier(el.get("rid")) for el in keys]
        require(len(seen) == len(set(seen)), "two keys for one device")


def message(stanza):
    """A whole <message>: its encrypted elements and what goes with them."""
    elements = [el for ns in (OLD, NEW)
                for el in stanza.iter("{%s}encrypted" % ns)]
    spaces = set()
    for el in elements:
        schema(el)
        ns = el.tag[1:].partition("}")[0]
        require(ns not in spaces, "two elements of one namespace")
        spaces.add(ns)
        (encrypted_old if ns == OLD else encrypted_new)(el)
    for el in stanza:
        if el.tag[1:].partition("}")[0] in (EME, HINTS, SID):
            schema(el)
    eme = stanza.findall("{%s}encryption" % EME)
    require(len(eme) == 1, "%d EME elements" % len(eme))
    require(eme[0].get("namespace") in spaces, "EME of another namespace")
    require(stanza.find("{%s}store" % HINTS) is not None, "no store hint")
    require(stanza.get("type") == "chat", "not of type chat")
    has_payload = any(el.find("{%s}payload" % el.tag[1:].partition("}")[0])
                      is not None for el in elements)
    has_body = stanza.find("{%s}body" % CLIENT) is not None
    require(not has_body or has_payload, "a body without a payload")
    require(not has_body or OLD in spaces, "a body beside OMEMO 2")


def envelope(text, sender):
    """The text of an SCE envelope from this bare JID: its body, or None."""
    element = ET.fromstring(text)
    schema(element)
    require(element.find("{%s}rpad" % SCE) is not None, "no rpad")
    who = element.find("{%s}from" % SCE)
    require(who is not None and who.get("jid") == sender,
            "the envelope is not from %s" % sender)
    return element.findtext("{%s}content/{%s}body" % (SCE, CLIENT))
