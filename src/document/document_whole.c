/* SPDX-License-Identifier: MIT */
#include "document_whole.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOM 64u /* bytes of group_window for each user; two slots of them are half of that */

struct slot {
	uint64_t user; /* 0: free */
	uint64_t line; /* of the first of its rows that is rejected */
};

/* Open addressing, at most half full. */
struct document_whole {
	struct slot *slots; /* own */
	size_t n, size;     /* size is a power of two */
	size_t most;
	bool full; /* there was one more */
};

/* The user's slot, or the free one where it belongs. */
static struct slot *slot_of(const struct document_whole *users, uint64_t user)
{
	size_t i = (size_t)user & (users->size - 1);
	while (users->slots[i].user != 0 && users->slots[i].user != user)
		i = (i + 1) & (users->size - 1);
	return &users->slots[i];
}

struct document_whole *document_whole_new(uint64_t window)
{
	struct document_whole *users = df_alloc(sizeof(*users));
	users->size = 16;
	users->most = (size_t)(window / ROOM) + 1;
	users->slots = df_alloc(users->size * sizeof(*users->slots));
	return users;
}

void document_whole_free(struct document_whole *users)
{
	if (users == NULL)
		return;
	free(users->slots);
	free(users);
}

static void users_grow(struct document_whole *users)
{
	struct document_whole larger = {.size = users->size * 2};
	larger.slots = df_alloc(larger.size * sizeof(*larger.slots));
	for (size_t i = 0; i < users->size; i++)
		if (users->slots[i].user != 0)
			*slot_of(&larger, users->slots[i].user) = users->slots[i];
	free(users->slots);
	users->slots = larger.slots;
	users->size = larger.size;
}

enum df_status document_whole_add(struct document_whole *users, uint64_t user, uint64_t line,
				  struct df_err *err)
{
	struct slot *slot = slot_of(users, user);
	if (user == 0 || slot->user != 0)
		return DF_OK;
	users->full = users->n == users->most;
	if (users->full)
		return df_fail(
		    DF_REJECT, err, "too-many-rejects",
		    "rows of more than %zu users are rejected, and a document of audiences is "
		    "the whole membership of each: nothing was sent; see `dropfeed validate`, or "
		    "raise group_window",
		    users->most);

	*slot = (struct slot){.user = user, .line = line};
	if (++users->n * 2 > users->size)
		users_grow(users);
	return DF_OK;
}

bool document_whole_is_full(const struct document_whole *users)
{
	return users->full;
}

bool document_whole_is_empty(const struct document_whole *users)
{
	return users->n == 0;
}

bool document_whole_lacks(const struct document_whole *users, uint64_t user,
			  struct map_fault *fault)
{
	const struct slot *slot = slot_of(users, user);
	if (user == 0 || slot->user == 0)
		return false;
	*fault = (struct map_fault){.code = "audience-incomplete", .name = ""};
	snprintf(fault->text, sizeof(fault->text),
		 "line %llu, about the same user, is rejected, and a document is the whole "
		 "membership of a user: correct that line, and drop all of the user's again",
		 (unsigned long long)slot->line);
	return true;
}
