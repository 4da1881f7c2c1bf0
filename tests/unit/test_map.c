/* SPDX-License-Identifier: MIT */
/* What columns become of a document and its events. */
#include "map_world.h"

static void test_commerce(void)
{
#define PA "events.data.product_action."
	run(&plain, "commerce_event",
	    "mpid|" PA "action|" PA "products.id|" PA "products[1].id|" PA "products.price|" PA
	    "products[0].custom_attributes.c|" PA
	    "products[1].custom_attributes|events.data.currency_code",
	    "1|PURCHASE|a|b|19.990|red|{\"n\":1}|EUR");
	CHECK_STRING(got.data, "\"product_action\":{\"action\":\"purchase\",\"products\":[{\"id\":"
			       "\"a\",\"price\":19.990,"
			       "\"custom_attributes\":{\"c\":\"red\"}},{\"id\":\"b\",\"custom_"
			       "attributes\":{\"n\":\"1\"}}]},"
			       "\"currency_code\":\"EUR\"");
	run(&plain, "commerce_event", "mpid|" PA "action|" PA "products.id|" PA "products[1].id",
	    "1|click||b");
	CHECK_STRING(got.data,
		     "\"product_action\":{\"action\":\"click\",\"products\":[{\"id\":\"b\"}]}");
	run(&plain, "commerce_event",
	    "mpid|" PA
	    "action|events.data.promotion_action.action|events.data.promotion_action.promotions.id",
	    "1||view|p");
	CHECK_STRING(got.data,
		     "\"promotion_action\":{\"action\":\"view\",\"promotions\":[{\"id\":\"p\"}]}");
	run(&plain, "commerce_event", "mpid|" PA "action|events.data.promotion_action.action",
	    "1|click|view");
	CHECK_STRING(got.code, "conflicting-commerce");
	run(&plain, "commerce_event", "mpid|" PA "action|events.data.promotion_action.action",
	    "1||");
	CHECK_STRING(got.code, "missing-value");
	run(&plain, "commerce_event", "mpid|" PA "action|" PA "transaction_id", "1||t");
	CHECK_STRING(got.code, "missing-value");
	CHECK_STRING(got.column, PA "action");
	run(&plain, "commerce_event", "mpid|" PA "products.id", NULL);
	CHECK_STRING(got.code, "missing-column");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, PA "action"));
	run(&plain, "commerce_event", "mpid|events.data.currency_code", NULL);
	CHECK_STRING(got.code, "missing-column");
	run(&plain, "commerce_event",
	    "mpid|events.data.product_impressions.product_impression_list|events.data.product_"
	    "impressions.products.id",
	    "1|l|x");
	CHECK_STRING(got.data, "\"product_impressions\":[{\"product_impression_list\":\"l\","
			       "\"products\":[{\"id\":\"x\"}]}]");
	run(&plain, "commerce_event", "mpid|" PA "action|events.data.shopping_cart.products[2].id",
	    "1|click|x");
	CHECK_STRING(got.data, "\"product_action\":{\"action\":\"click\"},\"shopping_cart\":{"
			       "\"products\":[{\"id\":\"x\"}]}");
}

static void test_defaults(void)
{
	struct conf_feed feed = {.name = "t",
				 .map.environment = "development",
				 .map.event_name = "Def",
				 .map.event_type = "ATTRIBUTION",
				 .map.data_plan = "plan:3",
				 .map.screen_name = "Home"};
	run(&feed, "custom_event", "mpid", "1");
	CHECK_STRING(got.data, "\"custom_event_type\":\"attribution\",\"event_name\":\"Def\"");
	CHECK_STRING(
	    got.batch,
	    "\"environment\":\"development\",\"context\":{\"data_plan\":{\"plan_id\":\"plan\","
	    "\"plan_version\":3}},\"mpid\":1");
	run(&feed, "custom_event",
	    "mpid|events.data.event_name|environment|context.data_plan.plan_id",
	    "1|Own|production|q");
	CHECK_STRING(got.data, "\"custom_event_type\":\"attribution\",\"event_name\":\"Own\"");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"context\":{\"data_plan\":{\"plan_"
				"id\":\"q\"}},\"mpid\":1");
	run(&feed, "custom_event", "mpid|events.data.event_name|context.data_plan.plan_id", "1||");
	CHECK_STRING(got.data, "\"custom_event_type\":\"attribution\",\"event_name\":\"Def\"");
	CHECK_STRING(
	    got.batch,
	    "\"environment\":\"development\",\"context\":{\"data_plan\":{\"plan_id\":\"plan\","
	    "\"plan_version\":3}},\"mpid\":1");
	run(&feed, "screen_view", "mpid|events.data.screen_name", "1|");
	CHECK_STRING(got.data, "\"screen_name\":\"Home\"");
	run(&plain, "screen_view", "mpid", "1");
	CHECK_STRING(got.data, "\"screen_name\":\"\"");
	run(&plain, "custom_event", "mpid", NULL);
	CHECK_STRING(got.code, "missing-column");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "events.data.event_name"));
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "events.data.custom_event_type"));
	run(&plain, "custom_event", "mpid|events.data.event_name|events.data.custom_event_type",
	    "1||other");
	CHECK_STRING(got.code, "missing-value");
	CHECK_STRING(got.column, "events.data.event_name");
	CU_ASSERT_EQUAL(got.fault_column, 2);
	feed.map.event_type = "nonsense";
	run(&feed, "custom_event", "mpid", NULL);
	CU_ASSERT_EQUAL(got.status, DF_USAGE);
}

static void test_events(void)
{
	static const struct {
		const char *event, *header, *row, *expected;
	} table[] = {
	    {"session_start", "mpid|events.data.session_id", "1|5", "\"session_id\":5"},
	    {"session_end", "mpid|events.data.session_duration_ms", "1|5",
	     "\"session_duration_ms\":5"},
	    {"session_end", "mpid", NULL, "!missing-column"},
	    {"opt_out", "mpid|events.data.is_opted_out", "1|1", "\"is_opted_out\":true"},
	    {"opt_out", "mpid|events.data.is_opted_out", "1|", "!missing-value"},
	    {"uninstall", "mpid", "1", ""},
	    {"push_message",
	     "mpid|events.data.push_message_token|events.data.push_message_type|events.data.push_"
	     "notification_payload",
	     "1|t|SENT|{}",
	     "\"push_message_token\":\"t\",\"push_message_type\":\"sent\",\"push_notification_"
	     "payload\":\"{}\""},
	    {"user_attribute_change",
	     "mpid|events.data.user_attribute_name|events.data.new|events.data.old[]|events.data."
	     "old[]",
	     "1|a|n|x|y", "\"user_attribute_name\":\"a\",\"new\":\"n\",\"old\":[\"x\",\"y\"]"},
	    {"user_identity_change",
	     "mpid|events.data.new.identity|events.data.new.identity_type|events.data.new."
	     "timestamp_unixtime_ms",
	     NULL, "!missing-column"},
	    {"crash_report",
	     "mpid|events.data.severity|events.data.message|events.data.breadcrumbs.event_type|"
	     "events.data.breadcrumbs."
	     "data.label",
	     "1|high|boom|breadcrumb|l",
	     "\"breadcrumbs\":[{\"data\":{\"label\":\"l\"},\"event_type\":\"breadcrumb\"}],"
	     "\"severity\":\"high\","
	     "\"message\":\"boom\""},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		run(&plain, table[i].event, table[i].header, table[i].row);
		CHECK_STRING(table[i].expected[0] == '!' ? got.code : got.data,
			     table[i].expected[0] == '!' ? table[i].expected + 1
							 : table[i].expected);
	}
	CU_ASSERT(schema_event_known("eventless", 9));
	CU_ASSERT(schema_event_known("push_message!", 12));
	CU_ASSERT_FALSE(schema_event_known("custom", 6));
}

static void test_headers(void)
{
	static const struct {
		const char *event, *header, *code, *column, *word;
	} table[] = {
	    {"eventless", "mpid|mpid", "duplicate-column", "mpid", ""},
	    {"eventless", "user_identities.customerid|user_identities.customer_id",
	     "duplicate-column", "user_identities.customer_id", "user_identities.customer_id"},
	    {"eventless", "mpid|user_attributes.a[]|user_attributes.a", "duplicate-column",
	     "user_attributes.a", ""},
	    {"eventless", "mpid|user_attributes|user_attributes.a", "duplicate-column",
	     "user_attributes.a", ""},
	    {"uninstall", "mpid|events.data.location.latitude|events[0].data.location.latitude",
	     "duplicate-column", "events[0].data.location.latitude", ""},
	    {"eventless", "user_attributes.a", "no-identity-column", "", "mpid"},
	    {"eventless", "device_info.att_authorization_status", "no-identity-column", "", ""},
	    {"eventless", "mpid|events.data.event_name", "unknown-column", "events.data.event_name",
	     "eventless"},
	    {"eventless", "MPID", "unknown-column", "MPID", "'mpid'"},
	    {"eventless", "mpid|user_identites.email", "unknown-column", "user_identites.email",
	     "'user_identities.email'"},
	    {"eventless", "mpid|customer_id", "unknown-column", "customer_id",
	     "'user_identities.customer_id'"},
	    {"eventless", "mpid|user_atributes.Tier", "unknown-column", "user_atributes.Tier",
	     "'user_attributes.Tier'"},
	    {"eventless", "mpid|Favourite Colour", "unknown-column", "Favourite Colour",
	     "'user_attributes.Favourite Colour'"},
	    {"uninstall", "mpid|events.data.timestamp_unixtime", "unknown-column",
	     "events.data.timestamp_unixtime", "'events.data.timestamp_unixtime_ms'"},
	    {"uninstall", "mpid|events[].data.event_nun", "unknown-column",
	     "events[].data.event_nun", "'events.data.event_num'"},
	    {"uninstall", "mpid|events[1].data.event_num", "unknown-column",
	     "events[1].data.event_num", ""},
	    {"uninstall", "mpid|events.data", "unknown-column", "events.data", "'events.data."},
	    {"commerce_event", "mpid|events.data.product_action.products[1]", "unknown-column",
	     "events.data.product_action.products[1]", "several fields"},
	    {"uninstall", "mpid|events.data.product_action.action", "unknown-column",
	     "events.data.product_action.action", "commerce_event"},
	    {"eventless", "mpid|api_key", "unknown-column", "api_key", "settings"},
	    {"eventless", "mpid|", "unknown-column", "", "no name"},
	    {"eventless", "mpid|user_attributes.", "unknown-column", "user_attributes.",
	     "'user_attributes.<name>'"},
	    {"eventless", "mpid|consent_state.gdpr.p", "unknown-column", "consent_state.gdpr.p",
	     "'consent_state.gdpr.<name>.consented'"},
	    {"eventless", "mpid|consent_state.gdpr.p.q.consentd", "unknown-column",
	     "consent_state.gdpr.p.q.consentd", "'consent_state.gdpr.p.q.consented'"},
	    {"eventless", "mpid|integration_attributes.12", "unknown-column",
	     "integration_attributes.12", "'integration_attributes.<name>.<key>'"},
	    {"eventless", "mpid|device_info.", "unknown-column", "device_info.",
	     "'device_info.brand'"},
	    {"eventless", "mpid|aa|bb|cc|dd|ee|ff|gg", "unknown-column", "aa", "and 2 more"},
	    {"eventless", "mpid|context.location.latitude", "missing-column", "",
	     "context.location.longitude"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		run(&plain, table[i].event, table[i].header, NULL);
		CU_ASSERT_EQUAL(got.status, DF_REJECT);
		CHECK_STRING(got.code, table[i].code);
		CHECK_STRING(got.column, table[i].column);
		CU_ASSERT_PTR_NOT_NULL(strstr(got.text, table[i].word));
		if (strstr(got.text, table[i].word) == NULL)
			printf("\n  %s: no %s in %s\n", table[i].header, table[i].word, got.text);
	}
	struct conf_feed lax = {.name = "t", .map.unknown_columns_warn = true};
	run(&lax, "eventless", "mpid|Colour", "1|red");
	CHECK_STRING(got.batch, "\"environment\":\"production\",\"mpid\":1");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(got.warnings, "unknown-column: column 2 is ignored: 'Colour'"));
	run(&plain, "eventless", "mpid|ip", "1");
	CHECK_STRING(got.code, "wrong-field-count");
	CU_ASSERT_EQUAL(got.n_faults, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(got.text, "has 1 field"));
	run(&plain, "eventless", "mpid|timestamp_unixtime_ms", "1|1700000000000");
	CHECK_STRING(
	    got.batch,
	    "\"environment\":\"production\",\"mpid\":1,\"timestamp_unixtime_ms\":1700000000000");
	CU_ASSERT_PTR_NOT_NULL(strstr(got.warnings, "events.data.timestamp_unixtime_ms"));
}

static void test_deletion(void)
{
	struct conf_feed feed = {.name = "t", .map.empty_attributes_delete = true};
	run(&feed, "eventless",
	    "mpid|user_attributes.a|user_attributes.b\"|user_attributes.c[]|deleted_user_"
	    "attributes[]",
	    "1|x|||z");
	CHECK_STRING(
	    got.batch,
	    "\"user_attributes\":{\"a\":\"x\"},\"deleted_user_attributes\":[\"b\\\"\",\"c\",\"z\"],"
	    "\"environment\":\"production\",\"mpid\":1");
	run(&feed, "eventless", "mpid|user_attributes.a", "1|x");
	CHECK_STRING(got.batch,
		     "\"user_attributes\":{\"a\":\"x\"},\"environment\":\"production\",\"mpid\":1");
	run(&feed, "eventless", "mpid|user_attributes.a", "1|");
	CHECK_STRING(
	    got.batch,
	    "\"deleted_user_attributes\":[\"a\"],\"environment\":\"production\",\"mpid\":1");
}

static void test_faults(void)
{
	static struct rows_cell names[] = {
	    {"mpid", 4}, {"device_info.screen_width", 24}, {"device_info.is_tablet", 21}};
	static struct rows_cell cells[] = {{"a", 1}, {"b", 1}, {"c", 1}},
				good[] = {{"1", 1}, {"2", 1}, {"t", 1}};
	struct map *m = NULL;
	struct df_err err = {0};
	struct map_record r = {0};
	CU_ASSERT_EQUAL_FATAL(map_open(&plain, "eventless", &m, &err), DF_OK);
	CU_ASSERT_EQUAL_FATAL(map_header(m, names, 3, &err), DF_OK);
	CU_ASSERT_EQUAL(map_row(m, cells, 3, &r), DF_REJECT);
	CU_ASSERT_EQUAL(r.n_faults, 3);
	/* in the schema's order: device_info first */
	CU_ASSERT_STRING_EQUAL(r.faults[0].code, "not-an-integer");
	CU_ASSERT_EQUAL(r.faults[0].column, 2);
	CU_ASSERT_STRING_EQUAL(r.faults[2].name, "mpid");
	CU_ASSERT_EQUAL(map_row(m, good, 3, &r), DF_OK); /* nothing is left over from the bad row */
	CU_ASSERT_EQUAL(r.n_faults, 0);
	CU_ASSERT_EQUAL(r.ids_len, strlen("\"mpid\":1"));
	CU_ASSERT_EQUAL(map_columns(m), 3);
	CU_ASSERT_STRING_EQUAL(map_column_name(m, 3), "device_info.is_tablet");
	CU_ASSERT_STRING_EQUAL(map_column_name(m, 4), "");
	CU_ASSERT_EQUAL(map_header(m, names, 1, &err), DF_OK); /* the next document */
	CU_ASSERT_EQUAL(map_row(m, good, 1, &r), DF_OK);
	map_close(m);
	map_close(NULL);
}

/* ---- the filter for tests/run-schema ---- */

static int walk(void)
{
	static char lines[MAX_CELLS][1024];
	struct rows_cell names[MAX_CELLS] = {{0}}, cells[MAX_CELLS] = {{0}};
	char event[64] = "";
	size_t n = 0;
	while (n < MAX_CELLS && fgets(lines[n], sizeof(lines[n]), stdin) != NULL) {
		lines[n][strcspn(lines[n], "\n")] = '\0';
		if (lines[n][0] != '\0') {
			char *path = strchr(lines[n], '\t'),
			     *value = path != NULL ? strchr(path + 1, '\t') : NULL;
			if (value == NULL)
				return 2;
			*path++ = *value++ = '\0';
			snprintf(event, sizeof(event), "%s", lines[n]);
			names[n] = (struct rows_cell){path, strlen(path)};
			cells[n++] = (struct rows_cell){value, strlen(value)};
			continue;
		}
		run_cells(&plain, event, names, n, cells, n);
		if (got.status != DF_OK)
			printf("%s\t%s\n", got.code, got.text);
		else if (strcmp(event, "eventless") == 0)
			printf("ok\t{%s}\n", got.batch);
		else
			printf("ok\t{%s,\"events\":[{\"event_type\":\"%s\",\"data\":{%s}}]}\n",
			       got.batch, event, got.data);
		n = 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const CU_TestInfo tests[] = {
	    {"commerce", test_commerce}, {"defaults", test_defaults}, {"events", test_events},
	    {"headers", test_headers},   {"deletion", test_deletion}, {"faults", test_faults},
	    CU_TEST_INFO_NULL,
	};
	if (argc == 2 && strcmp(argv[1], "walk") == 0)
		return walk();
	return test_main("map", NULL, NULL, tests);
}
