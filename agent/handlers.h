/* SPDX-License-Identifier: ISC */
/*
 * Every handler of the table in dispatch.c, by the file that has it. Each
 * answers its request exactly once, now or later.
 */
#ifndef AGENT_HANDLERS_H
#define AGENT_HANDLERS_H

#include "keeper.h"

/* session_requests.c */
handler session_hello, session_restrict, session_status, session_quit;
/* peers.c */
handler trust_peers;
/* elevate.c */
handler session_elevate;
/* vault_requests.c */
handler vault_request_lock, vault_request_unlock, vault_request_create;
/* What vault_set_log wants: slots made or changed by a request. */
int vault_requests_log(void *arg, struct txn *);
handler vault_request_slots, vault_request_slot_set, vault_request_slot_remove;
/* identity.c */
handler identity_list, identity_create, identity_publish;
/* own_public.c */
handler own_public;
/* label.c */
handler label_set, label_verify;
/* reset.c */
handler session_reset;
/* constrain.c */
handler constrain;
/* log_request.c */
handler log_list;
/* rotate.c, revoke.c, duties.c */
handler rotate_device, revoke_device, duties_list;
/* adopt.c */
handler adopt_state;
/* trust.c */
handler trust_decide, trust_policy, trust_acknowledge;
/* export.c */
handler export_account;
/* import.c */
handler import_open, import_part;
/* attach.c */
handler attach_front, attach_net;
/* compose.c */
handler compose_message, compose_outbox, compose_discard;
/* signal.c */
handler signal_message;
/* sent.c */
handler outbox_sent, outbox_failed;
/* readers.c */
handler readers_list;
/* rooms.c */
handler rooms_members;
/* encrypt.c */
handler encrypt_message;
/* messages.c */
handler message_writer, message_open, message_shown, message_waiting;
/* devices.c */
handler devices_hand_in, devices_bundle;
/* decrypt.c */
handler decrypt_message;
/* cursor.c */
handler cursor_set;
/* work.c */
handler work_next, work_done;

#endif
