/* SPDX-License-Identifier: MIT */
#include "fetch_hello.h"

enum { IDENT_MAX = 8192, PACKET_MAX = 1 << 16, PADDING_MIN = 4, COOKIE = 16, TEXT_MAX = 200 };

enum df_status fetch_hello_ident(const char *p, size_t len, size_t *end)
{
	const char *line = p, *nl = NULL;
	if (len == 0)
		return DF_END;
	while ((nl = memchr(line, '\n', len - (size_t)(line - p))) != NULL) {
		bool found = nl - line >= 4 && memcmp(line, "SSH-", 4) == 0;
		line = nl + 1;
		if (!found)
			continue;
		*end = (size_t)(line - p);
		return DF_OK;
	}
	return len < IDENT_MAX ? DF_END : DF_RETRY;
}

/* uint32 length of what follows, byte length of the padding, payload, padding (RFC 4253 §6). */
enum df_status fetch_hello_frame(const char *p, size_t len, struct fetch_wire *payload, size_t *end)
{
	struct fetch_wire w = {(const unsigned char *)p, len, false};
	uint32_t size = fetch_wire_u32(&w);
	if (w.bad)
		return DF_END;
	if (size < 1 + 1 + PADDING_MIN || size > PACKET_MAX)
		return DF_RETRY;
	if (size > w.left)
		return DF_END;
	unsigned char padding = fetch_wire_byte(&w);
	if (padding < PADDING_MIN || padding > size - 2)
		return DF_RETRY;
	*payload = (struct fetch_wire){w.p, size - 1u - padding, false};
	*end = 4u + (size_t)size;
	return DF_OK;
}

/* The cookie, ten name-lists, a boolean and a reserved number (RFC 4253 §7.1). */
bool fetch_offer_read(struct fetch_wire *w, struct fetch_offer *out)
{
	fetch_wire_bytes(w, COOKIE);
	out->kex = fetch_wire_string(w);
	out->keys = fetch_wire_string(w);
	out->rest.p = w->p;
	for (int i = 0; i < 8; i++)
		fetch_wire_string(w);
	out->rest.len = (size_t)(w->p - out->rest.p);
	return !w->bad;
}

bool fetch_offer_has(struct fetch_bytes list, const char *name)
{
	size_t at = 0, len = strlen(name);
	while (at < list.len) {
		const unsigned char *comma = memchr(list.p + at, ',', list.len - at);
		size_t n = comma != NULL ? (size_t)(comma - list.p) - at : list.len - at;
		if (n == len && memcmp(list.p + at, name, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

char *fetch_offer_text(struct fetch_bytes list)
{
	for (size_t i = 0; i < list.len; i++) {
		/* what is repeated must not move a terminal */
		if (list.p[i] < '!' || list.p[i] > '~')
			return NULL;
	}
	return df_strndup((const char *)list.p, list.len < TEXT_MAX ? list.len : TEXT_MAX);
}
