/* SPDX-License-Identifier: MIT */
/*
 * Data subject requests as a service: one request a POST. A request that was taken is never
 * rejected by asking again, so whatever is in doubt is asked again under the same id.
 *
 *	201			taken
 *	400 "Subject request already exists.", 409
 *				taken before: by an earlier run, or under another id
 *	400 in the API's form	that request is rejected, with the API's words
 *	401, 403		the feed stops
 *	429			wait
 *	all else		says nothing about the request: see send_verdict.c
 */
#include "send_opendsr.h"
#include "send_service.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define NOBODY     "00000000-0000-4000-8000-000000000000"
#define EXISTS     "Subject request already exists"
#define PER_MINUTE 1000
#define DUE_MAX    40u /* bytes of a time */
#define HOUR_MS    INT64_C(3600000)
#define WORDS_MAX  1000u /* bytes of the API's words */

/* Those of a workspace (mParticle, "Default service limits"); each day and each 8 hours are any
 * such span. */
static const struct send_limit limits[] = {
    {HOUR_MS / 60, PER_MINUTE, false, "1,000 calls in a minute"},
    {8 * HOUR_MS, 26666, true, "26,666 requests in 8 hours"},
    {24 * HOUR_MS, 80000, true, "80,000 requests in a day"},
};
_Static_assert(sizeof(limits) / sizeof(*limits) <= SEND_LIMITS_MAX, "limits");

static double opendsr_rate(const struct conf_feed *feed)
{
	(void)feed;
	return PER_MINUTE / 70.0; /* just below, so that nothing has to wait for a minute's end */
}

static void opendsr_authorize(CURL *easy, const struct conf_feed *feed)
{
	/* curl itself repeats a request on a kept connection that turns out to be closed: such a
	 * call would not be counted */
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, feed->send.api_key);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, feed->send.api_secret);
}

static void opendsr_body(struct send_request *r)
{
	const struct batch *b = r->item[r->from].batch;
	df_buf_reset(&r->body);
	df_buf_add(&r->body, b->json, b->json_len);
}

/* The answer's object, or NULL: it is cut short, or is not one. */
static struct json_object *opendsr_object(const struct send_answer *a)
{
	struct json_object *o = NULL;
	if (a->cut || a->len == 0 || a->len >= INT32_MAX)
		return NULL;
	struct json_tokener *tok = json_tokener_new();
	o = json_tokener_parse_ex(tok, a->body, (int)a->len);
	bool whole = json_tokener_get_error(tok) == json_tokener_success;
	json_tokener_free(tok);
	if (whole && json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

static const char *opendsr_text(struct json_object *o, const char *name)
{
	struct json_object *value = NULL;
	if (o == NULL || !json_object_object_get_ex(o, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

/* {"code":400,"message":...,"errors":[...]}, as the platform writes it, or that as the member
 * "error", as the OpenDSR specification has it: the words, or NULL where it is neither. */
static const char *opendsr_words(struct json_object *o)
{
	struct json_object *code = NULL, *errors = NULL, *error = NULL;
	if (o == NULL)
		return NULL;
	if (json_object_object_get_ex(o, "error", &error) &&
	    json_object_is_type(error, json_type_object))
		o = error;
	bool form =
	    (json_object_object_get_ex(o, "code", &code) && json_object_get_int(code) == 400) ||
	    (json_object_object_get_ex(o, "errors", &errors) &&
	     json_object_is_type(errors, json_type_array));
	return form ? opendsr_text(o, "message") : NULL;
}

/* What a 201 has. Where it says another id than was asked for, a poll finds out. */
static bool opendsr_is_receipt(struct json_object *o)
{
	static const char *const members[] = {"subject_request_id", "expected_completion_time",
					      "received_time", "encoded_request"};
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (opendsr_text(o, members[i]) != NULL)
			return true;
	return false;
}

/* A conflict is said without a body, or in JSON; a gateway would have a page. */
static bool opendsr_is_conflict(const struct send_answer *a)
{
	size_t from = 0;
	while (from < a->len && isspace((unsigned char)a->body[from]))
		from++;
	bool null = a->len - from >= 4 && memcmp(a->body + from, "null", 4) == 0;
	return a->status == 409 && (from == a->len || null || a->body[from] == '{');
}

static void opendsr_rejected(struct send_verdict *v, const char *words)
{
	size_t len = df_utf8_valid(words, strlen(words));
	v->action = SEND_SPLIT;
	v->words = df_strndup(words, len < WORDS_MAX ? len : df_utf8_valid(words, WORDS_MAX));
}

static void opendsr_read(struct send_verdict *v, const struct send_request *r,
			 const struct send_answer *a)
{
	struct json_object *o = opendsr_object(a);
	const char *words = a->status == 400 ? opendsr_words(o) : NULL;
	if (a->status == 201 && opendsr_is_receipt(o)) {
		*v = (struct send_verdict){.action = SEND_ACCEPT};
		const char *due = opendsr_text(o, "expected_completion_time");
		v->due =
		    due != NULL ? df_strndup(due, df_utf8_valid(due, strnlen(due, DUE_MAX))) : NULL;
	} else if (opendsr_is_conflict(a) || (words != NULL && strstr(words, EXISTS) != NULL)) {
		*v = (struct send_verdict){.action = SEND_ACCEPT, .before = true};
	} else if (words != NULL) {
		*v = (struct send_verdict){0};
		opendsr_rejected(v, words);
	} else {
		send_verdict_other(v, r, a);
		if (a->status == 403) /* whether the key had a success or not */
			v->action = SEND_DENY;
	}
	json_object_put(o);
}

bool opendsr_read_state(const struct send_answer *a, const char *id, struct send_found *out)
{
	static const char *const states[] = {"pending", "in_progress", "completed", "cancelled"};
	struct json_object *o = opendsr_object(a);
	const char *about = opendsr_text(o, "subject_request_id"),
		   *state = opendsr_text(o, "request_status"),
		   *due = opendsr_text(o, "expected_completion_time");
	bool good = false;
	if (state == NULL)
		state = opendsr_text(o, "status");
	for (size_t i = 0; state != NULL && i < sizeof(states) / sizeof(*states); i++)
		good = good || strcasecmp(state, states[i]) == 0;
	good = good && (about == NULL || strcasecmp(about, id) == 0);
	if (good) {
		snprintf(out->state, sizeof(out->state), "%s", state);
		snprintf(out->due, sizeof(out->due), "%s", due != NULL ? due : "");
		for (char *p = out->state; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
	}
	json_object_put(o);
	return good;
}

char *opendsr_read_words(const struct send_answer *a)
{
	struct json_object *o = opendsr_object(a);
	const char *words = opendsr_words(o);
	size_t len = words != NULL ? df_utf8_valid(words, strlen(words)) : 0;
	char *out = words != NULL ? df_strndup(words, len < WORDS_MAX ? len : WORDS_MAX) : NULL;
	json_object_put(o);
	return out;
}

/* Asked for a request that nobody made: 404 where the credentials are good. */
static void opendsr_access(struct send_verdict *v, const struct send_answer *a)
{
	bool good = a->status == 404 || a->status == 200;
	*v = (struct send_verdict){.action = good                                   ? SEND_ACCEPT
					     : a->status == 401 || a->status == 403 ? SEND_DENY
					     : a->status == 429                     ? SEND_THROTTLE
										    : SEND_AGAIN};
}

const struct http_service http_service_requests = {
    .name = "OpenDSR API",
    .path = "/v3/requests",
    .reject_code = "request-failed",
    .credentials = "check api_key and its secret: they are the workspace's, not a feed's",
    .rate = opendsr_rate,
    .access_path = "/v3/requests/" NOBODY,
    .access_read = opendsr_access,
    .says_more = true,
    .limits = limits,
    .n_limits = sizeof(limits) / sizeof(*limits),
    .authorize = opendsr_authorize,
    .body = opendsr_body,
    .read = opendsr_read,
};
