/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char dir[200];

static int begin(void)
{
	return test_folder_make(dir, sizeof(dir));
}

static int end(void)
{
	return test_folder_remove(dir);
}

/* The machine's trouble passes; everything else is as the caller sees it. */
static void test_status(void)
{
	static const int passing[] = {ENOSPC, EDQUOT, EFBIG, EIO, ENOMEM, EMFILE, ENFILE};
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		CU_ASSERT_EQUAL(df_disk_status(passing[i], DF_USAGE), DF_RETRY);
	CU_ASSERT_EQUAL(df_disk_status(ENOENT, DF_USAGE), DF_USAGE);
	CU_ASSERT_EQUAL(df_disk_status(EACCES, DF_FATAL), DF_FATAL);
	TEXT_HAS(df_strerror(ENOSPC), "make room");
	TEXT_HAS(df_strerror(EFBIG), "ulimit -f");
	TEXT_IS(df_strerror(ENOENT), strerror(ENOENT));
}

static void test_read(void)
{
	struct df_err err = {0};
	char *text = NULL, *path = df_format("%s/read", dir), *none = df_format("%s/none", dir);
	size_t len = 0;
	test_file_put(dir, "read", "12345");
	OK(df_read_file(path, 5, &text, &len, &err));
	CU_ASSERT_EQUAL(len, 5);
	TEXT_IS(text, "12345");
	free(text);
	IS(df_read_file(path, 4, &text, &len, &err), DF_USAGE);
	TEXT_HAS(err.text, "larger than 4 bytes");
	IS(df_read_file(none, 4, &text, &len, &err), DF_USAGE);
	TEXT_HAS(err.text, none);
	IS(df_read_file(dir, 4, &text, &len, &err), DF_USAGE);
	free(path);
	free(none);
}

static void test_folders(void)
{
	struct df_err err = {0};
	struct stat info;
	char *deep = df_format("%s/a/b/c", dir), *below = df_format("%s/plain/d", dir);
	OK(df_mkdirs(deep, &err));
	CU_ASSERT_EQUAL(stat(deep, &info), 0);
	CU_ASSERT_EQUAL(info.st_mode & 0777, 0700);
	OK(df_mkdirs(deep, &err));
	test_file_put(dir, "plain", "x");
	IS(df_mkdirs(below, &err), DF_FATAL);
	OK(df_sync_folder(deep, &err));
	IS(df_sync_folder(below, &err), DF_RETRY);
	free(deep);
	free(below);
}

/* It has no name, and is gone with its descriptor. */
static void test_unnamed(void)
{
	struct df_err err = {0};
	struct stat info;
	char byte = 0, *none = df_format("%s/none", dir);
	int fd = -1;
	OK(df_unnamed_open(dir, &fd, &err));
	OK(df_write_all(fd, "x", 1, &err));
	CU_ASSERT_EQUAL(pread(fd, &byte, 1, 0), 1);
	CU_ASSERT_EQUAL(byte, 'x');
	CU_ASSERT_EQUAL(fstat(fd, &info), 0);
	CU_ASSERT_EQUAL(info.st_nlink, 0);
	CU_ASSERT_EQUAL(info.st_mode & 0777, 0600);
	close(fd);
	IS(df_unnamed_open(none, &fd, &err), DF_RETRY);
	free(none);
}

static void test_write_fails(void)
{
	struct df_err err = {0};
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	IS(df_write_all(fd, "x", 1, &err), DF_RETRY);
	TEXT_HAS(err.text, "make room");
	close(fd);
}

/* Another process that holds the lock is named; its end frees the lock. */
static void test_lock(void)
{
	struct df_err err = {0};
	char *path = df_format("%s/lock", dir), byte = 0, who[32];
	int ready[2], go[2];
	struct df_lock lock = {-1, -1};
	int64_t since = 0;
	bool busy = false;
	CU_ASSERT_EQUAL_FATAL(pipe(ready) + pipe(go), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		bool took = df_lock_take(path, &lock, &busy, &err) == DF_OK;
		if (write(ready[1], took ? "y" : "n", 1) != 1 || read(go[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
	CU_ASSERT_EQUAL(byte, 'y');
	IS(df_lock_take(path, &lock, &busy, &err), DF_RETRY);
	CU_ASSERT(busy);
	snprintf(who, sizeof(who), "process %ld holds", (long)pid);
	TEXT_HAS(err.text, who);
	CU_ASSERT_EQUAL(df_lock_owner(path, &since), pid);
	CU_ASSERT(since > 0);

	/* the file was taken away: the folder is still held */
	CU_ASSERT_EQUAL(unlink(path), 0);
	busy = false;
	err = (struct df_err){0};
	IS(df_lock_take(path, &lock, &busy, &err), DF_RETRY);
	CU_ASSERT(busy);
	TEXT_HAS(err.text, "another dropfeed is running");

	close(go[1]);
	CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
	CU_ASSERT_EQUAL(df_lock_owner(path, &since), 0);
	OK(df_lock_take(path, &lock, &busy, &err));
	df_lock_release(&lock);
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	free(path);
}

/* A folder that is still to be made is where its parent is. */
static void test_remote(void)
{
	char name[64] = "", *none = df_format("%s/not/made/yet", dir);
	CU_ASSERT_EQUAL(df_is_remote(none, name), df_is_remote(dir, name));
	CU_ASSERT_FALSE(df_is_remote("/proc", name));
	free(none);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"what a failed call means", test_status},
	    {"a small file", test_read},
	    {"folders", test_folders},
	    {"a file without a name", test_unnamed},
	    {"a full disk", test_write_fails},
	    {"the lock", test_lock},
	    {"network file systems", test_remote},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_file", begin, end, tests);
}
