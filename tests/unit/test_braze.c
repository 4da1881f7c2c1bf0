/* SPDX-License-Identifier: MIT */
/* What becomes of a batch at Braze; tests/run-braze compares with a model over random documents. */
#include "dropfeed/braze.h"
#include "test.h"

#define BEGUN INT64_C(1768206600000)

static struct conf_feed *feed;
static bool audience;

static int begin(void)
{
	feed = conf_feed_default("f");
	return 0;
}

static int end(void)
{
	conf_feed_free(feed);
	return 0;
}

/* The objects, one after the other, or the fault's code. */
static const char *mapped(const char *json, bool truncate)
{
	static char out[8192];
	const struct braze b = {
	    .set = &feed->braze, .truncate = truncate, .audience = audience, .begun_ms = BEGUN};
	struct braze_objects o = {0};
	struct braze_fault fault = {0};
	out[0] = '\0';
	if (!braze_map(&b, json, strlen(json), &o, &fault))
		snprintf(out, sizeof(out), "%s", fault.code);
	for (size_t i = 0; i < o.n && fault.code == NULL; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%.2s%.*s ",
			 braze_array_names[o.v[i].array], (int)o.v[i].len,
			 o.text.data + o.v[i].from);
	braze_objects_free(&o);
	return out;
}

static void set(const char *key, const char *value)
{
	struct df_err err = {0};
	OK(conf_feed_set(feed, key, value, &err));
}

#define USER(attributes)                                                                           \
	"{\"user_attributes\":{" attributes "},\"user_identities\":{\"customer_id\":\"C\"}}"
#define IS_USER(attributes, wanted)                                                                \
	TEXT_IS(mapped(USER(attributes), false), "at{\"external_id\":\"C\"" wanted "} ")

static void test_user(void)
{
	IS_USER("", "");
	IS_USER("\"$FirstName\":\"A\",\"$$x\":\"1\"", ",\"first_name\":\"A\",\"x\":\"1\"");
	IS_USER("\"$Age\":\"41\"", ",\"dob\":\"1985-01-01\"");
	IS_USER("\"$Age\":\"41\",\"dob\":\"1980-02-03\"", ",\"dob\":\"1980-02-03\"");
	IS_USER("\"external_id\":\"x\",\"braze_id\":\"y\",\"$\":\"z\"", "");
	IS_USER("\"a\":\"1\",\"$a\":\"2\"", ",\"a\":\"1\"");
	IS_USER("\"say \\\"hi\\\"\":\"b\\\\\"", ",\"say \\\"hi\\\"\":\"b\\\\\"");
	IS_USER("\"email_subscribe\":\" UNSUBSCRIBED\",\"push_subscribe\":\"Opted_In\"",
		",\"email_subscribe\":\"unsubscribed\",\"push_subscribe\":\"opted_in\"");
	IS_USER("\"email_subscribe\":\"No\",\"x\":\"Subscribed\"",
		",\"email_subscribe\":\"No\",\"x\":\"Subscribed\"");
	TEXT_IS(mapped("{\"user_identities\":{\"email\":\"a@b.c\"}}", false), "missing-identity");
	TEXT_IS(mapped("{\"mpid\":1}", false), "missing-identity");
}

static void test_twitter(void)
{
	static const struct {
		const char *value, *wanted;
	} ids[] = {{"123456", "{\"id\":123456}"},
		   {"1580661436132757506", "{\"id\":1580661436132757506}"},
		   {"9223372036854775807", "{\"id\":9223372036854775807}"},
		   {"9223372036854775808", "{\"screen_name\":\"9223372036854775808\"}"},
		   {"0123", "{\"screen_name\":\"0123\"}"},
		   {"bird", "{\"screen_name\":\"bird\"}"}};
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		char json[160];
		snprintf(json, sizeof(json),
			 "{\"user_identities\":{\"customer_id\":\"C\",\"twitter\":\"%s\"}}",
			 ids[i].value);
		TEXT_HAS(mapped(json, false), ids[i].wanted);
	}
}

/* name, id, member of each audience. */
static void add_audience(struct df_buf *json, const char *id, const char *name, bool member)
{
	df_buf_addf(json, "%s{\"data\":{\"id\":\"%s\",\"name\":\"%s\",\"member\":%s}}",
		    json->data[json->len - 1] == '[' ? "" : ",", id, name,
		    member ? "true" : "false");
}

/* More than an object may have members; each name once, and the last of two rows about one
 * audience. */
static void test_audiences(void)
{
	const struct braze b = {.set = &feed->braze, .audience = true, .begun_ms = BEGUN};
	struct df_buf json = {0};
	struct braze_objects o = {0};
	struct braze_fault fault = {0};
	char id[32], name[64];
	df_buf_adds(&json, "{\"user_identities\":{\"customer_id\":\"C\"},\"events\":[");
	add_audience(&json, "left", "Left", true);
	for (int i = 0; i < 1200; i++) {
		snprintf(id, sizeof(id), "%d", i);
		snprintf(name, sizeof(name), "Audience %d", i % 1100);
		add_audience(&json, id, name, i >= 1100);
	}
	add_audience(&json, "left", "Left", false);
	df_buf_adds(&json, "]}");
	set("audiences", "string array attribute");
	CU_ASSERT_TRUE_FATAL(braze_map(&b, json.data, json.len, &o, &fault));

	uint64_t members = 0;
	for (size_t i = 0; i < o.n; i++) {
		CU_ASSERT(o.v[i].array == BRAZE_ATTRIBUTES);
		CU_ASSERT(o.v[i].event == BRAZE_NO_EVENT);
		CU_ASSERT(o.v[i].members <= 512);
		CU_ASSERT(strncmp(o.text.data + o.v[i].from, "{\"external_id\":\"C\",", 19) == 0);
		members += o.v[i].members - 1;
	}
	CU_ASSERT(o.n == 3);
	CU_ASSERT(members == 2 + 1101);
	df_buf_cstr(&o.text);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.text.data, "\"In Left\":false"));
	CU_ASSERT_PTR_NOT_NULL(strstr(o.text.data, "\"In Audience 7\":true"));
	CU_ASSERT_PTR_NOT_NULL(strstr(o.text.data, "\"In Audience 700\":false"));
	CU_ASSERT(o.cut == 2); /* the text and the list are full */
	braze_objects_free(&o);
	df_buf_free(&json);
	set("audiences", "string");
}

/* A row whose event the data plan leaves out says nothing about audiences. */
static void test_no_audience(void)
{
	audience = true;
	TEXT_IS(mapped("{\"user_identities\":{\"customer_id\":\"C\"}}", false),
		"at{\"external_id\":\"C\"} ");
	audience = false;
}

static void test_types(void)
{
	set("type_detection", "attributes");
	IS_USER("\"a\":\"-1\",\"b\":\"1.50\",\"c\":\"TRUE\",\"d\":\"01\",\"e\":\"1.\",\"f\":\"\"",
		",\"a\":-1,\"b\":1.50,\"c\":true,\"d\":\"01\",\"e\":\"1.\",\"f\":\"\"");
	IS_USER("\"$Zip\":\"12345\",\"a\":\"1e3\",\"b\":\"0\",\"c\":\"-\",\"d\":\"0.0\"",
		",\"Zip\":\"12345\",\"a\":\"1e3\",\"b\":0,\"c\":\"-\",\"d\":0.0");
	IS_USER("\"a\":\"999999999999999999\",\"b\":\"9999999999999999999\"",
		",\"a\":999999999999999999,\"b\":\"9999999999999999999\"");
	set("type_detection", "none");
}

/* Characters are counted, not bytes, and an escape is one. */
/* An event that lists nothing is sent; an identity that is too long is not cut to somebody
 * else's. */
static void test_nothing_lost(void)
{
	static const char event[] =
	    "{\"user_identities\":{\"customer_id\":\"C\"},\"events\":[{\"data\":{"
	    "\"timestamp_unixtime_ms\":0,\"promotion_action\":{\"action\":\"view\"}},"
	    "\"event_type\":\"commerce_event\"}]}";
	TEXT_IS(mapped(event, false), "ev{\"external_id\":\"C\",\"name\":\"eCommerce - view - "
				      "Total\",\"time\":\"1970-01-01T00:00:00.000Z\"} ");
	char *json = df_format("{\"user_identities\":{\"customer_id\":\"%0256d\"}}", 1);
	TEXT_IS(mapped(json, true), "too-long");
	free(json);
	json =
	    df_format("{\"user_identities\":{\"customer_id\":\"C\",\"facebook\":\"%0256d\"}}", 1);
	TEXT_IS(mapped(json, true), "too-long");
	free(json);
}

static void test_limits(void)
{
	char text[2048], json[4096], *at = text;
	for (int i = 0; i < 256; i++)
		at += sprintf(at, "%s", i % 2 == 0 ? "\\\"" : "é");
	snprintf(json, sizeof(json), USER("\"a\":\"%s\""), text);
	TEXT_IS(mapped(json, false), "too-long");
	const char *cut = mapped(json, true);
	CU_ASSERT_EQUAL(strlen(cut),
			strlen("at{\"external_id\":\"C\",\"a\":\"\"} ") + strlen(text) - 2);
	snprintf(json, sizeof(json), USER("\"%s\":\"1\""), text);
	TEXT_IS(mapped(json, false), "too-long");
	at[-2] = '\0';
	snprintf(json, sizeof(json), USER("\"a\":\"%s\""), text);
	TEXT_HAS(mapped(json, false), "external_id");
}

#define IS_GROUP(value, state)                                                                     \
	IS_USER("\"sms\":" value, ",\"subscription_groups\":[{\"subscription_group_id\":\"g2\","   \
				  "\"subscription_state\":\"" state "\"}]")

/* Names of settings are compared with what JSON writes. */
static void test_groups(void)
{
	set("subscription_groups", "\"my \"\"news\"\":g-1\" sms:g2");
	IS_USER("\"my \\\"news\\\"\":\"true\",\"sms\":\"FALSE\",\"x\":\"1\"",
		",\"x\":\"1\",\"subscription_groups\":[{\"subscription_group_id\":\"g-1\","
		"\"subscription_state\":\"subscribed\"},{\"subscription_group_id\":\"g2\","
		"\"subscription_state\":\"unsubscribed\"}]");
	IS_GROUP("\"t\"", "subscribed");
	IS_GROUP("\" T \"", "subscribed");
	IS_GROUP("\"1\"", "subscribed");
	IS_GROUP("true", "subscribed");
	IS_GROUP("\"f\"", "unsubscribed");
	IS_GROUP("\"0\"", "unsubscribed");
	IS_GROUP("false", "unsubscribed");
	TEXT_HAS(mapped(USER("\"sms\":\"unsubscribed\""), false), "not-a-boolean");
	TEXT_HAS(mapped(USER("\"sms\":\" \""), false), "not-a-boolean");
	TEXT_HAS(mapped(USER("\"sms\":[\"true\"]"), false), "not-a-boolean");
	set("subscription_groups", "x:y");
}

static void test_times(void)
{
#define EVENT(data)                                                                                \
	"{\"user_identities\":{\"customer_id\":\"C\"},\"events\":[{\"data\":{\"event_name\":"      \
	"\"N\"" data "},\"event_type\":\"custom_event\"}]}"
#define IS_EVENT(data, wanted)                                                                     \
	TEXT_IS(mapped(EVENT(data), false), "ev{\"external_id\":\"C\",\"name\":\"N\"," wanted "}"  \
					    " ")
	IS_EVENT(",\"timestamp_unixtime_ms\":1768206600007",
		 "\"time\":\"2026-01-12T08:30:00.007Z\"");
	IS_EVENT("", "\"time\":\"2026-01-12T08:30:00.000Z\"");
	IS_EVENT(",\"custom_attributes\":{\"$time\":\"1\",\"event_name\":\"2\",\"x\":\"3\"}",
		 "\"time\":\"2026-01-12T08:30:00.000Z\",\"properties\":{\"x\":\"3\"}");
	TEXT_IS(mapped(EVENT(",\"custom_attributes\":{\"x\":[\"3\"]}"), false), "not-allowed");
}

static void test_settings(void)
{
	struct df_err err = {0};
	set("external_id", "other2");
	TEXT_IS(feed->braze.external_id, "other_id_2");
	IS(conf_feed_set(feed, "external_id", "mpid", &err), DF_USAGE);
	IS(conf_feed_set(feed, "instance", "us-09", &err), DF_USAGE);
	set("instance", "EU-02");
	TEXT_IS(feed->send.endpoint, "https://rest.fra-02.braze.eu");
	IS(conf_feed_set(feed, "instance", "http://example.com", &err), DF_USAGE);
	IS(conf_feed_set(feed, "subscription_groups", "news", &err), DF_USAGE);
	IS(conf_feed_set(feed, "subscription_groups", "news:a\"b", &err), DF_USAGE);
	IS(conf_feed_set(feed, "consent", "ads:other", &err), DF_USAGE);
	set("consent", "ads:$google_ad_user_data");
	set("external_id", "customer_id");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a user", test_user},
	    {"the id of a Twitter user", test_twitter},
	    {"audiences", test_audiences},
	    {"no audience", test_no_audience},
	    {"types", test_types},
	    {"nothing lost", test_nothing_lost},
	    {"limits", test_limits},
	    {"subscription groups", test_groups},
	    {"times and properties", test_times},
	    {"settings", test_settings},
	    CU_TEST_INFO_NULL,
	};
	return test_main("braze", begin, end, tests);
}
