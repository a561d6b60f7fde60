/* SPDX-License-Identifier: ISC */
/*
 * One line at the bottom of a terminal, being typed while other lines come in
 * above it.
 */
#ifndef CLIENT_CHAT_EDITOR_H
#define CLIENT_CHAT_EDITOR_H

#include <stddef.h>

#include "../../ipc/loop.h"

struct editor;

struct editor_handler {
	void (*line)(void *arg, const char *line, size_t len);
	void (*end)(void *arg); /* ^D on an empty line, or the terminal went */
	/* The line as it is now, after keys; not after line() */
	void (*typed)(void *arg, const char *line, size_t len);
};

/*
 * Take the terminal on stdin (and stdout): no echo, octet by octet. Call
 * setlocale(LC_CTYPE, "C.UTF-8") before. NULL: not a terminal, no memory.
 */
struct editor *
editor_new(struct loop *, const struct editor_handler *, void *arg);
void editor_free(struct editor *); /* and give the terminal back */
void editor_prompt(struct editor *, const char *prompt);
/* Round everything that is printed to stdout; NULL allowed. */
void editor_hide(struct editor *);
void editor_show(struct editor *);
/* After SIGCONT: the terminal's state may be another's. */
void editor_resume(struct editor *);

/* --- for tests: the editing itself, without a terminal --- */
struct line {
	char text[64 * 1024];
	size_t len, at; /* octets, the cursor */
	char held[8];	/* a character or escape sequence cut off by a read */
	size_t nheld;
};

enum line_did { LINE_MORE, LINE_DONE, LINE_END, LINE_CLEAR, LINE_BELL };

/* Take the octet c. LINE_DONE: the line is whole; clear len and at. */
enum line_did line_feed(struct line *, unsigned char c);
/* Columns that p[0..n) takes. */
size_t line_width(const char *p, size_t n);

#endif
