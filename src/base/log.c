/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
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

/* ---- what a line is about ---- */

static _Thread_local struct df_log_place place; /* of the thread; borrowed */

struct df_log_place df_log_at(const struct df_log_place *now)
{
	struct df_log_place before = place;
	place = now != NULL ? *now : (struct df_log_place){0};
	return before;
}

static void log_add_text(struct df_buf *line, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	df_buf_addf(line, ",\"%s\":", name);
	df_json_text(line, value, strlen(value));
}

static void add_fields(struct df_buf *line, const struct df_log_fields *f)
{
	const struct df_log_place *at = f->at != NULL ? f->at : &place;
	log_add_text(line, "feed", at->feed);
	log_add_text(line, "file", at->file);
	log_add_text(line, "document", at->document);
	log_add_text(line, "code", f->code);
	for (size_t i = 0; i < f->n_numbers; i++)
		df_buf_addf(line, ",\"%s\":%llu", f->numbers[i].name,
			    (unsigned long long)f->numbers[i].value);
}

/* ---- a line that is drawn again and again, below the log ---- */

static char status[512]; /* "": none */
static pthread_mutex_t status_lock = PTHREAD_MUTEX_INITIALIZER;

/* It may take several rows of a terminal that was made narrower meanwhile. */
static void add_erase(struct df_buf *out)
{
	struct winsize size = {0};
	size_t columns = 0, rows = 1;
	if (status[0] == '\0')
		return;
	for (const char *p = status; *p != '\0'; p++)
		columns += ((unsigned char)*p & 0xc0) != 0x80;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		rows = (columns + size.ws_col - 1) / size.ws_col;
	df_buf_addc(out, '\r');
	if (rows > 1)
		df_buf_addf(out, "\x1b[%zuA", rows - 1);
	df_buf_adds(out, "\x1b[J");
}

void df_log_status(const char *text)
{
	struct df_buf out = {.max = 4096};
	pthread_mutex_lock(&status_lock);
	bool same = strcmp(status, text != NULL ? text : "") == 0;
	add_erase(&out);
	snprintf(status, sizeof(status), "%s", text != NULL ? text : "");
	df_buf_adds(&out, status);
	if (!same && write(STDERR_FILENO, out.data, out.len) < 0)
		status[0] = '\0';
	pthread_mutex_unlock(&status_lock);
	df_buf_free(&out);
}

/* One write a line, so that threads do not mix; a log that cannot be written does not stop the
 * program. */
static void log_put_line(const struct df_buf *line)
{
	struct df_buf out = {.max = 1 << 17};
	pthread_mutex_lock(&status_lock);
	add_erase(&out);
	df_buf_add(&out, line->data, line->len);
	df_buf_adds(&out, status);
	if (write(STDERR_FILENO, out.data, out.len) < 0)
		status[0] = '\0';
	pthread_mutex_unlock(&status_lock);
	df_buf_free(&out);
}

/* ---- lines ---- */

static void log_line(enum df_log_level level, const struct df_log_fields *f, const char *text)
{
	struct df_buf line = {.max = 1 << 16};
	char stamp[32];
	log_stamp(stamp, sizeof(stamp));
	if (log_json) {
		df_buf_addf(&line, "{\"time\":\"%s\",\"level\":\"%s\"", stamp, level_names[level]);
		add_fields(&line, f);
		df_buf_adds(&line, ",\"message\":");
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
	log_put_line(&line);
	df_buf_free(&line);
}

static void DF_PRINTF(3, 0) list_put(enum df_log_level level, const struct df_log_fields *f,
				     const char *fmt, va_list values)
{
	char *text = NULL;
	if (vasprintf(&text, fmt, values) < 0)
		return;
	df_hide_passwords(text);
	log_line(level, f, text);
	free(text);
}

void df_log(enum df_log_level level, const char *fmt, ...)
{
	const struct df_log_fields none = {0};
	va_list values;
	if (level > log_level)
		return;
	va_start(values, fmt);
	list_put(level, &none, fmt, values);
	va_end(values);
}

void df_log_with(enum df_log_level level, const struct df_log_fields *f, const char *fmt, ...)
{
	va_list values;
	if (level > log_level && !f->always)
		return;
	va_start(values, fmt);
	list_put(level, f, fmt, values);
	va_end(values);
}

bool df_log_writes(enum df_log_level level)
{
	return level <= log_level;
}

bool df_log_is_json(void)
{
	return log_json;
}

void df_log_err(enum df_log_level level, const struct df_err *err)
{
	char text[DF_ERR_TEXT];
	df_err_render(err, text, sizeof(text));
	df_log_with(level, &(struct df_log_fields){.code = err->code}, "%s", text);
}
