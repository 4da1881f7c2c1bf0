/* SPDX-License-Identifier: MIT */
/* Addresses that people write where a form demands one: both parts say that there is none. One part
 * alone may be a person's name, or a company's. */
#include "map_mail.h"

#include <string.h>
#include <strings.h>

#define LONGEST_END    4u /* .com */
#define LONGEST        9u /* of the words below */
#define SHORTEST_OTHER 4u /* where the second part is another one of them */

static const char *const nobody[] = {
    "none",      "no",       "na",       "n/a",       "nil",      "null",   "unknown",
    "undefined", "noemail",  "no-email", "no_email",  "no.email", "nomail", "no-mail",
    "noreply",   "no-reply", "nobody",   "anonymous", "invalid",  "test",   "x",
    "xx",        "xxx",      "a",        "aa",        "aaa",
};

/* As the second part, after one of those above. */
static const char *const anywhere[] = {"email", "mail", "nowhere", "domain"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_one_of(const char *const *list, size_t n, const char *p, size_t len)
{
	for (size_t i = 0; i < n && len > 0; i++) {
		bool begins = ((list[i][0] ^ p[0]) & ~('a' ^ 'A')) == 0; /* few do */
		if (begins && strlen(list[i]) == len && strncasecmp(list[i], p, len) == 0)
			return true;
	}
	return false;
}

bool map_mail_of_nobody(const char *p, size_t len, size_t at)
{
	if (at > LONGEST || !is_one_of(nobody, COUNT(nobody), p, at))
		return false;

	const char *host = p + at + 1;
	size_t left = len - at - 1;
	const char *dot = memrchr(host, '.', left);
	size_t first = dot != NULL ? (size_t)(dot - host) : left;
	size_t end = left - first;
	if (first == 0 || end > LONGEST_END || memchr(host, '@', left) != NULL)
		return false;
	bool same = first == at && strncasecmp(host, p, at) == 0;
	/* t@t.example and the like are short names: only what repeats itself */
	return same ||
	       (at > 1 && first >= SHORTEST_OTHER &&
		is_one_of(nobody, COUNT(nobody), host, first)) ||
	       (at > 1 && is_one_of(anywhere, COUNT(anywhere), host, first));
}

static uint64_t lengths_of(const char *const *list, size_t n, size_t least)
{
	uint64_t bits = 0;
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) >= least)
			bits |= UINT64_C(1) << strlen(list[i]);
	return bits;
}

void map_mail_add(struct map_first firsts[256])
{
	const uint64_t others = lengths_of(nobody, COUNT(nobody), SHORTEST_OTHER) |
				lengths_of(anywhere, COUNT(anywhere), 1);
	for (size_t i = 0; i < COUNT(nobody); i++) {
		size_t len = strlen(nobody[i]);
		uint64_t hosts = UINT64_C(1) << len | (len > 1 ? others : 0), lengths = 0;
		const char begin[] = {nobody[i][0], len > 1 ? nobody[i][1] : '@', '\0'};
		for (size_t end = 0; end <= LONGEST_END; end++)
			lengths |= hosts << (len + 1 + end);
		map_first_add(firsts, begin, lengths);
	}
}
