/* SPDX-License-Identifier: MIT */
/* Why a name was not resolved. */
#include "dropfeed/schema.h"

#include <stdio.h>

void schema_path_explain(const struct schema_event *event, const struct schema_path_fault *fault,
			 char *out, size_t size)
{
	char near[256] = "";
	const char *name = fault->name;
	int shown = fault->len > 200 ? 200 : (int)fault->len;
	switch (fault->why) {
	case SCHEMA_PATH_SECRET:
		snprintf(out, size,
			 "'%.*s' must not come from a file: set api_key in the feed's settings",
			 shown, name);
		return;
	case SCHEMA_PATH_EVENTLESS:
		snprintf(out, size, "'%.*s' belongs to an event, but the document is eventless",
			 shown, name);
		return;
	case SCHEMA_PATH_OTHER:
		snprintf(out, size, "'%.*s' belongs to %s, but the document is %s", shown, name,
			 fault->other->name, event->name);
		return;
	case SCHEMA_PATH_NO_KEY:
	case SCHEMA_PATH_OK:
	case SCHEMA_PATH_WHOLE:
	case SCHEMA_PATH_UNKNOWN:
		break;
	}

	schema_suggest(event, name, fault->len, near, sizeof(near));
	if (fault->len == 0)
		snprintf(out, size, "a column has no name");
	else if (fault->why == SCHEMA_PATH_NO_KEY)
		snprintf(out, size, "'%.*s' is incomplete; a name is missing, as in '%s'", shown,
			 name, near);
	else if (fault->why == SCHEMA_PATH_WHOLE)
		snprintf(out, size, "'%.*s' holds several fields: name one of them, such as '%s'",
			 shown, name, near);
	else
		snprintf(out, size, "'%.*s' is not a path of %s documents; did you mean '%s'?",
			 shown, name, event->name, near);
}
