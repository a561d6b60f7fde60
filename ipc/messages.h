/* SPDX-License-Identifier: ISC */
/*
 * THE table of messages (messages.c): name, number, link, right, whether it
 * is answered while locked, longest body, layout of request and reply.
 * Dispatch, permission tests, PROTOCOL.md's index and the fuzzer's dictionary
 * all come from it.
 *
 * A layout is a list of fields "name:type" parted by blanks. Types: u8 u32 u64,
 * s (u32 length and octets), fN (exactly N octets), and [ … ] a u32 count and
 * that many times the fields inside. A layout of NULL means that the message
 * has no such part (an event has no reply, for instance).
 */
#ifndef IPC_MESSAGES_H
#define IPC_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION 1

enum link {	       /* who speaks to whom */
	LINK_CLIENT,   /* any client and the keeper */
	LINK_STORE,    /* keeper and store */
	LINK_DERIVE,   /* keeper and derive */
	LINK_PARSER,   /* keeper and parser */
	LINK_LAUNCHER, /* keeper and launcher */
	LINK_FRONT,    /* front and its net */
	LINK_SCE,      /* front and its parser of envelopes */
	LINK_FILE,     /* a file's cipher or transfer, and who has it done */
};

enum right {
	RIGHT_INFO = 1,
	RIGHT_NETWORK = 2,
	RIGHT_TEXT = 4,
	RIGHT_TRUST = 8,
	RIGHT_ADMIN = 16,
};

#define RIGHTS_INITIAL (RIGHT_INFO | RIGHT_NETWORK | RIGHT_TEXT)
#define RIGHTS_ALL     (RIGHTS_INITIAL | RIGHT_TRUST | RIGHT_ADMIN)

enum message_type {
	/* client link: requests; the reply has the type REPLY or ERROR */
	M_HELLO = 1,
	M_RESTRICT,
	M_ELEVATE,
	M_STATUS,
	M_LOCK,
	M_UNLOCK,
	M_VAULT_CREATE,
	M_LIST,
	M_CREATE,
	M_PEERS,
	M_TRUST,
	M_POLICY,
	M_PUBLISH,
	M_QUIT,
	M_CONSTRAIN,
	M_ADOPT,
	M_SLOTS,
	M_SLOT_SET,
	M_SLOT_REMOVE,

	M_ATTACH_FRONT = 20,
	M_COMPOSE,
	M_OUTBOX,
	M_READERS,
	M_WRITER,
	M_ACKNOWLEDGE,
	M_OPEN,
	M_SHOWN,
	M_WAITING,
	M_DISCARD,
	M_LOG = 30,
	M_OWN_BUNDLE = 36,

	M_EXPORT = 33,
	M_IMPORT,
	M_IMPORT_OPEN = 39,

	M_ROTATE = 31,
	M_REVOKE = 32,
	M_DUTIES = 35,

	M_ATTACH_NET = 40,
	M_DEVICES,
	M_ENCRYPT,
	M_BUNDLE,
	M_SENT,
	M_FAILED,
	M_DECRYPT,
	M_CURSOR,
	M_WORK,
	M_WORK_DONE,

	/* sce link */
	M_SCE_READ = 52,
	M_SCE_GONE, /* event from the starter: the parser has died */
	/* client link */
	M_RESET = 54,
	M_MEMBERS = 56,
	M_SIGNAL = 57,
	M_LABEL,
	M_LABELS,

	/* events, id 0 */
	M_EVENT_LOCKED = 64,
	M_EVENT_UNLOCKED,
	M_EVENT_WORK,	 /* to nets: ask WORK */
	M_EVENT_READY,	 /* to nets: ENCRYPT this handle again */
	M_EVENT_READERS, /* to fronts: new readers to show */
	M_EVENT_MESSAGE, /* to fronts: a message to OPEN */
	M_EVENT_SENT,	 /* to fronts: the server has it */
	M_EVENT_FAILED,	 /* to fronts: it will not be sent, and why */

	/* store link */
	M_LOAD = 80,
	M_ROWS,
	M_PUT,
	M_COMMIT,
	/* derive link */
	M_DERIVE = 90,
	/* parser link */
	M_PARSE = 92,
	/* launcher link */
	M_ASK = 95,
	M_SERVING,  /* event from the keeper: it accepts connections */
	M_LOCK_NOW, /* event to the keeper: lock */
	M_ASK_END,  /* event from the keeper: nobody waits for it any more */
	/* front link: all events */
	M_FRONT_SEND = 100, /* front to net: encrypt and send this handle */
	M_FRONT_QUIT,
	M_NET_ONLINE, /* net to front */
	M_NET_OFFLINE,
	M_NET_DELIVERED,
	M_NET_UNENCRYPTED,
	M_NET_NOTICE,
	M_NET_CAUGHT_UP,
	M_FRONT_INSPECT, /* front to net: look, change nothing */
	M_FRONT_CONFIGURE,
	M_NET_SEEN_SERVER, /* net to front: what INSPECT has found */
	M_NET_SEEN_LIST,
	M_NET_SEEN_BUNDLE,
	M_NET_SEEN_PREKEYS,
	M_NET_INSPECTED,
	M_NET_CONFIGURED,
	M_FRONT_SLOT = 116, /* front to net: where may a file be put? */
	M_NET_SLOT,	    /* net to front */
	M_NET_NO_SLOT,
	M_FRONT_JOIN = 119, /* front to net: rooms */
	M_FRONT_LEAVE,
	M_FRONT_SERVICE, /* front to net: has this domain rooms? */
	M_NET_JOINED,	 /* net to front */
	M_NET_LEFT,
	M_NET_MEMBER,
	M_NET_SERVICE,
	M_NET_SEEN_LABEL, /* net to front: of INSPECT, too */
	M_NET_TOO_BIG,
	/* file link: all events */
	M_FILE_SEAL = 200, /* to the cipher */
	M_FILE_OPEN,
	M_FILE_PUT, /* to the transfer */
	M_FILE_GET,
	M_FILE_PROGRESS, /* from either */
	M_FILE_DONE,
	M_FILE_FAILED,

	M_REPLY = 254,
	M_ERROR = 255, /* code:u32 text:s */
};

#define MESSAGE_LOCKED 1 /* flag: answered while locked */
#define MESSAGE_EVENT  2 /* flag: id 0, no reply */
#define MESSAGE_HERE   4 /* flag: not over the forwarded socket */

struct message {
	uint8_t type;
	const char *name; /* "HELLO" */
	enum link link;
	uint32_t right; /* one enum right, 0: none needed */
	uint32_t flags;
	uint32_t max; /* longest body in octets */
	const char *request;
	const char *reply;
	const char *what; /* one line for PROTOCOL.md */
};

extern const struct message messages[];
extern const size_t messages_count;

/* The row for a type on a link, or NULL. */
const struct message *message_find(enum link, uint8_t type);
/*
 * Does p[0..n) have this layout, whole, nothing left over? 0, ERR_MALFORMED
 * or ERR_TOO_LONG. Counts are bounded by the octets that are there.
 */
int message_check(const char *layout, const void *p, size_t n);

/* Values of fields that are not free numbers */
enum namespace_id { NS_LEGACY = 0, NS_OMEMO2 = 1 };

enum secret_method {
	SECRET_ASK = 0,
	SECRET_PASSPHRASE = 1,
	SECRET_RECOVERY = 2
};

enum list_status { LIST_READ = 0, LIST_UNKNOWN = 1 }; /* empty is LIST_READ */

enum bundle_status {
	BUNDLE_HERE = 0,
	BUNDLE_ABSENT = 1,
	BUNDLE_UNREACHABLE = 2
};

/* what INSPECT finds of a node, and what it was told of a feature */
enum node_state {
	NODE_HERE = 0,
	NODE_ABSENT,
	NODE_MALFORMED,
	NODE_UNREADABLE,
};

enum told { TOLD_NO = 0, TOLD_YES, TOLD_NOTHING };

enum encrypt_status {
	ENCRYPT_DONE = 0,
	ENCRYPT_NEED = 1,
	ENCRYPT_WAIT = 2,
	ENCRYPT_MEMBERS = 3 /* who may be in the room has not been handed in */
};

enum room_status {
	ROOM_LISTED = 0,
	ROOM_ANONYMOUS, /* it hides addresses */
	ROOM_OPEN,	/* not members-only */
	ROOM_REFUSED,	/* not joined, forbidden, no such room */
	ROOM_LEFT
};

/* the last two are of signals alone: COMPOSE knows neither */
enum conversation_kind {
	KIND_CHAT = 0,
	KIND_ROOM = 1,
	KIND_RECEIPT = 2,
	KIND_TYPING = 3
};

/* an envelope is only ever received; a content is what goes into one */
enum format {
	FORMAT_BODY = 0,
	FORMAT_SCE_CONTENT = 1,
	FORMAT_SCE_ENVELOPE = 2
};

/* typing states (XEP-0085) of an envelope */
enum typing {
	TYPING_NONE = 0,
	TYPING_ACTIVE,
	TYPING_COMPOSING,
	TYPING_PAUSED,
	TYPING_INACTIVE,
	TYPING_GONE
};

enum trust {
	TRUST_UNDECIDED = 0,
	TRUST_BLIND,
	TRUST_TRUSTED,
	TRUST_VERIFIED,
	TRUST_DISTRUSTED
};

enum policy { POLICY_BLIND = 0, POLICY_FIRST_USE, POLICY_MANUAL };

enum others { OTHERS_IGNORE = 0, OTHERS_TRUST = 1 };

enum bound { BOUND_NONE = 0, BOUND_SENDER, BOUND_CONVERSATION };

enum copy { COPY_NONE = 0, COPY_CARBON, COPY_ARCHIVE, COPY_SIBLING };

enum path {
	PATH_DIRECT = 0,
	PATH_CARBON_RECEIVED,
	PATH_CARBON_SENT,
	PATH_ARCHIVE,
	PATH_ROOM
};

enum verdict {
	VERDICT_NEW = 0,
	VERDICT_KNOWN,
	VERDICT_DUPLICATE,
	VERDICT_EMPTY,
	VERDICT_OWN
};

/* why the state may be an old one or a copy (bits) */
enum doubt {
	DOUBT_OLDER = 1, /* older than the anchor remembers */
	DOUBT_PLACE = 2, /* the database is another file than it was */
	DOUBT_SERVER =
	    4, /* the server has prekeys that this state never made */
	DOUBT_NOT_NEWEST = DOUBT_OLDER | DOUBT_SERVER, /* it cannot go on */
};

/* what a CONSTRAIN sets */
enum constraint {
	CONSTRAIN_WINDOW = 1, /* seconds that a message stays for siblings */
	CONSTRAIN_LIFETIME,   /* seconds from unlock; 0: as long as the vault */
	CONSTRAIN_CONFIRM,    /* enum confirm_when */
	CONSTRAIN_OPEN_RATE,  /* uses << 32 | seconds; 0: no limit */
	CONSTRAIN_DECRYPT_RATE, /* the same */
	CONSTRAIN_STALE, /* seconds unheard, then a device is no reader; 0: never */
	CONSTRAIN_TRUST_MESSAGES = 8, /* 1: sent and applied, as made; 0: no */
};

/* is a label its device's? UNKNOWN: the key is not known here */
enum label_verdict { LABEL_GOOD = 0, LABEL_BAD, LABEL_UNKNOWN };

/* when askpass asks before a message is opened or composed */
enum confirm_when { CONFIRM_NEVER = 0, CONFIRM_EACH, CONFIRM_ONCE };

enum adopt { ADOPT_MOVED = 0, ADOPT_COPIED = 1 };

enum role { ROLE_READER = 0, ROLE_WRITER = 1 };

enum why {
	WHY_NEW_KEY = 0,
	WHY_RETURNED,
	WHY_NEW_MEMBER,
	WHY_FIRST_MESSAGE,
	WHY_OLDER, /* it had OMEMO 2, and has 0.3.0 alone now */
	WHY_STALE  /* no reader any more: it was not heard from for long */
};

enum member_change {	 /* of a room's lists */
	MEMBER_HERE = 0, /* found in them on entering */
	MEMBER_CAME,
	MEMBER_WENT
};

enum work {
	WORK_NONE = 0,
	WORK_DEVICES,
	WORK_BUNDLE,
	WORK_EMPTY,
	WORK_FETCH_DEVICES,
	WORK_FETCH_BUNDLE,
	WORK_WITHDRAW, /* delete the bundle of a device that is gone */
	WORK_VERIFY /* read back the list and that bundle, and hand both in */
};

enum work_status { WORK_OK = 0, WORK_FAILED = 1 };

/* what a log entry tells of */
enum act {
	ACT_UNLOCK = 1,
	ACT_LOCK,
	ACT_WRONG, /* a passphrase, code or key file that opens nothing */
	ACT_VAULT, /* it was made */
	ACT_CREATE,
	ACT_CONSTRAIN,
	ACT_ADOPT,
	ACT_SLOT_SET,
	ACT_SLOT_REMOVE,
	ACT_TRUST,
	ACT_POLICY,
	ACT_USE,    /* the first of an identity by a client in an hour */
	ACT_MORE,   /* uses and wrong secrets that were only counted */
	ACT_ROTATE, /* an identity's keys, and so on: not by every version */
	ACT_REVOKE,
	ACT_IMPORT,
	ACT_EXPORT,
	ACT_RESET, /* new sessions with a device of a contact */
	ACT_LABEL, /* what this device is called */
	ACT_TOLD,  /* a trust message of a verified device was applied */
};

enum ask_status { ASK_DONE = 0, ASK_FAILED = 1, ASK_ABSENT = 2 };

enum ask_kind { ASK_SOURCE = 0, ASK_PASSPHRASE = 1, ASK_CONFIRM = 2 };

#define HANDLE_SIZE	 16
#define FINGERPRINT_SIZE 32

#endif
