/* SPDX-License-Identifier: MIT */
#include "dropfeed/step.h"

#include "dropfeed/base.h"

#ifdef DROPFEED_FAULTS
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Steps are taken one at a time: the last line of the file is where the process died, whatever other threads did. */
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
#endif
