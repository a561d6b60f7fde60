/* SPDX-License-Identifier: ISC */
/*
 * Words for numbers. Runs in every command; holds nothing.
 */
#include "words.h"

#include <stddef.h>
#include <string.h>

#include "../../ipc/err.h"
#include "../../ipc/messages.h"

#define WORD(table, v)                                                         \
	((v) < sizeof(table) / sizeof((table)[0]) ? (table)[v] : "?")

static const char *const policies[] = {
	[POLICY_BLIND] = "blind",
	[POLICY_FIRST_USE] = "first-use",
	[POLICY_MANUAL] = "manual",
};

const char *
words_trust(uint8_t v)
{
	static const char *const table[] = {
		[TRUST_UNDECIDED] = "undecided",
		[TRUST_BLIND] = "blind",
		[TRUST_TRUSTED] = "trusted",
		[TRUST_VERIFIED] = "verified",
		[TRUST_DISTRUSTED] = "distrusted",
	};

	return WORD(table, v);
}

const char *
words_policy(uint8_t v)
{
	return WORD(policies, v);
}

const char *
words_bound(uint8_t v)
{
	static const char *const table[] = {
		[BOUND_NONE] = "none",
		[BOUND_SENDER] = "sender",
		[BOUND_CONVERSATION] = "conversation",
	};

	return WORD(table, v);
}

const char *
words_copy(uint8_t v)
{
	static const char *const table[] = {
		[COPY_NONE] = "none",
		[COPY_CARBON] = "carbon",
		[COPY_ARCHIVE] = "archive",
		[COPY_SIBLING] = "sibling",
	};

	return WORD(table, v);
}

const char *
words_why(uint8_t v)
{
	static const char *const table[] = {
		[WHY_NEW_KEY] = "new-key",
		[WHY_RETURNED] = "returned",
		[WHY_NEW_MEMBER] = "new-member",
		[WHY_FIRST_MESSAGE] = "first-message",
		[WHY_OLDER] = "older-version",
		[WHY_STALE] = "stale",
	};

	return WORD(table, v);
}

const char *
words_room(uint8_t v)
{
	static const char *const table[] = {
		[ROOM_LISTED] = "listed",
		[ROOM_ANONYMOUS] = "anonymous",
		[ROOM_OPEN] = "open",
		[ROOM_REFUSED] = "refused",
		[ROOM_LEFT] = "left",
	};

	return WORD(table, v);
}

const char *
words_member(uint8_t v)
{
	static const char *const table[] = {
		[MEMBER_HERE] = "here",
		[MEMBER_CAME] = "came",
		[MEMBER_WENT] = "went",
	};

	return WORD(table, v);
}

const char *
words_encryption(uint8_t ns)
{
	static const char *const table[] = {
		[NS_LEGACY] = "omemo:1",
		[NS_OMEMO2] = "omemo:2",
	};

	return WORD(table, ns);
}

int
words_read_policy(const char *word, uint8_t *policy)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (strcmp(word, policies[i]) == 0) {
			*policy = (uint8_t)i;
			return 0;
		}
	}
	return ERR_ARGUMENT;
}
