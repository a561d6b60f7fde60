/* SPDX-License-Identifier: ISC */
/*
 * The two versions of OMEMO as data: XEP-0384 0.3.0 and 0.9.1.
 */
#include "omemo.h"

const struct omemo_profile omemo_profiles[OMEMO_PROFILES] = {
	[OMEMO_LEGACY] = {
		.name = "omemo:1",
		.xmlns = "eu.siacs.conversations.axolotl",
		.info_x3dh = "WhisperText",
		.info_root = "WhisperRatchet",
		.info_message = "WhisperMessageKeys",
		.version = 3,
		.key_size = 33,
		.identity_size = 33,
		.mac_size = 8,
		.mac_per_direction = 1,
		.prekey_required = 0,
		.payload_key_size = 16,
	},
	[OMEMO_2] = {
		.name = "omemo:2",
		.xmlns = "urn:xmpp:omemo:2",
		.info_x3dh = "OMEMO X3DH",
		.info_root = "OMEMO Root Chain",
		.info_message = "OMEMO Message Key Material",
		.version = 0,
		.key_size = 32,
		.identity_size = 32,
		.mac_size = 16,
		.mac_per_direction = 0,
		.prekey_required = 1,
		.payload_key_size = 32,
	},
};
