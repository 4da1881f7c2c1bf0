/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static enum df_log_level log_level = DF_LOG_INFO;
static bool log_json;

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void df_log_setup(enum df_log_level level, bool json)
{
	log_level = level;
	log_json = json;
}

/* ---- the last lines ---- */

#define TAIL_BYTES 8192u

static char tail[TAIL_BYTES];
static size_t tail_at;
static bool tail_full;
static pthread_mutex_t tail_lock = PTHREAD_MUTEX_INITIALIZER;

void df_log_keep(const char *line, size_t len)
{
	pthread_mutex_lock(&tail_lock);
	for (size_t i = len > TAIL_BYTES ? len - TAIL_BYTES : 0; i < len; i++) {
		tail[tail_at++] = line[i];
		tail_full |= tail_at == TAIL_BYTES;
		tail_at %= TAIL_BYTES;
	}
	pthread_mutex_unlock(&tail_lock);
}

void df_log_tail(struct df_buf *out)
{
	size_t before = out->len, cut = 0;
	pthread_mutex_lock(&tail_lock);
	if (tail_full)
		df_buf_add(out, tail + tail_at, TAIL_BYTES - tail_at);
	df_buf_add(out, tail, tail_at);
	while (tail_full && before + cut < out->len && out->data[before + cut] != '\n')
		cut++; /* a part of a line */
	pthread_mutex_unlock(&tail_lock);
	if (tail_full && before + cut < out->len) {
		cut++;
		memmove(out->data + before, out->data + before + cut, out->len - before - cut);
		out->len -= cut;
	}
}

static void log_stamp(char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void log_line(enum df_log_level level, const char *text)
{
	struct df_buf line = {.max = 1 << 16};
	char stamp[32];
	log_stamp(stamp, sizeof(stamp));
	if (log_json) {
		df_buf_addf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", stamp,
			    level_names[level]);
		df_json_text(&line, text, strlen(text));
		df_buf_addc(&line, '}');
	} else {
		df_buf_addf(&line, "%s ", stamp);
		if (level <= DF_LOG_WARN)
			df_buf_addf(&line, "%s: ", level_names[level]);
		df_printable(&line, text);
	}
	df_buf_addc(&line, '\n');
	df_log_keep(line.data, line.len);
	/* One write a line, so that threads do not mix; a log that cannot be written does not
	 * stop the program. */
	if (write(STDERR_FILENO, line.data, line.len) < 0)
		line.over = true;
	df_buf_free(&line);
}

void df_log(enum df_log_level level, const char *fmt, ...)
{
	if (level > log_level)
		return;
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	df_hide_passwords(text);
	log_line(level, text);
	free(text);
}

void df_log_err(enum df_log_level level, const struct df_err *err)
{
	char text[DF_ERR_TEXT];
	df_err_render(err, text, sizeof(text));
	df_log(level, "%s", text);
}
