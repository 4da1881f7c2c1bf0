/* SPDX-License-Identifier: MIT */
/* Lines of an order that state the order's total each are as many purchases, unless they are
 * folded: whoever counts the events wants to know which of them state the same. */
#include "map_order.h"

#include "map_cell.h"
#include "map_state.h"
#include "map_tree.h"

#include <stdlib.h>
#include <strings.h>
#include <xxhash.h>

static const struct map_node *leaf_of(const struct map_node *action, const char *key)
{
	const struct map_node *leaf = map_node_child(action, key);
	return leaf != NULL && leaf->kind == MAP_NODE_LEAF ? leaf : NULL;
}

void map_order_begin(struct map *m)
{
	m->order_id = m->order_total = m->order_action = MAP_NONE;
	m->buys = false;
	const struct map_node *action =
	    m->data != NULL ? map_node_child(m->data, "product_action") : NULL;
	if (action == NULL || action->kind == MAP_NODE_LEAF)
		return;
	const struct map_node *id = leaf_of(action, "transaction_id"),
			      *total = leaf_of(action, "total_amount"),
			      *what = leaf_of(action, "action");
	if (id == NULL || total == NULL || what == NULL)
		return;
	m->order_id = id->column;
	m->order_total = total->column;
	m->order_action = what->column;
	m->buys = what->fallback != NULL && strcmp(what->fallback, "\"purchase\"") == 0;
}

static struct rows_cell trimmed(const struct rows_cell *cells, size_t column)
{
	struct rows_cell cell = {"", 0};
	if (column != MAP_NONE && cells[column].len > 0)
		cell = cells[column];
	map_cell_trim(&cell.p, &cell.len);
	return cell;
}

/* 10 and 10.00 are the same. */
static uint32_t hash_amount(const struct rows_cell *cell)
{
	char text[64];
	if (cell->len >= sizeof(text))
		return (uint32_t)XXH3_64bits(cell->p, cell->len);
	memcpy(text, cell->p, cell->len);
	text[cell->len] = '\0';
	const double amount = strtod(text, NULL);
	return (uint32_t)XXH3_64bits(&amount, sizeof(amount));
}

void map_order_note(const struct map *m, const struct rows_cell *cells, struct map_record *record)
{
	if (m->order_id == MAP_NONE || m->order_total == MAP_NONE)
		return;
	struct rows_cell id = cells[m->order_id], total = trimmed(cells, m->order_total),
			 what = trimmed(cells, m->order_action);
	bool buys =
	    what.len == 0 ? m->buys : what.len == 8 && strncasecmp(what.p, "purchase", 8) == 0;
	if (!buys || id.len == 0 || total.len == 0)
		return;
	record->order = XXH3_64bits(id.p, id.len) | 1;
	record->order_total = hash_amount(&total);
}
