/* SPDX-License-Identifier: MIT */
/* Is it certain that a GnuPG home holds no secret key for a message? GnuPG says "no secret key"
 * as well when it could not look for one: when a folder is another user's, is not writable for
 * its agent, or the keyring is one that this GnuPG does not know. That is a fault of the
 * machine, and the file may be good. */
#include "decode_gpg_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

struct home {
	const char *path; /* borrowed */
	char *secrets;    /* own: its folder of secret keys */
	size_t n_secrets;
};

static enum df_status home_denied(const char *path, const char *what, struct df_err *err)
{
	return df_fail(DF_RETRY, err, NULL,
		       "%s cannot be %s (%s): the secret key may be there, but this user cannot "
		       "use it; correct owner and mode, "
		       "or set gnupg_home to a copy of this user's",
		       path, what, strerror(errno));
}

static enum df_status home_secrets(struct home *h, struct df_err *err)
{
	DIR *dir = opendir(h->secrets);
	if (dir == NULL && errno != ENOENT)
		return home_denied(h->secrets, "read", err);
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
		h->n_secrets += df_ends_with(e->d_name, ".key");
	if (dir != NULL)
		closedir(dir);
	return DF_OK;
}

static enum df_status home_stat(struct home *h, struct df_err *err)
{
	if (access(h->path, R_OK | X_OK) != 0)
		return home_denied(h->path, "read", err);
	enum df_status st = home_secrets(h, err);
	if (st != DF_OK)
		return st;
	if (access(h->path, W_OK) != 0)
		return home_denied(h->path, "written", err);

	char *ring = df_format("%s/pubring.kbx", h->path),
	     *newer = df_format("%s/public-keys.d/pubring.db", h->path);
	if (access(ring, F_OK) == 0 && access(ring, R_OK) != 0)
		st = home_denied(ring, "read", err);
	else if (access(newer, F_OK) == 0 && access(ring, F_OK) != 0)
		st = df_fail(DF_RETRY, err, NULL,
			     "%s is a keyring of a newer GnuPG (keyboxd), which this one may not "
			     "read: export the keys "
			     "there, and "
			     "import them here",
			     newer);
	else if (h->n_secrets == 0)
		st = df_fail(DF_RETRY, err, NULL,
			     "%s holds no secret key at all: import the feed's (gpg --homedir %s "
			     "--import), or correct "
			     "gnupg_home",
			     h->path, h->path);
	free(newer);
	free(ring);
	return st;
}

/* One recipient. DF_END: its secret key is certainly not there. */
static enum df_status home_recipient(const struct home *h, gpgme_ctx_t ctx, const char *keyid,
				     struct df_err *err)
{
	gpgme_key_t key = NULL;
	enum df_status st = DF_END;
	gpgme_set_keylist_mode(ctx, GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_KEYGRIP);
	gpgme_error_t e = gpgme_get_key(ctx, keyid, &key, 0);
	gpgme_err_code_t code = gpgme_err_code(e);
	if (e != 0 && code != GPG_ERR_EOF && code != GPG_ERR_NOT_FOUND && code != GPG_ERR_NO_PUBKEY)
		return df_fail(DF_RETRY, err, NULL, "GnuPG cannot list the keys of %s: %s", h->path,
			       gpgme_strerror(e));

	for (gpgme_subkey_t sub = key != NULL ? key->subkeys : NULL; sub != NULL && st == DF_END;
	     sub = sub->next) {
		if (sub->keygrip == NULL || strcasecmp(sub->keyid, keyid) != 0)
			continue;
		char *path = df_format("%s/%s.key", h->secrets, sub->keygrip);
		if (access(path, R_OK) == 0)
			st = DF_OK;
		else if (errno != ENOENT)
			st = home_denied(path, "read", err);
		free(path);
	}
	if (key != NULL)
		gpgme_key_unref(key);
	return st;
}

/* Of a keyring that is damaged, or was not copied whole, GnuPG says that it lacks the file's key,
 * as it would of a sound one: but a sound one lists those that the secret ones belong to. */
static enum df_status home_lists_any(const struct home *h, gpgme_ctx_t like, struct df_err *err)
{
	gpgme_engine_info_t engine = gpgme_ctx_get_engine_info(like);
	gpgme_ctx_t ctx = NULL;
	gpgme_key_t key = NULL;
	bool any = false;
	while (engine != NULL && engine->protocol != GPGME_PROTOCOL_OpenPGP)
		engine = engine->next;
	gpgme_error_t e = gpgme_new(&ctx);
	if (e == 0 && engine != NULL)
		e = gpgme_ctx_set_engine_info(ctx, engine->protocol, engine->file_name,
					      engine->home_dir);
	if (e == 0)
		e = gpgme_op_keylist_start(ctx, NULL, 0);
	/* to the end of the list: GPGME loses what is left of it */
	while (e == 0) {
		e = gpgme_op_keylist_next(ctx, &key);
		if (e == 0)
			gpgme_key_unref(key);
		any = any || e == 0;
	}
	if (ctx != NULL)
		gpgme_release(ctx);
	if (any)
		return DF_OK;

	return df_fail(DF_RETRY, err, NULL,
		       "the keyring of %s lists no key, with secret keys in %s: it is damaged "
		       "or incomplete; restore it, or import the feed's key once more",
		       h->path, h->secrets);
}

enum df_status decode_gpg_home_check(const struct decode_gpg_run *run, gpgme_ctx_t ctx,
				     gpgme_recipient_t recipients, struct df_err *err)
{
	const char *own = run->feed->decode.gnupg_home;
	struct home h = {.path = own != NULL ? own : gpgme_get_dirinfo("homedir")};
	if (h.path == NULL)
		return df_fail(DF_RETRY, err, NULL, "GnuPG has no home folder: set gnupg_home");
	h.secrets = df_format("%s/private-keys-v1.d", h.path);
	enum df_status st = home_stat(&h, err);
	if (st != DF_OK)
		goto cleanup;

	st = DF_END;
	for (gpgme_recipient_t r = recipients; r != NULL && st == DF_END; r = r->next)
		st = home_recipient(&h, ctx, r->keyid, err);
	if (st == DF_END) {
		st = home_lists_any(&h, ctx, err);
		st = st == DF_OK ? DF_END : st;
	}
cleanup:
	free(h.secrets);
	return st;
}

enum df_status decode_gpg_home_exists(const struct conf_feed *feed, struct df_err *err)
{
	const char *path = feed->decode.gnupg_home != NULL ? feed->decode.gnupg_home
							   : gpgme_get_dirinfo("homedir");
	if (path != NULL && access(path, R_OK | X_OK) == 0)
		return DF_OK;
	return df_fail(DF_RETRY, err, NULL, "cannot open %s %s: %s%s",
		       feed->decode.gnupg_home != NULL ? "gnupg_home" : "GnuPG's home",
		       path != NULL ? path : "", strerror(errno),
		       feed->decode.gnupg_home != NULL
			   ? ""
			   : "; import the secret key there, or set gnupg_home");
}
