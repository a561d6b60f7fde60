/* SPDX-License-Identifier: ISC */
/*
 * peer_agents ssh SOCKET | gpg SOCKET KEYGRIP: the bench's peers ssh-agent
 * (Ed25519 signatures, one at a time and 64 in flight) and gpg-agent
 * (cv25519 decryptions, one at a time: its protocol knows no other). Prints
 * names and figures like ours.c.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT 64
#define N	  1000

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd == -1 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1)
		err(1, "%s", path);
	return fd;
}

static void
write_all(int fd, const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		err(1, "write");
}

static void
read_all(int fd, uint8_t *p, size_t n)
{
	ssize_t got;

	for (; n > 0; n -= (size_t)got, p += got)
		if ((got = read(fd, p, n)) <= 0)
			err(1, "read");
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
put_u32(uint8_t *p, size_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* --- ssh-agent ---------------------------------------------------------------- */

static size_t
ssh_answer(int fd, uint8_t *p, size_t size, uint8_t type)
{
	uint8_t head[4];
	size_t n;

	read_all(fd, head, 4);
	if ((n = get_u32(head)) > size)
		errx(1, "ssh-agent: a long answer");
	read_all(fd, p, n);
	if (n == 0 || p[0] != type)
		errx(1, "ssh-agent: refused");
	return n;
}

/* SIGN_REQUEST of 32 octets with the one key that it has. */
static size_t
ssh_request(int fd, uint8_t *out)
{
	static const uint8_t list[] = { 0, 0, 0, 1, 11 };
	uint8_t b[4096];
	size_t n, at = 5;

	write_all(fd, list, sizeof(list));
	(void)ssh_answer(fd, b, sizeof(b), 12);
	if (get_u32(b + 1) != 1 || (n = get_u32(b + 5)) > 512)
		errx(1, "ssh-agent: not one key");
	out[4] = 13;
	memcpy(out + at, b + 5, n + 4);
	at += n + 4;
	put_u32(out + at, 32);
	memset(out + at + 4, 'x', 32);
	at += 36;
	put_u32(out + at, 0);
	at += 4;
	put_u32(out, at - 4);
	return at;
}

static void
ssh(const char *path)
{
	uint8_t request[1024], many[IN_FLIGHT * 1024], answer[1024];
	int fd = connect_to(path);
	size_t n = ssh_request(fd, request), i, j;
	double began = seconds();

	for (i = 0; i < N; i++) {
		write_all(fd, request, n);
		(void)ssh_answer(fd, answer, sizeof(answer), 14);
	}
	printf("sign alone\t%.6g\n", N / (seconds() - began));
	for (j = 0; j < IN_FLIGHT; j++)
		memcpy(many + j * n, request, n);
	began = seconds();
	for (i = 0; i < N / IN_FLIGHT; i++) {
		write_all(fd, many, n * IN_FLIGHT);
		for (j = 0; j < IN_FLIGHT; j++)
			(void)ssh_answer(fd, answer, sizeof(answer), 14);
	}
	printf("sign flight\t%.6g\n",
	    (double)(i * IN_FLIGHT) / (seconds() - began));
}

/* --- gpg-agent ---------------------------------------------------------------- */

/* Lines until OK, or until the one that begins with until. */
static void
gpg_line(FILE *f, const char *until)
{
	char line[4096];

	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "ERR", 3) == 0)
			errx(1, "gpg-agent: %s", line);
		if (strncmp(line, until, strlen(until)) == 0)
			return;
	}
	errx(1, "gpg-agent is gone");
}

/* The point 9 is one that every private key can be applied to. */
static size_t
gpg_data(char *out)
{
	static const char before[] = "(7:enc-val(4:ecdh(1:s1:x)(1:e33:";
	size_t n = 0;

	memcpy(out, "D ", 2);
	n = 2;
	memcpy(out + n, before, sizeof(before) - 1);
	n += sizeof(before) - 1;
	out[n++] = 0x40;
	out[n++] = 9;
	memset(out + n, 0, 31);
	n += 31;
	memcpy(out + n, ")))\nEND\n", 8);
	return n + 8;
}

static void
gpg(const char *path, const char *grip)
{
	char set[128], data[256];
	int fd = connect_to(path);
	FILE *f = fdopen(dup(fd), "r");
	size_t n = gpg_data(data);
	double began;

	gpg_line(f, "OK");
	snprintf(set, sizeof(set), "SETKEY %s\n", grip);
	began = seconds();
	for (int i = 0; i < N; i++) {
		write_all(fd, set, strlen(set));
		gpg_line(f, "OK");
		write_all(fd, "PKDECRYPT\n", 10);
		gpg_line(f, "INQUIRE CIPHERTEXT");
		write_all(fd, data, n);
		gpg_line(f, "OK");
	}
	printf("first\t%.6g\n", N / (seconds() - began));
	fclose(f);
}

int
main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "ssh") == 0)
		ssh(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "gpg") == 0)
		gpg(argv[2], argv[3]);
	else
		errx(64, "usage: peer_agents ssh SOCKET | gpg SOCKET KEYGRIP");
	return 0;
}
