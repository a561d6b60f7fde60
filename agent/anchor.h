/* SPDX-License-Identifier: ISC */
/*
 * One writer, and a memory of it (ARCHITECTURE, "A copy or an old state"):
 * is this database the one that was written last? The root record says where
 * it lay; the anchor, a file in the runtime directory that the store writes
 * after each commit, says how far it had come. Runs in the keeper.
 *
 * The anchor is u64 counter ‖ HMAC-SHA-256(anchor key, counter): another
 * vault's, or a forged one, counts as none. To take it away hides an old
 * state until the server's bundle shows it; it never makes one.
 */
#ifndef AGENT_ANCHOR_H
#define AGENT_ANCHOR_H

#include "records_internal.h"

#define ANCHOR_SIZE 40

/* The anchor for a commit. 0 or ERR_CRYPTO. */
int anchor_make(struct records *, uint64_t counter, uint8_t out[ANCHOR_SIZE]);
/*
 * What is to be doubted, by the place that the root record names and by what
 * records_found was told: bits of enum doubt.
 */
uint8_t anchor_judge(struct records *, const struct place *then);

#endif
