/* SPDX-License-Identifier: MIT */
/* map_world.h - one column and what its cells become */
#ifndef MAP_WORLD_H
#define MAP_WORLD_H

#include "dropfeed/schema.h"

#include "helper_map.h"
#include "test.h"

struct one { /* a column beside mpid in a custom event (or an eventless row), and what it becomes */
	const char *column, *cell, *expected;
};

#endif
