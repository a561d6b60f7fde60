/* SPDX-License-Identifier: ISC */
/*
 * The form of an export, written and read. Runs in the keeper; holds nothing.
 * A file may come from anybody: every length and value is checked before it
 * is used.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "export.h"
#include "text.h"

#define DEVICE_MAX 0x7fffffffU
#define ALL_NS	   ((1U << OMEMO_PROFILES) - 1)

int
export_key(const struct secret *master, const uint8_t salt[EXPORT_SALT],
    uint8_t key[EXPORT_KEY])
{
	return crypto_hkdf(master->data, master->len, salt,
	    "xmpp-agent 1 export", key, EXPORT_KEY);
}

static void
nonce(uint8_t iv[12], uint32_t number, int last)
{
	memset(iv, 0, 12);
	for (int i = 0; i < 4; i++)
		iv[4 + i] = (uint8_t)(number >> (24 - 8 * i));
	iv[11] = last != 0;
}

/* --- the head --------------------------------------------------------------- */

int
export_head_write(const struct export_head *h, const uint8_t key[EXPORT_KEY],
    struct buffer *out)
{
	uint8_t iv[12], tag[EXPORT_TAG], none[1] = { 0 };
	struct buffer row;
	int err;

	buffer_init(&row, EXPORT_HEAD_MAX);
	slots_write(&h->slots, &row);
	buffer_put_u32(out, EXPORT_VERSION);
	buffer_put_string(out, row.data, row.len);
	buffer_put(out, h->salt, EXPORT_SALT);
	err = row.err != 0 ? row.err : out->err;
	buffer_free(&row);
	nonce(iv, 0, 0);
	if (err == 0)
		err = crypto_gcm_seal(key, EXPORT_KEY, iv, sizeof iv, out->data,
		    out->len, none, 0, none, tag);
	buffer_put(out, tag, sizeof tag);
	return err != 0 ? err : out->err;
}

int
export_head_read(struct export_head *h, const uint8_t *p, size_t len)
{
	uint8_t tag[EXPORT_TAG];
	const uint8_t *row;
	struct reader in;
	uint32_t version;
	size_t n;

	reader_init(&in, p, len);
	version = reader_u32(&in);
	if (in.err == 0 && version > EXPORT_VERSION)
		return ERR_UNSUPPORTED;
	row = reader_string(&in, &n, EXPORT_HEAD_MAX);
	reader_fixed(&in, h->salt, EXPORT_SALT);
	reader_fixed(&in, tag, sizeof tag);
	if (reader_end(&in) != 0 || version != EXPORT_VERSION)
		return ERR_CORRUPT;
	return slots_read(&h->slots, row, n);
}

int
export_head_check(const uint8_t key[EXPORT_KEY], const uint8_t *p, size_t len)
{
	uint8_t iv[12], none[1] = { 0 };
	size_t n = len - EXPORT_TAG;
	int err;

	if (len < EXPORT_TAG)
		return ERR_CORRUPT;
	nonce(iv, 0, 0);
	err = crypto_gcm_open(
	    key, EXPORT_KEY, iv, sizeof iv, p, n, none, 0, p + n, none);
	return err == ERR_BAD_MAC ? ERR_CORRUPT : err;
}

/* --- the parts -------------------------------------------------------------- */

int
export_seal(const uint8_t key[EXPORT_KEY], uint32_t number, int last,
    const uint8_t *p, size_t len, uint8_t *out)
{
	uint8_t iv[12];

	nonce(iv, number, last);
	return crypto_gcm_seal(
	    key, EXPORT_KEY, iv, sizeof iv, NULL, 0, p, len, out, out + len);
}

int
export_open(const uint8_t key[EXPORT_KEY], uint32_t number, int last,
    const uint8_t *p, size_t len, struct secret *out)
{
	size_t n = len - EXPORT_TAG;
	uint8_t iv[12];
	int err;

	if (len <= EXPORT_TAG || n > EXPORT_PART)
		return ERR_CORRUPT;
	if ((err = secret_new(out, n)) != 0)
		return err;
	nonce(iv, number, last);
	err = crypto_gcm_open(
	    key, EXPORT_KEY, iv, sizeof iv, NULL, 0, p, n, p + n, out->data);
	if (err != 0)
		secret_free(out);
	return err == ERR_BAD_MAC ? ERR_CORRUPT : err;
}

/* --- the items -------------------------------------------------------------- */

int
export_item_read(struct reader *in, struct export_item *item)
{
	if (in->left == 0)
		return 0;
	item->kind = reader_u8(in);
	reader_cstring(in, item->name, sizeof item->name);
	item->octets = reader_string(in, &item->len, EXPORT_PART);
	if (in->err != 0 || !text_is_bare_jid(item->name) ||
	    (item->kind != EXPORT_ACCOUNT && item->kind != EXPORT_PEER))
		return ERR_CORRUPT;
	return 1;
}

static int
is_device(uint32_t id)
{
	return id != 0 && id <= DEVICE_MAX;
}

/* The public half and the rest are the seed's, or nobody's. */
static int
identity_check(struct omemo_identity *id)
{
	struct omemo_identity *again = secret_alloc(sizeof *again);
	int err;

	if (again == NULL)
		return ERR_BUSY;
	err = omemo_identity_from_seed(again, id->seed);
	if (err == 0 &&
	    (!secret_equal(again, id, sizeof *id) || (id->ed[31] & 0x80) != 0))
		err = ERR_CORRUPT;
	secret_release(again, sizeof *again);
	return err;
}

int
export_account_read(const struct export_item *item, struct account_record *rec)
{
	int err = account_unpack(item->octets, item->len, rec);

	if (err != 0)
		return err;
	if (!is_device(rec->device) || rec->others > OTHERS_TRUST ||
	    (rec->own_read & ~ALL_NS) != 0 || rec->silent > 1 ||
	    rec->window > LIMIT_WINDOW || limits_check(&rec->limits) != 0 ||
	    rec->label[0] != '\0')
		return ERR_CORRUPT;
	for (uint32_t i = 0; i < rec->nwithdrawn; i++)
		if (!is_device(rec->withdrawn[i].id) ||
		    rec->withdrawn[i].kind < WITHDRAW_ONCE ||
		    rec->withdrawn[i].kind > WITHDRAW_FOR_GOOD)
			return ERR_CORRUPT;
	return identity_check(&rec->identity);
}

static int
device_check(const struct device *d)
{
	const uint8_t flags[] = { d->has_key, d->retired, d->first, d->left,
		d->shown_reader, d->shown_writer, d->told };

	for (size_t i = 0; i < sizeof flags; i++)
		if (flags[i] > 1)
			return ERR_CORRUPT;
	if (!is_device(d->id) || d->trust > TRUST_DISTRUSTED ||
	    d->why > WHY_STALE ||
	    ((d->seen | d->listed | d->sessions) & ~ALL_NS) != 0 ||
	    (d->beat & ~(ALL_NS | BEAT_SILENT)) != 0)
		return ERR_CORRUPT;
	return d->has_key && crypto_key_check(d->u) != 0 ? ERR_CORRUPT : 0;
}

int
export_peer_read(
    const struct export_item *item, const char *account, struct peer *p)
{
	int err;

	memset(p, 0, sizeof *p);
	err = peer_unpack(item->octets, item->len, p);
	if (err != 0)
		return err;
	memcpy(p->jid, item->name, sizeof p->jid);
	p->own = strcmp(item->name, account) == 0;
	if (p->policy > POLICY_MANUAL || p->require > 1 || p->written > 1)
		return ERR_CORRUPT;
	for (size_t i = 0; i < p->nwords; i++)
		if ((p->words[i].trust != TRUST_VERIFIED &&
			p->words[i].trust != TRUST_DISTRUSTED) ||
		    p->words[i].own > 1)
			return ERR_CORRUPT;
	for (size_t i = 0; i < p->n; i++) {
		if (device_check(&p->v[i]) != 0)
			return ERR_CORRUPT;
		/* one row of a device is the present one */
		if (!p->v[i].retired && peer_find(p, p->v[i].id) != &p->v[i])
			return ERR_CORRUPT;
	}
	return 0;
}
