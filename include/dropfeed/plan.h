/* SPDX-License-Identifier: MIT */
/*
 * plan.h - a data plan: which events and attributes may exist, and what they look like
 *
 *	struct plan *plan = NULL;
 *	plan_read(text, len, 0, &plan, &err);  a version as the platform gives it
 *	struct plan_checker *c = plan_checker_new(plan, false);
 *	n = plan_check(c, &record, &findings);		per row
 *	plan_checker_free(c);
 *	plan_free(plan);
 *
 * A plan is constant once it is read, and threads may share it; a checker belongs to one thread.
 *
 * Facts of the vendor's data planning (its documentation, and the data planning of its web SDK):
 * a point's match is exact and case-sensitive; the schema of an event sees {"data": {...}}, that of
 * user attributes and identities the object itself; numbers and booleans and their spellings as
 * strings are all one; a plan without a point for user attributes or for user identities
 * says nothing about them. The platform leaves out what is unplanned, after answering 202: events,
 * custom attributes of events and of products, user attributes and identities. What is planned but
 * invalid it reports only.
 */
#ifndef DROPFEED_PLAN_H
#define DROPFEED_PLAN_H

#include "dropfeed/base.h"

#include <strings.h>

#define PLAN_MAX_BYTES (16u << 20) /* of the JSON; the platform's own limit is 10 MB */

struct plan;

/* Reads a plan's version, or, of a whole plan with data_plan_versions, the one that is asked for.
 * version 0: the only one there is. DF_USAGE: err says what is wrong, with line and column where
 * it is the JSON. */
enum df_status plan_read(const char *text, size_t len, uint32_t version, struct plan **out,
			 struct df_err *err) DF_CHECK;
/* Another reference to the same plan, which is to be freed as well; NULL gives NULL. */
struct plan *plan_share(struct plan *plan);
void plan_free(struct plan *plan); /* when it was the last one */

const char *plan_id(const struct plan *plan);   /* borrowed; "" where the file has none */
uint32_t plan_version(const struct plan *plan); /* 0 where the file has none */
size_t plan_points(const struct plan *plan);    /* how many */
/* The ith point: its name for people, as "custom_event 'Place Order' (other)". Borrowed. */
const char *plan_point_name(const struct plan *plan, size_t i);

/* What this program cannot enforce, or what is odd: where, as a JSON pointer into the version's
 * document, and why. Borrowed. */
struct plan_remark {
	char *place, *text;
};
size_t plan_remarks(const struct plan *plan, const struct plan_remark **out);

/* What the platform leaves out when it is unplanned, as the plan's settings say; absent settings
 * count as "block". */
enum plan_part {
	PLAN_EVENT,
	PLAN_EVENT_ATTRIBUTE, /* custom attributes of an event, of its products */
	PLAN_USER_ATTRIBUTE,
	PLAN_USER_IDENTITY,
	PLAN_FIELD, /* any other field: the platform never leaves it out */
};
bool plan_blocks(const struct plan *plan, enum plan_part part);

/* ---- fetching ---- */

#define PLAN_API "https://api.mparticle.com"
#define PLAN_SSO "https://sso.auth.mparticle.com"

struct plan_source {
	const char *api,
	    *sso; /* PLAN_API, PLAN_SSO; others for tests. Without a slash at the end */
	const char *workspace, *plan; /* ids */
	uint32_t version;             /* 0: the whole plan with all of them */
	const char *client_id, *client_secret;
	const char *cache;   /* a folder that keeps the token for its life; NULL: it is not kept */
	const char *ca_file; /* or NULL: the system's */
};

/* Appends the plan's JSON as the platform gives it, after it was read as one. DF_DENIED: the
 * credentials were refused, or the address is another program's; DF_RETRY: no answer; DF_USAGE: no
 * such plan. 429 and trouble of the server are waited for, for a minute at most each. */
enum df_status plan_fetch(const struct plan_source *source, struct df_buf *out,
			  struct df_err *err) DF_CHECK;

/* ---- checking ---- */

struct plan_checker;

/* strict: a number or boolean that is written as a string is not one. */
struct plan_checker *plan_checker_new(const struct plan *plan, bool strict);
void plan_checker_free(struct plan_checker *c);

/* A row as the map makes it: members without braces, JSON of our own. */
struct plan_record {
	const char *event_type; /* "custom_event", ...; "eventless": no event */
	const char *data;       /* of the event */
	size_t data_len;
	const char *batch; /* of the batch, without the event */
	size_t batch_len;
	bool user; /* the batch is checked, too: attributes and identities */
};

/* What is unplanned is found member by member, as many as a row can have columns; of what is
 * invalid only the first is, as that is said and nothing else. */
#define PLAN_MAX_FINDINGS 10000u
#define PLAN_MAX_INVALID  32u

struct plan_finding {
	bool unplanned; /* else invalid */
	enum plan_part part;
	bool missing;      /* a required member is not there */
	const char *point; /* the point's name; of an event without one, the event's. Borrowed */
	char pointer[160]; /* JSON pointer, '#' first, as "#/data/custom_attributes/size" */
	char text[160];    /* what was expected; never a value */
	bool in_batch;     /* the member is in the batch, else in the data */
	size_t from, to;   /* where the member is, name and value; 0, 0: not one member */
};

/* Returns how many findings there are, PLAN_MAX_FINDINGS at most: then there may be more. *out is
 * borrowed until the next call. */
size_t plan_check(struct plan_checker *c, const struct plan_record *record,
		  const struct plan_finding **out);

/* ---- deciding by column: what a document's columns leave to be checked in its rows ---- */

struct plan_node; /* a schema in the plan; NULL: it allows everything */

/* The schemas of the user's attributes, of the identities. */
const struct plan_node *plan_attributes(const struct plan *plan);
const struct plan_node *plan_identities(const struct plan *plan);
/* The point of an event with these criteria, for most types none; SIZE_MAX: it is unplanned. */
size_t plan_event_point(struct plan_checker *c, const char *type, const char *first,
			size_t first_len, const char *second, size_t second_len);
/* The schema of the data of a point's events. */
const struct plan_node *plan_point_data(const struct plan *plan, size_t point);

enum plan_way {
	PLAN_WAY_FREE,      /* below it everything is allowed */
	PLAN_WAY_HELD,      /* *out is the schema of it */
	PLAN_WAY_UNPLANNED, /* it must not be there */
};
/* From an object to its member of that name; name NULL: from a list to its items. */
enum plan_way plan_below(const struct plan_node *node, const char *name, size_t len,
			 const struct plan_node **out);
/* The ith name that the object must have; NULL: there are no more. */
const char *plan_required(const struct plan_node *node, size_t i);
/* Does an object or list, as its members are decided on their own, fit? */
bool plan_takes_container(const struct plan_node *node, bool list);
/* Does every string fit? */
bool plan_takes_strings(const struct plan_node *node);
/* What a value that fits for sure looks like; NONE: only plan_fits knows. */
enum plan_quick {
	PLAN_QUICK_NONE,
	PLAN_QUICK_NUMBER, /* digits, and perhaps a fraction */
	PLAN_QUICK_TRUTH,  /* true or false, in any case */
	PLAN_QUICK_TIME,   /* as 2026-01-12T08:30:00Z */
};
enum plan_quick plan_quick(const struct plan_checker *c, const struct plan_node *node);

/* Digits, and perhaps a fraction. */
static inline bool plan_is_number(const char *p, size_t len)
{
	const char *end = p + len;
	size_t dots = 0;
	if (len == 0 || p[0] == '.' || end[-1] == '.')
		return false;
	for (; p < end; p++) {
		dots += *p == '.';
		if (*p != '.' && (unsigned char)(*p - '0') > 9)
			return false;
	}
	return dots < 2;
}

/* Are all eight bytes digits? What is added carries beyond '9', what is there has the high half of
 * '0'. */
static inline bool plan_all_digits(uint64_t v)
{
	return ((v & UINT64_C(0xf0f0f0f0f0f0f0f0)) |
		(((v + UINT64_C(0x0606060606060606)) & UINT64_C(0xf0f0f0f0f0f0f0f0)) >> 4)) ==
	       UINT64_C(0x3333333333333333);
}

/* 2026-01-12T08:30:00Z, on a day that every month has. */
static inline bool plan_is_time(const char *p, size_t len)
{
	uint64_t date, rest;
	if (len != 20 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' ||
	    p[16] != ':' || p[19] != 'Z')
		return false;
	const char digits[16] = {p[0],  p[1],  p[2],  p[3],  p[5],  p[6],  p[8], p[9],
				 p[11], p[12], p[14], p[15], p[17], p[18], '0',  '0'};
	memcpy(&date, digits, 8);
	memcpy(&rest, digits + 8, 8);
	if (!plan_all_digits(date) || !plan_all_digits(rest))
		return false;
	int month = (p[5] - '0') * 10 + p[6] - '0', day = (p[8] - '0') * 10 + p[9] - '0';
	int hour = (p[11] - '0') * 10 + p[12] - '0';
	return month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour < 24 && p[14] < '6' &&
	       p[17] < '6';
}

static inline bool plan_is_truth(const char *p, size_t len)
{
	return (len == 4 && strncasecmp(p, "true", 4) == 0) ||
	       (len == 5 && strncasecmp(p, "false", 5) == 0);
}

static inline bool plan_is_quick(enum plan_quick quick, const char *p, size_t len)
{
	return (quick == PLAN_QUICK_NUMBER && plan_is_number(p, len)) ||
	       (quick == PLAN_QUICK_TIME && plan_is_time(p, len)) ||
	       (quick == PLAN_QUICK_TRUTH && plan_is_truth(p, len));
}

/* Does the value fit: characters of a string, or a number as it is written? Nothing is noted. */
bool plan_fits(struct plan_checker *c, const struct plan_node *node, bool number, const char *p,
	       size_t len);

/* Those of the latest plan_check once more. */
size_t plan_findings(const struct plan_checker *c, const struct plan_finding **out);

/* The version of the library that matches patterns. */
const char *plan_library(void);

/* Planned names for a foreign column, for `manifest`: calls with each attribute that the plan
 * knows. */
struct plan_name {
	enum plan_part part;
	const char *point;     /* of an event's attribute; borrowed */
	const char *type;      /* "custom_event", ... */
	const char *name;      /* the attribute's, or the event's */
	const char *criterion; /* of an event: custom_event_type, or "" */
};
void plan_names(const struct plan *plan, void (*each)(void *ctx, const struct plan_name *name),
		void *ctx);

#endif
