/* SPDX-License-Identifier: ISC */
/*
 * THE table of methods. Runs in the keeper; holds nothing.
 */
#include "methods.h"

const struct method methods[OMEMO_PROFILES] = {
	/* Any other recipient, with the server, can put other text under the
	 * same key, IV and tag: nothing is bound. */
	[OMEMO_LEGACY] = { NS_LEGACY, 1, 1, FORMAT_BODY, BOUND_NONE },
	/* The payload's MAC is under every reader's ratchet. What binds the
	 * conversation is in the envelope, which the front has read for it. */
	[OMEMO_2] = { NS_OMEMO2, 1, 1, FORMAT_SCE_ENVELOPE, BOUND_SENDER },
};

int
method_sends(uint8_t ns)
{
	return ns < OMEMO_PROFILES && methods[ns].sends;
}

int
method_receives(uint8_t ns)
{
	return ns < OMEMO_PROFILES && methods[ns].receives;
}
