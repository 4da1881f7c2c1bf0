/* SPDX-License-Identifier: MIT */
/* A shell command that gets a notice. It has a process group of its own, a bounded time, and no
 * secret of ours: neither in its environment nor among its descriptors. */
#include "dropfeed/report.h"
#include "dropfeed/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLICE_MS = 50, SAID_MAX = 400 };

/* ---- its environment ---- */

static bool is_secret_variable(const char *variable, const struct report_command *c)
{
	const char *value = strchr(variable, '=');
	size_t len = 0;
	if (value != NULL)
		value = df_first_line(value + 1, &len); /* as the secret was read */
	bool is = strncmp(variable, "DROPFEED_EVENT=", 15) == 0 ||
		  strncmp(variable, "DROPFEED_FEED=", 14) == 0 ||
		  strncmp(variable, "DROPFEED_FILE=", 14) == 0; /* ours come in their place */
	for (size_t i = 0; i < c->n_secrets && !is; i++)
		is = value != NULL && strlen(c->secrets[i]) == len &&
		     memcmp(value, c->secrets[i], len) == 0;
	return is;
}

static char **environment(const struct report_command *c)
{
	size_t n = 0, k = 0;
	while (environ[n] != NULL)
		n++;
	char **v = df_alloc((n + 4) * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		if (!is_secret_variable(environ[i], c))
			v[k++] = df_strdup(environ[i]);
	v[k++] = df_format("DROPFEED_EVENT=%s", c->event);
	v[k++] = df_format("DROPFEED_FEED=%s", c->feed);
	v[k++] = df_format("DROPFEED_FILE=%s", c->file != NULL ? c->file : "");
	return v;
}

static void environment_free(char **v)
{
	for (size_t i = 0; v[i] != NULL; i++)
		free(v[i]);
	free((void *)v);
}

/* ---- its life ---- */

/* Reads what it says, so that it never waits for a reader; the first words are kept. */
static void listen_to(int fd, struct df_buf *said, int ms)
{
	char bytes[4096];
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	if (poll(&ready, 1, ms) <= 0)
		return;
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n <= 0) { /* it closed both; the end of the process is still to come */
		poll(NULL, 0, ms);
		return;
	}
	size_t room = SAID_MAX - said->len;
	df_buf_add(said, bytes, (size_t)n < room ? (size_t)n : room);
}

static enum df_status outcome(int status, struct df_buf *said, struct df_err *err)
{
	struct df_buf words = {0};
	char *text = df_strndup(said->data != NULL ? said->data : "", said->len);
	text[strcspn(text, "\n")] = '\0';
	df_utf8_sanitize(text);
	df_printable(&words, text);
	enum df_status st = DF_OK;
	if (WIFSIGNALED(status))
		st = df_fail(DF_RETRY, err, NULL, "was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		st = df_fail(DF_RETRY, err, NULL, "exit code %d%s%s", WEXITSTATUS(status),
			     words.len > 0 ? ": " : "", df_buf_cstr(&words));
	free(text);
	df_buf_free(&words);
	return st;
}

static enum df_status wait_for(pid_t child, int out, int64_t timeout_ms, struct df_err *err)
{
	int64_t begun = df_monotonic_ms(), until = begun + timeout_ms, soon = 0;
	struct df_buf said = {0};
	int status = 0;
	pid_t ended = 0;
	while (ended == 0 && df_monotonic_ms() < until) {
		listen_to(out, &said, SLICE_MS);
		ended = waitpid(child, &status, WNOHANG);
		if (!df_stop_requested || soon != 0)
			continue;
		soon = df_monotonic_ms() + REPORT_STOPPED_MS;
		until = soon < until ? soon : until;
	}

	enum df_status st = DF_OK;
	if (ended < 0) {
		st = df_fail(DF_RETRY, err, NULL, "ended, and how is not known: %s",
			     strerror(errno));
	} else if (ended != 0) {
		listen_to(out, &said, 0);
		st = outcome(status, &said, err);
	} else {
		kill(-child, SIGKILL);
		waitpid(child, &status, 0);
		st = df_fail(DF_RETRY, err, NULL, "was stopped after %lld s",
			     (long long)(df_monotonic_ms() - begun) / 1000);
	}
	df_buf_free(&said);
	return st;
}

/* A file and not a pipe: the command may read as much of it as it likes, and when. */
static enum df_status input_file(const struct report_command *c, int *fd, struct df_err *err)
{
	*fd = memfd_create("notice", MFD_CLOEXEC);
	if (*fd < 0)
		return df_fail(DF_RETRY, err, NULL, "cannot be started: %s", strerror(errno));
	enum df_status st = df_write_all(*fd, c->input, c->len, err);
	if (st != DF_OK)
		return st;
	lseek(*fd, 0, SEEK_SET);
	return DF_OK;
}

/* *out: where what it says is read. */
static enum df_status command_start(const struct report_command *c, int in, int *out, pid_t *child,
				    struct df_err *err)
{
	int ends[2] = {-1, -1};
	if (pipe2(ends, O_CLOEXEC) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot be started: %s", strerror(errno));
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	struct df_shell shell = {.text = c->command,
				 .in = in,
				 .out = ends[1],
				 .err = ends[1],
				 .environment = environment(c)};
	int failed = df_shell_start(&shell, child);
	environment_free(shell.environment);
	close(ends[1]);
	*out = ends[0];
	return failed == 0
		   ? DF_OK
		   : df_fail(DF_RETRY, err, NULL, "cannot be started: %s", strerror(failed));
}

enum df_status report_command_run(const struct report_command *c, struct df_err *err)
{
	int in = -1, out = -1;
	pid_t child = 0;
	enum df_status st = input_file(c, &in, err);
	if (st != DF_OK)
		goto cleanup;
	st = command_start(c, in, &out, &child, err);
	if (st != DF_OK)
		goto cleanup;
	st = wait_for(child, out, c->timeout_ms, err);
cleanup:
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return st;
}
