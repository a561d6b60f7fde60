/* SPDX-License-Identifier: ISC */
/*
 * THE table of messages, and the layout checker. Linked into every process;
 * holds nothing. A new request is one row here, one handler in agent/ and one
 * test.
 */
#include "messages.h"

#include <string.h>

#include "buffer.h"
#include "err.h"
#include "frame.h"

#define SMALL 8192	   /* names, states, answers */
#define SLOT  15360	   /* two URLs and headers, in a packet */
#define NAMES (160 * 1024) /* a room's list: one record takes it */
#define BODY  (FRAME_MAX - FRAME_HEADER) /* the largest */
#define L     MESSAGE_LOCKED
#define E     MESSAGE_EVENT
#define H     MESSAGE_HERE

#define ELEMENTS                                                               \
	"elements:[ namespace:u8 sid:u32 iv:s payload:s "                      \
	"keys:[ jid:s device:u32 kex:u8 bytes:s ] ]"

const struct message messages[] = {
	/* clang-format off */
	/* --- client link: every connection ---------------------------------- */
	{ M_HELLO, "HELLO", LINK_CLIENT, 0, L, SMALL,
	  "version:u32 features:[ name:s ]",
	  "version:u32 program:s features:[ name:s ] rights:u32 locked:u8",
	  "First on every connection; agree on a version and features." },
	{ M_RESTRICT, "RESTRICT", LINK_CLIENT, 0, L, SMALL,
	  "rights:u32 name:s accounts:[ jid:s ]", "rights:u32",
	  "Give up rights and accounts for good, and name the client. No account listed: all." },
	{ M_ELEVATE, "ELEVATE", LINK_CLIENT, RIGHT_INFO, H, SMALL,
	  "rights:u32 method:u8 secret:s", "rights:u32",
	  "Add trust or admin until the connection ends, for the passphrase or a yes in askpass." },
	{ M_STATUS, "STATUS", LINK_CLIENT, RIGHT_INFO, L, SMALL, "",
	  "locked:u8 vault:u8 doubt:u8 accounts:u32 records:u64 "
	  "clients:[ name:s pid:u32 rights:u32 ] walls:[ role:s wall:s ]",
	  "The agent's state, its clients, the walls in force. doubt, accounts: 0 while locked." },
	{ M_LOCK, "LOCK", LINK_CLIENT, RIGHT_INFO, L | H, SMALL, "", "",
	  "Finish what was read before, then forget every key." },
	{ M_UNLOCK, "UNLOCK", LINK_CLIENT, RIGHT_INFO, L | H, SMALL,
	  "method:u8 secret:s", "",
	  "Unlock the vault. BUSY at once while another attempt runs or a penalty lasts." },
	{ M_VAULT_CREATE, "VAULT_CREATE", LINK_CLIENT, RIGHT_INFO, L | H, SMALL,
	  "method:u8 secret:s", "recovery:s",
	  "Make the vault where there is none; this connection then has trust and admin." },
	{ M_LIST, "LIST", LINK_CLIENT, RIGHT_INFO, 0, SMALL, "",
	  "accounts:[ jid:s fingerprint:f32 device:u32 due:u8 nets:u32 window:u32 "
	  "lifetime:u32 left:u32 over:u8 confirm:u8 open_rate:u64 decrypt_rate:u64 "
	  "stale:u32 trust_messages:u8 ]",
	  "The accounts of this connection. due: bit 0 device list, bit 1 bundle to be published, 2 and 3 those of OMEMO 2. left: seconds of the lifetime; over: locked until unlock. stale: see CONSTRAIN. trust_messages: 0: neither sent nor applied." },
	{ M_CREATE, "CREATE", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "account:s others:u8", "fingerprint:f32 device:u32",
	  "Make an identity. others: what becomes of devices found on the account's list." },
	{ M_PEERS, "PEERS", LINK_CLIENT, RIGHT_INFO, 0, SMALL,
	  "account:s peer:s",
	  "rows:[ peer:s policy:u8 require:u8 device:u32 fingerprint:f32 trust:u8 "
	  "listed:u8 reader:u8 shown:u8 retired:u8 stale:u8 told:u8 ]",
	  "Known keys of a peer, of the account itself, or with an empty peer of everyone. "
	  "device 0: a policy, and no key yet. retired: distrusted, then replaced. stale: "
	  "would read, and was not heard from. told: by a trust message." },
	{ M_TRUST, "TRUST", LINK_CLIENT, RIGHT_TRUST, 0, SMALL,
	  "account:s peer:s keys:[ fingerprint:f32 trust:u8 ]", "",
	  "Decide about keys of a peer: trusted, verified or distrusted. All of them or none." },
	{ M_POLICY, "POLICY", LINK_CLIENT, RIGHT_TRUST, 0, SMALL,
	  "account:s peer:s policy:u8 require:u8", "",
	  "What becomes of a peer's new keys, and whether encryption is required." },
	{ M_RESET, "RESET", LINK_CLIENT, RIGHT_TRUST, 0, SMALL,
	  "account:s peer:s fingerprint:f32", "",
	  "New sessions with the devices of this key, because the user asks for them." },
	{ M_PUBLISH, "PUBLISH", LINK_CLIENT, RIGHT_INFO, 0, SMALL,
	  "account:s", "",
	  "Mark the account's device list and bundle as to be published again." },
	{ M_CONSTRAIN, "CONSTRAIN", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "account:s settings:[ what:u8 value:u64 ]", "",
	  "Limit what an identity may be used for: all of the settings or none." },
	{ M_LABEL, "LABEL", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "account:s label:s", "",
	  "What this device calls itself in OMEMO 2's list, signed; empty: nothing. Not 32 or 33 octets." },
	{ M_LABELS, "LABELS", LINK_CLIENT, RIGHT_INFO, 0, BODY,
	  "account:s labels:[ device:u32 label:s signature:s ]",
	  "rows:[ device:u32 verdict:u8 ]",
	  "Labels of the account's devices as the server has them: does the device's key verify them?" },
	{ M_ADOPT, "ADOPT", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL, "how:u8",
	  "accounts:[ jid:s device:u32 ]",
	  "End a doubt: the state was moved and goes on, or it is a copy and gets new device ids. What is older than the anchor or the server remembers (doubt 1 or 4) cannot go on: DOUBT." },
	{ M_ROTATE, "ROTATE", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "account:s identity:u8", "device:u32 fingerprint:f32",
	  "A new signed prekey now, or (identity 1) another identity key and device id." },
	{ M_REVOKE, "REVOKE", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "account:s device:u32", "device:u32",
	  "Destroy this device's identity (device 0), or give up another device of the account for good." },
	{ M_DUTIES, "DUTIES", LINK_CLIENT, RIGHT_INFO, 0, SMALL, "",
	  "rows:[ account:s device:u32 left:u8 gone:u8 nets:u32 ]",
	  "Devices that the server still has to drop. left: bit 0 list, 1 bundle, 2 to be read back." },
	{ M_SLOTS, "SLOTS", LINK_CLIENT, RIGHT_INFO, 0, SMALL, "",
	  "slots:[ slot:u8 kind:u8 made:u64 ]",
	  "What opens the vault: 1 passphrase, 2 recovery code, 3 key file." },
	{ M_SLOT_SET, "SLOT_SET", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "slot:u8 kind:u8 method:u8 secret:s", "slot:u8 recovery:s",
	  "Another way to open the vault (slot 0), or another secret in a slot. A recovery code is drawn." },
	{ M_SLOT_REMOVE, "SLOT_REMOVE", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "slot:u8", "", "A secret opens the vault no more; not the last." },
	{ M_QUIT, "QUIT", LINK_CLIENT, RIGHT_INFO, L | H, SMALL, "", "",
	  "End the agent. Refused on a connection that has said RESTRICT." },

	{ M_LOG, "LOG", LINK_CLIENT, RIGHT_INFO, 0, SMALL, "from:u64",
	  "first:u64 last:u64 next:u64 anchor:f32 head:f32 "
	  "entries:[ seq:u64 time:u64 act:u8 count:u32 pid:u32 account:s client:s detail:s ]",
	  "Some of the log from an entry on; next: where to go on, 0: it is the end. Digests: see The log." },

	/* --- client link: fronts ---------------------------------------------- */
	{ M_ATTACH_FRONT, "ATTACH_FRONT", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s", "device:u32 fingerprint:f32",
	  "Receive this account's READERS, MESSAGE, SENT and FAILED events." },
	{ M_COMPOSE, "COMPOSE", LINK_CLIENT, RIGHT_TEXT, 0, BODY,
	  "account:s conversation:s kind:u8 id:s parts:[ format:u8 bytes:s ]",
	  "handle:f16",
	  "Hand in a message to be sent. Idempotent under the client's name and id." },
	{ M_SIGNAL, "SIGNAL", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s conversation:s kind:u8 about:f16 id:s content:s",
	  "handle:f16",
	  "A receipt for a message (about: its handle) or a typing state, for readers of OMEMO 2 that were shown before." },
	{ M_OUTBOX, "OUTBOX", LINK_CLIENT, RIGHT_TEXT, 0, SMALL, "account:s",
	  "rows:[ handle:f16 conversation:s kind:u8 id:s fixed:u8 ]",
	  "What this client has composed and the server has not acknowledged." },
	{ M_READERS, "READERS", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s handle:f16",
	  "rows:[ peer:s device:u32 fingerprint:f32 trust:u8 why:u8 ]",
	  "The readers of a composed message that have not been acknowledged." },
	{ M_WRITER, "WRITER", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s handle:f16",
	  "peer:s device:u32 fingerprint:f32 trust:u8 why:u8 shown:u8 room:s",
	  "Whose key wrote a waiting message. room: in which he was not shown to be, for ACKNOWLEDGE; or empty." },
	{ M_ACKNOWLEDGE, "ACKNOWLEDGE", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s peer:s fingerprint:f32 role:u8 room:s", "",
	  "This key has been shown to the user as a reader or a writer." },
	{ M_OPEN, "OPEN", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s handle:f16",
	  "format:u8 bytes:s sender:s conversation:s kind:u8 device:u32 "
	  "fingerprint:f32 trust:u8 bound:u8 copy:u8 namespace:u8 time:u64 id:s "
	  "again:u8",
	  "The text of a message, as the keeper recorded it. time: seconds since 1970." },
	{ M_SHOWN, "SHOWN", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s handle:f16", "",
	  "This client has shown the message; it is not offered to it again." },
	{ M_WAITING, "WAITING", LINK_CLIENT, RIGHT_TEXT, 0, SMALL, "account:s",
	  "handles:[ handle:f16 ]",
	  "Messages not yet shown by this client, oldest first; at most 4,096." },
	{ M_DISCARD, "DISCARD", LINK_CLIENT, RIGHT_TEXT, 0, SMALL,
	  "account:s handle:f16", "",
	  "Give up a composed message." },

	/* --- client link: what is public ---------------------------------------- */
	{ M_OWN_BUNDLE, "OWN_BUNDLE", LINK_CLIENT, RIGHT_INFO, 0, SMALL,
	  "account:s namespace:u8",
	  "device:u32 identity:s spk_id:u32 spk:s signature:s "
	  "prekeys:[ id:u32 key:s ] spk_made:u64 withdrawn:[ id:u32 ] "
	  "devices:[ id:u32 known:u8 heard:u64 stale:u8 ] label:s",
	  "The account's public keys as they are to be published, ids given up, its other devices, its label." },
	/* --- client link: moving an identity ---------------------------------- */
	{ M_EXPORT, "EXPORT", LINK_CLIENT, RIGHT_ADMIN, 0, SMALL,
	  "account:s part:u32", "bytes:s last:u8",
	  "An identity to move, sealed under the vault's slots: part 0 (the head) makes it, then the next ones." },
	{ M_IMPORT, "IMPORT", LINK_CLIENT, RIGHT_ADMIN, 0, BODY,
	  "part:s last:u8", "account:s fingerprint:f32 device:u32",
	  "The next part of the export that is open, from 1; all of it is taken at the last, or nothing. Before: empty, 0." },
	{ M_IMPORT_OPEN, "IMPORT_OPEN", LINK_CLIENT, RIGHT_INFO, L | H, SMALL,
	  "head:s method:u8 secret:s", "",
	  "A secret of one of an export's slots, for this connection's IMPORT. Also while there is no vault." },

	/* --- client link: nets ------------------------------------------------ */
	{ M_ATTACH_NET, "ATTACH_NET", LINK_CLIENT, RIGHT_NETWORK, 0, SMALL,
	  "account:s", "device:u32 cursor:s since:u64 retired:[ device:u32 ]",
	  "Receive this account's WORK and READY events. device 0: it is gone, there is work alone." },
	{ M_DEVICES, "DEVICES", LINK_CLIENT, RIGHT_NETWORK, 0, BODY,
	  "account:s namespace:u8 peer:s status:u8 devices:[ id:u32 ]", "",
	  "A device list as the server gave it; item-not-found is an empty list." },
	{ M_ENCRYPT, "ENCRYPT", LINK_CLIENT, RIGHT_NETWORK, 0, SMALL,
	  "account:s handle:f16",
	  "status:u8 need:[ jid:s namespace:u8 device:u32 ] to:s kind:u8 id:s "
	  ELEMENTS,
	  "Encrypt a composed message. NEED names bundles (device 0: a device list) to hand in." },
	{ M_BUNDLE, "BUNDLE", LINK_CLIENT, RIGHT_NETWORK, 0, BODY,
	  "account:s namespace:u8 peer:s device:u32 status:u8 identity:s "
	  "spk_id:u32 spk:s signature:s prekeys:[ id:u32 key:s ]", "",
	  "A bundle as the server gave it, or ABSENT or UNREACHABLE." },
	{ M_SENT, "SENT", LINK_CLIENT, RIGHT_NETWORK, 0, SMALL,
	  "account:s handle:f16", "",
	  "The server has acknowledged the message; it leaves the outbox." },
	{ M_FAILED, "FAILED", LINK_CLIENT, RIGHT_NETWORK, 0, SMALL,
	  "account:s handle:f16 reason:s", "",
	  "The message cannot be sent (a bounce, a refused recipient)." },
	{ M_DECRYPT, "DECRYPT", LINK_CLIENT, RIGHT_NETWORK, 0, BODY,
	  "account:s namespace:u8 sender:s device:u32 path:u8 conversation:s "
	  "kind:u8 id:s time:u64 keys:[ kex:u8 bytes:s ] iv:s has_payload:u8 "
	  "payload:s archive:s",
	  "verdict:u8 handle:f16",
	  "An encrypted element. keys: all that name our device or a retired one. archive: its id there, or empty." },
	{ M_CURSOR, "CURSOR", LINK_CLIENT, RIGHT_NETWORK, 0, SMALL,
	  "account:s archive:s end:u8 room:s", "",
	  "The archive was read up to this id; end: to its end, for this connection." },
	{ M_MEMBERS, "MEMBERS", LINK_CLIENT, RIGHT_NETWORK, 0, NAMES,
	  "account:s room:s status:u8 members:[ jid:s ]",
	  "cursor:s since:u64",
	  "Who may be in a room, as its three affiliation lists give it, or why nothing can be sent there." },
	{ M_WORK, "WORK", LINK_CLIENT, RIGHT_NETWORK, 0, SMALL, "account:s",
	  "item:u64 work:u8 namespace:u8 to:s id:s device:u32 devices:[ id:u32 ] "
	  "label:s labelsig:s identity:s spk_id:u32 spk:s signature:s "
	  "prekeys:[ id:u32 key:s ] " ELEMENTS,
	  "The next thing to do for the account, with its fixed octets; item 0: nothing." },
	{ M_WORK_DONE, "WORK_DONE", LINK_CLIENT, RIGHT_NETWORK, 0, SMALL,
	  "account:s item:u64 status:u8 reason:s", "",
	  "A work item was done (the server said so) or failed." },

	/* --- client link: events ---------------------------------------------- */
	{ M_EVENT_LOCKED, "EVENT_LOCKED", LINK_CLIENT, 0, E | L, SMALL, "", NULL,
	  "The vault is locked." },
	{ M_EVENT_UNLOCKED, "EVENT_UNLOCKED", LINK_CLIENT, 0, E | L, SMALL, "",
	  NULL, "The vault is unlocked; attach again." },
	{ M_EVENT_WORK, "EVENT_WORK", LINK_CLIENT, RIGHT_NETWORK, E, SMALL,
	  "account:s", NULL, "There is work for a net of this account." },
	{ M_EVENT_READY, "EVENT_READY", LINK_CLIENT, RIGHT_NETWORK, E, SMALL,
	  "account:s handle:f16", NULL, "A message that waited can be encrypted." },
	{ M_EVENT_READERS, "EVENT_READERS", LINK_CLIENT, RIGHT_TEXT, E, SMALL,
	  "account:s handle:f16", NULL, "A message waits for READERS to be acknowledged." },
	{ M_EVENT_MESSAGE, "EVENT_MESSAGE", LINK_CLIENT, RIGHT_TEXT, E, SMALL,
	  "account:s handle:f16", NULL, "A message can be opened." },
	{ M_EVENT_SENT, "EVENT_SENT", LINK_CLIENT, RIGHT_TEXT, E, SMALL,
	  "account:s handle:f16 id:s", NULL, "The server has a composed message." },
	{ M_EVENT_FAILED, "EVENT_FAILED", LINK_CLIENT, RIGHT_TEXT, E, SMALL,
	  "account:s handle:f16 id:s code:u32 reason:s", NULL,
	  "A composed message will not be sent as things are, and why." },

	/* --- store link ------------------------------------------------------- */
	{ M_LOAD, "LOAD", LINK_STORE, 0, 0, SMALL, "",
	  "rows:u64 boot:s inode:u64 birth:u64 anchor:s",
	  "Send every row as ROWS frames; then their number, where the database lies, the anchor." },
	{ M_ROWS, "ROWS", LINK_STORE, 0, E, BODY, "rows:[ key:f32 value:s ]",
	  NULL, "Rows of the database, store to keeper." },
	{ M_PUT, "PUT", LINK_STORE, 0, E, BODY, "rows:[ key:f32 value:s ]", NULL,
	  "Rows for the coming COMMIT; an empty value deletes." },
	{ M_COMMIT, "COMMIT", LINK_STORE, 0, 0, SMALL, "purge:u8 anchor:s", "",
	  "Make all PUT rows durable, all or none; then write the anchor. purge: empty the log (old octets gone)." },
	/* --- derive link ------------------------------------------------------ */
	{ M_DERIVE, "DERIVE", LINK_DERIVE, 0, 0, SMALL,
	  "passphrase:s salt:s log2n:u32 r:u32 p:u32", "key:f32",
	  "scrypt." },
	/* --- parser link ------------------------------------------------------ */
	{ M_PARSE, "PARSE", LINK_PARSER, 0, 0, BODY, "envelope:s",
	  "from:s to:s words:[ owner:s trust:u8 key:f32 ]",
	  "Read the trust message (XEP-0434) in a decrypted envelope. trust: verified or distrusted." },
	/* --- launcher link ---------------------------------------------------- */
	{ M_ASK, "ASK", LINK_LAUNCHER, 0, 0, SMALL, "kind:u8 pid:u32 prompt:s",
	  "status:u8",
	  "Run the passphrase source or askpass; its output comes on the pipe before the reply." },
	{ M_SERVING, "SERVING", LINK_LAUNCHER, 0, E, SMALL, "", NULL,
	  "The keeper accepts connections." },
	{ M_LOCK_NOW, "LOCK_NOW", LINK_LAUNCHER, 0, E, SMALL, "", NULL,
	  "Launcher to keeper: the user's signal to lock." },
	{ M_ASK_END, "ASK_END", LINK_LAUNCHER, 0, E, SMALL, "id:u32", NULL,
	  "Keeper to launcher: end the askpass of the ASK with this id; its reply still comes." },
	/* --- sce link (SOCK_SEQPACKET) ---------------------------------------- */
	{ M_SCE_READ, "SCE_READ", LINK_SCE, 0, 0, BODY, "envelope:s",
	  "from:s to:s has_body:u8 body:s opt_out:u8 reason:s replaces:s reply_to:s "
	  "received:s state:u8 asks:u8",
	  "Read a decrypted envelope. from, to, replaces, reply_to, received: empty "
	  "where it has none. asks: for a receipt." },
	{ M_SCE_GONE, "SCE_GONE", LINK_SCE, 0, E, SMALL, "", NULL,
	  "The parser has died; the next one is started." },
	/* --- front link (SOCK_SEQPACKET) -------------------------------------- */
	{ M_FRONT_SEND, "FRONT_SEND", LINK_FRONT, 0, E, SMALL, "handle:f16", NULL,
	  "Encrypt and send." },
	{ M_FRONT_QUIT, "FRONT_QUIT", LINK_FRONT, 0, E, SMALL, "", NULL,
	  "Close the stream in good order and exit." },
	{ M_NET_ONLINE, "NET_ONLINE", LINK_FRONT, 0, E, SMALL, "jid:s", NULL,
	  "Bound; the full JID." },
	{ M_NET_OFFLINE, "NET_OFFLINE", LINK_FRONT, 0, E, SMALL,
	  "reason:s fatal:u8", NULL,
	  "The connection is over. fatal: trying again cannot help." },
	{ M_NET_DELIVERED, "NET_DELIVERED", LINK_FRONT, 0, E, SMALL, "id:s", NULL,
	  "The recipient's client has received it (XEP-0184)." },
	{ M_NET_UNENCRYPTED, "NET_UNENCRYPTED", LINK_FRONT, 0, E, SMALL,
	  "from:s room:s", NULL,
	  "A message came in clear; it is not shown. room: where, or empty." },
	{ M_NET_NOTICE, "NET_NOTICE", LINK_FRONT, 0, E, SMALL, "from:s text:s",
	  NULL, "Something was dropped, and why." },
	{ M_NET_CAUGHT_UP, "NET_CAUGHT_UP", LINK_FRONT, 0, E, SMALL, "room:s", NULL,
	  "The archive has been read to its end: the account's (empty), or a room's." },
	{ M_FRONT_INSPECT, "FRONT_INSPECT", LINK_FRONT, 0, E, SMALL, "device:u32 ns:u8",
	  NULL, "Look at what the server has of the account and this device (0: none); change nothing." },
	{ M_FRONT_CONFIGURE, "FRONT_CONFIGURE", LINK_FRONT, 0, E, SMALL,
	  "device:u32 ns:u8", NULL,
	  "Have everyone read that device's bundle (0: the device list), and its items kept." },
	{ M_NET_SEEN_SERVER, "NET_SEEN_SERVER", LINK_FRONT, 0, E, SMALL,
	  "archive:u8 preference:s carbons:u8 pep:u8 options:u8 time:u64", NULL,
	  "What the server says that it can do. time: seconds since 1970 by its clock, or 0." },
	{ M_NET_SEEN_LIST, "NET_SEEN_LIST", LINK_FRONT, 0, E, SMALL,
	  "state:u8 why:s access:s persist:u8 total:u32 "
	  "devices:[ id:u32 bundle:u8 ]", NULL,
	  "The account's device list, its node's configuration, and the first ids with their bundles' state." },
	{ M_NET_SEEN_BUNDLE, "NET_SEEN_BUNDLE", LINK_FRONT, 0, E, SMALL,
	  "state:u8 why:s access:s persist:u8 identity:s spk_id:u32 spk:s "
	  "signature:s", NULL, "The device's bundle and its node's configuration." },
	{ M_NET_SEEN_PREKEYS, "NET_SEEN_PREKEYS", LINK_FRONT, 0, E, SMALL,
	  "prekeys:[ id:u32 key:s ]", NULL,
	  "Some of the bundle's one-time prekeys; the next event goes on." },
	{ M_NET_INSPECTED, "NET_INSPECTED", LINK_FRONT, 0, E, SMALL, "", NULL,
	  "That was all." },
	{ M_NET_CONFIGURED, "NET_CONFIGURED", LINK_FRONT, 0, E, SMALL,
	  "reason:s", NULL, "The answer to CONFIGURE; empty: it is so now." },
	{ M_FRONT_SLOT, "FRONT_SLOT", LINK_FRONT, 0, E, SMALL,
	  "name:s size:u64", NULL,
	  "Ask the server for a place for a file (XEP-0363): its name there, and its octets as they lie there." },
	{ M_NET_SLOT, "NET_SLOT", LINK_FRONT, 0, E, SLOT,
	  "put:s get:s headers:[ name:s value:s ]", NULL,
	  "Where to put it and with what headers, and where others get it." },
	{ M_NET_NO_SLOT, "NET_NO_SLOT", LINK_FRONT, 0, E, SMALL, "reason:s", NULL,
	  "There is no place for it." },
	{ M_FRONT_JOIN, "FRONT_JOIN", LINK_FRONT, 0, E, SMALL, "room:s nick:s",
	  NULL, "Enter a room. No nick: the account's name. Answered by JOINED or LEFT." },
	{ M_FRONT_LEAVE, "FRONT_LEAVE", LINK_FRONT, 0, E, SMALL, "room:s", NULL,
	  "Leave a room." },
	{ M_FRONT_SERVICE, "FRONT_SERVICE", LINK_FRONT, 0, E, SMALL, "domain:s",
	  NULL, "Is this domain a service of rooms? Answered by SERVICE." },
	{ M_NET_JOINED, "NET_JOINED", LINK_FRONT, 0, E, SMALL,
	  "room:s nick:s members:u32", NULL,
	  "Entered a room; so many are in its lists, each told by a MEMBER before." },
	{ M_NET_LEFT, "NET_LEFT", LINK_FRONT, 0, E, SMALL,
	  "room:s status:u8 reason:s", NULL,
	  "Not in a room, or not any more, and why." },
	{ M_NET_MEMBER, "NET_MEMBER", LINK_FRONT, 0, E, SMALL,
	  "room:s jid:s change:u8", NULL,
	  "A member of a room: 0 is in its lists on entering, 1 has come into them, 2 has left them." },
	{ M_NET_SERVICE, "NET_SERVICE", LINK_FRONT, 0, E, SMALL,
	  "domain:s rooms:u8", NULL,
	  "1: the domain says that it has rooms. 0: it does not, or says nothing." },
	{ M_NET_TOO_BIG, "NET_TOO_BIG", LINK_FRONT, 0, E, SMALL,
	  "handle:f16 octets:u64", NULL,
	  "The server has closed the stream by its policy while this was the longest on its way. Twice: give it up." },
	{ M_NET_SEEN_LABEL, "NET_SEEN_LABEL", LINK_FRONT, 0, E, SMALL,
	  "device:u32 label:s signature:s", NULL,
	  "A listed device's name and its signature, of OMEMO 2; before SEEN_LIST." },
	/* --- file link: each of the two does one thing, says how it went, ends - */
	{ M_FILE_SEAL, "FILE_SEAL", LINK_FILE, 0, E, SMALL,
	  "key:f32 iv:s size:u64", NULL,
	  "To the cipher: encrypt a file of exactly so many octets (AES-256-GCM, tag behind)." },
	{ M_FILE_OPEN, "FILE_OPEN", LINK_FILE, 0, E, SMALL, "key:f32 iv:s", NULL,
	  "To the cipher: decrypt what comes; DONE only if the tag verifies." },
	{ M_FILE_PUT, "FILE_PUT", LINK_FILE, 0, E, SLOT,
	  "url:s size:u64 headers:[ name:s value:s ]", NULL,
	  "To the transfer: upload exactly so many octets. The URL has no fragment." },
	{ M_FILE_GET, "FILE_GET", LINK_FILE, 0, E, SMALL, "url:s max:u64", NULL,
	  "To the transfer: fetch at most so many octets. The URL has no fragment." },
	{ M_FILE_PROGRESS, "FILE_PROGRESS", LINK_FILE, 0, E, SMALL,
	  "octets:u64 of:u64", NULL,
	  "So far, and of how many (0: not known). The first on a sending cipher's link is the size of the file." },
	{ M_FILE_DONE, "FILE_DONE", LINK_FILE, 0, E, SMALL, "octets:u64", NULL,
	  "All of it has passed through." },
	{ M_FILE_FAILED, "FILE_FAILED", LINK_FILE, 0, E, SMALL, "reason:s", NULL,
	  "It has not. No reason: the other of the two has one." },
	/* clang-format on */
};

const size_t messages_count = sizeof(messages) / sizeof(messages[0]);

#define DEPTH_MAX 4 /* groups within groups; the table has two */

const struct message *
message_find(enum link link, uint8_t type)
{
	for (size_t i = 0; i < messages_count; i++)
		if (messages[i].type == type && messages[i].link == link)
			return &messages[i];
	return NULL;
}

/* One field's type, or the end of what a layout or group holds. */
enum field { FIELD_END, FIELD_FIXED, FIELD_STRING, FIELD_GROUP, FIELD_BAD };

/*
 * Take one field off the layout; *size gets the octets it has at least. The
 * end of a group is taken off too. After a group's '[' comes its content.
 */
static enum field
layout_next(const char **layout, size_t *size)
{
	const char *p = *layout;

	*size = 0;
	p += strspn(p, " ");
	if (*p == '\0' || *p == ']') {
		*layout = *p == ']' ? p + 1 : p;
		return FIELD_END;
	}
	p += strcspn(p, ": []");
	if (*p++ != ':')
		return FIELD_BAD;
	*layout = p + strcspn(p, " ]");
	if (*p == '[') {
		*size = 4;
		*layout = p + 1;
		return FIELD_GROUP;
	}
	if (*p == 's') {
		*size = 4;
		return FIELD_STRING;
	}
	if (*p != 'u' && *p != 'f')
		return FIELD_BAD;
	for (const char *d = p + 1; *d >= '0' && *d <= '9' && *size < 1000; d++)
		*size = *size * 10 + (size_t)(*d - '0');
	if (*p == 'u')
		*size /= 8;
	return *size > 0 ? FIELD_FIXED : FIELD_BAD;
}

/* Pass over the content of a group; how many octets has it at least? */
static size_t
layout_skip(const char **layout)
{
	size_t total = 0, size;
	int depth = 1;

	while (depth > 0) {
		switch (layout_next(layout, &size)) {
		case FIELD_GROUP:
			if (depth++ == 1)
				total += size;
			break;
		case FIELD_FIXED:
		case FIELD_STRING:
			if (depth == 1)
				total += size;
			break;
		case FIELD_END:
			if (**layout == '\0' && (*layout)[-1] != ']')
				return 0;
			depth--;
			break;
		case FIELD_BAD:
			return 0;
		}
	}
	return total;
}

/* Check the fields up to the end of the layout or group, and take both off. */
static void
layout_check(const char **layout, struct reader *r, int depth)
{
	const char *content, *after;
	size_t size, each;
	uint32_t n;
	enum field field;

	while (
	    r->err == 0 && (field = layout_next(layout, &size)) != FIELD_END) {
		switch (field) {
		case FIELD_FIXED:
			(void)reader_bytes(r, size);
			break;
		case FIELD_STRING:
			(void)reader_string(r, &each, r->left);
			break;
		case FIELD_GROUP:
			content = after = *layout;
			each = layout_skip(&after);
			n = reader_u32(r);
			if (each == 0 || depth == DEPTH_MAX ||
			    n > r->left / each)
				r->err = ERR_MALFORMED;
			for (; n > 0 && r->err == 0; n--) {
				*layout = content;
				layout_check(layout, r, depth + 1);
			}
			*layout = after;
			break;
		case FIELD_END:
		case FIELD_BAD:
			r->err = ERR_MALFORMED;
			break;
		}
	}
}

int
message_check(const char *layout, const void *p, size_t n)
{
	struct reader r;

	if (n > BODY)
		return ERR_TOO_LONG;
	reader_init(&r, p, n);
	layout_check(&layout, &r, 0);
	return reader_end(&r);
}
