/* SPDX-License-Identifier: MIT */
/*
 * OpenPGP by GPGME. What GPGME returns is not enough to accept a message: GnuPG may go on after a first good message,
 * may decrypt by a passphrase instead of a key, or hand out what was never encrypted. So the status lines (GnuPG's
 * doc/DETAILS) are counted too, and a message is accepted only when all of them tell of one encrypted, intact message.
 */
#include "decode_priv.h"

#include <errno.h>
#include <gpgme.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

struct gpg_run {
	const struct conf_feed *feed;
	struct decode_sink *out;
	int fd;
	uint64_t offset;   /* in fd, of what GnuPG reads next */
	enum df_status st; /* what a callback ended with */
	struct df_err *err;

	unsigned begun, okay, plaintexts; /* status lines seen */
	bool informed;                    /* DECRYPTION_INFO was seen */
	bool intact;                      /* and names an MDC or an AEAD mode */
	bool broken;                      /* BADMDC, NODATA, UNEXPECTED: part of it is no good message */
	bool failed;                      /* GnuPG's own exit code is not 0 */
	bool signature;                   /* the message is signed */
	bool symmetric;                   /* it can be decrypted by a passphrase */
	bool agent_lost;
	bool bad_passphrase;
	bool asked; /* for the passphrase */
};

static pthread_once_t gpg_once = PTHREAD_ONCE_INIT;

/* GPGME writes to pipes whose reader may die: without this, SIGPIPE would end the process. */
static void gpg_setup(void)
{
	struct sigaction now = {0};
	gpgme_check_version(NULL);
	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
		now.sa_handler = SIG_IGN;
		sigaction(SIGPIPE, &now, NULL);
	}
}

/* ---- what GPGME calls ---- */

static ssize_t gpg_read(void *ctx, void *buffer, size_t size)
{
	struct gpg_run *run = ctx;
	if (run->st == DF_OK)
		run->st = decode_stopped(run->err);
	if (run->st != DF_OK) {
		errno = ECANCELED;
		return -1;
	}
	ssize_t n = pread(run->fd, buffer, size, (off_t)run->offset);
	if (n < 0 && errno != EINTR)
		run->st = df_fail(DF_RETRY, run->err, NULL, "cannot read the encrypted file: %s", strerror(errno));
	else if (n > 0)
		run->offset += (uint64_t)n;
	return n;
}

static ssize_t gpg_write(void *ctx, const void *buffer, size_t size)
{
	struct gpg_run *run = ctx;
	if (run->st == DF_OK)
		run->st = decode_sink_write(run->out, buffer, size, run->err);
	if (run->st == DF_OK)
		return (ssize_t)size;
	errno = ECANCELED;
	return -1;
}

static gpgme_error_t gpg_passphrase(void *ctx, const char *hint, const char *info, int again, int fd)
{
	struct gpg_run *run = ctx;
	(void)hint;
	(void)info;
	run->asked = true;
	run->bad_passphrase = run->bad_passphrase || again;
	if (run->feed->passphrase == NULL || again)
		return gpgme_error(GPG_ERR_CANCELED);
	size_t len = strlen(run->feed->passphrase);
	bool ok = gpgme_io_writen(fd, run->feed->passphrase, len) == 0 && gpgme_io_writen(fd, "\n", 1) == 0;
	return ok ? 0 : gpgme_error_from_errno(errno);
}

/* ERROR <location> <code>, FAILURE <location> <code>: libgpg-error's codes. */
static void gpg_status_error(struct gpg_run *run, const char *args)
{
	const char *blank = strchr(args, ' ');
	gpgme_error_t code = blank != NULL ? (gpgme_error_t)strtoul(blank + 1, NULL, 10) : 0;
	switch (gpgme_err_code(code)) {
	case GPG_ERR_NO_AGENT:
	case GPG_ERR_AGENT:
	case GPG_ERR_ASS_CONNECT_FAILED:
		run->agent_lost = true;
		break;
	case GPG_ERR_BAD_PASSPHRASE:
		run->bad_passphrase = true;
		break;
	default:
		break;
	}
}

static gpgme_error_t gpg_status(void *ctx, const char *keyword, const char *args)
{
	struct gpg_run *run = ctx;
	if (strcmp(keyword, "BEGIN_DECRYPTION") == 0) {
		run->begun++;
	} else if (strcmp(keyword, "DECRYPTION_OKAY") == 0) {
		run->okay++;
	} else if (strcmp(keyword, "PLAINTEXT") == 0) {
		run->plaintexts++;
	} else if (strcmp(keyword, "DECRYPTION_INFO") == 0) {
		/* <mdc method> <cipher> [<aead>]: 0 is none. */
		int mdc = 0, cipher = 0, aead = 0;
		int n = sscanf(args, "%d %d %d", &mdc, &cipher, &aead);
		run->informed = true;
		run->intact = (n >= 1 && mdc != 0) || (n >= 3 && aead != 0);
	} else if (strcmp(keyword, "BADMDC") == 0 || strcmp(keyword, "NODATA") == 0 ||
		   strcmp(keyword, "UNEXPECTED") == 0) {
		run->broken = true;
	} else if (strcmp(keyword, "NEED_PASSPHRASE_SYM") == 0) {
		run->symmetric = true;
	} else if (strcmp(keyword, "NEWSIG") == 0 || strcmp(keyword, "ERRSIG") == 0) {
		run->signature = true;
	} else if (strcmp(keyword, "ERROR") == 0 || strcmp(keyword, "FAILURE") == 0) {
		run->failed = run->failed || strcmp(keyword, "FAILURE") == 0;
		gpg_status_error(run, args);
	}
	return 0;
}

/* ---- why it failed ---- */

/* Encryption subkeys (and primaries) of the hosted feed's pods: files for them were not meant for this program. */
static const struct {
	const char *keyid, *pod;
} gpg_hosted[] = {
    {"4A0FEB1F5A7DD15A", "US1"}, {"5CCF5ED334228ACF", "US1"}, {"7B217D16E5664D63", "US2"}, {"8B1C6200BD8FF951", "US2"},
    {"19AAD7C7DBEAB003", "EU1"}, {"B6F5B2EEE2083F08", "EU1"}, {"8B477F3A7E3C234C", "AU1"}, {"8C2D392F93DC232C", "AU1"},
};

static const char *gpg_hosted_pod(const char *keyid)
{
	for (size_t i = 0; i < sizeof(gpg_hosted) / sizeof(*gpg_hosted); i++)
		if (strcasecmp(gpg_hosted[i].keyid, keyid) == 0)
			return gpg_hosted[i].pod;
	return NULL;
}

static const char *gpg_home_name(const struct gpg_run *run)
{
	return run->feed->gnupg_home != NULL ? run->feed->gnupg_home : "GnuPG's default home";
}

static enum df_status gpg_not_protected(struct df_err *err)
{
	return df_fail(
	    DF_REJECT, err, "decrypt-failed",
	    "the message has no integrity protection (MDC or AEAD), so its content cannot be trusted; encrypt "
	    "the file with a current OpenPGP program");
}

static enum df_status gpg_symmetric(struct df_err *err)
{
	return df_fail(DF_REJECT, err, "decrypt-failed",
		       "the file is encrypted by a passphrase, not to a key; encrypt it to this feed's key");
}

/* GnuPG tells of a missing secret key even when it only failed to ask its agent. The key's file lying there says which
 * it was. */
static bool gpg_has_secret(const struct gpg_run *run, gpgme_ctx_t ctx, const char *keyid)
{
	const char *home = run->feed->gnupg_home != NULL ? run->feed->gnupg_home : gpgme_get_dirinfo("homedir");
	gpgme_key_t key = NULL;
	bool found = false;
	gpgme_set_keylist_mode(ctx, GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_KEYGRIP);
	if (home == NULL || gpgme_get_key(ctx, keyid, &key, 0) != 0)
		return false;
	for (gpgme_subkey_t sub = key->subkeys; sub != NULL && !found; sub = sub->next) {
		if (sub->keygrip == NULL || strcasecmp(sub->keyid, keyid) != 0)
			continue;
		char *path = df_format("%s/private-keys-v1.d/%s.key", home, sub->keygrip);
		found = access(path, F_OK) == 0;
		free(path);
	}
	gpgme_key_unref(key);
	return found;
}

static enum df_status gpg_agent_lost(const struct gpg_run *run, struct df_err *err)
{
	return df_fail(
	    DF_RETRY, err, NULL,
	    "GnuPG's agent, which holds the secret key, cannot be used in %s; see that gpg-agent is installed and "
	    "starts there",
	    gpg_home_name(run));
}

static enum df_status gpg_wrong_key(const struct gpg_run *run, gpgme_recipient_t recipients, struct df_err *err)
{
	struct df_buf ids = {.max = 512};
	const char *pod = NULL;
	for (gpgme_recipient_t r = recipients; r != NULL; r = r->next) {
		df_buf_addf(&ids, "%s%s", ids.len > 0 ? ", " : "", r->keyid);
		if (pod == NULL)
			pod = gpg_hosted_pod(r->keyid);
	}
	enum df_status st =
	    pod != NULL
		? df_fail(
		      DF_REJECT, err, "wrong-key",
		      "the file was encrypted for mParticle's hosted feed (pod %s; key ids %s), and only mParticle can "
		      "decrypt it; encrypt it to the key of this feed instead",
		      pod, df_buf_cstr(&ids))
		: df_fail(
		      DF_REJECT, err, "wrong-key",
		      "the file is encrypted to key ids %s, and %s holds a secret key for none of them; encrypt it to "
		      "this feed's key, or import the secret key",
		      df_buf_cstr(&ids), gpg_home_name(run));
	df_buf_free(&ids);
	return st;
}

static enum df_status gpg_fault(const struct gpg_run *run, gpgme_ctx_t ctx, gpgme_error_t code, struct df_err *err)
{
	gpgme_decrypt_result_t result = gpgme_op_decrypt_result(ctx);
	gpgme_recipient_t recipients = result != NULL ? result->recipients : NULL;
	if (run->symmetric && recipients == NULL)
		return gpg_symmetric(err);
	if (run->agent_lost)
		return gpg_agent_lost(run, err);
	/* The file is not to blame for these: it stays, for the run after the passphrase was put right. */
	if (run->asked && run->feed->passphrase == NULL)
		return df_fail(DF_RETRY, err, "decrypt-failed",
			       "the secret key is protected by a passphrase; set passphrase_file");
	if (run->bad_passphrase)
		return df_fail(DF_RETRY, err, "decrypt-failed",
			       "the passphrase is not that of the secret key; correct what passphrase_file names");
	if (run->informed && !run->intact)
		return gpg_not_protected(err);
	if (gpgme_err_code(code) == GPG_ERR_NO_SECKEY && recipients != NULL) {
		for (gpgme_recipient_t r = recipients; r != NULL; r = r->next)
			if (gpg_has_secret(run, ctx, r->keyid))
				return gpg_agent_lost(run, err);
		return gpg_wrong_key(run, recipients, err);
	}
	switch (gpgme_err_code(code)) {
	case GPG_ERR_INV_ENGINE:
	case GPG_ERR_ENOENT:
	case GPG_ERR_ENOMEM:
	case GPG_ERR_EMFILE:
	case GPG_ERR_ENFILE:
	case GPG_ERR_EAGAIN:
		return df_fail(DF_RETRY, err, NULL, "GnuPG cannot be run: %s", gpgme_strerror(code));
	default:
		break;
	}
	if (run->begun == 0)
		return df_fail(
		    DF_REJECT, err, "decrypt-failed",
		    "this is no encrypted OpenPGP message, in spite of its name; encrypt the file to this feed's key");
	return df_fail(DF_REJECT, err, "decrypt-failed",
		       "the OpenPGP message is damaged or cut off (GnuPG says: %s); write or upload the file again",
		       gpgme_strerror(code));
}

/* What an error-free return of GPGME does not promise. */
static enum df_status gpg_check_whole(const struct gpg_run *run, gpgme_ctx_t ctx, struct df_err *err)
{
	gpgme_decrypt_result_t result = gpgme_op_decrypt_result(ctx);
	if (run->begun == 0 || result == NULL)
		return gpg_fault(run, ctx, gpgme_error(GPG_ERR_NO_DATA), err);
	if (!run->intact || result->legacy_cipher_nomdc)
		return gpg_not_protected(err);
	if (result->recipients == NULL)
		return gpg_symmetric(err);
	if (run->begun > 1 || run->plaintexts > 1)
		return df_fail(DF_REJECT, err, "decrypt-failed",
			       "the file holds more than one OpenPGP message; encrypt the CSV as one");
	/* Without a signature GnuPG has no reason to fail but the data. */
	if (run->okay != 1 || run->plaintexts != 1 || run->broken || (run->failed && !run->signature))
		return df_fail(
		    DF_REJECT, err, "decrypt-failed",
		    "the OpenPGP message is damaged, or other bytes follow it; write or upload the file again");
	return DF_OK;
}

/* ---- signatures ---- */

static bool gpg_fingerprint_equal(const char *listed, const char *fpr)
{
	if (listed[0] == '0' && (listed[1] == 'x' || listed[1] == 'X'))
		listed += 2;
	for (; *listed != '\0'; listed++) {
		if (*listed == ' ' || *listed == ':')
			continue;
		if (strncasecmp(listed, fpr, 1) != 0 || *fpr == '\0')
			return false;
		fpr++;
	}
	return *fpr == '\0';
}

static bool gpg_listed(const struct conf_feed *feed, const char *fpr)
{
	for (size_t i = 0; fpr != NULL && i < feed->signed_by.n; i++)
		if (gpg_fingerprint_equal(feed->signed_by.v[i], fpr))
			return true;
	return false;
}

/* fpr is the key that signed, which is often a subkey: its primary may be what the feed lists. */
static bool gpg_primary_listed(const struct conf_feed *feed, gpgme_ctx_t ctx, const char *fpr)
{
	gpgme_key_t key = NULL;
	if (gpgme_get_key(ctx, fpr, &key, 0) != 0)
		return false;
	bool listed = gpg_listed(feed, key->fpr);
	gpgme_key_unref(key);
	return listed;
}

/* The listed fingerprint is the trust: GnuPG's own trust in the key does not count, its verdict on the signature does.
 */
static enum df_status gpg_check_signer(const struct conf_feed *feed, gpgme_ctx_t ctx, struct df_err *err)
{
	gpgme_verify_result_t result = gpgme_op_verify_result(ctx);
	struct df_buf good = {.max = 1024}; /* fingerprints, NUL-separated: they outlive the result */
	struct df_buf told = {.max = 512};
	bool listed = false;
	for (gpgme_signature_t s = result != NULL ? result->signatures : NULL; s != NULL; s = s->next) {
		gpgme_error_t code = gpgme_err_code(s->status);
		df_buf_addf(&told, "%s%s (%s)", told.len > 0 ? ", " : "", s->fpr != NULL ? s->fpr : "an unknown key",
			    code == GPG_ERR_NO_ERROR ? "good" : gpgme_strerror(s->status));
		if (code == GPG_ERR_NO_ERROR && s->fpr != NULL)
			df_buf_add(&good, s->fpr, strlen(s->fpr) + 1);
	}
	for (size_t at = 0; at < good.len && !listed; at += strlen(good.data + at) + 1)
		listed = gpg_listed(feed, good.data + at) || gpg_primary_listed(feed, ctx, good.data + at);
	enum df_status st = DF_OK;
	if (!listed && told.len == 0)
		st = df_fail(DF_REJECT, err, "bad-signature",
			     "the message is not signed, and signed_by demands it; sign it with a listed key");
	else if (!listed)
		st = df_fail(DF_REJECT, err, "bad-signature",
			     "no valid signature by a key that signed_by lists; found: %s; import the sender's public "
			     "key, or list "
			     "its fingerprint",
			     df_buf_cstr(&told));
	df_buf_free(&good);
	df_buf_free(&told);
	return st;
}

/* ---- the run ---- */

static gpgme_error_t gpg_context(struct gpg_run *run, gpgme_ctx_t *ctx)
{
	gpgme_error_t e = gpgme_new(ctx);
	if (e == 0)
		e = gpgme_ctx_set_engine_info(*ctx, GPGME_PROTOCOL_OpenPGP, NULL, run->feed->gnupg_home);
	if (e == 0)
		e = gpgme_set_pinentry_mode(*ctx, GPGME_PINENTRY_MODE_LOOPBACK); /* cron has no terminal */
	if (e == 0)
		e = gpgme_set_ctx_flag(*ctx, "full-status", "1");
	if (e == 0)
		e = gpgme_set_ctx_flag(*ctx, "no-symkey-cache", "1");
	if (e == 0) {
		gpgme_set_offline(*ctx, 1);
		gpgme_set_passphrase_cb(*ctx, gpg_passphrase, run);
		gpgme_set_status_cb(*ctx, gpg_status, run);
	}
	return e;
}

enum df_status decode_gpg(const struct conf_feed *feed, int fd, struct decode_sink *out, struct df_err *err)
{
	struct gpg_run run = {.feed = feed, .out = out, .fd = fd, .err = err};
	struct gpgme_data_cbs reads = {.read = gpg_read}, writes = {.write = gpg_write};
	gpgme_data_t cipher = NULL, plain = NULL;
	gpgme_ctx_t ctx = NULL;
	pthread_once(&gpg_once, gpg_setup);
	if (feed->gnupg_home != NULL && access(feed->gnupg_home, R_OK | X_OK) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot open gnupg_home %s: %s", feed->gnupg_home, strerror(errno));
	gpgme_error_t e = gpg_context(&run, &ctx);
	if (e == 0)
		e = gpgme_data_new_from_cbs(&cipher, &reads, &run);
	if (e == 0)
		e = gpgme_data_new_from_cbs(&plain, &writes, &run);
	if (e == 0)
		e = gpgme_data_set_flag(cipher, "io-buffer-size", "262144");
	if (e == 0)
		e = gpgme_data_set_flag(plain, "io-buffer-size", "262144");
	enum df_status st = DF_OK;
	if (e != 0) {
		st = df_fail(DF_RETRY, err, NULL, "cannot set up GnuPG: %s", gpgme_strerror(e));
		goto cleanup;
	}
	e = gpgme_op_decrypt_verify(ctx, cipher, plain);
	st = run.st;
	if (st == DF_OK && e != 0)
		st = gpg_fault(&run, ctx, e, err);
	if (st == DF_OK)
		st = gpg_check_whole(&run, ctx, err);
	if (st == DF_OK && feed->signed_by.n > 0)
		st = gpg_check_signer(feed, ctx, err);
cleanup:
	gpgme_data_release(cipher);
	gpgme_data_release(plain);
	if (ctx != NULL)
		gpgme_release(ctx);
	return st;
}
