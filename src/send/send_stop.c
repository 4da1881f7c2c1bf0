/* SPDX-License-Identifier: MIT */
/* A stream ends before its batches do. */
#include "send_http.h"

void http_stream_stop(struct http_stream *st, enum df_status status, const struct df_err *err)
{
	if (!st->stopping) {
		st->stopping = true;
		st->stopped_at = df_monotonic_ms();
		st->status = status;
		if (err != NULL)
			st->err = *err;
	}
	pthread_cond_broadcast(&st->changed);
}
