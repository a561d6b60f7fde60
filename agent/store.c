/* SPDX-License-Identifier: ISC */
/*
 * xmpp-agent-store: the store role, the only program that links SQLite. Keeps
 * rows (key, value) of sealed octets for the keeper; understands none of
 * them. May use its one directory, nothing else; trusts the keeper at the
 * other end of descriptor 3 and is trusted by it with durability only: the
 * keeper notices old, swapped, missing or altered rows.
 *
 * A COMMIT is answered only when it is on the disk. One that SQLite refused
 * and rolled back is answered with an error; after a commit whose outcome is
 * unknown the store exits without an answer, and the restart reads what is
 * true. Exit status 2: starting again cannot help (in use, not readable).
 * Descriptor 4, if it is open, is the anchor: octets of the keeper's, kept
 * outside the database and written after each commit (anchor.h).
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "../ipc/err.h"
#include "../ipc/messages.h"
#include "../ipc/sync.h"
#include "../sandbox/sandbox.h"

#define STORE_FD      3
#define ANCHOR_FD     4
#define ANCHOR_MAX    64
#define KEY_SIZE      32
#define DATABASE      "vault.db"
#define APPLICATION   0x786d6b31 /* "xmk1" */
#define EXIT_FOR_GOOD 2
#define BUSY_MS	      2000 /* the store before this one may be dying still */

struct store {
	sqlite3 *db;
	sqlite3_stmt *load, *put, *delete;
	struct buffer in, out;
	int failed; /* a PUT of this transaction failed: refuse its COMMIT */
	char why[256];
	const char *dir; /* as it was given, for messages */
	int anchor;	 /* -1: none was given */
	char boot[64];	 /* the kernel's boot id */
};

static const char cachedir_tag[] =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Ratchet states: restoring a backup of them breaks every session and\n"
    "# opens old messages. Keep the vault's recovery code instead.\n";

/* --- opening ---------------------------------------------------------------- */

static void
directory_enter(const char *dir)
{
	struct stat st;
	int fd;

	if (chdir(dir) == -1)
		err(EXIT_FOR_GOOD, "%s", dir);
	if (stat(".", &st) == -1)
		err(EXIT_FOR_GOOD, "%s", dir);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		errx(EXIT_FOR_GOOD, "%s: must be yours alone (mode 0700)", dir);
	(void)umask(077);
	fd =
	    open("CACHEDIR.TAG", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return; /* it is there, or the directory is read-only */
	if (write(fd, cachedir_tag, sizeof(cachedir_tag) - 1) == -1)
		warn("%s/CACHEDIR.TAG", dir);
	(void)close(fd);
}

static void
fail_open(struct store *s, const char *dir)
{
	int code = sqlite3_errcode(s->db);

	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		errx(EXIT_FOR_GOOD, "%s/%s: in use by another agent", dir,
		    DATABASE);
	errx(EXIT_FOR_GOOD, "%s/%s: %s", dir, DATABASE, sqlite3_errmsg(s->db));
}

static int
exec_sql(struct store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

static int
pragma_number(struct store *s, const char *sql)
{
	sqlite3_stmt *st;
	int n = -1;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	(void)sqlite3_finalize(st);
	return n;
}

/*
 * One connection for good: EXCLUSIVE locking keeps a second agent out and the
 * log's index in memory; FULL makes each commit durable by itself.
 */
static void
database_open(struct store *s, const char *dir)
{
	static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
				       "PRAGMA journal_mode = WAL;"
				       "PRAGMA synchronous = FULL;"
				       "PRAGMA secure_delete = ON;"
				       "PRAGMA temp_store = MEMORY;"
				       "PRAGMA mmap_size = 0;"
				       "PRAGMA trusted_schema = OFF;";
	int application;

	if (sqlite3_open_v2(DATABASE, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(s->db, BUSY_MS) != SQLITE_OK ||
	    exec_sql(s, settings) != SQLITE_OK)
		fail_open(s, dir);
	application = pragma_number(s, "PRAGMA application_id");
	if (application != 0 && application != APPLICATION)
		errx(EXIT_FOR_GOOD, "%s/%s: not a database of this program",
		    dir, DATABASE);
	if (exec_sql(s, "BEGIN EXCLUSIVE") != SQLITE_OK ||
	    (application == 0 &&
		exec_sql(s,
		    "PRAGMA application_id = 2020436785;"
		    "PRAGMA user_version = 1;"
		    "CREATE TABLE record (key BLOB PRIMARY KEY NOT NULL,"
		    " value BLOB NOT NULL)") != SQLITE_OK) ||
	    exec_sql(s, "COMMIT") != SQLITE_OK)
		fail_open(s, dir);
	if (pragma_number(s, "PRAGMA user_version") != 1)
		errx(EXIT_FOR_GOOD, "%s/%s: made by a newer version", dir,
		    DATABASE);
	if (sqlite3_prepare_v2(s->db, "SELECT key, value FROM record", -1,
		&s->load, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db,
		"INSERT INTO record (key, value) VALUES (?1, ?2) "
		"ON CONFLICT (key) DO UPDATE SET value = ?2",
		-1, &s->put, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db, "DELETE FROM record WHERE key = ?1", -1,
		&s->delete, NULL) != SQLITE_OK)
		fail_open(s, dir);
}

/* --- what lies outside the database ----------------------------------------- */

static void
outside_open(struct store *s)
{
	ssize_t n;
	int fd;

	s->anchor = fcntl(ANCHOR_FD, F_GETFD) != -1 ? ANCHOR_FD : -1;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	n = read(fd, s->boot, sizeof(s->boot) - 1);
	s->boot[n > 0 ? n : 0] = '\0';
	(void)close(fd);
}

/* Which file the database is, and what the anchor says. */
static void
put_outside(struct store *s)
{
	char anchor[ANCHOR_MAX];
	struct statx stx = { 0 };
	uint64_t birth = 0;
	ssize_t n = 0;

	if (statx(AT_FDCWD, DATABASE, AT_SYMLINK_NOFOLLOW,
		STATX_INO | STATX_BTIME, &stx) == -1)
		stx = (struct statx){ 0 };
	if (stx.stx_mask & STATX_BTIME)
		birth = (uint64_t)stx.stx_btime.tv_sec * 1000000000U +
		    stx.stx_btime.tv_nsec;
	buffer_put_cstring(&s->out, s->boot);
	buffer_put_u64(&s->out, stx.stx_ino);
	buffer_put_u64(&s->out, birth);
	if (s->anchor != -1)
		n = pread(s->anchor, anchor, sizeof(anchor), 0);
	buffer_put_string(&s->out, anchor, n > 0 ? (size_t)n : 0);
}

/* A full runtime directory costs the memory, not the commit. */
static void
anchor_write(struct store *s, const uint8_t *p, size_t len)
{
	if (s->anchor == -1 || len == 0 || len > ANCHOR_MAX)
		return;
	if (pwrite(s->anchor, p, len, 0) != (ssize_t)len) {
		warn("the anchor in the runtime directory");
		s->anchor = -1;
	}
}

/* --- requests --------------------------------------------------------------- */

/* Every row, in frames of as many as fit; then the count. */
static int
load(struct store *s, uint32_t id)
{
	size_t at = 0, count_at = 0;
	uint64_t total = 0;
	uint32_t rows = 0;
	int code, n, error = 0;

	while ((code = sqlite3_step(s->load)) == SQLITE_ROW) {
		n = sqlite3_column_bytes(s->load, 1);
		if (sqlite3_column_bytes(s->load, 0) != KEY_SIZE ||
		    (size_t)n > FRAME_MAX - FRAME_HEADER - KEY_SIZE - 8)
			break;
		if (rows > 0 &&
		    s->out.len + KEY_SIZE + 4 + (size_t)n > FRAME_MAX) {
			buffer_patch_u32(&s->out, count_at, rows);
			if ((error = frame_end(&s->out, at)) != 0 ||
			    (error = sync_write(STORE_FD, &s->out)) != 0)
				break;
			rows = 0;
		}
		if (rows == 0) {
			at = frame_begin(&s->out, M_ROWS, 0);
			count_at = s->out.len;
			buffer_put_u32(&s->out, 0);
		}
		buffer_put(&s->out, sqlite3_column_blob(s->load, 0), KEY_SIZE);
		buffer_put_string(
		    &s->out, sqlite3_column_blob(s->load, 1), (size_t)n);
		rows++;
		total++;
	}
	if (code != SQLITE_DONE && error == 0) {
		buffer_clear(&s->out);
		if (code != SQLITE_IOERR && code != SQLITE_NOMEM)
			errx(EXIT_FOR_GOOD, "%s/%s: damaged: %s", s->dir,
			    DATABASE,
			    code == SQLITE_ROW ? "a row of impossible size"
					       : sqlite3_errmsg(s->db));
		return ERR_STORE;
	} else if (error == 0) {
		if (rows > 0) {
			buffer_patch_u32(&s->out, count_at, rows);
			error = frame_end(&s->out, at);
		}
		if (error == 0) {
			at = frame_begin(&s->out, M_REPLY, id);
			buffer_put_u64(&s->out, total);
			put_outside(s);
			error = frame_end(&s->out, at);
		}
	}
	(void)sqlite3_reset(s->load);
	return error;
}

static void
refuse(struct store *s)
{
	if (!s->failed)
		(void)strncpy(
		    s->why, sqlite3_errmsg(s->db), sizeof(s->why) - 1);
	s->failed =
	    sqlite3_errcode(s->db) == SQLITE_FULL ? ERR_FULL : ERR_STORE;
}

/* Rows into the open transaction. What fails here fails the COMMIT. */
static int
put(struct store *s, struct reader *body)
{
	const uint8_t *key, *value;
	sqlite3_stmt *st;
	uint32_t i, n;
	size_t len;

	if (sqlite3_get_autocommit(s->db) && !s->failed &&
	    exec_sql(s, "BEGIN IMMEDIATE") != SQLITE_OK)
		refuse(s);
	n = reader_count(body, FRAME_MAX / KEY_SIZE);
	for (i = 0; i < n; i++) {
		key = reader_bytes(body, KEY_SIZE);
		value = reader_string(body, &len, FRAME_MAX);
		if (key == NULL || value == NULL)
			return ERR_MALFORMED;
		if (s->failed)
			continue;
		st = len == 0 ? s->delete : s->put;
		(void)sqlite3_bind_blob(st, 1, key, KEY_SIZE, SQLITE_STATIC);
		if (len > 0)
			(void)sqlite3_bind_blob(
			    st, 2, value, (int)len, SQLITE_STATIC);
		if (sqlite3_step(st) != SQLITE_DONE)
			refuse(s);
		(void)sqlite3_reset(st);
		(void)sqlite3_clear_bindings(st);
	}
	return reader_end(body);
}

/*
 * 0: answered. ERR_STORE: the outcome is unknown, exit. SQLITE_FULL and
 * SQLITE_READONLY happen before the commit mark is in the log; any other
 * failure may leave it there.
 */
static int
commit(struct store *s, struct reader *body, uint32_t id)
{
	int purge = reader_u8(body), code;
	const uint8_t *anchor;
	size_t len, at;

	anchor = reader_string(body, &len, ANCHOR_MAX);
	if (reader_end(body) != 0)
		return ERR_MALFORMED;
	if (!s->failed && !sqlite3_get_autocommit(s->db)) {
		code = exec_sql(s, "COMMIT") == SQLITE_OK
		    ? SQLITE_OK
		    : sqlite3_errcode(s->db);
		if (code == SQLITE_FULL || code == SQLITE_READONLY)
			refuse(s);
		else if (code != SQLITE_OK)
			return ERR_STORE;
	}
	if (s->failed) {
		if (!sqlite3_get_autocommit(s->db) &&
		    exec_sql(s, "ROLLBACK") != SQLITE_OK)
			return ERR_STORE;
		sync_error(&s->out, id, s->failed, s->why);
		s->failed = 0;
		return 0;
	}
	if (purge &&
	    exec_sql(s, "PRAGMA wal_checkpoint(TRUNCATE)") != SQLITE_OK)
		return ERR_STORE;
	anchor_write(s, anchor, len);
	at = frame_begin(&s->out, M_REPLY, id);
	return frame_end(&s->out, at);
}

static int
handle(struct store *s, struct frame *f)
{
	const struct message *m = message_find(LINK_STORE, f->type);
	int error;

	if (m == NULL)
		return ERR_UNKNOWN_MESSAGE;
	error = message_check(m->request, f->body.p, f->body.left);
	if (error != 0)
		return error;
	if (f->type == M_LOAD)
		return load(s, f->id);
	if (f->type == M_PUT)
		return put(s, &f->body);
	if (f->type == M_COMMIT)
		return commit(s, &f->body, f->id);
	return ERR_UNKNOWN_MESSAGE;
}

int
main(int argc, char *argv[])
{
	static const char *here[] = { ".", NULL };
	const struct sandbox_paths paths = { .write = here };
	struct store s = { 0 };
	struct frame f;
	size_t used;
	int error;

	if (sandbox_early() != 0 || sandbox_die_with(getppid()) != 0)
		errx(1, "cannot close itself");
	if (argc != 2)
		errx(64, "started by xmpp-agent, not by hand");
	closefrom(ANCHOR_FD + 1);
	outside_open(&s);
	s.dir = argv[1];
	directory_enter(s.dir);
	if (sandbox_enter(ROLE_STORE, &paths) != 0)
		errx(EXIT_FOR_GOOD, "cannot contain itself");
	database_open(&s, argv[1]);
	buffer_init(&s.in, SYNC_IN_MAX);
	buffer_init(&s.out, FRAME_MAX * 2);
	while ((error = sync_read(STORE_FD, &s.in, &f, &used)) == 0) {
		if ((error = handle(&s, &f)) != 0)
			break;
		sync_done(&s.in, used);
		if ((error = sync_write(STORE_FD, &s.out)) != 0)
			break;
	}
	if (error != ERR_EOF && error != ERR_SYSTEM)
		warnx("%s/%s: %s (%s)", argv[1], DATABASE, err_text(error),
		    sqlite3_errmsg(s.db));
	(void)sqlite3_finalize(s.load);
	(void)sqlite3_finalize(s.put);
	(void)sqlite3_finalize(s.delete);
	(void)sqlite3_close(s.db);
	return error == ERR_EOF ? 0 : 1;
}
