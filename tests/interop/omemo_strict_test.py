#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""omemo_strict.py refuses what it has to: good elements pass, and each of
them with one thing wrong does not."""
import base64
import sys
import xml.etree.ElementTree as ET

import omemo_strict as strict
from omemo_strict import CLIENT, EME, HINTS, NEW, OLD, SCE

K33 = base64.b64encode(b"\5" + bytes(32)).decode()
K32 = base64.b64encode(bytes(32)).decode()
S64 = base64.b64encode(bytes(64)).decode()
IV = base64.b64encode(bytes(12)).decode()

LIST = "<list xmlns='%s'><device id='1'/><device id='2'/></list>" % OLD
DEVICES = "<devices xmlns='%s'><device id='1' label='a'/></devices>" % NEW
OLD_BUNDLE = ("<bundle xmlns='%s'><signedPreKeyPublic signedPreKeyId='1'>%s"
              "</signedPreKeyPublic><signedPreKeySignature>%s"
              "</signedPreKeySignature><identityKey>%s</identityKey><prekeys>"
              % (OLD, K33, S64, K33) + "".join(
                  "<preKeyPublic preKeyId='%d'>%s</preKeyPublic>" % (i, K33)
                  for i in range(1, 101)) + "</prekeys></bundle>")
NEW_BUNDLE = ("<bundle xmlns='%s'><spk id='1'>%s</spk><spks>%s</spks>"
              "<ik>%s</ik><prekeys>" % (NEW, K32, S64, K32) + "".join(
                  "<pk id='%d'>%s</pk>" % (i, K32) for i in range(1, 101)) +
              "</prekeys></bundle>")
OLD_MESSAGE = ("<message xmlns='%s' type='chat'><encrypted xmlns='%s'><header "
               "sid='5'><key rid='1'>AAAA</key><key rid='2' prekey='true'>AAAA"
               "</key><iv>%s</iv></header><payload>AAAA</payload></encrypted>"
               "<encryption xmlns='%s' namespace='%s'/><body>no</body>"
               "<store xmlns='%s'/></message>" %
               (CLIENT, OLD, IV, EME, OLD, HINTS))
NEW_MESSAGE = ("<message xmlns='%s' type='chat'><encrypted xmlns='%s'><header "
               "sid='5'><keys jid='a@b'><key rid='1' kex='true'>AAAA</key>"
               "</keys><keys jid='c@d'><key rid='1'>AAAA</key></keys></header>"
               "<payload>AAAA</payload></encrypted><encryption xmlns='%s' "
               "namespace='%s'/><store xmlns='%s'/></message>" %
               (CLIENT, NEW, EME, NEW, HINTS))
ENVELOPE = ("<envelope xmlns='%s'><content><body xmlns='%s'>x</body></content>"
            "<rpad>abc</rpad><from jid='a@b'/></envelope>" % (SCE, CLIENT))

ROWS = (  # check, the good one, what of it becomes what
    (strict.device_list, LIST, (
        ("id='2'", "id='1'"), ("id='2'", "id='0'"), ("id='2'", ""),
        ("id='2'", "id='x'"), ("id='2'", "id='2147483648'"),
        ("<device id='1'/><device id='2'/>", ""),
        ("<device id='2'/>", "<gadget id='2'/>"))),
    (strict.device_list, DEVICES, (("id='1'", ""), ("label", "tag"))),
    (strict.bundle, OLD_BUNDLE, (
        ("<identityKey>%s</identityKey><prekeys>" % K33, "<prekeys>"),
        ("<prekeys>", "<prekeys/><prekeys>"),
        ("signedPreKeyId='1'", ""), ("preKeyId='7'", "preKeyId='8'"),
        (K33 + "</identityKey>", K32 + "</identityKey>"),
        (S64, S64[4:]), ("preKeyId='7'", "preKeyId='0'"),
        ("<signedPreKeyPublic signedPreKeyId='1'>%s</signedPreKeyPublic>" %
         K33 + "<signedPreKeySignature>%s</signedPreKeySignature>" % S64 +
         "<identityKey>%s</identityKey>" % K33,
         "<identityKey>%s</identityKey>" % K33 +
         "<signedPreKeyPublic signedPreKeyId='1'>%s</signedPreKeyPublic>" %
         K33 + "<signedPreKeySignature>%s</signedPreKeySignature>" % S64))),
    (strict.bundle, NEW_BUNDLE, (
        ("<ik>%s</ik>" % K32, ""), ("<ik>" + K32, "<ik>" + K33),
        ("<spk id='1'>", "<spk>"), ("<pk id='7'>", "<pk id='8'>"))),
    (strict.message, OLD_MESSAGE, (
        ("rid='2'", "rid='1'"), ("rid='2'", ""), ("sid='5'", ""), (IV, "AAAA"),
        ("<iv>%s</iv>" % IV, ""), ("AAAA</payload>", "A</payload>"),
        ("<key rid='1'>AAAA</key>", "<key rid='1'>AAAA</key><iv>AAAA</iv>"),
        ("<payload>AAAA</payload>", ""), ("type='chat'", "type='normal'"),
        ("<store xmlns='%s'/>" % HINTS, ""), ("prekey='true'", "prekey='x'"),
        ("namespace='%s'" % OLD, "namespace='other'"))),
    (strict.message, NEW_MESSAGE, (
        ("jid='c@d'", "jid='a@b'"), ("jid='c@d'", "jid='c@d/e'"),
        ("jid='c@d'", ""), ("sid='5'", ""), ("kex='true'", "kex='maybe'"),
        ("<store ", "<body>in clear</body><store "),
        ("<payload>", "<payload/><payload>"))),
    (lambda el: strict.envelope(ET.tostring(el), "a@b"), ENVELOPE, (
        ("<rpad>abc</rpad>", ""), ("<from jid='a@b'/>", ""),
        ("a@b", "c@d"), ("<from ", "<from/><from "),
        ("<content>", "<content/><content>"))),
)


def refused(check, text):
    try:
        check(ET.fromstring(text))
    except strict.Invalid:
        return True
    return False


def main():
    rows = 0
    for check, good, changes in ROWS:
        if refused(check, good):
            sys.exit("refused, and it is good: " + good[:300])
        for old, new in changes:
            rows += 1
            if old not in good:
                sys.exit("not in it: " + old)
            if not refused(check, good.replace(old, new, 1)):
                sys.exit("not refused: %r instead of %r" % (new, old))
    print("%d bad elements are refused" % rows)


if __name__ == "__main__":
    main()
