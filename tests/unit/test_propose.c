/* SPDX-License-Identifier: MIT */
/* Proposed manifests: the table of words, and what becomes of single columns. */
#include "helper_map.h"

#include "../../src/propose/propose_time.h"

#include <time.h>

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

/* The proposal for a header and its rows, cells apart by '|', rows by '\n'. */
static struct df_buf proposal;

static void split(char *line, struct rows_cell *cells, size_t *n)
{
	*n = 0;
	for (char *s = line;; s++) {
		size_t len = strcspn(s, "|");
		cells[(*n)++] = (struct rows_cell){s, len};
		s += len;
		if (*s == '\0')
			return;
	}
}

static enum df_status propose(const struct conf_feed *feed, const char *event, bool header,
			      const char *text)
{
	struct rows_cell cells[MAX_CELLS];
	struct propose *p = NULL;
	struct propose_trial trial = {0};
	struct df_err err = {0};
	enum df_status st = DF_OK;
	char *copy = df_strdup(text), *save = NULL;
	size_t n = 0;
	bool first = true;
	df_buf_reset(&proposal);
	for (char *line = strtok_r(copy, "\n", &save); line != NULL && st == DF_OK;
	     line = strtok_r(NULL, "\n", &save)) {
		split(line, cells, &n);
		if (first)
			st = propose_open(feed, event, &(struct propose_first){cells, n, header},
					  &p, &err);
		if (st == DF_OK && !(first && header))
			propose_row(p, cells, n);
		first = false;
	}
	if (st == DF_OK)
		st = propose_decide(p, "stem", &err);
	if (st == DF_OK)
		propose_write(p, &trial, &proposal);
	snprintf(got.code, sizeof(got.code), "%s", err.code);
	df_buf_cstr(&proposal);
	propose_close(p);
	free(copy);
	return st;
}

static bool says(const char *text)
{
	bool found = proposal.len > 0 && strstr(df_buf_cstr(&proposal), text) != NULL;
	if (!found)
		printf("\n  no %s in\n%s\n", text, proposal.len > 0 ? proposal.data : "");
	return found;
}

#define IDS "user_identities."

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

static void test_times(void)
{
	static const struct {
		const char *values, *setting;
	} table[] = {
	    {"1700000000\n1700000001", "timestamps = auto\n"},
	    {"1700000000000000\n1700000000000001", "timestamps = auto\n"},
	    {"2024-01-31\n2024-02-01", "timestamps = auto\n"},
	    {"2024-01-31T10:00:00+02:00", "timestamps = auto\n"},
	    {"2024-01-31 10:00:00 UTC", "timestamps = auto\n"},
	    {"12/1/10 8:26\n12/31/10 8:26", "timestamps = %m/%d/%y %H:%M\n"},
	    {"31/12/2010 8:26", "timestamps = %d/%m/%Y %H:%M\n"},
	    {"31.12.2010 8:26:01", "timestamps = %d.%m.%Y %H:%M:%S\n"},
	    {"12/31/2010 8:26 PM", "timestamps = %m/%d/%Y %I:%M %p\n"},
	    {"20240131\n20241231", "timestamps = %Y%m%d\n"},
	    {"1700000000000\n1700000000001", NULL},
	    {"1700000000000\n\n1700000000001", NULL},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = df_format("timestamp\n%s", table[i].values);
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, text), DF_OK);
		if (table[i].setting != NULL)
			CU_ASSERT_TRUE(says(table[i].setting))
		else
			CU_ASSERT_PTR_NULL(strstr(proposal.data, "settings"));
		CU_ASSERT_TRUE(says("\"events.data.timestamp_unixtime_ms\""));
		CU_ASSERT_PTR_NULL(strstr(proposal.data, "17000000")); /* no value is ever shown */
		free(text);
	}
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "timestamp\n1/2/2024 10:00"), DF_OK);
	CU_ASSERT_TRUE(says("%d/%m/%Y %H:%M as well"));
	struct conf_feed own = plain;
	own.map.timestamps = (char[]){"%m/%d/%y %H:%M"};
	own.map.event_name = own.map.event_type = (char[]){"other"};
	CU_ASSERT_EQUAL(propose(&own, "custom_event", true, "timestamp\n12/1/10 8:26"), DF_OK);
	CU_ASSERT_PTR_NULL(strstr(proposal.data, "settings"));
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

#define LACKS(text) CU_ASSERT_PTR_NULL(strstr(df_buf_cstr(&proposal), text))

static void test_people(void)
{
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true,
		    "Id|AccountId|Email\n1|A|a@x.de\n2|A|b@x.de\n3|B|c@x.de\n4|C|d@x.de"),
	    DF_OK);
	CU_ASSERT_TRUE(
	    says("\"Id\", \"action\": \"keep\", \"field\": \"user_identities.customer_id\""));
	CU_ASSERT_TRUE(says(
	    "\"field\": \"user_attributes.AccountId\" }, // not an identity: 1 of its values"));
	/* a household's address is not one customer's */
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "customer id|email\n1|a@x.de\n2|a@x.de\n3|c@x.de"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"user_identities.customer_id\""));
	CU_ASSERT_TRUE(says("\"user_attributes.email\" } // not an identity"));
	/* a customer has several devices, and what identifies nobody is shared by many */
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|visitor id|email\nu|v1|a@x.de\nu|v2|a@x.de\n0|v3|b@x.de\n0|v4|c@x.de"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"user_identities.customer_id\""));
	CU_ASSERT_TRUE(says("\"user_identities.other\""));
	CU_ASSERT_TRUE(
	    says("//   - 2 of the values of column 1 identify nobody, and count as empty"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "owner email|town\na@x.de|Bonn\na@x.de|Ulm"), DF_OK);
	CU_ASSERT_TRUE(says("no column identifies the user"));
}

static void test_actions(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"event_type|product_id|user_id\nview|p|u\ncart|p|u\npurchase|p|u"),
			DF_OK);
	CU_ASSERT_TRUE(says(
	    "\"values\": { \"view\": \"view_detail\", \"cart\": \"add_to_cart\", \"purchase\": "
	    "\"purchase\" }, \"otherwise\": \"reject\""));
	LACKS("\"static\"");
	/* words that are not known stay unsaid, and are to be completed */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"event_type|product_id|user_id\nview|p|u\nxyzzy|p|u\nplugh|p|u"),
			DF_OK);
	CU_ASSERT_TRUE(says("complete the values of column 1: 2 words are not listed"));
	LACKS("xyzzy");
	LACKS("\"static\"");
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|order status|user_id\n1|Paid|u\n2|Refunded|u\n3|Cancelled|u"),
	    DF_OK);
	/* an order that is refunded was bought, at its own time; a refund's row is another one */
	CU_ASSERT_TRUE(says("\"values\": { \"Paid\": \"purchase\" }"));
	CU_ASSERT_TRUE(says("a word for a refund is not listed"));
	CU_ASSERT_TRUE(says("{ \"source\": \"order status\", \"in\": [\"Cancelled\"] }"));
	CU_ASSERT_EQUAL(propose(&plain, "custom_event", true,
				"user id|event|category\n1|a|search\n1|b|Media\n1|c|xyzzy"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"search\": \"search\", \"Media\": \"Media\" }, "
			    "\"otherwise\": \"reject\""));
	CU_ASSERT_TRUE(says("complete the values of column 3: 1 word is not listed"));
	LACKS("xyzzy");
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|quantity|user_id\n1|p|2|u\n2|p|-1|u"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"-\": \"refund\", \"0\": \"purchase\""));
	CU_ASSERT_TRUE(
	    says("products.quantity\", \"value\": \"{{ value | strip | remove_first: '-' }}\""));
}

static void test_orders(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|total|note\n1|a|u|9.5|x\n1|b|u||\n2|a|v|3|y"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"fill_down\": [\"total\", \"note\"]"));
	CU_ASSERT_TRUE(says("\"fill_by\": [\"order id\"]"));
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	/* repeated totals need no filling; a line's own total is the line's */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|total|color\n1|a|u|9.5|red\n1|b|u|4.5|blue"),
			DF_OK);
	CU_ASSERT_TRUE(says("products.total_product_amount\""));
	CU_ASSERT_TRUE(says("products.custom_attributes.color\""));
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	LACKS("fill_down");
	/* the order's number itself on the first line only */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id\n1|a|u\n|b|\n2|c|v"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"fill_down\": [\"order id\", \"user id\"]"));
	LACKS("fill_by");
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id\n1|a|u\n2|b|v\n1|c|u"),
	    DF_OK);
	CU_ASSERT_TRUE(says("1 order comes again after others"));
	LACKS("fold_products = yes");
	/* lines without a product that is known */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|user id|line_sku|line_qty|what else\n1|u|a|2|x\n1|u|b|1|y"),
	    DF_OK);
	CU_ASSERT_TRUE(
	    says("\"line_sku\", \"destination\": \"events.data.product_action.products.id\""));
	CU_ASSERT_TRUE(says("//   fold_products = yes\n"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true, "order id|user id\n1|u\n1|u"),
			DF_OK);
	CU_ASSERT_TRUE(says("each row counts as an order"));
	LACKS("fold_products = yes");
	/* values are not filled up */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id|total\n1|a|u|\n1|b|u|9"),
	    DF_OK);
	LACKS("fold_products = yes");
	CU_ASSERT_TRUE(says("column 4 is empty on the first line of 1 order"));
	/* an order of two customers does not fold */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true, "order id|sku|user id\n1|a|u\n1|b|v"), DF_OK);
	LACKS("fold_products = yes");
	CU_ASSERT_TRUE(says("lines of one order differ in column 3"));
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

/* What only a person can say is a column that no header has: a file is refused until it is said. */
static void test_when(void)
{
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "user id|town\n1|Bonn"), DF_OK);
	CU_ASSERT_TRUE(says("no column says when: the API takes the time"));
	LACKS("TO BE COMPLETED");
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, "user id|event time\n1|noon"), DF_OK);
	CU_ASSERT_TRUE(says("{ \"column\": \"TO BE COMPLETED: the column that says when\""));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|Review Creation Date|Due Date\n1|2024-01-31 10:00|2024-02-09"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"Review Creation Date\", \"action\": \"keep\", \"field\": "
			    "\"events.data.timestamp_unixtime_ms\""));
	/* a birthday, or what is due, is not when it happened */
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"user id|Birth Date|Due Date\n1|1994-01-31|2024-02-09"),
			DF_OK);
	CU_ASSERT_TRUE(says("no column says when: the API takes the time"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|Event Date\n1|45322.5\n2|45323.25"),
	    DF_OK);
	CU_ASSERT_TRUE(says("look like a spreadsheet's day numbers"));
	CU_ASSERT_TRUE(says("TO BE COMPLETED"));
	CU_ASSERT_EQUAL(propose(&named, "custom_event", false, "a@b.de|x\nc@d.ee|y"), DF_OK);
	CU_ASSERT_TRUE(says("no column says when: the API takes the time"));
}

#define SETTING "//   timestamps = "

static void test_day_or_month(void)
{
	static const struct {
		const char *text, *setting; /* NULL: it is not decided */
	} table[] = {
	    {"user id|time\n1|01/02/2024\n2|03/02/2024", NULL},
	    {"user id|time\n1|01/02/2024\n2|03/02/2024\n3|04/02/2024\n4|02/03/2024",
	     SETTING "%d/%m/%Y\n"},
	    {"user id|time\n1|01/02/2024\n2|01/05/2024\n3|02/03/2024\n4|03/01/2024",
	     SETTING "%m/%d/%Y\n"},
	    {"user id|time\n1|12/1/10 8:26\n2|12/1/10 8:28", SETTING "%m/%d/%y %H:%M\n"},
	    {"user id|time\n1|12/01/10 8:26\n2|12/01/10 8:28", NULL},
	    {"user id|time|Due\n1|03/02/2024|31/03/2024\n2|01/02/2024|30/03/2024",
	     SETTING "%d/%m/%Y\n"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, table[i].text), DF_OK);
		if (table[i].setting != NULL) {
			CU_ASSERT_TRUE(says(table[i].setting));
			continue;
		}
		LACKS(SETTING);
		CU_ASSERT_TRUE(says(" as well: nothing in the rows says"));
	}
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|time|price\n1|u|01/02/2024 10:00|9,95\n"
				"2|u|03/02/2024 09:00|1,50"),
			DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%d/%m/%Y %H:%M\n"));
}

/* As warehouses and databases write times: strftime's pattern (in capitals, where it begins with
 * ^), the setting that is proposed, and what of a second is left. NULL: it is to be completed. */
static const struct {
	const char *written, *setting;
	int64_t unit; /* seconds that the values are exact to */
} written_times[] = {
    {"%Y-%m-%dT%H:%M:%SZ", "auto", 1}, /* ISO, BigQuery, MongoDB */
    {"%Y-%m-%d %H:%M:%S", "auto", 1},  /* MySQL, SQLite, SQL Server 120 */
    {"%Y-%m-%d %H:%M", "auto", 60},
    {"%Y-%m-%d", "auto", 86400},
    {"%Y-%m-%d %H:%M:%S.000000+00", "auto", 1},      /* PostgreSQL */
    {"%Y-%m-%d %H:%M:%S.000000 UTC", "auto", 1},     /* BigQuery */
    {"%Y-%m-%d %H:%M:%S.000 +0000", "auto", 1},      /* Snowflake */
    {"%Y-%m-%d %H:%M:%S.0000000 +00:00", "auto", 1}, /* SQL Server's datetimeoffset */
    {"%Y-%m-%d %H:%M:%S.000000", "auto", 1},         /* Teradata, Redshift, HANA */
    {"%b %e %Y %I:%M%p", "%b %d %Y %I:%M%p", 60},    /* SQL Server 100 */
    {"%m/%d/%Y", "%m/%d/%Y", 86400},                 /* 101 */
    {"%d/%m/%Y", "%d/%m/%Y", 86400},                 /* 103 */
    {"%d.%m.%Y", "%d.%m.%Y", 86400},                 /* 104 */
    {"%d-%m-%Y", "%d-%m-%Y", 86400},                 /* 105 */
    {"%d %b %Y", "%d %b %Y", 86400},                 /* 106 */
    {"%b %d, %Y", "%b %d, %Y", 86400},               /* 107 */
    {"%Y/%m/%d", "%Y/%m/%d", 86400},                 /* 111 */
    {"%Y%m%d", "%Y%m%d", 86400},                     /* 112 */
    {"%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", 1},
    {"^%d-%b-%y", "%d-%b-%y", 86400}, /* Oracle */
    {"^%d-%b-%Y", "%d-%b-%Y", 86400},
    {"^%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", 1},
    {"^%d-%b-%y %I.%M.%S %p", "%d-%b-%y %I.%M.%S %p", 1},
    {"^%d%b%Y:%H:%M:%S", "%d%b%Y:%H:%M:%S", 1}, /* SAS */
    {"^%d%b%Y", "%d %b %Y", 86400},
    {"%y/%m/%d", "%y/%m/%d", 86400},               /* Teradata's default */
    {"%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", 1}, /* German */
    {"%d.%m.%Y, %H:%M", "%d.%m.%Y, %H:%M", 60},
    {"%d.%m.%y %H:%M", "%d.%m.%y %H:%M", 60},
    {"%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M", 60},
    {"%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M", 60},
    {"%m/%d/%y %H:%M", "%m/%d/%y %H:%M", 60},
    {"%Y%m%d%H%M%S", "%Y%m%d%H%M%S", 1},
    {"%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H:%M", 60},
    {"%a, %d %b %Y %H:%M:%S +0000", "%a, %d %b %Y %H:%M:%S %z", 1},
    {"%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Y", 1},
    {"%s", "auto", 1}, /* seconds since 1970, and milli-, micro- and nanoseconds */
    {"%s000", NULL, 1},
    {"%s000000", "auto", 1},
    {"%s000000000", "auto", 1},
    {"%H:%M:%S", NULL, 0},
    {"%y%j", NULL, 0},
    {"%G-W%V-%u", NULL, 0},
    {"^%d-%b-%y %I.%M.%S.000000 %p +01:00", NULL, 0}, /* a zone is not cut off */
    {"%Y-%m-%d %H:%M:%S CET", NULL, 0},
};

static const time_t instants[] = {1706696553, 1709247909, 1732924800, 1741967101, 1764572889};

static void print_time(char out[80], const char *written, time_t t)
{
	struct tm tm;
	bool capitals = written[0] == '^';
	setenv("TZ", "UTC", 1);
	localtime_r(&t, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	strftime(out, 80, written + capitals, &tm);
#pragma GCC diagnostic pop
	for (char *s = out; capitals && *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 32);
}

/* The proposed setting reads each value as the instant that it was printed from. */
static void read_back(const char *written, const char *setting, int64_t unit)
{
	struct time_format t = {0};
	struct df_err err = {0};
	CU_ASSERT_EQUAL(time_open(&t, setting, "UTC", &err), DF_OK);
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		char text[80];
		const char *code, *why;
		int64_t ms = 0;
		print_time(text, written, instants[i]);
		CU_ASSERT_TRUE(time_parse(&t, text, strlen(text), &ms, &code, &why));
		CU_ASSERT_EQUAL(ms, instants[i] / unit * unit * 1000);
	}
	time_close(&t);
}

static void test_warehouse_times(void)
{
	for (size_t k = 0; k < sizeof(written_times) / sizeof(written_times[0]); k++) {
		struct df_buf text = {0};
		df_buf_adds(&text, "user id|event time\n");
		for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
			char value[80];
			print_time(value, written_times[k].written, instants[i]);
			df_buf_addf(&text, "%zu|%s\n", i, value);
		}
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, df_buf_cstr(&text)), DF_OK);
		df_buf_free(&text);
		char *setting = df_format(SETTING "%s\n", written_times[k].setting);
		if (written_times[k].setting != NULL) {
			CU_ASSERT_TRUE(says(setting));
			read_back(written_times[k].written, written_times[k].setting,
				  written_times[k].unit);
		} else {
			LACKS(SETTING);
			CU_ASSERT_EQUAL(strstr(proposal.data, "TO BE COMPLETED") == NULL,
					written_times[k].unit > 0);
		}
		free(setting);
	}
	/* fractions that no pattern reads are cut off, but for AM and PM */
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|time\n1|Jan 31 2024 10:22:33:123AM\n2|Dec  1 2025  7:08:09:000PM"),
	    DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%b %d %Y %I:%M:%S %p\n"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true,
		    "user id|time\n1|2024-01-31-10.22.33.123456\n2|2024-02-01-10.22.33.000001"),
	    DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%Y-%m-%d-%H.%M.%S\n"));
	CU_ASSERT_TRUE(says("{{ value | strip | slice: 0, 19 }}"));
}

/* A date takes the time of the same thing, or one that says no more than that it is one. */
static void test_clocks(void)
{
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"user id|Sale Date|Event Time|Sale Time\n1|2024-01-31|19:30|10:05"),
			DF_OK);
	CU_ASSERT_TRUE(says("{{ row[\\\"Sale Date\\\"] }} {{ row[\\\"Sale Time\\\"] }}"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|CALL_DT|CALL_TM\n1|20240131|100533"),
	    DF_OK);
	CU_ASSERT_TRUE(says("{{ row[\\\"CALL_DT\\\"] }} {{ row[\\\"CALL_TM\\\"] }}"));
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"user id|Sale Date|Event Time\n1|2024-01-31|19:30"),
			DF_OK);
	CU_ASSERT_TRUE(says("days without a time of day"));
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|Sale Date|Time\n1|Jan-31-24|19:30"),
	    DF_OK);
	CU_ASSERT_TRUE(says(SETTING "%b-%d-%y %H:%M\n"));
	/* a column that is not filled in each row leaves the others a setting */
	CU_ASSERT_EQUAL(propose(&plain, "custom_event", true,
				"user id|time|event|Type\n1|1700000000000|a|\n1|1700000000001||"),
			DF_OK);
	CU_ASSERT_TRUE(says("//   event_name = stem\n"));
	CU_ASSERT_TRUE(says("//   event_type = other\n"));
}

static void test_zones(void)
{
	static const struct {
		const char *text, *setting;
	} table[] = {
	    {"user id|time\n1|2024-01-31 10:00",
	     "//   timezone = UTC\n//       the times in column 2 "
	     "do not say their zone"},
	    {"user id|Created (Europe/Berlin)\n1|2024-01-31 10:00",
	     "//   timezone = Europe/Berlin\n"},
	    {"user id|created utc\n1|2024-01-31 10:00", "//   timezone = UTC\n//       the zone"},
	    {"user id|time|Time Zone\n1|2024-01-31 10:00|PST\n2|2024-07-31 10:00|PDT",
	     "//   timezone = America/Los_Angeles\n"},
	    {"user id|time|tz\n1|2024-01-31 10:00|PST\n2|2024-07-31 10:00|CET",
	     "the rows name several time zones"},
	    {"user id|time|tz\n1|2024-01-31 10:00|Narnia", "or one that is not known here"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT_EQUAL(propose(&named, "custom_event", true, table[i].text), DF_OK);
		CU_ASSERT_TRUE(says(table[i].setting));
	}
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true, table[4].text), DF_OK);
	LACKS(SETTING);
	CU_ASSERT_EQUAL(
	    propose(&named, "custom_event", true, "user id|time\n1|2024-01-31T10:00:00Z"), DF_OK);
	LACKS("timezone = ");
}

static void test_names(void)
{
	static const struct {
		const char *event, *name, *value, *path;
	} table[] = {
	    {"commerce_event", "Order Total (inc tax)", "2", "product_action.total_amount"},
	    {"commerce_event", "Invoice Item: Unit Price", "2", "product_action.products.price"},
	    {"commerce_event", "Order Lines/Quantity", "2", "product_action.products.quantity"},
	    {"commerce_event", "TXN_AMT", "2", "product_action.total_amount"},
	    {"commerce_event", "Quantit\xc3\xa0", "2", "product_action.products.quantity"},
	    {"commerce_event", "注文番号", "2", "product_action.transaction_id"},
	    {"commerce_event", "N\xc3\xbamero do pedido", "2", "product_action.transaction_id"},
	    {"eventless", "CUST_NBR", "x", IDS "customer_id"},
	    {"eventless", "Person - ID", "x", IDS "customer_id"},
	    {"eventless", "Correo electr\xc3\xb3nico", "a@b.de", IDS "email"},
	    {"eventless", "Address 1: City", "Bonn", "user_attributes.$City"},
	    {"eventless", "FIRST_NM", "Ann", "user_attributes.$FirstName"},
	    {"eventless", "Order Lines/Name", "x", "user_attributes.Order Lines/Name"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = df_format("%s\n%s", table[i].name, table[i].value);
		CU_ASSERT_EQUAL(propose(&plain, table[i].event, true, text), DF_OK);
		CU_ASSERT_TRUE(says(table[i].path));
		free(text);
	}
}

static void test_addresses(void)
{
	/* two hosts meet many invitees; each invitee meets two hosts at most */
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"User Email|Invitee Email\nh@x.de|a@x.de\nh@x.de|b@x.de\n"
				"i@x.de|a@x.de\nh@x.de|c@x.de\ni@x.de|d@x.de"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"Invitee Email\", \"action\": \"keep\", \"field\": "
			    "\"user_identities.email\""));
	CU_ASSERT_TRUE(
	    says("\"field\": \"events.data.custom_attributes.User Email\" }, // not an"));
	/* nobody is merged by an address that rows with different names have */
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"email|first name\na@x.de|Ann\na@x.de|Bo\nc@x.de|Cy"),
			DF_OK);
	LACKS("user_identities.email\" }");
	CU_ASSERT_TRUE(says("no column identifies the user"));
	CU_ASSERT_TRUE(says("1 of the values of column 1 is in rows with different names"));
}

/* A number that several people have is not one of them, whatever it is called. */
static void test_numbers_of_people(void)
{
	CU_ASSERT_EQUAL(
	    propose(&plain, "eventless", true, "customer no|first name\n1|Ann\n1|Bo\n2|Cy\n3|Di"),
	    DF_OK);
	LACKS("user_identities.customer_id\"");
	CU_ASSERT_TRUE(says("no column identifies the user"));
	/* a customer who has married is one customer still */
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"customer no|first name\n1|Ann\n1|Anna\n2|B\n3|C\n4|D\n5|E\n6|F\n"
				"7|G\n8|H\n9|I\n10|J"),
			DF_OK);
	CU_ASSERT_TRUE(says("user_identities.customer_id\""));
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"email|first name\na@x.de|Ann\na@x.de|ANN M.\nc@x.de|Cy"),
			DF_OK);
	CU_ASSERT_TRUE(says("user_identities.email\""));
	/* 100001.0 is the customer 100001 */
	CU_ASSERT_EQUAL(propose(&plain, "eventless", true,
				"customer no|points\n100001.0|3.0\n|1.0\n100002.0|2.5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"value\": \"{{ value | remove_last: '.0' }}\""));
}

static void test_states(void)
{
	/* the type says what was done, the status what came of it */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"id|user id|type|status|Void?\n1|u|sale|ok|no\n2|u|refund|ok|no\n"
				"3|u|sale|declined|no\n4|u|sale|ok|yes"),
			DF_OK);
	CU_ASSERT_TRUE(says("{ \"source\": \"status\", \"in\": [\"declined\"] }"));
	CU_ASSERT_TRUE(says("{ \"source\": \"Void?\", \"in\": [\"yes\"] }"));
	/* a state that nobody knows is not a purchase */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|status\n1|u|xyzzy\n2|u|plugh"),
			DF_OK);
	CU_ASSERT_TRUE(says("complete the values of column 3: 2 words are not listed"));
	LACKS("\"static\"");
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|status\n1|u|paid\n2|u|Partially refunded"),
			DF_OK);
	CU_ASSERT_TRUE(says("a word for a refund of a part is not listed"));
	/* the refund's row is another one than its purchase's */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|status|total\n1|u|paid|5\n1|u|refunded|-5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"refunded\": \"refund\""));
	CU_ASSERT_TRUE(
	    says("total_amount\", \"value\": \"{{ value | strip | remove_first: '-' }}\""));
}

static void test_amounts(void)
{
	/* the same amount on all lines: the order's, by their sum, or each line's */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|price|qty|total\n1|a|u|5|1|9\n1|b|u|4|1|9"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"events.data.product_action.total_amount\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|price|qty|total\n1|a|u|5|1|5\n1|b|u|5|1|5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"events.data.product_action.products.total_product_amount\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|amount\n1|a|u|5\n1|b|u|5"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the order's total, not a line's"));
	/* lines that do not fold would each bring the total */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|sku|user id|order total\n1|a|u|9\n1|b|v|9"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the amount of a line"));
	/* lines of an order whose number is not known */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"sku|user id|time|total\na|u|1700000000000|9\nb|u|1700000000000|9"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the column that states the order"));
	/* a price that grows with the quantity is not one piece's */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|sku|user id|price|qty\n1|a|u|5|1\n2|a|u|10|2\n3|a|u|15|3"),
	    DF_OK);
	CU_ASSERT_TRUE(says("it grows with the quantity"));
	LACKS("products.price\"");
}

static void test_currencies(void)
{
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total\n1|u|\xe2\x82\xac"
				"9.50\n2|u|\xe2\x82\xac"
				"1,000.00"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"static\", \"value\": \"EUR\", \"destination\": "
			    "\"events.data.currency_code\""));
	/* one currency is not made of two */
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total\n1|u|\xe2\x82\xac"
				"9.50\n2|u|$4.00"),
			DF_OK);
	CU_ASSERT_TRUE(
	    says("\"values\": { \"\xe2\x82\xac\": \"EUR\" }, \"otherwise\": \"reject\""));
	CU_ASSERT_TRUE(says("complete the values of the currency"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total|currency\n1|u|9|eur\n2|u|9|usd"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"{{ value | strip | upcase }}\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total|currency\n1|u|9|Euro\n2|u|9|Galleon"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"Euro\": \"EUR\" }, \"otherwise\": \"reject\""));
	CU_ASSERT_TRUE(says("1 currency is not listed"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|total\n1|u|1 039,90\n2|u|9,5"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"{{ value | remove: ' ' | replace: ',', '.' | strip }}\""));
	CU_ASSERT_TRUE(says("no column names the currency"));
}

static void test_guests(void)
{
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"customer code|email|time\nWALK-IN||1700000000000\n"
				"c1|a@x.de|1700000000000\nwalk-in||1700000000000"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"WALK-IN\": \"\", \"walk-in\": \"\" }, \"otherwise\": "
			    "\"keep\""));
	CU_ASSERT_TRUE(says("2 of the values of column 1 are words for somebody who is not known"));
	/* a word that is not known, in many rows */
	CU_ASSERT_EQUAL(propose(&named, "custom_event", true,
				"customer id|time\n9|1700000000000\n9|1700000000000\n"
				"9|1700000000000\n9|1700000000000\n9|1700000000000\n"
				"9|1700000000000\n9|1700000000000\n9|1700000000000\n"
				"9|1700000000000\n9|1700000000000\n1|1700000000000\n"
				"2|1700000000000\n3|1700000000000"),
			DF_OK);
	CU_ASSERT_TRUE(says("one value of column 1 is in 10 of 13 rows"));
}

static void test_amount_words(void)
{
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|user id|Amount Submitted For Settlement|Fee|Gross Currency\n"
		    "1|u|9.50|0.10|EUR"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"Amount Submitted For Settlement\", \"destination\": "
			    "\"events.data.product_action.total_amount\""));
	CU_ASSERT_TRUE(says("\"Gross Currency\", \"destination\": \"events.data.currency_code\""));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|Amount One|Amount Two\n1|u|9.50|8.50"),
			DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the column with the amount"));
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order id|user id|amount|lines\n1|u|(9.50)|[{\"sku\":\"a\"}]\n2|u|8.50|"),
	    DF_OK);
	CU_ASSERT_TRUE(says("TO BE COMPLETED: the column with the amount"));
	CU_ASSERT_TRUE(says("values in a form that is not read"));
	CU_ASSERT_TRUE(says("column 4 holds lists of objects"));
	CU_ASSERT_EQUAL(propose(&plain, "commerce_event", true,
				"order id|user id|amount_cents\n1|u|2900\n2|u|995"),
			DF_OK);
	CU_ASSERT_TRUE(says("\"value\": \"{{ value | divided_by: 100.0 }}\""));
	/* an authorization is not a sale; a capture and its refund are two events */
	CU_ASSERT_EQUAL(
	    propose(&plain, "commerce_event", true,
		    "order|user id|kind|amount\n1|u|authorization|9.5\n1|u|capture|9.5\n"
		    "1|u|refund|9.5"),
	    DF_OK);
	CU_ASSERT_TRUE(says("\"values\": { \"capture\": \"purchase\", \"refund\": \"refund\" }"));
	CU_ASSERT_TRUE(says("\"in\": [\"authorization\"]"));
	LACKS("whether it is the order's");
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
	    {"the words' paths", test_words},
	    {"columns", test_columns},
	    {"nothing twice", test_once},
	    {"times", test_times},
	    {"settings", test_settings},
	    {"who is one user", test_people},
	    {"what was done", test_actions},
	    {"lines of one order", test_orders},
	    {"templates", test_templates},
	    {"cells and rows that are not data", test_cells},
	    {"when", test_when},
	    {"day or month", test_day_or_month},
	    {"times of warehouses", test_warehouse_times},
	    {"clocks", test_clocks},
	    {"zones", test_zones},
	    {"names", test_names},
	    {"addresses", test_addresses},
	    {"numbers of people", test_numbers_of_people},
	    {"states", test_states},
	    {"amounts", test_amounts},
	    {"currencies", test_currencies},
	    {"guests", test_guests},
	    {"amounts by words", test_amount_words},
	    {"no header", test_no_header},
	    CU_TEST_INFO_NULL,
	};
	int failed = test_main("propose", NULL, NULL, tests);
	df_buf_free(&proposal);
	return failed;
}
