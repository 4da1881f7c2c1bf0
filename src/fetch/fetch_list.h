/* SPDX-License-Identifier: MIT */
/* fetch_list.h - the names of a folder (fetch_list.c): what each is to the feed
 * (fetch_list_name.c), and what kind of thing it is (fetch_list_look.c) */
#ifndef FETCH_LIST_H
#define FETCH_LIST_H

#include "fetch_priv.h"

#include "dropfeed/name.h"

enum { LIST_NAMES_MAX = 10000000 }; /* that are looked at, in one listing */

enum list_place {
	LIST_NOWHERE,
	LIST_TAKEN,
	LIST_MISNAMED,
	LIST_BESIDE,
	LIST_LEFT_OUT,   /* include or exclude do so; by its name it would be taken */
	LIST_OTHER_CASE, /* include does so, for capitals or small letters alone */
};

/* Takes the name apart, as that of a file the feed takes. DF_REJECT bad-name: it is not. */
enum df_status fetch_list_parse(const struct conf_feed *feed, const char *leaf, struct name *out,
				struct df_err *err) DF_CHECK;
/* What the feed makes of a name below its folder. */
enum list_place fetch_list_place(const struct conf_feed *feed, const char *name);
/* Some servers list whole paths: what is after the last slash is the name then, when the rest is
 * the folder, which is below the feed's. Borrowed from name. */
const char *fetch_list_leaf(const struct fetch *source, const char *folder, const char *name,
			    size_t *len);

/* Completes what the listing said of a file: asks for it alone where size, time or kind is
 * missing. DF_END: it is gone. */
enum df_status fetch_list_look(struct fetch *source, const char *name, struct fetch_stat *seen,
			       struct df_err *err) DF_CHECK;

#endif
