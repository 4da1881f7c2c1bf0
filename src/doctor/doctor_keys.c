/* SPDX-License-Identifier: MIT */
/* The OpenPGP keys of a feed: there, usable without a terminal, and for how long. */
#include "doctor_tick.h"

#include "dropfeed/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SOON_S    (INT64_C(30) * 86400)
#define TRIES_MAX 16u /* keys that are tried */

static bool is_over(const struct decode_own_key *k, int64_t now_s)
{
	return k->revoked || (k->expires_s != 0 && k->expires_s <= now_s);
}

static void day(int64_t seconds, char out[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;
	if (gmtime_r(&t, &tm) == NULL || strftime(out, 32, "%F", &tm) == 0)
		snprintf(out, 32, "?");
}

/* Files may be encrypted to any of them: as long as one can be used, the others are a warning. */
static void check_use(struct doctor *d, const struct decode_own_key *keys, size_t n)
{
	int64_t now_s = df_now_ms() / 1000;
	size_t used = 0, failed = 0, tried = 0;
	struct df_err why = {0}, first = {0};
	enum df_status worst = DF_OK;
	for (size_t i = 0; i < n && tried < TRIES_MAX; i++) {
		if (is_over(&keys[i], now_s))
			continue;
		tried++;
		why = (struct df_err){0};
		enum df_status st =
		    decode_try_key(d->feed, keys[i].fingerprint, df_scratch(), &why);
		used += st == DF_OK;
		if (st != DF_OK && failed++ == 0) {
			df_err_context(&why, "key %s", keys[i].fingerprint);
			first = why;
			worst = st;
		}
	}

	if (tried == 0)
		doctor_skips(d, "key_use", "not tried: none is valid today");
	else if (used == 0)
		doctor_fails(d, "key_use", worst, &first);
	else if (failed > 0)
		doctor_warns(d, "key_use", "%zu of %zu keys can be used; %s", used, tried,
			     first.text);
	else
		doctor_ok(d, "key_use", "without a terminal: %zu key%s", used, df_plural(used));
}

/* The one that lasts longest counts. */
static void check_expiry(struct doctor *d, const struct decode_own_key *keys, size_t n)
{
	const struct decode_own_key *last = &keys[0];
	int64_t now_s = df_now_ms() / 1000;
	struct df_err why = {0};
	char when[32] = "";
	for (size_t i = 1; i < n; i++) {
		bool longer = last->expires_s != 0 &&
			      (keys[i].expires_s == 0 || keys[i].expires_s > last->expires_s);
		if (!keys[i].revoked && (last->revoked || longer))
			last = &keys[i];
	}

	day(last->expires_s, when);
	if (last->revoked)
		(void)df_fail(DF_USAGE, &why, NULL,
			      "the key %s is revoked: nobody can encrypt to it any more; make a "
			      "new one, and give its public part to whoever encrypts",
			      last->fingerprint);
	else if (is_over(last, now_s))
		(void)df_fail(DF_USAGE, &why, NULL,
			      "the key %s expired on %s: nobody can encrypt to it any more; extend "
			      "it (gpg --quick-set-expire %s 2y '*'), and give its public part to "
			      "whoever encrypts",
			      last->fingerprint, when, last->fingerprint);
	if (why.text[0] != '\0')
		doctor_fails(d, "key_expiry", DF_USAGE, &why);
	else if (last->expires_s != 0 && last->expires_s - now_s < SOON_S)
		doctor_warns(d, "key_expiry",
			     "the key %s expires on %s: extend it before (gpg --quick-set-expire "
			     "%s 2y '*'), and give its public part to whoever encrypts",
			     last->fingerprint, when, last->fingerprint);
	else if (last->expires_s != 0)
		doctor_ok(d, "key_expiry", "%s", when);
	else
		doctor_ok(d, "key_expiry", "never");
}

void doctor_keys(struct doctor *d)
{
	static const char *const settings[] = {"gnupg_home", "signed_by", "rejects_recipient",
					       NULL};
	struct decode_own_key *keys = NULL;
	struct df_err why = {0};
	size_t n = 0;
	if (!d->feed->decode.encrypted)
		return;
	if (doctor_found(d, "keys", settings)) {
		doctor_skips(d, "key_use", "not tried without them");
		doctor_skips(d, "key_expiry", "not checked without them");
		return;
	}

	enum df_status st = decode_own_keys(d->feed, &keys, &n, &why);
	if (st == DF_OK && n == 0)
		st = df_fail(DF_USAGE, &why, NULL, "there is no secret key to decrypt with");
	if (st != DF_OK) {
		doctor_fails(d, "keys", st, &why);
	} else {
		doctor_ok(d, "keys", "%zu secret key%s to decrypt with", n, df_plural(n));
		check_use(d, keys, n);
		check_expiry(d, keys, n);
	}
	free(keys);
}
