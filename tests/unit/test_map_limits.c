/* SPDX-License-Identifier: MIT */
/* How long a value may be. */
#include "map_world.h"

/* `n` characters of two bytes each. */
static char *wide(size_t n)
{
	char *s = df_alloc(n * 2 + 1);
	for (size_t i = 0; i < n; i++)
		memcpy(s + 2 * i, "ü", 2);
	return s;
}

static void limit_case(const char *event, const char *column, size_t max)
{
	struct conf_feed cut = {.name = "t",
				.map.event_name = "n",
				.map.event_type = "other",
				.map.limits_truncate = true};
	for (size_t extra = 0; extra < 2; extra++) {
		char *value = wide(max + extra), *fit = wide(max);
		char *header = df_format("mpid|%s", column), *row = df_format("1|%s", value);
		run(&named, event, header, row);
		CHECK_STRING(got.code, extra > 0 ? "too-long" : "");
		run(&cut, event, header, row);
		CU_ASSERT_EQUAL(got.status, DF_OK);
		char *quoted = df_format("\"%s\"", fit);
		CU_ASSERT(strstr(got.batch, quoted) != NULL || strstr(got.data, quoted) != NULL);
		CU_ASSERT_EQUAL(strstr(got.warnings, "too-long") != NULL, extra > 0);
		free(quoted);
		free(row);
		free(header);
		free(fit);
		free(value);
	}
}

static void test_limits(void)
{
	limit_case("custom_event", "events.data.event_name", 256);
	limit_case("custom_event", "events.data.custom_attributes.a", 4096);
	limit_case("eventless", "user_attributes.a", 4096);
	limit_case("eventless", "user_attributes.a[]", 512);
	struct df_buf header = {0}, row = {0};
	df_buf_adds(&header, "mpid");
	df_buf_adds(&row, "1");
	for (int i = 0; i < 101; i++) {
		df_buf_addf(&header, "|user_attributes.k%d", i);
		df_buf_adds(&row, i == 50 ? "|" : "|v");
	}
	run(&plain, "eventless", df_buf_cstr(&header), df_buf_cstr(&row));
	CU_ASSERT_EQUAL(got.status, DF_OK); /* 100 of 101 have a value */
	df_buf_adds(&header, "|user_attributes.last");
	df_buf_adds(&row, "|v");
	run(&plain, "eventless", df_buf_cstr(&header), df_buf_cstr(&row));
	CHECK_STRING(got.code, "too-many-attributes");
	CU_ASSERT_EQUAL(got.n_faults, 1);
	struct conf_feed cut = {.name = "t", .map.limits_truncate = true};
	run(&cut, "eventless", df_buf_cstr(&header), df_buf_cstr(&row));
	CU_ASSERT_PTR_NOT_NULL(strstr(got.batch, "k100"));
	CU_ASSERT_PTR_NULL(strstr(got.batch, "last"));
	df_buf_free(&header);
	df_buf_free(&row);
	char *name = wide(257), *column = df_format("mpid|user_attributes.%s", name);
	run(&plain, "eventless", column, "1|x");
	CHECK_STRING(got.code, "too-long");
	run(&plain, "eventless", column, "1|");
	CU_ASSERT_EQUAL(got.status, DF_OK);
	run(&cut, "eventless", column, "1|x");
	CU_ASSERT_EQUAL(got.status, DF_OK);
	CU_ASSERT_PTR_NULL(strstr(got.batch, name));
	free(column);
	free(name);
}

/* {"k0":"v",...} with n members, or {"k":["v",...]} with n entries. */
static char *json_row(size_t n, bool list)
{
	struct df_buf b = {0};
	df_buf_adds(&b, list ? "1|{\"k\":[" : "1|{");
	for (size_t i = 0; i < n; i++)
		if (list)
			df_buf_addf(&b, "%s\"v%zu\"", i > 0 ? "," : "", i);
		else
			df_buf_addf(&b, "%s\"k%zu\":\"v\"", i > 0 ? "," : "", i);
	df_buf_adds(&b, list ? "]}" : "}");
	df_buf_addc(&b, '\0');
	return b.data;
}

static void test_json_limits(void)
{
	struct conf_feed cut = {.name = "t", .map.limits_truncate = true};
	for (size_t list = 0; list < 2; list++) {
		size_t max = list ? 1000 : 100;
		for (size_t extra = 0; extra < 2; extra++) {
			char *row = json_row(max + extra, list);
			run(&plain, "eventless", "mpid|user_attributes", row);
			CHECK_STRING(got.code, extra > 0 ? "too-many-attributes" : "");
			run(&cut, "eventless", "mpid|user_attributes", row);
			CU_ASSERT_EQUAL(got.status, DF_OK);
			CU_ASSERT_PTR_NOT_NULL(
			    strstr(got.batch, list ? "\"v999\"]" : "\"k99\":\"v\"}"));
			CU_ASSERT_EQUAL(strstr(got.warnings, "too-long") != NULL, extra > 0);
			free(row);
		}
	}
	static const struct {
		const char *format;
		size_t max;
	} lengths[] = {
	    {"1|{\"k\":\"%s\"}", 4096}, {"1|{\"%s\":\"v\"}", 256}, {"1|{\"k\":[\"%s\"]}", 512}};
	for (size_t i = 0; i < 6; i++) {
		size_t max = lengths[i / 2].max;
		char *value = wide(max + i % 2), *fit = wide(max),
		     *quoted = df_format("\"%s\"", fit);
		const char *at = strstr(lengths[i / 2].format, "%s");
		char *row = df_format("%.*s%s%s", (int)(at - lengths[i / 2].format),
				      lengths[i / 2].format, value, at + 2);
		run(&plain, "eventless", "mpid|user_attributes", row);
		CHECK_STRING(got.code, i % 2 > 0 ? "too-long" : "");
		run(&cut, "eventless", "mpid|user_attributes", row);
		CU_ASSERT_PTR_NOT_NULL(strstr(got.batch, quoted));
		free(row);
		free(quoted);
		free(fit);
		free(value);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"limits", test_limits},
	    {"limits in JSON cells", test_json_limits},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map limits", NULL, NULL, tests);
}
