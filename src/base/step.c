/* SPDX-License-Identifier: MIT */
#include "dropfeed/step.h"

#include "dropfeed/base.h"

#ifdef DROPFEED_FAULTS
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Steps are taken one at a time: the last line of the file is where the process died, whatever
 * other threads did. */
void df_step(const char *when, const char *what)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned long count;
	char name[128], line[160];
	pthread_mutex_lock(&lock);
	const char *at = getenv("DROPFEED_CRASH_AT"), *path = getenv("DROPFEED_STEPS");
	snprintf(name, sizeof(name), "%s %s", when, what);
	snprintf(line, sizeof(line), "%lu %s\n", ++count, name);
	int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	if (fd >= 0 && df_write_all(fd, line, strlen(line), NULL) != DF_OK)
		abort();
	if (fd >= 0)
		close(fd);
	if (at != NULL && (strtoul(at, NULL, 10) == count || strcmp(at, name) == 0))
		raise(SIGKILL);
	pthread_mutex_unlock(&lock);
}

int64_t df_faults_ms(const char *variable, int64_t usual)
{
	const char *other = getenv(variable);
	return other != NULL ? strtoll(other, NULL, 10) : usual;
}

/* Takes the C library's place, for SQLite, too. What a power cut would leave of the ledger's log
 * is what was synced of it. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
	const char *synced = getenv("DROPFEED_SYNCED");
	char link[64], name[PATH_MAX], line[32];
	struct stat sb = {0};
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, name, sizeof(name) - 1);
	bool log = synced != NULL && len > 4 && memcmp(name + len - 4, "-wal", 4) == 0 &&
		   fstat(fd, &sb) == 0;
	int rc = (int)syscall(SYS_fdatasync, fd);
	if (!log || rc != 0)
		return rc;
	snprintf(line, sizeof(line), "%lld\n", (long long)sb.st_size);
	int out = open(synced, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (out < 0 || df_write_all(out, line, strlen(line), NULL) != DF_OK)
		abort();
	close(out);
	return rc;
}
#endif
