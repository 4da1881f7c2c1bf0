/* SPDX-License-Identifier: MIT */
/* Every byte at every place, against what anyone can check by eye. */
#include "../../src/map/map_uuid.h"

#include "test.h"

#include <ctype.h>

static const char good[] = "0123456F-89aB-CdeE-fA90-00000000ffff";

static bool may_be(size_t place, unsigned char c)
{
	bool dash = place == 8 || place == 13 || place == 18 || place == 23;
	return dash ? c == '-' : isxdigit(c) != 0;
}

static void test_bytes(void)
{
	size_t wrong = 0;
	for (size_t place = 0; place < MAP_UUID_LEN; place++) {
		for (int c = 0; c < 256; c++) {
			char text[MAP_UUID_LEN + 1];
			memcpy(text, good, sizeof(text));
			text[place] = (char)c;
			wrong += map_uuid_is(text, MAP_UUID_LEN) != may_be(place, (unsigned char)c);
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Two wrong bytes do not make a right one: each carries to the next one at most. */
static void test_pairs(void)
{
	size_t taken = 0;
	for (size_t place = 0; place + 1 < MAP_UUID_LEN; place++) {
		for (int c = 0; c < 256; c++) {
			for (int d = 0; d < 256; d++) {
				char text[MAP_UUID_LEN + 1];
				memcpy(text, good, sizeof(text));
				text[place] = (char)c;
				text[place + 1] = (char)d;
				bool is = may_be(place, (unsigned char)c) &&
					  may_be(place + 1, (unsigned char)d);
				taken += map_uuid_is(text, MAP_UUID_LEN) != is;
			}
		}
	}
	CU_ASSERT_EQUAL(taken, 0);
}

static void test_lengths(void)
{
	CU_ASSERT(map_uuid_is(good, MAP_UUID_LEN));
	CU_ASSERT(!map_uuid_is(good, MAP_UUID_LEN - 1));
	CU_ASSERT(!map_uuid_is(good, MAP_UUID_LEN + 1));
	CU_ASSERT(!map_uuid_is("", 0));
}

int main(void)
{
	static const CU_TestInfo tests[] = {{"a byte", test_bytes},
					    {"two bytes", test_pairs},
					    {"lengths", test_lengths},
					    CU_TEST_INFO_NULL};
	return test_main("map_uuid", NULL, NULL, tests);
}
