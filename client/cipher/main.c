/* SPDX-License-Identifier: ISC */
/*
 * xmpp-cipher: encrypts or decrypts one file and ends. Started by xmpp-send's
 * starter or by xmpp-get with three descriptors: the link, over which the key
 * comes, what it reads, what it writes. It can open nothing and reach nobody.
 */
#include <string.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "../../sandbox/sandbox.h"
#include "../common/aesgcm.h"
#include "../files/say.h"
#include "cipher.h"

static void
on_progress(void *arg, uint64_t octets)
{
	say_progress(arg, octets, 0);
}

static int
work(struct cipher *cipher, struct say *say, struct frame *f, uint64_t *octets,
    const char **why)
{
	uint8_t key[AESGCM_KEY];
	struct cipher_job job = {
		.in = FILE_FD_IN,
		.out = FILE_FD_OUT,
		.key = key,
		.progress = on_progress,
		.arg = say,
	};
	uint64_t size = 0;
	int err;

	reader_fixed(&f->body, key, sizeof(key));
	job.iv = reader_string(&f->body, &job.ivlen, AESGCM_IV_MAX);
	if (f->type == M_FILE_SEAL)
		size = reader_u64(&f->body);
	*why = err_text(ERR_MALFORMED);
	if (reader_end(&f->body) != 0 || job.ivlen < AESGCM_IV) {
		err = ERR_MALFORMED;
	} else if (f->type == M_FILE_SEAL) {
		*octets = size;
		err = cipher_seal(cipher, &job, size, why);
	} else if (f->type == M_FILE_OPEN) {
		err = cipher_open(cipher, &job, octets, why);
	} else
		err = ERR_UNKNOWN_MESSAGE;
	explicit_bzero(key, sizeof(key));
	return err;
}

int
main(void)
{
	struct cipher *cipher;
	struct say say;
	struct frame f;
	uint64_t octets = 0;
	const char *why;
	int err;

	say_init(&say);
	if (sandbox_early() != 0)
		return 1;
	closefrom(FILE_FD_OUT + 1);
	cipher = cipher_new();
	if (cipher == NULL || sandbox_enter(ROLE_CIPHER, NULL) != 0) {
		say_failed(&say, "xmpp-cipher cannot put up its walls here");
		_exit(1);
	}
	err = say_hear(&say, &f);
	if (err == 0 && (err = work(cipher, &say, &f, &octets, &why)) != 0)
		say_failed(&say, why);
	cipher_free(cipher);
	/* The end of what it writes is seen before it says that all is well. */
	close(FILE_FD_OUT);
	if (err == 0)
		say_done(&say, octets);
	say_free(&say);
	_exit(err == 0 ? 0 : 1);
}
