/* SPDX-License-Identifier: MIT */
/* Where a document's batches are written to, with sink = file:PATH. */
#include "run_priv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_SHOWN 16 /* hex digits */

/* What no two documents have in common: the feed, the file's bytes with their copy number, the
 * entry, the event type. */
static void document_hash(const char *identity, const struct decode_doc *doc,
			  const struct conf_feed *feed, char hex[DF_SHA256_HEX])
{
	const char *parts[] = {feed->name, identity, doc->name != NULL ? doc->name : "",
			       doc->event_type};
	struct df_sha256 *h = df_sha256_new();
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		df_sha256_add(h, parts[i], strlen(parts[i]) + 1);
	df_sha256_end(h, hex);
	df_sha256_free(h);
}

/* A link stays one: what it leads to is written, made where it is not there yet. */
static void follow_link(char **path)
{
	struct stat info;
	if (lstat(*path, &info) != 0 || !S_ISLNK(info.st_mode))
		return;
	int fd = df_is_dangling(*path) ? open(*path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		close(fd);
	char *whole = realpath(*path, NULL);
	if (whole == NULL)
		return;
	free(*path);
	*path = whole;
}

void run_sink_choose(const char *file, const char *identity, const struct decode_doc *doc,
		     struct conf_feed *feed)
{
	char *path = feed->send.sink_path;
	if (feed->send.sink != CONF_SINK_FILE || path == NULL || path[0] == '\0')
		return;
	bool slash = df_ends_with_slash(path), folder = conf_sink_is_folder(feed);
	feed->send.sink_append = !folder;
	if (!folder) {
		follow_link(&feed->send.sink_path);
		return;
	}

	struct df_err ignored = {0};
	char hex[DF_SHA256_HEX];
	if (slash && df_mkdirs(path, &ignored) != DF_OK)
		/* opening a file in it fails, and says so */
		df_log(DF_LOG_DEBUG, "%s", ignored.text);
	document_hash(identity, doc, feed, hex);
	char *extension = df_format(".%.*s.ndjson", HASH_SHOWN, hex);
	char *name = document_name(file, doc, extension);
	feed->send.sink_path = df_format("%s%s%s", path, slash ? "" : "/", name);
	feed->send.sink_apart = true;
	free(extension);
	free(name);
	free(path);
}
