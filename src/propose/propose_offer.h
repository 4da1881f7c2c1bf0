/* SPDX-License-Identifier: MIT */
/* propose_offer.h - whether a column may have a path: see propose_offer in propose_step.h */
#ifndef PROPOSE_OFFER_H
#define PROPOSE_OFFER_H

#include "propose_step.h"

/* Values that suit once a template, or a map of values, has seen to them. */
bool propose_offer_strip(struct propose *p, size_t number, const struct schema_path *parsed);
/* Do nine of ten values suit? Else *why not. */
bool propose_offer_suits(struct propose *p, size_t number, const char *path,
			 const struct schema_path *parsed, const char **why_not);
/* Says that the column was guessed from there. */
void propose_offer_say(struct propose *p, size_t number, const char *from);
bool propose_offer_is_identity(const char *path);

#endif
