/* SPDX-License-Identifier: MIT */
/* The other way: what came encrypted stays encrypted. GnuPG needs no secret key for it, and so
 * no passphrase. */
#include "decode_gpg_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SEAL_KEYS_MAX 16u

struct seal {
	struct decode_gpg_run run; /* fd and offset: what is read */
	const char *home;          /* its name, for messages */
	int to;
	gpgme_key_t keys[SEAL_KEYS_MAX + 1]; /* own; a NULL after the last */
	size_t n;
};

static ssize_t seal_write(void *ctx, const void *buffer, size_t size)
{
	struct seal *s = ctx;
	if (s->run.st == DF_OK)
		s->run.st = decode_stopped(s->run.err);
	if (s->run.st == DF_OK)
		s->run.st = df_write_all(s->to, buffer, size, s->run.err);
	if (s->run.st == DF_OK)
		return (ssize_t)size;
	errno = ECANCELED;
	return -1;
}

static ssize_t seal_read(void *ctx, void *buffer, size_t size)
{
	return decode_gpg_read(&((struct seal *)ctx)->run, buffer, size);
}

/* Why GnuPG would not encrypt to it; NULL: it may. */
static const char *key_fault(gpgme_key_t key, char *when, size_t size)
{
	struct tm tm;
	time_t end = key->subkeys != NULL ? (time_t)key->subkeys->expires : 0;
	if (key->revoked)
		return "is revoked";
	if (key->expired && end > 0 && gmtime_r(&end, &tm) != NULL &&
	    strftime(when, size, "expired on %F", &tm) > 0)
		return when;
	if (key->expired)
		return "has expired";
	if (key->disabled)
		return "is disabled";
	return key->can_encrypt ? NULL : "has no part to encrypt to that is valid today";
}

static enum df_status seal_key(struct seal *s, gpgme_ctx_t ctx, const char *fingerprint,
			       struct df_err *err)
{
	gpgme_key_t key = NULL;
	char when[64];
	if (gpgme_get_key(ctx, fingerprint, &key, 0) != 0)
		return df_fail(DF_RETRY, err, NULL,
			       "rejected rows cannot be encrypted: the key %s is not in %s; import "
			       "its public key, or "
			       "name another one in rejects_recipient",
			       fingerprint, s->home);
	s->keys[s->n++] = key;
	const char *fault = key_fault(key, when, sizeof(when));
	if (fault == NULL)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL,
		       "rejected rows cannot be encrypted: the key %s in %s %s; renew it, or name "
		       "another one in "
		       "rejects_recipient",
		       fingerprint, s->home, fault);
}

static enum df_status seal_keys(struct seal *s, gpgme_ctx_t ctx, const char *key,
				struct df_err *err)
{
	const struct conf_list *named = &s->run.feed->decode.rejects_recipient;
	if (named->n > SEAL_KEYS_MAX)
		return df_fail(DF_USAGE, err, NULL, "rejects_recipient names more than %u keys",
			       SEAL_KEYS_MAX);
	if (named->n == 0 && key[0] == '\0')
		return df_fail(DF_RETRY, err, NULL,
			       "rejected rows cannot be encrypted: GnuPG does not say which key "
			       "opened the file; name one "
			       "in rejects_recipient");
	if (named->n == 0)
		return seal_key(s, ctx, key, err);
	enum df_status st = DF_OK;
	for (size_t i = 0; i < named->n && st == DF_OK; i++)
		st = seal_key(s, ctx, named->v[i], err);
	return st;
}

static enum df_status seal_run(struct seal *s, gpgme_ctx_t ctx, struct df_err *err)
{
	struct gpgme_data_cbs reads = {.read = seal_read}, writes = {.write = seal_write};
	struct decode_gpg_job job = {.recipients = s->keys};
	gpgme_error_t e = gpgme_data_new_from_cbs(&job.in, &reads, s);
	if (e == 0)
		e = gpgme_data_new_from_cbs(&job.out, &writes, s);
	if (e == 0)
		e = decode_gpg_wait(&s->run, ctx, &job);
	gpgme_data_release(job.in);
	gpgme_data_release(job.out);
	if (s->run.st != DF_OK)
		return s->run.st;

	gpgme_encrypt_result_t result = e != 0 ? gpgme_op_encrypt_result(ctx) : NULL;
	if (result != NULL && result->invalid_recipients != NULL)
		e = result->invalid_recipients->reason != 0 ? result->invalid_recipients->reason
							    : e;
	if (e != 0)
		return df_fail(DF_RETRY, err, NULL,
			       "rejected rows cannot be encrypted to the key %s in %s: %s",
			       s->keys[0]->fpr != NULL ? s->keys[0]->fpr : "", s->home,
			       gpgme_strerror(e));
	return DF_OK;
}

static enum df_status seal_set_up(const struct conf_feed *feed, gpgme_ctx_t *ctx,
				  struct df_err *err)
{
	gpgme_error_t e = gpgme_new(ctx);
	if (e == 0)
		e = gpgme_ctx_set_engine_info(*ctx, GPGME_PROTOCOL_OpenPGP, NULL,
					      feed->decode.gnupg_home);
	if (e != 0)
		return df_fail(DF_RETRY, err, NULL,
			       "cannot set up GnuPG: %s; see that gpg is installed, and in PATH",
			       gpgme_strerror(e));
	gpgme_set_offline(*ctx, 1);
	return DF_OK;
}

enum df_status decode_seal(const struct conf_feed *feed, const char *key, int from, int to,
			   struct df_err *err)
{
	struct seal s = {.run = {.feed = feed, .fd = from, .err = err}, .to = to};
	gpgme_ctx_t ctx = NULL;
	decode_gpg_begin();
	s.home = feed->decode.gnupg_home != NULL ? feed->decode.gnupg_home : "GnuPG's default home";
	enum df_status st = seal_set_up(feed, &ctx, err);
	if (st != DF_OK)
		goto cleanup;
	st = seal_keys(&s, ctx, key, err);
	if (st != DF_OK)
		goto cleanup;
	st = seal_run(&s, ctx, err);
cleanup:
	for (size_t i = 0; i < s.n; i++)
		gpgme_key_unref(s.keys[i]);
	if (ctx != NULL)
		gpgme_release(ctx);
	return st;
}
