/* SPDX-License-Identifier: MIT */
/* What a ledger is called, and the host that opens it. */
#include "ledger_priv.h"

#include <stdlib.h>
#include <unistd.h>

/* The password is between the first ':' after the scheme and the '@' of the login. */
static char *url_without_password(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at = host != NULL ? strchr(host + 3, '@') : NULL;
	const char *colon = at != NULL ? memchr(host + 3, ':', (size_t)(at - host - 3)) : NULL;
	const char *query = strchr(url, '?');
	char *shown =
	    colon == NULL ? df_strdup(url) : df_format("%.*s%s", (int)(colon - url), url, at);
	if (query != NULL) /* it may hold a password, too */
		*strchr(shown, '?') = '\0';
	return shown;
}

char *ledger_where_name(const struct ledger_where *where)
{
	size_t n = strlen(where->state_dir);
	if (where->url != NULL)
		return url_without_password(where->url);
	while (n > 1 && where->state_dir[n - 1] == '/')
		n--;
	return df_format("%.*s/ledger.db", (int)n, where->state_dir);
}

char *ledger_where_node(const struct ledger_where *where)
{
	char host[256] = "";
	if (where->url == NULL)
		return df_strdup("");
	if (where->node != NULL)
		return df_strdup(where->node);
	if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
		return df_strdup("localhost");
	return df_strdup(host);
}
