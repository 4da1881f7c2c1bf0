/* SPDX-License-Identifier: MIT */
#include "../../src/conf/conf_ini.h"
#include "dropfeed/base.h"
#include "test.h"

static bool known(const char *name)
{
	return strcmp(name, "key") == 0;
}

/* What the reader finds, an item a line: "line [title]", "line name=value", "line !problem". */
static void expect_bytes(const char *bytes, size_t len, const char *want, int source_line)
{
	char *text = df_alloc(len + 1);
	memcpy(text, bytes, len);
	struct conf_ini ini = {.text = text, .len = len, .is_key = known};
	struct df_buf got = {0};
	while (conf_ini_next(&ini)) {
		if (ini.problem != NULL)
			df_buf_addf(&got, "%d !%.12s\n", ini.line, ini.problem);
		if (ini.kind == CONF_INI_SECTION && ini.name != NULL)
			df_buf_addf(&got, "%d [%s]\n", ini.line, ini.name);
		if (ini.kind == CONF_INI_KEY)
			df_buf_addf(&got, "%d %s=%s|\n", ini.line, ini.name, ini.value);
	}
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&got), want);
	if (strcmp(df_buf_cstr(&got), want) != 0)
		fprintf(stderr, "line %d: got\n%s", source_line, df_buf_cstr(&got));
	df_buf_free(&got);
	free(text);
}
#define EXPECT(text, want) expect_bytes(text, sizeof(text) - 1, want, __LINE__)

static void test_lines(void)
{
	EXPECT("", "");
	EXPECT("\n\n  \n", "");
	EXPECT("# c\n; c\n  # c\n[a]\nx = 1\ny=2", "4 [a]\n5 x=1|\n6 y=2|\n");
	EXPECT("\xef\xbb\xbf[a]\r\nx = 1 \t\r\n\r\ny : 2:3=4\r\n", "1 [a]\n2 x=1|\n4 y=2:3=4|\n");
	EXPECT("x =\ny = \nz", "1 x=|\n2 y=|\n3 !neither a se\n");
	EXPECT("= 1\nx = = 2\n", "1 !neither a se\n2 x== 2|\n");
	EXPECT("x y = 1\n", "1 x y=1|\n");
	EXPECT("\xef\xbb\xbf", "");
}

static void test_sections(void)
{
	EXPECT("[ feed  a ]  ; c\n[b] # c\n[c]\n[]\n", "1 [feed  a]\n2 [b]\n3 [c]\n4 []\n");
	EXPECT("[a\n[b] x\n[\n", "1 !the section'\n2 !nothing may \n2 [b]\n3 !the section'\n");
}

static void test_continued(void)
{
	EXPECT("x = a\n  b\n\tc\r\n d", "1 x=a b c d|\n");
	EXPECT("x =\n  b\n", "1 x=b|\n");
	EXPECT("x =   \r\n\r\n  b\n", "1 x=|\n3 !neither a se\n");
	EXPECT("  x = a\n  y = b\n   c\n z = d\n", "1 x=a|\n2 y=b c|\n4 z=d|\n");
	/* comments in between do not end a value; an empty line does; so does a section */
	EXPECT("x = a\n# c\n    ; c\n  b\nz = 1\n", "1 x=a b|\n5 z=1|\n");
	EXPECT("x = a\n [s]\n", "1 x=a [s]|\n");
	EXPECT("x = a\n[s]\n  y = b\n", "1 x=a|\n2 [s]\n3 y=b|\n");
	/* a key that is known begins a line of its own; another word with a sign does not */
	EXPECT("x = a\n  key = b\n  keys = c\n  key: d\n",
	       "1 x=a|\n2 key=b|\n3 keys=c|\n4 key=d|\n");
	EXPECT("x = a\n  keys = c\n  key: d\n", "1 x=a keys = c key: d|\n");
	EXPECT("x = a\n        b\n\tc = 1\n", "1 x=a b c = 1|\n");
	/* a backslash as in a shell is a mistake, where the value goes on */
	EXPECT("x = a \\\n  b\n", "1 !a value goes\n1 x=a \\ b|\n");
	EXPECT("x = a\n  b\\\r\n  c\n", "1 !a value goes\n1 x=a b\\ c|\n");
	EXPECT("x = \\\n  key = b\n", "1 x=\\|\n2 key=b|\n");
}

static void test_bytes(void)
{
	EXPECT("x = 1\0\ny = 2\n", "1 !the line hol\n2 y=2|\n");
	EXPECT("x = 1\n  \0\n  z\n", "1 x=1|\n2 !the line hol\n3 !neither a se\n");
	EXPECT("x = 1\ry = 2\n", "1 !the line hol\n");
	EXPECT("x = 1\r\r\ny = 2\r", "1 !the line hol\n2 y=2|\n");
}

static void check_value(const char *value, const char *comment, bool quoted, const char *plain)
{
	char *copy = df_strdup(value);
	const char *found = conf_ini_comment(copy);
	CU_ASSERT_STRING_EQUAL(found != NULL ? found : "", comment);
	CU_ASSERT_EQUAL(conf_ini_quoted(value), quoted);
	conf_ini_unescape(copy);
	CU_ASSERT_STRING_EQUAL(copy, plain);
	free(copy);
}

static void test_values(void)
{
	check_value("a", "", false, "a");
	check_value("", "", false, "");
	check_value("a#b;c", "", false, "a#b;c");
	check_value("a # b ; c", "# b ; c", false, "a # b ; c");
	check_value("a\t;c", ";c", false, "a\t;c");
	check_value("#", "", false, "#");
	check_value(";", "", false, ";");
	check_value("# a", "# a", false, "# a");
	check_value("a \\# b \\; c", "", false, "a # b ; c");
	check_value("\\# a", "", false, "# a");
	check_value("a\\#", "", false, "a\\#");
	check_value("\\N", "", false, "\\N");
	check_value("\"", "", false, "\"");
	check_value("\"\"", "", true, "\"\"");
	check_value("\"a\" or 'b'", "", false, "\"a\" or 'b'");
	check_value("'a'", "", true, "'a'");
	check_value("\\\"a\"", "", false, "\"a\"");
	check_value("\\'a' \\'b'", "", false, "'a' \\'b'");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"lines", test_lines},
	    {"sections", test_sections},
	    {"values over several lines", test_continued},
	    {"bytes that no line holds", test_bytes},
	    {"quotes and trailing comments", test_values},
	    CU_TEST_INFO_NULL,
	};
	return test_main("conf_ini", NULL, NULL, tests);
}
