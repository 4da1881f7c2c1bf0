/* SPDX-License-Identifier: MIT */
/*
 * conf_ini.h - the lines of an INI file: sections, and keys with their values
 *
 *	struct conf_ini ini = {.text = text, .len = len, .is_key = looks_like_key};
 *	while (conf_ini_next(&ini)) ... ini.kind, ini.line, ini.name, ini.value, ini.problem
 *
 * A comment is a line that begins with '#' or ';'. Between a key and its value is '=' or ':'.
 * Blanks around a value are removed, blanks inside are kept. A line that is indented deeper than
 * the key above continues its value, with one blank in between; comments may come between the two,
 * an empty line ends the value. Lines end with LF or CRLF and may have any length; a UTF-8 BOM is
 * skipped.
 */
#ifndef DROPFEED_CONF_INI_H
#define DROPFEED_CONF_INI_H

#include <stdbool.h>
#include <stddef.h>

enum conf_ini_kind { CONF_INI_SECTION, CONF_INI_KEY, CONF_INI_OTHER };

struct conf_ini {
	/* set by the caller; the text is NUL-terminated, is written to, and has to outlive what
	 * is found in it */
	char *text;
	size_t len;
	/* Is this the name of a key? Then `name =` begins a key of its own however deep it is
	 * indented. NULL: never. */
	bool (*is_key)(const char *name);

	/* what conf_ini_next found; borrowed from the text */
	enum conf_ini_kind kind;
	int line;            /* where it begins, from 1 */
	const char *name;    /* the key, or the section's title; NULL when it cannot be read */
	char *value;         /* of a key */
	const char *problem; /* what is wrong with the line, or NULL */

	/* the reader's own */
	size_t at;
	int lines;
};

/* Finds the next section, key, or line that is neither (CONF_INI_OTHER, with a problem). False
 * at the end. */
bool conf_ini_next(struct conf_ini *ini);

/* Values are taken as they are. These find one that was written as other programs want it. */

/* Where a comment after the value seems to begin, or NULL: '#' or ';' after a blank, or first
 * and not alone. */
char *conf_ini_comment(char *value);
/* Is the value in quotes? */
bool conf_ini_quoted(const char *value);
/* Removes the backslashes that keep a value from being taken for one of the two: "\#" or "\;"
 * after a blank, and before the first character. */
void conf_ini_unescape(char *value);

#endif
