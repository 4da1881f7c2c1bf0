/* SPDX-License-Identifier: MIT */
/*
 * A token by OAuth client credentials (RFC 6749 §4.4). It is kept for its life in a file of mode
 * 0600, where a folder is given, so that a job that fetches daily, or for many plans, asks for it
 * once.
 */
#include "plan_fetch.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_MAX    (64u << 10)
#define TOKEN_MARGIN 60 /* seconds before its end in which a token is not used any more */
#define AUDIENCE     "https://api.mparticle.com"

void plan_token_forget(struct plan_fetcher *f)
{
	if (f->token != NULL)
		explicit_bzero(f->token, strlen(f->token));
	free(f->token);
	f->token = NULL;
}

/* ---- kept ---- */

/* The file's name holds no secret: a hash of whose token it is. */
static char *token_path(const struct plan_source *s)
{
	char hex[DF_SHA256_HEX];
	if (s->cache == NULL)
		return NULL;
	struct df_sha256 *h = df_sha256_new();
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

static bool token_load(struct plan_fetcher *f)
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
		plan_token_forget(f);
		ok = false;
	}
	f->cached = ok;
	free(text);
	free(path);
	return ok;
}

/* That it cannot be kept does not matter. */
static void token_store(const struct plan_fetcher *f, int64_t end)
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

/* ---- new ---- */

static void credentials_put(const struct plan_source *s, struct df_buf *out)
{
	df_buf_adds(out, "{\"client_id\":");
	df_json_string(out, s->client_id, strlen(s->client_id));
	df_buf_adds(out, ",\"client_secret\":");
	df_json_string(out, s->client_secret, strlen(s->client_secret));
	df_buf_adds(out, ",\"audience\":\"" AUDIENCE "\",\"grant_type\":\"client_credentials\"}");
}

static enum df_status token_take(struct plan_fetcher *f, struct http_answer *a, const char *url,
				 struct df_err *err)
{
	int64_t end = 0;
	if (a->status != 200)
		return plan_ask_refused(a, url, err);
	if (!token_parse(df_buf_cstr(&a->body), df_now_ms() / 1000, &f->token, &end))
		return df_fail(DF_DENIED, err, NULL,
			       "%s answered without a token: look at the address", url);
	token_store(f, end);
	return DF_OK;
}

enum df_status plan_token_renew(struct plan_fetcher *f, struct df_err *err)
{
	struct df_buf body = {.max = TOKEN_MAX};
	struct http_answer a = {0};
	char *url = df_format("%s/oauth/token", f->source->sso);

	plan_token_forget(f);
	f->cached = false;
	credentials_put(f->source, &body);
	enum df_status st = plan_ask(f,
				     &(struct http_request){
					 .url = url,
					 .body = body.data,
					 .len = body.len,
					 .headers = {"Content-Type: application/json"},
				     },
				     &a, err);
	if (st != DF_OK)
		goto cleanup;
	st = token_take(f, &a, url, err);
cleanup:
	explicit_bzero(body.data, body.len);
	df_buf_free(&body);
	if (a.body.len > 0)
		explicit_bzero(a.body.data, a.body.len);
	df_buf_free(&a.body);
	free(url);
	return st;
}

enum df_status plan_token_get(struct plan_fetcher *f, struct df_err *err)
{
	return f->token != NULL || token_load(f) ? DF_OK : plan_token_renew(f, err);
}
