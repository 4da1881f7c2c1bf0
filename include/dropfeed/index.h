/* SPDX-License-Identifier: MIT */
/*
 * index.h - names with a number each, found in constant time whatever a file's author chose for
 * names
 *
 *	struct df_index *index = df_index_new();
 *	df_index_add(index, name, strlen(name), 7);
 *	    the name is borrowed: it has to live as long as the index
 *	df_index_find(index, "email", 5);		its number, or DF_INDEX_NONE
 *	df_index_free(index);
 */
#ifndef DROPFEED_INDEX_H
#define DROPFEED_INDEX_H

#include "dropfeed/base.h"

#define DF_INDEX_NONE SIZE_MAX

struct df_index;

struct df_index *df_index_new(void); /* the caller's */
void df_index_free(struct df_index *index);
/* False: the name is there already, and keeps its number. */
bool df_index_add(struct df_index *index, const char *name, size_t len, size_t number);
/* index may be NULL: then nothing is found. */
size_t df_index_find(const struct df_index *index, const char *name, size_t len);

#endif
