/* SPDX-License-Identifier: MIT */
#include "../../src/document/document_encode.h"

#include "test.h"

/* In pieces of so many bytes. */
static void encoded(const char *encoding, const char *text, size_t piece, struct df_buf *out)
{
	struct df_err err = {0};
	struct document_encoder e;
	size_t len = strlen(text);
	OK(document_encode_open(&e, encoding, &err));
	for (size_t i = 0; i < len; i += piece)
		document_encode(&e, text + i, len - i < piece ? len - i : piece, out);
	document_encode_close(&e);
}

/* Characters may be cut wherever a piece ends. */
static void test_encodings(void)
{
	static const struct {
		const char *encoding, *text, *wanted;
	} cases[] = {
	    {NULL, "Z\xc3\xbcrich", "Z\xc3\xbcrich"},
	    {"UTF-8", "Z\xc3\xbcrich", "Z\xc3\xbcrich"},
	    {"windows-1252", "Z\xc3\xbcrich \xe2\x82\xac", "Z\xfcrich \x80"},
	    {"iso-8859-1",
	     "a\xe4\xba\xac"
	     "b\xf0\x9f\x8e\x89"
	     "c",
	     "a?b?c"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 1; piece < 12; piece++) {
			struct df_buf out = {0};
			encoded(cases[i].encoding, cases[i].text, piece, &out);
			TEXT_IS(df_buf_cstr(&out), cases[i].wanted);
			df_buf_free(&out);
		}
	}
}

static void test_wide(void)
{
	struct df_buf out = {0};
	encoded("utf-16le", "a\xc3\xbc", 1, &out);
	CU_ASSERT_EQUAL(out.len, 4);
	CU_ASSERT(out.len == 4 && memcmp(out.data, "a\0\xfc\0", 4) == 0);
	df_buf_free(&out);
}

static void test_unknown(void)
{
	struct df_err err = {0};
	struct document_encoder e;
	IS(document_encode_open(&e, "no-such-encoding", &err), DF_RETRY);
	TEXT_HAS(err.text, "no-such-encoding");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"in pieces", test_encodings},
	    {"two bytes each", test_wide},
	    {"an unknown encoding", test_unknown},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_encode", NULL, NULL, tests);
}
