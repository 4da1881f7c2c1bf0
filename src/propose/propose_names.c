/* SPDX-License-Identifier: MIT */
/*
 * What else a column could be called: "Invoice Item: Unit Price" is a line's unit price, "CUST_NBR"
 * a customer's number, "Total (inc tax)" a total. Such aliases are looked up after the name itself.
 */
#include "propose_names.h"

#include <stdlib.h>

/* ---- abbreviations, as warehouses have them ---- */

static const char *const abbreviations[][2] = {{"cents", ""},
					       {"minor", ""},
					       {"in", ""},
					       {"nbr", "number"},
					       {"nr", "number"},
					       {"num", "number"},
					       {"dt", "date"},
					       {"dttm", "datetime"},
					       {"tm", "time"},
					       {"nm", "name"},
					       {"ts", "timestamp"},
					       {"tstamp", "timestamp"},
					       {"amt", "amount"},
					       {"txn", "transaction"},
					       {"trx", "transaction"},
					       {"trans", "transaction"},
					       {"tran", "transaction"},
					       {"cust", "customer"},
					       {"ccy", "currency"},
					       {"curr", "currency"},
					       {"addr", "address"},
					       {"typ", "type"},
					       {"cd", "code"},
					       {"prc", "price"},
					       {"desc", "description"},
					       {"descr", "description"},
					       {"prod", "product"},
					       {"ord", "order"},
					       {"inv", "invoice"},
					       {"mbr", "member"},
					       {"acct", "account"},
					       {"ctry", "country"},
					       {"cntry", "country"},
					       {"ph", "phone"},
					       {"mob", "mobile"},
					       {"qnty", "quantity"},
					       {"usr", "user"},
					       {"evt", "event"},
					       {"fst", "first"},
					       {"lst", "last"},
					       {"zipcd", "zip"},
					       {"itm", "item"}};

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80;
}

/* The length of the token that begins here: "customerKey" has two. */
size_t propose_names_token(const char *s)
{
	size_t n = 0;
	while (is_letter_or_digit(s[n])) {
		bool lower = s[n] >= 'a' && s[n] <= 'z';
		n++;
		if (lower && s[n] >= 'A' && s[n] <= 'Z')
			break;
	}
	return n;
}

static const char *written_out(const char *normal)
{
	for (size_t i = 0; i < sizeof(abbreviations) / sizeof(abbreviations[0]); i++)
		if (strcmp(abbreviations[i][0], normal) == 0)
			return abbreviations[i][1];
	return normal;
}

char *propose_names_expand(const char *s, size_t len)
{
	char *normal = schema_normalize(s, len);
	char *word = df_strdup(written_out(normal));
	free(normal);
	return word;
}

/* The name's tokens, normalised and written out, one after another. The caller's. */
static char *expand(const char *name)
{
	struct df_buf out = {.max = 65536};
	for (size_t n; *name != '\0'; name += n > 0 ? n : 1) {
		n = propose_names_token(name);
		char *word = propose_names_expand(name, n);
		df_buf_adds(&out, word);
		free(word);
	}
	char *text = df_strdup(df_buf_cstr(&out));
	df_buf_free(&out);
	return text;
}

/* ---- parts of a name ---- */

/* "Total (inc tax)" without what is in brackets. The caller's. */
static char *without_brackets(const char *name)
{
	struct df_buf out = {.max = 65536};
	int depth = 0;
	for (; *name != '\0'; name++) {
		depth += *name == '(' || *name == '[';
		if (depth == 0)
			df_buf_addc(&out, *name);
		depth -= depth > 0 && (*name == ')' || *name == ']');
	}
	char *text = df_strdup(df_buf_cstr(&out));
	df_buf_free(&out);
	return text;
}

/* Where the last part of "Order Lines/Quantity", "Deal - Value", "Invoice: Amount" or
 * "ecommerce.currency" begins; NULL: it has one part. */
static const char *last_part(const char *name)
{
	static const char *const signs[] = {" - ", ": ", " : ", "/", ".", "__", " > "};
	const char *last = NULL;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		for (const char *at = name; (at = strstr(at, signs[i])) != NULL; at++)
			if (at > name && (last == NULL || at + strlen(signs[i]) > last))
				last = at + strlen(signs[i]);
	return last != NULL && *last != '\0' ? last : NULL;
}

/* What the parts before the last one say that it is of. */
static enum propose_of name_owner(const char *name, const char *last)
{
	static const char *const lines[] = {"line", "item", "product", "position", "article"};
	static const char *const persons[] = {"customer", "person", "contact", "user",  "member",
					      "client",   "guest",  "billto",  "buyer", "account"};
	enum propose_of of = OF_ANY;
	char *section = schema_normalize(name, (size_t)(last - name));
	for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++)
		if (strstr(section, persons[i]) != NULL)
			of = OF_PERSON;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strstr(section, lines[i]) != NULL)
			of = OF_LINE;
	free(section);
	return of;
}

/* ---- all of them ---- */

static void alias_add(struct propose_column *c, char *name, enum propose_of of)
{
	bool known = name[0] == '\0' || c->n_aliases == PROPOSE_MAX_ALIASES ||
		     (of == OF_ANY && strcmp(name, c->normal) == 0);
	for (size_t i = 0; i < c->n_aliases && !known; i++)
		known = strcmp(name, c->aliases[i].name) == 0;
	if (known)
		free(name);
	else
		c->aliases[c->n_aliases++] = (struct propose_alias){name, of};
}

static void add_parts(struct propose_column *c, const char *name)
{
	alias_add(c, schema_normalize(name, strlen(name)), OF_ANY);
	alias_add(c, expand(name), OF_ANY);
	const char *last = last_part(name);
	if (last == NULL)
		return;
	enum propose_of of = name_owner(name, last);
	alias_add(c, schema_normalize(last, strlen(last)), of);
	alias_add(c, expand(last), of);
}

void propose_names_read(struct propose_column *c)
{
	char *bare = without_brackets(c->name);
	add_parts(c, c->name);
	if (strcmp(bare, c->name) != 0)
		add_parts(c, bare);
	free(bare);
}

void propose_names_free(struct propose_column *c)
{
	for (size_t i = 0; i < c->n_aliases; i++)
		free(c->aliases[i].name);
	c->n_aliases = 0;
}

bool propose_names_any(const struct propose_column *c, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strstr(c->normal, words[i]) != NULL)
			return true;
		for (size_t k = 0; k < c->n_aliases; k++)
			if (strstr(c->aliases[k].name, words[i]) != NULL)
				return true;
	}
	return false;
}

bool propose_names_is(const struct propose_column *c, const char *names)
{
	if (schema_word_is(names, c->normal, strlen(c->normal)))
		return true;
	for (size_t i = 0; i < c->n_aliases; i++)
		if (schema_word_is(names, c->aliases[i].name, strlen(c->aliases[i].name)))
			return true;
	return false;
}

bool propose_names_word(const struct propose_column *c, const char *words)
{
	bool found = false;
	for (const char *s = c->name; *s != '\0' && !found;) {
		size_t n = propose_names_token(s);
		char *normal = schema_normalize(s, n);
		found = n > 0 &&
			(schema_word_is(words, normal, strlen(normal)) ||
			 schema_word_is(words, written_out(normal), strlen(written_out(normal))));
		free(normal);
		s += n > 0 ? n : 1;
	}
	return found;
}
