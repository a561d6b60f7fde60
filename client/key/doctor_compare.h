/* SPDX-License-Identifier: ISC */
/* Between the two halves of the comparison. */
#ifndef CLIENT_KEY_DOCTOR_COMPARE_H
#define CLIENT_KEY_DOCTOR_COMPARE_H

#include "doctor.h"

struct node_names { /* of what can be wrong with a node */
	const char *absent, *malformed, *unreadable, *access, *persist;
	const char *kept; /* why a malformed one is not published over; "" */
};

/* 1: something was there that can be compared. */
int compare_node(struct report *, const struct doctor_node *, const char *what,
    const struct node_names *);
void compare_bundle(
    struct report *, const struct doctor_agent *, const struct doctor_server *);
/* doctor_labels.c */
void compare_labels(
    struct report *, const struct doctor_agent *, const struct doctor_server *);
/* What --fix does for it, and the command that does the same. */
void finding_mend(struct finding *, unsigned mend, const char *jid);

#endif
