/* SPDX-License-Identifier: ISC */
/*
 * Links to files, as contacts send them, and the names that they ask for.
 */
#include <stdlib.h>
#include <string.h>

#include "../../client/common/aesgcm.h"
#include "../../client/common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int ok)
{
	if (!ok)
		abort();
}

static void
check_name(const struct url *url)
{
	char name[AESGCM_NAME];
	size_t n, used;
	uint32_t cp;

	aesgcm_name(url, name);
	n = strlen(name);
	check(n > 0 && n < AESGCM_NAME && strchr(name, '/') == NULL);
	check(name[0] != '.' && name[0] != '-' && name[0] != ' ');
	for (size_t i = 0; i < n; i += used) {
		used = text_next(name + i, n - i, &cp);
		check(used > 0 && text_only_prints(cp));
	}
}

/* Taken: what can be put into a request, and is written as it was read. */
static void
check_link(const struct aesgcm *link)
{
	char text[AESGCM_SIZE];
	struct aesgcm again;
	const char *why;

	check(link->ivlen == AESGCM_IV || link->ivlen == AESGCM_IV_MAX);
	check(link->url.port != 0 && link->url.host[0] != '\0');
	for (const char *p = link->url.text; *p != '\0'; p++)
		check(*p > ' ' && *p < 0x7f && *p != '#');
	check_name(&link->url);
	if (link->ivlen != AESGCM_IV)
		return;
	aesgcm_write(&link->url, link->iv, link->key, text);
	check(aesgcm_read(text, &again, &why) == 0);
	check(strcmp(link->url.text, again.url.text) == 0);
	check(strcmp(link->url.host, again.url.host) == 0);
	check(link->url.port == again.url.port);
	check(again.ivlen == AESGCM_IV);
	check(memcmp(link->iv, again.iv, AESGCM_IV) == 0);
	check(memcmp(link->key, again.key, AESGCM_KEY) == 0);
	check(aesgcm_is_body((const uint8_t *)text, strlen(text)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aesgcm link;
	struct url url;
	const char *why;
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (aesgcm_read(text, &link, &why) == 0)
		check_link(&link);
	else
		check(why != NULL && link.ivlen == 0);
	if (url_read(text, &url, &why) == 0)
		check_name(&url);
	else
		check(why != NULL && url.text[0] == '\0');
	if (size > 0)
		(void)aesgcm_is_body(data, size);
	free(text);
	return 0;
}
