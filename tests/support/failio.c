/* SPDX-License-Identifier: ISC */
/*
 * A library to be preloaded: of the calls that write to files or make them
 * durable the FAIL_AT-th fails with the errno FAIL_ERRNO, and says so on
 * standard error. For the store (tests/unit/test_store.c).
 */
#include <sys/types.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LINK_FDS 5 /* standard descriptors, link, anchor: not files of ours */

int fails(int);

int
fails(int fd)
{
	static unsigned long met;
	const char *at = getenv("FAIL_AT"), *as = getenv("FAIL_ERRNO");

	if (fd < LINK_FDS || at == NULL || as == NULL ||
	    ++met != strtoul(at, NULL, 10))
		return 0;
	(void)!write(STDERR_FILENO, "fault\n", 6);
	errno = atoi(as);
	return 1;
}

#define FAILING(type, name, parameters, arguments)                             \
	typedef type name##_function parameters;                               \
	name##_function name;                                                  \
	type name parameters                                                   \
	{                                                                      \
		static name##_function *real;                                  \
		if (real == NULL)                                              \
			*(void **)&real = dlsym(RTLD_NEXT, #name);             \
		return fails(fd) ? -1 : real arguments;                        \
	}
FAILING(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at))
FAILING(ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at),
    (fd, p, n, at))
FAILING(int, fsync, (int fd), (fd))
FAILING(int, fdatasync, (int fd), (fd))
FAILING(int, ftruncate, (int fd, off_t n), (fd, n))
FAILING(int, ftruncate64, (int fd, off64_t n), (fd, n))
