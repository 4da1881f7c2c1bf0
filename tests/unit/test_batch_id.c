/* SPDX-License-Identifier: MIT */
/* Ids of batches and rows, and the hash that lanes depend on. */
#include "batch_fixture.h"

#include <xxhash.h>

/* Ids depend on each of the names that make them. */
static void test_ids(void)
{
	static struct seen s;
	struct test_row row = {.ids = "\"mpid\":1", .batch = "\"mpid\":1"};
	struct batch_settings sets[4] = {settings("eventless"), settings("eventless"),
					 settings("eventless"), settings("eventless")};
	char ids[5][128];
	sets[1].feed = "g";
	sets[2].sha256 = "01";
	sets[3].document = "d";
	for (size_t i = 0; i < 5; i++) {
		make(&sets[i % 4], &row, 1, &s);
		snprintf(ids[i], sizeof(ids[i]), "%s", text_of(s.v[0], "source_request_id"));
		for (size_t k = 0; k < i && i < 4; k++)
			CU_ASSERT_STRING_NOT_EQUAL(ids[i], ids[k]);
		clear(&s);
	}
	CU_ASSERT_STRING_EQUAL(ids[0], ids[4]);
}

/* As libuuid makes them, by whatever hashes: one at a time, and with up to twenty others. */
static void id_names(batch_sha1_all sha1)
{
	struct batch_space space;
	uint64_t position = 0;
	static char before[20][BATCH_ID_LEN];
	batch_space_init(&space, "feed", "0123", "document");
	space.sha1 = sha1;
	for (size_t i = 0; i < 200; i++, position = i < 12    ? i
						    : i < 199 ? position * 5 / 4
							      : UINT64_MAX) {
		char name[32], ours[BATCH_ID_LEN + 1] = "", theirs[UUID_STR_LEN];
		uuid_t id;
		int n = snprintf(name, sizeof(name), "r%llu", (unsigned long long)position);
		uuid_generate_sha1(id, space.root, name, (size_t)n);
		uuid_unparse_lower(id, theirs);
		struct batch_id_maker ids;
		batch_id_begin(&ids, &space);
		memset(before, 0, sizeof(before));
		for (size_t k = 0; k < i % 21; k++)
			batch_id_row(&ids, position + 1, before[k]);
		batch_id_row(&ids, position, ours);
		batch_id_end(&ids);
		CU_ASSERT_STRING_EQUAL(ours, theirs);
		for (size_t k = 1; k < i % 21; k++)
			CU_ASSERT(memcmp(before[0], before[k], BATCH_ID_LEN) == 0);
	}
}

static void test_id_names(void)
{
	unsigned n = 0;
	for (; batch_sha1_variant(n) != NULL; n++)
		id_names(batch_sha1_variant(n));
	CU_ASSERT(n > 0 && batch_sha1_best() == batch_sha1_variant(n - 1));
	printf("%u variants of SHA-1 ", n);
}

/* Numbers that follow one another, past each number of digits, and those that do not. */
static void test_id_numbers(void)
{
	enum { EACH = 12, N = 5 * EACH };
	const uint64_t from[N / EACH] = {0, 94, 999999990, UINT64_MAX - EACH + 1, 0};
	static char ours[N][BATCH_ID_LEN], twice[N][BATCH_ID_LEN];
	struct batch_space space;
	struct batch_id_maker ids;
	batch_space_init(&space, "feed", "0123", "document");
	batch_id_begin(&ids, &space);
	for (size_t i = 0; i < N; i++) {
		const struct batch_content content = {.position = from[i / EACH] + i % EACH};
		batch_id_row(&ids, content.position, ours[i]);
		batch_id_batch(&ids, &content, twice[i]);
	}
	batch_id_end(&ids);
	for (size_t i = 0; i < 2 * N; i++) {
		char name[32], theirs[UUID_STR_LEN];
		uuid_t id;
		uint64_t number = from[i / 2 / EACH] + i / 2 % EACH;
		int n = snprintf(name, sizeof(name), "%c%llu", i % 2 == 0 ? 'r' : 'b',
				 (unsigned long long)number);
		uuid_generate_sha1(id, space.root, name, (size_t)n);
		uuid_unparse_lower(id, theirs);
		CU_ASSERT(memcmp((i % 2 == 0 ? ours : twice)[i / 2], theirs, BATCH_ID_LEN) == 0);
	}
}

/* The id of a batch as it is defined: worked out here from its JSON, by libuuid and the hash
 * alone. */
static void id_defined(const struct batch *b, const struct batch_settings *set,
		       char out[UUID_STR_LEN])
{
	struct batch_space space;
	uuid_t id;
	char name[64];
	XXH128_canonical_t hash;
	char *text = df_strdup(b->json);
	for (char *p = text; (p = strstr(p, "\"source_message_id\":\"")) != NULL;
	     p += 22 + BATCH_ID_LEN)
		memset(p + 21, ' ', BATCH_ID_LEN);
	const char *body = text + sizeof("{\"source_request_id\":\"") - 1 + BATCH_ID_LEN;
	XXH128_canonicalFromHash(&hash, XXH3_128bits(body, strlen(body)));
	size_t n = (size_t)snprintf(name, sizeof(name), "b%llu", (unsigned long long)b->position);
	memcpy(name + n, hash.digest, sizeof(hash.digest));
	batch_space_init(&space, set->feed, set->sha256, set->document);
	uuid_generate_sha1(id, space.root, name, n + sizeof(hash.digest));
	uuid_unparse_lower(id, out);
	free(text);
}

/* Other content never has an id that was used; the same content has the same. */
static void test_ids_hang_on_content(void)
{
	static struct test_row rows[250];
	static struct seen s, other, old;
	struct batch_settings set = settings("custom_event");
	char id[UUID_STR_LEN], message[64];
	random_rows(rows, 250, 10, 2);
	make(&set, rows, 250, &s);
	for (size_t i = 0; i < s.n; i++) {
		id_defined(s.v[i], &set, id);
		CU_ASSERT_STRING_EQUAL(text_of(s.v[i], "source_request_id"), id);
		CU_ASSERT_TRUE(s.v[i]->id_len == BATCH_ID_LEN &&
			       memcmp(s.v[i]->id, id, BATCH_ID_LEN) == 0);
	}
	/* another environment, say: every batch is another one, every row the same */
	for (size_t i = 0; i < 250; i++)
		strcat(rows[i].batch, ",\"environment\":\"production\"");
	make(&set, rows, 250, &other);
	set.format = BATCH_FORMAT_0_1;
	make(&set, rows, 250, &old);
	CU_ASSERT_EQUAL_FATAL(s.n, other.n);
	for (size_t i = 0; i < s.n; i++) {
		CU_ASSERT_NOT_EQUAL(memcmp(s.v[i]->id, other.v[i]->id, BATCH_ID_LEN), 0);
		const char *m = strstr(s.v[i]->json, "\"source_message_id\"");
		snprintf(message, sizeof(message), "%.*s", 22 + (int)BATCH_ID_LEN, m);
		CU_ASSERT_PTR_NOT_NULL(strstr(other.v[i]->json, message));
		CU_ASSERT_PTR_NULL(strstr(other.v[i]->json, "\"   "));
	}
	clear(&s);
	/* format 1: the position alone */
	for (size_t i = 0; i < 250; i++)
		*strstr(rows[i].batch, ",\"environment\"") = '\0';
	make(&set, rows, 250, &s);
	for (size_t i = 0; i < s.n; i++)
		CU_ASSERT_EQUAL(memcmp(s.v[i]->id, old.v[i]->id, BATCH_ID_LEN), 0);
	clear(&s);
	clear(&old);
	clear(&other);
}

/* These never change: they would come to the API as other rows. A change of what they are made
 * from is another BATCH_FORMAT. */
static void test_ids_stay(void)
{
	static struct seen s;
	struct test_row row = {
	    .ids = "\"mpid\":1", .batch = "\"mpid\":1", .data = "\"event_name\":\"e\""};
	struct batch_settings set = settings("custom_event");
	make(&set, &row, 1, &s);
	CU_ASSERT_STRING_EQUAL(text_of(s.v[0], "source_request_id"),
			       "63965033-66e2-5cfe-8a0c-716905a82387");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(s.v[0]->json, "\"source_message_id\":\"4c6bc113-78e3-52ea-b4de-782b539d5d79\""));
	clear(&s);
	set.format = BATCH_FORMAT_0_1;
	make(&set, &row, 1, &s);
	CU_ASSERT_STRING_EQUAL(text_of(s.v[0], "source_request_id"),
			       "06849e98-cb54-5f27-917f-d030be38fcb7");
	clear(&s);
}

/* The file's own id serves one batch; further ones get another, or the API would drop them. */
static void test_own_ids(void)
{
	static struct test_row rows[250];
	static struct seen s;
	struct batch_settings set = settings("custom_event");
	random_rows(rows, 250, 1, 1);
	for (size_t i = 0; i < 250; i++)
		rows[i].request_id = "mine";
	make(&set, rows, 250, &s);
	CU_ASSERT_EQUAL_FATAL(s.n, 3);
	CU_ASSERT_STRING_EQUAL(text_of(s.v[0], "source_request_id"), "mine");
	CU_ASSERT_STRING_NOT_EQUAL(text_of(s.v[1], "source_request_id"), "mine");
	CU_ASSERT_PTR_NULL(strstr(s.v[2]->json, text_of(s.v[1], "source_request_id")));
	clear(&s);
}

/* More of them than are kept in memory: no id is forgotten, none is taken for another. */
static void test_many_own_ids(void)
{
	const char *tmp = getenv("TMPDIR");
	struct df_err err = {0};
	const uint64_t n = 30000;
	for (int in_file = 0; in_file < 2; in_file++) {
		struct batch_ids ids = {.scratch = in_file ? (tmp != NULL ? tmp : "/tmp") : NULL,
					.memory_bits = 12,
					.fd = -1};
		uint64_t wrong = 0;
		for (uint64_t i = 0; i < n + n / 2; i++) { /* the last third once more */
			char text[32];
			bool fresh = false;
			int len = snprintf(text, sizeof(text), "id-%llu",
					   (unsigned long long)(i < n ? i : i - n / 2));
			if (batch_ids_enter(&ids, batch_hash(text, (size_t)len), &fresh, &err) !=
				DF_OK ||
			    fresh != (i < n))
				wrong++;
			/* as long as they fit into memory, no file is asked */
			wrong += i < 3000 && ids.v == NULL;
		}
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(ids.n, n);
		CU_ASSERT_EQUAL(ids.v == NULL, in_file == 1);
		batch_ids_free(&ids);
	}
	struct batch_ids nowhere = {.scratch = "/nonexistent", .memory_bits = 12, .fd = -1};
	enum df_status st = DF_OK;
	bool fresh = false;
	for (uint64_t i = 1; i < 100000 && st == DF_OK; i++)
		st = batch_ids_enter(&nowhere, i * UINT64_C(0x9e3779b97f4a7c15), &fresh, &err);
	CU_ASSERT_NOT_EQUAL(st, DF_OK);
	CU_ASSERT_EQUAL(nowhere.n, 3072); /* three quarters of the slots */
	CU_ASSERT_TRUE(err.text[0] != '\0');
	batch_ids_free(&nowhere);
}

/* Lanes depend on it: the same for every version. */
static uint64_t hash_by_bytes(const unsigned char *p, size_t len)
{
	const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
	uint64_t h = len * m;
	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = 0;
		for (size_t k = i; k < len && k < i + 8; k++)
			word |= (uint64_t)p[k] << (8 * (k - i));
		word *= m;
		h = (h ^ ((word ^ (word >> 47)) * m)) * m;
	}
	h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h != 0 ? h : 1;
}

static void test_hash(void)
{
	for (size_t len = 0; len < 70; len++) {
		unsigned char *bytes = calloc(len > 0 ? len : 1, 1); /* a read past the end shows */
		for (size_t i = 0; i < len; i++)
			bytes[i] = (unsigned char)(i * 37 + len * 11);
		CU_ASSERT_EQUAL(batch_hash((const char *)bytes, len), hash_by_bytes(bytes, len));
		free(bytes);
	}
}

/* Of any length, wherever it begins. */
static void test_content_hash(void)
{
	batch_xxh ours = batch_xxh_avx2();
	unsigned char got[BATCH_XXH_LEN];
	XXH128_canonical_t hash;
	static char bytes[8192];
	if (ours == NULL) {
		printf("skip: not for this processor ");
		return;
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	for (size_t len = 0; len < sizeof(bytes) - 8; len += len < 600 ? 1 : 61) {
		char *own = malloc(len + 1); /* a read past the end shows */
		memcpy(own, bytes + len % 7, len);
		ours(own, len, got);
		XXH128_canonicalFromHash(&hash, XXH3_128bits(own, len));
		CU_ASSERT_EQUAL(memcmp(got, hash.digest, BATCH_XXH_LEN), 0);
		free(own);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"ids", test_ids},
	    {"ids against libuuid", test_id_names},
	    {"ids of numbers that follow one another", test_id_numbers},
	    {"many ids that the file brings", test_many_own_ids},
	    {"ids hang on content", test_ids_hang_on_content},
	    {"ids stay what they are", test_ids_stay},
	    {"ids that the file brings", test_own_ids},
	    {"the hash that lanes depend on", test_hash},
	    {"the hash of content against the library's", test_content_hash},
	    CU_TEST_INFO_NULL,
	};
	return test_main("batch_id", NULL, NULL, tests);
}
