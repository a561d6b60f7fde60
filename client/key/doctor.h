/* SPDX-License-Identifier: ISC */
/*
 * xmpp-key doctor: what the agent holds, what the server publishes, and what
 * is wrong between them. Reading (doctor_read.c, doctor_ask.c) fills the two
 * structures; comparing (doctor_compare.c) is a function of them alone.
 */
#ifndef CLIENT_KEY_DOCTOR_H
#define CLIENT_KEY_DOCTOR_H

#include "key.h"

#define DOCTOR_KEY	64 /* octets of a key or signature: 33 or 64 are right */
#define DOCTOR_WORD	64 /* octets of a word of the server's */
#define DOCTOR_LISTED	64 /* devices of a list that are looked at (NET_OTHERS) */
#define DOCTOR_CONTACTS 32  /* stale devices of contacts that are named */
#define DOCTOR_FINDINGS 512 /* about three for each listed device, and 80 */

/* --- when it is too much, too old, too few ---------------------------------- */
#define DOCTOR_STALE_DAYS  90 /* nothing heard of a device for so long */
#define DOCTOR_SIGNED_DAYS 14 /* twice the age at which another is made */
#define DOCTOR_SKEW_S	   60 /* between the server's clock and ours */

struct doctor_key {
	uint32_t id;
	size_t len;
	uint8_t bytes[DOCTOR_KEY];
};

struct doctor_bundle {
	struct doctor_key identity, spk, signature;
	size_t n;
	struct doctor_key prekeys[LIMIT_BUNDLE_PREKEYS];
};

struct
    doctor_device { /* another device of the account, as the agent knows it */
	uint32_t id;
	uint8_t known;	/* its key is */
	uint64_t heard; /* seconds since 1970; 0: never */
	uint8_t stale;	/* gets nothing any more, for that */
};

struct doctor_contact { /* a contact's device that is stale */
	char jid[JID_SIZE];
	uint32_t device;
};

#define DOCTOR_VERSIONS 2 /* of OMEMO, by enum namespace_id */

struct doctor_agent {
	uint8_t ns; /* the one of due, bundle and spk_made */
	uint8_t vault, locked;
	uint8_t doubt; /* enum doubt */
	uint32_t clients;
	const char *jid;
	/* of the account: unless it is locked */
	int read; /* what follows was read */
	uint32_t device, nets;
	uint8_t due;
	struct doctor_bundle bundle;
	char label[LIMIT_LABEL + 1]; /* this device's, to be published; or "" */
	uint64_t spk_made;
	size_t nwithdrawn, ndevices;
	uint32_t withdrawn[LIMIT_WITHDRAWN];
	struct doctor_device devices[LIMIT_DEVICES];
	size_t nstale; /* all of them; the first DOCTOR_CONTACTS are named */
	struct doctor_contact stale[DOCTOR_CONTACTS];
};

struct doctor_node {
	uint8_t state;		  /* enum node_state */
	char why[DOCTOR_WORD];	  /* not HERE: why */
	char access[DOCTOR_WORD]; /* "": not told */
	uint8_t persist;	  /* enum told */
};

struct doctor_listed {
	uint32_t id;
	uint8_t bundle; /* enum node_state; of the own one: nothing */
};

#define DOCTOR_LABEL 208 /* octets of a name on the list (XML_LABEL) */

struct doctor_label {
	uint32_t id;
	char text[DOCTOR_LABEL + 1];
	size_t siglen;
	uint8_t sig[DOCTOR_KEY];
	uint8_t verdict; /* enum label_verdict, of the agent */
};

struct doctor_server {
	int asked; /* all that follows was told */
	char why[512];
	uint8_t archive, carbons, pep, options; /* enum told */
	char preference[DOCTOR_WORD];
	uint64_t time, here; /* its clock, and ours when that came */
	struct doctor_node list;
	uint32_t total; /* ids on the list */
	size_t nlisted;
	struct doctor_listed listed[DOCTOR_LISTED];
	size_t nlabels;
	struct doctor_label labels[LIMIT_DEVICES];
	struct doctor_node node; /* the bundle's */
	struct doctor_bundle bundle;
};

/* --- findings ---------------------------------------------------------------- */
enum level { LEVEL_FINE, LEVEL_NOTE, LEVEL_WRONG, LEVEL_MENDED };

#define MEND_PUBLISH   1 /* device list and bundle again */
#define MEND_CONFIGURE 2 /* both nodes open, their items kept */

struct finding {
	const char *about; /* one of a fixed list of names: man/xmpp-key.1 */
	enum level level;
	unsigned mend;		     /* what --fix does for it */
	uint32_t device;	     /* 0: it is of no device */
	char text[512];		     /* may hold words of the server's */
	char command[JID_SIZE + 64]; /* what mends it, or "" */
};

struct report {
	const char *jid;
	const char *version; /* before each text; NULL: none */
	int copy;	     /* another copy may be in use */
	size_t n;
	struct finding v[DOCTOR_FINDINGS];
};

/* Compare in one version, a->ns; what is of none with the first alone. now:
 * seconds since 1970. Appends to the report. */
void doctor_compare(struct report *, const struct doctor_agent *,
    const struct doctor_server *, uint64_t now);
/* How many findings are wrong; all the mends of them. */
size_t report_wrong(const struct report *);
unsigned report_mends(const struct report *);
/* Append one. With the report full it is dropped. */
struct finding *report_add(struct report *, enum level, const char *about,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* --- reading ------------------------------------------------------------------ */
/* OWN_BUNDLE's reply; 0 or ERR_MALFORMED. */
int doctor_read_own(struct reader *, struct doctor_agent *);
/* An event of the net: 0, or ERR_MALFORMED: it does not fit, nothing of it is
 * to be believed. */
int doctor_read_event(uint8_t type, struct reader *, struct doctor_server *);
/* From the agent. 0, or the exit code after an error line. */
int doctor_ask_agent(struct key *, uint8_t ns, struct doctor_agent *);
/* From the server, over an xmpp-net of its own, in all versions; device 0:
 * none. configure: first have all nodes (or the lists' alone) opened. What
 * fails is in why. */
void doctor_ask_server(struct key *, uint32_t device, int configure,
    struct doctor_server[static DOCTOR_VERSIONS]);

/* The agent's verdict on the labels that the server has. 0, or the exit code. */
int doctor_ask_labels(struct key *, struct doctor_server *);

void report_print(const struct report *, const struct options *);

#endif
