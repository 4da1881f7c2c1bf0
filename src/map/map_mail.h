/* SPDX-License-Identifier: MIT */
/* map_mail.h - addresses that people write where there is none */
#ifndef MAP_MAIL_H
#define MAP_MAIL_H

#include "dropfeed/map.h"
#include "map_first.h"

/* Whether the text, whose first '@' is at `at`, is such an address. */
bool map_mail_of_nobody(const char *p, size_t len, size_t at);
/* Adds how such addresses begin, and how long they may be. */
void map_mail_add(struct map_first firsts[256]);

#endif
