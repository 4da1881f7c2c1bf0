/* SPDX-License-Identifier: MIT */
/* What can be said of a source without a connection. */
#include "fetch_sftp.h"

#include <errno.h>
#include <unistd.h>

enum df_status fetch_check_host(const struct conf_feed *feed, struct df_err *err)
{
	const struct conf_source *source = &feed->fetch.source;
	const char *file = feed->fetch.known_hosts != NULL ? feed->fetch.known_hosts : "";
	struct fetch_known known = {0};
	if (source->kind != CONF_SOURCE_SFTP || feed->fetch.host_key != NULL)
		return DF_OK;

	unsigned port = source->port;
	if (access(file, R_OK) != 0)
		return df_fail(DF_USAGE, err, NULL,
			       "cannot read %s: %s; get the server's key with: ssh-keyscan -p %u "
			       "%s >> %s, compare its "
			       "fingerprint (ssh-keygen -lf) with the administrator's, or pin it: "
			       "host_key = SHA256:...",
			       file, strerror(errno), port, source->host, file);
	enum df_status st = fetch_known_read(feed, &known, err);
	bool named = fetch_known_line(&known, FETCH_KEY_KNOWN) > 0 ||
		     fetch_known_line(&known, FETCH_KEY_AUTHORITY) > 0;
	fetch_known_free(&known);
	if (st != DF_OK || named)
		return st;
	return df_fail(DF_USAGE, err, NULL,
		       "%s does not name %s port %u; get its key with: ssh-keyscan -p %u "
		       "%s >> %s, compare its "
		       "fingerprint (ssh-keygen -lf) with the administrator's, or pin it: "
		       "host_key = SHA256:...",
		       file, source->host, port, port, source->host, file);
}
