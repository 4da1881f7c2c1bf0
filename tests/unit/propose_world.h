/* SPDX-License-Identifier: MIT */
/* propose_world.h - a proposal for a file that a test writes as text */
#ifndef PROPOSE_WORLD_H
#define PROPOSE_WORLD_H

#include "../../src/propose/propose_time.h"
#include "helper_map.h"

/* The proposal for a header and its rows, cells apart by '|', rows by '\n'. */
static TEST_UNUSED struct df_buf proposal;

static TEST_UNUSED void split(char *line, struct rows_cell *cells, size_t *n)
{
	*n = 0;
	for (char *s = line;; s++) {
		size_t len = strcspn(s, "|");
		cells[(*n)++] = (struct rows_cell){s, len};
		s += len;
		if (*s == '\0')
			return;
	}
}

static TEST_UNUSED enum df_status propose(const struct conf_feed *feed, const char *event,
					  bool header, const char *text)
{
	struct rows_cell cells[MAX_CELLS];
	struct propose *p = NULL;
	struct propose_trial trial = {0};
	struct df_err err = {0};
	enum df_status st = DF_OK;
	char *copy = df_strdup(text), *save = NULL;
	size_t n = 0;
	bool first = true;
	df_buf_reset(&proposal);
	for (char *line = strtok_r(copy, "\n", &save); line != NULL && st == DF_OK;
	     line = strtok_r(NULL, "\n", &save)) {
		split(line, cells, &n);
		if (first)
			st = propose_open(feed, event, &(struct propose_first){cells, n, header},
					  &p, &err);
		if (st == DF_OK && !(first && header))
			propose_row(p, cells, n);
		first = false;
	}
	if (st == DF_OK)
		st = propose_decide(p, "stem", &err);
	if (st == DF_OK)
		propose_write(p, &trial, &proposal);
	snprintf(got.code, sizeof(got.code), "%s", err.code);
	df_buf_cstr(&proposal);
	propose_close(p);
	free(copy);
	return st;
}

static TEST_UNUSED bool says(const char *text)
{
	bool found = proposal.len > 0 && strstr(df_buf_cstr(&proposal), text) != NULL;
	if (!found)
		printf("\n  no %s in\n%s\n", text, proposal.len > 0 ? proposal.data : "");
	return found;
}

#define IDS "user_identities."

#define LACKS(text) CU_ASSERT_PTR_NULL(strstr(df_buf_cstr(&proposal), text))

#endif
