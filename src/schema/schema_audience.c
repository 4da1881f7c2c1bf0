/* SPDX-License-Identifier: MIT */
/*
 * Membership of audiences, which is not of the vendor's schema: each row says whether a user is in
 * one. The columns are audience.id, audience.name and audience.member, beside identities.
 */
#include "dropfeed/schema.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct schema_field member_fields[] = {
    {"id", SCHEMA_STRING, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
    {"name", SCHEMA_STRING, SCHEMA_ONE, 0, NULL, NULL},
    {"member", SCHEMA_BOOLEAN, SCHEMA_ONE, SCHEMA_REQUIRED, NULL, NULL},
};
const struct schema_object schema_audience_member = {member_fields, COUNT(member_fields)};

static const struct schema_field root_fields[] = {
    {"user_identities", SCHEMA_OBJECT, SCHEMA_ONE, 0, NULL, &schema_identities},
    {"mpid", SCHEMA_INTEGER, SCHEMA_ONE, SCHEMA_ID, NULL, NULL},
};
const struct schema_object schema_audience = {root_fields, COUNT(root_fields)};

bool schema_type_audience(const char *name)
{
	return strcmp(name, "audience") == 0;
}
