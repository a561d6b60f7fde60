/* SPDX-License-Identifier: ISC */
/*
 * The prisoner's own hands: one system call by number and arguments, and the
 * signal by which a test has the live process make it. Runs in every role of
 * a test build; holds two descriptors.
 */
#include <sys/syscall.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "prisoner.h"

#define LINE 256
#ifdef __X32_SYSCALL_BIT
#define X32 __X32_SYSCALL_BIT
#else
#define X32 0x40000000
#endif

static struct {
	int in, out;
} at = { -1, -1 };

#ifdef __x86_64__

static long
call_native(long number, const uint64_t a[6])
{
	/* the registers have names: cppcheck takes that for an expression */
	/* cppcheck-suppress constStatement */
	register uint64_t r10 __asm__("r10") = a[3];
	/* cppcheck-suppress constStatement */
	register uint64_t r8 __asm__("r8") = a[4];
	/* cppcheck-suppress constStatement */
	register uint64_t r9 __asm__("r9") = a[5];
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]),
			 "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static long
call_32bit(long number)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(0), "c"(0), "d"(0)
			 : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

long
prisoner_call(enum door door, long number, const uint64_t args[6])
{
	static const uint64_t none[6];
	long ret;

	if (door == DOOR_32BIT)
		return call_32bit(number);
	ret = call_native(door == DOOR_X32 ? number | X32 : number, args);
	if (ret == 0 &&
	    (number == SYS_fork || number == SYS_vfork || number == SYS_clone ||
		number == SYS_clone3))
		(void)call_native(SYS_exit_group, none); /* the child */
	return ret;
}

#else
#error "the prisoner speaks x86_64 only"
#endif

/* One number, or the address of the text that follows an @. */
static uint64_t
argument(const char *word)
{
	uint64_t n = 0;
	int minus = *word == '-';

	if (*word == '@')
		return (uint64_t)(uintptr_t)(word + 1);
	for (word += minus; *word >= '0' && *word <= '9'; word++)
		n = n * 10 + (uint64_t)(*word - '0');
	return minus ? 0 - n : n;
}

/* "NUMBER A0 A1 A2 A3 A4 A5": words apart by one space. */
static void
obey(char *line)
{
	uint64_t v[7] = { 0 };
	char text[64], *word = line, *end;
	int n;

	for (int i = 0; i < 7 && word != NULL; i++) {
		end = strchr(word, ' ');
		if (end != NULL)
			*end++ = '\0';
		v[i] = argument(word);
		word = end;
	}
	n = snprintf(text, sizeof(text), "%ld %ld\n", (long)v[0],
	    prisoner_call(DOOR_NATIVE, (long)v[0], v + 1));
	(void)!write(at.out, text, (size_t)n);
}

static void
on_signal(int signo)
{
	static char line[LINE];
	ssize_t n;

	(void)signo;
	n = read(at.in, line, sizeof(line) - 1);
	if (n <= 0)
		return;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	obey(line);
}

int
prisoner_listen(enum sandbox_role role)
{
	struct sigaction sa = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	char path[64];

	(void)snprintf(
	    path, sizeof(path), CELL "/%s.in", sandbox_role_name(role));
	at.in = open(path, O_RDWR | O_NONBLOCK);
	(void)snprintf(
	    path, sizeof(path), CELL "/%s.out", sandbox_role_name(role));
	at.out = open(path, O_RDWR | O_NONBLOCK);
	return at.in >= 0 && at.out >= 0 && sigaction(SIGUSR2, &sa, NULL) == 0;
}
