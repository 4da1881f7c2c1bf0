/* SPDX-License-Identifier: MIT */
/*
 * clock - lets the clock of a host step; to be preloaded
 *
 *	CLOCK_STEP=FILE	holds how many seconds the time of day is off, as an int64_t; whoever
 *			writes there lets it step, at once
 *
 * The time of day alone: what counts milliseconds goes on as it did, and waits last as long. The
 * file is mapped, so that asking for the time costs what it did.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *step;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CLOCK_STEP");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, sizeof(*step), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (map != MAP_FAILED)
		step = map;
	if (fd >= 0)
		close(fd);
}

static time_t off(void)
{
	return step != NULL ? (time_t)*step : 0;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int failed = (int)syscall(SYS_clock_gettime, id, t);
	if (failed == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += off();
	return failed;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	*t = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *t)
{
	struct timespec now = {0};
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (t != NULL)
		*t = now.tv_sec;
	return now.tv_sec;
}
