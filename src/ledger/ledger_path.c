/* SPDX-License-Identifier: MIT */
/* Paths below the state folder are stored without it, so that it may be moved. */
#include "ledger_priv.h"

#include <stdlib.h>

const char *ledger_path_stored(const struct ledger *l, const char *path)
{
	size_t n = strlen(l->dir);
	if (path == NULL || strncmp(path, l->dir, n) != 0 || path[n] != '/')
		return path;
	return path + n + strspn(path + n, "/");
}

char *ledger_path_whole(const struct ledger *l, const char *stored)
{
	if (stored == NULL || stored[0] == '/')
		return df_strdup(stored);
	return df_format("%s/%s", l->dir, stored);
}
