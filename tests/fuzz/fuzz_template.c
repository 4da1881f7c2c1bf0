/* SPDX-License-Identifier: MIT */
/*
 * The input's first line is JSON, the template's `value`; the rest is the template. What it gives
 * depends on these alone, work and memory are bounded, and a fault does not show what the value
 * holds.
 */
#include "fuzz.h"

#include "../../src/liquid/liquid_priv.h"

#define MOST_OUTPUT ((size_t)2 << 20) /* as much as a record may have */
#define SECRET      "s3cret"          /* in a value, it must not turn up in a message */

static struct liquid_arena arena;

struct outcome {
	bool ok;
	struct df_buf out;
	struct liquid_fault fault;
	size_t total, work;
};

static void bounded(void)
{
	FUZZ_CHECK(arena.total <= LIQUID_MAX_MEMORY + 16 && arena.work <= LIQUID_MAX_WORK);
}

static void run(const struct liquid *l, const char *json, struct outcome *o)
{
	struct liquid_member members[3] = {
	    {.key = "value", .key_len = 5},
	    {.key = "key", .key_len = 3, .value = liquid_string("cart.item", 9)},
	    {.key = "key_length", .key_len = 10, .value = liquid_int(9)}};
	struct liquid_value root = {.type = LIQUID_OBJECT, .object = {members, 3}};
	struct liquid_scope scope = {.variables = &root, .star = "item", .star_len = 4};
	struct liquid_json_fault why;
	o->out.max = MOST_OUTPUT;
	liquid_arena_reset(&arena);
	if (!liquid_json(json, strlen(json), &arena, &members[0].value, &why))
		/* as a cell that holds no JSON is */
		members[0].value = liquid_string(json, strlen(json));
	o->ok = liquid_render(l, &scope, &arena, &o->out, &o->fault);
	o->total = arena.total;
	o->work = arena.work;
	bounded();
}

static void same(const struct outcome *a, const struct outcome *b)
{
	FUZZ_CHECK(a->ok == b->ok && a->out.len == b->out.len && a->total == b->total &&
		   a->work == b->work);
	FUZZ_CHECK(a->out.len == 0 || memcmp(a->out.data, b->out.data, a->out.len) == 0);
	FUZZ_CHECK(a->ok || strcmp(a->fault.text, b->fault.text) == 0);
}

static void check(const struct outcome *o, const char *json, const char *template)
{
	bool text = df_utf8_valid(json, strlen(json)) == strlen(json) &&
		    df_utf8_valid(template, strlen(template)) == strlen(template);
	if (o->ok) {
		FUZZ_CHECK(!o->out.over && o->out.len <= MOST_OUTPUT);
		FUZZ_CHECK(!text || df_utf8_valid(o->out.data, o->out.len) == o->out.len);
		return;
	}
	if (text)
		fuzz_message(o->fault.text, sizeof(o->fault.text));
	FUZZ_CHECK(strstr(template, SECRET) != NULL || strstr(o->fault.text, SECRET) == NULL);
}

static void render(const struct liquid *l, const char *json, const char *template)
{
	struct outcome first = {0}, second = {0};
	run(l, json, &first);
	run(l, json, &second);
	same(&first, &second);
	check(&first, json, template);
	if (liquid_is_text(l))
		FUZZ_CHECK(first.ok);
	df_buf_free(&first.out);
	df_buf_free(&second.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"value", "key", "key_length", NULL};
	char *json = fuzz_front(&data, &size, '\n'), *template = fuzz_text(data, size);
	size_t len = strlen(template); /* a manifest's strings have no NUL */
	for (int any = 0; any < 2; any++) {
		struct liquid *l = NULL;
		struct liquid_fault fault = {0};
		if (liquid_compile(template, len, any ? NULL : names, &l, &fault)) {
			render(l, json, template);
		} else {
			FUZZ_CHECK(l == NULL && fault.text[0] != '\0');
			FUZZ_CHECK(fault.at <= liquid_chars(template, len));
		}
		liquid_free(l);
	}
	free(json);
	free(template);
	return 0;
}
