/* SPDX-License-Identifier: MIT */
/*
 * Liquid templates. With the argument "golden" it is not a test but a filter for
 * tests/liquid-golden: it reads lines of a template and its data, both as JSON strings' insides
 * apart by a tab, and prints "ok" with the result as JSON, or "error" with why.
 */
#include "../../src/liquid/liquid_priv.h"

#include "test.h"

static struct liquid_arena arena;
static struct liquid_fault fault;
static struct df_buf out = {.max = 1 << 20};

/* What a template gives for a value that is written as JSON; NULL: an error. */
static const char *render(const char *template, const char *json, const char *const *names)
{
	struct liquid_member member = {.key = "value", .key_len = 5};
	struct liquid_value root = {.type = LIQUID_OBJECT, .object = {&member, 1}};
	struct liquid_scope scope = {.variables = &root};
	struct liquid *l = NULL;
	struct liquid_json_fault why;
	memset(&fault, 0, sizeof(fault));
	df_buf_reset(&out);
	liquid_arena_reset(&arena);
	if (!liquid_json(json, strlen(json), &arena, &member.value, &why)) {
		liquid_fail(&fault, "bad JSON");
		return NULL;
	}
	if (!liquid_compile(template, strlen(template), names, &l, &fault))
		return NULL;
	bool ok = liquid_render(l, &scope, &arena, &out, &fault);
	liquid_free(l);
	return ok ? df_buf_cstr(&out) : NULL;
}

static void check(int line, const char *template, const char *json, const char *expected)
{
	const char *got = render(template, json, NULL);
	bool same = got != NULL && strcmp(got, expected) == 0;
	CU_ASSERT(same);
	if (!same)
		printf("\n  line %d: %s of %s\n  got      %s (%s)\n  expected %s\n", line, template,
		       json, got != NULL ? got : "an error", fault.text, expected);
}

static void check_error(int line, const char *template, const char *word)
{
	static const char *const names[] = {"value", "key", NULL};
	const char *got = render(template, "1", names);
	bool same = got == NULL && strstr(fault.text, word) != NULL;
	CU_ASSERT(same);
	if (!same)
		printf("\n  line %d: %s: %s (%s), no '%s'\n", line, template,
		       got != NULL ? got : "an error", fault.text, word);
}

#define CHECK(template, json, expected) check(__LINE__, template, json, expected)
#define CHECK_ERROR(template, word)     check_error(__LINE__, template, word)

/* ---- the filter for tests/liquid-golden ---- */

static int golden(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	while ((len = getline(&line, &cap, stdin)) > 0) {
		struct liquid_value pair, root = {.type = LIQUID_OBJECT};
		struct liquid *l = NULL;
		struct df_buf answer = {0};
		struct liquid_json_fault why;
		liquid_arena_reset(&arena);
		df_buf_reset(&out);
		memset(&fault, 0, sizeof(fault));
		if (!liquid_json(line, (size_t)len, &arena, &pair, &why) ||
		    pair.type != LIQUID_ARRAY || pair.array.n != 2)
			return 2;
		if (pair.array.v[1].type == LIQUID_OBJECT)
			root = pair.array.v[1];
		struct liquid_scope scope = {.variables = &root};
		const struct liquid_value *template = &pair.array.v[0];
		bool ok = liquid_compile(template->p, template->len, NULL, &l, &fault) &&
			  liquid_render(l, &scope, &arena, &out, &fault);
		if (ok)
			df_json_string(&answer, out.data, out.len);
		printf("%s\t%s\n", ok ? "ok" : "error", ok ? df_buf_cstr(&answer) : fault.text);
		df_buf_free(&answer);
		liquid_free(l);
	}
	free(line);
	return 0;
}

static void test_values(void)
{
	CHECK("a{{ value }}b", "\"x\"", "axb");
	CHECK(" a {{- value -}} b {{ 1 }}", "2", " a2b 1");
	CHECK("{{ value }}", "19.990", "19.990"); /* a cell's digits stay */
	CHECK("{{ value }}", "123456789012345678901234567890", "123456789012345678901234567890");
	CHECK("{{ value.a[1].b }}", "{\"a\":[0,{\"b\":\"\\u00e9\\n\"}]}", "\xc3\xa9\n");
	CHECK("{{ value['a b'] }}{{ value.none.deeper }}", "{\"a b\":true}", "true");
	CHECK("{{ value }}", "[1,[null,\"a\"],{\"b\":[1,null,\"\\\"\"]}]",
	      "1a{\"b\"=>[1, nil, \"\\\"\"]}");
}

static void test_numbers(void)
{
	CHECK("{{ 3.0 | plus: 1 }}", "0", "4.0");
	CHECK("{{ 10 | divided_by: 4 }} {{ -7 | divided_by: 2 }} {{ -7 | modulo: 2 }}", "0",
	      "2 -4 1");
	CHECK("{{ value | times: 1.1 }}", "\"19.99\"", "21.989");
	CHECK("{{ 0.1 | plus: 0.2 }} {{ 1.0 | divided_by: 3 }}", "0", "0.3 0.3333333333333333");
}

/* What Ruby prints, and where its integers would go on. */
static void test_number_forms(void)
{
	CHECK("{{ 1000000000000000.0 }}", "0", "1000000000000000.0");
	CHECK("{{ 100000000.0 | times: 100000000.0 }}", "0", "1.0e+16");
	CHECK("{{ 0.0001 | times: 1 }} {{ 0.00001 | times: 1 }}", "0", "0.0001 1.0e-05");
	/* at the ends of what a decimal holds */
	CHECK("{{ value | modulo: 7.0 }} {{ value | abs }}",
	      "-17014118346046923173168730371588410572.7", "1.3 1.7014118346046924e+37");
	CHECK_ERROR("{{ '-17014118346046923173168730371588410572.7' | round }}", "over 64 bits");
	CHECK("{{ value | plus: 1 }}", "-170141183460469231731687303715884105728.0",
	      "-1.7014118346046923e+38");
	CHECK("{{ 2.5 | round }} {{ -2.5 | round }} {{ 15 | round: -1 }} {{ 1.005 | round: 2 }}",
	      "0", "3 -3 20 1.01");
	CHECK("{{ '12abc' | plus: 1 }} {{ ' 7 ' | plus: 1 }} {{ 'abc' | plus: 1 }}", "0", "13 8 1");
	CHECK("{{ value | plus: 1 }}", "9223372036854775806", "9223372036854775807");
	CHECK("{{ -5 | at_least: -7.5 }} {{ 3 | at_most: 2.50 }}", "0", "-5 2.5");
	CHECK_ERROR("{{ 9223372036854775807 | plus: 1 }}", "64 bits");
	CHECK_ERROR("{{ '99999999999999999999' | plus: 1 }}", "64 bits");
	CHECK_ERROR("{{ 99999999999999999999 }}", "64 bits");
	CHECK_ERROR("{{ 5 | divided_by: 0.0 }}", "division by zero");
	CHECK_ERROR("{{ 5 | modulo: 'x' }}", "division by zero");
}

static void test_text(void)
{
	CHECK("{{ value | size }} {{ value | slice: 1, 2 }} {{ value | truncate: 4 }}",
	      "\"\u00e9t\u00e9s!\"", "5 t\u00e9 \u00e9...");
	CHECK("{{ value | upcase }} {{ value | capitalize }} {{ 'ÀÉ' | downcase }}", "\"éTÉ ß\"",
	      "ÉTÉ SS Été ß àé");
	CHECK("{{ value | split: '' | reverse | join }}", "\"aé\"", "é a");
	CHECK("{{ value | replace: '', '-' }}", "\"é1\"", "-é-1-");
	CHECK("{{ value | truncatewords: 2 }}|{{ 'a b' | truncatewords: 2 }}", "\"a b \"",
	      "a b...|a b");
	CHECK("{{ ',a,,b,,' | split: ',' | size }}", "0", "4");
	CHECK("{{ value | default: 'd' }}{{ false | default: 1, allow_false: true }}", "\"\"",
	      "dfalse");
	CHECK("{{ 'aXbXc' | remove_first: 'X' }} {{ 'aXbXc' | remove_last: 'X' }}", "0",
	      "abXc aXbc");
	CHECK("{{ value | upcase | downcase | strip | lstrip | rstrip | append: value }}", "null",
	      "");
}

static void test_lists(void)
{
	const char *people =
	    "[{\"n\":\"b\",\"a\":2},{\"n\":\"A\",\"a\":1.5,\"x\":true},{\"n\":null}]";
	CHECK("{{ value | sort: 'n' | map: 'n' | join }}", people, "A b ");
	CHECK("{{ value | sort_natural: 'n' | map: 'n' | join: '-' }}", people, "A-b-");
	CHECK("{{ value | sum: 'a' }} {{ value | where: 'x' | map: 'n' }}", people, "3.5 A");
	CHECK("{{ value | where: 'n', 'b' | size }} {{ value | compact: 'n' | size }}", people,
	      "1 2");
	CHECK("{{ value | uniq | join }}", "[1,\"1\",1,1.0,[1]]", "1 1 1.0");
	CHECK("{{ value.size }} {{ value.first }} {{ value.last }} {{ value[-1] }} {{ value[9] }}",
	      "[1,2]", "2 1 2 2 ");
	CHECK("{{ (1..3) | reverse | join: '' }}{{ (2..1) | size }}", "0", "3210");
	CHECK_ERROR("{{ (1..9000000000000000000) | join }}", "memory or step limit");
	CHECK_ERROR("{{ (-9223372036854775807..9223372036854775807) | size }}",
		    "memory or step limit");
}

static void test_dates(void)
{
	CHECK("{{ value | date: '%Y-%m-%dT%H:%M:%S.%L%z' }}", "\"2016-03-14 10:20:30.125 +0230\"",
	      "2016-03-14T10:20:30.125+0230");
	CHECK("{{ value | date: '%s' }}", "\"2016-03-14T10:20:30Z\"", "1457950830");
	CHECK("{{ value | date: '%-d.%-m.%y %e %j %A %^a %p %I %:z' }}",
	      "\"Mon, 04 Jul 2016 15:00:00 GMT\"", "4.7.16  4 186 Monday MON PM 03 +00:00");
	CHECK("{{ value | date: '%F' }}", "\"14/03/2016\"", "2016-03-14");
	/* there is no 14th month: no date */
	CHECK("{{ value | date: '%F' }}", "\"03/14/2016\"", "03/14/2016");
	CHECK("{{ value | date: '%F %T' }}", "\"July 4th, 2016 3:04 pm\"", "2016-07-04 15:04:00");
	CHECK("{{ value | date: '%F' }}", "\"2015-02-29\"", "2015-03-01"); /* as Ruby counts on */
	static const struct {
		const char *text, *expected; /* Ruby Liquid 5.4.0 */
	} table[] = {
	    {"\"14-Mar-16\"", "2016-03-14 00:00:00 +0000"},
	    {"\"31-DEC-24\"", "2024-12-31 00:00:00 +0000"},
	    {"\"01-JAN-00\"", "2000-01-01 00:00:00 +0000"},
	    /* no clock: its points are not colons */
	    {"\"14-MAR-16 10.20.30.123456 AM\"", "2016-03-14 00:00:00 +0000"},
	    {"\"14-MAR-69 10:20:30 PM\"", "1969-03-14 22:20:30 +0000"},
	    {"\"Mon Mar 14 10:20:30 EST 2016\"", "2016-03-14 10:20:30 -0500"},
	    {"\"14.03.2016 10:20\"", "2016-03-14 10:20:00 +0000"},
	    {"\"20160314T102030,5Z\"", "2016-03-14 10:20:30 +0000"},
	    {"\"2016-074\"", "2016-03-14 00:00:00 +0000"},
	    {"\"2016-W11-1\"", "2016-W11-1"},
	    {"\"2016-02-30\"", "2016-03-01 00:00:00 +0000"},
	    {"\"2016-02-32\"", "2016-02-32"},
	    {"\"2016-03-14T24:00:00\"", "2016-03-15 00:00:00 +0000"},
	    {"\"March 14\"", "March 14"}, /* its year would be that of today */
	    {"\"10:20\"", "10:20"},
	    {"\"2016-03-14 10:20:30 UTC+2\"", "2016-03-14 10:20:30 +0000"},
	    {"\"H28.03.14\"", "2016-03-14 00:00:00 +0000"},
	    {"\"4 July 44 BC\"", "-0043-07-04 00:00:00 +0000"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		CHECK("{{ value | date: '%F %T %z' }}", table[i].text, table[i].expected);
	CHECK("{{ value | date: '%Q %' }}", "0", "%Q %");
	CHECK("{{ 0 | date: '%Y' }}{{ value | date: '%Y' }}", "\"\"", "1970");
	CHECK("{{ 1000.0 | date: '%F' }}", "0", "1000.0");
	CHECK_ERROR("{{ 'now' | date: '%s' }}", "the file alone");
	CHECK_ERROR("{{ 'No' | append: 'w' | date: '%s' }}", "the file alone");
}

static void test_digests(void)
{
	CHECK("{{ value | sha256 }}", "\"abc\"",
	      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK("{{ value | sha1 }}", "\"abc\"", "a9993e364706816aba3e25717850c26c9cd0d89d");
	CHECK("{{ value | md5 }}", "\"abc\"", "900150983cd24fb0d6963f7d28e17f72");
	CHECK("{{ value | strip | downcase | sha256 }}", "\" A@B.example \"",
	      "ebb18a030bf15174f5714e24d63af1a81355c951ea7389bd2a9bd18e3d0c2477");
	CHECK("{{ value | sha256 }}", "\"\"", ""); /* nobody is not somebody */
	CHECK("{{ value | md5 }}", "null", "");
	CHECK("{{ value | md5 }}", "12", "c20ad4d76fe97759aa27a0c99bff6710");
}

/* Equal values are one, whatever their kind: by their hashes. */
static void test_uniq(void)
{
	CHECK("{{ value | uniq | join: ',' }}",
	      "[\"a\",\"b\",\"a\",1,1,\"1\",1.0,1.0,null,null,true,true]", "a,b,1,1,1.0,,true");
	CHECK("{{ value | uniq | size }}", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1},{\"a\":1}]", "2");
	/* Liquid flattens lists of lists */
	CHECK("{{ value | uniq | size }}", "[[1,2],[1,2],[2,1]]", "2");
	CHECK("{{ value | uniq: 'k' | map: 'v' | join }}",
	      "[{\"k\":1,\"v\":1},{\"k\":1,\"v\":2},{\"k\":2,\"v\":3}]", "1 3");
	CHECK("{{ value | uniq | size }}", "[0.0,-0.0]", "1");
}

static void test_errors(void)
{
	CHECK_ERROR("{{ value | upcas }}", "did you mean 'upcase'");
	CHECK_ERROR("{{ value | lower }}", "did you mean 'downcase'");
	CHECK_ERROR("{{ value | Trim }}", "did you mean 'strip'");
	CHECK_ERROR("{{ value | substring: 1 }}", "did you mean 'slice'");
	CHECK_ERROR("ab {% if value %}", "not supported");
	CU_ASSERT_EQUAL(fault.at, 3);
	CHECK_ERROR("é{{ value", "not closed");
	CU_ASSERT_EQUAL(fault.at, 1);
	CHECK_ERROR("{{ 'a }}", "quote");
	CHECK_ERROR("{{ vaule }}", "no variable 'vaule' here, only value, key");
	CHECK_ERROR("{{ ['value'] }}", "name");
	CHECK_ERROR("{{ value | append }}", "needs 1 argument");
	CHECK_ERROR("{{ value | upcase: 1 }}", "no more than 0");
	CHECK_ERROR("{{ value | append: x: 1 }}", "no argument of this name");
	CHECK_ERROR("{{ value ! }}", "no meaning");
	CHECK_ERROR("{{ value | slice: 'x' }}", "integer");
	CHECK_ERROR("{{ value[[[[[[[[[[[[[[[[[[[[[[[[ }}", "nested");
	CHECK_ERROR("{{ value | concat: 1 }}", "list");
}

/* A run's share of memory and work is bounded: these would take hours or gigabytes. */
static void test_bounds(void)
{
	struct df_buf text = {0};
	df_buf_adds(&text, "{{ '0123456789abcdef'");
	for (int i = 0; i < 30; i++)
		df_buf_adds(&text, " | replace: '', '0123456789abcdef'");
	df_buf_adds(&text, " }}");
	CHECK_ERROR(df_buf_cstr(&text), "memory or step limit");
	/* the work grows with the list, not with its square */
	CHECK("{{ (1..50000) | uniq | size }}", "0", "50000");
	df_buf_free(&text);
}

/* Whatever a template holds, it is compiled and run, or refused with a reason. */
static void test_garbage(void)
{
	static const char *const words[] = {
	    "{{",      "}}",       "{{-",        "-}}",        "{%",    "%}",    "|",     ":",
	    ",",       ".",        "..",         "[",          "]",     "(",     ")",     "'",
	    "\"",      "value",    "key",        "first",      "size",  "1",     "-2",    "3.5",
	    "0",       " ",        "join",       "split",      "date",  "slice", "round", "where",
	    "map",     "'a'",      "\"%Y\"",     "nil",        "empty", "true",  "?",     "sort",
	    "uniq",    "sum",      "plus",       "concat",     "\xc3",  "\n",    "times", "modulo",
	    "default", "truncate", "capitalize", "allow_false"};
	static const char *const values[] = {
	    "\"\"", "\"a b\"", "-3.25", "[1,[\"b\"],{\"a\":null}]", "{\"a\":[1,2]}", "null"};
	unsigned long long seed = 1;
	size_t compiled = 0;
	for (int n = 0; n < 60000; n++) {
		struct df_buf text = {0};
		bool framed = n % 2 == 0; /* half of them have at least a tag's frame */
		if (framed)
			df_buf_adds(&text, "{{ value ");
		for (int k = 0; k < 12; k++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			if (framed && k % 3 == 0)
				df_buf_adds(&text, " | ");
			if ((seed >> 40) % 3 != 0)
				df_buf_adds(
				    &text,
				    words[(seed >> 33) % (sizeof(words) / sizeof(words[0]))]);
		}
		if (framed)
			df_buf_adds(&text, " }}");
		const char *got = render(df_buf_cstr(&text), values[n % 6], NULL);
		compiled += got != NULL;
		CU_ASSERT(got != NULL || fault.text[0] != '\0');
		CU_ASSERT(fault.at <= text.len);
		df_buf_free(&text);
	}
	CU_ASSERT(compiled > 200);
}

/* Every filter meets every kind of value. */
static void test_every_filter(void)
{
	static const struct liquid_filter *const tables[] = {
	    liquid_text_filters, liquid_list_filters, liquid_number_filters};
	static const char *const values[] = {
	    "null",
	    "true",
	    "-7",
	    "2.50",
	    "1e300",
	    "1e-300",
	    "\"\"",
	    "\"x\"",
	    "[]",
	    "{}",
	    "[null,{\"x\":[]},\"x\",[1]]",
	    "{\"x\":{\"x\":\"\\u00e9\"}}",
	    "\"99999999999999999999999999999999999999999.99999999999999999999\""};
	static const char *const arguments[] = {"",    ": value", ": 'x'", ": 'x', value",
						": 0", ": -1, 2", ": 1.5", ": (1..2)"};
	const size_t n_values = sizeof(values) / sizeof(values[0]);
	size_t n = 0, fine = 0;
	for (size_t t = 0; t < 3; t++)
		for (const struct liquid_filter *f = tables[t]; f->name != NULL; f++, n++)
			for (size_t i = 0; i < n_values * 8; i++) {
				char *text =
				    df_format("{{ value | %s%s }}", f->name, arguments[i % 8]);
				const char *got = render(text, values[i / 8], NULL);
				fine += got != NULL;
				CU_ASSERT(got != NULL || fault.text[0] != '\0');
				free(text);
			}
	CU_ASSERT_EQUAL(n, 48);
	CU_ASSERT(fine > n * n_values);
}

int main(int argc, char **argv)
{
	static const CU_TestInfo tests[] = {
	    {"values", test_values},
	    {"numbers", test_numbers},
	    {"forms of numbers", test_number_forms},
	    {"text", test_text},
	    {"lists", test_lists},
	    {"dates", test_dates},
	    {"digests", test_digests},
	    {"uniq", test_uniq},
	    {"errors", test_errors},
	    {"bounds", test_bounds},
	    {"garbage", test_garbage},
	    {"every filter", test_every_filter},
	    CU_TEST_INFO_NULL,
	};
	int status = argc == 2 && strcmp(argv[1], "golden") == 0
			 ? golden()
			 : test_main("liquid", NULL, NULL, tests);
	liquid_arena_free(&arena);
	df_buf_free(&out);
	return status;
}
