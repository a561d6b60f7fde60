/* SPDX-License-Identifier: ISC */
/*
 * A file through the cipher: against libcrypto's one-shot words of the
 * keeper's own code, in all lengths round a piece, with every kind of damage;
 * and a place that only a good file gets a name in.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/crypto/crypto.h"
#include "../../client/cipher/cipher.h"
#include "../../client/common/aesgcm.h"
#include "../../client/get/get.h"
#include "../../ipc/err.h"
#include "check.h"

#define PIECE 65536
#define MOST  (3 * PIECE)

static uint8_t plain[MOST], sealed[MOST + AESGCM_TAG], want[MOST + AESGCM_TAG];
static uint8_t key[AESGCM_KEY], iv[AESGCM_IV_MAX];

/* A file with these octets, read from its start. */
static int
file_of(const void *p, size_t n)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	fd = dup(fileno(f));
	fclose(f);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static size_t
whole(int fd, void *p, size_t max)
{
	ssize_t n;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	n = read(fd, p, max);
	assert_true(n >= 0);
	close(fd);
	return (size_t)n;
}

static int
seal(size_t there, uint64_t said, size_t ivlen, size_t *n, const char **why)
{
	struct cipher *c = cipher_new();
	struct cipher_job job = { .in = file_of(plain, there),
		.out = file_of("", 0),
		.key = key,
		.iv = iv,
		.ivlen = ivlen };
	int err;

	assert_non_null(c);
	err = cipher_seal(c, &job, said, why);
	close(job.in);
	*n = whole(job.out, sealed, sizeof(sealed));
	cipher_free(c);
	return err;
}

static int
open_(const uint8_t *p, size_t n, size_t ivlen, uint8_t *out, size_t *outlen,
    const char **why)
{
	struct cipher *c = cipher_new();
	struct cipher_job job = { .in = file_of(p, n),
		.out = file_of("", 0),
		.key = key,
		.iv = iv,
		.ivlen = ivlen };
	uint64_t octets;
	int err;

	assert_non_null(c);
	err = cipher_open(c, &job, &octets, why);
	close(job.in);
	*outlen = whole(job.out, out, MOST);
	if (err == 0)
		assert_int_equal(octets, *outlen);
	cipher_free(c);
	return err;
}

static void
test_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 15, 16, 17, PIECE - 17,
		PIECE - 16, PIECE - 15, PIECE - 1, PIECE, PIECE + 1, PIECE + 16,
		2 * PIECE, 2 * PIECE + 1, MOST };
	static uint8_t back[MOST];
	const char *why;
	size_t n, m;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t ivlen = 12; ivlen <= 16; ivlen += 4) {
			size_t len = lengths[i];

			assert_int_equal(
			    crypto_gcm_seal(key, 32, iv, ivlen, NULL, 0, plain,
				len, want, want + len),
			    0);
			assert_int_equal(seal(len, len, ivlen, &n, &why), 0);
			assert_int_equal(n, len + AESGCM_TAG);
			assert_memory_equal(sealed, want, n);
			assert_int_equal(
			    open_(sealed, n, ivlen, back, &m, &why), 0);
			assert_int_equal(m, len);
			assert_memory_equal(back, plain, len);
		}
	}
}

static void
test_damage(void **state)
{
	static uint8_t back[MOST];
	const size_t len = PIECE + 100;
	const size_t at[] = { 0, PIECE - 1, PIECE, len - 1, len,
		len + AESGCM_TAG - 1 };
	const char *why;
	size_t n, m;

	(void)state;
	assert_int_equal(seal(len, len, 12, &n, &why), 0);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		sealed[at[i]] ^= 1;
		assert_int_equal(
		    open_(sealed, n, 12, back, &m, &why), ERR_BAD_MAC);
		assert_string_equal(
		    why, "it is not what was encrypted with this key");
		sealed[at[i]] ^= 1;
	}
	/* shorter by any piece, longer, another key, another IV */
	for (size_t cut = 1; cut < 40; cut++)
		assert_int_equal(
		    open_(sealed, n - cut, 12, back, &m, &why), ERR_BAD_MAC);
	assert_int_equal(open_(sealed, n + 1, 12, back, &m, &why), ERR_BAD_MAC);
	key[31] ^= 1;
	assert_int_equal(open_(sealed, n, 12, back, &m, &why), ERR_BAD_MAC);
	key[31] ^= 1;
	iv[0] ^= 1;
	assert_int_equal(open_(sealed, n, 12, back, &m, &why), ERR_BAD_MAC);
	iv[0] ^= 1;
	assert_int_equal(open_(sealed, n, 16, back, &m, &why), ERR_BAD_MAC);
	for (n = 0; n < AESGCM_TAG; n++) {
		assert_int_equal(
		    open_(sealed, n, 12, back, &m, &why), ERR_BAD_MESSAGE);
		assert_string_equal(why, "too short to be an encrypted file");
	}
}

/* A file that is not as long as the server was told. */
static void
test_changes(void **state)
{
	static const struct {
		size_t there;
		uint64_t said;
	} rows[] = {
		{ 99, 100 },
		{ 101, 100 },
		{ 0, 1 },
		{ 1, 0 },
		{ PIECE - 1, PIECE },
		{ PIECE + 1, PIECE },
		{ PIECE, PIECE + 1 },
		{ MOST, PIECE },
	};

	const char *why;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    seal(rows[i].there, rows[i].said, 12, &n, &why),
		    ERR_ARGUMENT);
		assert_string_equal(why, "the file changes while it is read");
		/* and no tag that would make it a file */
		assert_true(n <= rows[i].said);
	}
	assert_int_equal(seal(1, AESGCM_MAX + 1, 12, &n, &why), ERR_TOO_LONG);
}

/* Nowhere to write to: the reason, and "" if the other end has gone. */
static void
test_ends(void **state)
{
	struct cipher *c = cipher_new();
	struct cipher_job job = { .key = key, .iv = iv, .ivlen = 12 };
	const char *why;
	uint64_t octets;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	job.in = file_of(plain, 100);
	job.out = fds[1];
	assert_int_equal(cipher_seal(c, &job, 100, &why), ERR_SYSTEM);
	assert_string_equal(why, "");
	close(fds[1]);
	assert_int_equal(lseek(job.in, 0, SEEK_SET), 0);
	job.out = open("/dev/full", O_WRONLY);
	assert_true(job.out >= 0);
	assert_int_equal(cipher_open(c, &job, &octets, &why), ERR_SYSTEM);
	assert_string_equal(why, strerror(ENOSPC));
	close(job.in);
	job.in = job.out; /* not to be read */
	assert_int_equal(cipher_open(c, &job, &octets, &why), ERR_SYSTEM);
	assert_string_equal(why, strerror(EBADF));
	close(job.out);
	cipher_free(c);
}

/* How many there are in it; take: and they are removed, and it. */
static size_t
entries(const char *path, int take)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	size_t n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		n++;
		if (take)
			assert_int_equal(unlinkat(dirfd(dir), d->d_name, 0), 0);
	}
	closedir(dir);
	if (take)
		assert_int_equal(rmdir(path), 0);
	return n;
}

static void
test_place(void **state)
{
	char dir[] = "/tmp/place-XXXXXX", name[PLACE_NAME], other[160];
	struct place p;
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	/* what is not kept leaves nothing */
	assert_int_equal(place_new(fd, &p), 0);
	assert_int_equal(write(p.fd, "x", 1), 1);
	assert_true(entries(dir, 0) <= 1); /* one that has a name for now */
	place_end(&p);
	assert_int_equal(entries(dir, 0), 0);
	/* none is replaced, not even a link to nowhere */
	snprintf(other, sizeof(other), "%s/a-1.b.c", dir);
	assert_int_equal(symlink("/nowhere", other), 0);
	static const char *const names[] = { "a.b.c", "a.b-1.c", "a.b-2.c" };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(place_new(fd, &p), 0);
		assert_int_equal(write(p.fd, "x", 1), 1);
		assert_int_equal(place_keep(&p, "a.b.c", name), 0);
		place_end(&p);
		assert_string_equal(name, names[i]);
		assert_int_equal(fstatat(fd, name, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_size, 1);
	}
	snprintf(other, sizeof(other), "%s/plain", dir);
	assert_int_equal(symlink("/nowhere", other), 0);
	assert_int_equal(place_new(fd, &p), 0);
	assert_int_equal(place_keep(&p, "plain", name), 0);
	place_end(&p);
	assert_string_equal(name, "plain-1");
	close(fd);
	assert_int_equal(entries(dir, 1), 6);
}

/* The way without O_TMPFILE: a name of its own until it is kept. */
static void
test_place_named(void **state)
{
	char dir[] = "/tmp/place-XXXXXX", name[PLACE_NAME];
	struct place p = { .fd = -1 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	p.dir = open(dir, O_RDONLY | O_DIRECTORY);
	assert_true(p.dir >= 0);
	assert_int_equal(place_new_named(p.dir, &p), 0);
	assert_int_equal(entries(dir, 0), 1);
	place_end(&p);
	assert_int_equal(entries(dir, 0), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(place_new_named(p.dir, &p), 0);
		assert_int_equal(place_keep(&p, "x", name), 0);
		place_end(&p);
		assert_string_equal(name, i == 0 ? "x" : "x-1");
		assert_int_equal(entries(dir, 0), i + 1);
	}
	close(p.dir);
	assert_int_equal(entries(dir, 1), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_place_named),
	};

	if (crypto_init() != 0)
		return 1;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 131 + i / 256);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i + 1);
	memset(iv, 7, sizeof(iv));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
