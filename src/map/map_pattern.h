/* SPDX-License-Identifier: MIT */
/* map_pattern.h - sources of a field transformation that fit more than one column */
#ifndef MAP_PATTERN_H
#define MAP_PATTERN_H

#include "dropfeed/base.h"

#define MAP_UNMAPPED "$unmapped" /* every column that is not named otherwise */

/* The more exact one comes first. */
enum map_precedence { MAP_EXACT, MAP_WILD, MAP_REST };
enum map_precedence map_precedence_of(const char *source);
/* Is the source a pattern, or $unmapped, and not one column's name? */
bool map_is_pattern(const char *source);
/* Does the pattern with its one * fit? */
bool map_pattern_fits(const char *pattern, const char *name, size_t len);

#endif
