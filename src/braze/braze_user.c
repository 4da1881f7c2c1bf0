/* SPDX-License-Identifier: MIT */
/* A user's identities, attributes, consent and subscriptions: one object of `attributes`. */
#include "braze_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

/* Attributes that Braze has a field of its own for. */
static const struct {
	struct json_text from;
	const char *to;
} standard[] = {
    {BRAZE_WORD("$FirstName"), "first_name"}, {BRAZE_WORD("$LastName"), "last_name"},
    {BRAZE_WORD("$Country"), "country"},      {BRAZE_WORD("$City"), "home_city"},
    {BRAZE_WORD("$Gender"), "gender"},        {BRAZE_WORD("$Mobile"), "phone"},
};

/* Names that mean something else than an attribute there. */
static const struct json_text reserved[] = {
    BRAZE_WORD("external_id"),           BRAZE_WORD("user_alias"),        BRAZE_WORD("braze_id"),
    BRAZE_WORD("_update_existing_only"), BRAZE_WORD("push_token_import"), BRAZE_WORD("app_id"),
    BRAZE_WORD("subscription_groups")};

static const char *standard_name(struct json_text name)
{
	for (size_t i = 0; i < sizeof(standard) / sizeof(*standard); i++)
		if (braze_is(name, standard[i].from))
			return standard[i].to;
	return NULL;
}

static bool is_reserved(struct json_text name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (braze_is(name, reserved[i]))
			return true;
	return false;
}

/* Whether JSON writes these bytes as that name. */
static bool spells(struct json_text name, const char *p, size_t len)
{
	struct df_buf written = {0};
	if (memchr(name.p, '\\', name.len) == NULL)
		return name.len == len && memcmp(name.p, p, len) == 0;
	df_json_escape(&written, p, len);
	bool same = braze_is(name, (struct json_text){written.data, written.len});
	df_buf_free(&written);
	return same;
}

/* What a setting of NAME:VALUE words has for that name; NULL: nothing. */
static const char *pair_find(const struct conf_list *pairs, struct json_text name)
{
	for (size_t i = 0; i < pairs->n; i++) {
		const char *colon = strrchr(pairs->v[i], ':');
		if (colon != NULL && spells(name, pairs->v[i], (size_t)(colon - pairs->v[i])))
			return colon + 1;
	}
	return NULL;
}

static bool same_word(struct json_text t, const char *word)
{
	size_t len = strlen(word);
	return t.len == len && strncasecmp(t.p, word, len) == 0;
}

/* ---- fields with a form of their own ---- */

/* Braze's words for a gender are single letters. */
static void put_gender(struct braze_writer *w, struct json_text value)
{
	static const struct {
		const char *word, *letter;
	} known[] = {{"male", "M"}, {"female", "F"}, {"other", "O"}, {"m", "M"},
		     {"f", "F"},    {"o", "O"},      {"n", "N"},     {"p", "P"}};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (same_word(json_string(value), known[i].word)) {
			braze_put_own(w, "gender", known[i].letter);
			return;
		}
	braze_put(w, "gender", value);
}

static int begun_year(const struct braze_writer *w)
{
	time_t begun = (time_t)(w->b->begun_ms / 1000);
	struct tm tm = {0};
	gmtime_r(&begun, &tm);
	return tm.tm_year + 1900;
}

/* The first of January of the year in which somebody of that age was born, about. False: it is
 * not an age. */
static bool put_age(struct braze_writer *w, struct json_text value)
{
	struct json_text t = value.len > 0 && value.p[0] == '"' ? json_string(value) : value;
	int age = 0;
	if (t.len == 0 || t.len > 3)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (!isdigit((unsigned char)t.p[i]))
			return false;
		age = age * 10 + (t.p[i] - '0');
	}
	if (age > 150)
		return false;
	if (braze_name_own(w, "dob"))
		df_buf_addf(w->text, "\"%04d-01-01\"", begun_year(w) - age);
	return true;
}

static void put_facebook(struct braze_writer *w, struct json_text value)
{
	if (value.len == 0 || !braze_name_own(w, "facebook"))
		return;
	df_buf_adds(w->text, "{\"id\":");
	braze_value(w, value, (struct json_text){"facebook", 8});
	df_buf_addc(w->text, '}');
}

/* As numbers of 64 bits, of which none begins with 0. */
static bool is_twitter_id(struct json_text t)
{
	static const char max[] = "9223372036854775807";
	const size_t len = sizeof(max) - 1;
	for (size_t i = 0; i < t.len; i++)
		if (!isdigit((unsigned char)t.p[i]))
			return false;
	return t.len > 0 && t.p[0] != '0' &&
	       (t.len < len || (t.len == len && memcmp(t.p, max, len) <= 0));
}

/* An id is a number there; what is not one is a name. */
static void put_twitter(struct braze_writer *w, struct json_text value)
{
	struct json_text t = json_string(value);
	bool number = is_twitter_id(t);
	if (value.len == 0 || !braze_name_own(w, "twitter"))
		return;
	df_buf_adds(w->text, number ? "{\"id\":" : "{\"screen_name\":");
	if (number)
		df_buf_add(w->text, t.p, t.len);
	else
		braze_value(w, value, (struct json_text){"twitter", 7});
	df_buf_addc(w->text, '}');
}

/* ---- lists ---- */

/* The items that are kept of a list. */
static size_t list_length(struct braze_writer *w, struct json_text list, struct json_text of)
{
	struct json_walk walk = json_walk_into(list);
	struct json_text ignored, value;
	size_t n = 0;
	while (json_walk_next(&walk, &ignored, &value))
		n++;
	if (n <= BRAZE_MAX_ITEMS)
		return n;
	if (!w->b->truncate)
		braze_fail(w, "too-long",
			   "the list '%.*s' has %zu items, Braze takes %u (limits = truncate "
			   "leaves the others out)",
			   of.len < 80 ? (int)of.len : 80, of.p, n, BRAZE_MAX_ITEMS);
	w->out->cut++;
	return BRAZE_MAX_ITEMS;
}

static void put_array(struct braze_writer *w, struct json_text list, struct json_text of)
{
	struct json_walk walk = json_walk_into(list);
	struct json_text ignored, value;
	size_t n = list_length(w, list, of);
	df_buf_addc(w->text, '[');
	for (size_t i = 0; i < n && json_walk_next(&walk, &ignored, &value); i++) {
		if (i > 0)
			df_buf_addc(w->text, ',');
		braze_value(w, value, of);
	}
	df_buf_addc(w->text, ']');
}

/* As one string, with commas. */
static void put_joined(struct braze_writer *w, struct json_text list, struct json_text of)
{
	struct json_walk walk = json_walk_into(list);
	struct json_text ignored, value;
	struct df_buf joined = {0};
	df_buf_addc(&joined, '"');
	while (json_walk_next(&walk, &ignored, &value)) {
		struct json_text t = json_string(value);
		if (joined.len > 1)
			df_buf_addc(&joined, ',');
		df_buf_add(&joined, t.p != NULL ? t.p : value.p, t.p != NULL ? t.len : value.len);
	}
	df_buf_addc(&joined, '"');
	braze_value(w, (struct json_text){joined.data, joined.len}, of);
	df_buf_free(&joined);
}

/* ---- attributes ---- */

static struct json_text trimmed(struct json_text t)
{
	while (t.len > 0 && t.p[0] == ' ') {
		t.p++;
		t.len--;
	}
	while (t.len > 0 && t.p[t.len - 1] == ' ')
		t.len--;
	return t;
}

/* A cell of a boolean column is read by the same words. */
static bool read_boolean(struct json_text t, bool *yes)
{
	*yes = same_word(t, "true") || same_word(t, "t") || same_word(t, "1");
	return *yes || same_word(t, "false") || same_word(t, "f") || same_word(t, "0");
}

/* True and false subscribe and unsubscribe. What is neither is not left out: it may be somebody's
 * wish to hear no more. */
static void add_group(struct braze_writer *w, struct json_text name, struct json_text value,
		      const char *group, struct df_buf *groups)
{
	struct json_text t = value.len > 0 && value.p[0] == '"' ? json_string(value) : value;
	bool yes = false;
	if (!read_boolean(trimmed(t), &yes)) {
		braze_fail(w, "not-a-boolean",
			   "the attribute '%.*s' subscribes to a group: true or false is expected; "
			   "t, f, 1 and 0 are taken as well",
			   name.len < 80 ? (int)name.len : 80, name.p);
		return;
	}
	df_buf_adds(groups, groups->len > 0 ? "," : "");
	df_buf_adds(groups, "{\"subscription_group_id\":\"");
	df_buf_adds(groups, group);
	df_buf_addf(groups, "\",\"subscription_state\":\"%s\"}",
		    yes ? "subscribed" : "unsubscribed");
}

/* Braze knows three words, in lower case: a wish to hear no more is not lost over its spelling.
 * False: it is another attribute, or another word. */
static bool put_subscription(struct braze_writer *w, struct json_text name, struct json_text value)
{
	static const char *const words[] = {"subscribed", "unsubscribed", "opted_in"};
	if (!json_text_is(name, "email_subscribe") && !json_text_is(name, "push_subscribe"))
		return false;
	size_t i = 0, n = sizeof(words) / sizeof(*words);
	while (i < n && !same_word(trimmed(json_string(value)), words[i]))
		i++;
	if (i < n && braze_name(w, name))
		df_buf_addf(w->text, "\"%s\"", words[i]);
	return i < n;
}

static void put_custom(struct braze_writer *w, struct json_text name, struct json_text value)
{
	bool zip = json_text_is(name, "$Zip"), list = value.len > 0 && value.p[0] == '[';
	name = braze_plain_name(name);
	if (value.len > 0 && value.p[0] == '{') {
		braze_fail(w, "not-allowed",
			   "the attribute '%.*s' is an object: Braze takes strings, numbers, "
			   "booleans and lists there",
			   name.len < 80 ? (int)name.len : 80, name.p);
		return;
	}
	if (is_reserved(name) || !braze_name(w, name))
		return;

	if (list && w->b->set->lists_joined)
		put_joined(w, value, name);
	else if (list)
		put_array(w, value, name);
	else if ((w->b->set->type_detection & CONF_BRAZE_DETECT_ATTRIBUTES) && !zip)
		braze_detected(w, value, name);
	else
		braze_value(w, value, name);
}

static void put_attribute(struct braze_writer *w, struct json_text name, struct json_text value,
			  struct df_buf *groups)
{
	const char *group = pair_find(&w->b->set->subscription_groups, name);
	const char *to = standard_name(name);
	if (group != NULL)
		add_group(w, name, value, group, groups);
	else if (put_subscription(w, braze_plain_name(name), value))
		return;
	else if (json_text_is(name, "$Gender"))
		put_gender(w, value);
	else if (to != NULL)
		braze_put(w, to, value);
	else if (json_text_is(name, "$Age") && put_age(w, value))
		return;
	else
		put_custom(w, name, value);
}

static void put_attributes(struct braze_writer *w, struct json_text attributes,
			   struct df_buf *groups)
{
	struct json_walk walk = json_walk_into(attributes);
	struct json_text name, value;
	/* a date of birth that is given is better than what an age makes of it */
	bool born = json_find(walk, "dob").len > 0;
	while (json_walk_next(&walk, &name, &value))
		if (!born || !json_text_is(name, "$Age"))
			put_attribute(w, name, value, groups);
}

/* Attributes that are to be removed. */
static void put_deleted(struct braze_writer *w, struct json_text deleted)
{
	struct json_walk walk = json_walk_into(deleted);
	struct json_text ignored, value;
	while (json_walk_next(&walk, &ignored, &value)) {
		struct json_text name = json_string(value);
		const char *to = json_text_is(name, "$Age") ? "dob" : standard_name(name);
		struct json_text own = {to, to != NULL ? strlen(to) : 0};
		struct json_text plain = to != NULL ? own : braze_plain_name(name);
		if (!is_reserved(plain) && braze_name(w, plain))
			df_buf_adds(w->text, "null");
	}
}

static void put_consent(struct braze_writer *w, struct json_text consent)
{
	struct json_walk kinds = json_walk_into(consent);
	struct json_text kind, purposes, purpose, state;
	while (json_walk_next(&kinds, &kind, &purposes)) {
		struct json_walk walk = json_walk_into(purposes);
		while (json_walk_next(&walk, &purpose, &state)) {
			const char *key = pair_find(&w->b->set->consent, purpose);
			struct json_text consented = json_find(json_walk_into(state), "consented");
			if (key != NULL && consented.len > 0 && braze_name_own(w, key))
				df_buf_add(w->text, consented.p, consented.len);
		}
	}
}

static void put_identities(struct braze_writer *w, struct json_text identities)
{
	const char *email_id = w->b->set->email_id;
	struct json_walk ids = json_walk_into(identities);
	struct json_text facebook = json_find(ids, "facebook"), twitter = json_find(ids, "twitter");
	if (email_id != NULL) {
		struct json_text email = json_find(ids, email_id);
		braze_check_id(w, email, email_id);
		braze_put(w, "email", email);
	}
	braze_check_id(w, facebook, "facebook");
	put_facebook(w, facebook);
	braze_check_id(w, twitter, "twitter");
	put_twitter(w, twitter);
}

bool braze_put_user(struct braze_writer *w, const struct braze_user *user)
{
	struct df_buf groups = {0};
	braze_begin(w, BRAZE_ATTRIBUTES);
	w->event = BRAZE_NO_EVENT;
	braze_put(w, "external_id", w->external_id);
	size_t bare = w->text->len;

	put_identities(w, user->identities);
	put_attributes(w, user->attributes, &groups);
	put_deleted(w, user->deleted);
	put_consent(w, user->consent);
	if (groups.len > 0 && braze_name_own(w, "subscription_groups")) {
		df_buf_addc(w->text, '[');
		df_buf_add(w->text, groups.data, groups.len);
		df_buf_addc(w->text, ']');
	}
	df_buf_free(&groups);
	bool more = w->text->len > bare;
	braze_end(w);
	return more;
}
