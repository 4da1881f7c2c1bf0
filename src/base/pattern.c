/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

/* POSIX knows [0-9] only, and everybody writes \d. */
static void add_digits(struct df_buf *out, bool in_brackets)
{
	df_buf_adds(out, in_brackets ? "0-9" : "[0-9]");
}

enum df_status df_pattern_compile(const char *pattern, regex_t *out, struct df_err *err)
{
	struct df_buf text = {.max = 64u << 10};
	bool in_brackets = false;
	for (const char *p = pattern; *p != '\0'; p++) {
		if (p[0] == '\\' && p[1] == 'd') {
			add_digits(&text, in_brackets);
			p++;
			continue;
		}
		if (p[0] == '\\' && p[1] != '\0' && !in_brackets)
			df_buf_addc(&text, *p++);
		else if (p[0] == '[')
			in_brackets = true;
		else if (p[0] == ']')
			in_brackets = false;
		df_buf_addc(&text, *p);
	}

	char why[128] = "";
	int code = text.over ? REG_ESPACE : regcomp(out, df_buf_cstr(&text), REG_EXTENDED);
	if (code != 0)
		regerror(code, NULL, why, sizeof(why));
	df_buf_free(&text);
	return code == 0 ? DF_OK
			 : df_fail(DF_USAGE, err, NULL, "not a regular expression: %s", why);
}
