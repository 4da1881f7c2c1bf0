/* SPDX-License-Identifier: MIT */
/* What the map says of its own plan, and of a row that went through it. */
#include "helper_map.h"

#include "test.h"

static char said[65536];

static const char *const vias[] = {"none",     "cell",   "json",   "members",
				   "template", "static", "default"};
static const char *const outcomes[] = {"",        "written", "defaulted", "empty",
				       "deleted", "FAULTY",  "left out"};

static size_t split_cells(const char *line, struct rows_cell *cells)
{
	size_t n = 0;
	for (const char *p = line;; p++) {
		size_t len = strcspn(p, "|");
		cells[n++] = (struct rows_cell){p, len};
		p += len;
		if (*p == '\0')
			return n;
	}
}

/* Each route as a line: `column via path(type)[ outcome][=value][ else fallback][: text]`. row
 * NULL: the header alone. */
static void describe(const struct conf_feed *feed, const char *event, const char *header,
		     const char *row)
{
	struct rows_cell names[MAX_CELLS] = {{0}}, cells[MAX_CELLS] = {{0}};
	struct map *m = NULL;
	struct map_routes routes = {0};
	struct map_record record = {0}, plain_record = {0};
	struct df_err err = {0};
	size_t at = 0;
	memset(&got, 0, sizeof(got));
	said[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(map_open(feed, event, &m, &err), DF_OK);
	got.status = map_header(m, names, split_cells(header, names), &err);
	map_describe(m, &routes);
	if (row != NULL && got.status == DF_OK) {
		size_t n = split_cells(row, cells);
		got.status = map_describe_row(m, cells, n, &routes, &record);
		/* being watched changes nothing */
		CU_ASSERT_EQUAL(map_row(m, cells, n, &plain_record), got.status);
		CU_ASSERT_EQUAL(plain_record.n_faults, record.n_faults);
		CU_ASSERT_EQUAL(plain_record.batch_len, record.batch_len);
		CU_ASSERT_EQUAL(plain_record.data_len, record.data_len);
	}
	for (size_t i = 0; i < routes.n; i++) {
		const struct map_route *r = &routes.v[i];
		at += (size_t)snprintf(
		    said + at, sizeof(said) - at, "%zu %s %s(%s)%s%s%s%s%s%s%s%s%s\n", r->column,
		    vias[r->via], r->path != NULL ? r->path : "", r->type != NULL ? r->type : "",
		    r->outcome != MAP_OUTCOME_UNKNOWN ? " " : "", outcomes[r->outcome],
		    r->value != NULL ? "=" : "", r->value != NULL ? r->value : "",
		    r->fallback != NULL ? " else " : "", r->fallback != NULL ? r->fallback : "",
		    r->deletes ? " deletes" : "", r->text != NULL ? ": " : "",
		    r->text != NULL ? r->text : "");
	}
	map_routes_free(&routes);
	map_close(m);
}

static void describe_with(const char *manifest, const char *event, const char *header,
			  const char *row)
{
	struct conf_feed feed = manifest_feed(manifest);
	describe(&feed, event, header, row);
	manifest_feed_free(&feed);
}

static void test_types(void)
{
	describe(
	    &named, "custom_event",
	    "mpid|device_info.is_tablet|events.data.session_uuid|ip|events.data.location.latitude|"
	    "events.data.custom_attributes|events.data.product_action",
	    NULL);
	CU_ASSERT_EQUAL(got.status, DF_REJECT);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "1 cell mpid(integer)\n"
					    "2 cell device_info.is_tablet(boolean)\n"
					    "3 cell events.data.session_uuid(uuid)\n"
					    "4 cell ip(IP address)\n"
					    "5 cell events.data.location.latitude(number)\n"
					    "6 cell events.data.custom_attributes(JSON object)\n"
					    "7 none (): unknown: "));
}

static void test_plan(void)
{
	describe(&named, "custom_event",
		 "mpid|environment|user_identities.customerid|events.data.timestamp_unixtime_ms|"
		 "source_request_id|"
		 "dropfeed.line|user_attributes.tags[]",
		 NULL);
	CHECK_STRING(
	    said,
	    "1 cell mpid(integer)\n"
	    "2 cell environment(one of development, production) else \"production\"\n"
	    "3 cell user_identities.customer_id(string)\n"
	    "4 cell events.data.timestamp_unixtime_ms(timestamp)\n"
	    "5 cell source_request_id(string)\n"
	    "6 none (): ignored: a reject file adds this column\n"
	    "7 cell user_attributes.tags[](list entry: string)\n"
	    "0 default events.data.custom_event_type(one of navigation, location, search, "
	    "transaction, "
	    "user_content, user_preference, social, other, media, attribution) else \"other\"\n"
	    "0 default events.data.event_name(string) else \"n\"\n");
}

static void test_row(void)
{
	struct conf_feed feed = {.name = "t", .map.empty_attributes_delete = true};
	describe(&feed, "screen_view",
		 "mpid|environment|user_attributes.a|user_attributes.b|user_attributes.l[]|ip|"
		 "events.data.screen_name|"
		 "events.data.source_message_id|source_request_id",
		 "0042||x\"y||||Home|m-\"1|");
	CU_ASSERT_EQUAL(got.status, DF_OK);
	CHECK_STRING(said, "1 cell mpid(integer) written=42\n"
			   "2 cell environment(one of development, production) "
			   "defaulted=\"production\" else \"production\"\n"
			   "3 cell user_attributes.a(string) written=\"x\\\"y\" deletes\n"
			   "4 cell user_attributes.b(string) deleted deletes\n"
			   "5 cell user_attributes.l[](list entry: string) deleted\n"
			   "6 cell ip(IP address) empty\n"
			   "7 cell events.data.screen_name(string) written=\"Home\" else \"\"\n"
			   "8 cell events.data.source_message_id(string) written=\"m-\\\"1\"\n"
			   "9 cell source_request_id(string) empty\n");
	describe(&plain, "eventless", "mpid|ip|device_info.screen_width", "x|::1|7");
	CU_ASSERT_EQUAL(got.status, DF_REJECT);
	CHECK_STRING(
	    said,
	    "1 cell mpid(integer) FAULTY\n"
	    "2 cell ip(IP address) written=\"::1\"\n"
	    "3 cell device_info.screen_width(integer) written=7\n"
	    "0 default environment(one of development, production) written=\"production\" else "
	    "\"production\"\n");
	describe(&plain, "eventless", "mpid|ip", "1|::1|7"); /* nobody knows which cell is whose */
	CHECK_STRING(said,
		     "1 cell mpid(integer)\n2 cell ip(IP address)\n"
		     "0 default environment(one of development, production) else \"production\"\n");
}

#define COLUMN(s, d) "{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d "\"}"
#define MADE(s, d, v)                                                                              \
	"{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d                   \
	"\",\"value\":\"" v "\"}"
#define TRANSFORM(...)                                                                             \
	"{\"id\":\"i\",\"name\":\"n\",\"destination_type\":\"event_batch\",\"mappings\":"          \
	"[" __VA_ARGS__ "]}"

static void test_transform(void)
{
	static const char manifest[] = TRANSFORM(COLUMN("Id", "mpid") "," MADE(
	    "Id", "user_identities.customer_id",
	    "C-{{ value }}") "," COLUMN("p.mail",
					"user_identities.email") "," COLUMN("p.*",
									    "user_"
									    "attributes."
									    "*") ","
										 "{\"mapp"
										 "ing_"
										 "type\":"
										 "\"ignor"
										 "e\","
										 "\"sourc"
										 "e\":"
										 "\"no_"
										 "*\"},"
										 "{\"mapp"
										 "ing_"
										 "type\":"
										 "\"stati"
										 "c\","
										 "\"desti"
										 "nation"
										 "\":"
										 "\"ip\","
										 "\"value"
										 "\":\"::"
										 "1\"}"
										 "," COLUMN("$un"
											    "map"
											    "pe"
											    "d",
											    "use"
											    "r_"
											    "att"
											    "rib"
											    "ute"
											    "s."
											    "x "
											    "*"));
	describe_with(manifest, "eventless", "p|Id|no_1|Rest",
		      "{\"mail\":\"a@b\",\"n\":1,\"e\":null,\"l\":[1]}|7|z|r");
	CU_ASSERT_EQUAL(got.status, DF_OK);
	CHECK_STRING(
	    said,
	    "1 json user_identities.email(string) written=\"a@b\"\n"
	    "1 members user_attributes.*(members of a JSON object) "
	    "written={\"n\":\"1\",\"l\":[\"1\"]}\n"
	    "2 cell mpid(integer) written=7\n"
	    "2 template user_identities.customer_id(string) written=\"C-7\": C-{{ value }}\n"
	    "3 none (): ignored, as the manifest says\n"
	    "4 cell user_attributes.x Rest(string) written=\"r\"\n"
	    "0 static ip(IP address) written=\"::1\" else \"::1\"\n"
	    "0 default environment(one of development, production) written=\"production\" else "
	    "\"production\"\n");
	/* one cell, and it is blamed for all made of it */
	describe_with(manifest, "eventless", "p|Id|Rest", "{|7|r");
	CU_ASSERT_EQUAL(got.status, DF_REJECT);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "1 json user_identities.email(string) FAULTY\n"));
	/* p.mail is not there: the others are reported */
	describe_with(manifest, "eventless", "Id|no_1|Rest", NULL);
	CU_ASSERT_EQUAL(got.status, DF_REJECT);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "1 cell mpid(integer)\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "2 none (): ignored, as the manifest says\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "3 cell user_attributes.x Rest(string)\n"));
}

static void test_refused(void)
{
	describe(&plain, "eventless", "mpid|user_identites.email|user_identities.customerid", NULL);
	CU_ASSERT_EQUAL(got.status, DF_REJECT);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "1 cell mpid(integer)\n2 none (): unknown: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "did you mean 'user_identities.email'?\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "3 cell user_identities.customer_id(string)\n"));
	describe(&plain, "eventless", "mpid|mpid", NULL); /* refused before anything is bound */
	CHECK_STRING(said, "1 cell mpid(integer)\n2 cell mpid(integer)\n");
	/* and after it all */
	describe(&plain, "commerce_event", "mpid|events.data.session_uuid", NULL);
	CU_ASSERT_EQUAL(got.status, DF_REJECT);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said, "2 cell events.data.session_uuid(uuid)\n0 default environment"));
	struct conf_feed lax = {.name = "t", .map.unknown_columns_warn = true};
	describe(&lax, "eventless", "mpid|nonsense", "1|x");
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "2 none (): ignored: "));
	describe_with("{\"hasHeaderRow\":true,\"columns\":[{\"column\":\"Id\",\"action\":\"keep\","
		      "\"field\":\"mpid\"},"
		      "{\"column\":\"No\",\"action\":\"ignore\"},"
		      "{\"column\":\"Ip\",\"action\":\"keep\",\"field\":\"ip\"}]}",
		      "eventless", "No|Ip|Ip", NULL);
	CU_ASSERT_EQUAL(got.status, DF_REJECT);
	CHECK_STRING(said, "1 none (): ignored, as the manifest says\n2 cell ip(IP address)\n"
			   "3 none (): unknown: column 2 has this name already\n");
}

/* limits = truncate: the 101st attribute has no room, be it a value or a list. */
static void test_limits(void)
{
	struct conf_feed feed = {.name = "t", .map.limits_truncate = true};
	struct df_buf header = {0}, row = {0};
	df_buf_adds(&header, "mpid");
	df_buf_adds(&row, "1");
	for (int i = 0; i < 100; i++) {
		df_buf_addf(&header, "|user_attributes.a%d", i);
		df_buf_addf(&row, "|%d", i);
	}
	df_buf_adds(&header, "|user_attributes.late|user_attributes.list[]|user_attributes.list[]");
	df_buf_adds(&row, "|x|y|z");
	describe(&feed, "eventless", df_buf_cstr(&header), df_buf_cstr(&row));
	CU_ASSERT_EQUAL(got.status, DF_OK);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said, "\n101 cell user_attributes.a99(string) written=\"99\"\n"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(said, "\n102 cell user_attributes.late(string) left out\n"
			 "103 cell user_attributes.list[](list entry: string) left out\n"
			 "104 cell user_attributes.list[](list entry: string) left out\n"));
	df_buf_free(&header);
	df_buf_free(&row);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"types", test_types},
	    {"the plan", test_plan},
	    {"a row", test_row},
	    {"a field transformation", test_transform},
	    {"refused headers", test_refused},
	    {"limits", test_limits},
	    CU_TEST_INFO_NULL,
	};
	return test_main("map describe", NULL, NULL, tests);
}
