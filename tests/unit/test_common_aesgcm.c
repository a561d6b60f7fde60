/* SPDX-License-Identifier: ISC */
/*
 * Links to encrypted files, the addresses in them, and the names that files
 * get: what is taken, and what is refused, with its reason.
 */
#include <stdio.h>
#include <string.h>

#include "../../client/common/aesgcm.h"
#include "../../client/common/size.h"
#include "../../client/common/url.h"
#include "../../ipc/err.h"
#include "check.h"

/* XEP-0454, section 3 */
#define IV12 "8c3d050e9386ec173861778f"
#define KEY  "68e9af38a97aaf82faa4063b4d0878a61261534410c8a84331eaac851759f587"
#define PLACE                                                                  \
	"download.montague.tld/4a771ac1-f0b2-4a4a-9700-f2a26fa2bb67/"          \
	"tr%C3%A8s%20cool.jpg"
#define IV16 IV12 "00112233"

static void
test_example(void **state)
{
	static const uint8_t iv[] = { 0x8c, 0x3d, 0x05, 0x0e, 0x93, 0x86, 0xec,
		0x17, 0x38, 0x61, 0x77, 0x8f };
	char text[AESGCM_SIZE], name[AESGCM_NAME];
	struct aesgcm link;
	const char *why;

	(void)state;
	assert_int_equal(
	    aesgcm_read("aesgcm://" PLACE "#" IV12 KEY, &link, &why), 0);
	assert_null(why);
	assert_string_equal(link.url.text, "https://" PLACE);
	assert_string_equal(link.url.host, "download.montague.tld");
	assert_int_equal(link.url.port, 443);
	assert_int_equal(link.ivlen, 12);
	assert_memory_equal(link.iv, iv, sizeof(iv));
	assert_int_equal(link.key[0], 0x68);
	assert_int_equal(link.key[31], 0x87);
	aesgcm_name(&link.url, name);
	assert_string_equal(name, "tr\xc3\xa8s cool.jpg");
	aesgcm_write(&link.url, link.iv, link.key, text);
	assert_string_equal(text, "aesgcm://" PLACE "#" IV12 KEY);
	/* an older sender's IV; hexadecimal in any case; a port */
	assert_int_equal(
	    aesgcm_read("aesgcm://[::1]:8443/f#" IV16 KEY, &link, &why), 0);
	assert_int_equal(link.ivlen, 16);
	assert_int_equal(link.iv[15], 0x33);
	assert_string_equal(link.url.host, "::1");
	assert_int_equal(link.url.port, 8443);
	assert_int_equal(aesgcm_read("aesgcm://h/#8C3D050E9386EC173861778F" KEY,
			     &link, &why),
	    0);
	assert_memory_equal(link.iv, iv, sizeof(iv));
}

static void
test_links_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "no aesgcm:// link" },
		{ "https://h/f#" IV12 KEY, "no aesgcm:// link" },
		{ "AESGCM://h/f#" IV12 KEY, "no aesgcm:// link" },
		{ " aesgcm://h/f#" IV12 KEY, "no aesgcm:// link" },
		{ "aesgcm://h/f", "no key" },
		{ "aesgcm://h/f#", "not 88 or 96" },
		{ "aesgcm://h/f#" KEY, "not 88 or 96" },
		{ "aesgcm://h/f#" IV12 KEY "0", "not 88 or 96" },
		{ "aesgcm://h/f#" IV12 KEY "00", "not 88 or 96" },
		{ "aesgcm://h/f#" IV16 KEY "00", "not 88 or 96" },
		{ "aesgcm://h/f#g" IV12 KEY "0000000", "not 88 or 96" },
		{ "aesgcm://h/f#" IV12 KEY "#", "not 88 or 96" },
		{ "aesgcm:///f#" IV12 KEY, "host" },
		{ "aesgcm://h#" IV12 KEY, "path" },
		{ "aesgcm://u@h/f#" IV12 KEY, "host" },
		{ "aesgcm://h:0/f#" IV12 KEY, "host" },
		{ "aesgcm://h:65536/f#" IV12 KEY, "host" },
		{ "aesgcm://h:/f#" IV12 KEY, "host" },
		{ "aesgcm://h/a b#" IV12 KEY, "path" },
		{ "aesgcm://h/%0#" IV12 KEY, "path" },
		{ "aesgcm://h/\r\nX: y#" IV12 KEY, "path" },
	};
	static const struct aesgcm nothing;
	struct aesgcm link;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    aesgcm_read(rows[i][0], &link, &why), ERR_ARGUMENT);
		assert_non_null(why);
		if (strstr(why, rows[i][1]) == NULL)
			fail_msg("%s: %s, not %s", rows[i][0], why, rows[i][1]);
		assert_memory_equal(&link, &nothing, sizeof(link));
	}
}

/* As long as an address may be, and one more. */
static void
test_long(void **state)
{
	char text[URL_SIZE + 8] = "https://h/", link_text[URL_SIZE + 256];
	struct url url;
	struct aesgcm link;
	const char *why;

	(void)state;
	memset(text + 10, 'a', URL_SIZE - 1 - 10);
	assert_int_equal(url_read(text, &url, &why), 0);
	snprintf(link_text, sizeof(link_text), "aesgcm%s#" IV12 KEY, text + 5);
	assert_int_equal(aesgcm_read(link_text, &link, &why), 0);
	assert_string_equal(link.url.text, text);
	text[URL_SIZE - 1] = 'a';
	assert_int_equal(url_read(text, &url, &why), ERR_ARGUMENT);
	snprintf(link_text, sizeof(link_text), "aesgcm%s#" IV12 KEY, text + 5);
	assert_int_equal(aesgcm_read(link_text, &link, &why), ERR_ARGUMENT);
	assert_string_equal(why, "the address is too long");
	memset(text + 8, 'h', URL_HOST);
	strcpy(text + 8 + URL_HOST, "/");
	assert_int_equal(url_read(text, &url, &why), ERR_ARGUMENT);
	strcpy(text + 8 + URL_HOST - 1, "/");
	assert_int_equal(url_read(text, &url, &why), 0);
}

static void
test_urls(void **state)
{
	static const struct {
		const char *text, *host; /* NULL: refused */
		uint16_t port;
	} rows[] = {
		{ "https://upload.capulet.lit/a/b?c=d&e", "upload.capulet.lit",
		    443 },
		{ "https://127.0.0.1:5281/", "127.0.0.1", 5281 },
		{ "https://[2001:db8::1]/x", "2001:db8::1", 443 },
		{ "http://h/f", NULL, 0 },
		{ "https:/h/f", NULL, 0 },
		{ "https://h", NULL, 0 },
		{ "https://h?f", NULL, 0 },
		{ "https://h/f#fragment", NULL, 0 },
		{ "https://user:pw@h/f", NULL, 0 },
		{ "https://-h/f", NULL, 0 },
		{ "https://.h/f", NULL, 0 },
		{ "https://h h/f", NULL, 0 },
		{ "https://h\xc3\xa4/f", NULL, 0 },
		{ "https://[::1/f", NULL, 0 },
		{ "https://[::g]/f", NULL, 0 },
		{ "https://[]/f", NULL, 0 },
		{ "https://::1/f", NULL, 0 },
		{ "https://h:01/f", NULL, 0 },
		{ "https://h:123456/f", NULL, 0 },
		{ "https://h:-1/f", NULL, 0 },
		{ "https://:1/f", NULL, 0 },
		{ "https://h/%", NULL, 0 },
		{ "https://h/%zz", NULL, 0 },
		{ "https://h/\x7f", NULL, 0 },
		{ "https://h/\"", NULL, 0 },
		{ "https://h/\xff", NULL, 0 },
		{ "file:///etc/passwd", NULL, 0 },
	};
	struct url url;
	const char *why;
	int err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = url_read(rows[i].text, &url, &why);
		if ((err == 0) != (rows[i].host != NULL))
			fail_msg("%s: %d", rows[i].text, err);
		assert_int_equal(err == 0, why == NULL);
		assert_string_equal(url.host, err == 0 ? rows[i].host : "");
		assert_int_equal(url.port, rows[i].port);
		assert_string_equal(url.text, err == 0 ? rows[i].text : "");
	}
}

static void
test_headers(void **state)
{
	static char value[URL_HEADER + 1];

	(void)state;
	assert_int_equal(url_header_ok("Authorization", "Bearer x"), 1);
	assert_int_equal(url_header_ok("cookie", "a=b; c"), 1);
	assert_int_equal(url_header_ok("Expires", "\xc3\xa4"), 1);
	assert_int_equal(url_header_ok("Expires", ""), 0);
	assert_int_equal(url_header_ok("Host", "h"), 0);
	assert_int_equal(url_header_ok("", "h"), 0);
	assert_int_equal(url_header_ok("Cookie: x\r\nHost", "h"), 0);
	assert_int_equal(url_header_ok("Cookie", "x\r\nHost: h"), 0);
	assert_int_equal(url_header_ok("Cookie", "x\nHost: h"), 0);
	assert_int_equal(url_header_ok("Cookie", "\x7f"), 0);
	memset(value, 'x', URL_HEADER - 1);
	assert_int_equal(url_header_ok("Cookie", value), 1);
	value[URL_HEADER - 1] = 'x';
	assert_int_equal(url_header_ok("Cookie", value), 0);
}

static void
test_names(void **state)
{
	static const char *const rows[][2] = {
		{ "https://h/", "file" },
		{ "https://h/a/", "file" },
		{ "https://h/a/b.txt", "b.txt" },
		{ "https://h/b.txt?c=/d/e", "b.txt" },
		{ "https://h/.bashrc", "_bashrc" },
		{ "https://h/..", "_." },
		{ "https://h/%2e%2e%2Fetc%2fpasswd", "_._etc_passwd" },
		{ "https://h/-rf", "_rf" },
		{ "https://h/%20x", "_x" },
		{ "https://h/a%00b", "a_b" },
		{ "https://h/a%0Ab%1B[31m", NULL }, /* '[' is no path */
		{ "https://h/a%0Ab%1B%5B31m", "a_b_[31m" },
		{ "https://h/a%5Cb", "a_b" },
		{ "https://h/%FF%C3", "__" },
		{ "https://h/x%E2%80%AEgpj.exe", "x_gpj.exe" },
		{ "https://h/%E2%82%AC", "\xe2\x82\xac" },
	};
	char name[AESGCM_NAME], text[600];
	struct url url;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    url_read(rows[i][0], &url, &why) == 0, rows[i][1] != NULL);
		if (rows[i][1] == NULL)
			continue;
		aesgcm_name(&url, name);
		assert_string_equal(name, rows[i][1]);
	}
	/* bounded, and at a character */
	strcpy(text, "https://h/");
	for (int i = 0; i < 50; i++)
		strcat(text, "%E2%82%AC");
	assert_int_equal(url_read(text, &url, &why), 0);
	aesgcm_name(&url, name);
	assert_int_equal(strlen(name), (AESGCM_NAME - 1) / 3 * 3);
}

static void
test_bodies(void **state)
{
	static const struct {
		const char *body;
		int is;
	} rows[] = {
		{ "aesgcm://" PLACE "#" IV12 KEY, 1 },
		{ "aesgcm://h/f#" IV12 KEY "\ndata:image/jpeg,/9j/4AAQ", 1 },
		{ "aesgcm://h/f#" IV12 KEY "\nlook at that", 0 },
		{ "aesgcm://h/f#" IV12 KEY "\n", 0 },
		{ "aesgcm://h/f#" IV12 KEY " look", 0 },
		{ "look: aesgcm://h/f#" IV12 KEY, 0 },
		{ "aesgcm://h/f", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(aesgcm_is_body((const uint8_t *)rows[i].body,
				     strlen(rows[i].body)),
		    rows[i].is);
	assert_int_equal(
	    aesgcm_is_body((const uint8_t *)"aesgcm://h/f#\0", 14), 0);
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t octets; /* 0: refused */
	} rows[] = {
		{ "1", 1 },
		{ "500K", 512000 },
		{ "20M", 20971520 },
		{ "2G", UINT64_C(2) << 30 },
		{ "18446744073709551600", UINT64_C(18446744073709551600) },
		{ "17179869183G", UINT64_C(17179869183) << 30 },
		{ "17179869184G", 0 },
		{ "18446744073709551616", 0 },
		{ "99999999999999999999", 0 },
		{ "", 0 },
		{ "0", 0 },
		{ "K", 0 },
		{ "1k", 0 },
		{ "1KB", 0 },
		{ "1 K", 0 },
		{ "-1", 0 },
		{ "1.5G", 0 },
	};

	uint64_t octets;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		octets = 0;
		if (size_read(rows[i].text, &octets) != 0)
			octets = 0;
		if (octets != rows[i].octets)
			fail_msg("%s: %llu", rows[i].text,
			    (unsigned long long)octets);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_links_refused),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
