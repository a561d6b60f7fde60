#!/bin/bash
# SPDX-License-Identifier: ISC
# Both versions of OMEMO in one stanza: Romeo has profanity (0.3.0) and an
# agent of ours (both) on one account. What Juliet writes, each reads in its
# own version; what either of them writes, Juliet and the other one read.
# seconds: 120
. "$LAB/lib.sh"
. "$LAB/profanity.sh"
command -v profanity >/dev/null || fail "profanity is not installed"
J=juliet@capulet.lit R=romeo@montague.lit

prosody
profanity_start romeo $R
profanity_keys romeo
has_device_list() {
	grep -q '"id"' "$T/prosody/data/montague%2elit/"pep_*devicelist/romeo.list
}
must 30 has_device_list
agent_start juliet
agent_start romeo2
identity juliet $J
identity romeo2 $R
chat_start j juliet $J
online j juliet $J
chat_start r romeo2 $R
online r romeo2 $R
say romeo "/msg $J"
saw romeo "$J.*OMEMO" 20

for n in 1 2 3; do
	chat_say j $R "to both of you $n" "j$n"
	must 30 event r event=message "from=$J" "body=to both of you $n" \
		encryption=omemo:2 bound=conversation
	saw romeo "~ .*: to both of you $n" 20
	say romeo "from profanity $n"
	must 30 event j event=message "from=$R" "body=from profanity $n" \
		encryption=omemo:1 bound=none
	must 30 event r event=message "from=$R" "to=$J" \
		"body=from profanity $n" encryption=omemo:1
	chat_say r $J "from ours $n" "r$n"
	must 30 event j event=message "from=$R" "body=from ours $n" \
		encryption=omemo:2 bound=conversation
	saw romeo "from ours $n" 20
done

# each of hers is one stanza, with an element for each version
python3 - "$T/prosody/data" "$J" <<'PY' || fail "the stanzas that the server keeps"
import glob
import sys

found = 0
for name in glob.glob(sys.argv[1] + "/montague%2elit/archive*/*"):
    text = open(name, errors="replace").read()
    for item in text.split("item(")[1:]:
        if "urn:xmpp:omemo:2" in item and "axolotl" in item:
            found += 1
sys.exit(found < 3)
PY
chat_quit j
chat_quit r
echo passed
