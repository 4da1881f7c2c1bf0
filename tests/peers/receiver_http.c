/* SPDX-License-Identifier: MIT */
/* receiver_http.c - see receiver_http.h */
#include "receiver_http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hang(struct server *s, struct MHD_Connection *c)
{
	pthread_mutex_lock(&s->lock);
	s->hung = realloc(s->hung, (s->n_hung + 1) * sizeof(struct MHD_Connection *));
	if (s->hung == NULL)
		die("out of memory");
	s->hung[s->n_hung++] = c;
	MHD_suspend_connection(c);
	pthread_mutex_unlock(&s->lock);
}

static void add_headers(struct MHD_Response *res, const struct request *r, const struct reply *a)
{
	char used[24];

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
	snprintf(used, sizeof(used), "%lu", r->used);
	if (r->rated)
		MHD_add_response_header(res, "X-mp-rate-limit-percentage-used", used);
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *c, const struct request *r,
			      struct reply *a)
{
	record_add(&s->record, r, a);
	if (a->hangs) {
		hang(s, c);
		return MHD_YES;
	}
	if (a->status == 0) {
		free(a->body.s);
		return MHD_NO;
	}

	struct MHD_Response *res = MHD_create_response_from_buffer(
	    a->body.len, a->body.s != NULL ? a->body.s : (char *)"",
	    a->body.s != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	add_headers(res, r, a);
	enum MHD_Result ok = MHD_queue_response(c, a->status, res);
	MHD_destroy_response(res);
	return ok;
}

static bool may_enter(const struct server *s, struct MHD_Connection *c)
{
	if (s->key == NULL)
		return true;

	char *password = NULL, *user = MHD_basic_auth_get_username_password(c, &password);
	size_t len = strlen(s->key);
	/* key.anything is another key with the same secret */
	bool known =
	    user != NULL && strncmp(user, s->key, len) == 0 && strchr(".", user[len]) != NULL;
	bool ok = known && password != NULL && strcmp(password, s->secret) == 0;
	MHD_free(user);
	MHD_free(password);
	return ok;
}

static unsigned request_refused(const struct server *s, struct MHD_Connection *c,
				const char *method, const char *url)
{
	const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");

	if (strcmp(url, "/v2/bulkevents") != 0 && strcmp(url, "/v2/bulkevents/historical") != 0)
		return 404;
	if (strcmp(method, "POST") != 0)
		return 405;
	if (!may_enter(s, c))
		return 401;
	return type == NULL || strncmp(type, "application/json", 16) != 0 ? 415 : 0;
}

static bool server_ends(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	bool ends = s->ends;
	pthread_mutex_unlock(&s->lock);
	return ends;
}

static enum MHD_Result handle(void *own, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **state)
{
	struct server *s = own;
	struct request *r = *state;
	(void)version;

	if (r == NULL) {
		*state = request_new(url);
		return MHD_YES;
	}
	if (*size > 0) {
		if (r->body.len <= 16 * MAX_BYTES)
			text_add(&r->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (server_ends(s)) /* it was hung */
		return MHD_NO;

	struct reply a = {.status = request_refused(s, c, method, url)};
	if (a.status == 0)
		reply_decide(&a, r, &s->judge);
	return answer(s, c, r, &a);
}

static void completed(void *own, struct MHD_Connection *c, void **state,
		      enum MHD_RequestTerminationCode code)
{
	(void)own;
	(void)c;
	(void)code;
	request_free(*state);
	*state = NULL;
}

static struct MHD_Daemon *listen_at(struct server *s)
{
	uint16_t port = (uint16_t)strtoul(s->port, NULL, 10);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 (s->cert != NULL ? MHD_USE_TLS : 0u);
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert},
				       {MHD_OPTION_HTTPS_MEM_KEY, 0, s->tlskey},
				       {MHD_OPTION_END, 0, NULL}};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(flags, port, NULL, NULL, handle, s, MHD_OPTION_SOCK_ADDR, &at,
				MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
				MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_ARRAY,
				s->cert != NULL ? tls : none, MHD_OPTION_END);
}

static void write_port(struct MHD_Daemon *d)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
	FILE *f = fopen("port.tmp", "we");

	if (info == NULL || f == NULL || fprintf(f, "%u\n", (unsigned)info->port) < 0 ||
	    fclose(f) != 0 || rename("port.tmp", "port") != 0)
		die("cannot write the port's number: %s", strerror(errno));
}

void server_start(struct server *s)
{
	s->judge.script.name = "script";
	s->judge.rules.name = "rules";
	pthread_mutex_init(&s->lock, NULL);
	record_open(&s->record);
	s->daemon = listen_at(s);
	if (s->daemon == NULL)
		die("cannot listen on 127.0.0.1:%s", s->port);
	write_port(s->daemon);
}

void server_stop(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	s->ends = true;
	for (size_t i = 0; i < s->n_hung; i++)
		MHD_resume_connection(s->hung[i]);
	pthread_mutex_unlock(&s->lock);

	MHD_stop_daemon(s->daemon);
	unlink("port");
	record_close(&s->record);
	lines_clear(&s->judge.script);
	lines_clear(&s->judge.rules);
	free(s->hung);
	pthread_mutex_destroy(&s->lock);
}
