/* SPDX-License-Identifier: MIT */
/* proxy_command: a command's standard input and output are the connection, as with OpenSSH's
 * ProxyCommand. It has a process group of its own, which ends with the session, and what it
 * writes to standard error is logged line by line. */
#include "fetch_sftp.h"

#include "dropfeed/shell.h"
#include "dropfeed/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROXY_LINE_MAX = 1000, PROXY_LINES_MAX = 100, PROXY_END_MS = 1000, PROXY_SLICE_MS = 20 };

/* ---- what it says ---- */

struct proxy_log {
	char *feed; /* own */
	int fd;     /* own */
};

static void *proxy_log_run(void *arg)
{
	struct proxy_log *log = arg;
	FILE *from = fdopen(log->fd, "r");
	char line[PROXY_LINE_MAX];
	for (int n = 0; from != NULL && fgets(line, sizeof(line), from) != NULL; n++) {
		struct df_buf text = {.max = 4 * PROXY_LINE_MAX + 1};
		line[strcspn(line, "\r\n")] = '\0';
		df_utf8_sanitize(line);
		df_printable(&text, line);
		/* read on all the same: it must not wait for us */
		if (n < PROXY_LINES_MAX && line[0] != '\0')
			df_log(DF_LOG_INFO, "%s: proxy_command: %s", log->feed, df_buf_cstr(&text));
		df_buf_free(&text);
	}
	if (from != NULL)
		fclose(from);
	else
		close(log->fd);
	free(log->feed);
	free(log);
	return NULL;
}

/* Takes fd. Without a thread nothing is logged. */
static void proxy_log_start(const struct conf_feed *feed, int fd)
{
	struct proxy_log *log = df_alloc(sizeof(*log));
	pthread_t thread;
	*log = (struct proxy_log){.feed = df_strdup(feed->name), .fd = fd};
	if (df_thread_start(&thread, proxy_log_run, log) == 0) {
		pthread_detach(thread);
		return;
	}
	close(fd);
	free(log->feed);
	free(log);
}

/* ---- its life ---- */

/* The host is letters, digits and "-._:%", as the configuration has it: nothing for a shell. */
static char *proxy_text(const struct conf_feed *feed)
{
	struct df_buf out = {.max = 1 << 16};
	df_buf_adds(&out, "exec ");
	for (const char *p = feed->fetch.proxy_command; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] == 'h')
			df_buf_adds(&out, feed->fetch.source.host);
		else if (p[0] == '%' && p[1] == 'p')
			df_buf_addf(&out, "%u", (unsigned)feed->fetch.source.port);
		else if (p[0] == '%' && p[1] == '%')
			df_buf_addc(&out, '%');
		else {
			df_buf_addc(&out, *p);
			continue;
		}
		p++;
	}
	df_buf_cstr(&out);
	return out.data;
}

static void close_both(const int ends[2])
{
	if (ends[0] >= 0)
		close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
}

/* Returns errno, or 0. ends: the connection; said: its standard error. */
static int proxy_run(const struct conf_feed *feed, int ends[2], int said[2], pid_t *child)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
	    pipe2(said, O_CLOEXEC) != 0)
		return errno;
	char *text = proxy_text(feed);
	int failed = df_shell_start(
	    &(struct df_shell){.text = text, .in = ends[1], .out = ends[1], .err = said[1]}, child);
	free(text);
	return failed;
}

enum df_status fetch_proxy_start(const struct conf_feed *feed, int *sock, pid_t *child,
				 struct df_err *err)
{
	int ends[2] = {-1, -1}, said[2] = {-1, -1};
	int failed = proxy_run(feed, ends, said, child);
	if (failed != 0) {
		close_both(ends);
		close_both(said);
		*child = 0;
		return df_fail(DF_RETRY, err, NULL, "cannot run proxy_command: %s",
			       strerror(failed));
	}
	close(ends[1]);
	close(said[1]);
	proxy_log_start(feed, said[0]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*sock = ends[0];
	return DF_OK;
}

static bool proxy_ended(pid_t child, int *status)
{
	int64_t until = df_monotonic_ms() + PROXY_END_MS;
	do {
		if (waitpid(child, status, WNOHANG) != 0)
			return true;
		df_sleep_ms(PROXY_SLICE_MS);
	} while (df_monotonic_ms() < until);
	return false;
}

void fetch_proxy_words(pid_t *child, char out[FETCH_PROXY_WORDS])
{
	int status = 0;
	char how[48] = "closed the connection";
	if (proxy_ended(*child, &status)) {
		*child = 0;
		if (WIFSIGNALED(status))
			snprintf(how, sizeof(how), "was ended by signal %d", WTERMSIG(status));
		else
			snprintf(how, sizeof(how), "ended with exit status %d",
				 WEXITSTATUS(status));
	}
	snprintf(out, FETCH_PROXY_WORDS,
		 "proxy_command %s before the server said anything; what it wrote to standard "
		 "error is logged, unless --quiet keeps it back",
		 how);
}

void fetch_proxy_end(pid_t *child)
{
	if (*child <= 0)
		return;
	if (!proxy_ended(*child, NULL)) {
		kill(-*child, SIGTERM);
		if (!proxy_ended(*child, NULL)) {
			kill(-*child, SIGKILL);
			waitpid(*child, NULL, 0);
		}
	}
	*child = 0;
}
