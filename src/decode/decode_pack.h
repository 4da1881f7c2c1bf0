/* SPDX-License-Identifier: MIT */
/*
 * decode_pack.h - what one packed format needs, for decode_pack.c to unpack files of it
 */
#ifndef DROPFEED_DECODE_PACK_H
#define DROPFEED_DECODE_PACK_H

#include "decode_priv.h"

struct pack_io { /* the codec takes from `in` and adds to `out`, and moves both on */
	const unsigned char *in;
	size_t n_in;
	unsigned char *out;
	size_t n_out;      /* room left */
	const char *words; /* of a fault: the library's, or NULL */
};

enum pack_said { PACK_MORE, PACK_MEMBER_ENDS, PACK_DAMAGED, PACK_NO_MEMORY, PACK_TOO_LARGE };

struct pack_codec {
	const char *name;  /* "gzip" */
	const char *magic; /* what a member begins with */
	unsigned char magic_len;
	bool (*skippable)(const unsigned char *magic); /* a member without content, or NULL */
	/* a new member; *state NULL at first. False: no memory */
	bool (*begin)(void **state);
	enum pack_said (*step)(void *state, struct pack_io *io);
	void (*end)(void *state); /* NULL is fine */
	/* members may be apart by a multiple of so many NULs (The .xz File Format 2.2); 0: not */
	unsigned char gap;
};

/* NULL: this build has no library for it. */
const struct pack_codec *pack_codec(enum name_pack pack);

#endif
