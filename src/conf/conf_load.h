/* SPDX-License-Identifier: MIT */
/* conf_load.h - a configuration that is being read */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "conf_key.h"

struct conf_section {
	enum { SECTION_NONE, SECTION_UNKNOWN, SECTION_MAIN, SECTION_FEED } kind;
	int line;
	int key_line[CONF_MAX_KEYS]; /* where each key was set, 0: nowhere */
	/* its value was refused: nobody knows what else the feed needs */
	bool sink_unclear;
};

struct conf_loader {
	char *base; /* folder of relative paths */
	struct conf *conf;
	struct conf_problems *problems;
	int line; /* of what is looked at */
	struct conf_section here;
	int main_line;
	bool no_secrets; /* none is read */
};

/* Enters a mistake. conf_problems.c */
void conf_load_complain(struct conf_loader *l, int line, const char *fmt, ...) DF_PRINTF(3, 4);
bool conf_problems_has(const struct conf_problems *problems, int line); /* one on that line */
void conf_problems_sort(struct conf_problems *problems);                /* by their lines */

/* What only a whole section shows: keys that contradict each other, and those that are missing. A
 * key with a bad value counts as given: one mistake, one message. */
void conf_section_end(struct conf_loader *l);

#endif
