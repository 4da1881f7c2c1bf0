/* SPDX-License-Identifier: MIT */
#include "run_priv.h"

void run_note_status(struct run_result *r, enum df_status st)
{
	switch (st) {
	case DF_OK:
	case DF_END:
	case DF_REJECT: /* counted as rejected rows and refused files */
		break;
	case DF_RETRY:
		r->unfinished = true;
		break;
	case DF_DENIED:
		r->denied = true;
		break;
	case DF_USAGE:
		r->misused = true;
		break;
	case DF_FATAL:
		r->broken = true;
		break;
	}
}

int run_exit_code(const struct run_result *r)
{
	if (r->busy)
		return 75;
	if (r->broken)
		return 5;
	if (r->misused)
		return 2;
	if (r->denied)
		return 4;
	if (r->unfinished)
		return 3;
	return r->rejected > 0 || r->files_refused > 0 || r->files_gone > 0 ? 1 : 0;
}
