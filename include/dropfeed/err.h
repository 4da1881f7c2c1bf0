/* SPDX-License-Identifier: MIT */
/*
 * err.h - how every room says that something went wrong
 *
 *	struct df_err err = {0};
 *	enum df_status st = room_thing_verb(..., &err);
 *	if (st != DF_OK) {
 *		df_err_context(&err, "while reading %s", name);
 *		return st;
 *	}
 *
 * The status says what to do next, the error says why. The caller owns the error and zeroes it; the
 * first error set stays, later ones are ignored, and callers on the way up may prefix context. Only
 * main, cli and run print. Text never holds a secret nor a cell's value unless its setter says so.
 */
#ifndef DROPFEED_ERR_H
#define DROPFEED_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#define DF_CHECK             __attribute__((warn_unused_result))
#define DF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* What to do next. */
enum df_status {
	DF_OK = 0, /* go on */
	DF_END,    /* nothing more to read: not an error, err is untouched */
	DF_RETRY,  /* the outside world failed: the next run may succeed (exit 3) */
	DF_DENIED, /* access refused: login, host key, API credentials (exit 4) */
	/* this input is at fault: refuse the file, document or row; err->code holds its code */
	DF_REJECT,
	DF_USAGE, /* the configuration or the command line is at fault (exit 2) */
	DF_FATAL, /* a broken machine or program: stop (exit 5) */
};

struct df_err {
	char code[32];     /* stable code such as "corrupt-archive", or "" */
	char file[512];    /* drop file, document or configuration file, or "" */
	uint64_t line;     /* physical line, 1-based; 0: none */
	uint64_t position; /* of a character in that line, 1-based; 0: none */
	char column[256];  /* column or key, or "" */
	char text[1536];   /* what happened and what to do next */
};

/* Sets the error unless one is set already. code may be NULL. Returns `status`, so that a room
 * can write `return df_fail(DF_REJECT, err, "corrupt-archive", "...")`. err may be NULL: then
 * nothing is recorded. */
enum df_status df_fail(enum df_status status, struct df_err *err, const char *code, const char *fmt,
		       ...) DF_PRINTF(4, 5);
#ifdef __clang_analyzer__ /* which does not see that the status comes back as it went in */
#define df_fail(status, ...) (df_fail(status, __VA_ARGS__), (status))
#endif

/* Prefixes the file that was being read, unless the error names a file of its own, such as a
 * manifest or the drop file itself. */
void df_err_about(struct df_err *err, const char *file);
/* Prefixes the text of a set error with "context: ". */
void df_err_context(struct df_err *err, const char *fmt, ...) DF_PRINTF(2, 3);

/* Names the place, where it is not named yet. line may be 0, file and column NULL. */
void df_err_place(struct df_err *err, const char *file, uint64_t line, const char *column);

#define DF_ERR_TEXT (sizeof(struct df_err) + 128) /* bytes that hold any of them */
/* Renders "file:line: column 'c': text [code]" with the parts that are known. Always ends with
 * NUL. */
void df_err_render(const struct df_err *err, char *out, uint64_t size);

#endif
