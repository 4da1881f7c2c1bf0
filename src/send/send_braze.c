/* SPDX-License-Identifier: MIT */
/*
 * Braze's POST /users/track as a service. It takes up to 75 objects a request, and judges them one
 * by one: "errors" names an array and the place in it. Events and purchases that come twice count
 * twice.
 */
#include "send_http.h"
#include "send_objects.h"
#include "send_service.h"
#include "send_verdict.h"

#include "dropfeed/braze.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define REQUESTS_PER_SECOND 1000.0 /* 3,000 in 3 seconds */
#define WORDS_MAX           500
#define NOTHING_VALID       "Valid data must be provided" /* in a 400 */
#define MILLISECONDS_FROM   INT64_C(100000000000)         /* as seconds that is the year 5138 */

static double braze_rate(const struct conf_feed *feed)
{
	(void)feed;
	return REQUESTS_PER_SECOND;
}

static void braze_authorize(CURL *easy, const struct conf_feed *feed)
{
	(void)easy;
	(void)feed;
}

static struct curl_slist *braze_headers(struct curl_slist *list, const struct conf_feed *feed)
{
	char *line = df_format("Authorization: Bearer %s", feed->send.api_secret);
	list = curl_slist_append(list, line);
	explicit_bzero(line, strlen(line));
	free(line);
	return list;
}

/* ---- the request ---- */

/* The objects on the wire that go to this array. */
static size_t add_array(struct send_request *r, uint32_t array)
{
	size_t n = 0;
	for (size_t i = r->from; i < r->to; i++) {
		const struct batch *b = r->item[i].batch;
		for (size_t k = 0; k < b->n_objects; k++) {
			if (b->objects[k].array != array ||
			    r->item[i].objects[k].state != SEND_OBJECT_WIRE)
				continue;
			if (n++ == 0)
				df_buf_addf(&r->body, "%s\"%s\":[", r->body.len > 1 ? "," : "",
					    braze_array_names[array]);
			else
				df_buf_addc(&r->body, ',');
			df_buf_add(&r->body, b->json + b->objects[k].from, b->objects[k].len);
		}
	}
	if (n > 0)
		df_buf_addc(&r->body, ']');
	return n;
}

static void braze_body(struct send_request *r)
{
	df_buf_reset(&r->body);
	df_buf_addc(&r->body, '{');
	for (uint32_t array = 0; array < BRAZE_ARRAYS; array++)
		add_array(r, array);
	df_buf_addc(&r->body, '}');
}

/* ---- the answer's headers ---- */

static bool header_number(const char *line, size_t len, const char *name, int64_t *out)
{
	char text[32] = "";
	size_t n = strlen(name);
	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	snprintf(text, sizeof(text), "%.*s", len - n - 1 < 31 ? (int)(len - n - 1) : 31,
		 line + n + 1);
	char *end = NULL;
	long long value = strtoll(text, &end, 10);
	if (end != text && value >= 0)
		*out = value;
	return true;
}

static void braze_header(struct http_lane *lane, const char *line, size_t len)
{
	if (header_number(line, len, "X-RateLimit-Remaining", &lane->left) ||
	    !header_number(line, len, "X-RateLimit-Reset", &lane->reset_s))
		return;
	if (lane->reset_s >= MILLISECONDS_FROM)
		lane->reset_s /= 1000;
}

/* ---- the answer ---- */

/* Finds the object that is at this place of the array, in the request on the wire. */
static bool locate(const struct send_request *r, const char *array, uint64_t index,
		   struct send_fault *f)
{
	uint32_t which = 0;
	while (which < BRAZE_ARRAYS && strcmp(array, braze_array_names[which]) != 0)
		which++;
	for (f->item = r->from; f->item < r->to; f->item++) {
		const struct send_item *item = &r->item[f->item];
		for (f->object = 0; f->object < item->batch->n_objects; f->object++)
			if (item->batch->objects[f->object].array == which &&
			    item->objects[f->object].state == SEND_OBJECT_WIRE && index-- == 0)
				return true;
	}
	return false;
}

static const char *text_of(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;
	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, name, &v) ||
	    !json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

static bool is_there(const struct send_verdict *v, const struct send_fault *f)
{
	for (size_t i = 0; i < v->n_faults; i++)
		if (v->faults[i].item == f->item && v->faults[i].object == f->object)
			return true;
	return false;
}

/* False: the error does not say which object it is about. */
static bool error_read(struct send_verdict *v, const struct send_request *r, struct json_object *e)
{
	struct send_fault f = {0};
	struct json_object *index = NULL;
	const char *array = text_of(e, "input_array"), *words = text_of(e, "type");
	if (array == NULL || !json_object_object_get_ex(e, "index", &index) ||
	    !json_object_is_type(index, json_type_int) || json_object_get_int64(index) < 0 ||
	    !locate(r, array, (uint64_t)json_object_get_int64(index), &f))
		return false;
	if (is_there(v, &f))
		return true;
	size_t len = words != NULL ? df_utf8_valid(words, strnlen(words, WORDS_MAX)) : 0;
	f.words = len > 0 ? df_format("%.*s (%s)", (int)len, words, array)
			  : df_format("refused without a reason (%s)", array);
	v->faults = df_realloc(v->faults, (v->n_faults + 1) * sizeof(*v->faults));
	v->faults[v->n_faults++] = f;
	return true;
}

/* A list, one such object, or a text. */
static size_t errors_count(struct json_object *errors)
{
	if (json_object_is_type(errors, json_type_array))
		return json_object_array_length(errors);
	return errors != NULL;
}

static struct json_object *errors_at(struct json_object *errors, size_t i)
{
	bool list = json_object_is_type(errors, json_type_array);
	return list ? json_object_array_get_idx(errors, i) : errors;
}

/* Returns how many errors locate nothing. */
static size_t errors_read(struct send_verdict *v, const struct send_request *r,
			  struct json_object *o)
{
	struct json_object *errors = NULL;
	size_t lost = 0;
	json_object_object_get_ex(o, "errors", &errors);
	for (size_t i = 0; i < errors_count(errors); i++)
		lost += !error_read(v, r, errors_at(errors, i));
	return lost;
}

/* What was accepted may not be sent again to find the objects that they are about. */
static void errors_lost(size_t lost)
{
	if (lost > 0)
		df_log(DF_LOG_WARN,
		       "Braze: %s of an answer name no object that was sent: all rows of the "
		       "request count as delivered; look for them in Braze's message activity log",
		       df_count(lost, "error").text);
}

/* The answer, when it is in Braze's form: an object with a message. NULL: it is somebody else's. */
static struct json_object *answer_object(const struct send_answer *a)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o =
	    a->cut || a->len >= INT32_MAX ? NULL : json_tokener_parse_ex(tok, a->body, (int)a->len);
	bool whole = json_tokener_get_error(tok) == json_tokener_success;
	json_tokener_free(tok);
	if (whole && text_of(o, "message") != NULL)
		return o;
	json_object_put(o);
	return NULL;
}

static bool error_is_own(struct json_object *e)
{
	return text_of(e, "type") != NULL || text_of(e, "input_array") != NULL;
}

/* Gateways have messages as well: the errors, or the words, are Braze's. */
static bool is_refusal(struct json_object *o)
{
	struct json_object *errors = NULL;
	json_object_object_get_ex(o, "errors", &errors);
	size_t n = errors_count(errors), own = 0;
	for (size_t i = 0; i < n; i++)
		own += error_is_own(errors_at(errors, i));
	return (n > 0 && own == n) || strstr(text_of(o, "message"), NOTHING_VALID) != NULL;
}

static bool is_receipt(struct json_object *o)
{
	static const char *const counts[] = {"attributes_processed", "events_processed",
					     "purchases_processed"};
	const char *message = text_of(o, "message");
	if (strcasecmp(message, "success") == 0 || strcasecmp(message, "queued") == 0)
		return true;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (json_object_object_get_ex(o, counts[i], NULL))
			return true;
	return is_refusal(o);
}

/* Of an answer in Braze's form. 400: all of it was refused, so that what is not located may go
 * again. */
static enum send_action own_action(struct send_verdict *v, const struct send_request *r,
				   const struct send_answer *a, struct json_object *o)
{
	switch (a->status) {
	case 200:
	case 201:
	case 202: /* queued, while Braze is being maintained */
		if (!is_receipt(o))
			return SEND_STRAY;
		errors_lost(errors_read(v, r, o));
		return SEND_ACCEPT;
	case 400:
		if (!is_refusal(o))
			return SEND_AGAIN;
		errors_read(v, r, o);
		return SEND_SPLIT;
	case 401:
	case 403:
		return SEND_DENY;
	case 408:
	case 429:
		return a->status == 429 ? SEND_THROTTLE : SEND_AGAIN;
	case 413:
		return SEND_HALVE;
	default:
		return a->status >= 500 ? SEND_AGAIN : SEND_STRAY;
	}
}

/* Of somebody else's: of a 503 it is certain that nothing went further. */
static enum send_action foreign_action(struct send_verdict *v, const struct send_answer *a)
{
	v->lost = a->status >= 500 && a->status != 503;
	switch (a->status) {
	case 401:
	case 403:
		return a->proven && a->status == 403 ? SEND_AGAIN : SEND_DENY;
	case 413:
		return SEND_HALVE;
	case 429:
		return SEND_THROTTLE;
	case 400:
	case 402:
	case 408:
	case 411:
	case 414:
	case 415:
	case 425:
	case 431:
		return SEND_AGAIN;
	default:
		return a->status >= 500 ? SEND_AGAIN : SEND_STRAY;
	}
}

static void braze_read(struct send_verdict *v, const struct send_request *r,
		       const struct send_answer *a)
{
	*v = (struct send_verdict){0};
	struct json_object *o = answer_object(a);
	v->action = o != NULL ? own_action(v, r, a, o) : foreign_action(v, a);
	if (v->action == SEND_SPLIT)
		v->words = df_strdup(text_of(o, "message"));
	else if (v->action != SEND_ACCEPT)
		v->words = send_verdict_quote(r, a);
	json_object_put(o);
}

/* A request that holds nothing: Braze says so where the key is good. */
static void braze_access_read(struct send_verdict *v, const struct send_answer *a)
{
	static const struct send_request nothing;
	braze_read(v, &nothing, a);
	if (v->action != SEND_SPLIT)
		return;
	send_verdict_free(v);
	*v = (struct send_verdict){.action = SEND_ACCEPT};
}

const struct http_service http_service_braze = {
    .name = "Braze",
    .path = "/users/track",
    .reject_code = "api-rejected",
    .credentials = "check api_key_file (the key needs the permission users.track), and that "
		   "instance is the key's own",
    .rate = braze_rate,
    .paces_requests = true,
    .once = true,
    .authorize = braze_authorize,
    .headers = braze_headers,
    .body = braze_body,
    .header = braze_header,
    .read = braze_read,
    .access_path = "/users/track",
    .access_body = "{}",
    .access_read = braze_access_read,
};
