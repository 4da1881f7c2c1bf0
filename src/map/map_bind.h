/* SPDX-License-Identifier: MIT */
/* map_bind.h - the bindings of columns to paths become trees and programs */
#ifndef MAP_BIND_H
#define MAP_BIND_H

#include "dropfeed/map.h"

enum df_status map_bind(struct map *m, struct df_err *err) DF_CHECK;

#endif
