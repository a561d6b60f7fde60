/* SPDX-License-Identifier: ISC */
/*
 * A file's upload. upload_start runs in the starter, which opens the file and
 * hands it to xmpp-cipher unread; all else in the filtered front, which draws
 * the key, gives it to xmpp-cipher, gives the address and the headers to
 * xmpp-transfer, and makes the link of both once the server has it all. The
 * net hears the size and a name that says nothing.
 */
#include "upload.h"

#include <sys/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../../ipc/err.h"
#include "../common/fail.h"
#include "../files/job.h"
#include "../files/meter.h"
#include "../files/start.h"

#define NAME_SIZE  64
#define SUFFIX_MAX 8

struct upload {
	const struct upload_handler *handler;
	void *arg;
	struct job *job;
	struct meter meter;
	char name[NAME_SIZE];
	struct aesgcm link;  /* key, IV, and once there is a slot its URL */
	struct front *front; /* to be asked, as soon as the size is known */
	int has_slot, ended;
};

/* --- in the starter ------------------------------------------------------- */

int
upload_start(const struct starter *starter, int fds[static STARTER_MORE])
{
	const struct options *o = starter->options;
	struct files_started s;
	uint64_t size;
	int file = files_open(o->file, &size), err;

	if (file == -1)
		return -1;
	err = files_start(file, &size, o->ca_file, &s);
	close(file);
	if (err != 0)
		return -1;
	fds[0] = s.cipher;
	fds[1] = s.transfer;
	return 2;
}

/* --- in the front --------------------------------------------------------- */

/* What stands behind the last dot, if it is a kind of file; the rest of its
 * name is the sender's own. Random, so that no two places are one. */
static int
make_name(const char *path, char name[static NAME_SIZE])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *slash = strrchr(path, '/'), *dot;
	uint64_t random;
	size_t n;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return ERR_SYSTEM;
	n = (size_t)snprintf(
	    name, NAME_SIZE, "%016llx", (unsigned long long)random);
	dot = strrchr(slash != NULL ? slash : path, '.');
	if (dot != NULL && strlen(dot + 1) <= SUFFIX_MAX && dot[1] != '\0' &&
	    strspn(dot + 1, plain) == strlen(dot + 1))
		strlcpy(name + n, dot, NAME_SIZE - n);
	return 0;
}

static void
ask_slot(struct upload *u)
{
	uint64_t size;

	if (u->front == NULL || u->has_slot || u->ended ||
	    !job_size(u->job, &size))
		return;
	front_slot_ask(u->front, u->name, size + AESGCM_TAG);
	u->front = NULL;
}

static void
on_progress(void *arg, uint64_t octets, uint64_t of)
{
	struct upload *u = arg;

	if (!u->has_slot) { /* the size is known now */
		ask_slot(u);
		return;
	}
	meter_draw(&u->meter, octets, of);
	u->handler->progress(u->arg);
}

static void
on_ended(void *arg, const char *reason)
{
	struct upload *u = arg;
	char text[AESGCM_SIZE];

	u->ended = 1;
	meter_clear(&u->meter);
	if (reason != NULL) {
		u->handler->failed(u->arg, reason);
		return;
	}
	aesgcm_write(&u->link.url, u->link.iv, u->link.key, text);
	u->handler->ready(u->arg, text);
	explicit_bzero(text, sizeof(text));
}

struct upload *
upload_new(struct loop *loop, const char *path,
    const struct upload_handler *handler, void *arg)
{
	static const struct job_handler job_handler = {
		.progress = on_progress,
		.ended = on_ended,
	};
	struct upload *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->handler = handler;
	u->arg = arg;
	u->meter.name = path;
	u->link.ivlen = AESGCM_IV;
	u->job =
	    job_new(loop, FRONT_FD_MORE, FRONT_FD_MORE + 1, &job_handler, u);
	if (u->job == NULL || make_name(path, u->name) != 0 ||
	    getrandom(u->link.key, AESGCM_KEY, 0) != AESGCM_KEY ||
	    getrandom(u->link.iv, AESGCM_IV, 0) != AESGCM_IV) {
		upload_free(u);
		return NULL;
	}
	return u;
}

void
upload_free(struct upload *u)
{
	if (u == NULL)
		return;
	meter_clear(&u->meter);
	job_free(u->job);
	freezero(u, sizeof(*u));
}

void
upload_online(struct upload *u, struct front *front)
{
	u->front = front;
	ask_slot(u);
}

void
upload_slot(struct upload *u, const struct front_slot *slot)
{
	if (u->has_slot || u->ended)
		return; /* of an earlier net */
	u->has_slot = 1;
	u->link.url = slot->get;
	job_put(u->job, &u->link, &slot->put, &slot->headers);
}
