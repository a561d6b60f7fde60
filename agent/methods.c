/* SPDX-License-Identifier: ISC */
/*
 * THE table of methods. Runs in the keeper; holds nothing.
 */
#include "methods.h"

const struct method methods[OMEMO_PROFILES] = {
	/* Any other recipient, with the server, can put other text under the
	 * same key, IV and tag: nothing is bound. */
	[OMEMO_LEGACY] = { NS_LEGACY, 1, 1, FORMAT_BODY, BOUND_NONE },
	/* The engine has it; the envelope round its content is to come. */
	[OMEMO_2] = { NS_OMEMO2, 0, 0, FORMAT_SCE_CONTENT, BOUND_CONVERSATION },
};

uint8_t
method_first(void)
{
	uint8_t ns = 0;

	while (!methods[ns].sends)
		ns++;
	return ns;
}

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
