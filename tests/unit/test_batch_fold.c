/* SPDX-License-Identifier: MIT */
/* Order lines of one order become one event. */
#include "batch_fixture.h"

struct fold_row {
	const char *ids, *data; /* data with its products between < and > */
	const char *message_id;
};

static void fold_rows(const struct fold_row *rows, size_t n, struct seen *out)
{
	struct batch_settings set = settings("commerce_event");
	struct df_err err = {0};
	set.fold_products = true;
	out->n = 0;
	struct batch_maker *mk = batch_maker_new(&set, on_batch, out);
	for (size_t i = 0; i < n; i++) {
		struct df_buf data = {0};
		struct map_record r = {.ids = rows[i].ids, .ids_len = strlen(rows[i].ids)};
		for (const char *p = rows[i].data; *p != '\0'; p++) {
			if (*p == '<')
				r.fold_from = data.len;
			else if (*p == '>')
				r.fold_to = data.len;
			else
				df_buf_addc(&data, *p);
		}
		r.fold_items = r.fold_to != 0;
		r.data = data.data;
		r.data_len = data.len;
		r.message_id = rows[i].message_id;
		r.message_id_len = r.message_id != NULL ? strlen(r.message_id) : 0;
		struct batch_row where = {.number = i + 1};
		CU_ASSERT_EQUAL(batch_maker_add(mk, &r, &where, &err), DF_OK);
		df_buf_free(&data);
	}
	CU_ASSERT_EQUAL(batch_maker_end(mk, &err), DF_OK);
	batch_maker_free(mk);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
		n++;
	return n;
}

static void test_fold(void)
{
	static struct seen s;
	static const struct fold_row rows[] = {
	    {"u", "\"t\":1,\"p\":[<{\"id\":\"a\"}>],\"z\":1", NULL},
	    {"u", "\"t\":1,\"p\":[<{\"id\":\"b\"}>],\"z\":1", NULL},
	    {"u", "\"t\":1,\"p\":[<{\"id\":\"ccc\"}>],\"z\":1", NULL}, /* one event so far */
	    /* differs before the products */
	    {"u", "\"t\":2,\"p\":[<{\"id\":\"d\"}>],\"z\":1", NULL},
	    {"u", "\"t\":2,\"p\":[<{\"id\":\"e\"}>],\"z\":2", NULL}, /* differs after them */
	    {"v", "\"t\":2,\"p\":[<{\"id\":\"f\"}>],\"z\":2", NULL}, /* another user */
	    {"u", "\"t\":2,\"p\":[<{\"id\":\"g\"}>],\"z\":2", NULL}, /* no longer adjacent */
	    {"u", "\"t\":2,\"z\":2", NULL},                          /* no product */
	    {"u", "\"t\":2,\"z\":2", NULL},
	    {"u", "\"t\":3,\"p\":[<{\"id\":\"h\"}>]", "m1"},
	    {"u", "\"t\":3,\"p\":[<{\"id\":\"i\"}>]", "m1"},
	    {"u", "\"t\":3,\"p\":[<{\"id\":\"j\"}>]", "m2"}, /* an event of its own, says its id */
	};
	fold_rows(rows, sizeof(rows) / sizeof(rows[0]), &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 2);
	CU_ASSERT_EQUAL(s.v[0]->n_events, 8);
	CU_ASSERT_EQUAL(s.v[0]->n_rows, 11);
	CU_ASSERT_EQUAL(s.v[1]->n_events, 1);
	CU_ASSERT_EQUAL(count(s.v[0]->json, "source_message_id"), 8);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(s.v[0]->json,
		   "\"t\":1,\"p\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"ccc\"}],\"z\":1}"));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.v[0]->json, "[{\"id\":\"h\"},{\"id\":\"i\"}]"));
	clear(&s);
}

/* Lines without a product are lines of their order. */
static void test_fold_nothing(void)
{
	static struct seen s;
	static const struct fold_row rows[] = {
	    {"u", "\"a\":{\"t\":1}", NULL}, /* the order as a whole */
	    {"u", "\"a\":{\"t\":1,\"products\":[<{\"id\":\"a\"}>]}", NULL},
	    {"u", "\"a\":{\"t\":1}", NULL},
	    {"u", "\"a\":{\"t\":1,\"products\":[<{\"id\":\"b\"}>]}", NULL},
	    {"u", "\"a\":{\"t\":2}", NULL}, /* another order */
	    {"u", "\"a\":{\"products\":[<{\"id\":\"c\"}>],\"t\":2}", NULL},
	    {"u", "\"a\":{\"t\":2}", "m1"}, /* an event of its own */
	    {"u", "\"a\":{\"t\":3}", NULL},
	    {"u", "\"a\":{\"t\":3}", NULL}, /* neither has one: nothing says that it is an order */
	};
	fold_rows(rows, sizeof(rows) / sizeof(rows[0]), &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 1);
	CU_ASSERT_EQUAL(s.v[0]->n_events, 5);
	CU_ASSERT_EQUAL(s.v[0]->n_rows, 9);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(s.v[0]->json, "\"a\":{\"t\":1,\"products\":[{\"id\":\"a\"},{\"id\":\"b\"}]}}"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(s.v[0]->json, "\"a\":{\"products\":[{\"id\":\"c\"}],\"t\":2}}"));
	struct json_object *o = json_tokener_parse(s.v[0]->json);
	CU_ASSERT_PTR_NOT_NULL(o);
	json_object_put(o);
	clear(&s);
}

/* A hundred products an event; what goes beyond begins another one. */
static void test_fold_limit(void)
{
	static struct seen s;
	static struct fold_row rows[250];
	for (size_t i = 0; i < 250; i++)
		rows[i] = (struct fold_row){"u", "\"p\":[<{\"id\":\"a\"}>]", NULL};
	fold_rows(rows, 250, &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 1);
	CU_ASSERT_EQUAL(s.v[0]->n_events, 3);
	CU_ASSERT_EQUAL(s.v[0]->n_rows, 250);
	CU_ASSERT_EQUAL(count(s.v[0]->json, "\"id\":\"a\""), 250);
	struct json_object *o = json_tokener_parse(s.v[0]->json);
	CU_ASSERT_PTR_NOT_NULL(o);
	json_object_put(o);
	clear(&s);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"order lines of one order", test_fold},
	    {"lines without a product", test_fold_nothing},
	    {"products of one event", test_fold_limit},
	    CU_TEST_INFO_NULL,
	};
	return test_main("batch_fold", NULL, NULL, tests);
}
