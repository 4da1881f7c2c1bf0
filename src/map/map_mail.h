/* SPDX-License-Identifier: MIT */
/* map_mail.h - addresses that people write where there is none */
#ifndef MAP_MAIL_H
#define MAP_MAIL_H

#include "dropfeed/map.h"

/* Whether the text, whose first '@' is at `at`, is such an address. */
bool map_mail_of_nobody(const char *p, size_t len, size_t at);
/* Per first byte, adds the lengths that such addresses may have, as bits. */
void map_mail_lengths(uint64_t lengths[256]);

#endif
