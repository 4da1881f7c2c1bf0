/* SPDX-License-Identifier: MIT */
/* document_world.h - a document that is a text, checked to its end */
#ifndef DOCUMENT_WORLD_H
#define DOCUMENT_WORLD_H

#include "../../src/decode/decode_priv.h"
#include "../../src/document/document_pass.h"

#include "test.h"

#define HEADER "user_identities.customerid,user_attributes.$Age,user_attributes.Tags[]\n"

struct checked {
	enum df_status st;
	struct df_err err;
	struct document_forecast found;
	struct df_buf notes; /* own: warnings and hints */
};

/* A document of this text, checked as a run checks it before anything of it is sent. counts: its
 * batches are counted as well. */
static TEST_UNUSED struct checked check_counting(struct conf_feed *feed, const char *text,
						 bool counts)
{
	struct checked c = {0};
	struct df_err err = {0};
	struct decode_texts *texts = decode_texts_new("/tmp", 1 << 20);
	struct decode_doc doc = {
	    .event_type = "eventless", .length = strlen(text), .text = decode_text_new(texts)};
	struct document_pass pass = {
	    .feed = feed, .file = "a-eventless.csv", .doc = &doc, .jobs = 1};
	OK(df_unnamed_open("/tmp", &doc.fd, &err));
	OK(df_write_all(doc.fd, text, strlen(text), &err));
	struct batch_settings settings = document_batch_settings(feed, "", &doc, 1);
	c.st = document_preflight(&pass, counts ? &settings : NULL, NULL, NULL, &c.found, &c.err);
	size_t n = 0;
	struct map_warning *warnings = document_pass_warnings(&pass, &n);
	for (size_t i = 0; i < n; i++)
		df_buf_addf(&c.notes, "%s: %s\n", warnings[i].code, warnings[i].text);
	free(warnings);
	document_pass_end(&pass);
	close(doc.fd);
	decode_text_free(doc.text);
	decode_texts_free(texts);
	return c;
}

static TEST_UNUSED void set(struct conf_feed *feed, const char *key, const char *value)
{
	struct df_err err = {0};
	OK(conf_feed_set(feed, key, value, &err));
}

static TEST_UNUSED struct checked check(struct conf_feed *feed, const char *text)
{
	return check_counting(feed, text, false);
}

static TEST_UNUSED void end(struct checked *c, struct conf_feed *feed)
{
	df_buf_free(&c->notes);
	conf_feed_free(feed);
}

#endif
