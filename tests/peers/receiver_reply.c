/* SPDX-License-Identifier: MIT */
/* receiver_reply.c - see receiver_reply.h */
#include "receiver_reply.h"

#include <stdio.h>
#include <stdlib.h>

void reply_errors(struct reply *a, const struct request *r, enum place place)
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

void reply_usual(struct reply *a, struct request *r)
{
	a->status = r->n_bad == r->n ? 400 : 202;
	a->accept = true;
	if (r->n_bad > 0)
		reply_errors(a, r, BY_PATH);
}

static bool rate_exceeded(struct reply *a, struct request *r, struct judge *j)
{
	size_t i = 0, k = 0;
	const char *clock = lines_value(&j->rules, "rate", &i);
	const char *sliding = lines_value(&j->rules, "rate-sliding", &k);
	const char *value = sliding != NULL ? sliding : clock;
	struct rate_limit limit = {.batches = value != NULL ? strtoul(value, NULL, 10) : 0,
				   .sliding = sliding != NULL};
	if (limit.batches == 0)
		return false;

	r->rated = rate_take(&j->rate, &limit, r->n, &r->used);
	if (!r->rated)
		reply_by_script(a, r, "429 retry-after=1 exceeded=feed");
	return !r->rated;
}

/* As a firewall would: it looks at the whole request. */
static bool answer_by_name(struct reply *a, const struct request *r, const struct lines *rules)
{
	size_t i = 0;
	for (const char *value; (value = lines_value(rules, "answer-name", &i)) != NULL;) {
		char *name = NULL;
		unsigned long status = strtoul(value, &name, 10), after = 0;
		if (*name == '/')
			after = strtoul(name + 1, &name, 10);
		if (*name != ' ' || !request_has_name(r, name + 1))
			continue;

		a->status = (unsigned)status;
		a->html = true;
		if (after > 0)
			snprintf(a->retry_after, sizeof(a->retry_after), "%lu", after);
		text_addf(&a->body,
			  "<html><title>Request blocked</title><body>Ray ID 1</body></html>");
		return true;
	}
	return false;
}

static bool any_name(const struct request *r, const struct lines *rules, const char *rule)
{
	size_t i = 0;
	for (const char *name; (name = lines_value(rules, rule, &i)) != NULL;)
		if (request_has_name(r, name))
			return true;
	return false;
}

/* Rules that look at a whole request. True when one of them answered. */
static bool reply_by_rule(struct reply *a, struct request *r, struct judge *j)
{
	if (any_name(r, &j->rules, "hang-name")) {
		a->hangs = true;
		a->status = 0;
		return true;
	}

	size_t i = 0;
	const char *most = lines_value(&j->rules, "max-batches", &i);
	if (most != NULL && r->n > strtoul(most, NULL, 10)) {
		a->status = 413;
		return true;
	}

	if (any_name(r, &j->rules, "reject-nolocate")) {
		a->status = 400;
		reply_errors(a, r, NOWHERE);
		return true;
	}
	return answer_by_name(a, r, &j->rules) || rate_exceeded(a, r, j);
}

static void reply_bad_request(struct reply *a, const char *message)
{
	a->status = 400;
	text_addf(&a->body, "{\"errors\":[{\"code\":\"BAD_REQUEST\",\"message\":\"%s\"}]}",
		  message);
}

void reply_decide(struct reply *a, struct request *r, struct judge *j)
{
	a->status = 202;
	if (r->body.len > MAX_BYTES) {
		a->status = 413;
		return;
	}

	lines_read(&j->script);
	lines_read(&j->rules); /* before the batches are checked, to which the rules apply */
	if (!request_read(r, &j->rules))
		reply_bad_request(a, "Invalid JSON array");
	else if (r->n > MAX_BATCHES || r->events > MAX_EVENTS)
		reply_bad_request(a, "Too many");
	else if (j->script.next < j->script.n)
		reply_by_script(a, r, j->script.line[j->script.next++]);
	else if (!reply_by_rule(a, r, j))
		reply_usual(a, r);
}
