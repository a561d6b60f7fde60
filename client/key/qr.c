/* SPDX-License-Identifier: ISC */
/*
 * QR codes for a terminal (libqrencode). Runs in xmpp-key; holds nothing.
 */
#include "qr.h"

#include <qrencode.h>

#include "../../ipc/err.h"

#define QUIET 4 /* modules around it (ISO 18004, 6.3.8) */

static int
is_light(const QRcode *code, int x, int y)
{
	x -= QUIET;
	y -= QUIET;
	return x < 0 || y < 0 || x >= code->width || y >= code->width ||
	    !(code->data[y * code->width + x] & 1);
}

static void
print_line(FILE *f, const QRcode *code, int y, int colours)
{
	/* by the upper and the lower module being light */
	static const char *const blocks[2][2] = {
		{ " ", "\xe2\x96\x84" },
		{ "\xe2\x96\x80", "\xe2\x96\x88" },
	};

	if (colours)
		fputs("\033[38;5;231;48;5;16m", f);
	for (int x = 0; x < code->width + 2 * QUIET; x++)
		fputs(
		    blocks[is_light(code, x, y)][is_light(code, x, y + 1)], f);
	fputs(colours ? "\033[0m\n" : "\n", f);
}

int
qr_print(FILE *f, const char *text, int colours)
{
	QRcode *code =
	    QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L); /* 0: smallest */

	if (code == NULL)
		return ERR_TOO_LONG;
	for (int y = 0; y < code->width + 2 * QUIET; y += 2)
		print_line(f, code, y, colours);
	QRcode_free(code);
	return 0;
}
