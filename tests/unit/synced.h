/* SPDX-License-Identifier: MIT */
/* synced.h - which files the tested code has asked to be brought to the disk */
#ifndef SYNCED_H
#define SYNCED_H

#include "test.h"

static struct {
	ino_t v[64]; /* the latest ones, folders as well */
	size_t n;
} synced;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	struct stat info = {0};
	CU_ASSERT_EQUAL(fstat(fd, &info), 0);
	synced.v[synced.n++ % 64] = info.st_ino;
	return __real_fsync(fd);
}

/* Whether what is at the path now was. */
static TEST_UNUSED bool is_synced(const char *path)
{
	struct stat info = {0};
	CU_ASSERT_EQUAL(stat(path, &info), 0);
	for (size_t i = 0; i < 64; i++)
		if (synced.v[i] == info.st_ino)
			return true;
	return false;
}

/* Numbers of files are used again. */
static TEST_UNUSED void synced_forget(void)
{
	memset(&synced, 0, sizeof(synced));
}

#endif
