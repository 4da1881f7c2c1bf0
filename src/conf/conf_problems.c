/* SPDX-License-Identifier: MIT */
/* The mistakes of a configuration. */
#include "conf_load.h"

#include <stdio.h>
#include <stdlib.h>

void conf_load_complain(struct conf_loader *l, int line, const char *fmt, ...)
{
	char text[DF_ERR_TEXT];
	va_list ap;
	va_start(ap, fmt);
	df_message(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct conf_problems *p = l->problems;
	p->v = df_realloc(p->v, (p->n + 1) * sizeof(*p->v));
	p->v[p->n++] = (struct conf_problem){.line = line, .text = df_strdup(text)};
}

bool conf_problems_has(const struct conf_problems *problems, int line)
{
	for (size_t i = 0; i < problems->n; i++)
		if (problems->v[i].line == line)
			return true;
	return false;
}

static int problem_by_line(const void *a, const void *b)
{
	const struct conf_problem *x = a, *y = b;
	return (x->line > y->line) - (x->line < y->line);
}

void conf_problems_sort(struct conf_problems *problems)
{
	qsort(problems->v, problems->n, sizeof(*problems->v), problem_by_line);
}

void conf_problems_free(struct conf_problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		free(problems->v[i].text);
	free(problems->v);
	problems->v = NULL;
	problems->n = 0;
}
