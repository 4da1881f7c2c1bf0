/* SPDX-License-Identifier: MIT */
#include "cli_explain.h"

const char *cli_explain_verdict(const struct trial_explain *x)
{
	if (x->refused.text[0] != '\0')
		return "refused";
	if (x->header)
		return "accepted";
	if (x->skipped)
		return "skipped";
	return x->n_faults > 0 ? "rejected" : "delivered";
}
