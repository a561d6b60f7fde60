/* SPDX-License-Identifier: ISC */
/*
 * hunt: search all readable pages of processes, and the files of folders, for
 * octets that must not be there. Run with CAP_SYS_PTRACE by the tests.
 *
 *   -p PID       a process            -d DIR   a folder, searched whole
 *   -c STRING    the canary: must be found in every process and folder, or
 *                the search proves nothing
 *   -s STRING    search for it, as it is
 *   -x HEX       search for these octets
 *   -n SEED:N    search for the first N secrets that random_seeded.c draws
 *                from SEED, and for the X25519 scalars of those as Ed25519
 *                seeds; by their middle 16 octets, which clamping leaves alone
 *   -k SEED:N:INFO  search for HKDF-SHA-256(secret, INFO) of each of those: the
 *                keys that the master key gives
 *   -w           wanted: succeed if at least one is found (shows that a
 *                search that finds nothing could have found something)
 *
 * Exit 0 nothing found (-w: something), 1 otherwise, 2 the canary is missing
 * or something could not be read.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define NEEDLES 8192 /* enough for every draw of a test */
#define CHUNK	(1 << 20)
#define PIECE	16 /* octets searched for, of a secret */

struct needle {
	uint8_t *octets;
	size_t len;
	char name[64];
	int next; /* with the same first two octets; -1: none */
};

/* What one hunt knows; nftw has no argument for it. */
static struct hunt {
	struct needle needles[NEEDLES];
	int count;
	int first[65536];
	const char *canary;
	const char *where;
	uint64_t searched;
	int canary_found, found;
} hunt;

static void
needle_add(const char *name, const void *octets, size_t len)
{
	struct needle *n;
	unsigned key;

	if (hunt.count == NEEDLES || len < 4)
		errx(64, "%s: too many needles, or too short", name);
	n = &hunt.needles[hunt.count];
	if ((n->octets = malloc(len)) == NULL)
		err(2, "malloc");
	memcpy(n->octets, octets, len);
	n->len = len;
	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	key = (unsigned)n->octets[0] << 8 | n->octets[1];
	n->next = hunt.first[key];
	hunt.first[key] = hunt.count++;
}

static void
needle_add_hex(const char *hex)
{
	uint8_t octets[1024];
	size_t len = 0;

	for (; hex[0] != '\0' && len < sizeof(octets); hex += 2) {
		char pair[3] = { hex[0], hex[1], '\0' };
		char *end;

		octets[len++] = (uint8_t)strtoul(pair, &end, 16);
		if (end != pair + 2)
			errx(64, "not hexadecimal");
	}
	needle_add("octets", octets, len);
}

/* The n-th secret of a seed, as random_seeded.c draws it. */
static void
draw(const char *seed, size_t len, uint64_t n, uint8_t block[32])
{
	char text[256];

	memcpy(text, seed, len);
	memcpy(text + len, "secret", 6);
	memcpy(text + len + 6, &n, sizeof(n));
	if (EVP_Digest(text, len + 6 + sizeof(n), block, NULL, EVP_sha256(),
		NULL) != 1)
		errx(2, "digest");
}

/* SEED:N or SEED:N:INFO, taken apart. */
static uint64_t
read_seed(const char *arg, size_t *len, const char **info)
{
	char *end;
	uint64_t total;

	*len = strcspn(arg, ":");
	if (*len > 200 || arg[*len] != ':')
		errx(64, "%s: not SEED:N", arg);
	total = strtoull(arg + *len + 1, &end, 10);
	*info = *end == ':' ? end + 1 : NULL;
	return total;
}

static void
needle_add_seed(const char *arg)
{
	const char *info;
	char name[64];
	uint8_t block[32], scalar[64];
	size_t len;
	uint64_t total = read_seed(arg, &len, &info);

	for (uint64_t n = 0; n < total; n++) {
		draw(arg, len, n, block);
		if (EVP_Digest(block, sizeof(block), scalar, NULL, EVP_sha512(),
			NULL) != 1)
			errx(2, "digest");
		(void)snprintf(
		    name, sizeof(name), "secret %u of the seed", (unsigned)n);
		needle_add(name, block + 8, PIECE);
		(void)snprintf(name, sizeof(name), "X25519 half of secret %u",
		    (unsigned)n);
		needle_add(name, scalar + 8, PIECE);
	}
}

/* RFC 5869 with no salt and one block of output. */
static void
needle_add_derived(const char *arg)
{
	static const uint8_t salt[32];
	const char *info;
	char name[64];
	uint8_t block[32], prk[32], okm[32], text[128];
	size_t len, infolen;
	uint64_t total = read_seed(arg, &len, &info);

	if (info == NULL || (infolen = strlen(info)) >= sizeof(text))
		errx(64, "%s: not SEED:N:INFO", arg);
	memcpy(text, info, infolen);
	text[infolen] = 1;
	for (uint64_t n = 0; n < total; n++) {
		draw(arg, len, n, block);
		if (HMAC(EVP_sha256(), salt, sizeof(salt), block, 32, prk,
			NULL) == NULL ||
		    HMAC(EVP_sha256(), prk, sizeof(prk), text, infolen + 1, okm,
			NULL) == NULL)
			errx(2, "hmac");
		(void)snprintf(name, sizeof(name), "%.40s of secret %u", info,
		    (unsigned)n);
		needle_add(name, okm + 8, PIECE);
	}
}

/* What begins in p[0..begin) and lies within p[0..len). */
static void
search(const uint8_t *p, size_t begin, size_t len, uint64_t at)
{
	hunt.searched += begin;
	for (size_t i = 0; i < begin && i + 1 < len; i++) {
		int j = hunt.first[(unsigned)p[i] << 8 | p[i + 1]];

		for (; j >= 0; j = hunt.needles[j].next) {
			const struct needle *n = &hunt.needles[j];

			if (n->len > len - i ||
			    memcmp(p + i, n->octets, n->len) != 0)
				continue;
			if (j == 0) {
				hunt.canary_found = 1;
				continue;
			}
			if (hunt.found++ < 40)
				printf("%s: %s at %" PRIx64 "\n", hunt.where,
				    n->name, at + i);
		}
	}
}

/* fd from..to in pieces that overlap by the longest needle. */
static void
search_fd(int fd, uint64_t from, uint64_t to)
{
	static uint8_t chunk[CHUNK + 4096];

	while (from < to) {
		size_t want = sizeof(chunk), begin;
		ssize_t got;

		if (to - from < want)
			want = (size_t)(to - from);
		got = pread(fd, chunk, want, (off_t)from);
		if (got <= 0)
			return; /* a guard page, or [vvar] */
		begin = (size_t)got < CHUNK ? (size_t)got : CHUNK;
		search(chunk, begin, (size_t)got, from);
		from += begin;
	}
}

static void
search_process(const char *pid)
{
	char path[64], line[512];
	FILE *maps;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	if ((maps = fopen(path, "r")) == NULL)
		err(2, "%s", path);
	(void)snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(2, "%s", path);
	while (fgets(line, sizeof(line), maps) != NULL) {
		char *end;
		uint64_t from = strtoull(line, &end, 16);
		uint64_t to = strtoull(end + 1, &end, 16);

		if (end[1] == 'r')
			search_fd(fd, from, to);
	}
	(void)close(fd);
	(void)fclose(maps);
}

static int
search_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	int fd;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(2, "%s", path);
	search_fd(fd, 0, (uint64_t)st->st_size);
	(void)close(fd);
	return 0;
}

static void
search_place(const char *place, int is_dir)
{
	hunt.where = place;
	hunt.canary_found = 0;
	hunt.searched = 0;
	if (!is_dir)
		search_process(place);
	else if (nftw(place, search_file, 16, FTW_PHYS) != 0)
		err(2, "%s", place);
	if (!hunt.canary_found)
		errx(2, "%s: the canary is not there (%" PRIu64 " octets read)",
		    place, hunt.searched);
	printf("%s: %" PRIu64 " octets searched for %d things\n", place,
	    hunt.searched, hunt.count - 1);
}

int
main(int argc, char **argv)
{
	int ch, wanted = 0;
	const char *options = "p:d:c:s:x:n:k:w";

	for (size_t i = 0; i < 65536; i++)
		hunt.first[i] = -1;
	while ((ch = getopt(argc, argv, options)) != -1)
		if (ch == 'c')
			hunt.canary = optarg;
	if (hunt.canary == NULL)
		errx(64, "no canary");
	needle_add("canary", hunt.canary, strlen(hunt.canary));
	optind = 1;
	while ((ch = getopt(argc, argv, options)) != -1)
		switch (ch) {
		case 's':
			needle_add(optarg, optarg, strlen(optarg));
			break;
		case 'x':
			needle_add_hex(optarg);
			break;
		case 'n':
			needle_add_seed(optarg);
			break;
		case 'k':
			needle_add_derived(optarg);
			break;
		case 'w':
			wanted = 1;
			break;
		case 'p':
		case 'd':
		case 'c':
			break;
		default:
			return 64;
		}
	optind = 1;
	while ((ch = getopt(argc, argv, options)) != -1)
		if (ch == 'p' || ch == 'd')
			search_place(optarg, ch == 'd');
	return (hunt.found > 0) == wanted ? 0 : 1;
}
