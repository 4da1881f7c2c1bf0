/* SPDX-License-Identifier: MIT */
/*
 * Which file system a folder is on. SQLite's log needs locks that hold between processes and memory
 * that they share (https://www.sqlite.org/wal.html: "does not work over a network filesystem"):
 * those that are known not to offer both, or to offer them only sometimes, are listed here by the
 * numbers of statfs(2).
 */
#include "dropfeed/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

static const struct {
	uint32_t magic;
	const char *name;
} remote[] = {
    {0x6969, "NFS"},        {0xff534d42, "CIFS"},   {0xfe534d42, "SMB"},   {0x517b, "SMB"},
    {0x65735546, "FUSE"},   {0x01021997, "9p"},     {0x5346414f, "AFS"},   {0x6b414653, "AFS"},
    {0x73757245, "Coda"},   {0x00c36400, "Ceph"},   {0x564c, "NCP"},       {0x47504653, "GPFS"},
    {0x0bd00bd0, "Lustre"}, {0x7461636f, "OCFS2"},  {0x01161970, "GFS2"},  {0xaad7aaea, "PanFS"},
    {0x786f4256, "vboxsf"}, {0xbacbacbc, "vmhgfs"}, {0x7c7c6673, "prlfs"}, {0x20030528, "OrangeFS"},
};

/* "fuse.sshfs", "nfs4": as it was mounted, from /proc/self/mountinfo (proc(5)). False: not to be
 * found. */
static bool mounted_as(const char *path, char out[64])
{
	struct stat info;
	char line[4096], want[32];
	bool found = false;
	FILE *f = stat(path, &info) == 0 ? fopen("/proc/self/mountinfo", "re") : NULL;
	if (f == NULL)
		return false;
	snprintf(want, sizeof(want), " %u:%u ", major(info.st_dev), minor(info.st_dev));
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		const char *type = strstr(line, " - ");
		found =
		    type != NULL && strstr(line, want) != NULL && sscanf(type, " - %63s", out) == 1;
	}
	fclose(f);
	return found;
}

static const char *remote_kind(uint32_t magic)
{
	for (size_t i = 0; i < sizeof(remote) / sizeof(*remote); i++)
		if (magic == remote[i].magic)
			return remote[i].name;
	return NULL;
}

bool df_is_remote(const char *path, char name[64])
{
	struct statfs fs;
	char *at = df_strdup(path);
	while (statfs(at, &fs) != 0) { /* the folder may have yet to be made */
		char *up = errno == ENOENT ? df_dirname(at) : NULL;
		bool top = up == NULL || strcmp(up, at) == 0;
		free(at);
		at = up;
		if (top) {
			free(at);
			return false;
		}
	}
	const char *kind = remote_kind((uint32_t)fs.f_type);
	if (kind != NULL && (!mounted_as(at, name) || strcasestr(name, kind) == NULL))
		snprintf(name, 64, "%s", kind);
	free(at);
	return kind != NULL;
}
