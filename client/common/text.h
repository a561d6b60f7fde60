/* SPDX-License-Identifier: ISC */
/*
 * UTF-8, and the one way by which octets from the network reach a terminal:
 * characters that only print pass as they are, all others (controls, C1,
 * invalid octets, marks that reorder or hide text) go through vis(3).
 */
#ifndef CLIENT_COMMON_TEXT_H
#define CLIENT_COMMON_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Length (1 to 4) of the UTF-8 character at p, n > 0 octets there; *cp gets
 * it. 0: not valid UTF-8, or cut off.
 */
size_t text_next(const void *p, size_t n, uint32_t *cp);
/* 1: p[0..n) is UTF-8 and holds no NUL. */
int text_valid(const void *p, size_t n);
/* 1: the character does nothing on a terminal but print. */
int text_only_prints(uint32_t cp);
/*
 * p[0..n) to dst, safe for a terminal, ended with NUL, cut at a character if
 * size is too small (4 * n + 1 never is). Returns the octets written.
 */
size_t text_vis(char *dst, size_t size, const void *p, size_t n);
/* Print p, safe. */
void text_print(FILE *, const char *s);
/*
 * Print a body: as text_print, but a line break breaks the line and the next
 * begins with indent, so that no body can pass for a line of the program.
 */
void text_print_body(FILE *, const void *p, size_t n, const char *indent);

#endif
