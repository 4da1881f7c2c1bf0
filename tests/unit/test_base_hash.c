/* SPDX-License-Identifier: MIT */
/* Digests, against what the standards give as examples (FIPS 180-2, RFC 1321). */
#include "test.h"

#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_sha256(void)
{
	char hex[DF_SHA256_HEX];
	struct df_sha256 *h = df_sha256_new();
	df_sha256_add(h, "a", 1);
	df_sha256_add(h, "", 0);
	df_sha256_add(h, "bc", 2);
	df_sha256_end(h, hex);
	TEXT_IS(hex, ABC_SHA256);
	df_sha256_free(h);
	h = df_sha256_new();
	df_sha256_end(h, hex);
	TEXT_IS(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	df_sha256_free(h);
	df_sha256_free(NULL);
}

static void test_digests(void)
{
	char hex[DF_DIGEST_HEX];
	CU_ASSERT(df_digest_hex(DF_SHA256, "abc", 3, hex));
	TEXT_IS(hex, ABC_SHA256);
	CU_ASSERT(df_digest_hex(DF_SHA1, "abc", 3, hex));
	TEXT_IS(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	for (int i = 0; i < 3; i++) { /* one after the other, as a thread does */
		CU_ASSERT(df_digest_hex(DF_SHA256, "abc", 3, hex));
		CU_ASSERT_NSTRING_EQUAL(hex, "ba7816bf", 8);
		CU_ASSERT(df_digest_hex(DF_SHA256, "", 0, hex));
		CU_ASSERT_NSTRING_EQUAL(hex, "e3b0c442", 8);
	}
	if (df_digest_hex(DF_MD5, "abc", 3, hex)) /* a libcrypto in FIPS mode has it not */
		TEXT_IS(hex, "900150983cd24fb0d6963f7d28e17f72");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"SHA-256, in pieces", test_sha256},
	    {"digests", test_digests},
	    CU_TEST_INFO_NULL,
	};
	return test_main("base_hash", NULL, NULL, tests);
}
