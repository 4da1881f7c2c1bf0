/* SPDX-License-Identifier: MIT */
/* Addresses that people write where a form demands one: both parts say that there is none. One part
 * alone may be a person's name, or a company's. */
#include "map_mail.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LONGEST_END 4u /* .com */
#define LONGEST     9u /* of the words below */

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
	return same || (at > 1 && first > 3 && is_one_of(nobody, COUNT(nobody), host, first)) ||
	       (at > 1 && is_one_of(anywhere, COUNT(anywhere), host, first));
}

static void add_lengths(uint64_t *bits, const char *local, const char *host)
{
	for (size_t end = 0; end <= LONGEST_END; end++)
		*bits |= UINT64_C(1) << (strlen(local) + 1 + strlen(host) + end);
}

void map_mail_lengths(uint64_t lengths[256])
{
	for (size_t i = 0; i < COUNT(nobody); i++) {
		uint64_t bits = 0;
		add_lengths(&bits, nobody[i], nobody[i]);
		for (size_t k = 0; strlen(nobody[i]) > 1 && k < COUNT(nobody); k++)
			if (strlen(nobody[k]) > 3)
				add_lengths(&bits, nobody[i], nobody[k]);
		for (size_t k = 0; strlen(nobody[i]) > 1 && k < COUNT(anywhere); k++)
			add_lengths(&bits, nobody[i], anywhere[k]);
		lengths[(unsigned char)nobody[i][0]] |= bits;
		lengths[(unsigned char)toupper((unsigned char)nobody[i][0])] |= bits;
	}
}
