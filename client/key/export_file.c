/* SPDX-License-Identifier: ISC */
/*
 * Reading and writing the file of an export. Runs in xmpp-key; holds sealed
 * octets, which may come from anybody: lengths are checked here, the rest by
 * the agent.
 */
#include "export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../agent/limits.h"
#include "../../ipc/err.h"
#include "../common/fail.h"

static const char magic[] = "xmpp-agent export\n";

#define MAGIC	 (sizeof(magic) - 1)
#define HEAD_MAX 4096
#define PART_MAX (EXPORT_PART + 16)
#define FILE_MAX                                                               \
	(MAGIC + 4 + HEAD_MAX + (size_t)LIMIT_EXPORT_PARTS * (4 + PART_MAX))

void
export_file_begin(struct buffer *b)
{
	buffer_init(b, FILE_MAX);
	buffer_put(b, magic, MAGIC);
}

void
export_file_add(struct buffer *b, const void *p, size_t len)
{
	buffer_put_string(b, p, len);
}

/* --- writing ------------------------------------------------------------------ */

int
export_file_room(const char *path, int force)
{
	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return fail(path, "an export is not for a terminal");
	if (strcmp(path, "-") == 0 || force || access(path, F_OK) != 0)
		return DONE;
	return fail(path, "it is there already (--force: write over it)");
}

static int
write_all(int fd, const struct buffer *b)
{
	size_t done = 0;
	ssize_t n;

	while (done < b->len) {
		n = write(fd, b->data + done, b->len - done);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* The name is on the disk, too, where that can be said of a folder. */
static int
sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, result;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	result = fsync(fd);
	if (result != 0 && errno == EINVAL)
		result = 0;
	close(fd);
	return result;
}

static int
put_in_place(const char *from, const char *to, int force)
{
	unsigned flags = force ? 0 : RENAME_NOREPLACE;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, flags) == 0)
		return 0;
	if (force || (errno != EINVAL && errno != ENOSYS))
		return -1;
	/* a file system that cannot promise it: as well as one can */
	if (access(to, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

int
export_file_write(const char *path, int force, const struct buffer *b)
{
	char coming[PATH_MAX];
	int fd, result;

	if (strcmp(path, "-") == 0)
		return write_all(STDOUT_FILENO, b) == 0
		    ? DONE
		    : fail("standard output", "%s", strerror(errno));
	if ((size_t)snprintf(coming, sizeof(coming), "%s.XXXXXX", path) >=
	    sizeof(coming))
		return fail(path, "%s", strerror(ENAMETOOLONG));
	if ((fd = mkostemp(coming, O_CLOEXEC)) == -1) /* mode 0600 */
		return fail(path, "%s", strerror(errno));
	result = write_all(fd, b);
	if (result == 0)
		result = fsync(fd);
	if (close(fd) != 0)
		result = -1;
	if (result == 0)
		result = put_in_place(coming, path, force);
	if (result == 0)
		return sync_folder(path) == 0
		    ? DONE
		    : fail(path, "%s", strerror(errno));
	result = fail(path, "%s", strerror(errno));
	unlink(coming);
	return result;
}

/* --- reading ------------------------------------------------------------------ */

static int
read_all(int fd, struct buffer *b)
{
	uint8_t octets[65536];
	ssize_t n;

	while ((n = read(fd, octets, sizeof(octets))) != 0) {
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		if (n > 0)
			buffer_put(b, octets, (size_t)n);
		if (b->err != 0)
			return b->err;
	}
	return 0;
}

struct export_piece
export_file_next(struct reader *in)
{
	struct export_piece piece;

	piece.p = reader_string(in, &piece.len, PART_MAX);
	return piece;
}

struct export_piece
export_file_head(const struct buffer *b, struct reader *in)
{
	struct export_piece piece;

	reader_init(in, b->data + MAGIC, b->len - MAGIC);
	piece.p = reader_string(in, &piece.len, HEAD_MAX);
	return piece;
}

/* NULL, or what is wrong with it. */
static const char *
check(const struct buffer *b)
{
	struct reader in;
	size_t parts = 0;

	if (b->len < MAGIC || memcmp(b->data, magic, MAGIC) != 0)
		return "this is no export of an xmpp-agent";
	(void)export_file_head(b, &in);
	while (in.err == 0 && in.left > 0) {
		(void)export_file_next(&in);
		parts++;
	}
	if (in.err != 0 || parts == 0)
		return "it is not whole, or it has been altered";
	return parts > LIMIT_EXPORT_PARTS ? "it is too large" : NULL;
}

int
export_file_read(const char *path, struct buffer *b)
{
	int is_stdin = strcmp(path, "-") == 0, err;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	const char *why = NULL;

	buffer_init(b, FILE_MAX);
	err = fd == -1 ? ERR_SYSTEM : read_all(fd, b);
	if (err == ERR_SYSTEM)
		why = strerror(errno);
	else if (err != 0)
		why = err == ERR_TOO_LONG ? "it is too large" : err_text(err);
	else
		why = check(b);
	if (fd != -1 && !is_stdin)
		close(fd);
	return why == NULL ? DONE : fail(path, "%s", why);
}
