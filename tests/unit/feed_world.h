/* SPDX-License-Identifier: MIT */
/* feed_world.h - a feed's part of a run, with a local folder as its source; what is handed to the
 * workers is written down */
#ifndef FEED_WORLD_H
#define FEED_WORLD_H

#include "run_world.h"

#include "../../src/run/run_feed.h"

#include <utime.h>

/* Of "hello\n". */
#define SHA_HELLO "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

static struct {
	char in[240], spool[240]; /* the source; where downloads are */
	struct feed_work w;
	/* the files that were handed over: how many, and of the latest: */
	unsigned handed;
	char name[64], sha256[DF_SHA256_HEX], place[512];
	int64_t id;
	uint64_t idle;
} fw;

bool __wrap_run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool);
bool __wrap_run_feed_hand_over(struct feed_work *w, const struct feed_file *file, char *spool)
{
	CU_ASSERT_PTR_EQUAL(w, &fw.w);
	fw.handed++;
	snprintf(fw.name, sizeof(fw.name), "%s", file->entry->name);
	snprintf(fw.place, sizeof(fw.place), "%s", spool);
	memcpy(fw.sha256, file->sha256, DF_SHA256_HEX);
	fw.id = file->id;
	fw.idle = file->idle;
	free(spool);
	return true;
}

static TEST_UNUSED void feed_begin(void)
{
	struct df_err err = {0};
	world_begin();
	memset(&fw, 0, sizeof(fw));
	snprintf(fw.in, sizeof(fw.in), "%s/in", world.dir);
	snprintf(fw.spool, sizeof(fw.spool), "%s/spool/f", world.dir);
	OK(df_mkdirs(fw.in, &err));
	OK(df_mkdirs(fw.spool, &err));
	world.feed.fetch.source = (struct conf_source){.kind = CONF_SOURCE_FILE, .path = fw.in};
	fw.w = (struct feed_work){.run = &world.run,
				  .feed = &world.feed,
				  .spool = fw.spool,
				  .source = {.feed = &world.feed}};
}

static TEST_UNUSED void feed_end(void)
{
	free(fw.w.stuck.name);
	run_source_close(&fw.w.source);
	world_end();
}

/* A file of a folder, of that time. */
static TEST_UNUSED void feed_put(const char *folder, const char *name, const char *text,
				 time_t mtime)
{
	const struct utimbuf times = {mtime, mtime};
	char *path = df_format("%s/%s", folder, name);
	test_file_put(folder, name, text);
	CU_ASSERT_EQUAL(utime(path, &times), 0);
	free(path);
}

static TEST_UNUSED void feed_remove(const char *folder, const char *name)
{
	char *path = df_format("%s/%s", folder, name);
	CU_ASSERT_EQUAL(unlink(path), 0);
	free(path);
}

static TEST_UNUSED bool feed_has(const char *folder, const char *name)
{
	char *path = df_format("%s/%s", folder, name);
	bool has = access(path, F_OK) == 0;
	free(path);
	return has;
}

#endif
