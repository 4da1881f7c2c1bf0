/* SPDX-License-Identifier: MIT */
/* The input is a configuration file. What is good comes back the same from being frozen and
 * thawed. */
#include "fuzz.h"

#include <unistd.h>

static void check_problems(const struct conf_problems *problems, const uint8_t *data, size_t size)
{
	int lines = 1, last = 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	for (size_t i = 0; i < problems->n; i++) {
		FUZZ_CHECK(problems->v[i].line > 0 && problems->v[i].line >= last &&
			   problems->v[i].line <= lines);
		fuzz_message(problems->v[i].text, 4096);
		last = problems->v[i].line;
	}
}

static void check_feed(const struct conf_feed *feed)
{
	struct df_buf frozen = {0}, again = {0};
	struct conf_feed *copy = NULL;
	struct df_err err = {0};
	FUZZ_CHECK(feed->name[0] != '\0' && feed->batch.lanes >= 1 && feed->batch.lanes <= 64 &&
		   feed->send.batches_per_second > 0);
	FUZZ_CHECK(feed->send.sink != CONF_SINK_EVENTS_API ||
		   (feed->send.endpoint != NULL && feed->send.api_secret != NULL));
	FUZZ_CHECK(feed->fetch.source.kind == CONF_SOURCE_NONE || feed->fetch.source.path != NULL);
	conf_feed_freeze(feed, &frozen);
	const struct conf_frozen stored = {.settings = df_buf_cstr(&frozen),
					   .manifest = feed->map.manifest_text,
					   .plan = feed->plan.text};
	FUZZ_CHECK(conf_feed_thaw(feed, &stored, &copy, &err) == DF_OK);
	conf_feed_freeze(copy, &again);
	FUZZ_CHECK(strcmp(df_buf_cstr(&frozen), df_buf_cstr(&again)) == 0);
	conf_feed_free(copy);
	df_buf_free(&frozen);
	df_buf_free(&again);
}

static void load(const char *path, const uint8_t *data, size_t size)
{
	struct conf *conf = NULL;
	struct conf_problems problems = {0};
	struct df_err err = {0};
	enum df_status st = conf_load(path, &conf, &problems, &err);
	if (st == DF_OK) {
		FUZZ_CHECK(problems.n == 0 && (conf->n_feeds == 0 || conf->state_dir != NULL));
		for (size_t i = 0; i < conf->n_feeds; i++) {
			FUZZ_CHECK(conf_feed_find(conf, conf->feeds[i].name) == &conf->feeds[i]);
			check_feed(&conf->feeds[i]);
		}
	} else {
		FUZZ_CHECK(st == DF_USAGE && conf == NULL && problems.n > 0 && err.text[0] != '\0');
		check_problems(&problems, data, size);
	}
	conf_problems_free(&problems);
	conf_free(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *folder = getenv("TMPDIR");
	char *path = df_format("%s/dropfeed-fuzz.XXXXXX", folder != NULL ? folder : "/tmp");
	struct df_err err = {0};
	int fd = mkstemp(path);
	if (fd < 0 || df_write_all(fd, data, size, &err) != DF_OK) {
		perror(path);
		exit(1); /* the machine's fault, not the input's */
	}
	close(fd);
	load(path, data, size);
	unlink(path);
	free(path);
	return 0;
}
