/* SPDX-License-Identifier: MIT */
/* The input is what an SSH server sends: its host certificate; and everything from its first byte
 * on. Nothing that is made up is ever accepted. */
#include "fuzz.h"

#include "../../src/fetch/fetch_cert.h"
#include "../../src/fetch/fetch_hello.h"

static bool within(struct fetch_bytes part, const uint8_t *data, size_t size)
{
	return part.len == 0 ||
	       (part.p >= data && part.len <= size && (size_t)(part.p - data) <= size - part.len);
}

static void refused(enum df_status st, const struct df_err *err)
{
	FUZZ_CHECK(st == DF_DENIED);
	fuzz_message(err->text, sizeof(err->text));
}

/* With the very authority that the certificate names, so that nothing but its signature, which a
 * fuzzer cannot make, and what the corpus has signed, decides. */
static void check(const struct fetch_cert *cert, const char *host)
{
	struct conf_feed feed = {.fetch.source = {.host = df_strdup(host), .port = 22}};
	struct fetch_known known = {0};
	struct df_err err = {0}, forged = {0};
	int line = 0;
	feed.fetch.known_hosts = df_strdup("known_hosts");
	fetch_known_add(&known, FETCH_KEY_AUTHORITY, cert->authority.p, cert->authority.len, 7);
	enum df_status st = fetch_cert_check(&feed, &known, cert, 1800000000, &line, &err);
	if (st == DF_OK)
		FUZZ_CHECK(line == 7 && cert->kind == FETCH_CERT_HOST && cert->options.len == 0 &&
			   fetch_cert_verify(cert, &forged) == DF_OK);
	else
		refused(st, &err);
	fetch_known_free(&known);
	free(feed.fetch.known_hosts);
	free(feed.fetch.source.host);
}

static void certificate(const uint8_t *data, size_t size)
{
	struct fetch_cert cert;
	struct df_err err = {0};
	enum df_status st = fetch_cert_read(data, size, &cert, &err);
	if (st == DF_OK) {
		FUZZ_CHECK(within(cert.id, data, size) && within(cert.principals, data, size));
		FUZZ_CHECK(within(cert.authority, data, size) && within(cert.options, data, size));
		FUZZ_CHECK(cert.covered.p == data &&
			   cert.signature.p + cert.signature.len == data + size);
		FUZZ_CHECK(cert.key.len < size && strstr(cert.type, "cert") == NULL);
		check(&cert, "sftp.example.com");
	} else {
		refused(st, &err);
	}
	fetch_cert_free(&cert);
}

static void stream(const char *p, size_t len)
{
	size_t at = 0, end = 0;
	if (fetch_hello_ident(p, len, &at) != DF_OK)
		return;
	FUZZ_CHECK(at >= 5 && at <= len && p[at - 1] == '\n');
	struct fetch_wire w = {0};
	while (fetch_hello_frame(p + at, len - at, &w, &end) == DF_OK) {
		struct fetch_offer offer = {0};
		FUZZ_CHECK(end > w.left && end <= len - at);
		fetch_wire_byte(&w);
		if (fetch_offer_read(&w, &offer)) {
			char *text = fetch_offer_text(offer.keys);
			FUZZ_CHECK(!fetch_offer_has(offer.kex, "") || offer.kex.len < end);
			if (text != NULL && text[0] != '\0')
				fuzz_message(text, strlen(text) + 1);
			free(text);
		}
		at += end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = fuzz_text(data, size);
	certificate((const uint8_t *)copy, size);
	stream(copy, size);
	free(copy);
	return 0;
}
