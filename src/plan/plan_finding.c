/* SPDX-License-Identifier: MIT */
/* What is wrong with a value, and where it is in its batch. */
#include "plan_checker.h"

#include <stdio.h>
#include <stdlib.h>

/* RFC 6901: "~" and "/" are written as ~0 and ~1. */
static void pointer_add_step(struct df_buf *out, const char *key, size_t len)
{
	df_buf_addc(out, '/');
	for (size_t i = 0; i < len; i++)
		if (key[i] == '~')
			df_buf_adds(out, "~0");
		else if (key[i] == '/')
			df_buf_adds(out, "~1");
		else
			df_buf_addc(out, key[i]);
}

static void pointer_to(const struct plan_checker *c, const char *last, size_t len, char *out,
		       size_t size)
{
	struct df_buf text = {.max = 64u << 10};
	df_buf_addc(&text, '#');
	for (size_t i = 0; i < c->depth; i++)
		if (c->steps[i].key != NULL)
			pointer_add_step(&text, c->steps[i].key, c->steps[i].len);
		else
			df_buf_addf(&text, "/%zu", c->steps[i].index);
	if (last != NULL)
		pointer_add_step(&text, last, len);
	snprintf(out, size, "%s", df_buf_cstr(&text));
	df_utf8_sanitize(out);
	df_buf_free(&text);
}

static bool inside(const struct plan_checker *c, const char *key)
{
	for (size_t i = 0; i < c->depth; i++)
		if (c->steps[i].key != NULL && c->steps[i].len == strlen(key) &&
		    memcmp(c->steps[i].key, key, c->steps[i].len) == 0)
			return true;
	return false;
}

static enum plan_part checked_part(const struct plan_checker *c)
{
	if (c->attributes)
		return PLAN_USER_ATTRIBUTE;
	if (c->identities)
		return PLAN_USER_IDENTITY;
	return inside(c, "custom_attributes") ? PLAN_EVENT_ATTRIBUTE : PLAN_FIELD;
}

struct plan_finding *plan_finding_new(struct plan_checker *c, bool unplanned)
{
	if (c->n == PLAN_MAX_FINDINGS || (!unplanned && c->n_invalid == PLAN_MAX_INVALID))
		return NULL;
	if (c->n == c->cap) {
		c->cap = c->cap * 2 + PLAN_MAX_INVALID;
		c->findings = df_realloc(c->findings, c->cap * sizeof(*c->findings));
	}
	c->n_invalid += !unplanned;
	c->findings[c->n] = (struct plan_finding){.unplanned = unplanned};
	return &c->findings[c->n++];
}

struct plan_finding *plan_finding_add(struct plan_checker *c, bool unplanned, const char *last,
				      size_t len)
{
	struct plan_finding *f = plan_finding_new(c, unplanned);
	if (f == NULL)
		return NULL;
	f->part = checked_part(c);
	f->point = c->point;
	f->in_batch = c->in_batch;
	pointer_to(c, last, len, f->pointer, sizeof(f->pointer));
	return f;
}

void plan_finding_invalid(struct plan_checker *c, const char *fmt, ...)
{
	va_list ap;
	struct plan_finding *f = plan_finding_add(c, false, NULL, 0);
	if (f == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	df_utf8_sanitize(f->text);
}
