/* SPDX-License-Identifier: ISC */
/*
 * Small helpers over libstrophe's stanzas: build a tree without leaks, read
 * one without clones (libstrophe's clone of a child dangles). Used by every
 * file that makes or reads XML.
 */
#ifndef CLIENT_NET_STANZA_H
#define CLIENT_NET_STANZA_H

#include <stddef.h>
#include <stdint.h>

#include <strophe.h>

/* A new element; ns NULL: its parent's. Out of memory ends the process. */
xmpp_stanza_t *el_new(xmpp_ctx_t *, const char *name, const char *ns);
/* A new element inside parent, which owns it. */
xmpp_stanza_t *el_add(xmpp_stanza_t *parent, const char *name, const char *ns);
/* The same, already made: parent owns it. */
void el_take(xmpp_stanza_t *parent, xmpp_stanza_t *child);
void el_set(xmpp_stanza_t *, const char *name, const char *value);
void el_set_u32(xmpp_stanza_t *, const char *name, uint32_t value);
void el_text(xmpp_stanza_t *, const char *text);
void el_base64(xmpp_stanza_t *, const uint8_t *p, size_t len);
/* A data form's field. */
void el_field(xmpp_stanza_t *x, const char *var, const char *value);
/* The x element of a form to submit, with its FORM_TYPE. */
xmpp_stanza_t *el_form(xmpp_stanza_t *parent, const char *form_type);

/* The first child with this name and namespace, or NULL. */
xmpp_stanza_t *el_child(xmpp_stanza_t *, const char *name, const char *ns);
/* The next sibling of the same name and namespace, or NULL. */
xmpp_stanza_t *el_next(xmpp_stanza_t *, const char *name, const char *ns);
int el_is(xmpp_stanza_t *, const char *name, const char *ns);
/* An attribute, "" if it is not there. */
const char *el_get(xmpp_stanza_t *, const char *name);
/* An attribute as a decimal number of 1..2^32-1; 0: it is none. */
uint32_t el_get_u32(xmpp_stanza_t *, const char *name);
/*
 * The element's text as base64 into out. ERR_BAD_MESSAGE: not base64, or it
 * has elements inside; ERR_TOO_LONG.
 */
int el_get_base64(xmpp_stanza_t *, uint8_t *out, size_t max, size_t *len);
/* Copy the bare part of a JID; 0 (and "") if it does not fit or is empty. */
int jid_bare(const char *jid, char *out, size_t size);

#endif
