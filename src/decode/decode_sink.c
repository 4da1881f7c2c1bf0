/* SPDX-License-Identifier: MIT */
/* Where all layers write to, and what they may write at most. */
#include "decode_priv.h"

#include <inttypes.h>

/* Small files expand a lot without harm: the ratio counts past this much output. */
#define RATIO_FREE (64u << 20)

enum df_status decode_stopped(struct df_err *err)
{
	return df_stop_requested ? df_fail(DF_RETRY, err, NULL, "asked to stop while decoding")
				 : DF_OK;
}

static bool sink_over_ratio(uint64_t written, uint64_t packed, uint64_t max_ratio)
{
	uint64_t most = 0;
	return written > RATIO_FREE && !__builtin_mul_overflow(packed, max_ratio, &most) &&
	       written > most;
}

enum df_status decode_sink_write(struct decode_sink *sink, const void *p, size_t len,
				 struct df_err *err)
{
	uint64_t after = sink->written + len;
	if (after > sink->feed->decode.max_plaintext)
		return df_fail(
		    DF_REJECT, err, "archive-limit",
		    "the file unpacks to more than max_plaintext (%" PRIu64
		    " bytes); split it, or raise max_plaintext if it is meant to be that large",
		    sink->feed->decode.max_plaintext);
	if (sink_over_ratio(after, sink->packed, sink->feed->decode.max_ratio) ||
	    (sink->entry_packed > 0 &&
	     sink_over_ratio(after - sink->entry_start, sink->entry_packed,
			     sink->feed->decode.max_ratio)))
		return df_fail(
		    DF_REJECT, err, "archive-limit",
		    "the file unpacks to more than max_ratio (%" PRIu64
		    ") times its size; raise max_ratio if it is meant to be that repetitive",
		    sink->feed->decode.max_ratio);

	enum df_status st = decode_stopped(err);
	if (st != DF_OK)
		return st;
	st = df_write_all(sink->fd, p, len, err);
	if (st != DF_OK)
		return st;
	sink->written = after;
	return DF_OK;
}
