/* SPDX-License-Identifier: MIT */
/* Ages and times of the command line. */
#include "cli.h"

#include "dropfeed/time.h"

bool cli_age(const char *text, int64_t *ms)
{
	return time_span_parse(text, strlen(text), ms);
}

bool cli_since(const char *text, int64_t *ms)
{
	if (!cli_age(text, ms))
		return time_moment_parse(text, strlen(text), ms);
	*ms = df_now_ms() - *ms;
	return true;
}
