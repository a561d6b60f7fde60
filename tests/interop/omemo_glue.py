# SPDX-License-Identifier: ISC
"""python-omemo's session manager over slixmpp: PEP, messages, a file. Used by
omemo_bot.py. What is fetched is checked before it is used."""
import json
import os
import secrets
import xml.etree.ElementTree as ET
from datetime import datetime, timezone

import oldmemo.etree
import omemo
import twomemo.etree
from slixmpp.exceptions import IqError, IqTimeout

import omemo_strict as strict
from omemo_strict import CLIENT, EME, HINTS, NEW, OLD, SCE

ETREE = {OLD: oldmemo.etree, NEW: twomemo.etree}
LIST_NODE = {OLD: OLD + ".devicelist", NEW: NEW + ":devices"}
LIST_NAME = {OLD: "list", NEW: "devices"}
PUBSUB = "http://jabber.org/protocol/pubsub"
FALLBACK = "This is an OMEMO encrypted message."


def bundle_place(ns, device):
    """The node, and the id of the item in it."""
    if ns == OLD:
        return "%s.bundles:%d" % (OLD, device), "current"
    return NEW + ":bundles", str(device)


def list_read(element):
    """Device ids and labels. Not the library's: that knows the schema of an
    older OMEMO 2, without empty lists and signed labels."""
    strict.device_list(element)
    return {int(el.get("id")): el.get("label") for el in element}


class FileStorage(omemo.Storage):
    def __init__(self, path):
        super().__init__(True)
        self.path = path
        self.data = {}
        if os.path.exists(path):
            with open(path, encoding="utf8") as f:
                self.data = json.load(f)

    def write(self):
        with open(self.path + ".new", "w", encoding="utf8") as f:
            json.dump(self.data, f)
        os.rename(self.path + ".new", self.path)

    async def _load(self, key):
        if key in self.data:
            return omemo.Just(self.data[key])
        return omemo.Nothing()

    async def _store(self, key, value):
        self.data[key] = value
        self.write()

    async def _delete(self, key):
        if self.data.pop(key, None) is not None:
            self.write()


def message_build(client, to, elements, text):
    """The stanza for these elements; without a text an empty one."""
    stanza = client.make_message(mto=to, mtype="chat")
    spaces = [el.tag[1:].partition("}")[0] for el in elements]
    for el in elements:
        stanza.xml.append(el)
    eme = ET.SubElement(stanza.xml, "{%s}encryption" % EME)
    eme.set("namespace", spaces[0])
    ET.SubElement(stanza.xml, "{%s}store" % HINTS)
    if text and OLD in spaces:
        ET.SubElement(stanza.xml, "{%s}body" % CLIENT).text = FALLBACK
    return stanza


def envelope_build(text, sender, to):
    root = ET.Element("{%s}envelope" % SCE)
    content = ET.SubElement(root, "{%s}content" % SCE)
    ET.SubElement(content, "{%s}body" % CLIENT).text = text
    ET.SubElement(root, "{%s}rpad" % SCE).text = \
        secrets.token_urlsafe(secrets.randbelow(150))
    ET.SubElement(root, "{%s}time" % SCE).set(
        "stamp", datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    ET.SubElement(root, "{%s}to" % SCE).set("jid", to)
    ET.SubElement(root, "{%s}from" % SCE).set("jid", sender)
    return ET.tostring(root)


def manager_class(client, say):
    """A class, because python-omemo calls these before there is an object."""
    own = client.boundjid.bare

    def form_build(kind, many):
        form = client["xep_0004"].make_form(ftype="submit")
        form.add_field("FORM_TYPE", "hidden", value="%s#%s" % (PUBSUB, kind))
        form.add_field("pubsub#persist_items", value="true")
        form.add_field("pubsub#access_model", value="open")
        if many:
            form.add_field("pubsub#max_items", value="max")
        return form

    async def configure(node):
        for more in (1, 1, 0):  # two devices at once are too many for it
            try:
                form = form_build("node_config", True)
                await client["xep_0060"].set_node_config(own, node, form,
                                                         timeout=20)
                return
            except IqError as e:
                if not more or e.condition != "internal-server-error":
                    raise

    async def publish(node, item, payload, many=False):
        try:
            await client["xep_0060"].publish(
                own, node, id=item, payload=payload, timeout=20,
                options=form_build("publish-options", many))
        except IqError as e:
            # ejabberd 23.01 knows no number of items among these options; a
            # node made without holds one, and another device's would go
            if not many or e.condition != "resource-constraint":
                raise
            try:
                await configure(node)
                await publish(node, item, payload)
            except IqError as e2:
                if e2.condition != "item-not-found":
                    raise
                await publish(node, item, payload)
                await configure(node)

    async def fetch(jid, node, item, tag):
        """The payload; None: there is none."""
        try:
            answer = await client["xep_0060"].get_items(
                jid, node, item_ids=[item], timeout=20)
        except IqError as e:
            if e.condition == "item-not-found":
                return None
            raise
        found = answer.xml.find(".//{%s}item[@id='%s']" % (PUBSUB, item))
        if found is None:
            return None
        element = found.find(tag)
        strict.require(element is not None, "%s of %s: no %s in it" %
                       (node, jid, tag))
        return element

    class Manager(omemo.SessionManager):
        @staticmethod
        async def _upload_bundle(bundle):
            node, item = bundle_place(bundle.namespace, bundle.device_id)
            element = ETREE[bundle.namespace].serialize_bundle(bundle)
            try:
                await publish(node, item, element, bundle.namespace == NEW)
            except (IqError, IqTimeout) as e:
                raise omemo.BundleUploadFailed(str(e)) from e

        @staticmethod
        async def _download_bundle(namespace, bare_jid, device_id):
            node, item = bundle_place(namespace, device_id)
            tag = "{%s}bundle" % namespace
            try:
                element = await fetch(bare_jid, node, item, tag)
                if element is None:
                    raise omemo.BundleNotFound("%s %s" % (bare_jid, node))
                strict.bundle(element)
                return ETREE[namespace].parse_bundle(element, bare_jid,
                                                     device_id)
            except strict.Invalid as e:
                say("invalid", what="bundle", sender=bare_jid, why=str(e))
                raise omemo.BundleDownloadFailed(str(e)) from e
            except (IqError, IqTimeout) as e:
                raise omemo.BundleDownloadFailed(str(e)) from e

        @staticmethod
        async def _delete_bundle(namespace, device_id):
            node, item = bundle_place(namespace, device_id)
            try:
                await client["xep_0060"].retract(own, node, item, timeout=20)
            except IqError as e:
                if e.condition != "item-not-found":
                    raise omemo.BundleDeletionFailed(str(e)) from e

        @staticmethod
        async def _upload_device_list(namespace, device_list):
            element = ETREE[namespace].serialize_device_list(device_list)
            try:
                await publish(LIST_NODE[namespace], "current", element)
            except (IqError, IqTimeout) as e:
                raise omemo.DeviceListUploadFailed(str(e)) from e

        @staticmethod
        async def _download_device_list(namespace, bare_jid):
            tag = "{%s}%s" % (namespace, LIST_NAME[namespace])
            try:
                element = await fetch(bare_jid, LIST_NODE[namespace],
                                      "current", tag)
                if element is None:
                    return {}
                return list_read(element)
            except strict.Invalid as e:
                say("invalid", what="list", sender=bare_jid, why=str(e))
                raise omemo.DeviceListDownloadFailed(str(e)) from e
            except (IqError, IqTimeout) as e:
                raise omemo.DeviceListDownloadFailed(str(e)) from e

        async def _evaluate_custom_trust_level(self, device):
            return {"trusted": omemo.TrustLevel.TRUSTED,
                    "distrusted": omemo.TrustLevel.DISTRUSTED,
                    "undecided": omemo.TrustLevel.UNDECIDED,
                    }[device.trust_level_name]

        async def _make_trust_decision(self, undecided, identifier):
            for device in undecided:  # blindly, and says so
                await self.set_trust(device.bare_jid, device.identity_key,
                                     "trusted")
                say("trusted", jid=device.bare_jid, device=device.device_id,
                    fingerprint=fingerprint(device.identity_key))

        @staticmethod
        async def _send_message(message, bare_jid):
            element = ETREE[message.namespace].serialize_message(message)
            message_build(client, bare_jid, [element], None).send()
            say("sent-empty", to=bare_jid, namespace=message.namespace)

    return Manager


def fingerprint(identity_key):
    return "".join(omemo.SessionManager.format_identity_key(identity_key))
