/* SPDX-License-Identifier: ISC */
/*
 * A file's encryption. Runs in xmpp-cipher, behind walls with no file and no
 * network of their own; holds the file's key and 64 KiB of it; trusts nothing
 * that it reads before the tag.
 */
#include "cipher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "../../ipc/err.h"
#include "../common/aesgcm.h"

#define CHUNK 65536

struct cipher {
	EVP_CIPHER *gcm;
	EVP_CIPHER_CTX *ctx;
	uint8_t in[AESGCM_TAG + CHUNK], out[CHUNK];
};

static int
begin(struct cipher *c, const uint8_t *key, const uint8_t *iv, size_t ivlen,
    int encrypt)
{
	if (EVP_CipherInit_ex2(c->ctx, c->gcm, NULL, NULL, encrypt, NULL) !=
		1 ||
	    EVP_CIPHER_CTX_ctrl(
		c->ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)ivlen, NULL) != 1 ||
	    EVP_CipherInit_ex2(c->ctx, NULL, key, iv, encrypt, NULL) != 1)
		return ERR_CRYPTO;
	return 0;
}

struct cipher *
cipher_new(void)
{
	static const uint8_t nothing[AESGCM_KEY];
	struct cipher *c = calloc(1, sizeof(*c));
	int n;

	if (c == NULL)
		return NULL;
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	c->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	c->ctx = EVP_CIPHER_CTX_new();
	if (c->gcm == NULL || c->ctx == NULL ||
	    begin(c, nothing, nothing, AESGCM_IV, 1) != 0 ||
	    EVP_CipherUpdate(c->ctx, c->out, &n, nothing, 1) != 1) {
		cipher_free(c);
		return NULL;
	}
	return c;
}

void
cipher_free(struct cipher *c)
{
	if (c == NULL)
		return;
	EVP_CIPHER_CTX_free(c->ctx); /* wipes the key */
	EVP_CIPHER_free(c->gcm);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

/* Octets until max or the end; -1. */
static ssize_t
read_some(int fd, uint8_t *p, size_t max)
{
	ssize_t n;

	do
		n = read(fd, p, max);
	while (n == -1 && errno == EINTR);
	return n;
}

static int
write_all(int fd, const uint8_t *p, size_t len, const char **why)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			*why = errno == EPIPE ? "" : strerror(errno);
			return ERR_SYSTEM;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One piece, at most CHUNK octets of c->in, and on. */
static int
pass(struct cipher *c, const struct cipher_job *job, size_t len,
    const char **why)
{
	int n = 0;

	if (EVP_CipherUpdate(c->ctx, c->out, &n, c->in, (int)len) != 1 ||
	    (size_t)n != len) {
		*why = err_text(ERR_CRYPTO);
		return ERR_CRYPTO;
	}
	return write_all(job->out, c->out, len, why);
}

static int
seal_pieces(struct cipher *c, const struct cipher_job *job, uint64_t size,
    const char **why)
{
	uint64_t done = 0;
	ssize_t n;
	int err;

	for (;;) {
		/* one more than is left: is there more than was said? */
		n = read_some(job->in, c->in,
		    size - done < CHUNK ? (size_t)(size - done) + 1 : CHUNK);
		if (n == -1) {
			*why = strerror(errno);
			return ERR_SYSTEM;
		}
		if ((uint64_t)n > size - done || (n == 0 && done < size)) {
			*why = "the file changes while it is read";
			return ERR_ARGUMENT;
		}
		if (n == 0)
			return 0;
		if ((err = pass(c, job, (size_t)n, why)) != 0)
			return err;
		done += (uint64_t)n;
		if (job->progress != NULL)
			job->progress(job->arg, done);
	}
}

int
cipher_seal(struct cipher *c, const struct cipher_job *job, uint64_t size,
    const char **why)
{
	uint8_t tag[AESGCM_TAG];
	int n, err;

	*why = err_text(ERR_CRYPTO);
	if (size > AESGCM_MAX)
		return ERR_TOO_LONG;
	if ((err = begin(c, job->key, job->iv, job->ivlen, 1)) != 0)
		return err;
	if ((err = seal_pieces(c, job, size, why)) != 0)
		return err;
	if (EVP_CipherFinal_ex(c->ctx, c->out, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(
		c->ctx, EVP_CTRL_AEAD_GET_TAG, AESGCM_TAG, tag) != 1)
		return ERR_CRYPTO;
	return write_all(job->out, tag, AESGCM_TAG, why);
}

/* All but the last AESGCM_TAG octets, which stay in c->in; *held: how many. */
static int
open_pieces(struct cipher *c, const struct cipher_job *job, uint64_t *octets,
    size_t *held, const char **why)
{
	ssize_t n;
	size_t len;
	int err;

	while ((n = read_some(job->in, c->in + *held, CHUNK)) > 0) {
		*held += (size_t)n;
		if (*held <= AESGCM_TAG)
			continue;
		len = *held - AESGCM_TAG;
		if (len > AESGCM_MAX - *octets) {
			*why = "longer than AES-GCM can encrypt";
			return ERR_TOO_LONG;
		}
		if ((err = pass(c, job, len, why)) != 0)
			return err;
		memmove(c->in, c->in + len, AESGCM_TAG);
		*held = AESGCM_TAG;
		*octets += len;
		if (job->progress != NULL)
			job->progress(job->arg, *octets);
	}
	if (n == -1)
		*why = strerror(errno);
	return n == -1 ? ERR_SYSTEM : 0;
}

int
cipher_open(struct cipher *c, const struct cipher_job *job, uint64_t *octets,
    const char **why)
{
	size_t held = 0;
	int n, err;

	*octets = 0;
	*why = err_text(ERR_CRYPTO);
	if ((err = begin(c, job->key, job->iv, job->ivlen, 0)) != 0)
		return err;
	if ((err = open_pieces(c, job, octets, &held, why)) != 0)
		return err;
	if (held < AESGCM_TAG) {
		*why = "too short to be an encrypted file";
		return ERR_BAD_MESSAGE;
	}
	if (EVP_CIPHER_CTX_ctrl(
		c->ctx, EVP_CTRL_AEAD_SET_TAG, AESGCM_TAG, c->in) != 1)
		return ERR_CRYPTO;
	if (EVP_CipherFinal_ex(c->ctx, c->out, &n) != 1) {
		*why = "it is not what was encrypted with this key";
		return ERR_BAD_MAC;
	}
	return 0;
}
