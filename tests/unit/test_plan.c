/* SPDX-License-Identifier: MIT */
/* Data plans: what is read, which point an event has, what is held against it. tests/run-plan
 * compares with an independent validator. */
#include "dropfeed/plan.h"
#include "test.h"

#define SHOP "tests/plan/shop.json"

static struct plan *shop;

static int begin(void)
{
	struct df_err err = {0};
	char *text = NULL;
	size_t len;
	bool ok = df_read_file(SHOP, PLAN_MAX_BYTES, &text, &len, &err) == DF_OK &&
		  plan_read(text, len, 0, &shop, &err) == DF_OK;
	free(text);
	return !ok;
}

static int end(void)
{
	plan_free(shop);
	return 0;
}

/* The findings as "unplanned #/a, missing #/b". */
static const char *findings(const struct plan *plan, bool strict, const char *type,
			    const char *data, const char *batch)
{
	static char out[4096];
	size_t len = 0;
	struct plan_checker *c = plan_checker_new(plan, strict);
	struct plan_record r = {.event_type = type,
				.data = data,
				.data_len = strlen(data),
				.batch = batch,
				.batch_len = strlen(batch),
				.user = true};
	const struct plan_finding *f;
	size_t n = plan_check(c, &r, &f);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s %s", i > 0 ? ", " : "",
					f[i].unplanned ? "unplanned"
					: f[i].missing ? "missing"
						       : "invalid",
					f[i].pointer);
	plan_checker_free(c);
	return out;
}

#define ORDER                                                                                      \
	"\"event_name\":\"Phone "                                                                  \
	"Order\",\"custom_event_type\":\"transaction\",\"custom_attributes\":"
#define EVENT_IS(attributes, expected)                                                             \
	TEXT_IS(findings(shop, false, "custom_event", ORDER attributes, ""), expected)
#define STRICT_IS(attributes, expected)                                                            \
	TEXT_IS(findings(shop, true, "custom_event", ORDER attributes, ""), expected)

static void test_document(void)
{
	const struct plan_remark *remarks;
	TEXT_IS(plan_id(shop), "shop");
	CU_ASSERT_EQUAL(plan_version(shop), 3);
	CU_ASSERT_EQUAL(plan_points(shop), 6);
	TEXT_IS(plan_point_name(shop, 0), "custom_event 'Phone Order' (transaction)");
	TEXT_IS(plan_point_name(shop, 5), "user_identities");
	CU_ASSERT_EQUAL(plan_remarks(shop, &remarks), 0);
	CU_ASSERT_TRUE(plan_blocks(shop, PLAN_USER_ATTRIBUTE));
	CU_ASSERT_FALSE(plan_blocks(shop, PLAN_FIELD));
}

static void test_events(void)
{
	TEXT_IS(findings(shop, false, "screen_view", "\"screen_name\":\"Basket\"", ""), "");
	TEXT_IS(findings(shop, false, "screen_view", "\"screen_name\":\"basket\"", ""),
		"unplanned #");
	TEXT_IS(findings(shop, false, "screen_view", "\"screen_name\":\"Bas\\u006bet\"", ""), "");
	TEXT_IS(findings(shop, false, "custom_event",
			 "\"event_name\":\"Phone Order\",\"custom_event_type\":\"other\"", ""),
		"unplanned #");
	TEXT_IS(findings(shop, false, "custom_event", "", ""), "unplanned #");
	TEXT_IS(findings(shop, false, "session_start", "", ""), "");
	TEXT_IS(findings(shop, false, "session_end", "", ""), "unplanned #");
	TEXT_IS(findings(shop, false, "eventless", "", ""), "");
	TEXT_IS(findings(shop, false, "commerce_event",
			 "\"promotion_action\":{\"action\":\"view\"}", ""),
		"unplanned #");
	TEXT_IS(findings(shop, false, "commerce_event", "\"product_impressions\":[]", ""),
		"unplanned #");
}

static void test_attributes_of_events(void)
{
	EVENT_IS("{\"order_id\":\"AB-1\"}", "");
	EVENT_IS("{}", "missing #/data/custom_attributes/order_id");
	EVENT_IS("{\"order_id\":\"AB-1\",\"colour\":\"red\"}",
		 "unplanned #/data/custom_attributes/colour");
	EVENT_IS("{\"order_id\":\"ab-1\"}", "invalid #/data/custom_attributes/order_id");
	EVENT_IS("{\"order_id\":\"AB-1\",\"channel\":\"telex\"}",
		 "invalid #/data/custom_attributes/channel");
	EVENT_IS("{\"order_id\":\"AB-1\",\"note\":\"ten chars!\"}", "");
	EVENT_IS("{\"order_id\":\"AB-1\",\"note\":\"日本日本日本日本日本\"}", "");
	EVENT_IS("{\"order_id\":\"AB-1\",\"note\":\"eleven chars\"}",
		 "invalid #/data/custom_attributes/note");
	EVENT_IS("{\"order_id\":\"AB-1\",\"placed_at\":\"2026-02-29T10:00:00Z\"}",
		 "invalid #/data/custom_attributes/placed_at");
	EVENT_IS("{\"order_id\":\"AB-1\",\"placed_at\":\"2024-02-29T10:00:00.5+01:00\"}", "");
	EVENT_IS("{\"a/b~c\":1}", "unplanned #/data/custom_attributes/a~1b~0c, "
				  "missing #/data/custom_attributes/order_id");
}

/* What the files hold are strings, and the platform does not distinguish them from numbers. */
static void test_numbers_in_strings(void)
{
	EVENT_IS("{\"order_id\":\"AB-1\",\"total\":\"12.50\",\"lines\":\"3\",\"gift\":\"True\"}",
		 "");
	EVENT_IS("{\"order_id\":\"AB-1\",\"total\":\"-1\"}",
		 "invalid #/data/custom_attributes/total");
	EVENT_IS("{\"order_id\":\"AB-1\",\"total\":\"12,50\"}",
		 "invalid #/data/custom_attributes/total");
	EVENT_IS("{\"order_id\":\"AB-1\",\"lines\":\"0\"}",
		 "invalid #/data/custom_attributes/lines");
	EVENT_IS("{\"order_id\":\"AB-1\",\"lines\":\"2.0\"}", "");
	EVENT_IS("{\"order_id\":\"AB-1\",\"lines\":\"2.5\"}",
		 "invalid #/data/custom_attributes/lines");
	EVENT_IS("{\"order_id\":\"AB-1\",\"lines\":101}", "invalid #/data/custom_attributes/lines");
	EVENT_IS("{\"order_id\":\"AB-1\",\"gift\":\"yes\"}",
		 "invalid #/data/custom_attributes/gift");
	STRICT_IS("{\"order_id\":\"AB-1\",\"total\":\"12.50\"}",
		  "invalid #/data/custom_attributes/total");
	STRICT_IS("{\"order_id\":\"AB-1\",\"gift\":\"true\"}",
		  "invalid #/data/custom_attributes/gift");
	STRICT_IS("{\"order_id\":\"AB-1\",\"total\":12.50,\"gift\":false}", "");
}

static void test_products(void)
{
	TEXT_IS(
	    findings(shop, false, "commerce_event",
		     "\"product_action\":{\"action\":\"purchase\",\"products\":[{\"id\":\"A\","
		     "\"price\":\"1.5\",\"custom_attributes\":{\"size\":\"L\"}},{\"name\":\"B\","
		     "\"custom_attributes\":{\"weight\":\"1\"}}],\"coupon_code\":\"X\"}",
		     ""),
	    "unplanned #/data/product_action/products/1/custom_attributes/weight, "
	    "missing #/data/product_action/products/1/id, "
	    "unplanned #/data/product_action/coupon_code");
	TEXT_IS(findings(shop, false, "commerce_event",
			 "\"product_action\":{\"action\":\"refund\"}", ""),
		"unplanned #");
}

static void test_user(void)
{
	TEXT_IS(
	    findings(shop, false, "eventless", "",
		     "\"user_attributes\":{\"$FirstName\":\"Ann\",\"$Age\":\"41\",\"tier\":"
		     "\"gold\"},\"user_identities\":{\"customer_id\":\"1\",\"other_id_2\":\"2\"}"),
	    "");
	TEXT_IS(findings(shop, false, "eventless", "",
			 "\"user_identities\":{\"customer_id\":\"1\",\"google\":\"2\",\"email\":"
			 "\"ann\"},\"user_attributes\":{\"$Age\":\"17\",\"shoe\":\"9\"}"),
		"invalid #/$Age, unplanned #/shoe, unplanned #/google, invalid #/email");
	/* the device's identities are among them, its other fields are not */
	TEXT_IS(findings(shop, false, "eventless", "",
			 "\"device_info\":{\"brand\":\"x\",\"ios_advertising_id\":\"1\","
			 "\"roku_advertising_id\":\"2\"}"),
		"unplanned #/roku_advertising_id");
}

static void test_places(void)
{
	static const char batch[] =
	    "\"device_info\":{\"roku_advertising_id\":\"2\"},\"user_attributes\":{\"a\":[\"}\"],"
	    "\"$Age\":\"20\"}";
	struct plan_checker *c = plan_checker_new(shop, false);
	struct plan_record r = {.event_type = "custom_event",
				.data = ORDER "{\"order_id\":\"AB-1\",\"x\":\"\\\"\",\"y\":1}",
				.batch = batch,
				.batch_len = sizeof(batch) - 1,
				.user = true};
	const struct plan_finding *f;
	r.data_len = strlen(r.data);
	CU_ASSERT_EQUAL_FATAL(plan_check(c, &r, &f), 4);
	static const char *const members[] = {"\"x\":\"\\\"\"", "\"y\":1", "\"a\":[\"}\"]",
					      "\"roku_advertising_id\":\"2\""};
	static const enum plan_part parts[] = {PLAN_EVENT_ATTRIBUTE, PLAN_EVENT_ATTRIBUTE,
					       PLAN_USER_ATTRIBUTE, PLAN_USER_IDENTITY};
	for (size_t i = 0; i < 4; i++) {
		const char *from = (f[i].in_batch ? r.batch : r.data) + f[i].from;
		CU_ASSERT_EQUAL(f[i].to - f[i].from, strlen(members[i]));
		CU_ASSERT_EQUAL(memcmp(from, members[i], strlen(members[i])), 0);
		CU_ASSERT_EQUAL(f[i].in_batch, i >= 2);
		CU_ASSERT_EQUAL(f[i].part, parts[i]);
	}
	plan_checker_free(c);
}

/* An attribute may have the name and the value of an identity, and comes before it. */
static void test_places_of_identities(void)
{
	static const char batch[] =
	    "\"user_attributes\":{\"google\":\"1\"},\"user_identities\":{\"email\":\"a@b.de\","
	    "\"google\":\"1\"},\"device_info\":{\"brand\":\"x\",\"roku_advertising_id\":\"2\"}";
	static const char *const members[] = {"\"google\":\"1\"}", "\"google\":\"1\"},\"dev",
					      "\"roku_advertising_id\":\"2\"}"};
	struct plan_checker *c = plan_checker_new(shop, false);
	struct plan_record r = {.event_type = "eventless",
				.data = "",
				.batch = batch,
				.batch_len = sizeof(batch) - 1,
				.user = true};
	const struct plan_finding *f;
	CU_ASSERT_EQUAL_FATAL(plan_check(c, &r, &f), 3);
	for (size_t i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(strncmp(batch + f[i].from, members[i], strlen(members[i])), 0);
	CU_ASSERT(f[0].from < f[1].from && f[1].from < f[2].from);
	plan_checker_free(c);
}

/* All that the platform would leave out is found. */
static void test_many(void)
{
	struct df_buf batch = {0};
	const struct plan_finding *f;
	struct plan_checker *c = plan_checker_new(shop, false);
	df_buf_adds(&batch, "\"user_attributes\":{\"newsletter\":\"x\"");
	for (int i = 0; i < 60; i++)
		df_buf_addf(&batch, ",\"a%d\":1", i);
	df_buf_adds(&batch, "},\"user_identities\":{\"google\":\"1\"}");
	struct plan_record r = {.event_type = "eventless",
				.data = "",
				.batch = batch.data,
				.batch_len = batch.len,
				.user = true};
	CU_ASSERT_EQUAL_FATAL(plan_check(c, &r, &f), 62);
	CU_ASSERT_FALSE(f[0].unplanned);
	TEXT_IS(f[60].pointer, "#/a59");
	CU_ASSERT(f[61].unplanned && f[61].part == PLAN_USER_IDENTITY);

	plan_checker_free(c);
	df_buf_free(&batch);
}

/* ---- documents ---- */

static struct plan *read_plan(const char *text, uint32_t version, struct df_err *err)
{
	struct plan *plan = NULL;
	memset(err, 0, sizeof(*err));
	return plan_read(text, strlen(text), version, &plan, err) == DF_OK ? plan : NULL;
}

#define V(n) "{\"version\":" #n ",\"version_document\":{\"data_points\":[]}}"

static void test_versions(void)
{
	struct df_err err;
	struct plan *plan = read_plan("{\"data_plan_versions\":[" V(1) "," V(4) "]}", 4, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
	CU_ASSERT_EQUAL(plan_version(plan), 4);
	plan_free(plan);
	CU_ASSERT_PTR_NULL(read_plan("{\"data_plan_versions\":[" V(1) "," V(4) "]}", 0, &err));
	TEXT_HAS(err.text, "set plan_version to one of them (1, 4)");
	CU_ASSERT_PTR_NULL(read_plan("{\"data_plan_versions\":[" V(1) "," V(4) "]}", 2, &err));
	TEXT_HAS(err.text, "version 2 is not in the file; there is 1, 4");
	CU_ASSERT_PTR_NULL(read_plan(V(3), 2, &err));
	TEXT_HAS(err.text, "version 2 is not in the file; there is 3");
	CU_ASSERT_PTR_NULL(read_plan("{\"version_document\":{\"data_points\":[]}}", 2, &err));
	TEXT_HAS(err.text, "no version of a data plan in the file that has a number");
	CU_ASSERT_PTR_NULL(read_plan("null\n", 0, &err));
	TEXT_HAS(err.text, "this is not a version of a data plan");
	CU_ASSERT_PTR_NULL(read_plan("null\n", 1, &err));
	CU_ASSERT_PTR_NULL(read_plan("[]", 0, &err));
	CU_ASSERT_PTR_NULL(read_plan("[{\"data_plan_versions\":[" V(1) "]},{}]", 0, &err));
	TEXT_HAS(err.text, "no version of a data plan in the file that has a number");
	plan = read_plan("{\"data_plan_versions\":[" V(7) "]}", 0, &err);
	CU_ASSERT_PTR_NOT_NULL(plan);
	plan_free(plan);
	CU_ASSERT_PTR_NULL(read_plan("{}", 0, &err));
	TEXT_HAS(err.text, "this is not a version of a data plan");
	CU_ASSERT_PTR_NULL(read_plan("{\n \"version\": nope}", 0, &err));
	TEXT_HAS(err.text, "line 2, column 1");
	CU_ASSERT_PTR_NULL(read_plan(V(1) " x", 0, &err));
}

#define POINT(definition)                                                                          \
	"{\"version_document\":{\"data_points\":[{\"match\":{\"type\":\"user_attributes\"},"       \
	"\"validator\":{\"type\":\"json_schema\",\"definition\":" definition "}}]}}"

static void remark_is(const char *text, const char *expected)
{
	struct df_err err;
	const struct plan_remark *remarks = NULL;
	struct plan *plan = read_plan(text, 0, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
	size_t n = plan_remarks(plan, &remarks);
	CU_ASSERT(n >= 1);
	if (n > 0)
		TEXT_HAS(remarks[0].text, expected);
	plan_free(plan);
}

static void test_remarks(void)
{
	remark_is(POINT("{\"patternProperties\":{}}"), "'patternProperties' is not enforced");
	remark_is(POINT("{\"properties\":{\"a\":{\"$ref\":\"#\"}}}"), "'$ref' is not enforced");
	remark_is(POINT("{\"properties\":{\"a\":{\"pattern\":\"(\"}}}"), "is not understood");
	remark_is(POINT("{\"properties\":{\"a\":{\"format\":\"color\"}}}"), "'color' is not known");
	remark_is(POINT("{\"properties\":{\"a\":{\"minimum\":\"1\"}}}"),
		  "'minimum' is not a number");
	remark_is(V(1), "no point is about user_attributes");
	remark_is("{\"version_document\":{\"data_points\":[{\"match\":{\"type\":\"odd\"}}]}}",
		  "'odd' is not known");
}

/* ---- hostile plans ---- */

static void test_depth(void)
{
	struct df_err err;
	struct df_buf text = {0};
	df_buf_adds(&text, "{\"version_document\":{\"data_points\":[{\"match\":{\"type\":"
			   "\"user_attributes\"},\"validator\":{\"definition\":");
	for (int i = 0; i < 30; i++)
		df_buf_adds(&text, "{\"properties\":{\"a\":");
	df_buf_adds(&text, "{}");
	for (int i = 0; i < 30; i++)
		df_buf_adds(&text, "}}");
	df_buf_adds(&text, "}}]}}");
	CU_ASSERT_PTR_NULL(read_plan(df_buf_cstr(&text), 0, &err));
	TEXT_HAS(err.text, "nested too deeply");
	df_buf_free(&text);
}

static void test_width(void)
{
	struct df_err err;
	struct df_buf text = {0};
	df_buf_adds(&text, "{\"version_document\":{\"data_points\":[");
	for (int i = 0; i < 300000; i++)
		df_buf_adds(&text, i > 0 ? ",{}" : "{}");
	df_buf_adds(&text, "]}}");
	CU_ASSERT_PTR_NULL(read_plan(df_buf_cstr(&text), 0, &err));
	TEXT_HAS(err.text, "more than 250000 objects");
	df_buf_free(&text);
}

static void test_costly_pattern(void)
{
	static const char text[] = POINT("{\"properties\":{\"a\":{\"pattern\":\"^(a+)+$\"}}}");
	struct df_err err;
	struct plan *plan = read_plan(text, 0, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
	TEXT_IS(
	    findings(plan, false, "eventless", "",
		     "\"user_attributes\":{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}"),
	    "invalid #/a");
	TEXT_IS(findings(plan, false, "eventless", "", "\"user_attributes\":{\"a\":\"aaa\"}"), "");
	plan_free(plan);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what a plan says", test_document},
	    {"which events are planned", test_events},
	    {"attributes of events", test_attributes_of_events},
	    {"numbers and booleans in strings", test_numbers_in_strings},
	    {"products", test_products},
	    {"attributes and identities of users", test_user},
	    {"where an unplanned member is", test_places},
	    {"places of identities", test_places_of_identities},
	    {"more than are said", test_many},
	    {"versions, and what is not a plan", test_versions},
	    {"what is not enforced is remarked", test_remarks},
	    {"schemas that are nested without end", test_depth},
	    {"more objects than any plan has", test_width},
	    {"patterns that take for ever", test_costly_pattern},
	    CU_TEST_INFO_NULL,
	};
	return test_main("plan", begin, end, tests);
}
