/* SPDX-License-Identifier: ISC */
/*
 * A place for a file that nobody vouches for yet. Runs in xmpp-get. It is
 * made without a name (O_TMPFILE), so that nothing is left of it whatever
 * ends this process; where the file system cannot do that, under a name that
 * begins with a dot.
 */
#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "../../ipc/err.h"
#include "get.h"

#define NAMES 1000 /* name, name-1, … */

int
place_new_named(int dir, struct place *p)
{
	uint64_t random;

	memset(p, 0, sizeof(*p));
	p->dir = dir;
	p->fd = -1;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return ERR_SYSTEM;
	snprintf(p->made, sizeof(p->made), ".xmpp-get-%016llx",
	    (unsigned long long)random);
	p->fd = openat(dir, p->made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (p->fd == -1)
		p->made[0] = '\0';
	return p->fd == -1 ? ERR_SYSTEM : 0;
}

int
place_new(int dir, struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->dir = dir;
	p->fd =
	    openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (p->fd != -1)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
		return ERR_SYSTEM;
	return place_new_named(dir, p);
}

/* The nth candidate: report.pdf, report-1.pdf, report-2.pdf. */
static void
candidate(const char *wanted, unsigned n, char name[static PLACE_NAME])
{
	const char *dot = strrchr(wanted, '.');
	size_t stem = dot != NULL ? (size_t)(dot - wanted) : strlen(wanted);

	if (n == 0)
		strlcpy(name, wanted, PLACE_NAME);
	else
		snprintf(name, PLACE_NAME, "%.*s-%u%s", (int)stem, wanted, n,
		    wanted + stem);
}

/* 0, -1 and errno: EEXIST, if there is one of that name. */
static int
give_name(const struct place *p, const char *name)
{
	char path[32];

	if (p->made[0] != '\0')
		return renameat2(
		    p->dir, p->made, p->dir, name, RENAME_NOREPLACE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p->fd);
	return linkat(AT_FDCWD, path, p->dir, name, AT_SYMLINK_FOLLOW);
}

int
place_keep(struct place *p, const char *wanted, char name[static PLACE_NAME])
{
	if (fsync(p->fd) != 0)
		return ERR_SYSTEM;
	for (unsigned n = 0; n < NAMES; n++) {
		candidate(wanted, n, name);
		if (give_name(p, name) == 0) {
			p->made[0] = '\0';
			return fsync(p->dir) == 0 ? 0 : ERR_SYSTEM;
		}
		if (errno != EEXIST)
			break;
	}
	return ERR_SYSTEM;
}

void
place_end(struct place *p)
{
	if (p->fd != -1)
		close(p->fd);
	if (p->made[0] != '\0')
		unlinkat(p->dir, p->made, 0);
	p->fd = -1;
	p->made[0] = '\0';
}
