/* SPDX-License-Identifier: ISC */
/*
 * Work for the nets: publish the device list, publish the bundle, send an
 * empty message, have a server drop a device (duties.h). Runs in the keeper.
 */
#ifndef AGENT_WORK_H
#define AGENT_WORK_H

#include "account.h"

#define WORK_HAND_ON_MS (15 * 1000) /* then it is another net's */
#define WORK_RETRY_MS	(30 * 1000) /* after a net could not do it */

/* An empty message to a device, to be made when a net asks; staged. At
 * LIMIT_WORK, and where one waits already, nothing. */
int work_add_empty(struct keeper *, struct txn *, struct account *,
    const char *to, uint32_t device, uint8_t ns);
/* The same, with a new session: the user asks for it. */
int work_add_fresh(struct keeper *, struct txn *, struct account *,
    const char *to, uint32_t device, uint8_t ns);
/* A trust message (tell.c), its content as XML, to a device whose key is
 * verified; to no other will it be made. */
int work_add_tell(struct keeper *, struct txn *, struct account *,
    const char *to, uint32_t device, const struct buffer *content);
#define WORK_TELL  0x40 /* in the record, with the namespace */
#define WORK_FRESH 0x80 /* in the record, with the namespace */
/* For accounts_load; for a going client; for lock. */
int work_load(void *arg, const char *account, const uint8_t *name,
    size_t namelen, const uint8_t *p, size_t len);
void work_release(struct keeper *, struct account *, const struct client *);
void work_forget(struct account *);
/* Every empty message is taken off, staged: its sessions are gone. */
int work_drop_all(struct txn *, struct account *);
/* Tell the nets that there is work, if there is. */
void work_announce(struct keeper *, struct account *);

/* work_items.c: what WORK answers, after item; into the reply. 1: nothing to
 * do after all (its record was deleted, staged). 2: a bundle is to be fetched
 * before. */
void work_put_compare(struct buffer *, const struct account *, uint8_t ns);
/* The others' are times in microseconds. */
#define WORK_ITEM_FETCH	  1
#define WORK_ITEM_COMPARE 2 /* and the namespace */
int work_put_devices(struct request *, struct txn *, struct account *,
    uint8_t ns, uint64_t item);
/* "identity:s spk_id:u32 spk:s signature:s prekeys:[ id:u32 key:s ]". */
struct prekeys;
int work_put_keys(struct buffer *, uint8_t ns, const struct account_record *,
    const struct prekeys *);
int work_put_bundle(struct request *, struct txn *, struct account *,
    uint8_t ns, uint64_t item);
int work_put_empty(
    struct request *, struct txn *, struct account *, struct work_item *);
/* The parts of an item that has no bundle of its own. */
void work_put_start(struct buffer *, uint64_t item, enum work work, uint8_t ns,
    const char *to, const char *id, uint32_t device);
void work_put_no_label(struct buffer *);
/* And no label. */
void work_put_no_bundle(struct buffer *);
/* It is this net's until it is done, or a time; then it is announced again. */
void work_hold(
    struct keeper *, struct client *, struct client **holder, uint64_t *until);
/* The list is not to be published for so long. */
void
work_delay_list(struct keeper *, struct account *, uint8_t ns, uint64_t ms);
/* RECORD_WORK's name. */
void work_name(uint64_t seq, uint8_t name[8]);

#endif
