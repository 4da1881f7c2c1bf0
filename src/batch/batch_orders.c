/* SPDX-License-Identifier: MIT */
/* Which purchases state the total of an order that an earlier one stated. A table of fixed size
 * remembers the latest orders: of a document with more, some are missed, none is made up. */
#include "dropfeed/batch.h"

#include <stdlib.h>

#define SLOTS (1u << 15)

struct batch_order {
	uint64_t id; /* 0: free */
	uint32_t total;
};

void batch_orders_begin(struct batch_orders *orders)
{
	*orders = (struct batch_orders){.v = df_alloc(SLOTS * sizeof(*orders->v))};
}

void batch_orders_end(struct batch_orders *orders)
{
	free(orders->v);
	orders->v = NULL;
}

void batch_orders_add(struct batch_orders *orders, const struct map_record *record,
		      const struct batch_row *where)
{
	struct batch_order *o = &orders->v[record->order % SLOTS];
	if (o->id == record->order && o->total == record->order_total) {
		if (orders->again++ == 0)
			orders->line = where->line;
		return;
	}
	orders->others += o->id == record->order;
	*o = (struct batch_order){record->order, record->order_total};
}
