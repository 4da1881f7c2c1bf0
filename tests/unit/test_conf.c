/* SPDX-License-Identifier: MIT */
#include "../../src/conf/conf_key.h" /* the table of keys: the example must have each */

#include "test.h"

static char dir[100];

static void put(const char *name, const char *text, mode_t mode)
{
	char *path = df_format("%s/%s", dir, name);
	unlink(path);
	FILE *f = fopen(path, "w");
	if (f == NULL)
		abort();
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	free(path);
}

static int setup(void)
{
	if (test_folder_make(dir, sizeof(dir)) != 0)
		return 1;
	put("secret", "s3cret-value\nsecond line\n", 0600);
	put("crlf", "with blanks inside \r\n", 0400);
	put("open", "s3cret-value\n", 0644);
	put("group", "s3cret-value\n", 0640);
	put("bom", "\xef\xbb\xbfs3cret-value\r\n", 0600);
	put("utf16", "\xff\xfes", 0600);
	put("written", "s3cret-value\n", 0660);
	put("empty", "\nsecond\n", 0600);
	put("id", "key\n", 0600);
	put("manifest.json", "{\"columns\": []}\n", 0644);
	put("ca.pem", "x\n", 0644);
	put("hosts", "x\n", 0644);
	char *gnupg = df_format("%s/gnupg", dir);
	int rc = mkdir(gnupg, 0700);
	free(gnupg);
	return rc;
}

static int teardown(void)
{
	return test_folder_remove(dir);
}

/* Loads `text`. Problems, one a line as "line: text", go to *problems, which the caller frees. */
static struct conf *load(const char *text, char **problems)
{
	struct conf *conf = NULL;
	struct conf_problems p = {0};
	struct df_err err = {0};
	struct df_buf all = {0};
	char *path = df_format("%s/t.conf", dir);
	put("t.conf", text, 0644);
	enum df_status st = conf_load(path, &conf, &p, &err);
	CU_ASSERT_EQUAL(st, p.n == 0 ? DF_OK : DF_USAGE);
	CU_ASSERT_EQUAL(conf != NULL, st == DF_OK);
	for (size_t i = 0; i < p.n; i++)
		df_buf_addf(&all, "%d: %s\n", p.v[i].line, p.v[i].text);
	*problems = df_strdup(df_buf_cstr(&all));
	df_buf_free(&all);
	conf_problems_free(&p);
	free(path);
	return conf;
}

static struct conf *load_good(const char *text)
{
	char *problems = NULL;
	struct conf *conf = load(text, &problems);
	CU_ASSERT_STRING_EQUAL(problems, "");
	if (conf == NULL) {
		fprintf(stderr, "%s", problems);
		exit(1);
	}
	free(problems);
	return conf;
}

/* The problems begin as listed, in that order, each at its line, and there are no others. */
static void expect(const char *text, const char *const *want, int source_line)
{
	char *problems = NULL, *at;
	conf_free(load(text, &problems));
	at = problems;
	bool same = true;
	for (; *want != NULL && same; want++) {
		char *end = strchr(at, '\n');
		same = end != NULL && strncmp(at, *want, strlen(*want)) == 0;
		if (same)
			at = end + 1;
	}
	same = same && *at == '\0';
	CU_ASSERT_TRUE(same);
	if (!same)
		fprintf(stderr, "line %d: got\n%s", source_line, problems);
	free(problems);
}
#define EXPECT(text, ...) expect(text, (const char *const[]){__VA_ARGS__, NULL}, __LINE__)

#define HEAD "[dropfeed]\nstate_dir = /s\n[feed a]\nsink = -\n" /* the next line is 5 */

static void test_defaults(void)
{
	struct conf *conf = load_good(
	    "[dropfeed]\nstate_dir = /s\n[feed a]\nsink = -\n[feed b]\nsink=file:out.json\n");
	CU_ASSERT_STRING_EQUAL(conf->state_dir, "/s");
	CU_ASSERT_EQUAL(conf->jobs, 2);
	CU_ASSERT_EQUAL(conf->log_level, DF_LOG_INFO);
	CU_ASSERT_FALSE(conf->log_json);
	CU_ASSERT_EQUAL_FATAL(conf->n_feeds, 2);
	const struct conf_feed *f = conf_feed_find(conf, "a");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(f->line, 3);
	CU_ASSERT_EQUAL(f->fetch.source.kind, CONF_SOURCE_NONE);
	CU_ASSERT(f->fetch.min_age_ms == 60000 && f->fetch.stall_timeout_ms == 60000 &&
		  f->send.give_up_after_ms == 900000);
	CU_ASSERT_EQUAL(f->decode.max_plaintext, UINT64_C(20) << 30);
	CU_ASSERT(f->decode.max_ratio == 1000 && f->decode.max_entries == 10000 &&
		  f->batch.lanes == 8);
	CU_ASSERT_EQUAL(f->batch.group_window, 64 << 20);
	CU_ASSERT_EQUAL(f->map.guidelines, CONF_WARN);
	CU_ASSERT_EQUAL(f->batch.historical, CONF_HIST_AUTO);
	CU_ASSERT_STRING_EQUAL(f->map.environment, "production");
	CU_ASSERT_STRING_EQUAL(f->map.screen_name, "");
	CU_ASSERT_STRING_EQUAL(f->map.timestamps, "ms");
	CU_ASSERT_STRING_EQUAL(f->map.timezone, "UTC");
	CU_ASSERT(f->map.event_name == NULL && f->map.event_type == NULL &&
		  f->map.data_plan == NULL && f->map.manifest == NULL);
	CU_ASSERT(f->map.max_rejects_percent && f->map.max_rejects == 100000);
	CU_ASSERT(!f->decode.encrypted && !f->map.fold_products && !f->map.limits_truncate &&
		  !f->send.duplicates_import);
	CU_ASSERT(!f->map.empty_attributes_delete && !f->map.unknown_columns_warn);
	CU_ASSERT(f->fetch.after_done.what == CONF_KEEP &&
		  f->fetch.after_refused.what == CONF_KEEP);
	CU_ASSERT_EQUAL(f->send.batches_per_second, 270.0);
	CU_ASSERT_EQUAL(f->send.sink, CONF_SINK_STDOUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(f->fetch.known_hosts, "/.ssh/known_hosts"));
	const struct conf_feed *b = conf_feed_find(conf, "b");
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_EQUAL(b->send.sink, CONF_SINK_FILE);
	char *want = df_format("%s/out.json", dir);
	CU_ASSERT_STRING_EQUAL(b->send.sink_path, want);
	free(want);
	CU_ASSERT_PTR_NULL(conf_feed_find(conf, "c"));
	conf_free(conf);
	struct conf_feed *d = conf_feed_default("import");
	CU_ASSERT_EQUAL(d->send.sink, CONF_SINK_STDOUT);
	CU_ASSERT_EQUAL(d->batch.lanes, 8);
	conf_feed_free(d);
	conf_feed_free(NULL);
	conf_free(NULL);
}

static void test_everything_set(void)
{
	/* indented keys, sections out of order, colons, a value on two lines */
	struct conf *conf = load_good(
	    "\xef\xbb\xbf; a comment\n[feed Shop-1_a.b]\n\tsource = "
	    "sftp://jo%40x@[::1]:2222/~/drop%20s\n  "
	    "include = a*, b* c*\n"
	    "exclude = *.bak\nmin_age = 0\nknown_hosts = hosts\n"
	    "host_key = SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nidentity_file = id\n"
	    "passphrase_file = crlf\npassword_file = secret\nstall_timeout = 2m\nafter_done = "
	    "move:old\n"
	    "after_refused = delete\nreceipts = r\nencrypted = yes\ngnupg_home = gnupg\n"
	    "signed_by = 0x0123456789abcdef0123456789abcdef01234567\nmax_plaintext = 1 "
	    "KiB\nmax_ratio = "
	    "5\nmax_entries = 6\n"
	    "guidelines = enforce\nmanifest = manifest.json\nenvironment = development\nevent_name "
	    "= Order  "
	    "placed;x#\n  # a comment in between\n\ty\n"
	    "event_type = Transaction\nscreen_name = Home\ndata_plan = plan:3\ntimestamps = "
	    "%m/%d/%y %H:%M\n"
	    "timezone = Europe/Berlin\nempty_attributes = delete\nunknown_columns = warn\nlimits = "
	    "truncate\n"
	    "fold_products = on\nmax_rejects = 0.5%\ngroup_window = 2MB\nhistorical = never\nlanes "
	    "= 64\n"
	    "sink = events-api\nendpoint = https://h.example/base//\nca_file = ca.pem\napi_key = "
	    "k\n"
	    "api_secret_file = secret\nbatches_per_second = 12.5\ngive_up_after = 1d\nduplicates = "
	    "import\n"
	    "[dropfeed]\nstate_dir: state\njobs = 3\nlog_level = debug\nlog_format = json\n[ feed  "
	    "empty ] ; "
	    "c\nsink = -\n");
	CU_ASSERT(conf->jobs == 3 && conf->log_level == DF_LOG_DEBUG && conf->log_json);
	char *want = df_format("%s/state", dir);
	CU_ASSERT_STRING_EQUAL(conf->state_dir, want);
	free(want);
	CU_ASSERT_PTR_NOT_NULL(conf_feed_find(conf, "empty"));
	const struct conf_feed *f = conf_feed_find(conf, "Shop-1_a.b");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(f->fetch.source.kind, CONF_SOURCE_SFTP);
	CU_ASSERT_STRING_EQUAL(f->fetch.source.user, "jo@x");
	CU_ASSERT_STRING_EQUAL(f->fetch.source.host, "::1");
	CU_ASSERT_EQUAL(f->fetch.source.port, 2222);
	CU_ASSERT_STRING_EQUAL(f->fetch.source.path, "/~/drop s");
	CU_ASSERT_EQUAL_FATAL(f->fetch.include.n, 3);
	CU_ASSERT_STRING_EQUAL(f->fetch.include.v[2], "c*");
	CU_ASSERT_EQUAL(f->fetch.exclude.n, 1);
	CU_ASSERT_EQUAL(f->fetch.min_age_ms, 0);
	CU_ASSERT_STRING_EQUAL(f->fetch.host_key,
			       "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
	CU_ASSERT_STRING_EQUAL(f->fetch.passphrase, "with blanks inside ");
	CU_ASSERT_STRING_EQUAL(f->fetch.password, "s3cret-value");
	CU_ASSERT_STRING_EQUAL(f->send.api_secret, "s3cret-value");
	CU_ASSERT(f->fetch.after_done.what == CONF_MOVE &&
		  strcmp(f->fetch.after_done.dir, "old") == 0);
	CU_ASSERT(f->fetch.after_refused.what == CONF_DELETE && f->fetch.after_refused.dir == NULL);
	CU_ASSERT_STRING_EQUAL(f->decode.signed_by.v[0],
			       "0123456789ABCDEF0123456789ABCDEF01234567");
	CU_ASSERT(f->decode.encrypted && f->decode.max_plaintext == 1024 &&
		  f->decode.max_ratio == 5 && f->decode.max_entries == 6);
	CU_ASSERT_EQUAL(f->map.guidelines, CONF_ENFORCE);
	CU_ASSERT_STRING_EQUAL(f->map.manifest_text, "{\"columns\": []}\n");
	CU_ASSERT_STRING_EQUAL(f->map.environment, "development");
	CU_ASSERT_STRING_EQUAL(f->map.event_name, "Order  placed;x# y");
	CU_ASSERT_STRING_EQUAL(f->map.event_type, "transaction");
	CU_ASSERT_STRING_EQUAL(f->map.timestamps, "%m/%d/%y %H:%M");
	CU_ASSERT(f->map.empty_attributes_delete && f->map.unknown_columns_warn &&
		  f->map.limits_truncate && f->map.fold_products);
	CU_ASSERT(f->map.max_rejects_percent && f->map.max_rejects == 500);
	CU_ASSERT(f->batch.group_window == 2000000 && f->batch.historical == CONF_HIST_NEVER &&
		  f->batch.lanes == 64);
	CU_ASSERT_STRING_EQUAL(f->send.endpoint, "https://h.example/base");
	CU_ASSERT_EQUAL(f->send.batches_per_second, 12.5);
	CU_ASSERT(f->send.give_up_after_ms == 86400000 && f->send.duplicates_import);
	conf_free(conf);
}

static void test_every_mistake(void)
{
	EXPECT("stray = 1\n[dropfeed]\nstate_dir = /s\njobs = 0\nlanes = 4\njobs = "
	       "2\n[nonsense]\nwhatever = 1\n[feed a]\n"
	       "no equals sign\nsink = -\ntimezome = UTC\nmin-age = 1s\nzzzzzzzz = 1\nstate_dir = "
	       "/x\nlanes = 65\n[feed "
	       "a]\nsink = -\n"
	       "[feed b/c]\nsink = -\n[dropfeed]\n[feed d\nlanes = x\n[feed e] x\nsink = -\nlanes "
	       "=\nalso wrong",
	       "1: 'stray' comes before any section",
	       "4: jobs: '0' is out of range, it may be 1 to 64",
	       "5: 'lanes' belongs in a [feed NAME]", "6: 'jobs' is already set on line 4",
	       "7: unknown section [nonsense]", "10: neither a section",
	       "12: unknown key 'timezome'; did you mean 'timezone'?",
	       "13: unknown key 'min-age'; did you mean 'min_age'?", "14: unknown key 'zzzzzzzz'",
	       "15: 'state_dir' belongs in [dropfeed]", "16: lanes: '65' is out of range",
	       "17: [feed a] is already defined on line 9", "19: 'b/c' is not a feed name",
	       "21: [dropfeed] is already defined on line 2", "22: the section's ']' is missing",
	       "24: nothing may follow", "26: lanes: no value given", "27: neither a section");
	EXPECT("[feed a]\nsink = -\n", "1: [dropfeed] must say");
	EXPECT(
	    "[dropfeed]\nstate_dir = /s\n[feed a]\n[feed b]\nendpoint = us1\napi_key = k\n",
	    "3: feed a delivers to the Events API, but lacks: endpoint, api_key, api_secret_file",
	    "4: feed b delivers to the Events API, but lacks: api_secret_file");
	/* a bad value is one mistake, not also a missing key */
	EXPECT("[dropfeed]\nstate_dir = /s\n[feed a]\nendpoint = us9\napi_key = "
	       "a:b\napi_secret_file = none\n",
	       "4: endpoint: ", "5: api_key: ", "6: api_secret_file: cannot read");
	/* names that differ in their last character */
	EXPECT(HEAD
	       "[feed aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1]\nsink = -\n"
	       "[feed aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2]\nsink = "
	       "-\nlanes = 0\n",
	       "9: lanes: ");
}

/* What goes back to the source may not go among the drop files. */
static void test_back_into_the_source(void)
{
	EXPECT(HEAD "source = sftp://u@h/a/b/\nreceipts = .\nafter_done = "
		    "move:./c/../\nafter_refused = move:/a//b\n",
	       "6: receipts: '.' is the source folder", "7: after_done: './c/../' is the source",
	       "8: after_refused: '/a//b' is the source");
	EXPECT(HEAD "source = sftp://u@h/~/\nreceipts = /~\n", "6: receipts: ");
	EXPECT(HEAD "source = file:///a/b\nreceipts = ../b\n", "6: receipts: ");
	EXPECT(HEAD "source = sftp://u@h/a/b\nreceipts = ..\nafter_done = move:/b\nafter_refused = "
		    "move:b\nlanes = 0\n",
	       "9: lanes: ");
}

/* No line is too long for it, and nothing of a value is lost. */
/* Settings that are right one by one, with the line of the later one. */
static void test_contradictions(void)
{
	static const struct {
		const char *settings, *line, *keys;
	} cases[] = {
	    {"delimiter = ;\nquote = ;\n", "6: ", "delimiter and quote"},
	    {"quote = ,\n", "5: ", "delimiter and quote"},
	    {"comment = ,\ntrim = yes\n", "5: ", "delimiter and comment"},
	    {"comment = #\nquote = #\n", "6: ", "quote and comment"},
	    {"escape = backslash\ndelimiter = \\\n", "6: ", "delimiter and escape"},
	    {"quote = \\\nescape = backslash\n", "6: ", "quote and escape"},
	    {"quote = none\ncomment = \\\nescape = backslash\n", "7: ", "comment and escape"},
	    {"quote = tab\ntrim = yes\n", "6: ", "quote and trim"},
	    {"comment = \\x20\ntrim = yes\n", "6: ", "comment and trim"},
	    {"row_count = Rows ([0-9]+)\n", "5: ", "row_count"},
	    /* these fit */
	    {"quote = none\nescape = backslash\ndelimiter = tab\ntrim = yes\n", NULL, NULL},
	    {"comment = \\\nescape = backslash\n", NULL, NULL},
	    {"row_count = Rows ([0-9]+)\ncomment = #\n", NULL, NULL},
	    /* one mistake, one message */
	    {"delimiter = ;;\nquote = ,\n", "5: ", "delimiter: "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *problems = NULL,
		     *text = df_format("[dropfeed]\nstate_dir = /tmp\n[feed f]\nsource = "
				       "file:///tmp\n%ssink = file:/tmp/x\n",
				       cases[i].settings);
		conf_free(load(text, &problems));
		if (cases[i].line == NULL) {
			CU_ASSERT_STRING_EQUAL(problems, "");
		} else {
			CU_ASSERT_PTR_EQUAL(strstr(problems, cases[i].line), problems);
			CU_ASSERT_PTR_NOT_NULL(strstr(problems, cases[i].keys));
			CU_ASSERT_PTR_EQUAL(strchr(problems, '\n'),
					    problems + strlen(problems) - 1);
		}
		free(problems);
		free(text);
	}
}

static void test_long_lines(void)
{
	char pad[5000];
	memset(pad, 'x', sizeof(pad));
	pad[sizeof(pad) - 1] = '\0';
	char *text = df_format(HEAD "# %s\nevent_name = %s\nlanes = 0\n", pad, pad);
	EXPECT(text, "7: lanes: ");
	free(text);
	text = df_format(HEAD "event_name = %s\n", pad);
	struct conf *conf = load_good(text);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, pad);
	conf_free(conf);
	free(text);
	/* five fingerprints on one line, and on five */
	text = df_format(HEAD "signed_by = %s",
			 "0123456789abcdef0123456789abcdef01234567, "
			 "1123456789abcdef0123456789abcdef01234567, "
			 "2123456789abcdef0123456789abcdef01234567,\n   "
			 "3123456789abcdef0123456789abcdef01234567,\n   "
			 "4123456789abcdef0123456789abcdef01234567\nlanes = 2\n");
	conf = load_good(text);
	CU_ASSERT_EQUAL_FATAL(conf->feeds[0].decode.signed_by.n, 5);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].decode.signed_by.v[4],
			       "4123456789ABCDEF0123456789ABCDEF01234567");
	CU_ASSERT_EQUAL(conf->feeds[0].batch.lanes, 2);
	conf_free(conf);
	free(text);
}

/* A value that was written for another reader of INI files is never taken with its quotes or its
 * comment. */
static void test_quotes_and_comments(void)
{
	EXPECT("[dropfeed]\nstate_dir = \"/s\"\njobs = 3 # three\n[feed a]\nsink = - ; "
	       "out\nevent_name = 'a b' # c\n"
	       "source = \"sftp://u:secretword@h/p\"\nscreen_name = # x\nlanes = 0\n",
	       "2: state_dir: quotes are part of a value; write state_dir = /s\n",
	       "3: jobs: a comment has a line of its own; write jobs = 3 (a '#' that is part of "
	       "the value: \\#)\n",
	       "5: sink: a comment has a line of its own; write sink = - (a ';'",
	       "6: event_name: quotes are part of a value, and a comment has a line of its own; "
	       "write event_name = a b (",
	       "7: source: quotes are part of a value; write the value without them\n",
	       "8: screen_name: a comment has a line of its own; write the value alone (",
	       "9: lanes: ");
	struct conf *conf =
	    load_good(HEAD "event_name = Order \\#5 \\; a#b;c \\x\nscreen_name = \\\"Home\"\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, "Order #5 ; a#b;c \\x");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.screen_name, "\"Home\"");
	conf_free(conf);
	conf = load_good(HEAD "event_name = say \"yes\"\nscreen_name = #\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, "say \"yes\"");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.screen_name, "#");
	conf_free(conf);
}

/* An indented line continues a value, but a key of its own, even a misspelt one, does not
 * disappear in it. */
static void test_continued(void)
{
	struct conf *conf =
	    load_good("[dropfeed]\n  state_dir = /s\n[feed a]\n  sink = -\n    lanes = 3\n"
		      "include = *.csv\n  *.gz *.zip *.csv\n\n  event_name = x\n");
	CU_ASSERT_EQUAL(conf->feeds[0].batch.lanes, 3);
	CU_ASSERT_EQUAL(conf->feeds[0].fetch.include.n, 4);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].map.event_name, "x");
	conf_free(conf);
	EXPECT(HEAD "include = *.csv\n   exlude = *.bak\n\n   *.gz\n",
	       "6: unknown key 'exlude'; did you mean 'exclude'?", "8: neither a section");
	EXPECT(HEAD "include = *.csv\n   *.gz\ninclude = x\n",
	       "7: 'include' is already set on line 5");
}

static void test_bad_values(void)
{
	static const char *const bad[][2] = {
	    {"source", "sftp://host/path"},
	    {"source", "sftp://user:pass@host/path"},
	    {"source", "sftp://user@host:0/"},
	    {"source", "sftp://user@host:70000/"},
	    {"source", "sftp://user@/x"},
	    {"source", "sftp://user@[::1/x"},
	    {"source", "sftp://user@ho st/x"},
	    {"source", "sftp://us%4/x@h/"},
	    {"source", "sftp://u@h/a%zz"},
	    {"source", "sftp://u@h/a%00"},
	    {"source", "sftp://u@h/a%2"},
	    {"source", "file://relative/path"},
	    {"source", "ftp://u@h/"},
	    {"endpoint", "us3"},
	    {"endpoint", "http://s2s.us1.mparticle.com"},
	    {"endpoint", "http://127.example.org"},
	    {"endpoint", "http://localhost.example.org"},
	    {"endpoint", "https://u:p@host"},
	    {"endpoint", "https://host/?x=1"},
	    {"endpoint", "https://"},
	    {"endpoint", "https://host:99999"},
	    {"kind", "erasure"},
	    {"confirmed", "perhaps"},
	    {"max_requests", "0"},
	    {"max_requests", "-1"},
	    {"regulation", "lgpd"},
	    {"status_callback_urls", "http://example.com/x"},
	    {"status_callback_urls", "https://example.com/x done"},
	    {"skip_waiting_period", "14d"},
	    {"min_age", "60"},
	    {"min_age", "1.5h"},
	    {"min_age", "-1s"},
	    {"min_age", "99999999999999999999s"},
	    {"max_plaintext", "1XiB"},
	    {"max_plaintext", "99999999999TiB"},
	    {"max_plaintext", "0"},
	    {"max_ratio", "1k"},
	    {"encrypted", "maybe"},
	    {"max_rejects", "101%"},
	    {"max_rejects", "0.0001%"},
	    {"max_rejects", "2 %x"},
	    {"max_rejects", "-1"},
	    {"batches_per_second", "0"},
	    {"batches_per_second", "1e3"},
	    {"batches_per_second", "1."},
	    {"lanes", "8 # eight"},
	    {"guidelines", "strict"},
	    {"environment", "staging"},
	    {"event_type", "custom"},
	    {"data_plan", ":1"},
	    {"data_plan", "p:0"},
	    {"data_plan", "p:"},
	    {"data_plan", "p:1x"},
	    {"delimiter", "ab"},
	    {"delimiter", "none"},
	    {"delimiter", "\n"},
	    {"delimiter", "\xc2\xa7\xc2\xa7"},
	    {"delimiter", "\xc2"},
	    {"delimiter", "\\xa7"},
	    {"delimiter", "U+D800"},
	    {"delimiter", "U+110000"},
	    {"delimiter", "U+"},
	    {"quote", ""},
	    {"escape", "caret"},
	    {"encoding", "klingon"},
	    {"encoding", "ascii//TRANSLIT"},
	    {"skip_lines", "-1"},
	    {"null", "\"open"},
	    {"null", "a \"\""},
	    {"row_count", "Rows"},
	    {"row_count", "(a)(b)"},
	    {"row_count", "(a"},
	    {"timestamps", "seconds"},
	    {"timestamps", "%s"},
	    {"timestamps", "%Y-%m-%d %H:%M:%S %Z"},
	    {"timestamps", "%Y-%m-%d %H:%M:%S.%f"},
	    {"timestamps", "%Y-%m-%d %"},
	    {"timestamps", "%Y%-"},
	    {"timestamps", "%Y-W%V-%u"},
	    {"timestamps", "%Y-%m-%d %I:%M"},
	    {"timestamps", "%m/%d %H:%M"},
	    {"timestamp_range", "1995-01-01"},
	    {"timestamp_range", "+1d .. -1d"},
	    {"placeholder_ids", "omit"},
	    {"timezone", "Mars/Olympus"},
	    {"timezone", "../../../etc/passwd"},
	    {"timezone", "/usr/share/zoneinfo/UTC"},
	    {"timezone", "tzdata.zi"},
	    {"host_key", "MD5:aa:bb"},
	    {"host_key", "SHA256:short"},
	    {"signed_by", "0123456789ABCDEF"},
	    {"rejects_recipient", "0123456789ABCDEF"},
	    {"include", ","},
	    {"after_done", "move:"},
	    {"after_done", "archive"},
	    {"sink", "file:"},
	    {"sink", "stdout"},
	    {"manifest", "/nonexistent.json"},
	    {"gnupg_home", "/dev/null"},
	    {"ca_file", "/nonexistent.pem"},
	    {"api_secret_env", "DROPFEED_TEST_UNSET"},
	    {"no_such_key", "1"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct conf_feed *feed = conf_feed_default("x");
		struct df_err err = {0};
		enum df_status st = conf_feed_set(feed, bad[i][0], bad[i][1], &err);
		CU_ASSERT_EQUAL(st, DF_USAGE);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, bad[i][0]));
		if (st != DF_USAGE)
			fprintf(stderr, "taken: %s = %s\n", bad[i][0], bad[i][1]);
		conf_feed_free(feed);
	}
}

static void test_good_values(void)
{
	static const char *const good[][2] = {
	    {"endpoint", "http://127.0.0.1:8080/"},
	    {"endpoint", "http://[::1]:80"},
	    {"endpoint", "http://localhost"},
	    {"endpoint", "https://[2001:db8::1]/x"},
	    {"source", "file:///srv/in"},
	    {"source", "file://localhost/srv"},
	    {"source", "sftp://u@h"},
	    {"min_age", "500ms"},
	    {"min_age", "0"},
	    {"max_rejects", "0"},
	    {"max_rejects", "0%"},
	    {"encrypted", "TRUE"},
	    {"data_plan", "plan"},
	    {"timestamps", "auto"},
	    {"timestamp_range", ".."},
	    {"timestamp_range", "-400d .. +12h"},
	    {"placeholder_ids", "reject"},
	    {"timestamps", "100%% %-d.%Om.%EY %T%z"},
	    {"timezone", "America/New_York"},
	    {"delimiter", ";"},
	    {"delimiter", "tab"},
	    {"delimiter", "\\x01"},
	    {"delimiter", "\xc2\xa7"},
	    {"quote", "\xe2\x94\x82"},
	    {"comment", "U+1F381"},
	    {"quote", "none"},
	    {"quote", "'"},
	    {"escape", "backslash"},
	    {"encoding", "windows-1252"},
	    {"encoding", "UTF-16"},
	    {"comment", "#"},
	    {"null", "\\N NULL \"not \"\"known\"\"\""},
	    {"row_count", "Rows: ([\\d,]+)"},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct conf_feed *feed = conf_feed_default("x");
		struct df_err err = {0};
		CU_ASSERT_EQUAL(conf_feed_set(feed, good[i][0], good[i][1], &err), DF_OK);
		if (err.text[0] != '\0')
			fprintf(stderr, "%s\n", err.text);
		conf_feed_free(feed);
	}
	struct conf_feed *feed = conf_feed_default("x");
	struct df_err err = {0};
	CU_ASSERT_EQUAL(conf_feed_set(feed, "endpoint", "EU1", &err), DF_OK);
	CU_ASSERT_STRING_EQUAL(feed->send.endpoint, "https://s2s.eu1.mparticle.com");
	static const char *const urls[][2] = {
	    {"https://s2s.us2.mparticle.com/v2", "https://s2s.us2.mparticle.com"},
	    {"https://s2s.us2.mparticle.com/v2/bulkevents/", "https://s2s.us2.mparticle.com"},
	    {"https://gate.example/mp//v2/bulkevents/historical", "https://gate.example/mp"},
	    {"https://dsr.example/v3/requests", "https://dsr.example"},
	    {"https://rest.example/users/track/", "https://rest.example"},
	    {"https://gate.example/historical", "https://gate.example/historical"},
	    {"https://v2", "https://v2"},
	    {"https://gate.example///", "https://gate.example"},
	};
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		CU_ASSERT_EQUAL(conf_feed_set(feed, "endpoint", urls[i][0], &err), DF_OK);
		CU_ASSERT_STRING_EQUAL(feed->send.endpoint, urls[i][1]);
	}
	CU_ASSERT_EQUAL(conf_feed_set(feed, "source", "sftp://u@h/p", &err), DF_OK);
	CU_ASSERT(feed->fetch.source.port == 22 && strcmp(feed->fetch.source.path, "/p") == 0);
	/* what a bad value would replace stays */
	CU_ASSERT_EQUAL(conf_feed_set(feed, "source", "sftp://u:secretword@h/p", &err), DF_USAGE);
	CU_ASSERT_STRING_EQUAL(feed->fetch.source.url, "sftp://u@h/p");
	CU_ASSERT_PTR_NULL(strstr(err.text, "secretword")); /* nor is it shown */
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "password_file"));
	conf_feed_free(feed);
}

/* A mounted secret is 0440, with a group of the process. */
static void test_secrets_of_a_group(void)
{
	struct conf *conf = load_good(HEAD "password_file = group\nidentity_file = group\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	conf_free(conf);
	EXPECT(HEAD "password_file = written\n",
	       "5: password_file: a group may write to the secret file");

	char *path = df_format("%s/group", dir);
	if (geteuid() != 0 || chown(path, (uid_t)-1, 54321) != 0) {
		puts("    skipped: only root can give a file to a group that it is not in");
		free(path);
		return;
	}
	EXPECT(HEAD "password_file = group\nidentity_file = group\n",
	       "5: password_file: the secret file", "6: identity_file: the secret file");
	/* systemd guards its folder: the group's bits are the mask of an access list */
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	conf = load_good(HEAD "password_file = $CREDENTIALS_DIRECTORY/group\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	conf_free(conf);
	EXPECT(HEAD "password_file = $CREDENTIALS_DIRECTORY/open\n",
	       "5: password_file: others may use");
	unsetenv("CREDENTIALS_DIRECTORY");
	CU_ASSERT_EQUAL(chown(path, (uid_t)-1, getegid()), 0);
	free(path);
}

static void test_credentials_folder(void)
{
	EXPECT(
	    HEAD
	    "password_file = $CREDENTIALS_DIRECTORY/secret\nmanifest = "
	    "$CREDENTIALS_DIRECTORY/manifest.json\n"
	    "ca_file = $CREDENTIALS_DIRECTORY/ca.pem\ngnupg_home = $CREDENTIALS_DIRECTORY/gnupg\n",
	    "5: password_file: $CREDENTIALS_DIRECTORY is not set",
	    "6: manifest: $CREDENTIALS_DIRECTORY is not set",
	    "7: ca_file: $CREDENTIALS_DIRECTORY is not set",
	    "8: gnupg_home: $CREDENTIALS_DIRECTORY is not set");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	struct conf *conf = load_good(
	    "[dropfeed]\nstate_dir = $CREDENTIALS_DIRECTORY/s\n[feed a]\n"
	    "sink = file:$CREDENTIALS_DIRECTORY/out\nidentity_file = $CREDENTIALS_DIRECTORY/id\n"
	    "password_file = $CREDENTIALS_DIRECTORY/secret\nca_file = "
	    "$CREDENTIALS_DIRECTORY/ca.pem\n");
	char *want = df_format("%s/out", dir);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].send.sink_path, want);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	free(want);
	conf_free(conf);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_secrets(void)
{
	EXPECT(HEAD "password_file = open\napi_secret_file = nowhere\n",
	       "5: password_file: others may use",
	       "6: api_secret_file: cannot read the secret file");
	EXPECT(HEAD "identity_file = open\npassword_file = empty\npassphrase_file = gnupg\n",
	       "5: identity_file: others may use", "6: password_file: the first line",
	       "7: passphrase_file: ");
	char *problems = NULL;
	conf_free(load(HEAD "password_file = open\n", &problems));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "chmod 600 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "0644"));
	CU_ASSERT_PTR_NULL(strstr(problems, "s3cret"));
	free(problems);
	EXPECT(HEAD "password_file = utf16\n", "5: password_file: the secret file");
	struct conf *conf = load_good(HEAD "password_file = bom\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	conf_free(conf);
	/* a variable that was filled from a file has its line end */
	setenv("DROPFEED_TEST_SECRET",
	       "\xef\xbb\xbf"
	       "from-env\r\n",
	       1);
	EXPECT(HEAD "api_secret_env = DROPFEED_TEST_SECRET\napi_secret_file = secret\n",
	       "6: api_secret_file and api_secret_env");
	EXPECT(HEAD "password_file = secret\npassword_env = DROPFEED_TEST_SECRET\n",
	       "6: password_file and password_env");
	EXPECT(HEAD
	       "api_secret = s3cret-value\npassword = s3cret-value\npassphrase = s3cret-value\n",
	       "5: 'api_secret': the configuration holds no secrets: write it to a file of mode "
	       "0600 and give that as "
	       "api_secret_file = PATH, or name an environment variable in api_secret_env",
	       "6: 'password': the configuration holds no secrets: write it to a file of mode 0600 "
	       "and give that as "
	       "password_file =",
	       "7: 'passphrase': the configuration");
	conf = load_good(
	    HEAD "api_secret_env = DROPFEED_TEST_SECRET\npassword_env = DROPFEED_TEST_SECRET\n"
		 "passphrase_env = DROPFEED_TEST_SECRET\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].send.api_secret, "from-env");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "from-env");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.passphrase, "from-env");
	conf_free(conf);
	unsetenv("DROPFEED_TEST_SECRET");
}

static void test_unreadable(void)
{
	struct conf *conf = NULL;
	struct conf_problems p = {0};
	struct df_err err = {0};
	CU_ASSERT_EQUAL(conf_load("/nonexistent/x.conf", &conf, &p, &err), DF_USAGE);
	CU_ASSERT(conf == NULL && p.n == 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nonexistent/x.conf"));
	memset(&err, 0, sizeof(err));
	/* a folder opens, but does not read */
	CU_ASSERT_EQUAL(conf_load(dir, &conf, &p, &err), DF_USAGE);
	CU_ASSERT_PTR_NULL(conf);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, dir));
	conf_problems_free(&p);
	conf_free(load_good("")); /* no feed, no demand */
}

static void test_big_manifest(void)
{
	char *path = df_format("%s/big.json", dir);
	struct conf_feed *feed = conf_feed_default("x");
	struct df_err err = {0};
	FILE *f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(ftruncate(fileno(f), (4 << 20) + 1), 0);
	fclose(f);
	CU_ASSERT_EQUAL(conf_feed_manifest(feed, path, &err), DF_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "larger"));
	CU_ASSERT_PTR_NULL(feed->map.manifest);
	f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fwrite("{}\0x", 1, 4, f);
	fclose(f);
	memset(&err, 0, sizeof(err));
	CU_ASSERT_EQUAL(conf_feed_manifest(feed, path, &err), DF_USAGE);
	free(path);
	path = df_format("%s/manifest.json", dir);
	CU_ASSERT_EQUAL(conf_feed_manifest(feed, path, &err), DF_OK);
	/* once more from where it was */
	CU_ASSERT_EQUAL(conf_feed_manifest(feed, feed->map.manifest, &err), DF_OK);
	CU_ASSERT_STRING_EQUAL(feed->map.manifest, path);
	CU_ASSERT_STRING_EQUAL(feed->map.manifest_text, "{\"columns\": []}\n");
	conf_feed_free(feed);
	free(path);
}

/* Sets every frozen key to something else than its default. */
static struct conf_feed *unusual_feed(void)
{
	static const char *const set[][2] = {
	    {"guidelines", "off"},
	    {"environment", "development"},
	    {"event_name", " 50% \"off\"\n= next line\t"},
	    {"event_type", "media"},
	    {"screen_name", "Größe"},
	    {"data_plan", "p:2"},
	    {"timestamps", "%d.%m.%Y %H"},
	    {"timezone", "Europe/Berlin"},
	    {"empty_attributes", "delete"},
	    {"unknown_columns", "warn"},
	    {"limits", "truncate"},
	    {"fold_products", "yes"},
	    {"max_rejects", "0.125%"},
	    {"group_window", "3MiB"},
	    {"historical", "always"},
	    {"lanes", "3"},
	};
	struct conf_feed *feed = conf_feed_default("x");
	struct df_err err = {0};
	for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++)
		if (conf_feed_set(feed, set[i][0], set[i][1], &err) != DF_OK)
			CU_FAIL("a good value was refused");
	feed->fetch.passphrase = df_strdup("SECRET1");
	feed->fetch.password = df_strdup("SECRET2");
	feed->send.api_secret = df_strdup("SECRET3");
	feed->send.api_key = df_strdup("SECRET4");
	return feed;
}

static enum df_status thaw(const struct conf_feed *live, const char *settings, const char *manifest,
			   struct conf_feed **out, struct df_err *err)
{
	const struct conf_frozen stored = {.settings = settings, .manifest = manifest};
	return conf_feed_thaw(live, &stored, out, err);
}

/* Where nothing has changed since, the text need not be read: what comes of it is the same. */
static void test_thaw_today(void)
{
	struct conf_feed *feed = unusual_feed(), *thawed = NULL;
	struct df_buf frozen = {0}, again = {0};
	struct df_err err = {0};
	conf_feed_freeze(feed, &frozen);
	feed->map.manifest = df_strdup("/m.json");
	feed->map.manifest_text = df_strdup("{}");
	struct conf_frozen stored = {.settings = df_buf_cstr(&frozen), .manifest = "{}"};
	stored.today = df_buf_cstr(&frozen);
	CU_ASSERT_EQUAL(conf_feed_thaw(feed, &stored, &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(thawed, feed);
	conf_feed_freeze(thawed, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), frozen.data);
	CU_ASSERT_STRING_EQUAL(thawed->map.manifest, "/m.json");
	conf_feed_free(thawed);

	stored.manifest = NULL; /* of then */
	CU_ASSERT_EQUAL(conf_feed_thaw(feed, &stored, &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NULL(thawed->map.manifest_text);
	conf_feed_free(thawed);
	stored.settings = "lanes = 4\n";
	CU_ASSERT_EQUAL(conf_feed_thaw(feed, &stored, &thawed, &err), DF_OK);
	CU_ASSERT_EQUAL(thawed->batch.lanes, 4);
	conf_feed_free(thawed);
	conf_feed_free(feed);
	df_buf_free(&frozen);
	df_buf_free(&again);
}

static void test_freeze(void)
{
	struct conf_feed *then = unusual_feed(), *now = conf_feed_default("x"), *thawed = NULL;
	struct df_buf frozen = {0}, again = {0};
	struct df_err err = {0};
	conf_feed_freeze(then, &frozen);
	CU_ASSERT_PTR_NULL(strstr(df_buf_cstr(&frozen), "SECRET"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(frozen.data, "event_name =  50%25 \"off\"%0A= next line%09\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(frozen.data, "max_rejects = 0.125%25\n"));
	/* today's key, pace and source count, and the settings of then */
	CU_ASSERT_EQUAL(conf_feed_set(now, "endpoint", "eu1", &err), DF_OK);
	CU_ASSERT_EQUAL(conf_feed_set(now, "include", "a b", &err), DF_OK);
	now->send.api_secret = df_strdup("today");
	CU_ASSERT_EQUAL(thaw(now, frozen.data, "{}", &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(thawed);
	conf_feed_freeze(thawed, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), frozen.data);
	CU_ASSERT_STRING_EQUAL(thawed->map.event_name, " 50% \"off\"\n= next line\t");
	CU_ASSERT_STRING_EQUAL(thawed->map.manifest_text, "{}");
	CU_ASSERT_PTR_NOT_NULL(thawed->map.manifest);
	CU_ASSERT_STRING_EQUAL(thawed->send.api_secret, "today");
	CU_ASSERT_PTR_NOT_EQUAL(thawed->send.api_secret, now->send.api_secret); /* a copy */
	CU_ASSERT_EQUAL(thawed->fetch.include.n, 2);
	CU_ASSERT(thawed->batch.lanes == 3 && thawed->map.max_rejects == 125 &&
		  thawed->batch.historical == CONF_HIST_ALWAYS);
	conf_feed_free(thawed);
	/* what was unset then is unset, whatever is set today; so is the manifest */
	df_buf_reset(&again);
	conf_feed_freeze(now, &again);
	then->map.manifest = df_strdup("/m.json");
	then->map.manifest_text = df_strdup("{}");
	CU_ASSERT_EQUAL(thaw(then, df_buf_cstr(&again), NULL, &thawed, &err), DF_OK);
	CU_ASSERT_PTR_NULL(thawed->map.event_name);
	CU_ASSERT_PTR_NULL(thawed->map.manifest);
	CU_ASSERT_PTR_NULL(thawed->map.manifest_text);
	CU_ASSERT_STRING_EQUAL(thawed->map.screen_name, "");
	CU_ASSERT_EQUAL(thawed->batch.lanes, 8);
	conf_feed_free(thawed);
	/* the sink is never stored, though 0.1 did: today's counts */
	CU_ASSERT_EQUAL(conf_feed_set(now, "sink", "file:/out/x", &err), DF_OK);
	CU_ASSERT_EQUAL(
	    thaw(now, "lanes = 3\nsink = file:/then\nduplicates = import\n", NULL, &thawed, &err),
	    DF_OK);
	CU_ASSERT_STRING_EQUAL(thawed->send.sink_path, "/out/x");
	CU_ASSERT_FALSE(thawed->send.duplicates_import);
	/* what 0.1 did not know it did not do, and the document is finished in that way */
	CU_ASSERT_EQUAL(thawed->map.placeholder_ids, CONF_PLACEHOLDER_KEEP);
	CU_ASSERT_STRING_EQUAL(thawed->map.timestamp_range, "1970-01-01 .. 2199-12-31");
	/* which settings differ */
	df_buf_reset(&again);
	conf_feed_differences(thawed, now, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), "timestamp_range, placeholder_ids, lanes");
	now->map.manifest_text = df_strdup("{}");
	CU_ASSERT_EQUAL(conf_feed_set(now, "event_name", "e", &err), DF_OK);
	df_buf_reset(&again);
	conf_feed_differences(thawed, now, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again),
			       "event_name, timestamp_range, placeholder_ids, lanes, manifest");
	conf_feed_free(thawed);
	conf_feed_free(then);
	conf_feed_free(now);
	df_buf_free(&frozen);
	df_buf_free(&again);
}

/* How a document is written is stored with it: characters that are not seen, and words that hold
 * blanks and quotes. */
static void test_freeze_rows(void)
{
	static const char *const set[][2] = {
	    {"delimiter", "tab"},     {"quote", "none"},
	    {"comment", "U+2502"},    {"encoding", "windows-1252"},
	    {"skip_lines", "3"},      {"trim", "yes"},
	    {"skip_last_lines", "1"}, {"null", "\\N \"a \"\"b\"\"\" %"},
	    {"row_count", "a (.)"},
	};
	struct conf_feed *feed = conf_feed_default("x"), *live = conf_feed_default("x"),
			 *thawed = NULL;
	struct df_err err = {0};
	struct df_buf frozen = {0}, again = {0};
	for (size_t i = 0; i < sizeof(set) / sizeof(*set); i++)
		CU_ASSERT_EQUAL_FATAL(conf_feed_set(feed, set[i][0], set[i][1], &err), DF_OK);
	conf_feed_freeze(feed, &frozen);
	CU_ASSERT_EQUAL_FATAL(thaw(live, df_buf_cstr(&frozen), NULL, &thawed, &err), DF_OK);
	conf_feed_freeze(thawed, &again);
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&again), df_buf_cstr(&frozen));
	CU_ASSERT_EQUAL(thawed->rows.delimiter, '\t');
	CU_ASSERT_EQUAL(thawed->rows.quote, '\0');
	CU_ASSERT_EQUAL(thawed->rows.comment, 0x2502);
	CU_ASSERT_EQUAL_FATAL(thawed->rows.null.n, 3);
	CU_ASSERT_STRING_EQUAL(thawed->rows.null.v[1], "a \"b\"");
	CU_ASSERT_STRING_EQUAL(thawed->rows.encoding, "windows-1252");
	df_buf_free(&frozen);
	df_buf_free(&again);
	conf_feed_free(feed);
	conf_feed_free(live);
	conf_feed_free(thawed);
}

static void test_thaw_refuses(void)
{
	static const char *const bad[] = {
	    "",
	    "lanes = 8",
	    "lanes = 65\n",
	    "lanes=8\n",
	    "nonsense = 1\n",
	    "lanes = 8\nlanes = 8\n",
	    "api_key = stolen\n",
	    "source = file:///\n",
	    "event_name = %4\n",
	    "event_name = %zz\n",
	    "event_name = %00\n",
	    "\n",
	};
	struct conf_feed *live = conf_feed_default("x"), *thawed = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct df_err err = {0};
		enum df_status st = thaw(live, bad[i], NULL, &thawed, &err);
		CU_ASSERT_EQUAL(st, DF_FATAL);
		if (st != DF_FATAL)
			fprintf(stderr, "thawed: %s\n", bad[i]);
		CU_ASSERT_PTR_NULL(thawed);
		CU_ASSERT_TRUE(err.text[0] != 0);
	}
	conf_feed_free(live);
}

/* The example that users copy: it loads, and with every line of it uncommented each key is known
 * and its value good. */
static void test_example(void)
{
	char *text = NULL;
	struct df_err err = {0};
	if (df_read_file("cron/dropfeed.conf", 1 << 20, &text, NULL, &err) != DF_OK) {
		puts("    skipped: cron/dropfeed.conf is not here, run from the source's folder");
		return;
	}
	char *folder = df_format("%s/dropfeed", dir);
	CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
	free(folder);
	put("dropfeed/id_ed25519", "key\n", 0600);
	put("dropfeed/orders.secret", "s\n", 0600);
	conf_free(load_good(text));
	char *problems = NULL;
	for (char *s = text; s != NULL; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (s[0] == '#' && s[1] >= 'a' && s[1] <= 'z')
			s[0] = ' ';
	}
	for (int i = 0; i < 2; i++) {
		for (const struct conf_key *key = i == 0 ? conf_main_keys : conf_feed_keys;
		     key->name != NULL; key++) {
			char *line = df_format("%s = ", key->name);
			CU_ASSERT_PTR_NOT_NULL(strstr(text, line));
			if (strstr(text, line) == NULL)
				fprintf(stderr, "the example lacks %s\n", key->name);
			free(line);
		}
	}
	put("dropfeed/orders.passphrase", "s\n", 0600);
	put("dropfeed/orders.password", "s\n", 0600);
	put("dropfeed/orders.gnupg-passphrase", "s\n", 0600);
	put("dropfeed/ledger.password", "s\n", 0600);
	put("dropfeed/orders.json", "{}", 0600);
	put("dropfeed/orders.plan.json",
	    "{\"version\":2,\"version_document\":{\"data_points\":[]}}", 0600);
	setenv("DROPFEED_ORDERS_SECRET", "s", 1);
	conf_free(load(text, &problems));
	/* these are not on a test's machine, of the two secrets only one may be given, and
	 * skip_lines and the like are 0 */
	static const char *const absent[] = {"known_hosts: cannot read", "gnupg_home: cannot use",
					     "ca_file: cannot read", "exclude each other",
					     "row_count and skip_last_lines"};
	for (char *line = strtok(problems, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		bool fine = false;
		for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
			fine |= strstr(line, absent[i]) != NULL;
		CU_ASSERT_TRUE(fine);
		if (!fine)
			fprintf(stderr, "%s\n", line);
	}
	free(problems);
	free(text);
	unsetenv("DROPFEED_ORDERS_SECRET");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"defaults", test_defaults},
	    {"every key", test_everything_set},
	    {"every mistake with its line", test_every_mistake},
	    {"folders that are the source", test_back_into_the_source},
	    {"settings that contradict each other", test_contradictions},
	    {"long lines", test_long_lines},
	    {"quotes and trailing comments", test_quotes_and_comments},
	    {"values over several lines", test_continued},
	    {"bad values", test_bad_values},
	    {"good values", test_good_values},
	    {"secrets", test_secrets},
	    {"secrets that a group may read", test_secrets_of_a_group},
	    {"the credentials' folder", test_credentials_folder},
	    {"unreadable files", test_unreadable},
	    {"manifests", test_big_manifest},
	    {"freeze and thaw", test_freeze},
	    {"settings of today are not read again", test_thaw_today},
	    {"how documents are written is stored", test_freeze_rows},
	    {"thaw takes nothing else", test_thaw_refuses},
	    {"the example", test_example},
	    CU_TEST_INFO_NULL,
	};
	return test_main("conf", setup, teardown, tests);
}
