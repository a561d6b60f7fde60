# SPDX-License-Identifier: ISC
"""chaos.py [-n KILLS] [-s SEED] [-p SECONDS] [-k DIR]: inside a world
(tests/lab/world), two people with two clients each write to one another while
processes of every role are killed at random moments, the server too. Then all
is let settle, and what was sent is compared with what was read. The last line
has the figures; exit 0 only if nothing was lost, doubled, used twice or reset.
  -p  mean seconds between kills (1.5)
  -k  where to copy logs and events if it fails"""
import argparse
import collections
import json
import os
import random
import select
import shutil
import signal
import sys
import time

import wire
import world

ROLES = ["keeper", "store", "launcher", "net", "net", "front", "front",
         "starter", "server"]
FRONTS = ("front", "starter")
SETTLE = 150  # seconds for all to be done: the longest back-off is 60
CALM = 75  # seconds without any progress: no more will come
NOTICED = 3  # seconds after which the last kill's end has been read
SHARE = 0.25  # mean seconds between two messages of a client


class Drive:
    """Clients that write: what was told to whom, and what they have printed."""

    share = SHARE

    def __init__(self, rng, letters):
        self.random = rng
        self.log = open(f"{world.T}/chaos.log", "w", encoding="utf-8")
        self.began = time.monotonic()
        self.server = world.Server()
        self.agents = [world.Agent(person) for person in world.HOSTS]
        self.clients = [world.Client(person, letter, self.on_event)
                        for person in world.HOSTS for letter in letters]
        self.due = {}  # client to the time of its next message
        self.ends = 0  # of clients, while the others are being killed
        self.bodies = {}  # body to the client that was told to send it
        self.sent = {}  # id to the client that printed "sent"
        self.sender = {}  # id to the person whose message it is
        self.refs = {}  # ref to "sent" or the reason why not
        self.prints = collections.defaultdict(list)  # (client, id): events
        self.notices = []

    def note(self, text):
        print(f"{time.monotonic() - self.began:8.3f} {text}", file=self.log)

    # --- events -----------------------------------------------------------

    def on_event(self, client, event):
        kind = event["event"]
        self.note(f"{client.name} {json.dumps(event)}")
        if kind == "message":
            self.prints[client.name, event["id"]].append(event)
        elif kind == "sent":
            self.sent[event["id"]] = client.name
            self.sender[event["id"]] = client.person
            if event.get("ref"):
                self.refs[event["ref"]] = "sent"
        elif kind == "error":
            if event.get("ref"):
                self.refs[event["ref"]] = event["reason"]
        elif kind in ("notice", "unencrypted"):
            self.notices.append((client.name, event))

    def step(self, seconds=0.05):
        """Read what the clients print; start those again that have ended."""
        pipes = {c.proc.stdout: c for c in self.clients}
        for pipe in select.select(list(pipes), [], [], seconds)[0]:
            client = pipes[pipe]
            if client.read():
                continue
            # end of file: all of its processes are gone, or will be
            code = client.proc.wait(20)
            client.close()
            self.note(f"{client.name} ended: {code}")
            self.ends += 1
            client.start()

    # --- traffic ----------------------------------------------------------

    def talk(self, client):
        other = [p for p in world.HOSTS if p != client.person][0]
        ref = f"{client.name}-{len(self.bodies)}"
        body = ref + " " + "x" * self.random.choice([1, 20, 20, 200, 2500])
        if client.say({"command": "send", "to": world.jid(other),
                       "body": body, "ref": ref}):
            self.bodies[body] = client

    def talk_all(self):
        now = time.monotonic()
        for client in self.clients:
            if now >= self.due.get(client, 0):
                self.talk(client)
                self.due[client] = now + self.random.expovariate(1 / self.share)

    def everybody(self):
        """Start them; all online, all keys published."""
        for client in self.clients:
            client.start()
        world.wait(60, "everybody online",
                   lambda: all(c.online for c in self.clients), self.step)
        for agent in self.agents:
            agent.key("publish", world.jid(agent.person), "--host", "127.0.0.1",
                      "--port", str(world.PORT), "--ca-file",
                      f"{world.T}/prosody/ca.pem", "--password-file",
                      f"{world.T}/{agent.person}.pw")

    def missing(self, siblings=True):
        """(id, client) of what was sent and is to be shown and was not."""
        return [(ident, c) for ident, name in self.sent.items()
                for c in self.clients if c.name != name
                and (siblings or c.person != self.sender[ident])
                and not self.prints[c.name, ident]]


class Chaos(Drive):
    """The run, the kills, the judgement."""

    def __init__(self, options):
        super().__init__(random.Random(options.seed), "ab")
        self.options = options
        self.kills = collections.Counter()

    # --- kills ------------------------------------------------------------

    def kill(self):
        found = world.roles()
        found["server"] = [self.server.pid]
        role = self.random.choice([r for r in ROLES if found.get(r)])
        pid = self.random.choice(sorted(found[role]))
        self.note(f"kill {role} {pid}")
        if role == "server":
            self.server.kill()
            self.server.start()
        else:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return  # it has just gone with another: none was killed
        self.kills[role] += 1

    def run(self):
        self.everybody()
        bound = time.monotonic() + 60 + 10 * self.options.pause * \
            self.options.kills
        while self.kills.total() < self.options.kills:
            if time.monotonic() > bound:
                raise world.Failure(f"{self.kills.total()} kills, no more")
            pause = self.random.uniform(0.1, 2 * self.options.pause - 0.1)
            until = time.monotonic() + pause
            while time.monotonic() < until:
                self.talk_all()
                self.step()
            for agent in self.agents:
                if agent.proc.poll() is not None:
                    raise world.Failure(f"the agent of {agent.person} ended")
            self.kill()

    # --- the end ----------------------------------------------------------

    def settle(self):
        """All is let come to its end; then every client says, by leaving,
        that nothing is left, and in a second life that nothing comes twice."""
        end = time.monotonic() + SETTLE
        calm, left = time.monotonic(), None
        while time.monotonic() < end and time.monotonic() - calm < CALM:
            self.step()
            now = (len(self.sent), len(self.missing()), self.ends,
                   all(c.online for c in self.clients))
            if now != left:
                calm, left = time.monotonic(), now
            if now[3] and not now[1] and time.monotonic() - calm > NOTICED:
                break
        self.leave_all()
        for client in self.clients:
            client.start()
        world.wait(SETTLE, "everybody has read the archive",
                   lambda: all(c.caught_up for c in self.clients), self.step)
        self.leave_all()

    def leave_all(self):
        """End of input: a client ends when all is acknowledged and shown."""
        for client in self.clients:
            client.hang_up()
        for client in self.clients:
            world.wait(90, f"{client.name} has nothing left", client.ended)
            client.close()
            if client.proc.returncode != 0:
                raise world.Failure(f"{client.name} left with "
                                    f"{client.proc.returncode}: "
                                    f"{client.last_words()}")

    # --- the figures ------------------------------------------------------

    def judge_prints(self):
        """(lost, doubled, repeats) and a line for each that is not right."""
        missing = self.missing()
        lost, doubled, repeats, wrong = len(missing), 0, 0, []
        shown = collections.defaultdict(set)  # (client, body): ids
        copies = [ident for ident, client in missing
                  if self.sender[ident] == client.person]
        if copies:
            wrong.append(f"{len(copies)} of the lost are what a sibling sent")
        wrong += [f"lost: {ident} in {client.name}"
                  for ident, client in missing if ident not in copies]
        for (name, ident), events in self.prints.items():
            if events and self.sent.get(ident) == name:
                doubled += 1
                wrong.append(f"doubled: own {ident} in {name}")
            for event in events:
                shown[name, event["body"]].add(ident)
            for event in events[1:]:
                if event["again"]:
                    repeats += 1
                else:
                    doubled += 1
                    wrong.append(f"doubled: {ident} in {name}")
            lost += self.judge_event(name, ident, events, wrong)
        for (name, body), ids in shown.items():
            if len(ids) > 1:
                doubled += len(ids) - 1
                wrong.append(f"doubled: {body[:30]} as {ids} in {name}")
        return lost, doubled, repeats, wrong

    def judge_event(self, name, ident, events, wrong):
        """1 if what was shown is not what was told to be sent."""
        for event in events:
            teller = self.bodies.get(event["body"])
            sibling = teller and teller.person == name.split("-")[0]
            if not teller or event["from"] != teller.jid or \
                    (event["copy"] == "sibling") != bool(sibling):
                wrong.append(f"not as told: {ident} in {name}: {event}")
                return 1
        return 0

    def judge(self):
        lost, doubled, repeats, wrong = self.judge_prints()
        log = wire.Wire()
        log.read(self.server.wire)
        wrong += [f"key used twice: {n[0].hex()} {n[1]}" for n in log.reused]
        wrong += [f"made anew: {pair}: {len(bases)} key exchanges"
                  for pair, bases in log.exchanges.items() if len(bases) > 1]
        unseen = [i for i in self.sent if i not in log.ids]
        if unseen or log.torn > self.kills["server"] or not self.sent:
            wrong.append(f"the wire log is not whole: {len(unseen)} unseen, "
                         f"{log.torn} torn")
        wrong += [f"notice: {name} {event}" for name, event in self.notices
                  if "cannot be read" in event.get("text", "")]
        fronts = sum(self.kills[r] for r in FRONTS)
        if repeats > fronts:
            wrong.append(f"{repeats} repeats with {fronts} kills of fronts")
        print(f"seed {self.options.seed}; killed: "
              + ", ".join(f"{n} {r}" for r, n in sorted(self.kills.items()))
              + f"; clients ended unkilled: {self.ends - fronts}")
        print(f"{len(self.bodies)} told, {len(self.sent)} sent; wire: "
              f"{log.stanzas} stanzas, {len(log.keys)} message keys, "
              f"{len(log.exchanges)} sessions made; "
              f"{time.monotonic() - self.began:.0f} s")
        for line in wrong[:40]:
            print(line)
        print(f"{self.kills.total()} kills, {len(self.sent)} messages, "
              f"{lost} lost, {doubled} doubled, {len(log.reused)} keys "
              f"reused, {log.resets()} resets, {repeats} repeats")
        return not wrong and not (lost or doubled or log.reused
                                  or log.resets())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", dest="kills", type=int, default=200)
    parser.add_argument("-s", dest="seed", type=int,
                        default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("-p", dest="pause", type=float, default=1.5)
    parser.add_argument("-k", dest="keep")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    good = False
    chaos = None
    try:
        chaos = Chaos(options)
        chaos.run()
        chaos.settle()
    except world.Failure as failure:
        print(f"FAILED: {failure}")
    else:
        good = True
    if chaos:
        good = chaos.judge() and good
        chaos.log.close()
    if options.keep and not good:
        shutil.copytree(world.T, options.keep, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("*.sock"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
