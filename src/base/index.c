/* SPDX-License-Identifier: MIT */
/* Open addressing, at most half full. XXH3 spreads names well; nobody chooses them to collide by
 * hand. */
#include "dropfeed/index.h"

#include <stdlib.h>
#include <xxhash.h>

struct slot {
	const char *name; /* NULL: free */
	size_t len, number;
};

struct df_index {
	struct slot *slots; /* own */
	size_t n, size;     /* size is a power of two */
};

struct df_index *df_index_new(void)
{
	struct df_index *index = df_alloc(sizeof(*index));
	index->size = 16;
	index->slots = df_alloc(index->size * sizeof(*index->slots));
	return index;
}

void df_index_free(struct df_index *index)
{
	if (index == NULL)
		return;

	free(index->slots);
	free(index);
}

/* The slot that holds the name, or the free one where it belongs. */
static struct slot *slot_of(const struct df_index *index, const char *name, size_t len)
{
	size_t i = (size_t)XXH3_64bits(name, len) & (index->size - 1);
	while (index->slots[i].name != NULL &&
	       (index->slots[i].len != len || memcmp(index->slots[i].name, name, len) != 0))
		i = (i + 1) & (index->size - 1);
	return &index->slots[i];
}

static void index_grow(struct df_index *index)
{
	struct df_index larger = {.size = index->size * 2, .n = index->n};
	larger.slots = df_alloc(larger.size * sizeof(*larger.slots));
	for (size_t i = 0; i < index->size; i++)
		if (index->slots[i].name != NULL)
			*slot_of(&larger, index->slots[i].name, index->slots[i].len) =
			    index->slots[i];
	free(index->slots);
	*index = larger;
}

bool df_index_add(struct df_index *index, const char *name, size_t len, size_t number)
{
	struct slot *slot = slot_of(index, name, len);
	if (slot->name != NULL)
		return false;

	*slot = (struct slot){name, len, number};
	if (++index->n * 2 > index->size)
		index_grow(index);
	return true;
}

size_t df_index_find(const struct df_index *index, const char *name, size_t len)
{
	const struct slot *slot = index != NULL ? slot_of(index, name, len) : NULL;
	return slot != NULL && slot->name != NULL ? slot->number : DF_INDEX_NONE;
}
