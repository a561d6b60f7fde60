/* SPDX-License-Identifier: ISC */
/*
 * Passwords. Runs in the starter and in xmpp-key, never in a filtered front;
 * holds one password; trusts the file or command that its user named.
 */
#include "password.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/readpassphrase.h>
#include <bsd/unistd.h>

#include "../../ipc/err.h"
#include "fail.h"

#define SIZE 4096 /* one page; PASSWORD_MAX + 2 fit */
_Static_assert(PASSWORD_MAX + 2 <= SIZE, "a password and its line end");

static int
password_new(struct password *p)
{
	void *m = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED || mlock(m, SIZE) != 0 ||
	    madvise(m, SIZE, MADV_DONTDUMP) != 0 ||
	    madvise(m, SIZE, MADV_DONTFORK) != 0) {
		fail("locked memory", "%s", strerror(errno));
		if (m != MAP_FAILED)
			munmap(m, SIZE);
		return ERR_SYSTEM;
	}
	p->text = m;
	p->len = 0;
	return 0;
}

void
password_free(struct password *p)
{
	if (p == NULL || p->text == NULL)
		return;
	explicit_bzero(p->text, SIZE);
	munmap(p->text, SIZE);
	p->text = NULL;
	p->len = 0;
}

/* Keep the first of the n octets' lines. what is for the error line. */
static int
keep_line(struct password *p, size_t n, const char *what)
{
	char *end = memchr(p->text, '\n', n);
	size_t len = end != NULL ? (size_t)(end - p->text) : n;
	const char *why = NULL;

	if (len > 0 && p->text[len - 1] == '\r')
		len--;
	if (len > PASSWORD_MAX)
		why = "its first line is too long for a password";
	else if (len == 0)
		why = "no password in its first line";
	else if (memchr(p->text, '\0', len) != NULL)
		why = "a NUL inside the password";
	if (why != NULL) {
		fail(what, "%s", why);
		return ERR_ARGUMENT;
	}
	explicit_bzero(p->text + len, SIZE - len);
	p->len = len;
	return 0;
}

/* Read up to the end of the first line, or until the page is full. */
static ssize_t
read_line(struct password *p, int fd)
{
	size_t n = 0;
	ssize_t r;

	while (n < SIZE - 1 && memchr(p->text, '\n', n) == NULL) {
		r = read(fd, p->text + n, SIZE - 1 - n);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return -1;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	return (ssize_t)n;
}

int
password_from_file(struct password *p, const char *path)
{
	ssize_t n;
	int fd, err = password_new(p);

	if (err != 0)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	n = fd == -1 ? -1 : read_line(p, fd);
	if (n == -1) {
		fail(path, "%s", strerror(errno));
		err = ERR_SYSTEM;
	} else
		err = keep_line(p, (size_t)n, path);
	if (fd != -1)
		close(fd);
	if (err != 0)
		password_free(p);
	return err;
}

/* In the child: the command with our pipe as stdout, nothing on stdin (that
 * may be the text to send), the terminal for what it wants to ask. */
static void
run_command(const char *command, int out)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null == -1 || dup2(null, 0) == -1 || dup2(out, 1) == -1)
		_exit(127);
	closefrom(3);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* It had more to print than we wanted; 128 + n is the shell's word for it. */
static int
was_cut_off(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGPIPE
				   : WEXITSTATUS(status) == 128 + SIGPIPE;
}

int
password_from_command(struct password *p, const char *command)
{
	int pipefd[2], status = 0, err = password_new(p);
	ssize_t n;
	pid_t pid;

	if (err != 0)
		return err;
	if (pipe2(pipefd, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		fail("password command", "%s", strerror(errno));
		password_free(p);
		return ERR_SYSTEM;
	}
	if (pid == 0)
		run_command(command, pipefd[1]);
	close(pipefd[1]);
	n = read_line(p, pipefd[0]);
	close(pipefd[0]); /* what more it prints ends in SIGPIPE */
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (n >= 0 && status != 0 && !was_cut_off(status)) {
		fail("password command", "it failed (%s %d)",
		    WIFEXITED(status) ? "exit status" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		err = ERR_SYSTEM;
	} else
		err = n < 0 ? ERR_SYSTEM
			    : keep_line(p, (size_t)n, "password command");
	if (err != 0)
		password_free(p);
	return err;
}

int
password_has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return 0;
	close(fd);
	return 1;
}

int
password_from_terminal(struct password *p, const char *prompt)
{
	int err = password_new(p);

	if (err != 0)
		return err;
	if (readpassphrase(
		prompt, p->text, PASSWORD_MAX + 2, RPP_REQUIRE_TTY) == NULL) {
		fail(NULL, "no terminal to ask for it");
		err = ERR_CANCELLED;
	} else
		err = keep_line(p, strlen(p->text), "terminal");
	if (err != 0)
		password_free(p);
	return err;
}

int
password_from_terminal_twice(struct password *p, const char *prompt)
{
	struct password again = { 0 };
	char text[256];
	int err = password_from_terminal(p, prompt);

	if (err != 0)
		return err;
	snprintf(text, sizeof(text), "Again, %s", prompt);
	err = password_from_terminal(&again, text);
	if (err == 0 &&
	    (p->len != again.len || memcmp(p->text, again.text, p->len) != 0)) {
		fail("terminal", "the two are not the same");
		err = ERR_ARGUMENT;
	}
	password_free(&again);
	if (err != 0)
		password_free(p);
	return err;
}
