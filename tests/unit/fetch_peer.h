/* SPDX-License-Identifier: MIT */
/* fetch_peer.h - what the tests of fetch share: a scratch folder, shell commands, a feed for a
 * throwaway sshd */
#ifndef DROPFEED_TEST_FETCH_PEER_H
#define DROPFEED_TEST_FETCH_PEER_H

#include "dropfeed/decode.h"
#include "dropfeed/fetch.h"
#include "test.h"

static char scratch[256]; /* the test's folder */

static inline int run(const char *fmt, ...) DF_PRINTF(1, 2);
static inline int run(const char *fmt, ...)
{
	char command[4096];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return n < (int)sizeof(command) ? system(command) : -1;
}

/* The first line that a command prints; the caller's. */
static inline char *first_line(const char *fmt, ...) DF_PRINTF(1, 2);
static inline char *first_line(const char *fmt, ...)
{
	char command[4096], line[4096] = "";
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	FILE *f = popen(command, "r");
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	if (f != NULL)
		pclose(f);
	line[strcspn(line, "\n")] = '\0';
	return df_strdup(line);
}

static inline bool says(const struct df_err *err, const char *part)
{
	bool does = strstr(err->text, part) != NULL;
	if (!does)
		fprintf(stderr, "  \"%s\" says nothing of \"%s\"\n", err->text, part);
	return does;
}

/* Compares, and shows the error where it is another status. */
static inline bool is_status(enum df_status got, enum df_status want, const struct df_err *err)
{
	if (got != want)
		fprintf(stderr, "  status %d instead of %d: %s\n", (int)got, (int)want, err->text);
	return got == want;
}

static inline void set(char **field, char *value)
{
	free(*field);
	*field = value;
}

static inline struct conf_feed *feed_new(int kind, char *path)
{
	struct conf_feed *feed = df_alloc(sizeof(*feed));
	feed->name = df_strdup("test");
	feed->fetch.source.path = path;
	feed->fetch.stall_timeout_ms = 60000;
	if (kind == CONF_SOURCE_SFTP)
		feed->fetch.source.kind = CONF_SOURCE_SFTP;
	else
		feed->fetch.source.kind = CONF_SOURCE_FILE;
	return feed;
}

/* A feed that logs in to the server that was started in `dir`, as everything should be. */
static inline struct conf_feed *feed_sftp(const char *dir, char *path)
{
	struct conf_feed *feed = feed_new(CONF_SOURCE_SFTP, path);
	char *port = first_line("cat %s/port", dir);
	feed->fetch.source.port = (uint16_t)atoi(port);
	free(port);
	feed->fetch.source.host = df_strdup("127.0.0.1");
	feed->fetch.source.user = first_line("id -un");
	feed->fetch.known_hosts = df_format("%s/known_hosts", dir);
	feed->fetch.identity_file = df_format("%s/id_ed25519", dir);
	return feed;
}

static inline void feed_free(struct conf_feed *feed)
{
	free(feed->name);
	free(feed->fetch.source.path);
	free(feed->fetch.source.host);
	free(feed->fetch.source.user);
	free(feed->fetch.known_hosts);
	free(feed->fetch.identity_file);
	free(feed->fetch.passphrase);
	free(feed->fetch.password);
	free(feed->fetch.host_key);
	free(feed);
}

/* Opens and closes; the status is of the opening. */
static inline enum df_status try_open(const struct conf_feed *feed, struct df_err *err)
{
	struct fetch *source = NULL;
	*err = (struct df_err){0};
	enum df_status st = fetch_open(feed, &source, err);
	fetch_close(source);
	return st;
}

static inline bool scratch_make(void)
{
	return test_folder_make(scratch, sizeof(scratch)) == 0;
}

static inline int scratch_end(void)
{
	return test_folder_remove(scratch);
}

#endif
