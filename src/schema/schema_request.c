/* SPDX-License-Identifier: MIT */
/*
 * Data subject requests (OpenDSR 3.0, as the platform has it): the columns are identities under the
 * names they have in a batch, and what is asked for. The order matters: a record's identities are
 * in it, and mpid excludes the others.
 */
#include "dropfeed/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ID(name, type)                                                                             \
	{                                                                                          \
		name, type, SCHEMA_ONE, SCHEMA_ID, NULL, NULL                                      \
	}

const char *const schema_regulations[] = {"gdpr", "ccpa", NULL};

static const struct schema_field device_fields[] = {
    ID("android_uuid", SCHEMA_STRING),
    ID("ios_advertising_id", SCHEMA_UUID),
    ID("ios_idfv", SCHEMA_UUID),
    ID("android_advertising_id", SCHEMA_UUID),
    ID("roku_advertising_id", SCHEMA_UUID),
    ID("roku_publisher_id", SCHEMA_UUID),
    ID("microsoft_advertising_id", SCHEMA_STRING),
    ID("fire_advertising_id", SCHEMA_UUID),
};
static const struct schema_object device = {device_fields, COUNT(device_fields)};

static const struct schema_field identity_fields[] = {
    ID("other", SCHEMA_STRING),          ID("customer_id", SCHEMA_STRING),
    ID("facebook", SCHEMA_STRING),       ID("twitter", SCHEMA_STRING),
    ID("google", SCHEMA_STRING),         ID("microsoft", SCHEMA_STRING),
    ID("yahoo", SCHEMA_STRING),          ID("email", SCHEMA_STRING),
    ID("alias", SCHEMA_STRING),          ID("facebook_custom_audience_id", SCHEMA_STRING),
    ID("other_id_2", SCHEMA_STRING),     ID("other_id_3", SCHEMA_STRING),
    ID("other_id_4", SCHEMA_STRING),     ID("other_id_5", SCHEMA_STRING),
    ID("other_id_6", SCHEMA_STRING),     ID("other_id_7", SCHEMA_STRING),
    ID("other_id_8", SCHEMA_STRING),     ID("other_id_9", SCHEMA_STRING),
    ID("other_id_10", SCHEMA_STRING),    ID("mobile_number", SCHEMA_STRING),
    ID("phone_number_2", SCHEMA_STRING), ID("phone_number_3", SCHEMA_STRING),
};
const struct schema_object schema_identities = {identity_fields, COUNT(identity_fields)};

static const struct schema_field asked_fields[] = {
    {"regulation", SCHEMA_ENUM, SCHEMA_ONE, SCHEMA_REQUIRED, schema_regulations, NULL},
    {"submitted_time", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_INSTANT, NULL, NULL},
    {"id", SCHEMA_UUID, SCHEMA_ONE, 0, NULL, NULL},
    {"group_id", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"skip_waiting_period", SCHEMA_BOOLEAN, SCHEMA_ONE, 0, NULL, NULL},
};
static const struct schema_object asked = {asked_fields, COUNT(asked_fields)};

static const struct schema_field request_fields[] = {
    ID("mpid", SCHEMA_INTEGER),
    {"device_info", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &device},
    {"user_identities", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &schema_identities},
    {"request", SCHEMA_OBJECT, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, &asked},
};
const struct schema_object schema_request = {request_fields, COUNT(request_fields)};

bool schema_type_requests(const char *name)
{
	const struct schema_event *event = schema_event_find(name, strlen(name));
	return event != NULL && schema_event_requests(event);
}

/* Each row names a profile by its mpid, and says by what, and when, it was found. */
bool schema_request_ignores(const char *column)
{
	static const char *const names[] = {"scanned_timestamp_ms", "identity_value",
					    "identity_type"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(column, names[i]) == 0)
			return true;
	return false;
}
