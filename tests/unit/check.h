/* SPDX-License-Identifier: ISC */
/*
 * cmocka with what it wants included before it, in that order.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
