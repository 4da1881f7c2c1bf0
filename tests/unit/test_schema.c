/* SPDX-License-Identifier: MIT */
/* The vendor's schema: what is suggested for a name that is not a path. */
#include "dropfeed/schema.h"

#include "test.h"

static void test_suggestions(void)
{
	static const struct {
		const char *event, *name, *near;
	} cases[] = {
	    /* known words of other systems, however they are written */
	    {"eventless", "USER_ID", "user_identities.customer_id"},
	    {"eventless", "Customer ID", "user_identities.customer_id"},
	    {"eventless", "E-Mail", "user_identities.email"},
	    {"custom_event", "email_address", "user_identities.email"},
	    {"eventless", "first_name", "user_attributes.$FirstName"},
	    {"commerce_event", "order_id", "events.data.product_action.transaction_id"},
	    {"screen_view", "page", "events.data.screen_name"},
	    /* a name that is near nothing is an attribute's, not an unrelated identity's */
	    {"eventless", "tier", "user_attributes.tier"},
	    {"eventless", "Loyalty Level", "user_attributes.Loyalty Level"},
	    {"custom_event", "tier", "events.data.custom_attributes.tier"},
	    {"eventless", "password", "user_attributes.password"},
	    /* the last part is a known word, of the object that was written */
	    {"custom_event", "device_info.idfa", "device_info.ios_advertising_id"},
	    {"custom_event", "events.data.timestamp", "events.data.timestamp_unixtime_ms"},
	    {"commerce_event", "events.data.product_action.products.qty",
	     "events.data.product_action.products.quantity"},
	    /* where the event's fields are */
	    {"custom_event", "custom_attributes.x", "events.data.custom_attributes.x"},
	    {"custom_event", "events.custom_attributes.x", "events.data.custom_attributes.x"},
	    {"custom_event", "events.event_name", "events.data.event_name"},
	    /* slips */
	    {"eventless", "enviroment", "environment"},
	    {"eventless", "user_identitys.email", "user_identities.email"},
	    {"custom_event", "events.data.evnt_name", "events.data.event_name"},
	    {"custom_event", "events[0].data.evnt_name", "events.data.event_name"},
	    {"eventless", "consent_state.ccpa.sale.consented",
	     "consent_state.ccpa.data_sale_opt_out.consented"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct schema_event *event =
		    schema_event_find(cases[i].event, strlen(cases[i].event));
		char near[256];
		schema_suggest(event, cases[i].name, strlen(cases[i].name), near, sizeof(near));
		if (strcmp(near, cases[i].near) != 0)
			printf("\n%s: suggested %s\n", cases[i].name, near);
		CU_ASSERT_STRING_EQUAL(near, cases[i].near);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"suggestions", test_suggestions},
	    CU_TEST_INFO_NULL,
	};
	return test_main("schema", NULL, NULL, tests);
}
