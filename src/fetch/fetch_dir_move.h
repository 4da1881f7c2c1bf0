/* SPDX-License-Identifier: MIT */
/* fetch_dir_move.h - a local file gets another place */
#ifndef FETCH_DIR_MOVE_H
#define FETCH_DIR_MOVE_H

#include "dropfeed/base.h"

/* Renames without replacing anything. 0, or errno: EXDEV where `to` is on another file system. */
int fetch_dir_name(const char *from, const char *to);

/* The same to another file system, with the file's time and mode. DF_RETRY: nothing is moved. */
enum df_status fetch_dir_move_far(const char *from, const char *to, struct df_err *err) DF_CHECK;

#endif
