/* SPDX-License-Identifier: ISC */
/*
 * Linked into the programs of a sanitizer build. They are not dumpable, so
 * the library can read no options from /proc/self/environ, and the leak
 * checker, which traces its own process, cannot work in them; the unit
 * programs have it.
 */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0:abort_on_error=1";
}
