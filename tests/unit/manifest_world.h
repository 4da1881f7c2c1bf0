/* SPDX-License-Identifier: MIT */
/* manifest_world.h - a row and the manifest that maps it */
#ifndef MANIFEST_WORLD_H
#define MANIFEST_WORLD_H

#include "helper_map.h"
#include "test.h"

static TEST_UNUSED void with(const char *manifest, const char *event, const char *header,
			     const char *row)
{
	struct conf_feed feed = manifest_feed(manifest);
	run(&feed, event, header, row);
	manifest_feed_free(&feed);
}

#define BATCH_1 "\"environment\":\"production\",\"mpid\":1"

#define MAPPINGS(...)                                                                              \
	"{\"id\":\"i\",\"name\":\"n\",\"destination_type\":\"event_batch\",\"mappings\":"          \
	"[" __VA_ARGS__ "]}"
#define COLUMN(s, d) "{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d "\"}"
#define STATIC(v, d) "{\"mapping_type\":\"static\",\"value\":" v ",\"destination\":\"" d "\"}"
#define IGNORE(s)    "{\"mapping_type\":\"ignore\",\"source\":\"" s "\"}"

#define MADE(s, d, v)                                                                              \
	"{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d                   \
	"\",\"value\":\"" v "\"}"
#define UNLESS(s, d, v, when)                                                                      \
	"{\"mapping_type\":\"column\",\"source\":\"" s "\",\"destination\":\"" d                   \
	"\",\"value\":\"" v "\",\"ignore_when\":\"" when "\"}"
#define ID COLUMN("Id", "mpid") ","

#endif
