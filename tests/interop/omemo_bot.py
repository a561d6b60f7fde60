#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""omemo_bot.py DIR JID PASSWORD PORT CA NAMESPACES: a strict OMEMO peer.

A client on python-omemo, -oldmemo, -twomemo and slixmpp, none of them ours.
Logs in at 127.0.0.1:PORT (STARTTLS, verified with CA), keeps its state in
DIR, speaks the NAMESPACES (omemo:1, omemo:2 or both with a comma between,
the preferred one first). Checks every list, bundle and message that it gets
(omemo_strict.py): what is not as its XEP says is an event "invalid".

Commands, a JSON object a line: {"command":"send","to","body","ref"
[,"namespace"]}, {"command":"replace","jid"} (new sessions with all devices),
{"command":"refresh","jid"} (ask for the lists), {"command":"quit"}. Events,
a JSON object a line: online, received, empty, sent, sent-empty, trusted, list,
replaced, refreshed, not-for-us, invalid, error.
"""
import asyncio
import json
import os
import sys
import xml.etree.ElementTree as ET

import oldmemo
import omemo
import slixmpp
import twomemo
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath
from xmlschema import XMLSchemaValidationError

import omemo_glue as glue
import omemo_strict as strict
from omemo_strict import CLIENT, NEW, OLD

NAMES = {"omemo:1": OLD, "omemo:2": NEW}
SHORT = {ns: name for name, ns in NAMES.items()}
EVENT = "http://jabber.org/protocol/pubsub#event"
FORWARDED = "{urn:xmpp:forward:0}forwarded/{%s}message" % CLIENT


def say(event, **fields):
    if "namespace" in fields:
        fields["namespace"] = SHORT.get(fields["namespace"])
    print(json.dumps({"event": event, **fields}), flush=True)


class Bot(slixmpp.ClientXMPP):
    def __init__(self, home, jid, password, ca, spaces):
        super().__init__(jid + "/" + os.path.basename(home), password)
        self.ca_certs = ca
        self.spaces = spaces
        self.storage = glue.FileStorage(os.path.join(home, "omemo.json"))
        self.manager = None
        self.device = None
        self.seen = set()
        self.quitting = False
        self.work = asyncio.Queue()  # one thing after the other
        self.tasks = []  # kept: the loop alone does not hold them
        for plugin in ("xep_0004", "xep_0030", "xep_0060", "xep_0115",
                       "xep_0163", "xep_0280"):
            self.register_plugin(plugin)
        for ns in spaces:
            self["xep_0163"].add_interest(glue.LIST_NODE[ns])
        self.add_event_handler("session_start", self.begin)
        self.add_event_handler("failed_auth", lambda _: self.end("auth"))
        self.add_event_handler("disconnected", self.end)
        self.register_handler(Callback(
            "all messages", MatchXPath("{%s}message" % CLIENT),
            lambda m: self.work.put_nowait((self.on_message, m.xml))))

    def end(self, reason):
        if not self.quitting:
            say("error", why="disconnected: %s" % reason)
        self.loop.stop()

    async def begin(self, _):
        make = {OLD: oldmemo.Oldmemo, NEW: twomemo.Twomemo}
        self.manager = await glue.manager_class(self, say).create(
            [make[ns](self.storage) for ns in self.spaces], self.storage,
            self.boundjid.bare, None, "undecided")
        await self["xep_0280"].enable()
        await self.manager.after_history_sync()
        own, _ = await self.manager.get_own_device_information()
        self.device = own.device_id
        self.tasks.append(asyncio.ensure_future(self.worker()))
        # a server that checks the hash (ejabberd) wants it of now
        await self["xep_0115"].update_caps(broadcast=False)
        self.send_presence()
        say("online", jid=self.boundjid.bare, device=own.device_id,
            fingerprint=glue.fingerprint(own.identity_key))

    async def worker(self):
        while True:
            handler, argument = await self.work.get()
            try:
                await handler(argument)
            except strict.Invalid as e:
                say("invalid", what="message", why=str(e))
            except XMLSchemaValidationError as e:
                say("invalid", what="message", why="library: %s" % e.reason)
            except Exception as e:  # pylint: disable=broad-except
                say("error", why="%s: %s" % (type(e).__name__, e))

    # --- what comes ------------------------------------------------------

    async def on_message(self, xml):
        sender = slixmpp.JID(xml.get("from", self.boundjid.bare)).bare
        items = xml.find("{%s}event/{%s}items" % (EVENT, EVENT))
        if items is not None:
            await self.on_items(items, sender)
            return
        copy = None
        for kind in ("sent", "received"):
            inner = xml.find("{urn:xmpp:carbons:2}%s/%s" % (kind, FORWARDED))
            if inner is not None and sender == self.boundjid.bare:
                xml, copy = inner, kind
                sender = slixmpp.JID(inner.get("from")).bare
        found = [el for ns in self.spaces
                 for el in xml.findall("{%s}encrypted" % ns)]
        if not found or (sender, xml.get("id")) in self.seen:
            return  # what goes to one's own account comes twice
        self.seen.add((sender, xml.get("id")))
        strict.message(xml)
        for element in found:
            await self.on_encrypted(element, sender, xml, copy)

    async def on_items(self, items, sender):
        for ns in self.spaces:
            if items.get("node") != glue.LIST_NODE[ns]:
                continue
            name = "{%s}%s" % (ns, glue.LIST_NAME[ns])
            for element in items.findall("{%s}item/%s" % (EVENT, name)):
                devices = glue.list_read(element)
                await self.manager.update_device_list(ns, sender, devices)
                say("list", jid=sender, namespace=ns, devices=list(devices))

    async def on_encrypted(self, element, sender, xml, copy):
        ns = element.tag[1:].partition("}")[0]
        own = self.boundjid.bare
        if ns == OLD:
            message = await oldmemo.etree.parse_message(
                element, sender, own, self.manager)
        else:
            message = twomemo.etree.parse_message(element, sender)
        try:
            text, device, _ = await self.manager.decrypt(message)
        except omemo.MessageNotForUs:
            say("not-for-us", sender=sender, namespace=ns)
            return
        fields = {"sender": sender, "namespace": ns, "copy": copy,
                  "kex": any(kex for key, kex in message.keys if
                             key.device_id == self.device),
                  "to": slixmpp.JID(xml.get("to")).bare,
                  "device": device.device_id, "id": xml.get("id"),
                  "trust": device.trust_level_name,
                  "fingerprint": glue.fingerprint(device.identity_key)}
        if text is None:
            say("empty", **fields)
            return
        body = text.decode() if ns == OLD \
            else strict.envelope(text, sender)
        say("received", body=body, **fields)

    # --- what is to be done ----------------------------------------------

    async def on_send(self, command):
        to, body = command["to"], command["body"]
        order = [NAMES[command["namespace"]]] if "namespace" in command \
            else self.spaces
        own = self.boundjid.bare
        if not await self.manager.get_device_information(to):
            for ns in self.spaces:  # no event yet, while they are away
                await self.manager.refresh_device_list(ns, to)
        messages, errors = await self.manager.encrypt(
            frozenset({to, own}),
            {OLD: body.encode(), NEW: glue.envelope_build(body, own, to)},
            order)
        for error in errors:
            say("error", why="%s %d: %s" % (error.bare_jid, error.device_id,
                                            error.exception))
        for message in messages:
            element = glue.ETREE[message.namespace].serialize_message(message)
            glue.message_build(self, to, [element], body).send()
            say("sent", ref=command.get("ref"), namespace=message.namespace,
                kex=any(kex for _, kex in message.keys),
                devices=[key.device_id for key, _ in message.keys])

    async def on_refresh(self, command):
        for ns in self.spaces:
            await self.manager.refresh_device_list(ns, command["jid"])
        say("refreshed", jid=command["jid"])

    async def on_replace(self, command):
        jid = command["jid"]
        for device in await self.manager.get_device_information(jid):
            errors = await self.manager.replace_sessions(device)
            say("replaced", jid=jid, device=device.device_id,
                errors=[str(e) for e in errors.values()])

    async def on_quit(self, _):
        self.quitting = True
        await self.disconnect()

    async def commands(self):
        reader = asyncio.StreamReader()
        await self.loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        table = {"send": self.on_send, "replace": self.on_replace,
                 "refresh": self.on_refresh, "quit": self.on_quit}
        while line := await reader.readline():
            command = json.loads(line)
            await self.work.put((table[command["command"]], command))
        await self.work.put((self.on_quit, None))


def main():
    home, jid, password, port, ca, names = sys.argv[1:]
    os.makedirs(home, exist_ok=True)
    for ns, prefix in ((OLD, "old"), (NEW, "new")):
        ET.register_namespace(prefix, ns)
    bot = Bot(home, jid, password, ca,
              [NAMES[name] for name in names.split(",")])
    bot.connect(("127.0.0.1", int(port)))
    bot.tasks.append(asyncio.ensure_future(bot.commands(), loop=bot.loop))
    bot.loop.run_forever()
    sys.exit(0 if bot.quitting else 1)


if __name__ == "__main__":
    main()
