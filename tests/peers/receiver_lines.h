/* SPDX-License-Identifier: MIT */
/*
 * receiver_lines.h - text that grows, and files of instructions that are read again when they
 * change
 */
#ifndef RECEIVER_LINES_H
#define RECEIVER_LINES_H

#include <stddef.h>
#include <sys/stat.h>

/* Writes the message, and ends the program. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

struct text {
	char *s; /* NULL while nothing was added; the owner frees it */
	size_t len, cap;
};

void text_add(struct text *t, const char *s, size_t len);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Lines without blanks at their ends; empty ones and comments (#) are left out. */
struct lines {
	const char *name;
	char **line;
	size_t n, room, next;
	struct stat as_read;
};

/* Reads the file anew when it changed; a file that does not exist has no lines. */
void lines_read(struct lines *l);
void lines_clear(struct lines *l);

/* What follows "NAME " in the next such line from *i on, which moves past it; NULL without one. */
const char *lines_value(const struct lines *l, const char *name, size_t *i);

#endif
