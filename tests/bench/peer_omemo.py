#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""peer_omemo.py: the bench's peer python-omemo (python3-twomemo): one message
to 1,000 devices in OMEMO 2, in this process, stored in memory. Prints like
ours.c. Debian's packages belong to Debian's interpreter.
"""
import asyncio
import time

import twomemo
from omemo.storage import Just, Nothing, Storage

DEVICES = 1000


class Memory(Storage):
    def __init__(self):
        super().__init__(True)
        self.values = {}

    async def _load(self, key):
        return Just(self.values[key]) if key in self.values else Nothing()

    async def _store(self, key, value):
        self.values[key] = value

    async def _delete(self, key):
        self.values.pop(key, None)


async def main():
    ours = twomemo.Twomemo(Memory())
    theirs = twomemo.Twomemo(Memory())
    await theirs.generate_pre_keys(100)
    bundle = await theirs.get_bundle("romeo@montague.lit", 1)
    _, key = await ours.encrypt_plaintext(b"x" * 48)
    sessions = []
    for i in range(DEVICES):
        session, _ = await ours.build_session_active(
            "romeo@montague.lit", i + 1, bundle, key)
        sessions.append(session)
    began = time.perf_counter()
    _, key = await ours.encrypt_plaintext(b"x" * 48)
    for session in sessions:
        await ours.encrypt_key_material(session, key)
        await ours.store_session(session)
    print(f"fan seconds\t{time.perf_counter() - began:.6g}")


asyncio.run(main())
