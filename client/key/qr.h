/* SPDX-License-Identifier: ISC */
#ifndef CLIENT_KEY_QR_H
#define CLIENT_KEY_QR_H

#include <stdio.h>

/*
 * text as a QR code in half blocks, two modules a character, with its quiet
 * zone. colours: paint it black on white, whatever the terminal's are; else
 * a block is a light module, as suits a dark terminal. 0 or an error.
 */
int qr_print(FILE *, const char *text, int colours);

#endif
