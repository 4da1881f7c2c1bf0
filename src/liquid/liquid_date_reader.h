/* SPDX-License-Identifier: MIT */
/* liquid_date_reader.h - between liquid_date_read.c, which looks for forms, and
 * liquid_date_digits.c, which makes numbers of what was found */
#ifndef LIQUID_DATE_READER_H
#define LIQUID_DATE_READER_H

#include "liquid_date.h"
#include "liquid_shape.h"

struct liquid_date_reader {
	char buf[LIQUID_DATE_MAX + 1];
	struct shape_text text;               /* of buf */
	struct shape_span found[SHAPE_SLOTS]; /* in kept */
	/* the text before the last form was taken out of it */
	char kept[LIQUID_DATE_MAX + 1];
	struct liquid_date_parts *out;
	bool two_digits; /* a year of two digits is one near 2000 */
	bool before_christ;
};

/* Of the digits that it begins with. */
int64_t liquid_date_number(struct shape_span s);
void liquid_date_set_year(struct liquid_date_parts *d, int64_t year);
void liquid_date_set_fraction(struct liquid_date_parts *d, struct shape_span s); /* of a second */
void liquid_date_set_zone(struct liquid_date_parts *d, struct shape_span s);
/* A date without separators was found. Slots: sign 0, digits 1, more digits 2, fraction 3,
 * zone 4. */
void liquid_date_digits(struct liquid_date_reader *r);

#endif
