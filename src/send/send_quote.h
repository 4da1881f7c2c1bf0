/* SPDX-License-Identifier: MIT */
/* send_quote.h - what others answered, for a log */
#ifndef DROPFEED_SEND_QUOTE_H
#define DROPFEED_SEND_QUOTE_H

#include "dropfeed/base.h"

#define SEND_WORDS_SIZE 1536

/* Appends the first words of an answer's body, at most 120 bytes, without tags, scripts and
 * control characters. */
void send_quote(struct df_buf *out, const char *body, size_t len);
/* Replaces each word that is one of the request's body as well, in what was quoted: some pages
 * repeat the request. Returns the caller's text. */
char *send_hide(const char *text, const char *body, size_t len);
/* Replaces each of the secrets (NULL ends them), one that the text's end cuts, and user
 * information in URLs, in place. */
void send_mask(char *text, const char *const *secrets);
/* The credentials as a request has them: a server that is being debugged sends requests back.
 * Own. */
char *send_basic_token(const char *user, const char *password);

/* &#39; &#x27; &quot; &apos; &lt; &gt; &amp; become what they mean, in place. */
void send_html_decode(char *s);

#endif
