/* SPDX-License-Identifier: MIT */
/*
 * receiver - takes the place of the Events API on the loopback interface, misbehaves on request
 *
 *	receiver DIR [--key K --secret S] [--port N] [--cert FILE --tlskey FILE]
 *
 * It listens on 127.0.0.1, on a free port unless given one, and writes the port's number to
 * DIR/port when it is ready. SIGTERM or SIGINT ends it. With --cert and --tlskey (PEM) it speaks
 * https. Without --key every caller may in.
 *
 * It takes POST /v2/bulkevents and /v2/bulkevents/historical, Content-Type application/json, Basic
 * authentication, an array of at most 100 batches of at most 128,000 bytes, with at most 100
 * events, in at most 256,000 bytes. It leaves:
 *
 *	DIR/accepted.ndjson	every accepted batch, one a line, byte for byte as it came
 *	DIR/requests.ndjson	every request, one a line:
 * {"n","path","status","batches","events","bytes","ids","repeated"} ids: the source_request_ids;
 * repeated: how many of them had been accepted before; status 0: closed without an answer
 *
 * DIR/script: one instruction a line, used up in order, one for each request with good credentials;
 * read again when the file changes. Batches are counted from 0.
 *	202			as usual
 *	503, 500, 404, ...	that status, nothing accepted
 *	429 [retry-after=S] [exceeded=WORD]
 *	401, 403		empty body
 *	302			with a Location
 *	413
 *	400-plain		a body without errors[]
 *	400-nolocate		errors[] that name no place
 *	400-path I[,J...]	errors[] with Path '[I]...', nothing accepted
 *	400-pos I[,J...]
 *	    the same, with "line 1, position N" in the middle of batch I, in UTF-16 code units
 *	202-path I[,J...]	these are refused, the others accepted
 *	202-pos I[,J...]
 *	202-nolocate		errors[] that name no place; nothing accepted
 *	html-502		an HTML page
 *	drop-before		nothing accepted, connection closed without an answer
 *	drop-after		accepted, then the connection is closed without an answer
 *	slow MS			waits so long (all connections do), then as usual
 *
 * DIR/rules: lasting rules, one a line; read again when the file changes.
 *	reject-name NAME
 *	    a batch that holds an event of this name is refused: 202 with errors[] when others
 *	    are
 *				good, 400 when none is
 *	reject-nolocate NAME
 *	    a request that holds such a batch gets 400 with errors[] that name no place
 *	answer-name STATUS NAME
 *	    a request that holds such a batch gets STATUS and an HTML page, and nothing of it is
 *				accepted; STATUS 0 closes the connection without an answer
 *         hang-name NAME          a request that holds such a batch never gets an answer
 *	max-batches N		a request with more gets 413
 *	rate N
 *	    at most N batches in any second of the clock, else 429 with Retry-After: 1; 202s
 *	    then
 *				carry X-mp-rate-limit-percentage-used
 *	rate-sliding N		the same, but whatever second one looks at
 *
 * All work is done in one thread of libmicrohttpd.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_BATCHES 100u
#define MAX_EVENTS  100u
#define MAX_BYTES   256000u
#define MAX_BATCH   128000u
#define MAX_SEEN    100000u /* batches looked at in one request, however wrong */

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("receiver: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* ---- text that grows ---- */

struct text {
	char *s;
	size_t len, cap;
};

static void text_add(struct text *t, const char *s, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		t->cap = (t->len + len + 1) * 2;
		t->s = realloc(t->s, t->cap);
		if (t->s == NULL)
			die("out of memory");
	}
	if (len > 0)
		memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

static void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void text_addf(struct text *t, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("out of memory");
	text_add(t, s, (size_t)n);
	free(s);
}

/* ---- a file of lines that is read again when it changes ---- */

struct lines {
	const char *name;
	char **line;
	size_t n, next;
	struct stat as_read;
};

static void lines_clear(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	free(l->line);
	l->line = NULL;
	l->n = l->next = 0;
}

static void lines_read(struct lines *l)
{
	struct stat now;
	if (stat(l->name, &now) != 0) {
		lines_clear(l);
		l->as_read = (struct stat){0};
		return;
	}
	if (now.st_ino == l->as_read.st_ino && now.st_size == l->as_read.st_size &&
	    memcmp(&now.st_mtim, &l->as_read.st_mtim, sizeof(now.st_mtim)) == 0)
		return;
	FILE *f = fopen(l->name, "re");
	if (f == NULL)
		return;
	lines_clear(l);
	l->as_read = now;
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			line[--n] = '\0';
		if (n == 0 || line[0] == '#')
			continue;
		l->line = realloc(l->line, (l->n + 1) * sizeof(*l->line));
		if (l->line == NULL || (l->line[l->n++] = strdup(line)) == NULL)
			die("out of memory");
	}
	free(line);
	fclose(f);
}

/* ---- the server ---- */

static struct server {
	const char *key, *secret;
	struct lines script, rules;
	FILE *accepted, *requests;
	struct json_object *seen; /* ids that were accepted */
	unsigned long n;
	time_t second; /* of rule "rate" */
	unsigned long in_second;
	int64_t at; /* of rule "rate-sliding": the last millisecond looked at */
	unsigned long at_ms[1000], in_sliding;
	/* The main thread's as well: */
	pthread_mutex_t lock;
	struct MHD_Connection **hung; /* by rule "hang-name" */
	size_t n_hung;
	bool ends;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct request {
	struct text body;
	char path[64];
	struct json_object *json;
	struct slice {
		const char *s;
		size_t len;
		const char *id; /* borrowed from json */
		size_t events;
		bool bad;
		char why[160]; /* "...Path" is appended to it */
	} * batch;
	size_t n, events, n_bad, bytes;
	unsigned long used; /* percent */
	bool rated;
};

struct reply {
	unsigned status; /* 0: close the connection */
	struct text body;
	char retry_after[32], exceeded[64];
	bool accept; /* the batches that are not bad */
	bool html, hangs;
};

static size_t utf16(const char *s, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		n += (c & 0xc0) != 0x80;
		n += c >= 0xf0;
	}
	return n;
}

/* Cuts the array, which is known to be JSON, into its elements. */
static void request_slice(struct request *r)
{
	const char *p = r->body.s, *end = p + r->body.len, *from = NULL;
	int depth = 0;
	bool quoted = false;
	for (size_t n = 0; p < end; p++) {
		if (quoted) {
			if (*p == '\\')
				p++;
			else if (*p == '"')
				quoted = false;
			continue;
		}
		if (depth == 1 && from == NULL && !isspace((unsigned char)*p))
			from = p;
		if (*p == '"')
			quoted = true;
		if (depth == 1 && (*p == ',' || *p == ']')) {
			if (p > from && n < r->n) {
				r->batch[n].s = from;
				r->batch[n++].len = (size_t)(p - from);
			}
			from = NULL;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
	}
}

static void batch_bad(struct request *r, struct slice *b, const char *why)
{
	if (b->bad)
		return;
	b->bad = true;
	r->n_bad++;
	snprintf(b->why, sizeof(b->why), "%s", why);
}

static const char *rule(const char *name, size_t *i)
{
	size_t len = strlen(name);
	while (*i < server.rules.n) {
		const char *line = server.rules.line[(*i)++];
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return line + len + 1;
	}
	return NULL;
}

static bool batch_has_name(struct json_object *batch, const char *name)
{
	struct json_object *events = NULL, *data = NULL, *have = NULL;
	json_object_object_get_ex(batch, "events", &events);
	size_t n =
	    json_object_is_type(events, json_type_array) ? json_object_array_length(events) : 0;
	for (size_t i = 0; i < n; i++)
		if (json_object_object_get_ex(json_object_array_get_idx(events, i), "data",
					      &data) &&
		    json_object_object_get_ex(data, "event_name", &have) &&
		    strcmp(json_object_get_string(have), name) == 0)
			return true;
	return false;
}

static void batch_check(struct request *r, struct slice *b, struct json_object *o)
{
	struct json_object *events = NULL, *v = NULL;
	if (!json_object_is_type(o, json_type_object)) {
		batch_bad(r, b, "Error converting value to type &#39;Batch&#39;");
		return;
	}
	if (b->len > MAX_BATCH)
		batch_bad(r, b, "Batch is too large");
	if (json_object_object_get_ex(o, "source_request_id", &v))
		b->id = json_object_get_string(v);
	if (json_object_object_get_ex(o, "events", &events) &&
	    !json_object_is_type(events, json_type_array))
		batch_bad(r, b, "Cannot deserialize &#39;events&#39;");
	b->events =
	    json_object_is_type(events, json_type_array) ? json_object_array_length(events) : 0;
	r->events += b->events;
	for (size_t i = 0; i < b->events; i++) {
		struct json_object *event = json_object_array_get_idx(events, i);
		if (!json_object_object_get_ex(event, "event_type", &v) ||
		    !json_object_object_get_ex(event, "data", &v))
			batch_bad(r, b,
				  "Required property &#39;event_type&#39; or &#39;data&#39; not "
				  "found in JSON");
	}
	size_t i = 0;
	for (const char *name; (name = rule("reject-name", &i)) != NULL;)
		if (batch_has_name(o, name))
			batch_bad(r, b, "Invalid event name &quot;refused by rule&quot;");
}

static bool request_read(struct request *r)
{
	enum json_tokener_error why = json_tokener_success;
	r->json = r->body.s != NULL ? json_tokener_parse_verbose(r->body.s, &why) : NULL;
	if (!json_object_is_type(r->json, json_type_array))
		return false;
	r->n = json_object_array_length(r->json);
	if (r->n == 0 || r->n > MAX_SEEN)
		return false;
	r->batch = calloc(r->n, sizeof(*r->batch));
	if (r->batch == NULL)
		die("out of memory");
	request_slice(r);
	for (size_t i = 0; i < r->n; i++)
		batch_check(r, &r->batch[i], json_object_array_get_idx(r->json, i));
	return true;
}

/* ---- replies ---- */

enum place { BY_PATH, BY_POSITION, NOWHERE };

static size_t request_position(const struct request *r, size_t i)
{
	size_t before = (size_t)(r->batch[i].s - r->body.s);
	return utf16(r->body.s, before) + utf16(r->batch[i].s, r->batch[i].len / 2) + 1;
}

static void reply_errors(struct reply *a, const struct request *r, enum place place)
{
	const char *comma = "";
	text_addf(&a->body, "{\"errors\":[");
	for (size_t i = 0; i < r->n && place != NOWHERE; i++) {
		if (!r->batch[i].bad)
			continue;
		text_addf(&a->body, "%s{\"code\":\"BAD_REQUEST\",\"message\":\"%s. ", comma,
			  r->batch[i].why);
		if (place == BY_PATH)
			text_addf(&a->body, "Path &#39;[%zu].events[0].data&#39;, ", i);
		text_addf(&a->body, "line 1, position %zu.\"}", request_position(r, i));
		comma = ",";
	}
	if (place == NOWHERE)
		text_addf(&a->body,
			  "{\"code\":\"BAD_REQUEST\",\"message\":\"Something isn&#39;t right\"}");
	text_addf(&a->body, "]}");
}

/* The usual answer: what the checks found decides. */
static void reply_usual(struct reply *a, struct request *r)
{
	a->status = r->n_bad == r->n ? 400 : 202;
	a->accept = true;
	if (r->n_bad > 0)
		reply_errors(a, r, BY_PATH);
}

static void script_located(struct reply *a, struct request *r, const char *what, const char *list)
{
	bool partly = strncmp(what, "202", 3) == 0;
	for (const char *p = list; p != NULL && *p != '\0';
	     p = strchr(p, ',') != NULL ? strchr(p, ',') + 1 : NULL) {
		size_t i = strtoul(p, NULL, 10);
		if (i < r->n)
			batch_bad(r, &r->batch[i], "Error converting value &quot;x&quot;");
	}
	a->status = partly ? 202 : 400;
	a->accept = partly;
	if (r->n_bad > 0)
		reply_errors(a, r, strstr(what, "-pos") != NULL ? BY_POSITION : BY_PATH);
}

static void script_status(struct reply *a, const char *what, const char *rest)
{
	const char *p;
	a->status = (unsigned)strtoul(what, NULL, 10);
	if (a->status < 200 || a->status > 599)
		a->status = 500;
	if ((p = strstr(rest, "retry-after=")) != NULL)
		sscanf(p, "retry-after=%31s", a->retry_after);
	if ((p = strstr(rest, "exceeded=")) != NULL)
		sscanf(p, "exceeded=%63s", a->exceeded);
}

static void reply_by_script(struct reply *a, struct request *r, const char *line)
{
	char what[32] = "";
	int used = 0;
	sscanf(line, "%31s %n", what, &used);
	const char *rest = line + used;
	if (strcmp(what, "202") == 0) {
		reply_usual(a, r);
	} else if (strcmp(what, "slow") == 0) {
		usleep((useconds_t)strtoul(rest, NULL, 10) * 1000);
		reply_usual(a, r);
	} else if (strstr(what, "-path") != NULL || strstr(what, "-pos") != NULL) {
		script_located(a, r, what, rest);
	} else if (strstr(what, "-nolocate") != NULL) {
		a->status = (unsigned)strtoul(what, NULL, 10);
		reply_errors(a, r, NOWHERE);
	} else if (strcmp(what, "400-plain") == 0) {
		a->status = 400;
		text_addf(&a->body, "Bad request, plainly.");
	} else if (strcmp(what, "html-502") == 0) {
		a->status = 502;
		a->html = true;
		text_addf(&a->body, "<html><body>Bad gateway</body></html>");
	} else if (strcmp(what, "drop-before") == 0 || strcmp(what, "drop-after") == 0) {
		a->status = 0;
		a->accept = what[5] == 'a';
	} else {
		script_status(a, what, rest);
	}
}

/* What counts against the limit now: of this second of the clock, or of the last thousand
 * milliseconds. */
static unsigned long *rate_clock(void)
{
	time_t now = time(NULL);
	if (now != server.second)
		server.in_second = 0;
	server.second = now;
	return &server.in_second;
}

static unsigned long *rate_sliding(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (now - server.at > 1000)
		server.at = now - 1000;
	while (server.at < now) {
		unsigned long *oldest = &server.at_ms[++server.at % 1000];
		server.in_sliding -= *oldest;
		*oldest = 0;
	}
	return &server.in_sliding;
}

static bool rate_exceeded(struct reply *a, struct request *r)
{
	size_t i = 0, k = 0;
	const char *clock = rule("rate", &i), *sliding = rule("rate-sliding", &k);
	const char *value = sliding != NULL ? sliding : clock;
	unsigned long rate = value != NULL ? strtoul(value, NULL, 10) : 0;
	if (rate == 0)
		return false;
	unsigned long *used = sliding != NULL ? rate_sliding() : rate_clock();
	if (*used + r->n > rate) {
		script_status(a, "429", "retry-after=1 exceeded=feed");
		return true;
	}
	*used += r->n;
	if (sliding != NULL)
		server.at_ms[server.at % 1000] += r->n;
	r->rated = true;
	r->used = *used * 100 / rate;
	return false;
}

static bool request_has_name(const struct request *r, const char *name)
{
	for (size_t k = 0; k < r->n; k++)
		if (batch_has_name(json_object_array_get_idx(r->json, k), name))
			return true;
	return false;
}

/* As a firewall would: it looks at the whole request. */
static bool answer_by_name(struct reply *a, const struct request *r)
{
	size_t i = 0;
	for (const char *value; (value = rule("answer-name", &i)) != NULL;) {
		char *name = NULL;
		unsigned long status = strtoul(value, &name, 10);
		if (*name != ' ' || !request_has_name(r, name + 1))
			continue;
		a->status = (unsigned)status;
		a->html = true;
		text_addf(&a->body,
			  "<html><title>Request blocked</title><body>Ray ID 1</body></html>");
		return true;
	}
	return false;
}

/* Rules that look at a whole request. True when one of them answered. */
static bool reply_by_rule(struct reply *a, struct request *r)
{
	size_t i = 0;
	for (const char *name; (name = rule("hang-name", &i)) != NULL;)
		if (request_has_name(r, name)) {
			a->hangs = true;
			a->status = 0;
			return true;
		}
	i = 0;
	const char *value = rule("max-batches", &i);
	if (value != NULL && r->n > strtoul(value, NULL, 10)) {
		a->status = 413;
		return true;
	}
	i = 0;
	for (const char *name; (name = rule("reject-nolocate", &i)) != NULL;)
		if (request_has_name(r, name)) {
			a->status = 400;
			reply_errors(a, r, NOWHERE);
			return true;
		}
	return answer_by_name(a, r) || rate_exceeded(a, r);
}

static void reply_decide(struct reply *a, struct request *r)
{
	if (r->bytes > MAX_BYTES) {
		a->status = 413;
		return;
	}
	lines_read(&server.script);
	lines_read(&server.rules); /* before the batches are looked at, for which the rules count */
	if (!request_read(r)) {
		a->status = 400;
		text_addf(
		    &a->body,
		    "{\"errors\":[{\"code\":\"BAD_REQUEST\",\"message\":\"Invalid JSON array\"}]}");
		return;
	}
	if (r->n > MAX_BATCHES || r->events > MAX_EVENTS) {
		a->status = 400;
		text_addf(&a->body,
			  "{\"errors\":[{\"code\":\"BAD_REQUEST\",\"message\":\"Too many\"}]}");
		return;
	}
	if (server.script.next < server.script.n)
		reply_by_script(a, r, server.script.line[server.script.next++]);
	else if (!reply_by_rule(a, r))
		reply_usual(a, r);
}

/* ---- records ---- */

static void record(struct request *r, const struct reply *a)
{
	struct text ids = {0};
	unsigned long repeated = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct slice *b = &r->batch[i];
		struct json_object *id = b->id != NULL ? json_object_new_string(b->id) : NULL;
		text_addf(&ids, "%s%s", i > 0 ? "," : "", json_object_to_json_string(id));
		json_object_put(id);
		if (b->id != NULL && json_object_object_get_ex(server.seen, b->id, NULL))
			repeated++;
		if (!a->accept || b->bad)
			continue;
		if (b->id != NULL)
			json_object_object_add(server.seen, b->id, NULL);
		fwrite(b->s, 1, b->len, server.accepted);
		fputc('\n', server.accepted);
	}
	fflush(server.accepted);
	fprintf(server.requests,
		"{\"n\":%lu,\"path\":\"%s\",\"status\":%u,\"batches\":%zu,\"events\":%zu,\"bytes\":"
		"%zu,\"ids\":[%s],"
		"\"repeated\":%lu}\n",
		++server.n, r->path, a->status, r->n, r->events, r->bytes,
		ids.s != NULL ? ids.s : "", repeated);
	fflush(server.requests);
	free(ids.s);
}

static void request_free(struct request *r)
{
	json_object_put(r->json);
	free(r->batch);
	free(r->body.s);
	free(r);
}

/* ---- HTTP ---- */

static void hang(struct MHD_Connection *c)
{
	pthread_mutex_lock(&server.lock);
	server.hung = realloc(server.hung, (server.n_hung + 1) * sizeof(struct MHD_Connection *));
	if (server.hung == NULL)
		die("out of memory");
	server.hung[server.n_hung++] = c;
	MHD_suspend_connection(c);
	pthread_mutex_unlock(&server.lock);
}

static enum MHD_Result answer(struct MHD_Connection *c, struct request *r, struct reply *a)
{
	record(r, a);
	if (a->hangs) {
		hang(c);
		return MHD_YES;
	}
	if (a->status == 0) {
		free(a->body.s);
		return MHD_NO;
	}
	struct MHD_Response *res = MHD_create_response_from_buffer(
	    a->body.len, a->body.s != NULL ? a->body.s : (char *)"",
	    a->body.s != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (a->body.len > 0)
		MHD_add_response_header(res, "Content-Type",
					a->html ? "text/html" : "application/json");
	if (a->retry_after[0] != '\0')
		MHD_add_response_header(res, "Retry-After", a->retry_after);
	if (a->exceeded[0] != '\0')
		MHD_add_response_header(res, "X-mp-rate-limit-exceeded", a->exceeded);
	if (a->status == 302)
		MHD_add_response_header(res, "Location", "/elsewhere");
	if (a->status == 401)
		MHD_add_response_header(res, "WWW-Authenticate", "Basic realm=\"receiver\"");
	char used[24];
	snprintf(used, sizeof(used), "%lu", r->used);
	if (r->rated)
		MHD_add_response_header(res, "X-mp-rate-limit-percentage-used", used);
	enum MHD_Result ok = MHD_queue_response(c, a->status, res);
	MHD_destroy_response(res);
	return ok;
}

static bool may_enter(struct MHD_Connection *c)
{
	if (server.key == NULL)
		return true;
	char *password = NULL, *user = MHD_basic_auth_get_username_password(c, &password);
	size_t len = strlen(server.key);
	/* key.anything is another key with the same secret */
	bool known =
	    user != NULL && strncmp(user, server.key, len) == 0 && strchr(".", user[len]) != NULL;
	bool ok = known && password != NULL && strcmp(password, server.secret) == 0;
	MHD_free(user);
	MHD_free(password);
	return ok;
}

static unsigned request_refused(struct MHD_Connection *c, const char *method, const char *url)
{
	const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
	if (strcmp(url, "/v2/bulkevents") != 0 && strcmp(url, "/v2/bulkevents/historical") != 0)
		return 404;
	if (strcmp(method, "POST") != 0)
		return 405;
	if (!may_enter(c))
		return 401;
	return type == NULL || strncmp(type, "application/json", 16) != 0 ? 415 : 0;
}

static bool server_ends(void)
{
	pthread_mutex_lock(&server.lock);
	bool ends = server.ends;
	pthread_mutex_unlock(&server.lock);
	return ends;
}

static enum MHD_Result handle(void *own, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **state)
{
	(void)own;
	(void)version;
	struct request *r = *state;
	if (r == NULL) {
		r = calloc(1, sizeof(*r));
		if (r == NULL)
			die("out of memory");
		/* It becomes part of a JSON line as it is: only what cannot end a string. */
		for (size_t i = 0; url[i] != '\0' && i < sizeof(r->path) - 1; i++)
			r->path[i] =
			    isalnum((unsigned char)url[i]) || strchr("/-_.", url[i]) != NULL
				? url[i]
				: '?';
		*state = r;
		return MHD_YES;
	}
	if (*size > 0) {
		if (r->body.len <= 16 * MAX_BYTES)
			text_add(&r->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (server_ends()) /* it was hung */
		return MHD_NO;
	r->bytes = r->body.len;
	struct reply a = {.status = request_refused(c, method, url)};
	if (a.status == 0) {
		a.status = 202;
		reply_decide(&a, r);
	}
	return answer(c, r, &a);
}

static void completed(void *own, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode code)
{
	(void)own;
	(void)c;
	(void)code;
	if (*state != NULL)
		request_free(*state);
	*state = NULL;
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	struct text t = {0};
	char chunk[4096];
	if (f == NULL)
		die("cannot read %s: %s", path, strerror(errno));
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		text_add(&t, chunk, n);
	fclose(f);
	return t.s;
}

static struct MHD_Daemon *start(uint16_t port, char *cert, char *key)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 (cert != NULL ? MHD_USE_TLS : 0u);
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, cert},
				       {MHD_OPTION_HTTPS_MEM_KEY, 0, key},
				       {MHD_OPTION_END, 0, NULL}};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	return MHD_start_daemon(flags, port, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &at,
				MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
				MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_ARRAY,
				cert != NULL ? tls : none, MHD_OPTION_END);
}

static void write_port(struct MHD_Daemon *d)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
	FILE *f = fopen("port.tmp", "we");
	if (info == NULL || f == NULL || fprintf(f, "%u\n", (unsigned)info->port) < 0 ||
	    fclose(f) != 0 || rename("port.tmp", "port") != 0)
		die("cannot write the port's number: %s", strerror(errno));
}

static void usage(FILE *to)
{
	fputs("usage: receiver DIR [--key K --secret S] [--port N] [--cert FILE --tlskey FILE]\n"
	      "A stand-in for the Events API on 127.0.0.1. DIR/port: its port, when it is ready. "
	      "DIR/accepted.ndjson:\n"
	      "the batches it accepted. DIR/requests.ndjson: the requests it got. Send it SIGTERM "
	      "to end it.\n"
	      "\n"
	      "DIR/script, one instruction a line, one for each request in turn:\n"
	      "  202 | NNN | 429 [retry-after=S] [exceeded=WORD] | 413 | 401 | 403 | 302 | "
	      "html-502 | 400-plain\n"
	      "  400-nolocate | 202-nolocate | 400-path I,J | 400-pos I,J | 202-path I,J | 202-pos "
	      "I,J\n"
	      "  drop-before | drop-after | slow MS\n"
	      "DIR/rules, one a line, for every request that the script leaves over:\n"
	      "  reject-name NAME | reject-nolocate NAME | answer-name STATUS NAME | hang-name "
	      "NAME | "
	      "max-batches N "
	      "| rate N |\n"
	      "  rate-sliding N\n",
	      to);
}

struct options {
	const char *dir, *port, *cert, *tlskey;
};

/* Returns the exit code when there is nothing more to do, else -1. */
static int options_read(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			usage(stdout);
			return 0;
		}
		const char **option = strcmp(argv[i], "--key") == 0      ? &server.key
				      : strcmp(argv[i], "--secret") == 0 ? &server.secret
				      : strcmp(argv[i], "--port") == 0   ? &o->port
				      : strcmp(argv[i], "--cert") == 0   ? &o->cert
				      : strcmp(argv[i], "--tlskey") == 0 ? &o->tlskey
									 : NULL;
		if (option != NULL && i + 1 < argc) {
			*option = argv[++i];
		} else if (option == NULL && o->dir == NULL && argv[i][0] != '-') {
			o->dir = argv[i];
		} else {
			o->dir = NULL;
			break;
		}
	}
	if (o->dir != NULL && (server.key == NULL) == (server.secret == NULL) &&
	    (o->cert == NULL) == (o->tlskey == NULL))
		return -1;
	usage(stderr);
	return 2;
}

/* What an earlier receiver accepted in this folder counts as seen. */
static void seen_load(void)
{
	FILE *f = fopen("accepted.ndjson", "re");
	char *line = NULL;
	size_t cap = 0;
	server.seen = json_object_new_object();
	while (f != NULL && getline(&line, &cap, f) > 0) {
		struct json_object *o = json_tokener_parse(line), *id = NULL;
		if (json_object_object_get_ex(o, "source_request_id", &id))
			json_object_object_add(server.seen, json_object_get_string(id), NULL);
		json_object_put(o);
	}
	free(line);
	if (f != NULL)
		fclose(f);
}

int main(int argc, char **argv)
{
	struct options o = {.port = "0"};
	int code = options_read(&o, argc, argv);
	if (code >= 0)
		return code;
	char *cert_text = o.cert != NULL ? slurp(o.cert) : NULL,
	     *key_text = o.tlskey != NULL ? slurp(o.tlskey) : NULL;
	if (chdir(o.dir) != 0)
		die("cannot enter %s: %s", o.dir, strerror(errno));
	server.script.name = "script";
	server.rules.name = "rules";
	seen_load();
	server.accepted = fopen("accepted.ndjson", "ae");
	server.requests = fopen("requests.ndjson", "ae");
	if (server.accepted == NULL || server.requests == NULL)
		die("cannot write in %s: %s", o.dir, strerror(errno));

	/* Blocked before there are threads, so that the signal waits for sigwait(). */
	sigset_t ends;
	int got = 0;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct MHD_Daemon *d = start((uint16_t)strtoul(o.port, NULL, 10), cert_text, key_text);
	if (d == NULL)
		die("cannot listen on 127.0.0.1:%s", o.port);
	write_port(d);
	sigwait(&ends, &got);
	pthread_mutex_lock(&server.lock);
	server.ends = true;
	for (size_t i = 0; i < server.n_hung; i++)
		MHD_resume_connection(server.hung[i]);
	pthread_mutex_unlock(&server.lock);
	MHD_stop_daemon(d);
	free(server.hung);
	unlink("port");
	fclose(server.accepted);
	fclose(server.requests);
	lines_clear(&server.script);
	lines_clear(&server.rules);
	json_object_put(server.seen);
	free(cert_text);
	free(key_text);
	return 0;
}
