/* SPDX-License-Identifier: MIT */
/*
 * fail - lets one system call of dropfeed fail; to be preloaded
 *
 *	FAIL_LOG=FILE	every call that could fail goes there, one a line: its kind and the file
 *	FAIL_CALL=KIND FAIL_AT=N FAIL_ERRNO=E
 *                         the N-th call of this kind, from 1, fails with this error; 0: it
 *                         transfers half of what was asked
 *
 * It sees what dropfeed and its libraries ask of the C library, not what the C library asks for
 * itself (fgets, fflush); programs that dropfeed starts are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *wanted;
static long wanted_at;
static int wanted_errno, log_fd = -1;
static bool ours;
static atomic_long calls;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAIL_AT"), *error = getenv("FAIL_ERRNO"),
		   *log = getenv("FAIL_LOG");
	ours = strcmp(program_invocation_short_name, "dropfeed") == 0;
	wanted = getenv("FAIL_CALL");
	wanted_at = at != NULL ? atol(at) : 0;
	wanted_errno = error != NULL ? atoi(error) : 0;
	if (ours && log != NULL)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, log,
				      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(const char *kind, const char *path, int fd)
{
	char name[64], target[512] = "", line[640];
	if (path == NULL) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
	}
	int len = snprintf(line, sizeof(line), "%s\t%.500s\n", kind, path != NULL ? path : target);
	syscall(SYS_write, log_fd, line, (size_t)len);
}

/* No read of a pipe fails with EIO, and GPGME 1.18 does not look whether gpg's version could be
 * read. Feeds run side by side, so that any number may fall on it. */
static bool cannot_be(const char *kind, int fd)
{
	return strcmp(kind, "read") == 0 && wanted_errno == EIO &&
	       syscall(SYS_lseek, fd, 0, SEEK_CUR) < 0;
}

/* Is it this call's turn? */
static bool fails(const char *kind, const char *path, int fd)
{
	if (!ours)
		return false;
	if (log_fd >= 0)
		note(kind, path, fd);
	if (wanted == NULL || strcmp(kind, wanted) != 0 ||
	    atomic_fetch_add(&calls, 1) + 1 != wanted_at || cannot_be(kind, fd))
		return false;
	errno = wanted_errno;
	return true;
}

/* Begins a function that ends where this macro's user says so. Our own names, so that no header
 * has a say in the types. */
#define REAL(ret, name, params)                                                                    \
	ret my_##name params __asm__(#name);                                                       \
	ret my_##name params                                                                       \
	{                                                                                          \
		static ret(*real) params;                                                          \
		if (real == NULL)                                                                  \
			*(void **)&real = dlsym(RTLD_NEXT, #name);

#define ON(kind, path, fd, bad, ret, name, params, args)                                           \
	REAL(ret, name, params)                                                                    \
	return fails(kind, path, fd) ? bad : real args;                                            \
	}
#define ON_PATH(kind, name, params, args)    ON(kind, path, -1, -1, int, name, params, args)
#define ON_FD(kind, name, params, args)      ON(kind, NULL, fd, -1, int, name, params, args)
#define ON_NONE(kind, name, params, args)    ON(kind, "", -1, -1, int, name, params, args)
#define ON_POINTER(kind, name, params, args) ON(kind, path, -1, NULL, void *, name, params, args)
#define TRANSFER(kind, name, params, args)                                                         \
	REAL(ssize_t, name, params)                                                                \
	if (fails(kind, NULL, fd)) {                                                               \
		if (wanted_errno != 0)                                                             \
			return -1;                                                                 \
		len = len > 1 ? len / 2 : len;                                                     \
	}                                                                                          \
	return real args;                                                                          \
	}
#define OPEN(name)                                                                                 \
	REAL(int, name, (const char *path, int flags, ...))                                        \
	va_list ap;                                                                                \
	va_start(ap, flags);                                                                       \
	unsigned mode =                                                                            \
	    (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, unsigned) : 0; \
	va_end(ap);                                                                                \
	return fails("open", path, -1) ? -1 : real(path, flags, mode);                             \
	}
#define CONTROL(name)                                                                              \
	REAL(int, name, (int fd, int what, ...))                                                   \
	va_list ap;                                                                                \
	va_start(ap, what);                                                                        \
	void *p = va_arg(ap, void *); /* or a number: the registers are the same */                \
	va_end(ap);                                                                                \
	return what == F_DUPFD_CLOEXEC && fails("dup", NULL, fd) ? -1 : real(fd, what, p);         \
	}

OPEN(open)
OPEN(open64)
CONTROL(fcntl)
CONTROL(fcntl64)
ON_PATH("open", __open64_2, (const char *path, int flags), (path, flags))
ON_PATH("open", mkostemp64, (char *path, int flags), (path, flags))
ON_POINTER("fopen", fopen, (const char *path, const char *mode), (path, mode))
ON_POINTER("fopen", fopen64, (const char *path, const char *mode), (path, mode))
ON_POINTER("opendir", opendir, (const char *path), (path))
ON("readdir", "", -1, NULL, void *, readdir64, (void *dir), (dir))
ON("mmap", NULL, fd, (void *)-1, void *, mmap64,
   (void *at, size_t len, int how, int flags, int fd, int64_t from),
   (at, len, how, flags, fd, from))
TRANSFER("read", read, (int fd, void *p, size_t len), (fd, p, len))
TRANSFER("write", write, (int fd, const void *p, size_t len), (fd, p, len))
TRANSFER("pread", pread64, (int fd, void *p, size_t len, int64_t at), (fd, p, len, at))
TRANSFER("pread", __pread64_chk, (int fd, void *p, size_t len, int64_t at, size_t room),
	 (fd, p, len, at, room))
TRANSFER("pwrite", pwrite64, (int fd, const void *p, size_t len, int64_t at), (fd, p, len, at))
TRANSFER("copy_file_range", copy_file_range,
	 (int fd, int64_t *from, int to, int64_t *at, size_t len, unsigned flags),
	 (fd, from, to, at, len, flags))
TRANSFER("send", send, (int fd, const void *p, size_t len, int flags), (fd, p, len, flags))
TRANSFER("recv", recv, (int fd, void *p, size_t len, int flags), (fd, p, len, flags))
ON_FD("fsync", fsync, (int fd), (fd))
ON_FD("fsync", fdatasync, (int fd), (fd))
ON_FD("ftruncate", ftruncate64, (int fd, int64_t len), (fd, len))
ON_FD("fchmod", fchmod, (int fd, unsigned mode), (fd, mode))
ON_FD("flock", flock, (int fd, int what), (fd, what))
ON_FD("stat", fstat64, (int fd, void *st), (fd, st))
ON_PATH("stat", stat64, (const char *path, void *st), (path, st))
ON_PATH("stat", lstat64, (const char *path, void *st), (path, st))
ON_PATH("stat", fstatat64, (int dir, const char *path, void *st, int flags), (dir, path, st, flags))
ON_PATH("access", access, (const char *path, int mode), (path, mode))
ON_PATH("mkdir", mkdir, (const char *path, unsigned mode), (path, mode))
ON_PATH("unlink", unlink, (const char *path), (path))
ON_PATH("rename", rename, (const char *path, const char *to), (path, to))
ON_PATH("rename", renameat2, (int dir, const char *path, int dir2, const char *to, unsigned flags),
	(dir, path, dir2, to, flags))
ON_PATH("link", link, (const char *path, const char *to), (path, to))
ON_PATH("link", linkat, (int dir, const char *path, int dir2, const char *to, int flags),
	(dir, path, dir2, to, flags))
ON("lseek", NULL, fd, -1, int64_t, lseek64, (int fd, int64_t to, int whence), (fd, to, whence))
ON_NONE("pipe", pipe, (int *fds), (fds))
ON_NONE("socket", socket, (int family, int type, int protocol), (family, type, protocol))
ON_NONE("socket", socketpair, (int family, int type, int protocol, int *fds),
	(family, type, protocol, fds))
ON_FD("connect", connect, (int fd, const void *to, unsigned len), (fd, to, len))
ON_NONE("poll", poll, (void *fds, unsigned long n, int ms), (fds, n, ms))
ON_NONE("fork", fork, (void), ())
ON("thread", "", -1, wanted_errno, int, pthread_create,
   (void *thread, const void *how, void *(*run)(void *), void *arg), (thread, how, run, arg))

/* Closed it is in any case: an error only means that something written before was lost. */
REAL(int, close, (int fd))
bool lost = fails("close", NULL, fd);
return real(fd) != 0 || lost ? -1 : 0;
}
