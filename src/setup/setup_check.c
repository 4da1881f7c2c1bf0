/* SPDX-License-Identifier: MIT */
/* What is wrong with a configuration that loads: each room is asked for what can be seen on this
 * machine, without a connection. */
#include "dropfeed/decode.h"
#include "dropfeed/fetch.h"
#include "dropfeed/map.h"
#include "dropfeed/name.h"
#include "dropfeed/schema.h"
#include "dropfeed/send.h"
#include "dropfeed/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct setup_work {
	const struct conf *conf;
	const struct conf_feed *feed; /* NULL: [dropfeed] */
	setup_finding_fn *found;
	void *ctx;
};

static void DF_PRINTF(4, 5)
    setup_found(const struct setup_work *w, const char *key, bool warning, const char *fmt, ...)
{
	char text[DF_ERR_TEXT];
	va_list ap;
	va_start(ap, fmt);
	df_message(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct setup_finding f = {.feed = w->feed != NULL ? w->feed->name : NULL,
				  .line = w->feed != NULL ? conf_feed_line(w->feed, key)
							  : conf_line(w->conf, key),
				  .key = key,
				  .text = text,
				  .warning = warning};
	w->found(w->ctx, &f);
}

/* ---- [dropfeed] ---- */

/* Can files be made in the folder, or the folder itself where it does not exist yet? 0, or
 * errno. *at: where not, own. */
static int folder_fault(const char *path, char **at)
{
	struct stat s;
	*at = df_strdup(path);
	while (stat(*at, &s) != 0) {
		char *parent = df_dirname(*at);
		int why = errno;
		bool top = why != ENOENT || strcmp(parent, *at) == 0 || df_is_dangling(*at);
		if (top) {
			free(parent);
			return why;
		}
		free(*at);
		*at = parent;
	}
	if (!S_ISDIR(s.st_mode))
		return ENOTDIR;
	return access(*at, R_OK | W_OK | X_OK) == 0 ? 0 : errno;
}

static void conf_check_state_dir(const struct setup_work *w)
{
	const char *dir = w->conf->state_dir;
	char *at = NULL;
	struct stat s;
	if (dir == NULL)
		return;

	char remote[64], *others = NULL;
	int why = folder_fault(dir, &at);
	if (df_is_remote(dir, remote))
		setup_found(w, "state_dir", false, SETUP_REMOTE_STATE, dir, remote);
	else if (why == ENOENT)
		setup_found(w, "state_dir", false, "%s " DF_DANGLING, at);
	else if (why != 0 && strcmp(at, dir) == 0)
		setup_found(w, "state_dir", false, "cannot write to %s: %s", dir, strerror(why));
	else if (why != 0)
		setup_found(w, "state_dir", false,
			    "%s does not exist, and cannot be made in %s: %s", dir, at,
			    strerror(why));
	else if (geteuid() == 0 && stat(dir, &s) == 0 && s.st_uid != 0)
		setup_found(w, "state_dir", true,
			    "%s belongs to the user number %u, but this is root, whose files that "
			    "user's runs could not open: "
			    "use runuser -u or sudo -u",
			    dir, (unsigned)s.st_uid);
	else if ((others = setup_left_by_others(dir)) != NULL)
		setup_found(w, "state_dir", false, "%s", others);
	free(others);
	free(at);
}

static void check_metrics_file(const struct setup_work *w)
{
	const char *path = w->conf->operate.metrics_file;
	if (path == NULL)
		return;
	char *dir = df_dirname(path);
	if (access(dir, W_OK | X_OK) != 0)
		setup_found(w, "metrics_file", true, "cannot write to %s: %s", dir,
			    strerror(errno));
	free(dir);
}

/* ---- feeds ---- */

static bool takes_type(const struct conf_feed *feed, const char *type)
{
	return schema_type_requests(type) == feed->requests.on &&
	       (conf_takes_audiences(feed) || !schema_type_audience(type));
}

/* A manifest may fit some event types and not others: it is a mistake when it fits none. What it
 * is held against first says why. */
static void check_manifest(const struct setup_work *w)
{
	const char *type = w->feed->decode.document_type;
	struct df_err first = {0};
	char text[DF_ERR_TEXT];
	if (type == NULL)
		type = "custom_event";
	for (size_t i = 0; type != NULL; type = schema_event_at(i++)) {
		struct map *map = NULL;
		struct df_err err = {0};
		if (!takes_type(w->feed, type))
			continue;
		enum df_status st = map_open(w->feed, type, &map, &err);
		map_close(map);
		if (st == DF_OK)
			return;
		if (first.text[0] == '\0')
			first = err;
	}

	df_err_render(&first, text, sizeof(text));
	setup_found(w, "manifest", false, "%s", text);
}

static bool is_marker(const struct conf_fetch *set, const char *glob)
{
	return (set->ready_marker != NULL && df_ends_with(glob, set->ready_marker)) ||
	       (set->checksum != NULL && df_ends_with(glob, set->checksum));
}

/* Marks of regular expressions that names of files hardly have. */
static bool is_expression(const char *glob)
{
	return glob[0] == '^' || df_ends_with(glob, "$") || strchr(glob, '|') != NULL ||
	       strstr(glob, "\\.") != NULL || strstr(glob, "\\d") != NULL;
}

/* Why a glob does not do what it was written for, or NULL. */
static const char *glob_fault(const struct conf_fetch *set, const char *glob, bool include)
{
	if (strchr(glob, ';') != NULL)
		return "is one glob: several have blanks or commas between them";
	if (strpbrk(glob, "{}") != NULL)
		return "has a brace, which is a letter like any other: write a glob for each of "
		       "the alternatives";
	if (is_expression(glob))
		return "is a glob, not a regular expression: * fits any letters, ? one";
	if (strchr(glob, '/') != NULL && !set->subfolders)
		return "fits no file: names have no folder unless subfolders = yes";
	if (include && name_ignored(glob))
		return "fits no file: hidden ones and .tmp .part .partial .filepart never are "
		       "taken";
	if (include && is_marker(set, glob))
		return "fits no file but markers and checksum files, which belong to others";
	if (glob[0] == '.' || (strpbrk(glob, "*?[") == NULL && strchr(glob, '.') == NULL))
		return "fits no file: the whole name has to fit, and * fits any letters";
	return NULL;
}

/* Globs that no name fits take nothing, or leave nothing out, for ever, and say nothing. */
static void check_globs(const struct setup_work *w)
{
	const struct conf_fetch *set = &w->feed->fetch;
	const struct {
		const char *key;
		const struct conf_list *globs;
	} lists[] = {{"include", &set->include}, {"exclude", &set->exclude}};
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < lists[i].globs->n; k++) {
			const char *glob = lists[i].globs->v[k];
			const char *fault = glob_fault(set, glob, i == 0);
			if (fault != NULL)
				setup_found(w, lists[i].key, true, "'%s' %s", glob, fault);
		}
}

static bool is_file_name(const char *path)
{
	struct name parts = {0};
	struct df_err ignored = {0};
	return name_parse(df_base_name(path), &parts, &ignored) == DF_OK;
}

static void check_source(const struct setup_work *w)
{
	const struct conf_feed *feed = w->feed;
	const char *path = feed->fetch.source.path;
	struct df_err err = {0};
	struct stat info;
	if (feed->fetch.source.kind == CONF_SOURCE_FILE && stat(path, &info) == 0 &&
	    !S_ISDIR(info.st_mode))
		setup_found(w, "source", true, "%s is not a folder", path);
	else if (feed->fetch.source.kind == CONF_SOURCE_FILE && access(path, R_OK | X_OK) != 0)
		setup_found(w, "source", true, "cannot read the folder %s: %s", path,
			    strerror(errno));
	if (feed->fetch.source.kind != CONF_SOURCE_SFTP)
		return;
	if (path != NULL && (strchr(path, '*') != NULL || is_file_name(path)))
		setup_found(w, "source", true,
			    "%s looks like files: name their folder, and them with include", path);
	if (fetch_check_host(feed, &err) != DF_OK)
		setup_found(w, "known_hosts", false, "%s", err.text);
	err = (struct df_err){0};
	if (fetch_check_key(feed, &err) != DF_OK)
		setup_found(w, "identity_file", true, "%s", err.text);
	if (feed->fetch.identity_file == NULL && feed->fetch.password == NULL &&
	    getenv("SSH_AUTH_SOCK") == NULL)
		setup_found(w, "identity_file", true,
			    "there is nothing to log in with: set identity_file or password_file, "
			    "or run an SSH agent");
}

static void check_sink(const struct setup_work *w)
{
	const struct conf_feed *feed = w->feed;
	struct df_err err = {0};
	if (feed->send.sink == CONF_SINK_FILE) {
		bool folder = conf_sink_is_folder(feed);
		char *dir = folder ? df_strdup(feed->send.sink_path)
				   : df_dirname(feed->send.sink_path),
		     *at = NULL;
		int why = folder_fault(dir, &at);
		if (why != 0 || (!folder && strcmp(at, dir) != 0))
			setup_found(w, "sink", false, "cannot write to the folder %s: %s", dir,
				    strerror(why != 0 ? why : ENOENT));
		free(dir);
		free(at);
	}
	if (feed->send.sink != CONF_SINK_EVENTS_API)
		return;

	const char *pod = conf_feed_other_pod(feed);
	if (pod != NULL)
		setup_found(
		    w, "endpoint", false,
		    "the API key is one of the pod %s, but the endpoint is %s: write endpoint = %s",
		    pod, feed->send.endpoint, pod);
	if (send_check_ca(feed, &err) != DF_OK)
		setup_found(w, "ca_file", false, "%s", err.text);
}

static bool same_list(const struct conf_list *a, const struct conf_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static bool takes_the_same(const struct conf_feed *a, const struct conf_feed *b)
{
	return a->fetch.source.key != NULL &&
	       df_same_text(a->fetch.source.key, b->fetch.source.key) &&
	       same_list(&a->fetch.include, &b->fetch.include) &&
	       same_list(&a->fetch.exclude, &b->fetch.exclude) &&
	       df_same_text(a->decode.document_type, b->decode.document_type) &&
	       a->decode.encrypted == b->decode.encrypted && a->requests.on == b->requests.on;
}

static bool delivers_there(const struct conf_feed *a, const struct conf_feed *b)
{
	return a->send.sink == b->send.sink && df_same_text(a->send.endpoint, b->send.endpoint) &&
	       df_same_text(a->send.api_key, b->send.api_key) &&
	       df_same_text(a->send.sink_path, b->send.sink_path);
}

/* Ids are made from the feed's name: what two feeds deliver to one place counts twice. */
static void check_doubled(const struct setup_work *w)
{
	const struct conf_feed *feed = w->feed;
	for (const struct conf_feed *f = w->conf->feeds; f < feed; f++)
		if (takes_the_same(f, feed) && delivers_there(f, feed))
			setup_found(w, "source", true,
				    "feed %s takes the same files, and delivers them to the same "
				    "place: every row would count twice; give each feed an include "
				    "of its own",
				    f->name);
}

/* What one feed removes from the source before another has pulled it, that one never gets. */
static void check_removals(const struct setup_work *w)
{
	const struct conf_feed *feed = w->feed;
	bool done = feed->fetch.after_done.what != CONF_KEEP;
	const char *key = done ? "after_done" : "after_refused";
	if (!done && feed->fetch.after_refused.what == CONF_KEEP)
		return;
	for (size_t i = 0; i < w->conf->n_feeds; i++) {
		const struct conf_feed *f = &w->conf->feeds[i];
		if (f != feed && takes_the_same(f, feed))
			setup_found(
			    w, key, true,
			    "feed %s takes the same files, and does not get those that this "
			    "one moves or deletes before: set %s = keep, or give "
			    "each feed a folder of its own",
			    f->name, key);
	}
}

/* What is done with and moved to where another feed takes files is delivered by that one, too. */
static void check_moved(const struct setup_work *w)
{
	const struct conf_feed *feed = w->feed;
	for (size_t i = 0; i < w->conf->n_feeds; i++) {
		const struct conf_feed *f = &w->conf->feeds[i];
		const struct conf_list *theirs = &f->fetch.include;
		bool named = theirs->n == 0 || same_list(theirs, &feed->fetch.include);
		if (f != feed && named && delivers_there(f, feed) &&
		    conf_dir_is_taken(feed, feed->fetch.after_done.dir, f))
			setup_found(w, "after_done", true,
				    "feed %s takes the files of that folder, and delivers them to "
				    "the same place: every row would count twice; move them to "
				    "another folder",
				    f->name);
	}
}

/* Receipts are named by their files. */
static void check_shared_receipts(const struct setup_work *w)
{
	const struct conf_fetch *set = &w->feed->fetch;
	for (const struct conf_feed *f = w->conf->feeds; f < w->feed; f++) {
		const struct conf_list *theirs = &f->fetch.include;
		bool named =
		    theirs->n == 0 || set->include.n == 0 || same_list(theirs, &set->include);
		if (named && conf_dirs_are_one(w->feed, set->receipts, f, f->fetch.receipts))
			setup_found(w, "receipts", true,
				    "feed %s writes to that folder as well, where the receipts and "
				    "copies of rejects of files of one name replace each other; "
				    "give each feed a folder of its own",
				    f->name);
	}
}

/* A copy of rejects has the name of a drop file. */
static void check_receipts(const struct setup_work *w)
{
	const struct conf_fetch *set = &w->feed->fetch;
	const char *key =
	    conf_dirs_are_one(w->feed, set->receipts, w->feed, set->after_done.dir) ? "after_done"
	    : conf_dirs_are_one(w->feed, set->receipts, w->feed, set->after_refused.dir)
		? "after_refused"
		: NULL;
	if (key != NULL)
		setup_found(w, "receipts", true,
			    "%s moves files to that folder as well: copies of rejects have the "
			    "same names; give receipts a folder of their own",
			    key);
	for (size_t i = 0; i < w->conf->n_feeds; i++) {
		const struct conf_feed *f = &w->conf->feeds[i];
		if (f != w->feed && f->fetch.include.n == 0 &&
		    conf_dir_is_taken(w->feed, set->receipts, f))
			setup_found(w, "receipts", true,
				    "feed %s takes the files of that folder, and so the copies of "
				    "rejects that are written there; name another folder",
				    f->name);
	}
}

/* Somebody counts on a key that does nothing: files are not held against signed_by where none is
 * encrypted. */
static void check_idle_keys(const struct setup_work *w)
{
	static const struct {
		const char *key, *needs, *how;
	} keys[] = {{"signed_by", "encrypted", "encrypted = yes"},
		    {"rejects_recipient", "encrypted", "encrypted = yes"},
		    {"gnupg_passphrase_file", "encrypted", "encrypted = yes"},
		    {"gnupg_passphrase_env", "encrypted", "encrypted = yes"},
		    {"plan_version", "plan", "plan"},
		    {"plan_action", "plan", "plan"},
		    {"plan_types", "plan", "plan"},
		    {"proxy_user", "proxy", "proxy"},
		    {"proxy_password_file", "proxy", "proxy"},
		    {"proxy_password_env", "proxy", "proxy"},
		    {"expect_action", "expect_rows", "expect_rows"}};
	const struct conf_feed *feed = w->feed;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		bool on = strcmp(keys[i].needs, "encrypted") == 0
			      ? feed->decode.encrypted
			      : conf_feed_line(feed, keys[i].needs) != feed->line;
		if (!on && conf_feed_line(feed, keys[i].key) != feed->line)
			setup_found(w, keys[i].key, true,
				    "it does nothing without %s: set that as well, or leave this "
				    "out",
				    keys[i].how);
	}
}

/* ---- secrets ---- */

/* What is wrong with a secret that somebody has written as in a shell, or NULL. */
static const char *secret_fault(const char *secret)
{
	size_t len = secret != NULL ? strlen(secret) : 0;
	if (len == 0)
		return NULL;
	const char first = secret[0], last = secret[len - 1];
	if (len > 1 && first == last && (first == '"' || first == '\''))
		return "it begins and ends with a quote";
	return strchr(" \t", first) != NULL || strchr(" \t", last) != NULL
		   ? "it begins or ends with a blank"
		   : NULL;
}

static void check_secrets(const struct setup_work *w)
{
	const struct conf_feed *feed = w->feed;
	const struct {
		const char *file, *env, *value;
	} secrets[] = {
	    {"passphrase_file", "passphrase_env", feed->fetch.passphrase},
	    {"password_file", "password_env", feed->fetch.password},
	    {"gnupg_passphrase_file", "gnupg_passphrase_env", feed->decode.gnupg_passphrase},
	    {"api_secret_file", "api_secret_env", feed->send.api_secret},
	    {"api_key_file", "api_key_env", feed->send.api_secret},
	    {"proxy_password_file", "proxy_password_env", feed->send.proxy_password},
	};
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		const char *why = secret_fault(secrets[i].value), *key = secrets[i].file;
		if (conf_feed_line(feed, key) == feed->line)
			key = secrets[i].env;
		if (why != NULL && conf_feed_line(feed, key) != feed->line)
			setup_found(
			    w, key, true,
			    "the secret is taken as it is, and %s: if that is not a part of "
			    "it, write it without",
			    why);
	}
}

static void check_feed(struct setup_work *w)
{
	const char *key = NULL;
	struct df_err err = {0};
	check_source(w);
	check_globs(w);
	check_doubled(w);
	check_removals(w);
	check_moved(w);
	check_receipts(w);
	check_shared_receipts(w);
	check_idle_keys(w);
	check_secrets(w);
	if (decode_check_keys(w->feed, &key, &err) != DF_OK)
		setup_found(w, key, false, "%s", err.text);
	check_manifest(w);
	check_sink(w);
}

void setup_check(const struct conf *conf, setup_finding_fn *found, void *ctx)
{
	struct setup_work w = {.conf = conf, .found = found, .ctx = ctx};
	conf_check_state_dir(&w);
	check_metrics_file(&w);
	for (size_t i = 0; i < conf->n_feeds; i++) {
		w.feed = &conf->feeds[i];
		check_feed(&w);
	}
}
