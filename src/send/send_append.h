/* SPDX-License-Identifier: MIT */
/* send_append.h - a document's lines are added to a file, or get one of their own */
#ifndef DROPFEED_SEND_APPEND_H
#define DROPFEED_SEND_APPEND_H

#include "dropfeed/base.h"

/* Opens and locks the file until it is closed, as several programs may add to it: each gives its
 * name to a longer one. *out is -1 if the file does not exist. */
enum df_status send_append_open(const char *path, int *out, struct df_err *err) DF_CHECK;
/* Copies all of `from` to the offset of `to`; -1 is an empty file. Reads by offset. */
enum df_status send_append_copy(int from, int to, struct df_err *err) DF_CHECK;
/* After the copy: ends a last line without an end, and makes `to` readable by whom `from` is. */
enum df_status send_append_begin(int from, int to, struct df_err *err) DF_CHECK;
/* True when the lines of `ours` are in the file (-1: there is none), one after the other. *status
 * is set where that cannot be found out. */
bool send_append_holds(int file, int ours, struct df_err *err, enum df_status *status);
/* Gives a file that df_unnamed_open made a name that none has. False: there is one meanwhile, or an
 * empty file was made, as others cannot be named later. */
bool send_append_name(int fd, const char *path);

/* Makes and locks the file that is to be named `path`; what a crash left there is removed first.
 * DF_RETRY: another program has one open. It is open until it has its name. */
enum df_status send_temporary_open(const char *temporary, const char *path, int *out,
				   struct df_err *err) DF_CHECK;

#endif
