/* SPDX-License-Identifier: ISC */
/*
 * What constrains an account, in words and in JSON. Runs in xmpp-key.
 */
#include <stdio.h>

#include "../../ipc/duration.h"
#include "../common/json.h"
#include "key.h"

static const char *const confirm_words[] = { "never", "each", "once" };

static const char *
confirm_word(uint8_t confirm)
{
	return confirm <= CONFIRM_ONCE ? confirm_words[confirm] : "unknown";
}

/* "100/1h", as --open-rate reads it */
static void
rate_text(uint64_t rate, char *text, size_t size)
{
	char time[DURATION_TEXT];

	duration_text((uint32_t)rate, time, sizeof(time));
	snprintf(text, size, "%u/%s", (unsigned)(rate >> 32), time);
}

static void
rate_print(const char *what, uint64_t rate)
{
	char text[DURATION_TEXT + 16];

	if (rate == 0)
		return;
	rate_text(rate, text, sizeof(text));
	printf("%s: at most %s\n", what, text);
}

static json_t *
rate_json(uint64_t rate)
{
	char text[DURATION_TEXT + 16];

	if (rate == 0)
		return json_null();
	rate_text(rate, text, sizeof(text));
	return json_string(text);
}

/* null where there is no limit */
json_t *
key_constraints_json(const struct key_account *a)
{
	return json_pack("{s:I, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:b}",
	    "window", (json_int_t)a->window, "lifetime",
	    a->lifetime != 0 ? json_integer(a->lifetime) : json_null(), "left",
	    a->lifetime != 0 ? json_integer(a->left) : json_null(), "over",
	    a->over != 0, "confirm", confirm_word(a->confirm), "open_rate",
	    rate_json(a->open_rate), "decrypt_rate", rate_json(a->decrypt_rate),
	    "stale", a->stale != 0 ? json_integer(a->stale) : json_null(),
	    "trust_messages", a->trust_messages != 0);
}

void
key_constraints_print(const struct key_account *a)
{
	char time[DURATION_TEXT], left[DURATION_TEXT];

	duration_text(a->window, time, sizeof(time));
	printf("messages stay: %s\n",
	    a->window == 0 ? "until one client has opened them" : time);
	duration_text(a->lifetime, time, sizeof(time));
	duration_text(a->left, left, sizeof(left));
	if (a->over)
		printf("lifetime: over, until xmpp-key unlock\n");
	else if (a->lifetime != 0)
		printf("lifetime: %s, of which %s are left\n", time, left);
	if (a->confirm != CONFIRM_NEVER)
		printf("confirm: %s\n",
		    a->confirm == CONFIRM_EACH ? "each use"
					       : "once a connection");
	rate_print("opened", a->open_rate);
	rate_print("decrypted", a->decrypt_rate);
	duration_text(a->stale, time, sizeof(time));
	printf("devices that get nothing any more: %s%s\n",
	    a->stale == 0 ? "none" : "not heard from for ",
	    a->stale == 0 ? "" : time);
	if (!a->trust_messages)
		printf("trust messages: off\n");
}
