/* SPDX-License-Identifier: MIT */
/* What can be said of an endpoint without a connection. */
#include "dropfeed/send.h"

#include <curl/curl.h>
#include <strings.h>
#include <unistd.h>

enum df_status send_check_ca(const struct conf_feed *feed, struct df_err *err)
{
	if (!conf_sink_answers(feed->send.sink) || feed->send.endpoint == NULL ||
	    feed->send.ca_file != NULL || strncasecmp(feed->send.endpoint, "https://", 8) != 0)
		return DF_OK;

	/* A libcurl that was built without either asks its TLS library, whose choice is not
	 * known here. */
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	const char *file = info->age >= CURLVERSION_SEVENTH ? info->cainfo : NULL;
	const char *folder = info->age >= CURLVERSION_SEVENTH ? info->capath : NULL;
	bool has_file = file != NULL && access(file, R_OK) == 0,
	     has_folder = folder != NULL && access(folder, R_OK) == 0;
	if ((file == NULL && folder == NULL) || has_file || (file == NULL && has_folder))
		return DF_OK;
	return df_fail(DF_USAGE, err, NULL,
		       "the system's certificate authorities are missing (%s): install "
		       "ca-certificates, or set ca_file",
		       file != NULL ? file : folder);
}
