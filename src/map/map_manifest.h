/* SPDX-License-Identifier: MIT */
/* map_manifest.h - what a manifest says, of either kind */
#ifndef MAP_MANIFEST_H
#define MAP_MANIFEST_H

#include "dropfeed/index.h"
#include "dropfeed/liquid.h"
#include "dropfeed/schema.h"
#include "map_tree.h"

enum map_action { MAP_KEEP, MAP_IGNORE, MAP_STATIC };
enum map_when { MAP_NEVER, MAP_WHEN_NULL, MAP_WHEN_EMPTY };

enum map_otherwise { MAP_OTHERWISE_REJECT, MAP_OTHERWISE_KEEP, MAP_OTHERWISE_EMPTY };

struct map_value { /* both own */
	char *from, *to;
};

struct map_entry { /* of either kind of manifest */
	enum map_action action;
	char *source; /* own: a column's name, or NULL */
	size_t next;  /* the next entry with the same source, or MAP_NONE */
	char *field;  /* own: the destination, or NULL */
	char *value;  /* own: of MAP_STATIC; else the template's text, or NULL */
	/* of a field transformation only */
	enum map_when ignore_when;
	struct liquid *template; /* own: of the value, or NULL */
	/* own: of the destination, where it depends on the source's name; else NULL */
	struct liquid *target;
	struct map_value *values; /* own: by `from`; NULL: any value is taken */
	size_t n_values;
	enum map_otherwise otherwise;
};

struct map_texts {
	char **v; /* own, and what is in it */
	size_t n;
};

struct map_skip {     /* rows whose cell is one of these */
	char *source; /* own */
	struct map_texts in;
};

struct map_manifest {
	struct df_index *by_source; /* own: the first entry with exactly this source */
	/* own: the entries of a field transformation with a * or $unmapped for source */
	size_t *patterns;
	size_t n_patterns;
	bool transform; /* a field transformation; else a custom manifest */
	bool has_header;
	struct map_entry *entries; /* own */
	size_t n;
	struct map_skip *skips; /* own */
	size_t n_skips;
	struct map_texts fill_down, fill_by;
	size_t at;       /* the entry that is being looked at, 1-based: for messages */
	const char *key; /* before the entries: the manifest's own member that is being looked at */
};

enum df_status map_manifest_parse(const char *text, const struct schema_event *event,
				  struct map_manifest **out, struct df_err *err) DF_CHECK;
void map_manifest_free(struct map_manifest *manifest);
/* Are all columns of this name ignored? */
bool map_manifest_ignores(const struct map_manifest *manifest, const char *name);

#endif
