/* SPDX-License-Identifier: ISC */
/*
 * rows DATABASE: print the store's rows, key and value in hexadecimal. For
 * the test scripts, on a copy (the store keeps its own locked).
 */
#include <sqlite3.h>
#include <stdio.h>

static void
print_hex(const unsigned char *p, int n)
{
	while (n-- > 0)
		printf("%02x", *p++);
}

int
main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *rows = NULL;
	int count = 0;

	if (argc != 2 || sqlite3_open(argv[1], &db) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT key, value FROM record", -1, &rows,
		NULL) != SQLITE_OK) {
		fprintf(stderr, "rows: %s\n", sqlite3_errmsg(db));
		return 1;
	}
	for (; sqlite3_step(rows) == SQLITE_ROW; count++) {
		print_hex(sqlite3_column_blob(rows, 0),
		    sqlite3_column_bytes(rows, 0));
		putchar(' ');
		print_hex(sqlite3_column_blob(rows, 1),
		    sqlite3_column_bytes(rows, 1));
		putchar('\n');
	}
	(void)sqlite3_finalize(rows);
	(void)sqlite3_close(db);
	return count > 0 ? 0 : 1;
}
