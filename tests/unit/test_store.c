/* SPDX-License-Identifier: ISC */
/*
 * The real xmpp-agent-store ($O/xmpp-agent-store) over its socketpair: rows
 * come back, a commit is all or nothing, a second store on the same directory
 * is refused, purged octets are gone from the files.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../ipc/err.h"
#include "../../ipc/messages.h"
#include "../../ipc/sync.h"
#include "check.h"

struct peer {
	int fd;
	pid_t pid;
	int err_fd; /* its stderr */
	struct buffer in, out;
	uint32_t next;
};

static char dir[256];

/* anchor: descriptor 4, -1: none. */
static void
peer_start_anchor(struct peer *p, int anchor)
{
	int sv[2], e[2];
	char path[512];
	const char *o = getenv("O");

	(void)snprintf(
	    path, sizeof(path), "%s/xmpp-agent-store", o != NULL ? o : "build");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(pipe(e), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		(void)dup2(e[1], 2);
		(void)dup2(sv[1], 20);
		(void)dup2(anchor, 21);
		(void)dup2(20, 3);
		if (anchor != -1)
			(void)dup2(21, 4);
		else
			(void)close(4);
		execl(path, "xmpp-agent-store", dir, (char *)NULL);
		_exit(99);
	}
	close(sv[1]);
	close(e[1]);
	p->fd = sv[0];
	p->err_fd = e[0];
	buffer_init(&p->in, SYNC_IN_MAX);
	buffer_init(&p->out, FRAME_MAX * 4);
	p->next = 1;
}

static void
peer_start(struct peer *p)
{
	peer_start_anchor(p, -1);
}

/* Close the link; its exit status and what it said. */
static int
peer_stop(struct peer *p, char *said, size_t size)
{
	ssize_t n;
	int status;

	close(p->fd);
	n = read(p->err_fd, said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(p->err_fd);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	buffer_free(&p->in);
	buffer_free(&p->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
put(struct peer *p, uint8_t key, const void *value, size_t len)
{
	uint8_t k[32];
	size_t at = frame_begin(&p->out, M_PUT, 0);

	memset(k, key, sizeof(k));
	buffer_put_u32(&p->out, 1);
	buffer_put(&p->out, k, sizeof(k));
	buffer_put_string(&p->out, value, len);
	assert_int_equal(frame_end(&p->out, at), 0);
}

/* The code of the reply: 0 or a positive error. */
static uint32_t
request(struct peer *p, uint8_t type, const void *body, size_t len,
    size_t *rows, uint8_t *last, size_t *lastlen)
{
	struct frame f;
	size_t used, at = frame_begin(&p->out, type, p->next), n;
	uint32_t code, i, count;
	const uint8_t *v;

	buffer_put(&p->out, body, len);
	assert_int_equal(frame_end(&p->out, at), 0);
	assert_int_equal(sync_write(p->fd, &p->out), 0);
	for (;;) {
		if (sync_read(p->fd, &p->in, &f, &used) != 0)
			return 999;
		if (f.type != M_ROWS)
			break;
		count = reader_u32(&f.body);
		for (i = 0; i < count; i++) {
			(void)reader_bytes(&f.body, 32);
			v = reader_string(&f.body, &n, FRAME_MAX);
			if (last != NULL && n <= *lastlen) {
				memcpy(last, v, n);
				*lastlen = n;
			}
			(*rows)++;
		}
		assert_int_equal(reader_end(&f.body), 0);
		sync_done(&p->in, used);
	}
	assert_int_equal(f.id, p->next++);
	code = f.type == M_ERROR ? reader_u32(&f.body) : 0;
	sync_done(&p->in, used);
	return code;
}

static uint32_t
commit(struct peer *p, uint8_t purge)
{
	uint8_t body[5] = { purge };

	return request(p, M_COMMIT, body, sizeof(body), NULL, NULL, NULL);
}

static uint32_t
commit_anchor(struct peer *p, const char *anchor)
{
	uint8_t body[5 + 80] = { 0 };

	body[4] = (uint8_t)strlen(anchor);
	memcpy(body + 5, anchor, strlen(anchor));
	return request(p, M_COMMIT, body, 5 + strlen(anchor), NULL, NULL, NULL);
}

/* What LOAD says of the world outside. */
struct outside {
	char boot[64], anchor[64];
	uint64_t inode, birth;
};

static void
load_outside(struct peer *p, struct outside *o)
{
	struct frame f;
	size_t used, at = frame_begin(&p->out, M_LOAD, p->next);

	assert_int_equal(frame_end(&p->out, at), 0);
	assert_int_equal(sync_write(p->fd, &p->out), 0);
	do {
		assert_int_equal(sync_read(p->fd, &p->in, &f, &used), 0);
		if (f.type == M_REPLY) {
			assert_int_equal(f.id, p->next++);
			(void)reader_u64(&f.body);
			reader_cstring(&f.body, o->boot, sizeof(o->boot));
			o->inode = reader_u64(&f.body);
			o->birth = reader_u64(&f.body);
			reader_cstring(&f.body, o->anchor, sizeof(o->anchor));
			assert_int_equal(reader_end(&f.body), 0);
		}
		sync_done(&p->in, used);
	} while (f.type != M_REPLY);
}

static int
files_hold(const char *needle, size_t len)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[600], *text;
	FILE *f;
	size_t n;
	int found = 0, files = 0;

	assert_non_null(d);
	text = malloc(1 << 22);
	assert_non_null(text);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		f = fopen(path, "r");
		assert_non_null(f);
		n = fread(text, 1, 1 << 22, f);
		(void)fclose(f);
		files++;
		found += memmem(text, n, needle, len) != NULL;
	}
	closedir(d);
	free(text);
	assert_true(files > 0);
	return found;
}

static void
rows_come_back(void **state)
{
	struct peer p;
	char said[512];
	uint8_t value[300];
	size_t rows = 0, len = sizeof(value);

	(void)state;
	peer_start(&p);
	assert_int_equal(request(&p, M_LOAD, NULL, 0, &rows, NULL, NULL), 0);
	assert_int_equal(rows, 0);
	put(&p, 1, "one", 3);
	put(&p, 2, "two", 3);
	put(&p, 1, "uno", 3);
	assert_int_equal(commit(&p, 0), 0);
	put(&p, 2, "", 0);
	assert_int_equal(commit(&p, 0), 0);
	assert_int_equal(commit(&p, 0), 0); /* nothing to do is done */
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
	assert_string_equal(said, "");

	peer_start(&p);
	assert_int_equal(request(&p, M_LOAD, NULL, 0, &rows, value, &len), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(len, 3);
	assert_memory_equal(value, "uno", 3);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
}

/* Written after a commit that succeeded, never without; and who the file is. */
static void
the_anchor_lies_outside(void **state)
{
	struct outside o;
	struct peer p;
	struct stat st;
	char said[512], path[600];
	int fd = memfd_create("anchor", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	peer_start_anchor(&p, fd);
	load_outside(&p, &o);
	assert_string_equal(o.anchor, "");
	assert_int_equal(strlen(o.boot), 37); /* a UUID and its newline */
	(void)snprintf(path, sizeof(path), "%s/vault.db", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(o.inode, st.st_ino);
	put(&p, 9, "nine", 4);
	assert_int_equal(commit_anchor(&p, "first anchor"), 0);
	put(&p, 9, "", 0);
	assert_int_equal(commit_anchor(&p, "second"), 0);
	assert_int_equal(sync_write(p.fd, &p.out), 0);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
	assert_string_equal(said, "");

	peer_start_anchor(&p, fd);
	load_outside(&p, &o);
	assert_memory_equal(o.anchor, "second", 6);
	/* longer than an anchor can be: the link ends */
	assert_int_equal(commit_anchor(&p,
			     "0123456789012345678901234567890123456789"
			     "0123456789012345678901234"),
	    999);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 1);

	/* without one descriptor 4 is the store's own, and not written to */
	peer_start(&p);
	load_outside(&p, &o);
	assert_string_equal(o.anchor, "");
	put(&p, 9, "", 0);
	assert_int_equal(commit_anchor(&p, "into the database?"), 0);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
	assert_false(files_hold("into the database?", 18));
	close(fd);
}

static void
uncommitted_is_not_there(void **state)
{
	struct peer p;
	char said[512];
	uint8_t value[300];
	size_t rows = 0, len = sizeof(value);

	(void)state;
	peer_start(&p);
	put(&p, 7, "half", 4);
	assert_int_equal(sync_write(p.fd, &p.out), 0);
	assert_int_equal(kill(p.pid, SIGKILL), 0);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), -SIGKILL);
	peer_start(&p);
	assert_int_equal(request(&p, M_LOAD, NULL, 0, &rows, value, &len), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
}

static void
many_rows_in_many_frames(void **state)
{
	struct peer p;
	char said[512];
	uint8_t *big = calloc(1, 190000);
	size_t rows = 0;

	(void)state;
	assert_non_null(big);
	peer_start(&p);
	for (uint8_t k = 100; k < 108; k++) {
		put(&p, k, big, 190000);
		assert_int_equal(commit(&p, 0), 0);
	}
	assert_int_equal(request(&p, M_LOAD, NULL, 0, &rows, NULL, NULL), 0);
	assert_int_equal(rows, 9);
	for (uint8_t k = 100; k < 108; k++)
		put(&p, k, "", 0);
	assert_int_equal(commit(&p, 1), 0);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
	free(big);
}

static void
a_second_store_is_refused(void **state)
{
	struct peer a, b;
	char said[512];
	size_t rows = 0;

	(void)state;
	peer_start(&a);
	assert_int_equal(request(&a, M_LOAD, NULL, 0, &rows, NULL, NULL), 0);
	peer_start(&b);
	assert_int_equal(request(&b, M_LOAD, NULL, 0, &rows, NULL, NULL), 999);
	assert_int_equal(peer_stop(&b, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "in use by another agent"));
	assert_int_equal(peer_stop(&a, said, sizeof(said)), 0);
}

static void
purged_octets_are_gone(void **state)
{
	static const char canary[] = "canary-5f1c2a77-old-epoch-key-octets";
	struct peer p;
	char said[512];

	(void)state;
	peer_start(&p);
	put(&p, 3, canary, sizeof(canary));
	assert_int_equal(commit(&p, 0), 0);
	assert_true(files_hold(canary, sizeof(canary)));
	put(&p, 3, "new", 3);
	assert_int_equal(commit(&p, 0), 0);
	assert_true(files_hold(canary, sizeof(canary))); /* in the log */
	assert_int_equal(commit(&p, 1), 0);
	assert_false(files_hold(canary, sizeof(canary)));
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
}

static void
malformed_ends_it(void **state)
{
	struct peer p;
	char said[512];
	size_t rows = 0;

	(void)state;
	peer_start(&p);
	assert_int_equal(
	    request(&p, M_PUT, "\0\0\0\1", 4, &rows, NULL, NULL), 999);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 1);
	peer_start(&p);
	assert_int_equal(request(&p, M_HELLO, "", 0, &rows, NULL, NULL), 999);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 1);
}

static void
not_a_database(void **state)
{
	struct peer p;
	char said[512], path[512];
	size_t rows = 0;
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/vault.db", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is no database ", f);
	(void)fclose(f);
	peer_start(&p);
	assert_int_equal(request(&p, M_LOAD, NULL, 0, &rows, NULL, NULL), 999);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "not a database"));
}

static void
a_directory_open_to_others(void **state)
{
	struct peer p;
	char said[512];
	size_t rows = 0;

	(void)state;
	assert_int_equal(chmod(dir, 0755), 0);
	peer_start(&p);
	assert_int_equal(request(&p, M_LOAD, NULL, 0, &rows, NULL, NULL), 999);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "must be yours alone"));
}

#ifndef SANDBOX_LOG /* a sanitizer's library comes before any other */
/* The store with its at-th write failing: COMMIT's code; 999: it has ended. */
static uint32_t
commit_with_fault(unsigned long at, int as, int *hit)
{
	char said[1024], number[32], path[512];
	const char *o = getenv("O");
	struct peer p;
	uint32_t code;
	size_t rows = 0;

	snprintf(number, sizeof(number), "%lu", at);
	setenv("FAIL_AT", number, 1);
	snprintf(number, sizeof(number), "%d", as);
	setenv("FAIL_ERRNO", number, 1);
	snprintf(
	    path, sizeof(path), "%s/test/failio.so", o != NULL ? o : "build");
	setenv("LD_PRELOAD", path, 1);
	peer_start(&p);
	unsetenv("LD_PRELOAD");
	code = request(&p, M_LOAD, NULL, 0, &rows, NULL, NULL);
	if (code == 0) {
		put(&p, 1, "new", 3);
		put(&p, 2, "too", 3);
		code = commit(&p, 1);
	}
	(void)peer_stop(&p, said, sizeof(said));
	*hit = strstr(said, "fault") != NULL;
	return code;
}

/* 1: the rows of before, 2: those of after. */
static int
rows_now(void)
{
	uint8_t last[64];
	size_t rows = 0, len = sizeof(last);
	char said[256];
	struct peer p;

	peer_start(&p);
	assert_int_equal(request(&p, M_LOAD, NULL, 0, &rows, last, &len), 0);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
	if (rows == 1)
		assert_memory_equal(last, "old", 3);
	else
		assert_int_equal(rows, 2);
	return (int)rows;
}

static void
begin_anew(void)
{
	char said[256];
	struct peer p;

	peer_start(&p);
	put(&p, 1, "old", 3);
	put(&p, 2, "", 0);
	assert_int_equal(commit(&p, 1), 0);
	assert_int_equal(peer_stop(&p, said, sizeof(said)), 0);
	assert_int_equal(rows_now(), 1);
}

/* What was answered is true: new after a yes, old after a no; and after an
 * end without an answer it is one of them. */
static void
every_write_fails_in_turn(void **state)
{
	static const int errors[] = { EIO, ENOSPC };
	unsigned long faults = 0, ended = 0, refused = 0;
	size_t n = strlen(dir);

	(void)state;
	(void)snprintf(dir + n, sizeof(dir) - n, "/faults");
	assert_int_equal(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int hit = 1;

		for (unsigned long at = 1; hit; at++) {
			uint32_t code;
			int rows;

			assert_true(at < 200);
			begin_anew();
			code = commit_with_fault(at, errors[i], &hit);
			rows = rows_now();
			if (code == 0)
				assert_int_equal(rows, 2);
			else if (code != 999)
				assert_int_equal(rows, 1);
			if (!hit)
				assert_int_equal(code, 0);
			faults += (unsigned long)hit;
			ended += code == 999;
			refused += code != 0 && code != 999;
		}
	}
	dir[n] = '\0';
	assert_true(faults > 10);
	printf("%lu writes failed: %lu commits refused, %lu stores ended\n",
	    faults, refused, ended);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
#ifndef SANDBOX_LOG
		cmocka_unit_test(every_write_fails_in_turn),
#endif
		cmocka_unit_test(rows_come_back),
		cmocka_unit_test(the_anchor_lies_outside),
		cmocka_unit_test(uncommitted_is_not_there),
		cmocka_unit_test(many_rows_in_many_frames),
		cmocka_unit_test(a_second_store_is_refused),
		cmocka_unit_test(purged_octets_are_gone),
		cmocka_unit_test(malformed_ends_it),

		cmocka_unit_test(not_a_database),
		cmocka_unit_test(a_directory_open_to_others),
	};
	const char *t = getenv("T");

	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(
	    dir, sizeof(dir), "%s/store-XXXXXX", t != NULL ? t : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
