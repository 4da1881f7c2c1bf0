/* SPDX-License-Identifier: MIT */
/* What columns are taken for, and what a file needs to be read. */
#include "propose_world.h"

static bool normalised(const char *name, size_t len)
{
	char *normal = schema_normalize(name, len);
	bool same = strlen(normal) == len && memcmp(normal, name, len) == 0;
	free(normal);
	return same && len > 0;
}

/* Every path is one of every event type for which it is given, and what is to be guessed is not
 * a secret. */
static void test_words(void)
{
	size_t checked = 0;
	for (size_t i = 0; i < schema_n_words; i++) {
		const struct schema_word *w = &schema_words[i];
		for (const char *s = w->names; *s != '\0';) {
			size_t len = strcspn(s, " ");
			CU_ASSERT_TRUE(normalised(s, len));
			s += len + (s[len] == ' ');
		}
		for (size_t k = 0; k < schema_n_events && w->path != NULL; k++) {
			struct schema_path path;
			const struct schema_event *other = NULL;
			if ((w->where & schema_where(&schema_events[k])) == 0)
				continue;
			checked++;
			enum schema_path_result result = schema_path_parse(
			    &schema_events[k], w->path, strlen(w->path), &path, &other);
			CU_ASSERT_EQUAL(result, SCHEMA_PATH_OK);
			if (result != SCHEMA_PATH_OK)
				printf("\n  %s is not a path of %s\n", w->path,
				       schema_events[k].name);
		}
	}
	CU_ASSERT_TRUE(checked > 500);
}

static void test_columns(void)
{
	static const struct {
		const char *event, *name, *value, *path;
	} table[] = {
	    {"eventless", "Email", "a@b.de", IDS "email"},
	    {"eventless", "E-Mail Address", "a@b.de", IDS "email"},
	    {"eventless", "customer id", "x", IDS "customer_id"},
	    {"eventless", "CustomerID", "x", IDS "customer_id"},
	    {"eventless", "user_id", "x", IDS "customer_id"},
	    {"eventless", "ID", "x", IDS "customer_id"},
	    {"custom_event", "ID", "x", "events.data.custom_attributes.ID"},
	    {"eventless", "first_name", "x", "user_attributes.$FirstName"},
	    {"eventless", "FirstName", "x", "user_attributes.$FirstName"},
	    {"eventless", "$FirstName", "x", "user_attributes.$FirstName"},
	    {"custom_event", "last name", "x", "user_attributes.$LastName"},
	    {"eventless", "phone", "x", "user_attributes.$Mobile"},
	    {"eventless", "Customer City", "x", "user_attributes.$City"},
	    {"eventless", "postal code", "x", "user_attributes.$Zip"},
	    {"eventless", "user.gender", "x", "user_attributes.$Gender"},
	    {"custom_event", "created_at", "1700000000000", "events.data.timestamp_unixtime_ms"},
	    {"uninstall", "timestamp", "1700000000000", "events.data.timestamp_unixtime_ms"},
	    {"custom_event", "timestamp_unixtime_ms", "1700000000000",
	     "events.data.timestamp_unixtime_ms"},
	    {"custom_event", "event time", "some day", "events.data.custom_attributes.event time"},
	    {"custom_event", "event", "x", "events.data.event_name"},
	    {"custom_event", "category", "navigation", "events.data.custom_event_type"},
	    {"custom_event", "category", "shoes", "events.data.custom_attributes.category"},
	    {"screen_view", "page", "x", "events.data.screen_name"},
	    {"screen_view", "os_version", "x", "device_info.os_version"},
	    {"custom_event", "ip address", "10.0.0.1", "ip"},
	    {"custom_event", "ip address", "none", "events.data.custom_attributes.ip address"},
	    {"custom_event", "user agent", "x", "device_info.http_header_user_agent"},
	    {"custom_event", "idfa", "6d92078a-8246-4ba4-ae5b-76104861e7dc",
	     "device_info.ios_advertising_id"},
	    {"custom_event", "gaid", "6d92078a-8246-4ba4-ae5b-76104861e7dc",
	     "device_info.android_advertising_id"},
	    {"custom_event", "gaid", "0", "events.data.custom_attributes.gaid"},
	    {"commerce_event", "sku", "x", "events.data.product_action.products.id"},
	    {"commerce_event", "qty", "2", "events.data.product_action.products.quantity"},
	    {"commerce_event", "unit price", "2.50", "events.data.product_action.products.price"},
	    {"commerce_event", "unit price", "two", "events.data.custom_attributes.unit price"},
	    {"commerce_event", "invoice no", "x", "events.data.product_action.transaction_id"},
	    {"commerce_event", "Total", "2", "events.data.product_action.total_amount"},
	    {"commerce_event", "currency", "EUR", "events.data.currency_code"},
	    {"commerce_event", "coupon", "x", "events.data.product_action.coupon_code"},
	    {"session_end", "Session Duration ms", "2", "events.data.session_duration_ms"},
	    {"eventless", "email", "yes", "user_attributes.email"},
	    {"eventless", "Member Tier", "x", "user_attributes.Member Tier"},
	    {"eventless", "device_info.brand", "x", "device_info.brand"},
	    {"eventless", "Device_Info.Brand", "x", "device_info.brand"},
	    {"eventless", "USER_ATTRIBUTES.Tier", "x", "user_attributes.Tier"},
	    {"eventless", "MPID", "17", "mpid"},
	    {"eventless", "Environment", "development", "environment"},
	    {"eventless", "Environment", "prod", "user_attributes.Environment"},
	    {"eventless", " Padded ", "x", "user_attributes.Padded"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool commerce = strcmp(table[i].event, "commerce_event") == 0;
		char *text = df_format("%s\n%s\n", table[i].name, table[i].value);
		char *wanted =
		    commerce
			? df_format("\"source\": \"%s\", \"destination\": \"%s\" }", table[i].name,
				    table[i].path)
			: df_format("\"column\": \"%s\", \"action\": \"keep\", \"field\": \"%s\" }",
				    table[i].name, table[i].path);
		CU_ASSERT_EQUAL(propose(&plain, table[i].event, true, text), DF_OK);
		CU_ASSERT_TRUE(says(wanted));
		free(text);
		free(wanted);
	}
}

/* One field, one column; an attribute's name may not come twice either. */
static void test_once(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "custom_event", true,
				"email|e-mail|user_identities.email| A|A\na@b.c|d@e.f|g@h.i|1|2"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"user_identities.email\", \"action\": \"keep\", \"field\": "
			    "\"user_identities.email\" }"));
	CU_ASSERT_TRUE(says("\"field\": \"events.data.custom_attributes.email\" }, // could be "
			    "user_identities.email, too, "
			    "where column 3 leads"));
	CU_ASSERT_TRUE(
	    says("custom_attributes.e-mail\" }, // could be user_identities.email, too"));
	CU_ASSERT_TRUE(says("\"column\": \" A\", \"action\": \"keep\", \"field\": "
			    "\"events.data.custom_attributes.A\""));
	CU_ASSERT_TRUE(says("\"column\": \"A\", \"action\": \"keep\", \"field\": "
			    "\"events.data.custom_attributes.A 2\""));
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "user_identities.customerid|customer id\n1|2"),
	    DF_OK);
	CU_ASSERT_TRUE(
	    says("\"user_attributes.customer id\" } // could be user_identities.customer_id, too"));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "Tags[]|Tags\n1|2"), DF_OK);
	CU_ASSERT_TRUE(says("\"user_attributes.Tags[]\""));
	CU_ASSERT_TRUE(says("\"user_attributes.Tags 2\""));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "a|a\n1|2"), DF_REJECT);
	CHECK_STRING(got.code, "duplicate-column");
}

static void test_settings(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"user_id|consent_state.gdpr.m.consented|consent_state.gdpr.m."
				"timestamp_unixtime_ms\n"
				"1|true|2024-01-31"),
			DF_OK);
	CU_ASSERT_TRUE(says("//   timestamps = auto\n"));
	CU_ASSERT_PTR_NULL(strstr(proposal.data, "says when"));
	CU_ASSERT_EQUAL(propose(&plain, "custom_event", true, "user_id\n1"), DF_OK);
	CU_ASSERT_TRUE(says("//   event_name = stem\n"));
	CU_ASSERT_TRUE(says("//   event_type = other\n"));
	CU_ASSERT_TRUE(says("no column says when"));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "city\nx"), DF_OK);
	CU_ASSERT_TRUE(says("no column identifies the user"));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "contact\na@b.de"), DF_OK);
	CU_ASSERT_TRUE(says("guessed from the values; values look like e-mail addresses"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id\n1|a|u\n1|b|u"), DF_OK);
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	CU_ASSERT_TRUE(says("\"value\": \"purchase\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true, "action|sku|user id\nrefund|a|u"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"hasHeaderRow\": true"));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "user_id||\n1|2|3"), DF_OK);
	CU_ASSERT_TRUE(says("//   unknown_columns = warn\n"));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "api_key|password|SSN|lat\na|b|c|1.5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"api_key\", \"action\": \"ignore\""));
	CU_ASSERT_TRUE(says("\"password\", \"action\": \"ignore\""));
	CU_ASSERT_TRUE(says("\"SSN\", \"action\": \"ignore\""));
	CU_ASSERT_TRUE(says("\"user_attributes.lat\" } // a latitude and a longitude are needed"));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "a;b\n1;2"), DF_REJECT);
	CHECK_STRING(got.code, "unknown-column");
}

static void test_templates(void)
{
	CU_ASSERT_EQUAL(
	    propose(
		&plain, "commerce_event", true,
		"order id|sku|user "
		"id|price|Date|Time\n1|a|u|1.234,50|1/15/2026|13:08\n2|b|u|9,90|1/16/2026|9:39"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"{{ value | remove: '.' | replace: ',', '.' | strip }}\""));
	CU_ASSERT_TRUE(says("\"{{ row[\\\"Date\\\"] }} {{ row[\\\"Time\\\"] }}\""));
	CU_ASSERT_TRUE(says("//   timestamps = %m/%d/%Y %H:%M\n"));
	CU_ASSERT_EQUAL(
	    propose(
		&plain, "eventless", true,
		"user "
		"id|colors|tags|pg|profile\n1|[\"a\",\"b\"]|x;y|{a,b}|{\"k\":1}\n2|[\"c\"]|z||"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"user_attributes.colors[]\" }"));
	CU_ASSERT_TRUE(says("\"user_attributes.tags[]\", \"value\": \"{{ value | split: ';' }}\""));
	CU_ASSERT_TRUE(says("\"user_attributes.pg[]\""));
	CU_ASSERT_TRUE(says("\"source\": \"profile.*\", \"destination\": \"user_attributes.*\""));
}

static void test_cells(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "user id|town\n1|NULL\n2|\\N\n3|Bonn"),
			DF_OK);
	CU_ASSERT_TRUE(says("//   null = \\N NULL\n"));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true, "user id|town\n1  |Bonn \n22 |Ulm  "),
			DF_OK);
	CU_ASSERT_TRUE(says("//   trim = yes\n"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "user id|spent|n\n1|2|3\n2|3|4\nTotal|5|"), DF_OK);
	CU_ASSERT_TRUE(says("{ \"source\": \"user id\", \"in\": [\"Total\"] }"));
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "user id|time\n1|14-Mar-16"), DF_OK);
	CU_ASSERT_TRUE(says("//   timestamps = %d-%b-%y\n"));
	CU_ASSERT_TRUE(says("days without a time of day"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|time\n1|14-MAR-26 10.22.33.123456 AM"),
	    DF_OK);
	CU_ASSERT_TRUE(says("//   timestamps = %d-%b-%y %I.%M.%S %p\n"));
	CU_ASSERT_TRUE(
	    says("\"{{ value | strip | slice: 0, 18 }} {{ value | strip | slice: -2, 2 }}\""));
}

static void test_no_header(void)
{
	CU_ASSERT_EQUAL(propose(&named, "custom_event", false,
				"u-1|a@b.de|2024-01-31|10.0.0.1|x\nu-2|c@d.ee|2024-01-31||y"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"hasHeaderRow\": false"));
	CU_ASSERT_TRUE(says("\"field\": \"events.data.custom_attributes.column 1\""));
	CU_ASSERT_TRUE(says("\"field\": \"user_identities.email\""));
	CU_ASSERT_TRUE(says("\"field\": \"events.data.timestamp_unixtime_ms\""));
	CU_ASSERT_TRUE(says("\"field\": \"ip\""));
	CU_ASSERT_TRUE(says("//   timestamps = auto\n"));
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "u-1|a@b.de\nu-2|c@d.ee"), DF_USAGE);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"the words' paths", test_words}, {"columns", test_columns},
	    {"nothing twice", test_once},     {"settings", test_settings},
	    {"templates", test_templates},    {"cells and rows that are not data", test_cells},
	    {"no header", test_no_header},    CU_TEST_INFO_NULL,
	};
	int failed = test_main("propose", NULL, NULL, tests);
	df_buf_free(&proposal);
	return failed;
}
