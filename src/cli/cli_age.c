/* SPDX-License-Identifier: MIT */
/* Ages and times of the command line. */
#include "cli.h"

#include <stdlib.h>
#include <time.h>

#define AGE_MAX_MS (INT64_C(1000) * 366 * 86400000) /* a thousand years */

bool cli_age(const char *text, int64_t *ms)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
	char *end = NULL;
	if (text[0] < '0' || text[0] > '9')
		return false;
	unsigned long long n = strtoull(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (end[0] != units[i].letter || end[1] != '\0' ||
		    n > (unsigned long long)(AGE_MAX_MS / units[i].ms))
			continue;
		*ms = (int64_t)n * units[i].ms;
		return true;
	}
	return false;
}

bool cli_since(const char *text, int64_t *ms)
{
	static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S",
					    "%Y-%m-%dT%H:%M:%SZ"};
	int64_t age = 0;
	if (cli_age(text, &age)) {
		*ms = df_now_ms() - age;
		return true;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);
		if (end == NULL || *end != '\0')
			continue;
		*ms = (int64_t)timegm(&tm) * 1000;
		return true;
	}
	return false;
}
