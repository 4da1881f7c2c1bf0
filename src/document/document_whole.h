/* SPDX-License-Identifier: MIT */
/*
 * document_whole.h - users of whom a row is rejected, in documents that are the whole of what is
 * known of their users
 *
 * What such a document does not say of a user is taken away at the sink. So where a row is
 * rejected, all rows of its user are: nothing is sent of that user, and the reject file holds the
 * whole of it. Which users that are is found out by a pass of its own before each pass, because a
 * user's rows may be anywhere.
 */
#ifndef DOCUMENT_WHOLE_H
#define DOCUMENT_WHOLE_H

#include "dropfeed/document.h"

/* window: group_window, which memory is given by. */
struct document_whole *document_whole_new(uint64_t window);
void document_whole_free(struct document_whole *users);
/* A row at that line is rejected. user: see batch_form; 0 is passed over. DF_REJECT: there are
 * more users than memory is given for. */
enum df_status document_whole_add(struct document_whole *users, uint64_t user, uint64_t line,
				  struct df_err *err) DF_CHECK;
bool document_whole_is_full(const struct document_whole *users); /* it ended with that */
bool document_whole_is_empty(const struct document_whole *users);
/* True: a row of the user is rejected; fault says so of another one. */
bool document_whole_lacks(const struct document_whole *users, uint64_t user,
			  struct map_fault *fault);

#endif
