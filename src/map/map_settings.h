/* SPDX-License-Identifier: MIT */
/* map_settings.h - what is known to be wrong before any document is */
#ifndef MAP_SETTINGS_H
#define MAP_SETTINGS_H

#include "dropfeed/map.h"

/* The feed's defaults. */
enum df_status map_settings_check(const struct map *m, struct df_err *err) DF_CHECK;
/* The manifest's static values. */
enum df_status map_static_check(const struct map *m, struct df_err *err) DF_CHECK;

#endif
