/* SPDX-License-Identifier: MIT */
#include "../../src/conf/conf_key.h" /* the table of keys: the example must have each */

#include "conf_fixture.h"

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
	EXPECT("[dropfeed]\nstate_dir = $HOME/s\n[feed a]\nsink = -\nmanifest = ~joe/m.json\n",
	       "2: state_dir: '$HOME' is not replaced", "5: manifest: '~joe' is not replaced");
	EXPECT("[dropfeed]\nstate_dir =\n[feed a]\nlanes =\n",
	       "2: state_dir: no value given: there is no default", "3: feed a delivers",
	       "4: lanes: no value given; leave the line out for the default");
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

/* Keys of the two services fill the same fields: what is left of the other one is a mistake. */
static void test_other_service(void)
{
	setenv("DROPFEED_TEST_KEY", "k", 1);
	EXPECT("[dropfeed]\nstate_dir = /s\n[feed a]\nendpoint = us1\napi_key = k\n"
	       "api_secret_file = secret\ninstance = eu-01\napi_key_file = secret\n"
	       "[feed b]\nsink = braze\ninstance = eu-01\napi_key_file = secret\nendpoint = us1\n"
	       "[feed c]\nkind = subject_requests\napi_key = k\n"
	       "api_key_env = DROPFEED_TEST_KEY\n",
	       "7: instance is a key of sink = braze: sink = events-api takes endpoint, api_key",
	       "8: api_key_file is a key of sink = braze",
	       "13: endpoint is a key of sink = events-api: sink = braze takes instance",
	       "14: feed c delivers", "17: api_key_env is a key of sink = braze");
	EXPECT("[dropfeed]\nstate_dir = /s\nledger_password_env = DROPFEED_TEST_KEY\n"
	       "ledger_password_file = secret\n[feed a]\nsink = -\n",
	       "4: ledger_password_file and ledger_password_env exclude each other");
	unsetenv("DROPFEED_TEST_KEY");
}

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
	    {"delimiter = pipe\nquote = ,\n", "5: ", "delimiter: "},
	    {"delimiter = |||||\n", "5: ", "two to four signs"},
	    {"delimiter = |\"|\n", "5: ", "delimiter: "},
	    {"delimiter = '|\nquote = '\n", "6: ", "delimiter and quote"},
	    {"delimiter = '|'\nquote = '\n", "5: ", "quotes are part of a value"},
	    {"delimiter = ~|~\nquote = '\ncomment = #\n", NULL, NULL},
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
	/* these are not on a test's machine, of the two secrets only one may be given, of the
	 * two services only one has a feed, and skip_lines and the like are 0 */
	static const char *const absent[] = {
	    "known_hosts: cannot read", "gnupg_home: cannot use",
	    "ca_file: cannot read",     "exclude each other",
	    "is a key of sink = braze", "row_count and skip_last_lines"};
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
	    {"keys of the other service", test_other_service},
	    {"settings that contradict each other", test_contradictions},
	    {"unreadable files", test_unreadable},
	    {"manifests", test_big_manifest},
	    {"the example", test_example},
	    CU_TEST_INFO_NULL,
	};
	return test_main("conf", setup, teardown, tests);
}
