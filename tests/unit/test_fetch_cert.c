/* SPDX-License-Identifier: MIT */
/* Host certificates made by the real ssh-keygen, and what becomes of every byte of them; which
 * lines of known_hosts speak of a host. */
#include "fetch_peer.h"

#include "../../src/fetch/fetch_cert.h"

#include <openssl/evp.h>

enum { NOW = 1800000000, CERT_MAX = 8192 };

static struct conf_feed feed = {.fetch.source = {.host = (char *)"SFTP.example.com", .port = 22},
				.fetch.known_hosts = (char *)"known_hosts"};

struct made {
	unsigned char blob[CERT_MAX], authority[CERT_MAX];
	size_t len, authority_len;
};

/* The second word of a public key's file. */
static size_t key_read(const char *path, unsigned char out[CERT_MAX])
{
	char *text = first_line("cut -d' ' -f2 %s", path);
	int n = strlen(text) < CERT_MAX
		    ? EVP_DecodeBlock(out, (const unsigned char *)text, (int)strlen(text))
		    : -1;
	size_t pads = strlen(text) - strcspn(text, "=");
	free(text);
	return n > 0 ? (size_t)n - pads : 0;
}

/* A key of the one kind, signed by one of the other; further arguments of ssh-keygen. */
static void make(struct made *out, const char *key, const char *authority, const char *arguments)
{
	*out = (struct made){0};
	CU_ASSERT_FATAL(
	    run("cd %s && rm -f h h.pub h-cert.pub a a.pub && ssh-keygen -q -t %s -N '' -f h && "
		"ssh-keygen -q -t %s -N '' -f a && ssh-keygen -q -s a -I id -z 42 %s h.pub",
		scratch, key, authority, arguments) == 0);
	char *cert = df_format("%s/h-cert.pub", scratch), *from = df_format("%s/a.pub", scratch);
	out->len = key_read(cert, out->blob);
	out->authority_len = key_read(from, out->authority);
	CU_ASSERT_FATAL(out->len > 0 && out->authority_len > 0);
	free(cert);
	free(from);
}

static enum df_status check_with(const struct fetch_known *known, const struct made *made,
				 int64_t now, int *line, struct df_err *err)
{
	struct fetch_cert cert;
	*err = (struct df_err){0};
	enum df_status st = fetch_cert_read(made->blob, made->len, &cert, err);
	if (st == DF_OK)
		st = fetch_cert_check(&feed, known, &cert, now, line, err);
	fetch_cert_free(&cert);
	return st;
}

/* With the authority that made it, in line 3. */
static enum df_status check(const struct made *made, int64_t now, struct df_err *err)
{
	struct fetch_known known = {0};
	int line = 0;
	fetch_known_add(&known, FETCH_KEY_AUTHORITY, made->authority, made->authority_len, 3);
	enum df_status st = check_with(&known, made, now, &line, err);
	CU_ASSERT(st != DF_OK || line == 3);
	fetch_known_free(&known);
	return st;
}

#define FITS "-h -n sftp.example.com -V 20200101:20400101"

static void test_every_kind(void)
{
	static const char *const keys[] = {"ed25519", "ecdsa -b 256", "ecdsa -b 384",
					   "ecdsa -b 521", "rsa -b 2048"};
	static const char *const ways[] = {FITS, FITS, FITS, FITS, FITS " -t rsa-sha2-256"};
	struct df_err err = {0};
	struct made made;
	for (size_t i = 0; i < 5; i++) {
		/* each as the key with another as the authority, and as the authority */
		make(&made, keys[i], keys[(i + 1) % 5], ways[(i + 1) % 5]);
		CU_ASSERT(is_status(check(&made, NOW, &err), DF_OK, &err));
		struct fetch_cert cert;
		CU_ASSERT(fetch_cert_read(made.blob, made.len, &cert, &err) == DF_OK);
		unsigned char plain[CERT_MAX];
		char *path = df_format("%s/h.pub", scratch);
		size_t len = key_read(path, plain);
		CU_ASSERT(cert.key.len == len && memcmp(cert.key.data, plain, len) == 0);
		CU_ASSERT(cert.serial == 42 && fetch_bytes_are(cert.id, "id"));
		free(path);
		fetch_cert_free(&cert);
	}
	make(&made, "ed25519", "rsa -b 2048", FITS " -t rsa-sha2-512");
	CU_ASSERT(is_status(check(&made, NOW, &err), DF_OK, &err));
	make(&made, "ed25519", "rsa -b 2048", FITS " -t ssh-rsa");
	CU_ASSERT(is_status(check(&made, NOW, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "SHA-1"));
}

/* A byte more, less, or another one anywhere: never accepted. */
static void test_every_byte(void)
{
	static const char *const kinds[] = {"ed25519", "ecdsa -b 256", "rsa -b 2048"};
	for (size_t k = 0; k < 3; k++) {
		struct df_err err = {0};
		struct made made;
		make(&made, "ed25519", kinds[k], FITS);
		CU_ASSERT(is_status(check(&made, NOW, &err), DF_OK, &err));
		size_t len = made.len;
		for (size_t i = 0; i < len; i++) {
			made.blob[i] ^= 0x01;
			CU_ASSERT(check(&made, NOW, &err) == DF_DENIED && err.text[0] != '\0');
			made.blob[i] ^= 0x01;
			made.len = i;
			CU_ASSERT(check(&made, NOW, &err) == DF_DENIED && err.text[0] != '\0');
			made.len = len;
		}
		made.len = len + 1;
		CU_ASSERT(is_status(check(&made, NOW, &err), DF_DENIED, &err));
		made.len = len;
		CU_ASSERT(is_status(check(&made, NOW, &err), DF_OK, &err));
	}
}

static void test_refused(void)
{
	static const struct {
		const char *arguments, *says;
	} cases[] = {
	    {"-n sftp.example.com", "made for users"},
	    {"-h", "no name at all"},
	    {"-h -n example.com,tp.example.com", "made for example.com, tp.example.com, not for"},
	    {"-h -n sftp.example.com.evil.example", "not for 'sftp.example.com'"},
	    {"-h -n sftp.example.co?m", "not for 'sftp.example.com'"},
	    {"-h -n sftp.example.com -O critical:a@b.example=c", "option 'a@b.example'"},
	    {"-h -n sftp.example.com -V 20200101:20210101", "expired at 202"},
	    {"-h -n sftp.example.com -V 20900101:20910101", "not valid before 20"},
	};
	static const char *const good[] = {
	    FITS " -O extension:a@b.example=c", "-h -n a,b,sftp.example.com -V always:forever",
	    "-h -n '*.example.com'", "-h -n 'Sft?.EXAMPLE.com'", "-h -n '*'"};
	struct df_err err = {0};
	struct made made;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(&made, "ed25519", "ed25519", cases[i].arguments);
		CU_ASSERT(is_status(check(&made, NOW, &err), DF_DENIED, &err));
		CU_ASSERT(says(&err, cases[i].says));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		make(&made, "ed25519", "ed25519", good[i]);
		CU_ASSERT(is_status(check(&made, NOW, &err), DF_OK, &err));
	}
}

/* From the first second on, and not in the last (PROTOCOL.certkeys). */
static void test_the_second(void)
{
	struct df_err err = {0};
	struct fetch_cert cert;
	struct made made;
	make(&made, "ed25519", "ed25519", FITS);
	CU_ASSERT_FATAL(fetch_cert_read(made.blob, made.len, &cert, &err) == DF_OK);
	int64_t from = (int64_t)cert.after, to = (int64_t)cert.before;
	fetch_cert_free(&cert);
	CU_ASSERT(is_status(check(&made, from - 1, &err), DF_DENIED, &err));
	CU_ASSERT(is_status(check(&made, from, &err), DF_OK, &err));
	CU_ASSERT(is_status(check(&made, to - 1, &err), DF_OK, &err));
	CU_ASSERT(is_status(check(&made, to, &err), DF_DENIED, &err));
	CU_ASSERT(is_status(check(&made, -1, &err), DF_DENIED, &err));
}

static void test_whose(void)
{
	struct df_err err = {0};
	struct made made;
	struct fetch_known known = {0};
	struct fetch_cert cert;
	int line = 0;
	make(&made, "ed25519", "ed25519", FITS);
	CU_ASSERT_FATAL(fetch_cert_read(made.blob, made.len, &cert, &err) == DF_OK);
	/* known as a host's key: not an authority */
	fetch_known_add(&known, FETCH_KEY_KNOWN, made.authority, made.authority_len, 1);
	CU_ASSERT(is_status(check_with(&known, &made, NOW, &line, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "signed by ssh-ed25519 SHA256:"));
	fetch_known_add(&known, FETCH_KEY_AUTHORITY, made.authority, made.authority_len, 2);
	CU_ASSERT(is_status(check_with(&known, &made, NOW, &line, &err), DF_OK, &err));
	CU_ASSERT(line == 2);
	fetch_known_add(&known, FETCH_KEY_REVOKED, cert.key.data, cert.key.len, 8);
	CU_ASSERT(is_status(check_with(&known, &made, NOW, &line, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "its key (SHA256:"));
	CU_ASSERT(says(&err, "is revoked by known_hosts line 8"));
	fetch_known_add(&known, FETCH_KEY_REVOKED, made.authority, made.authority_len, 9);
	CU_ASSERT(is_status(check_with(&known, &made, NOW, &line, &err), DF_DENIED, &err));
	CU_ASSERT(says(&err, "the authority's key"));
	CU_ASSERT(says(&err, "known_hosts line 9"));
	fetch_known_free(&known);
	fetch_cert_free(&cert);
}

/* ---- known_hosts ---- */

/* The kind of key that a line with these words has for host h.example, port 2222. */
static int line_kind(const char *words)
{
	struct df_err err = {0};
	struct fetch_known known = {0};
	struct conf_feed of = {.fetch.source = {.host = (char *)"H.example", .port = 2222}};
	of.fetch.known_hosts = df_format("%s/known", scratch);
	CU_ASSERT_FATAL(run("echo \"%s $(cut -d' ' -f1,2 %s/a.pub)\" >%s", words, scratch,
			    of.fetch.known_hosts) == 0);
	CU_ASSERT(is_status(fetch_known_read(&of, &known, &err), DF_OK, &err));
	int kind = known.n == 1 ? (int)known.v[0].kind : -1;
	fetch_known_free(&known);
	free(of.fetch.known_hosts);
	return kind;
}

static void test_lines(void)
{
	static const struct {
		const char *words;
		int kind;
	} cases[] = {
	    {"@cert-authority *", FETCH_KEY_AUTHORITY},
	    {"@cert-authority h.example", FETCH_KEY_AUTHORITY},
	    {"@cert-authority [h.example]:2222", FETCH_KEY_AUTHORITY},
	    {"@cert-authority *.EXAMPLE", FETCH_KEY_AUTHORITY},
	    {"@cert-authority a,b,?.example", FETCH_KEY_AUTHORITY},
	    {"@cert-authority !a.example,*.example", FETCH_KEY_AUTHORITY},
	    {"@cert-authority [h.example]:22", -1},
	    {"@cert-authority !h.example,*", -1},
	    {"@cert-authority *,![h.example]:2222", -1},
	    {"@cert-authority ![*]:*,*", -1},
	    {"@cert-authority h.example.org", -1},
	    {"@revoked *", FETCH_KEY_REVOKED},
	    {"@revoked h.example", FETCH_KEY_REVOKED},
	    {"[h.example]:2222", FETCH_KEY_KNOWN},
	    {"h.example", -1}, /* of another port */
	    {"@other *", -1},
	};
	struct made made;
	make(&made, "ed25519", "ed25519", FITS);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int kind = line_kind(cases[i].words);
		if (kind != cases[i].kind)
			fprintf(stderr, "  %s: %d\n", cases[i].words, kind);
		CU_ASSERT(kind == cases[i].kind);
	}
	/* hashed: HMAC-SHA1 with the salt "salt", of h.example, [h.example]:2222 and another */
	CU_ASSERT(line_kind("@cert-authority |1|c2FsdA==|$(printf h.example | openssl dgst -sha1 "
			    "-hmac salt -binary | base64)") == FETCH_KEY_AUTHORITY);
	CU_ASSERT(line_kind("@cert-authority |1|c2FsdA==|$(printf '[h.example]:2222' | openssl "
			    "dgst -sha1 -hmac salt -binary | base64)") == FETCH_KEY_AUTHORITY);
	CU_ASSERT(line_kind("@cert-authority |1|c2FsdA==|$(printf g.example | openssl dgst -sha1 "
			    "-hmac salt -binary | base64)") == -1);
}

static void test_globs(void)
{
	static const struct {
		const char *pattern, *host;
		bool fits;
	} cases[] = {
	    {"", "", true},           {"*", "", true},         {"?", "", false},
	    {"a", "", false},         {"", "a", false},        {"A", "a", true},
	    {"*a", "aaa", true},      {"*ab", "aab", true},    {"a*", "ab", true},
	    {"a*b*c", "axbxc", true}, {"a*b*c", "acb", false}, {"*?", "a", true},
	    {"**a**", "bab", true},   {"a?c", "abc", true},    {"[abc]", "a", false},
	    {"a\\*", "a*", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CU_ASSERT(fetch_known_glob(cases[i].pattern, cases[i].host) == cases[i].fits);
	/* a row of stars takes no longer than the two lengths' product */
	char host[2001] = "", stars[2001] = "";
	memset(host, 'a', 2000);
	for (size_t i = 0; i < 1999; i++)
		stars[i] = i % 2 == 0 ? '*' : 'a';
	stars[1999] = 'b';
	CU_ASSERT(!fetch_known_glob(stars, host));
}

int main(void)
{
	if (CU_initialize_registry() != CUE_SUCCESS || !scratch_make())
		return 1;
	CU_pSuite s = CU_add_suite("certificates", NULL, NULL);
	CU_add_test(s, "every kind of key and of authority", test_every_kind);
	CU_add_test(s, "every byte of one", test_every_byte);
	CU_add_test(s, "users, names, times, options", test_refused);
	CU_add_test(s, "the second from which and up to which", test_the_second);
	CU_add_test(s, "whose they are", test_whose);
	CU_add_test(s, "lines of known_hosts", test_lines);
	CU_add_test(s, "patterns", test_globs);
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	int failed = (int)CU_get_number_of_failures();
	CU_cleanup_registry();
	return scratch_end() != 0 || failed > 0;
}
