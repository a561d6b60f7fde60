# SPDX-License-Identifier: ISC
"""The processes of the chaos test: a server, an agent for each person, clients
that are driven through pipes. Everything is ended by its process id, and every
wait has a bound."""
import fcntl
import json
import os
import select
import signal
import subprocess
import time

PORT = 15222
LAB, BUILD, T = os.environ["LAB"], os.environ["O"], os.environ["T"]
PASSPHRASE = "correct horse battery staple"
HOSTS = {"juliet": "capulet.lit", "romeo": "montague.lit"}


class Failure(Exception):
    """The test has failed, and why."""


def wait(seconds, what, done, step=None):
    """Until done() is true; step() may move things. Or fail."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise Failure(f"after {seconds} s still not: {what}")
        if step:
            step()
        else:
            time.sleep(0.02)


def jid(person):
    return f"{person}@{HOSTS[person]}"


def environment(person):
    home = f"{T}/{person}"
    return dict(os.environ, HOME=home, XDG_STATE_HOME=f"{home}/state",
                XDG_CONFIG_HOME=f"{home}/config", XDG_RUNTIME_DIR=f"{home}/run",
                XMPP_AGENT_SOCK=f"{home}/run/agent.sock")


def write_file(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text + "\n")


class Server:
    """prosody; the first start makes its accounts, all later ones do not."""

    def __init__(self):
        self.wire = f"{T}/wire.log"
        env = dict(os.environ, ARCHIVE="sql", WIRE_LOG=self.wire,
                   WIRE_MODULES=os.path.dirname(os.path.realpath(__file__)))
        done = subprocess.run(["bash", f"{LAB}/prosody.sh", f"{T}/prosody",
                               str(PORT)], env=env, capture_output=True,
                              text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise Failure("prosody: " + done.stdout + done.stderr)
        with open(f"{T}/prosody/pid", encoding="ascii") as f:
            self.pid = int(f.read())
        self.proc = None

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        if self.proc:
            self.proc.wait(10)
        else:
            wait(10, "prosody gone", lambda: not is_alive(self.pid))

    def start(self):
        with open(f"{T}/prosody/run/stdout", "ab") as out:
            self.proc = subprocess.Popen(
                ["prosody", "--config", f"{T}/prosody/prosody.cfg.lua", "-F"],
                env=dict(os.environ, HOME=f"{T}/prosody/run"), stdout=out,
                stderr=out, stdin=subprocess.DEVNULL)
        self.pid = self.proc.pid


class Agent:
    """One person's agent, which unlocks itself whenever it starts anew."""

    def __init__(self, person):
        self.person, self.env = person, environment(person)
        os.makedirs(f"{T}/{person}/run", 0o700, exist_ok=True)
        write_file(f"{T}/passphrase", PASSPHRASE)
        write_file(f"{T}/{person}.pw", f"secret-{person}")
        self.start()
        self.key("create", jid(person), "--passphrase-file",
                 f"{T}/passphrase", "--others", "trust")

    def start(self):
        with open(f"{T}/{self.person}-agent.err", "ab") as err:
            self.proc = subprocess.Popen(
                [f"{BUILD}/xmpp-agent", "-D", "-a", self.env["XMPP_AGENT_SOCK"],
                 "--passphrase-file", f"{T}/passphrase"], env=self.env,
                stdout=subprocess.PIPE, stderr=err, stdin=subprocess.DEVNULL)
        if not select.select([self.proc.stdout], [], [], 20)[0]:
            raise Failure(f"the agent of {self.person} does not start")

    def key(self, *arguments):
        done = subprocess.run([f"{BUILD}/xmpp-key", *arguments], env=self.env,
                              capture_output=True, text=True, timeout=60,
                              check=False)
        if done.returncode != 0:
            raise Failure(f"xmpp-key {arguments}: {done.stderr}")
        return done.stdout


class Client:
    """xmpp-chat --json under a name; handler(client, event) gets its events."""

    def __init__(self, person, letter, handler):
        self.person, self.jid = person, jid(person)
        self.name = f"{person}-{letter}"
        self.handler = handler
        self.proc, self.rest, self.starts = None, b"", 0
        self.online = self.caught_up = False

    def start(self):
        with open(f"{T}/{self.name}.err", "ab") as err:
            self.proc = subprocess.Popen(
                [f"{BUILD}/xmpp-chat", "--json", "--host", "127.0.0.1",
                 "--port", str(PORT), "--ca-file", f"{T}/prosody/ca.pem",
                 "--password-file", f"{T}/{self.person}.pw", "--name",
                 self.name, self.jid], env=environment(self.person),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
                bufsize=0)
        for pipe in (self.proc.stdin, self.proc.stdout):
            fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_NONBLOCK)
        self.rest = b""
        self.online = self.caught_up = False
        self.starts += 1

    def say(self, command):
        """One line, whole or not at all. Was it taken?"""
        line = json.dumps(command).encode() + b"\n"
        if len(line) > select.PIPE_BUF:
            raise Failure("a line that a pipe may tear")
        try:
            return os.write(self.proc.stdin.fileno(), line) == len(line)
        except (BlockingIOError, BrokenPipeError):
            return False

    def read(self):
        """What it has printed since. False: its output has ended."""
        while True:
            try:
                data = os.read(self.proc.stdout.fileno(), 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            *lines, self.rest = (self.rest + data).split(b"\n")
            for line in lines:
                self.event(json.loads(line))

    def event(self, event):
        if event["event"] in ("online", "offline", "locked"):
            self.online = event["event"] == "online"
        if event["event"] == "caught-up":
            self.caught_up = True
        self.handler(self, event)

    def hang_up(self):
        """No more commands: it ends when nothing is left to be done."""
        self.proc.stdin.close()
        self.proc.stdin = None

    def ended(self):
        """It has ended and all of its output has been read."""
        return self.proc.poll() is not None and not self.read()

    def last_words(self):
        """The end of what it has said of errors, in all of its lives."""
        with open(f"{T}/{self.name}.err", encoding="utf-8") as err:
            return "; ".join(err.read().splitlines()[-3:])

    def close(self):
        self.proc.stdout.close()
        if self.proc.stdin:
            self.proc.stdin.close()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def process(pid):
    """(parent, arguments) of a process, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            parent = int(f.read().rsplit(")", 1)[1].split()[1])
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
            return parent, f.read().split("\0")
    except OSError:
        return None


def roles():
    """{role: [pid]} of our processes in this world, by their arguments."""
    found = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        known = process(pid)
        if not known or not is_alive(pid):
            continue
        parent, arguments = known
        name = os.path.basename(arguments[0])
        inner = arguments[2] if arguments[1:2] == ["-x"] else ""
        if name == "xmpp-agent" and inner == "keeper":
            found.setdefault("keeper", []).append(pid)
            found.setdefault("launcher", []).append(parent)
        elif name == "xmpp-agent-store":
            found.setdefault("store", []).append(pid)
        elif name == "xmpp-agent-parser":
            found.setdefault("parser", []).append(pid)
        elif name == "xmpp-net":
            found.setdefault("net", []).append(pid)
        elif name == "xmpp-chat":
            role = "front" if inner == "front" else "starter"
            found.setdefault(role, []).append(pid)
    return found
