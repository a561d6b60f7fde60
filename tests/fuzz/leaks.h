/* SPDX-License-Identifier: ISC */
/*
 * Only the locked heap, where no sanitizer looks, leads to the contexts of
 * OpenSSL's generators: what is allocated between these two is no leak.
 */
#ifndef TESTS_FUZZ_LEAKS_H
#define TESTS_FUZZ_LEAKS_H

/* of the sanitizer, if there is one */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static inline void
leaks_off(void)
{
	if (__lsan_disable != NULL)
		__lsan_disable();
}

static inline void
leaks_on(void)
{
	if (__lsan_enable != NULL)
		__lsan_enable();
}

#endif
