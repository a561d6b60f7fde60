/* SPDX-License-Identifier: ISC */
/*
 * From a request's type to its handler. Runs in the keeper; the one place
 * that checks HELLO, lock, right and layout, from the request's row in
 * ipc/messages.c. Trusts no client.
 */
#include "handlers.h"

static handler *const handlers[] = {
	[M_HELLO] = session_hello,
	[M_RESTRICT] = session_restrict,
	[M_ELEVATE] = session_elevate,
	[M_STATUS] = session_status,
	[M_LOCK] = vault_request_lock,
	[M_UNLOCK] = vault_request_unlock,
	[M_VAULT_CREATE] = vault_request_create,
	[M_SLOTS] = vault_request_slots,
	[M_SLOT_SET] = vault_request_slot_set,
	[M_SLOT_REMOVE] = vault_request_slot_remove,
	[M_QUIT] = session_quit,
	[M_LOG] = log_list,
	[M_CONSTRAIN] = constrain,
	[M_ADOPT] = adopt_state,
	[M_ROTATE] = rotate_device,
	[M_REVOKE] = revoke_device,
	[M_DUTIES] = duties_list,
	[M_LIST] = identity_list,
	[M_CREATE] = identity_create,
	[M_LABEL] = label_set,
	[M_LABELS] = label_verify,
	[M_PEERS] = trust_peers,
	[M_TRUST] = trust_decide,
	[M_RESET] = session_reset,
	[M_POLICY] = trust_policy,
	[M_PUBLISH] = identity_publish,
	[M_ATTACH_FRONT] = attach_front,
	[M_COMPOSE] = compose_message,
	[M_SIGNAL] = signal_message,
	[M_OUTBOX] = compose_outbox,
	[M_READERS] = readers_list,
	[M_WRITER] = message_writer,
	[M_ACKNOWLEDGE] = trust_acknowledge,
	[M_OPEN] = message_open,
	[M_SHOWN] = message_shown,
	[M_WAITING] = message_waiting,
	[M_DISCARD] = compose_discard,
	[M_OWN_BUNDLE] = own_public,
	[M_EXPORT] = export_account,
	[M_IMPORT] = import_part,
	[M_IMPORT_OPEN] = import_open,
	[M_ATTACH_NET] = attach_net,
	[M_DEVICES] = devices_hand_in,
	[M_ENCRYPT] = encrypt_message,
	[M_BUNDLE] = devices_bundle,
	[M_SENT] = outbox_sent,
	[M_FAILED] = outbox_failed,
	[M_DECRYPT] = decrypt_message,
	[M_CURSOR] = cursor_set,
	[M_MEMBERS] = rooms_members,
	[M_WORK] = work_next,
	[M_WORK_DONE] = work_done,
};

#define HANDLERS (sizeof handlers / sizeof handlers[0])

int
dispatch_has(uint8_t type)
{
	return type < HANDLERS && handlers[type] != NULL;
}

static int
is_locked(const struct keeper *k)
{
	return k->locking || vault_locked(k->vault) || k->accounts == NULL;
}

static int
check(const struct request *r)
{
	const struct message *m = r->message;
	const struct client *c = r->client;

	if (c == NULL)
		return ERR_EOF;
	if (m == NULL || (m->flags & MESSAGE_EVENT) || !dispatch_has(m->type))
		return ERR_UNKNOWN_MESSAGE;
	if (!c->hello != (m->type == M_HELLO))
		return ERR_HELLO_FIRST;
	if (m->right != 0 && !(c->rights & m->right))
		return ERR_RIGHT;
	if ((m->flags & MESSAGE_HERE) && c->forwarded)
		return ERR_RIGHT;
	if (!(m->flags & MESSAGE_LOCKED) && is_locked(r->keeper))
		return ERR_LOCKED;
	if (r->body.left > m->max)
		return ERR_TOO_LONG;
	return message_check(m->request, r->body.p, r->body.left);
}

void
dispatch(struct request *r)
{
	int err = check(r);

	if (err == 0)
		err = log_use(r);
	if (err == ERR_RIGHT && r->client->forwarded)
		request_fail(r, err, "%s: not over the forwarded socket",
		    r->message->name);
	else if (err != 0)
		request_fail(
		    r, err, "%s", r->message != NULL ? r->message->name : "");
	else {
		r->whole = r->body;
		keeper_used(r->keeper, r->message->type, r->message->right);
		handlers[r->message->type](r);
	}
}
