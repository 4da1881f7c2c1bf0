/* SPDX-License-Identifier: MIT */
/*
 * Which columns identify one user each. An account that several people share, or an address that
 * several customers have, would make one profile of them: a column whose values meet several values
 * of another identity is not one.
 */
#include "propose_look.h"
#include "propose_names.h"
#include "propose_step.h"

#include <stdlib.h>

#define MAX_CANDIDATES 32

enum kind {
	NOBODY,
	MPID,
	CUSTOMER,
	RECORD,  /* a plain "id", of whatever the row is about */
	ACCOUNT, /* a number of several people, perhaps */
	EMAIL,
	EMAIL_LIKE, /* by its values alone */
	OTHER,      /* of a browser or a device: one person has several */
};

struct candidate {
	size_t column, distinct;
	enum kind kind;
	bool out;
	size_t shared[MAX_CANDIDATES]; /* values that meet several of the other's */
	size_t fan[MAX_CANDIDATES];    /* how many of the other's a value meets, in thousandths */
};

/* ---- candidates ---- */

static enum kind kind_of_path(const char *path, const struct propose_column *c)
{
	static const char ids[] = "user_identities.";
	if (path == NULL)
		return NOBODY;
	if (strcmp(path, "mpid") == 0)
		return MPID;
	if (strncmp(path, ids, strlen(ids)) != 0)
		return NOBODY;
	const char *id = path + strlen(ids);
	if (strcmp(id, "email") == 0)
		return c->look == LOOK_EMAIL || c->filled == 0 ? EMAIL : NOBODY;
	if (strcmp(id, "customer_id") != 0 && strcmp(id, "customerid") != 0)
		return OTHER;
	if (strcmp(c->normal, "id") == 0)
		return RECORD;
	return strncmp(c->normal, "account", strlen("account")) == 0 ? ACCOUNT : CUSTOMER;
}

static enum kind person_kind(struct propose *p, size_t column)
{
	struct propose_column *c = &p->columns[column];
	if (c->what != PROPOSE_OPEN || propose_not_user(p, c))
		return NOBODY;
	propose_look(p, column);
	enum kind kind = kind_of_path(c->name, c),
		  look = c->look == LOOK_EMAIL ? EMAIL_LIKE : NOBODY;
	const struct schema_word *word = schema_word_find(p->event, c->normal, strlen(c->normal));
	if (word == NULL && c->personless != NULL)
		word = schema_word_find(p->event, c->personless, strlen(c->personless));
	for (size_t i = 0; word == NULL && i < c->n_aliases; i++)
		if (c->aliases[i].of != OF_LINE)
			word = schema_word_find(p->event, c->aliases[i].name,
						strlen(c->aliases[i].name));
	if (kind == NOBODY && word != NULL)
		kind = kind_of_path(word->path, c);
	return kind != NOBODY ? kind : look;
}

bool propose_not_user(const struct propose *p, const struct propose_column *c)
{
	static const char *const heads[] = {
	    "rep",          "author",    "sender",  "from",      "staff",    "shipto", "recipient",
	    "lastmodified", "submitter", "toemail", "toaddress", "receiver", "host",   "server"};
	static const char *const anywhere[] = {
	    "owner",     "assignee",   "agent",     "salesrep",  "salesperson", "manager",
	    "createdby", "modifiedby", "updatedby", "enteredby", "approvedby",  "invitedby",
	    "closedby",  "handledby",  "cashier",   "employee",  "referrer",    "supplier",
	    "seller",    "approver",   "organizer", "organiser", "mitarbeiter", "bearbeiter",
	    "verkaufer", "vendedor",   "venditore", "vendeur",   "advisor",     "operator"};
	/* who gets a message is its user; who gets a parcel need not be */
	bool message = schema_where(p->event) == SCHEMA_IN_CUSTOM &&
		       strncmp(c->normal, "recipient", strlen("recipient")) == 0;
	for (size_t i = 0; !message && i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strncmp(c->normal, heads[i], strlen(heads[i])) == 0)
			return true;
	/* employees are the users of an HR system's files */
	return propose_names_any(c, anywhere, sizeof(anywhere) / sizeof(anywhere[0])) &&
	       strcmp(c->normal, "employeeid") != 0;
}

/* ---- values that meet ---- */

struct pair {
	const char *a, *b;
	size_t a_len, b_len;
};

static int people_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

static int compare_pairs(const void *x, const void *y)
{
	const struct pair *a = x, *b = y;
	int c = people_compare(a->a, a->a_len, b->a, b->a_len);
	return c != 0 ? c : people_compare(a->b, a->b_len, b->b, b->b_len);
}

static const char *identifier(const struct propose *p, size_t row, size_t column, size_t *len)
{
	size_t kind;
	const char *s = propose_cell_text(p, row, column, len);
	if (*len > 0 && map_placeholder(s, *len, &kind))
		*len = 0;
	return s;
}

/* How many of a's values have more than one b, and how many each has, in thousandths; *distinct:
 * how many values a has. */
static size_t tally(struct pair *pairs, size_t n, size_t *distinct, size_t *fan)
{
	size_t shared = 0, met = 0;
	*distinct = 0;
	qsort(pairs, n, sizeof(*pairs), compare_pairs);
	for (size_t i = 0, end; i < n; i = end) {
		size_t others = 1;
		for (end = i + 1; end < n && people_compare(pairs[i].a, pairs[i].a_len,
							    pairs[end].a, pairs[end].a_len) == 0;
		     end++)
			others += people_compare(pairs[end - 1].b, pairs[end - 1].b_len,
						 pairs[end].b, pairs[end].b_len) != 0;
		shared += others > 1;
		met += others;
		++*distinct;
	}
	*fan = *distinct > 0 ? met * 1000 / *distinct : 0;
	return shared;
}

static size_t count_shared(const struct propose *p, struct pair *pairs, size_t a, size_t b,
			   size_t *distinct, size_t *fan)
{
	size_t n = 0;
	for (size_t row = 0; row < p->n_rows; row++) {
		struct pair *pair = &pairs[n];
		pair->a = identifier(p, row, a, &pair->a_len);
		pair->b = identifier(p, row, b, &pair->b_len);
		n += pair->a_len > 0 && pair->b_len > 0;
	}
	return tally(pairs, n, distinct, fan);
}

/* The same for first names: "ANN" and "Ann M." are one. */
static size_t count_names(const struct propose *p, struct pair *pairs, size_t a, size_t name,
			  size_t *distinct)
{
	size_t n = 0, fan;
	char **names = df_alloc((p->n_rows + 1) * sizeof(*names));
	for (size_t row = 0; row < p->n_rows; row++) {
		struct pair *pair = &pairs[n];
		size_t len;
		pair->a = identifier(p, row, a, &pair->a_len);
		const char *s = propose_cell_text(p, row, name, &len);
		map_cell_trim(&s, &len);
		const char *blank = memchr(s, ' ', len);
		names[n] = schema_normalize(s, blank != NULL ? (size_t)(blank - s) : len);
		pair->b = names[n];
		pair->b_len = strlen(names[n]);
		if (pair->a_len > 0 && pair->b_len > 0)
			n++;
		else
			free(names[n]);
	}

	size_t shared = tally(pairs, n, distinct, &fan);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return shared;
}

/* Does it say anything of a that it meets several of b? One person has several devices, and is
 * in several records. */
static bool counts(enum kind a, enum kind b)
{
	if (b == EMAIL_LIKE && a != EMAIL && a != EMAIL_LIKE)
		return false;
	return a != MPID && b != OTHER && (b != RECORD || a == ACCOUNT);
}

static size_t find_candidates(struct propose *p, struct candidate *list)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n && n < MAX_CANDIDATES; i++) {
		enum kind kind = person_kind(p, i);
		if (kind != NOBODY)
			list[n++] = (struct candidate){.column = i, .kind = kind};
	}
	return n;
}

/* A customer whose address has changed is one customer still: a few such are not a reason. */
static size_t weighed(const struct candidate *a, const struct candidate *b, size_t shared)
{
	bool few = a->kind == CUSTOMER && b->kind == EMAIL && shared * 10 <= a->distinct;
	return few ? 0 : shared;
}

/* Of those that are left, the one whose values meet most; n: none meets several. */
static size_t worst(const struct candidate *list, size_t n, size_t *with)
{
	size_t found = n, most = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			if (list[i].out || list[k].out || list[i].shared[k] == 0 ||
			    list[i].fan[k] <= most)
				continue;
			most = list[i].fan[k];
			*with = k;
			found = i;
		}
	}
	return found;
}

static void note_shared(struct propose *p, size_t column, size_t other, size_t n)
{
	struct propose_column *c = &p->columns[column];
	struct schema_path path;
	c->shared = true;
	if (schema_path_parse(p->event, c->name, strlen(c->name), &path, NULL) == SCHEMA_PATH_OK) {
		df_buf_addf(&p->todo,
			    "column %zu is an identity by its name, but %zu of its values %s in "
			    "rows that differ in column "
			    "%zu: is each of them one user?\n",
			    column + 1, n, n == 1 ? "is" : "are", other + 1);
		return;
	}
	propose_because(c,
			"not an identity: %zu of its values %s in rows that differ in column %zu, "
			"so that several users share them",
			n, n == 1 ? "is" : "are", other + 1);
}

static void compare_candidates(const struct propose *p, struct pair *pairs, struct candidate *a,
			       const struct candidate *b, size_t k)
{
	size_t shared = count_shared(p, pairs, a->column, b->column, &a->distinct, &a->fan[k]);
	a->shared[k] = weighed(a, b, shared);
}

/* ---- names that meet ---- */

static bool is_first_name(const struct propose *p, const struct propose_column *c)
{
	const struct schema_word *word = schema_word_find(p->event, c->normal, strlen(c->normal));
	if (word == NULL && c->personless != NULL)
		word = schema_word_find(p->event, c->personless, strlen(c->personless));
	return !propose_not_user(p, c) &&
	       ((word != NULL && word->path != NULL &&
		 strcmp(word->path, "user_attributes.$FirstName") == 0) ||
		propose_names_is(c, "fullname customername displayname contactname") ||
		(schema_where(p->event) != SCHEMA_IN_COMMERCE && strcmp(c->normal, "name") == 0));
}

/* The one candidate that is left; NULL: there are more, or it is the platform's own. */
static struct candidate *only_one(struct candidate *list, size_t n)
{
	struct candidate *only = NULL;
	for (size_t i = 0; i < n; i++) {
		if (list[i].out || list[i].kind == EMAIL_LIKE || list[i].kind == OTHER)
			continue;
		if (only != NULL)
			return NULL;
		only = &list[i];
	}
	return only != NULL && only->kind != MPID ? only : NULL;
}

/* An address that is all there is identifies one person only where the names agree. */
static void check_people_names(struct propose *p, struct pair *pairs, struct candidate *only)
{
	size_t distinct = 0, shared = 0, name = 0;
	while (name < p->n && !is_first_name(p, &p->columns[name]))
		name++;
	if (name < p->n)
		shared = count_names(p, pairs, only->column, name, &distinct);
	/* customers change their names; that is not a reason, where they are few */
	if (shared == 0 ||
	    (only->kind != EMAIL && only->kind != ACCOUNT && shared * 10 <= distinct))
		return;
	note_shared(p, only->column, name, shared);
	df_buf_addf(&p->todo,
		    "%zu of the values of column %zu %s in rows with different names (column %zu): "
		    "map it to an identity, such as user_identities.email, where each of them is "
		    "to be one user\n",
		    shared, only->column + 1, shared == 1 ? "is" : "are", name + 1);
}

/* ---- all of it ---- */

void propose_people(struct propose *p)
{
	struct candidate *list = df_alloc(MAX_CANDIDATES * sizeof(*list));
	struct pair *pairs = df_alloc((p->n_rows + 1) * sizeof(*pairs));
	size_t n = find_candidates(p, list), with = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (i != k && counts(list[i].kind, list[k].kind))
				compare_candidates(p, pairs, &list[i], &list[k], k);
	for (size_t i; (i = worst(list, n, &with)) < n;) {
		list[i].out = true;
		note_shared(p, list[i].column, list[with].column, list[i].shared[with]);
	}
	struct candidate *only = only_one(list, n);
	if (only != NULL)
		check_people_names(p, pairs, only);
	free(pairs);
	free(list);
}
