/* SPDX-License-Identifier: MIT */
/* map_mail.h - addresses that people write where there is none */
#ifndef MAP_MAIL_H
#define MAP_MAIL_H

#include "map_placeholder.h"

/* Whether the text, whose first '@' is at `at`, is such an address. */
bool map_mail_of_nobody(const char *p, size_t len, size_t at);
/* Adds how such addresses begin, and how long they may be. */
void map_mail_placeholders(struct map_placeholder_first firsts[256]);

#endif
