/* SPDX-License-Identifier: ISC */
/*
 * Duties: devices of ours that are gone and that a server still has to drop,
 * from the device list and with their bundle, in each namespace, all read back. A duty outlives
 * its account: it has a name and an id, no key.
 */
#ifndef AGENT_DUTIES_H
#define AGENT_DUTIES_H

#include "account.h"
#include "devices.h"

#define DUTY_LIST   1 /* the list without it is to be published */
#define DUTY_BUNDLE 2 /* its bundle is to be deleted */
#define DUTY_READ   4 /* both are to be read back */

struct duty {
	TAILQ_ENTRY(duty) entry;
	char *jid;
	uint32_t device;
	/* in each namespace */
	uint8_t left[OMEMO_PROFILES]; /* DUTY_… */
	uint8_t
	    absent[OMEMO_PROFILES]; /* DUTY_LIST, DUTY_BUNDLE: read back so */
	unsigned again;		    /* how often it has come back */
	uint8_t doing, ns;	    /* one DUTY_…: what was handed out last */
	uint64_t item;		    /* its name */
	struct client *holder;	    /* the net that is doing it, or NULL */
	uint64_t until;		    /* loop_now() at which it is another's */
};

/* Staged, and in the cache; nothing if it is there. 0 or an error. */
int duty_add(struct keeper *, struct txn *, const char *jid, uint32_t device);
/* For accounts_load. */
int duty_load(void *arg, const char *jid, const uint8_t *name, size_t namelen,
    const uint8_t *p, size_t len);
void duties_forget(struct keeper *);
/* What a new identity of this name must not take for another device of its. */
void
duties_withdraw(struct keeper *, const char *jid, struct account_record *rec);
/* Is there one for this name? */
int duty_is_for(struct keeper *, const char *jid);

/* What a net has read of the own list or of the bundle of a device. */
void duty_saw_list(struct keeper *, const struct client *, const char *jid,
    uint8_t ns, const uint32_t *ids, size_t n);
/* 1: the device is one of them. */
int duty_saw_bundle(struct keeper *, const struct client *, const char *jid,
    uint8_t ns, uint32_t device, uint8_t status);

/* DEVICES and BUNDLE of a net that is there for duties alone (its account is
 * gone); they answer r. */
void duty_devices(struct request *, const char *peer, uint8_t ns,
    uint8_t status, uint32_t *ids, size_t n);
void duty_bundle(struct request *, const struct handed_in *);

/* A net that is there for duties alone: its account is gone. */
int duty_only(const struct client *, const char *jid);

/* duty_work.c: may this net do something? The next thing, into the reply: 0,
 * 1: nothing, or an error. */
int duty_has_work(struct keeper *, const char *jid, const struct client *);
int duty_next(struct request *, const char *jid);
/* WORK_DONE: 1: the item was one of theirs; 0; or an error. */
int duty_done(
    struct request *, struct txn *, const char *jid, uint64_t item, int ok);
void duty_release(struct keeper *, const struct client *);
/* Announce what can be done now; is anything to be done later? */
int duties_hand_on(struct keeper *);

#endif
