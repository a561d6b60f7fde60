/* SPDX-License-Identifier: ISC */
/* What goes by age: messages, used prekeys, names of clients. */
#ifndef AGENT_PURGE_H
#define AGENT_PURGE_H

struct keeper;
/* Now, and every few minutes until accounts_forget. */
void purge_start(struct keeper *);

#endif
