/* SPDX-License-Identifier: ISC */
#ifndef AGENT_DERIVE_H
#define AGENT_DERIVE_H

#define DERIVE_FD 3 /* socketpair to the keeper, given by the launcher */

/* xmpp-agent -x derive; returns the exit status. */
int derive_main(void);

#endif
