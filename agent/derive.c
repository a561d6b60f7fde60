/* SPDX-License-Identifier: ISC */
/*
 * The derive role: scrypt, away from the keeper so that nobody else waits
 * while a passphrase is stretched. Holds a passphrase for the second that it
 * takes; may compute and nothing else. Trusts only the keeper, at the other
 * end of its one descriptor.
 */
#include "derive.h"

#include <err.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "../ipc/sync.h"
#include "../sandbox/sandbox.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "limits.h"

/* One DERIVE body, checked against its layout, to a key. */
static int
derive(struct reader *body, uint8_t key[32])
{
	const uint8_t *pass, *salt;
	size_t passlen, saltlen;
	uint32_t log2n, r, p;
	int err;

	pass = reader_string(body, &passlen, LIMIT_PASSPHRASE);
	salt = reader_string(body, &saltlen, 64);
	log2n = reader_u32(body);
	r = reader_u32(body);
	p = reader_u32(body);
	if ((err = reader_end(body)) != 0)
		return err;
	if (log2n < LIMIT_SCRYPT_LOG2N_MIN || log2n > LIMIT_SCRYPT_LOG2N_MAX ||
	    r != 8 || p != 1 || saltlen < 16)
		return ERR_ARGUMENT;
	return crypto_scrypt(pass, passlen, salt, saltlen, log2n, r, p, key);
}

static int
answer(struct frame *f, struct buffer *out)
{
	const struct message *m;
	uint8_t key[32];
	size_t at;
	int err;

	m = message_find(LINK_DERIVE, f->type);
	if (m == NULL)
		return ERR_UNKNOWN_MESSAGE;
	if ((err = message_check(m->request, f->body.p, f->body.left)) != 0)
		return err;
	err = derive(&f->body, key);
	if (err != 0) {
		sync_error(out, f->id, err, NULL);
	} else {
		at = frame_begin(out, M_REPLY, f->id);
		buffer_put(out, key, sizeof(key));
		(void)frame_end(out, at);
	}
	secret_wipe(key, sizeof(key));
	secret_burn_stack();
	return 0;
}

int
derive_main(void)
{
	struct buffer in, out;
	struct frame f;
	size_t used;
	int err;

	if (sandbox_early() != 0 || sandbox_die_with(getppid()) != 0)
		errx(1, "derive: cannot close itself");
	closefrom(DERIVE_FD + 1);
	if (crypto_init() != 0)
		errx(1, "derive: OpenSSL does not start");
	if ((err = sandbox_enter(ROLE_DERIVE, NULL)) != 0)
		errx(1, "derive: %s", err_text(err));
	buffer_init(&in, SYNC_IN_MAX);
	buffer_init(&out, FRAME_MAX);
	while ((err = sync_read(DERIVE_FD, &in, &f, &used)) == 0) {
		if ((err = answer(&f, &out)) != 0)
			break;
		sync_done(&in, used);
		if ((err = sync_write(DERIVE_FD, &out)) != 0)
			break;
		crypto_forget();
	}
	buffer_free(&in);
	buffer_free(&out);
	return err == ERR_EOF ? 0 : 1;
}
