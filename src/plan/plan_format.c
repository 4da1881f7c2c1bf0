/* SPDX-License-Identifier: MIT */
/* The formats of strings (JSON Schema validation, draft 7, section 7.3) that are checked. */
#include "plan_node.h"

#include <arpa/inet.h>
#include <strings.h>

static const struct {
	const char *name;
	enum plan_format format;
} formats[] = {
    {"date-time", PLAN_FORMAT_DATE_TIME}, {"date", PLAN_FORMAT_DATE}, {"time", PLAN_FORMAT_TIME},
    {"email", PLAN_FORMAT_EMAIL},         {"uuid", PLAN_FORMAT_UUID}, {"ipv4", PLAN_FORMAT_IPV4},
    {"ipv6", PLAN_FORMAT_IPV6},           {"uri", PLAN_FORMAT_URI},
};

bool plan_format_find(const char *name, enum plan_format *out)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i].name, name) == 0) {
			*out = formats[i].format;
			return true;
		}
	return false;
}

const char *plan_format_name(enum plan_format format)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].format == format)
			return formats[i].name;
	return "";
}

struct text {
	const char *p, *end;
};

static bool digits_between(struct text *t, int n, int min, int max, int *out)
{
	int value = 0;
	if (t->end - t->p < n)
		return false;
	for (int i = 0; i < n; i++) {
		if (t->p[i] < '0' || t->p[i] > '9')
			return false;
		value = value * 10 + (t->p[i] - '0');
	}
	t->p += n;
	if (out != NULL)
		*out = value;
	return value >= min && value <= max;
}

static bool one_of(struct text *t, const char *chars)
{
	if (t->p == t->end || *t->p == '\0' || strchr(chars, *t->p) == NULL)
		return false;
	t->p++;
	return true;
}

static bool date(struct text *t)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;
	if (!digits_between(t, 4, 0, 9999, &year) || !one_of(t, "-") ||
	    !digits_between(t, 2, 1, 12, &month) || !one_of(t, "-") ||
	    !digits_between(t, 2, 1, days[month - 1], &day))
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month != 2 || day < 29 || leap;
}

/* RFC 3339, section 5.6. The zone may lack its colon or its minutes, as ISO 8601 allows and
 * validators that others use do not mind. */
static bool is_time_of_day(struct text *t, bool zone)
{
	int second;
	if (!digits_between(t, 2, 0, 23, NULL) || !one_of(t, ":") ||
	    !digits_between(t, 2, 0, 59, NULL) || !one_of(t, ":") ||
	    !digits_between(t, 2, 0, 60, &second))
		return false;

	if (one_of(t, ".")) {
		if (!digits_between(t, 1, 0, 9, NULL))
			return false;
		while (digits_between(t, 1, 0, 9, NULL))
			;
	}
	if (one_of(t, "zZ"))
		return true;
	if (!one_of(t, "+-"))
		return !zone;
	if (!digits_between(t, 2, 0, 23, NULL))
		return false;
	if (t->p == t->end)
		return true;
	(void)one_of(t, ":");
	return digits_between(t, 2, 0, 59, NULL);
}

static bool address(int family, const char *p, size_t len)
{
	char text[64];
	unsigned char out[16];
	if (len >= sizeof(text))
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	return strlen(text) == len && inet_pton(family, text, out) == 1;
}

static bool uuid(const char *p, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? p[i] != '-'
			 : strchr("0123456789abcdefABCDEF", p[i]) == NULL || p[i] == '\0')
			return false;
	}
	return true;
}

/* RFC 3986, section 3.1: a scheme and something after it; no blanks. */
static bool uri(const char *p, size_t len)
{
	const char *colon = memchr(p, ':', len);
	if (colon == NULL || colon == p || colon + 1 == p + len || p[0] < 'A')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] <= ' ' || strchr("<>\"{}|\\^`", p[i]) != NULL)
			return false;
	for (const char *s = p; s < colon; s++)
		if (strchr("+-.", *s) == NULL && (*s < '0' || *s > '9') &&
		    ((*s | 0x20) < 'a' || (*s | 0x20) > 'z'))
			return false;
	return true;
}

static bool email(const char *p, size_t len)
{
	const char *at = memrchr(p, '@', len);
	return at != NULL && at > p && at + 1 < p + len && memchr(p, ' ', len) == NULL;
}

bool plan_format_fits(enum plan_format format, const char *p, size_t len)
{
	struct text t = {p, p + len};
	switch (format) {
	case PLAN_FORMAT_NONE:
		return true;
	case PLAN_FORMAT_DATE_TIME:
		return date(&t) && one_of(&t, "tT ") && is_time_of_day(&t, true) && t.p == t.end;
	case PLAN_FORMAT_DATE:
		return date(&t) && t.p == t.end;
	case PLAN_FORMAT_TIME:
		return is_time_of_day(&t, false) && t.p == t.end;
	case PLAN_FORMAT_EMAIL:
		return email(p, len);
	case PLAN_FORMAT_UUID:
		return uuid(p, len);
	case PLAN_FORMAT_IPV4:
		return address(AF_INET, p, len);
	case PLAN_FORMAT_IPV6:
		return address(AF_INET6, p, len);
	case PLAN_FORMAT_URI:
		return uri(p, len);
	}
	return true;
}
