/* SPDX-License-Identifier: MIT */
#include "batch_priv.h"

#include <stdio.h>

/* dropfeed's own namespace, a random UUID made once: all ids of all versions hang on it, so it never changes. */
static const uuid_t batch_id_root = {0x6f, 0x1d, 0x0c, 0x52, 0x8e, 0x3b, 0x4c, 0x97,
				     0xa4, 0x05, 0x2b, 0x71, 0xd9, 0x66, 0x3e, 0xf8};

void batch_id_namespace(uuid_t out, const char *feed, const char *sha256, const char *document)
{
	struct df_buf name = {0};
	/* Length-prefixed, so that no two triples make the same name. */
	df_buf_addf(&name, "%zu:%s %s %zu:%s", strlen(feed), feed, sha256, strlen(document), document);
	uuid_generate_sha1(out, batch_id_root, name.data, name.len);
	df_buf_free(&name);
}

void batch_id_make(char out[BATCH_ID_LEN + 1], const uuid_t space, char kind, uint64_t position)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "%c%llu", kind, (unsigned long long)position);
	uuid_t id;
	uuid_generate_sha1(id, space, name, (size_t)n);
	uuid_unparse_lower(id, out);
}

void batch_id_derive(char out[BATCH_ID_LEN + 1], const char *own, size_t len, const uuid_t space, uint64_t position)
{
	uuid_t mine;
	uuid_generate_sha1(mine, space, own, len);
	batch_id_make(out, mine, 'b', position);
}
