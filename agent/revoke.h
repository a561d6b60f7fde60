/* SPDX-License-Identifier: ISC */
/* The destruction of an identity, which goes on after its request. */
#ifndef AGENT_REVOKE_H
#define AGENT_REVOKE_H

struct keeper;
/* After accounts_load: what a crash has left of one is taken away. */
void revoke_resume(struct keeper *);
/* None runs any more; whoever waits hears LOCKED. */
void revoke_forget(struct keeper *);
/* Does one run? Lock waits for it. */
int revoke_runs(const struct keeper *);

#endif
