/* SPDX-License-Identifier: MIT */
#include "send_priv.h"

void send_touched(struct send_stream *st)
{
	if (st->events->touched != NULL)
		st->events->touched(st->ctx);
}
