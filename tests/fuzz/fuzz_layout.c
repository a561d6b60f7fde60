/* SPDX-License-Identifier: ISC */
/*
 * The layout checker on bodies: the first octet is the message's type.
 * A body that passes must not pass with an octet less or more. With a first
 * octet of 0xff the input itself is the layout, which must only not hang.
 */
#include <stdlib.h>
#include <string.h>

#include "../../ipc/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *layout, const uint8_t *p, size_t n)
{
	uint8_t *longer;

	if (layout == NULL || message_check(layout, p, n) != 0)
		return;
	if (n > 0 && message_check(layout, p, n - 1) == 0)
		abort();
	longer = calloc(1, n + 1);
	if (longer == NULL)
		return;
	memcpy(longer, p, n);
	if (message_check(layout, longer, n + 1) == 0)
		abort();
	free(longer);
}

static void
as_layout(const uint8_t *p, size_t n)
{
	static const uint8_t body[256] = { 0, 0, 0, 1, 0, 0, 0, 1 };
	char *layout = calloc(1, n + 1);

	if (layout == NULL)
		return;
	memcpy(layout, p, n);
	(void)message_check(layout, body, sizeof(body));
	free(layout);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct message *m;

	if (size == 0)
		return 0;
	if (data[0] == 0xff) {
		as_layout(data + 1, size - 1);
		return 0;
	}
	m = &messages[data[0] % messages_count];
	for (size_t i = 0; i < messages_count; i++)
		if (messages[i].type == data[0])
			m = &messages[i];
	check(m->request, data + 1, size - 1);
	check(m->reply, data + 1, size - 1);
	return 0;
}
