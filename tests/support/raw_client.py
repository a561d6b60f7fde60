#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""raw_client.py [-i NODE | -b NODE | -p NODE | -x NODE] JID PASSWORD PORT CA: a
contact that sends what no client would.

Logs in at 127.0.0.1 (STARTTLS verified, SASL PLAIN, bind), sends each line of
standard input as it is ("%N%TEXT%" stands for N times TEXT), and ends when the
server has answered a last ping: then it has handled all of them. With -i it
first asks for that PEP node and prints the ids of its devices, with -b those
of its items, with -p what its item holds, with -x the item as it is.
"""
import base64
import re
import socket
import ssl
import sys


class Stream:
    def __init__(self, jid, port, ca):
        self.domain = jid.split("@")[1]
        self.sock = socket.create_connection(("127.0.0.1", int(port)), 10)
        self.sock.settimeout(20)
        self.context = ssl.create_default_context(cafile=ca)
        self.data = b""

    def send(self, text):
        self.sock.sendall(text.encode())

    def until(self, pattern):
        """Read until the pattern is there, and it; what came before is
        dropped."""
        while not (found := re.search(pattern.encode(), self.data, re.DOTALL)):
            more = self.sock.recv(65536)
            if not more:
                sys.exit("the server ended the stream: " +
                         self.data[-300:].decode(errors="replace"))
            self.data += more
        self.data = self.data[found.end():]
        return found.group().decode()

    def open(self):
        self.data = b""
        self.send("<?xml version='1.0'?><stream:stream to='%s' version='1.0' "
                  "xmlns='jabber:client' "
                  "xmlns:stream='http://etherx.jabber.org/streams'>" %
                  self.domain)
        self.until("</stream:features>")

    def login(self, jid, password):
        self.open()
        self.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        self.until("<proceed")
        self.sock = self.context.wrap_socket(self.sock,
                                             server_hostname=self.domain)
        self.open()
        secret = "\0%s\0%s" % (jid.split("@")[0], password)
        self.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
                  "mechanism='PLAIN'>%s</auth>" %
                  base64.b64encode(secret.encode()).decode())
        self.until("<success")
        self.open()
        self.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:"
                  "ns:xmpp-bind'><resource>raw</resource></bind></iq>")
        self.until("</bind>")


    def items(self, node):
        self.send("<iq type='get' id='items'><pubsub xmlns='http://jabber.org/"
                  "protocol/pubsub'><items node='%s'/></pubsub></iq>" % node)
        return self.until("<iq[^>]*id='items'.*?</iq>|"
                          "<iq[^>]*id=\"items\".*?</iq>")


def main():
    how = sys.argv.pop(1) if sys.argv[1] in ("-i", "-b", "-p", "-x") else None
    node = sys.argv.pop(1) if how else None
    jid, password, port, ca = sys.argv[1:]
    stream = Stream(jid, port, ca)
    stream.login(jid, password)
    answer = stream.items(node) if how else ""
    if how == "-i":
        print(*re.findall(r"<device [^>]*id=['\"](\d+)", answer))
    elif how == "-b":
        print(*re.findall(r"<item [^>]*id=['\"](\d+)", answer))
    elif how == "-p":
        print(re.search(r"<item\b[^>]*>(.*)</item>", answer, re.S).group(1))
    elif how == "-x":
        print(re.search("<item[ >].*</item>", answer, re.S).group())
    for line in sys.stdin:
        stream.send(re.sub(r"%(\d+)%([^%]*)%",
                           lambda m: m.group(2) * int(m.group(1)),
                           line.rstrip("\n")))
    stream.send("<iq type='get' id='last-ping' to='%s'>"
                "<ping xmlns='urn:xmpp:ping'/></iq>" % stream.domain)
    stream.until("last-ping")
    stream.send("</stream:stream>")


main()
