/* SPDX-License-Identifier: ISC */
/*
 * EXPORT: an identity, what was decided about others' keys, and its settings,
 * sealed under the vault's own slots; never a ratchet, a session, a prekey or
 * a text. Runs in the keeper. Part 0 makes the whole of it, of one moment;
 * the other parts are then handed out.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "handlers.h"
#include "move.h"
#include "text.h"

struct packer {
	struct move *move;
	uint8_t key[EXPORT_KEY]; /* the packer lies in the secure heap */
	struct secret room;
	struct buffer plain; /* the coming part, over room */
};

static int
part_end(struct packer *p, int last)
{
	uint8_t *out = move_add(p->move, p->plain.len + EXPORT_TAG);
	int err;

	if (out == NULL)
		return ERR_FULL;
	err = export_seal(
	    p->key, p->move->n, last, p->plain.data, p->plain.len, out);
	buffer_clear(&p->plain);
	return err;
}

static int
pack(struct packer *p, enum export_kind kind, const void *name, size_t namelen,
    const uint8_t *octets, size_t len)
{
	size_t need = 1 + 4 + namelen + 4 + len;
	int err = 0;

	if (need > EXPORT_PART)
		return ERR_FULL;
	if (need > EXPORT_PART - p->plain.len)
		err = part_end(p, 0);
	buffer_put_u8(&p->plain, (uint8_t)kind);
	buffer_put_string(&p->plain, name, namelen);
	buffer_put_string(&p->plain, octets, len);
	return err != 0 ? err : p->plain.err;
}

/* What is this device's alone stays here. */
static int
pack_account(struct packer *p, struct txn *t, const char *jid)
{
	struct secret s = { 0 };
	struct account_record *rec;
	struct buffer b;
	int err;

	if ((err = account_open(t, jid, &rec)) != 0)
		return err;
	memset(rec->handle_key, 0, sizeof rec->handle_key);
	rec->due = rec->doubt = rec->ours = 0;
	rec->label[0] = '\0'; /* the name of this device, not of another */
	if ((err = secret_new(&s, ACCOUNT_PACKED_MAX)) == 0) {
		buffer_over(&b, &s);
		account_pack(rec, &b);
		err = b.err != 0
		    ? b.err
		    : pack(p, EXPORT_ACCOUNT, jid, strlen(jid), b.data, b.len);
	}
	secret_free(&s);
	account_release(rec);
	return err;
}

static int
pack_peer(void *arg, const char *account, const uint8_t *name, size_t namelen,
    const uint8_t *octets, size_t len)
{
	(void)account;
	return pack(arg, EXPORT_PEER, name, namelen, octets, len);
}

static int
make_head(struct keeper *k, struct packer *p)
{
	struct export_head h;
	int err = vault_list(k->vault, &h.slots);

	if (err == 0)
		err = random_public(h.salt, sizeof h.salt);
	if (err == 0)
		err = vault_export_key(k->vault, h.salt, p->key);
	if (err == 0)
		err = export_head_write(&h, p->key, &p->move->head);
	return err;
}

static int
make(struct keeper *k, struct move *m, const char *jid)
{
	struct packer *p = secret_alloc(sizeof *p);
	struct txn *t;
	int err;

	if (p == NULL)
		return ERR_BUSY;
	p->move = m;
	memcpy(m->jid, jid, strlen(jid) + 1);
	if ((err = secret_new(&p->room, EXPORT_PART)) == 0) {
		buffer_over(&p->plain, &p->room);
		err = make_head(k, p);
	}
	if (err == 0) {
		t = txn_begin(k->records);
		err = pack_account(p, t, jid);
		txn_abort(t);
	}
	if (err == 0)
		err = records_each(k->records, RECORD_PEER, jid, pack_peer, p);
	if (err == 0)
		err = part_end(p, 1);
	secret_free(&p->room);
	secret_release(p, sizeof *p);
	return err;
}

static int
note(struct request *r, const char *jid)
{
	struct txn *t = txn_begin(r->keeper->records);
	int err = request_log(r, t, ACT_EXPORT, jid, "%s", "");

	if (err == 0)
		keeper_commit(r->keeper, t);
	else
		txn_abort(t);
	return err;
}

void
export_account(struct request *r)
{
	struct keeper *k = r->keeper;
	char jid[LIMIT_JID + 1];
	const struct buffer *b;
	struct move *m;
	uint32_t part;
	int err;

	reader_cstring(&r->body, jid, sizeof jid);
	part = reader_u32(&r->body);
	if ((err = reader_end(&r->body)) != 0) {
		request_fail(r, err, "export");
		return;
	}
	if (request_account(r, jid) == NULL)
		return;
	if (part == 0 && (err = move_begin(r->client, 0, &m)) == 0 &&
	    ((err = make(k, m, jid)) != 0 || (err = note(r, jid)) != 0))
		move_forget(k);
	m = move_of(r->client, 0);
	if (err == 0 && (m == NULL || part > m->n || strcmp(m->jid, jid) != 0))
		err = ERR_NOT_FOUND;
	if (err != 0) {
		request_fail(r, err, "%s",
		    err == ERR_BUSY ? "another export or import goes on"
				    : "export");
		return;
	}
	b = part == 0 ? &m->head : m->parts[part - 1];
	buffer_put_string(&r->reply, b->data, b->len);
	buffer_put_u8(&r->reply, part == m->n);
	if (part == m->n)
		move_forget(k);
	request_durable(r); /* what it says is on the disk, too */
}
