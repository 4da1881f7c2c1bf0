/* SPDX-License-Identifier: MIT */
/*
 * A plan from the platform: a token by OAuth client credentials (RFC 6749 §4.4), then the plan with
 * it (mParticle, "Data Planning API"). The token is kept for its life in a file of mode 0600, where
 * a folder is given, so that a job that fetches daily, or for many plans, asks for it once.
 */
#include "plan_priv.h"

#include "dropfeed/resolve.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS   30000L
#define ATTEMPTS     4
#define WAIT_MAX     60 /* seconds: longer than that is not waited for */
#define TOKEN_MAX    (64u << 10)
#define TOKEN_MARGIN 60 /* seconds before its end in which a token is not used any more */
#define AUDIENCE     "https://api.mparticle.com"

struct answer {
	struct df_buf body;
	long status;
	long wait; /* Retry-After, seconds; 0: none */
};

struct fetcher {
	const struct plan_source *source;
	CURL *curl;  /* own */
	char *token; /* own */
	bool cached; /* the token is an earlier one */
};

/* ---- requests ---- */

static size_t take_body(char *data, size_t size, size_t n, void *ctx)
{
	struct df_buf *body = ctx;
	df_buf_add(body, data, size * n);
	return body->over ? 0 : size * n;
}

/* Proxies of the environment are honoured, but not for hosts on this machine. */
static bool is_loopback(const char *url)
{
	char *host = NULL;
	CURLU *u = curl_url();
	bool is = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK;
	is = is && (strcmp(host, "[::1]") == 0 || df_is_loopback(host));
	curl_free(host);
	curl_url_cleanup(u);
	return is;
}

static enum df_status check_url(const char *url, struct df_err *err)
{
	if (strncmp(url, "https://", 8) == 0 ||
	    (strncmp(url, "http://", 7) == 0 && is_loopback(url)))
		return DF_OK;
	return df_fail(DF_USAGE, err, NULL,
		       "%.200s: the address has to be https:// (http:// for this machine alone)",
		       url);
}

static void set_up(CURL *c, const struct plan_source *source, const char *url)
{
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "dropfeed/" DROPFEED_VERSION);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	if (source->ca_file != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, source->ca_file);
	if (is_loopback(url))
		curl_easy_setopt(c, CURLOPT_PROXY, "");
}

/* body NULL: GET. DF_RETRY: no answer. */
static enum df_status ask(struct fetcher *f, const char *url, const char *body, const char *header,
			  struct answer *out, struct df_err *err)
{
	CURL *c = f->curl;
	curl_off_t wait = 0;
	struct curl_slist *headers = curl_slist_append(NULL, header);
	df_buf_free(&out->body);
	*out = (struct answer){.body = {.max = PLAN_MAX_BYTES}};
	set_up(c, f->source, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &out->body);
	if (body != NULL)
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	CURLcode rc = curl_easy_perform(c);
	curl_slist_free_all(headers);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait);
	out->wait = (long)wait;
	if (out->body.over)
		return df_fail(DF_USAGE, err, NULL, "%s answered with more than %u MiB", url,
			       PLAN_MAX_BYTES >> 20);
	if (rc != CURLE_OK)
		return df_fail(DF_RETRY, err, NULL, "%s: %s", url, curl_easy_strerror(rc));
	return DF_OK;
}

static bool wait_seconds(long seconds)
{
	for (int64_t end = df_monotonic_ms() + seconds * 1000; df_monotonic_ms() < end;) {
		if (df_stop_requested)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	return true;
}

/* Until there is an answer other than "later". */
static enum df_status ask_patiently(struct fetcher *f, const char *url, const char *body,
				    const char *header, struct answer *out, struct df_err *err)
{
	enum df_status st = DF_OK;
	for (int i = 0; i < ATTEMPTS; i++) {
		struct df_err why = {0};
		st = ask(f, url, body, header, out, &why);
		bool later = st == DF_RETRY || out->status == 429 || out->status >= 500;
		if (!later || i + 1 == ATTEMPTS) {
			if (st != DF_OK)
				*err = why;
			return st;
		}
		long wait = out->wait > 0 ? out->wait : 1L << i;
		if (wait > WAIT_MAX || !wait_seconds(wait))
			break;
	}
	return st;
}

/* What an answer means that is not the one that was wanted. */
static enum df_status refuse(const struct answer *a, const char *url, struct df_err *err)
{
	if (a->status == 401 || a->status == 403)
		return df_fail(DF_DENIED, err, NULL,
			       "%s refused the credentials (HTTP %ld): look at the client id, its "
			       "secret, and what they may read",
			       url, a->status);
	if (a->status == 429 || a->status >= 500)
		return df_fail(DF_RETRY, err, NULL, "%s answered with HTTP %ld: try again later",
			       url, a->status);
	if (a->status == 404)
		return df_fail(DF_USAGE, err, NULL,
			       "%s: not found (HTTP 404): look at the workspace, the plan's id and "
			       "its version",
			       url);
	return df_fail(DF_DENIED, err, NULL, "%s answered with HTTP %ld, as no such API does", url,
		       a->status);
}

/* ---- the token ---- */

/* The file's name holds no secret: a hash of whose token it is. */
static char *token_path(const struct plan_source *s)
{
	char hex[DF_SHA256_HEX];
	struct df_sha256 *h = df_sha256_new();
	if (s->cache == NULL) {
		df_sha256_free(h);
		return NULL;
	}
	df_sha256_add(h, s->sso, strlen(s->sso) + 1);
	df_sha256_add(h, s->client_id, strlen(s->client_id) + 1);
	df_sha256_add(h, s->client_secret, strlen(s->client_secret));
	df_sha256_end(h, hex);
	df_sha256_free(h);
	return df_format("%s/plan-token.%.16s", s->cache, hex);
}

/* Bounded: an endless life is a mistake of the answer. */
static bool token_parse(const char *text, int64_t now, char **token, int64_t *end)
{
	struct json_object *root = json_tokener_parse(text), *value = NULL;
	bool ok = json_object_object_get_ex(root, "access_token", &value) &&
		  json_object_is_type(value, json_type_string) &&
		  strpbrk(json_object_get_string(value), "\r\n") == NULL;
	if (ok)
		*token = df_strdup(json_object_get_string(value));
	int64_t life = 0;
	if (ok && json_object_object_get_ex(root, "expires_in", &value))
		life = json_object_get_int64(value);
	*end = now + (life < 0 ? 0 : life > 86400 ? 86400 : life);
	if (ok && json_object_object_get_ex(root, "expires_at", &value))
		*end = json_object_get_int64(value); /* our own file has it */
	json_object_put(root);
	return ok;
}

static bool token_load(struct fetcher *f)
{
	struct df_err ignored = {0};
	struct stat info;
	char *path = token_path(f->source), *text = NULL;
	int64_t end = 0, now = df_now_ms() / 1000;
	bool ok = path != NULL && stat(path, &info) == 0 && info.st_uid == geteuid() &&
		  (info.st_mode & 077) == 0 &&
		  df_read_file(path, TOKEN_MAX, &text, NULL, &ignored) == DF_OK &&
		  token_parse(text, now, &f->token, &end);
	if (ok && (end < now + TOKEN_MARGIN || end > now + 86400)) {
		free(f->token);
		f->token = NULL;
		ok = false;
	}
	f->cached = ok;
	free(text);
	free(path);
	return ok;
}

/* That it cannot be kept does not matter. */
static void token_store(const struct fetcher *f, int64_t end)
{
	struct df_err ignored = {0};
	struct df_buf text = {.max = TOKEN_MAX};
	char *path = token_path(f->source);
	if (path == NULL)
		return;
	char *temporary = df_format("%s.%ld", path, (long)getpid());
	df_buf_adds(&text, "{\"access_token\":");
	df_json_string(&text, f->token, strlen(f->token));
	df_buf_addf(&text, ",\"expires_at\":%lld}\n", (long long)end);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && df_write_all(fd, text.data, text.len, &ignored) == DF_OK;
	if (fd >= 0)
		close(fd);
	if (!ok || rename(temporary, path) != 0)
		unlink(temporary);
	explicit_bzero(text.data, text.len);
	df_buf_free(&text);
	free(temporary);
	free(path);
}

static enum df_status token_ask(struct fetcher *f, struct df_err *err)
{
	const struct plan_source *s = f->source;
	struct df_buf body = {.max = TOKEN_MAX};
	struct answer a = {0};
	int64_t end = 0;
	char *url = df_format("%s/oauth/token", s->sso);
	df_buf_adds(&body, "{\"client_id\":");
	df_json_string(&body, s->client_id, strlen(s->client_id));
	df_buf_adds(&body, ",\"client_secret\":");
	df_json_string(&body, s->client_secret, strlen(s->client_secret));
	df_buf_adds(&body, ",\"audience\":\"" AUDIENCE "\",\"grant_type\":\"client_credentials\"}");
	enum df_status st =
	    ask_patiently(f, url, df_buf_cstr(&body), "Content-Type: application/json", &a, err);
	if (st == DF_OK && a.status != 200)
		st = refuse(&a, url, err);
	else if (st == DF_OK &&
		 !token_parse(df_buf_cstr(&a.body), df_now_ms() / 1000, &f->token, &end))
		st = df_fail(DF_DENIED, err, NULL,
			     "%s answered without a token: look at the address", url);
	if (st == DF_OK)
		token_store(f, end);
	f->cached = false;
	explicit_bzero(body.data, body.len);
	df_buf_free(&body);
	df_buf_free(&a.body);
	free(url);
	return st;
}

/* ---- the plan ---- */

/* Ids are parts of the path: what is not a letter, a digit or a dash has no place in it. */
static char *plan_url(CURL *c, const struct plan_source *s)
{
	char *workspace = curl_easy_escape(c, s->workspace, 0);
	char *plan = curl_easy_escape(c, s->plan, 0);
	char *url = df_format("%s/platform/v2/workspaces/%s/plans/%s", s->api, workspace, plan);
	if (s->version != 0) {
		char *version = df_format("%s/versions/%u", url, s->version);
		free(url);
		url = version;
	}
	curl_free(workspace);
	curl_free(plan);
	return url;
}

static enum df_status plan_ask(struct fetcher *f, const char *url, struct answer *out,
			       struct df_err *err)
{
	for (;;) {
		enum df_status st = f->token != NULL || token_load(f) ? DF_OK : token_ask(f, err);
		if (st != DF_OK)
			return st;
		char *header = df_format("Authorization: Bearer %s", f->token);
		st = ask_patiently(f, url, NULL, header, out, err);
		explicit_bzero(header, strlen(header));
		free(header);
		if (st != DF_OK || out->status != 401 || !f->cached)
			return st;
		free(f->token); /* it was withdrawn before its time */
		f->token = NULL;
		f->cached = false;
		st = token_ask(f, err);
		if (st != DF_OK)
			return st;
	}
}

/* A page that says 200 is not a plan. */
static enum df_status check_plan(const struct plan_source *s, struct answer *a, const char *url,
				 struct df_err *err)
{
	struct plan *plan = NULL;
	const char *text = df_buf_cstr(&a->body);
	if (s->version == 0 && strstr(text, "\"data_plan_versions\"") != NULL)
		return DF_OK; /* a whole plan */
	if (plan_read(text, a->body.len, 0, &plan, err) != DF_OK) {
		df_err_context(err, "%s answered with something else than a plan", url);
		return DF_DENIED;
	}
	plan_free(plan);
	return DF_OK;
}

enum df_status plan_fetch(const struct plan_source *source, struct df_buf *out, struct df_err *err)
{
	struct fetcher f = {.source = source};
	struct answer a = {0};
	char *url = NULL;
	enum df_status st = check_url(source->sso, err);
	if (st == DF_OK)
		st = check_url(source->api, err);
	if (st != DF_OK)
		return st;
	f.curl = curl_easy_init();
	if (f.curl == NULL)
		return df_fail(DF_FATAL, err, NULL, "libcurl does not start");

	url = plan_url(f.curl, source);
	st = plan_ask(&f, url, &a, err);
	if (st == DF_OK && a.status != 200)
		st = refuse(&a, url, err);
	if (st == DF_OK)
		st = check_plan(source, &a, url, err);
	if (st == DF_OK)
		df_buf_add(out, a.body.data, a.body.len);
	df_buf_free(&a.body);
	if (f.token != NULL)
		explicit_bzero(f.token, strlen(f.token));
	free(f.token);
	free(url);
	curl_easy_cleanup(f.curl);
	return st;
}
