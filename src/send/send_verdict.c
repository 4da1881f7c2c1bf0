/* SPDX-License-Identifier: MIT */
#include "send_verdict.h"

#include "send_quote.h"
#include "send_request.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 1000u /* of the API's words, per batch */

/* Number of UTF-16 code units of UTF-8 text. */
static size_t utf16_units(const char *s, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		n += (c & 0xc0) != 0x80; /* not a continuation byte */
		n += c >= 0xf0;          /* beyond U+FFFF: a surrogate pair */
	}
	return n;
}

/* ---- where an error points ---- */

/* The batch that the Nth UTF-16 unit of the body, from 1, belongs to; a comma belongs to the
 * batch before it. */
static bool locate_unit(const struct send_request *r, unsigned long unit, size_t *which)
{
	size_t end = 1; /* "[" */
	for (size_t i = r->from; i < r->to; i++) {
		end += utf16_units(r->item[i].batch->json, r->item[i].batch->json_len) + 1;
		if (unit >= 1 && unit <= end) {
			*which = i - r->from;
			return true;
		}
	}
	return false;
}

/* The last place counts: what comes before it may quote the file. */
static const char *last_in(const char *s, const char *what)
{
	const char *last = NULL;
	for (const char *p = strstr(s, what); p != NULL; p = strstr(p + 1, what))
		last = p;
	return last;
}

static bool verdict_locate(const struct send_request *r, const char *message, size_t *which)
{
	unsigned long n = 0, line = 1, at = 0;
	char quote = 0;
	const char *path = last_in(message, "Path '[");
	if (path != NULL && sscanf(path, "Path '[%9lu%c", &n, &quote) == 2 && quote == ']' &&
	    n < r->to - r->from) {
		*which = n;
		return true;
	}
	const char *place = last_in(message, "position ");
	if (place == NULL || sscanf(place, "position %9lu", &n) != 1)
		return false;
	while (place > message && strncmp(place, "line ", 5) != 0)
		place--;
	if (sscanf(place, "line %9lu, position %9lu", &line, &at) != 2 || at != n)
		line = 1;
	return line == 1 && locate_unit(r, n, which); /* the body has one line */
}

/* ---- the answer's body ---- */

static void words_add(struct df_buf *words, const char *s)
{
	size_t len = df_utf8_valid(s, strlen(s));
	if (len > WORDS_MAX)
		len = df_utf8_valid(s, WORDS_MAX);
	if (len == 0 || words->len + len > WORDS_MAX)
		return;
	if (words->len > 0)
		df_buf_adds(words, "; ");
	df_buf_add(words, s, len);
}

/* Reads one error into located and words. False when it locates nothing. */
static bool verdict_error_read(struct send_verdict *v, const struct send_request *r,
			       const char *text, struct df_buf *words)
{
	size_t which = 0;
	char *message = df_strdup(text);
	send_html_decode(message);
	words_add(words, message);
	bool located = verdict_locate(r, message, &which);
	if (located && !v->located[which]) {
		v->located[which] = true;
		v->n_located++;
	}
	free(message);
	return located;
}

/* The message of {"code","message"}, or NULL. */
static const char *error_message(struct json_object *error)
{
	struct json_object *message = NULL;
	if (!json_object_is_type(error, json_type_object) ||
	    !json_object_object_get_ex(error, "message", &message) ||
	    !json_object_is_type(message, json_type_string))
		return NULL;
	return json_object_get_string(message);
}

enum form {
	FORM_FOREIGN, /* not the Events API's */
	FORM_EMPTY,   /* no complaint */
	FORM_ERRORS,
};

static bool locates(const struct send_request *r, const char *text)
{
	size_t which = 0;
	char *message = df_strdup(text);
	send_html_decode(message);
	bool located = verdict_locate(r, message, &which);
	free(message);
	return located;
}

/* Others list errors with messages as well, GraphQL does, gateways with numbers as codes, or as
 * texts: an error that lacks a textual code counts where it points to a batch. */
static bool error_is_api(const struct send_request *r, struct json_object *error)
{
	struct json_object *code = NULL;
	if (json_object_is_type(error, json_type_string))
		return locates(r, json_object_get_string(error));
	const char *message = error_message(error);
	if (message == NULL)
		return false;
	json_object_object_get_ex(error, "code", &code);
	return json_object_is_type(code, json_type_string) || locates(r, message);
}

static enum form errors_form(const struct send_request *r, struct json_object *errors)
{
	if (errors == NULL)
		return FORM_EMPTY;
	if (json_object_is_type(errors, json_type_string))
		return json_object_get_string_len(errors) > 0 ? FORM_ERRORS : FORM_EMPTY;
	if (!json_object_is_type(errors, json_type_array))
		return error_is_api(r, errors) ? FORM_ERRORS : FORM_FOREIGN;
	size_t n = json_object_array_length(errors);
	for (size_t i = 0; i < n; i++)
		if (!error_is_api(r, json_object_array_get_idx(errors, i)))
			return FORM_FOREIGN;
	return n > 0 ? FORM_ERRORS : FORM_EMPTY;
}

static bool is_blank(const char *body, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isspace((unsigned char)body[i]))
			return false;
	return true;
}

/* What is in the body; *out is the caller's. JSON has to end where the body does: half an answer
 * does not count. */
static enum form answer_form(const struct send_request *r, const struct send_answer *a,
			     struct json_object **out)
{
	struct json_object *errors = NULL;
	if (a->cut)
		return FORM_FOREIGN;
	if (is_blank(a->body, a->len))
		return FORM_EMPTY;
	if (a->len >= INT32_MAX)
		return FORM_FOREIGN;

	struct json_tokener *tok = json_tokener_new();
	*out = json_tokener_parse_ex(tok, a->body, (int)a->len);
	bool whole = json_tokener_get_error(tok) == json_tokener_success;
	size_t end = json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	if (!whole || !json_object_is_type(*out, json_type_object) ||
	    !is_blank(a->body + end, a->len - end))
		return FORM_FOREIGN;
	if (json_object_object_get_ex(*out, "errors", &errors))
		return errors_form(r, errors);
	return json_object_object_length(*out) == 0 ? FORM_EMPTY : FORM_FOREIGN;
}

/* Returns how many of the errors locate nothing. */
static size_t verdict_errors_read(struct send_verdict *v, const struct send_request *r,
				  struct json_object *o)
{
	struct json_object *errors = NULL;
	struct df_buf words = {.max = 4 * WORDS_MAX};
	size_t lost = 0;
	json_object_object_get_ex(o, "errors", &errors);
	bool list = json_object_is_type(errors, json_type_array);
	size_t n = list ? json_object_array_length(errors) : 1;
	for (size_t i = 0; i < n; i++) {
		struct json_object *error = list ? json_object_array_get_idx(errors, i) : errors;
		bool plain = json_object_is_type(error, json_type_string);
		const char *text = plain ? json_object_get_string(error) : error_message(error);
		lost += !verdict_error_read(v, r, text, &words);
	}
	v->words = df_strdup(words.len > 0 ? df_buf_cstr(&words) : "rejected without a message");
	df_buf_free(&words);
	return lost;
}

/* ---- all of it ---- */

char *send_verdict_quote(const struct send_request *r, const struct send_answer *a)
{
	struct df_buf page = {0};
	char *words = NULL, *text = NULL;
	if (a->len > 0)
		send_quote(&page, a->body, a->len);
	if (page.len > 0)
		words = send_hide(df_buf_cstr(&page), r->body.data, r->body.len);
	text = words != NULL ? df_format("HTTP %ld: \"%s\"", a->status, words)
			     : df_format("HTTP %ld%s", a->status,
					 a->unreadable ? ", packed so that it cannot be read" : "");
	free(words);
	df_buf_free(&page);
	return text;
}

/* Only the API itself judges batches: an answer that is not in its form says nothing about them. */
static enum send_action verdict_form(struct send_verdict *v, const struct send_request *r,
				     const struct send_answer *a)
{
	struct json_object *o = NULL;
	enum form form = answer_form(r, a, &o);
	enum send_action action = SEND_AGAIN;
	if (form == FORM_EMPTY && a->status == 202 && !a->unreadable) {
		action = SEND_ACCEPT;
	} else if (form == FORM_ERRORS) {
		size_t lost = verdict_errors_read(v, r, o);
		v->rest_stands = a->status == 202 && lost == 0;
		action = SEND_SPLIT;
	} else if (a->cut && r->to - r->from > 1) {
		action = SEND_HALVE; /* fewer batches, a shorter answer */
	}
	json_object_put(o);
	return action;
}

static enum send_action verdict_status(const struct send_answer *a)
{
	switch (a->status) {
	case 401:
		return SEND_DENY;
	/* of credentials that were good lately it is somebody's objection to what the request
	 * holds */
	case 403:
		return a->proven ? SEND_AGAIN : SEND_DENY;
	case 413:
		return SEND_HALVE;
	case 429:
		return SEND_THROTTLE;
	case 402:
	case 408:
	case 411:
	case 414:
	case 415:
	case 425:
	case 431:
		return SEND_AGAIN;
	default:
		return a->status >= 500 && a->status <= 599 ? SEND_AGAIN : SEND_STRAY;
	}
}

void send_verdict_read(struct send_verdict *v, const struct send_request *r,
		       const struct send_answer *a)
{
	*v = (struct send_verdict){0};
	bool judges = a->status == 202 || a->status == 400;
	v->action = judges ? verdict_form(v, r, a) : verdict_status(a);
	if (v->words == NULL && v->action != SEND_ACCEPT)
		v->words = send_verdict_quote(r, a);
}

void send_verdict_other(struct send_verdict *v, const struct send_request *r,
			const struct send_answer *a)
{
	*v = (struct send_verdict){0};
	bool judged = a->status == 400 || a->status == 409;
	v->action = judged ? SEND_AGAIN : verdict_status(a);
	v->words = send_verdict_quote(r, a);
}

void send_verdict_free(struct send_verdict *v)
{
	for (size_t i = 0; i < v->n_faults; i++)
		free(v->faults[i].words);
	free(v->faults);
	free(v->words);
	free(v->due);
	v->words = v->due = NULL;
}
