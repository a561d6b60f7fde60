/* SPDX-License-Identifier: ISC */
/*
 * json_pick [-f FIELD] FILE [KEY=VALUE ...]: print the lines of FILE, each a
 * JSON object, in which every KEY has that VALUE; or their FIELD. Fails if
 * there is none. Used by the test scripts; holds nothing.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The value as text: strings as they are, all else as JSON. */
static char *
value_text(const json_t *v)
{
	if (json_is_string(v))
		return strdup(json_string_value(v));
	return json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
}

static int
matches(const json_t *object, char **wants)
{
	for (; *wants != NULL; wants++) {
		const char *sep = strchr(*wants, '=');
		char key[64];
		char *text;
		const json_t *v;
		int same;

		if (sep == NULL || (size_t)(sep - *wants) >= sizeof(key))
			exit(64);
		memcpy(key, *wants, (size_t)(sep - *wants));
		key[sep - *wants] = '\0';
		if ((v = json_object_get(object, key)) == NULL)
			return 0;
		text = value_text(v);
		same = text != NULL && strcmp(text, sep + 1) == 0;
		free(text);
		if (!same)
			return 0;
	}
	return 1;
}

static int
print_field(const json_t *object, const char *field)
{
	const json_t *v = json_object_get(object, field);
	char *text;

	if (v == NULL || (text = value_text(v)) == NULL)
		return 0;
	puts(text);
	free(text);
	return 1;
}

int
main(int argc, char **argv)
{
	const char *field = NULL;
	char *line = NULL;
	size_t room = 0;
	int ch, found = 0;
	FILE *f;

	while ((ch = getopt(argc, argv, "f:")) != -1) {
		if (ch != 'f')
			return 64;
		field = optarg;
	}
	if (optind >= argc)
		return 64;
	if ((f = fopen(argv[optind], "r")) == NULL) {
		perror(argv[optind]);
		return 1;
	}
	while (getline(&line, &room, f) > 0) {
		json_t *object = json_loads(line, 0, NULL);

		if (json_is_object(object) &&
		    matches(object, argv + optind + 1)) {
			if (field == NULL)
				found = fputs(line, stdout) >= 0;
			else
				found |= print_field(object, field);
		}
		json_decref(object);
	}
	free(line);
	(void)fclose(f);
	return found ? 0 : 1;
}
