/* SPDX-License-Identifier: MIT */
/* receiver_lines.c - see receiver_lines.h */
#include "receiver_lines.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("receiver: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

void text_add(struct text *t, const char *s, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		t->cap = (t->len + len + 1) * 2;
		t->s = realloc(t->s, t->cap);
		if (t->s == NULL)
			die("out of memory");
	}

	if (len > 0)
		memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_addf(struct text *t, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");

	text_add(t, s, (size_t)n);
	free(s);
}

void lines_clear(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	free(l->line);
	l->line = NULL;
	l->n = l->room = l->next = 0;
}

static bool lines_as_read(const struct lines *l, const struct stat *now)
{
	return now->st_ino == l->as_read.st_ino && now->st_size == l->as_read.st_size &&
	       memcmp(&now->st_mtim, &l->as_read.st_mtim, sizeof(now->st_mtim)) == 0;
}

static void lines_add(struct lines *l, const char *line)
{
	if (l->n == l->room) {
		l->room = l->room > 0 ? 2 * l->room : 64;
		l->line = realloc(l->line, l->room * sizeof(*l->line));
	}
	if (l->line == NULL || (l->line[l->n++] = strdup(line)) == NULL)
		die("out of memory");
}

void lines_read(struct lines *l)
{
	struct stat now;
	if (stat(l->name, &now) != 0) {
		lines_clear(l);
		l->as_read = (struct stat){0};
		return;
	}
	if (lines_as_read(l, &now))
		return;
	FILE *f = fopen(l->name, "re");
	if (f == NULL)
		return;

	lines_clear(l);
	l->as_read = now;
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			line[--n] = '\0';
		if (n > 0 && line[0] != '#')
			lines_add(l, line);
	}
	free(line);
	fclose(f);
}

const char *lines_value(const struct lines *l, const char *name, size_t *i)
{
	size_t len = strlen(name);
	while (*i < l->n) {
		const char *line = l->line[(*i)++];
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return line + len + 1;
	}
	return NULL;
}
