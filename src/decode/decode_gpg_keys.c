/* SPDX-License-Identifier: MIT */
/* What is in the keyring, before there is a file to decrypt. The agent is not asked: listing
 * secret keys would start it, and whether it can use them is known once it does. Their files are
 * looked for instead. */
#include "decode_gpg_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct keys_found {
	unsigned public, encrypting, secret;
};

static bool keys_has_file(const char *home, const char *keygrip)
{
	char *path = df_format("%s/private-keys-v1.d/%s.key", home, keygrip);
	bool found = access(path, F_OK) == 0;
	free(path);
	return found;
}

static void keys_count(gpgme_key_t key, const char *home, struct keys_found *found)
{
	found->public ++;
	for (gpgme_subkey_t sub = key->subkeys; sub != NULL; sub = sub->next) {
		if (!sub->can_encrypt)
			continue;
		found->encrypting++;
		if (sub->keygrip != NULL && keys_has_file(home, sub->keygrip))
			found->secret++;
	}
}

static gpgme_error_t keys_list(gpgme_ctx_t ctx, const char *home, struct keys_found *found)
{
	gpgme_key_t key = NULL;
	gpgme_error_t e =
	    gpgme_set_keylist_mode(ctx, GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_KEYGRIP);
	if (e == 0)
		e = gpgme_op_keylist_start(ctx, NULL, 0);
	if (e != 0)
		return e;
	while ((e = gpgme_op_keylist_next(ctx, &key)) == 0) {
		keys_count(key, home, found);
		gpgme_key_unref(key);
	}
	return gpgme_err_code(e) == GPG_ERR_EOF ? 0 : e;
}

static enum df_status keys_unlisted(const char *home, gpgme_error_t e, struct df_err *err)
{
	return df_fail(DF_USAGE, err, NULL,
		       "cannot list the keys in %s: %s; see that gpg is installed, and in PATH",
		       home, gpgme_strerror(e));
}

static enum df_status keys_verdict(const struct keys_found *found, const char *home,
				   struct df_err *err)
{
	if (found->secret > 0)
		return DF_OK;
	if (found->public == 0)
		return df_fail(DF_USAGE, err, NULL,
			       "the keyring in %s is empty; import the secret key that files are "
			       "encrypted to: "
			       "gpg --homedir %s --import KEYFILE",
			       home, home);
	return df_fail(DF_USAGE, err, NULL,
		       "%s holds no secret key that can decrypt (%u public keys, %u of their "
		       "subkeys for encryption); "
		       "import it: gpg --homedir %s --import KEYFILE",
		       home, found->public, found->encrypting, home);
}

static enum df_status keys_signers(const struct conf_feed *feed, gpgme_ctx_t ctx, const char *home,
				   struct df_err *err)
{
	for (size_t i = 0; i < feed->decode.signed_by.n; i++) {
		gpgme_key_t key = NULL;
		if (gpgme_get_key(ctx, feed->decode.signed_by.v[i], &key, 0) != 0)
			return df_fail(DF_USAGE, err, NULL,
				       "%s does not hold the public key %s, so its signatures "
				       "cannot be verified; "
				       "import it: gpg --homedir %s --import KEYFILE",
				       home, feed->decode.signed_by.v[i], home);
		gpgme_key_unref(key);
	}
	return DF_OK;
}

static enum df_status keys_recipients(const struct conf_feed *feed, gpgme_ctx_t ctx,
				      const char *home, struct df_err *err)
{
	for (size_t i = 0; i < feed->decode.rejects_recipient.n; i++) {
		gpgme_key_t key = NULL;
		bool usable =
		    gpgme_get_key(ctx, feed->decode.rejects_recipient.v[i], &key, 0) == 0 &&
		    key->can_encrypt && !key->expired && !key->revoked && !key->disabled;
		gpgme_key_unref(key);
		if (!usable)
			return df_fail(DF_USAGE, err, NULL,
				       "rejected rows cannot be encrypted to %s: %s has no such "
				       "public key that is valid "
				       "today and encrypts",
				       feed->decode.rejects_recipient.v[i], home);
	}
	return DF_OK;
}

/* *home: where the keys are, borrowed. The context is the caller's. */
static enum df_status keys_open(const struct conf_feed *feed, gpgme_ctx_t *ctx, const char **home,
				struct df_err *err)
{
	gpgme_check_version(NULL);
	*home = feed->decode.gnupg_home != NULL ? feed->decode.gnupg_home
						: gpgme_get_dirinfo("homedir");
	gpgme_error_t e = gpgme_new(ctx);
	if (e == 0)
		e = gpgme_ctx_set_engine_info(*ctx, GPGME_PROTOCOL_OpenPGP, NULL,
					      feed->decode.gnupg_home);
	if (e == 0 && *home != NULL)
		return DF_OK;
	return keys_unlisted(*home != NULL ? *home : "GnuPG's home", e, err);
}

static enum df_status keys_check(const struct conf_feed *feed, gpgme_ctx_t ctx, const char *home,
				 const char **key, struct df_err *err)
{
	struct keys_found found = {0};
	gpgme_error_t e = keys_list(ctx, home, &found);
	if (e != 0)
		return keys_unlisted(home, e, err);
	enum df_status st = keys_verdict(&found, home, err);
	if (st != DF_OK)
		return st;

	*key = "signed_by";
	st = keys_signers(feed, ctx, home, err);
	if (st != DF_OK)
		return st;
	*key = "rejects_recipient";
	return keys_recipients(feed, ctx, home, err);
}

enum df_status decode_check_keys(const struct conf_feed *feed, const char **key, struct df_err *err)
{
	gpgme_ctx_t ctx = NULL;
	const char *home = NULL;
	*key = "gnupg_home";
	if (!feed->decode.encrypted)
		return DF_OK;

	enum df_status st = keys_open(feed, &ctx, &home, err);
	if (st != DF_OK)
		goto cleanup;
	st = keys_check(feed, ctx, home, key, err);
cleanup:
	if (ctx != NULL)
		gpgme_release(ctx);
	return st;
}

/* ---- each key that files may be encrypted to ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* GPGME 2 has it as an unsigned number, those before as a signed one. */
static int64_t part_expires(gpgme_subkey_t part)
{
	return (int64_t)part->expires;
}

/* When nobody can encrypt to it any more: the last of its parts for that, or all of it. */
static int64_t key_expires(gpgme_key_t key)
{
	int64_t latest = -1;
	for (gpgme_subkey_t sub = key->subkeys; sub != NULL; sub = sub->next) {
		if (!sub->can_encrypt || sub->revoked || latest == 0)
			continue;
		int64_t until = part_expires(sub);
		latest = until == 0 || until > latest ? until : latest;
	}
	return latest < 0 ? 0 : earlier(latest, part_expires(key->subkeys));
}

static bool key_is_own(gpgme_key_t key, const char *home)
{
	struct keys_found found = {0};
	keys_count(key, home, &found);
	return found.secret > 0;
}

enum df_status decode_own_keys(const struct conf_feed *feed, struct decode_own_key **out, size_t *n,
			       struct df_err *err)
{
	gpgme_ctx_t ctx = NULL;
	gpgme_key_t key = NULL;
	gpgme_error_t e = 0;
	const char *home = NULL;
	*n = 0;
	*out = NULL;
	enum df_status st = keys_open(feed, &ctx, &home, err);
	if (st != DF_OK)
		goto cleanup;

	e = gpgme_set_keylist_mode(ctx, GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_KEYGRIP);
	if (e == 0)
		e = gpgme_op_keylist_start(ctx, NULL, 0);
	while (e == 0 && (e = gpgme_op_keylist_next(ctx, &key)) == 0) {
		if (key_is_own(key, home)) {
			*out = df_realloc(*out, (*n + 1) * sizeof(**out));
			struct decode_own_key *k = &(*out)[(*n)++];
			*k = (struct decode_own_key){.revoked = key->revoked,
						     .expires_s = key_expires(key)};
			snprintf(k->fingerprint, sizeof(k->fingerprint), "%s",
				 key->subkeys->fpr != NULL ? key->subkeys->fpr : "");
		}
		gpgme_key_unref(key);
	}
	if (gpgme_err_code(e) != GPG_ERR_EOF)
		st = keys_unlisted(home, e, err);
cleanup:
	if (ctx != NULL)
		gpgme_release(ctx);
	return st;
}
