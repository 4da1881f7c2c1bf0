/* SPDX-License-Identifier: MIT */
/* What a run that delivers opens, and why it may not: another run, another user's folder, a file
 * system that will not do. */
#include "../../src/run/run_session.h"

#include "test.h"

static struct {
	char dir[200];
	struct conf_feed feeds[2];
	struct conf conf;
	struct run_result result;
	const char *remote; /* the kind of file system, or NULL: a local one */
	bool user_is_other; /* than the one who runs this test */
	uid_t other;
} w;

bool __wrap_df_is_remote(const char *path, char name[64]);
bool __wrap_df_is_remote(const char *path, char name[64])
{
	(void)path;
	if (w.remote != NULL)
		snprintf(name, 64, "%s", w.remote);
	return w.remote != NULL;
}

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void)
{
	return w.user_is_other ? w.other : __real_geteuid();
}

static void begin(void)
{
	memset(&w, 0, sizeof(w));
	CU_ASSERT_EQUAL_FATAL(test_folder_make(w.dir, sizeof(w.dir)), 0);
	w.feeds[0].name = (char *)"f";
	w.feeds[1].name = (char *)"g";
	w.conf = (struct conf){.state_dir = w.dir, .feeds = w.feeds, .n_feeds = 2};
}

static void end(void)
{
	CU_ASSERT_EQUAL(test_folder_remove(w.dir), 0);
}

static bool is_there(const char *name)
{
	char *path = df_format("%s/%s", w.dir, name);
	bool there = access(path, F_OK) == 0;
	free(path);
	return there;
}

static void logged(const char *part)
{
	struct df_buf log = {0};
	df_log_tail(&log);
	TEXT_HAS(df_buf_cstr(&log), part);
	df_buf_free(&log);
}

static void test_open(void)
{
	struct df_err err = {0};
	struct run_session s;
	begin();
	OK(run_session_open(&s, &w.conf, &w.result, &err));
	CU_ASSERT(is_there("ledger.db"));
	CU_ASSERT(is_there("spool"));
	CU_ASSERT_PTR_EQUAL(s.run.conf, &w.conf);
	CU_ASSERT_PTR_EQUAL(s.run.result, &w.result);
	CU_ASSERT_PTR_NOT_NULL(s.run.env.ledger);
	CU_ASSERT_PTR_NOT_NULL(s.run.env.sender);
	CU_ASSERT_PTR_NOT_NULL(s.run.gate);
	CU_ASSERT_FALSE(s.run.outcomes[1].unfinished);
	CU_ASSERT_PTR_NULL(s.notices); /* nobody is to get any */
	TEXT_IS(s.run.env.state_dir, w.dir);
	TEXT_HAS(s.run.scratch, "/spool");
	run_session_close(&s);
	CU_ASSERT_PTR_NULL(s.run.env.ledger);
	CU_ASSERT_EQUAL(s.lock.file, -1);
	run_session_close(&s); /* which may be done twice */
	end();
}

/* One run at a time, which the other one is not to blame for. */
static void test_busy(void)
{
	struct df_err err = {0};
	struct run_session s, second;
	struct run_result result = {0};
	begin();
	OK(run_session_open(&s, &w.conf, &w.result, &err));
	CU_ASSERT_FALSE(w.result.busy);
	CU_ASSERT_NOT_EQUAL(run_session_open(&second, &w.conf, &result, &err), DF_OK);
	CU_ASSERT(result.busy);
	CU_ASSERT_EQUAL(second.lock.file, -1);
	run_session_failed(&result, DF_RETRY, &err);
	CU_ASSERT_EQUAL(run_exit_code(&result), 75);
	run_session_close(&s);

	result = (struct run_result){0};
	OK(run_session_open(&second, &w.conf, &result, &err));
	CU_ASSERT_FALSE(result.busy);
	run_session_close(&second);
	end();
}

static void test_failed(void)
{
	struct df_err err = {0};
	begin();
	CU_ASSERT_EQUAL(df_fail(DF_USAGE, &err, NULL, "not that folder"), DF_USAGE);
	run_session_failed(&w.result, DF_USAGE, &err);
	CU_ASSERT_EQUAL(run_exit_code(&w.result), 2);
	logged("error: not that folder");
	end();
}

static void test_remote(void)
{
	struct df_err err = {0};
	struct run_session s;
	begin();
	w.remote = "nfs";
	IS(run_session_open(&s, &w.conf, &w.result, &err), DF_USAGE);
	TEXT_HAS(err.text, w.dir);
	TEXT_HAS(err.text, "is on a file system of the kind nfs");
	CU_ASSERT_FALSE(is_there("spool")); /* nothing is made there */
	end();
}

/* Whether a sink is a folder is seen from the folder, which only one of two feeds may name as
 * such: they are made before any of them is begun. */
static void test_folders(void)
{
	struct df_err err = {0};
	struct run_session s;
	begin();
	char *folder = df_format("%s/out/of/f/", w.dir), *file = df_format("%s/elsewhere/g", w.dir);
	w.feeds[0].send.sink = w.feeds[1].send.sink = CONF_SINK_FILE;
	w.feeds[0].send.sink_path = folder;
	w.feeds[1].send.sink_path = file;
	OK(run_session_open(&s, &w.conf, &w.result, &err));
	CU_ASSERT(is_there("out/of/f"));
	CU_ASSERT_FALSE(is_there("elsewhere"));
	run_session_close(&s);

	w.feeds[0].send.sink = CONF_SINK_EVENTS_API;
	CU_ASSERT_EQUAL(rmdir(folder), 0);
	OK(run_session_open(&s, &w.conf, &w.result, &err));
	CU_ASSERT_FALSE(is_there("out/of/f"));
	run_session_close(&s);
	free(folder);
	free(file);
	end();
}

/* A run by hand as another user is how a folder comes to hold what cron's user may not touch. */
static void test_owner(void)
{
	struct df_err err = {0};
	struct run_session s;
	begin();
	char *lock = df_format("%s/lock", w.dir);
	OK(df_mkdirs(lock, &err)); /* which cannot be opened as a file */
	IS(run_session_open(&s, &w.conf, &w.result, &err), DF_FATAL);
	CU_ASSERT_PTR_NULL(strstr(err.text, "belongs to"));
	w.user_is_other = true;
	w.other = 4321;
	IS(run_session_open(&s, &w.conf, &w.result, &err), DF_FATAL);
	TEXT_HAS(err.text, " belongs to ");
	TEXT_HAS(err.text, ", and this runs as user 4321: run as that user, or chown");
	CU_ASSERT_EQUAL(rmdir(lock), 0);
	free(lock);
	end();
}

static void test_root(void)
{
	struct df_err err = {0};
	struct run_session s;
	begin();
	OK(run_session_open(&s, &w.conf, &w.result, &err));
	run_session_close(&s);
	CU_ASSERT_EQUAL(getuid() == 0 ? chown(w.dir, 4321, (gid_t)-1) : 0, 0);
	w.user_is_other = true; /* root */
	OK(run_session_open(&s, &w.conf, &w.result, &err));
	run_session_close(&s);
	logged("who cannot read what root leaves there: run as that user");
	end();
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"opened and closed", test_open},
	    {"another run", test_busy},
	    {"it could not be opened", test_failed},
	    {"a remote file system", test_remote},
	    {"folders of sinks", test_folders},
	    {"another user's folder", test_owner},
	    {"root in another user's folder", test_root},
	    CU_TEST_INFO_NULL,
	};
	df_log_setup(DF_LOG_WARN, false);
	return test_main("run_session", NULL, NULL, tests);
}
