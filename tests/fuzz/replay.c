/* SPDX-License-Identifier: ISC */
/*
 * A main for fuzz targets: replays the corpus, tests/fuzz/corpus/X for the
 * program fuzz_X, each file whole, cut at every length and with every single
 * bit turned, as far as a bound goes. Run from the top of the tree.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX    (1024 * 1024)
#define VARIANT_MAX 4096 /* cuts, and turned bits, of one file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly this size, so that a sanitizer sees each step beyond. */
static void
replay_one(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* The file, its cuts, its turned bits. Returns how many were run. */
static unsigned long
replay_file(uint8_t *data, size_t size)
{
	size_t bits = size * 8, step;
	unsigned long runs = 1;

	replay_one(data, size);
	step = size / VARIANT_MAX + 1;
	for (size_t n = 0; n < size; n += step, runs++)
		replay_one(data, n);
	step = bits / VARIANT_MAX + 1;
	for (size_t i = 0; i < bits; i += step, runs++) {
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		replay_one(data, size);
		data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	return runs;
}

static unsigned long
replay_path(const char *path, uint8_t *data)
{
	FILE *f = fopen(path, "rb");
	size_t size;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	size = fread(data, 1, FILE_MAX, f);
	fclose(f);
	return replay_file(data, size);
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash != NULL ? slash + 1 : argv[0];
	char dir[256], path[600];
	unsigned long files = 0, runs = 0;
	uint8_t *data = malloc(FILE_MAX);
	struct dirent *e;
	DIR *d;

	(void)argc;
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", name);
	d = opendir(dir);
	if (d == NULL || data == NULL) {
		perror(dir);
		return 1;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		runs += replay_path(path, data);
		files++;
	}
	closedir(d);
	free(data);
	printf("%s: %lu files, %lu inputs\n", name, files, runs);
	if (files > 0)
		return 0;
	fprintf(stderr, "%s: no corpus\n", dir);
	return 1;
}
