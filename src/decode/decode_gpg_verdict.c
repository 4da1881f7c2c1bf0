/* SPDX-License-Identifier: MIT */
#include "decode_gpg_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

/* Encryption subkeys (and primaries) of the hosted feed's pods: files for them were not meant
 * for this program. */
static const struct {
	const char *keyid, *pod;
} gpg_hosted[] = {
    {"4A0FEB1F5A7DD15A", "US1"}, {"5CCF5ED334228ACF", "US1"}, {"7B217D16E5664D63", "US2"},
    {"8B1C6200BD8FF951", "US2"}, {"19AAD7C7DBEAB003", "EU1"}, {"B6F5B2EEE2083F08", "EU1"},
    {"8B477F3A7E3C234C", "AU1"}, {"8C2D392F93DC232C", "AU1"},
};

#define GPG_LOG_MAX 16384u /* bytes of GnuPG's log that are looked at */

static const char *gpg_hosted_pod(const char *keyid)
{
	for (size_t i = 0; i < sizeof(gpg_hosted) / sizeof(*gpg_hosted); i++)
		if (strcasecmp(gpg_hosted[i].keyid, keyid) == 0)
			return gpg_hosted[i].pod;
	return NULL;
}

static const char *gpg_home_name(const struct decode_gpg_run *run)
{
	return run->feed->decode.gnupg_home != NULL ? run->feed->decode.gnupg_home
						    : "GnuPG's default home";
}

static enum df_status gpg_not_protected(struct df_err *err)
{
	return df_fail(DF_REJECT, err, "decrypt-failed",
		       "the message has no integrity protection (MDC or AEAD), so its content "
		       "cannot be trusted; encrypt "
		       "the file with a current OpenPGP program");
}

static enum df_status gpg_symmetric(struct df_err *err)
{
	return df_fail(
	    DF_REJECT, err, "decrypt-failed",
	    "the file is encrypted by a passphrase, not to a key; encrypt it to this feed's key");
}

/* It does not start, or goes away: with GnuPG 2.4.9 over an empty key, too. */
static enum df_status gpg_agent_lost(const struct decode_gpg_run *run, struct df_err *err)
{
	return df_fail(
	    DF_RETRY, err, NULL,
	    "GnuPG's agent cannot be reached, or cannot use the file's secret key in %s; "
	    "see that gpg-agent is installed and starts there; when the key is damaged, "
	    "import it there once more",
	    gpg_home_name(run));
}

/* The agent went away while it was asked for the session key. */
static bool gpg_hung_up(gpgme_error_t code)
{
	gpgme_err_code_t c = gpgme_err_code(code);
	return c == GPG_ERR_EPIPE || c == GPG_ERR_EOF ||
	       (c >= GPG_ERR_ASS_GENERAL && c <= GPG_ERR_ASS_UNKNOWN_INQUIRE);
}

/* What holds the secret key is damaged, cut off, empty or kept from the agent, or this machine is
 * short of something. A message's session key that is damaged is seen by GnuPG itself, or is
 * invalid data to the agent. */
static bool gpg_key_is_unusable(gpgme_error_t code)
{
	gpgme_err_code_t c = gpgme_err_code(code);
	if (c == GPG_ERR_INV_DATA || c == GPG_ERR_NO_SECKEY || c == GPG_ERR_CANCELED ||
	    c == GPG_ERR_FULLY_CANCELED)
		return false;
	return gpgme_err_source(code) == GPG_ERR_SOURCE_GPGAGENT ||
	       (c >= GPG_ERR_SEXP_INV_LEN_SPEC && c <= GPG_ERR_SEXP_ODD_HEX_NUMBERS) ||
	       (c & GPG_ERR_SYSTEM_ERROR) != 0;
}

static enum df_status gpg_key_unusable(const struct decode_gpg_run *run, struct df_err *err)
{
	return df_fail(DF_RETRY, err, NULL,
		       "GnuPG's agent cannot use the file's secret key in %s (it says: %s); "
		       "when the key is damaged, import it there once more",
		       gpg_home_name(run), gpgme_strerror(run->key_error));
}

static bool gpg_is_hidden(gpgme_recipient_t r)
{
	return strspn(r->keyid, "0") == strlen(r->keyid);
}

/* None of the keys that are here fits. Of a hidden recipient GnuPG tries each, and 2.4.9 ends with
 * what came of the last one. */
static bool gpg_has_no_key(gpgme_error_t code, gpgme_recipient_t recipients)
{
	gpgme_err_code_t c = gpgme_err_code(code);
	bool hidden = true;
	for (gpgme_recipient_t r = recipients; r != NULL; r = r->next)
		hidden = hidden && gpg_is_hidden(r);
	return c == GPG_ERR_NO_SECKEY ||
	       (hidden && (c == GPG_ERR_CHECKSUM || c == GPG_ERR_WRONG_SECKEY));
}

static enum df_status gpg_wrong_key(const struct decode_gpg_run *run, gpgme_recipient_t recipients,
				    struct df_err *err)
{
	struct df_buf ids = {.max = 512};
	const char *pod = NULL;
	for (gpgme_recipient_t r = recipients; r != NULL; r = r->next) {
		df_buf_addf(&ids, "%s%s%s", ids.len > 0 ? ", " : "", r->keyid,
			    gpg_is_hidden(r) ? " (hidden by --throw-keyids)" : "");
		if (pod == NULL)
			pod = gpg_hosted_pod(r->keyid);
	}

	enum df_status st = pod != NULL
				? df_fail(DF_REJECT, err, "wrong-key",
					  "the file was encrypted for mParticle's hosted feed (pod "
					  "%s; key ids %s), and only mParticle can "
					  "decrypt it; encrypt it to the key of this feed instead",
					  pod, df_buf_cstr(&ids))
				: df_fail(DF_REJECT, err, "wrong-key",
					  "the file is encrypted to key ids %s, and %s holds a "
					  "secret key for none of them; encrypt it to "
					  "this feed's key, or import the secret key",
					  df_buf_cstr(&ids), gpg_home_name(run));
	df_buf_free(&ids);
	return st;
}

/* What GnuPG wrote to its log, as a string that is the caller's; NULL: nothing. No other result
 * of ctx may be used after. */
static char *gpg_diagnostics(gpgme_ctx_t ctx)
{
	gpgme_data_t log = NULL;
	char *text = NULL;
	if (gpgme_data_new(&log) != 0)
		return NULL;
	if (gpgme_op_getauditlog(ctx, log, GPGME_AUDITLOG_DIAG) == 0 &&
	    gpgme_data_seek(log, 0, SEEK_SET) == 0) {
		text = df_alloc(GPG_LOG_MAX + 1);
		ssize_t n = gpgme_data_read(log, text, GPG_LOG_MAX);
		text[n > 0 ? n : 0] = '\0';
	}
	gpgme_data_release(log);
	return text;
}

/* GnuPG says what it makes of any file. When it did not, it could not be started or was killed,
 * as happens when memory is short, and the file may be good. Of two things only its
 * log says, of which GPGME does not always get the end: bad compressed data (so see gpg_again),
 * and data that is only a part of something. */
static bool gpg_judged(const struct decode_gpg_run *run, gpgme_ctx_t ctx)
{
	if (run->ended || run->broken || run->failed)
		return true;
	if (run->begun == 0 && (run->plaintexts > 0 || run->signature)) /* it was never encrypted */
		return true;
	char *log = gpg_diagnostics(ctx);
	bool judged = log != NULL && strstr(log, "inflate problem") != NULL;
	if (log != NULL && run->begun == 0)
		judged = judged || (log[0] != '\0' && strstr(log, "atal: ") == NULL);
	free(log);
	return judged;
}

/* Armour, or a session key encrypted to a public key (RFC 4880, 4.2 and 5.1). */
static bool gpg_begins_well(const struct decode_gpg_run *run)
{
	unsigned char p[32] = {0};
	ssize_t n = pread(run->fd, p, sizeof(p), (off_t)run->start);
	if (n >= 27 && memcmp(p, "-----BEGIN PGP MESSAGE-----", 27) == 0)
		return true;
	return n >= 4 && ((p[0] == 0x84 && p[2] == 3) || (p[0] == 0x85 && p[3] == 3) ||
			  (p[0] == 0xc1 && (p[2] == 3 || p[3] == 3)));
}

/* Why the key cannot be used, where the file is not at fault: the file stays until the cause is
 * repaired. DF_OK: the key is not the cause. */
static enum df_status gpg_key_fault(const struct decode_gpg_run *run, struct df_err *err)
{
	bool own = run->feed->decode.gnupg_passphrase != NULL;
	if (run->agent_lost || (!run->informed && gpg_hung_up(run->key_error)))
		return gpg_agent_lost(run, err);
	if (run->informed)
		return DF_OK;
	if (run->asked && !own && run->feed->fetch.passphrase == NULL)
		return df_fail(
		    DF_DENIED, err, "decrypt-failed",
		    "the secret key is protected by a passphrase; set gnupg_passphrase_file");
	if (!run->bad_passphrase && gpg_key_is_unusable(run->key_error))
		return gpg_key_unusable(run, err);
	/* where the message has one as well, GnuPG ends with that */
	if (run->bad_passphrase || (run->symmetric && run->asked))
		return df_fail(
		    DF_DENIED, err, "decrypt-failed",
		    "the passphrase is not that of the secret key; correct what %s names",
		    own ? "gnupg_passphrase_file" : "passphrase_file");
	return DF_OK;
}

enum df_status decode_gpg_fault(struct decode_gpg_run *run, gpgme_ctx_t ctx, gpgme_error_t code,
				struct df_err *err)
{
	gpgme_decrypt_result_t result = gpgme_op_decrypt_result(ctx);
	gpgme_recipient_t recipients = result != NULL ? result->recipients : NULL;
	if (run->symmetric && recipients == NULL)
		return gpg_symmetric(err);
	enum df_status st = gpg_key_fault(run, err);
	if (st != DF_OK)
		return st;
	if (run->informed && !run->intact)
		return gpg_not_protected(err);
	/* Once there is a session key, another recipient's missing key does not matter. */
	/* Where the message has a passphrase as well, that is what GnuPG was left with. */
	bool no_key = gpg_has_no_key(code, recipients) || (run->symmetric && !run->asked);
	if (!run->informed && no_key && recipients != NULL) {
		st = decode_gpg_home_check(run, ctx, recipients, err);
		return st == DF_END  ? gpg_wrong_key(run, recipients, err)
		       : st == DF_OK ? gpg_agent_lost(run, err)
				     : st;
	}
	if (!run->informed && gpg_hung_up(code))
		return gpg_agent_lost(run, err);

	/* GnuPG gets the file through a pipe: whatever the system denies it has nothing to do
	 * with that. */
	if (gpgme_err_code(code) == GPG_ERR_INV_ENGINE ||
	    (gpgme_err_code(code) & GPG_ERR_SYSTEM_ERROR) != 0)
		return df_fail(DF_RETRY, err, NULL, "GnuPG cannot be run: %s",
			       gpgme_strerror(code));
	if (!gpg_judged(run, ctx)) {
		run->died = true;
		return df_fail(
		    DF_RETRY, err, NULL,
		    "GnuPG could not be started, or died before it was done (%s); see that memory "
		    "suffices",
		    gpgme_strerror(code));
	}
	if (run->begun == 0 && run->plaintexts > 0)
		return df_fail(DF_REJECT, err, "decrypt-failed",
			       "not an encrypted OpenPGP message but one that is only %s, which "
			       "anybody can read; encrypt the file to this feed's key",
			       run->signature ? "signed" : "packed");
	if (run->begun == 0 && gpg_begins_well(run))
		return df_fail(DF_REJECT, err, "decrypt-failed",
			       "the file begins as an encrypted OpenPGP message, but is cut off or "
			       "damaged: upload the "
			       "whole file again");
	if (run->begun == 0) {
		const char *kind = decode_bytes_kind(run->fd);
		return df_fail(DF_REJECT, err, "decrypt-failed",
			       "not an encrypted OpenPGP message%s%s, despite its name; "
			       "encrypt the file to this feed's key",
			       kind != NULL ? " but " : "", kind != NULL ? kind : "");
	}
	return decode_gpg_damaged(gpgme_strerror(code), err);
}

enum df_status decode_gpg_damaged(const char *words, struct df_err *err)
{
	return df_fail(DF_REJECT, err, "decrypt-failed",
		       "the OpenPGP message is damaged or cut off (GnuPG says: %s); write or "
		       "upload the file again",
		       words);
}

/* What an error-free return of GPGME does not promise. */
enum df_status decode_gpg_check_whole(struct decode_gpg_run *run, gpgme_ctx_t ctx,
				      struct df_err *err)
{
	gpgme_decrypt_result_t result = gpgme_op_decrypt_result(ctx);
	if (run->begun == 0 || result == NULL)
		return decode_gpg_fault(run, ctx, gpgme_error(GPG_ERR_NO_DATA), err);
	if (!run->intact || result->legacy_cipher_nomdc)
		return gpg_not_protected(err);
	if (result->recipients == NULL)
		return gpg_symmetric(err);
	/* Without a signature GnuPG has no reason to fail but the data. */
	if (run->begun != 1 || run->okay != 1 || run->plaintexts != 1 || run->broken ||
	    (run->failed && !run->signature))
		return df_fail(DF_REJECT, err, "decrypt-failed",
			       "the OpenPGP message is damaged, or other bytes follow it; write or "
			       "upload the file again");
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
	for (size_t i = 0; fpr != NULL && i < feed->decode.signed_by.n; i++)
		if (gpg_fingerprint_equal(feed->decode.signed_by.v[i], fpr))
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

/* The listed fingerprint is the trust: GnuPG's own trust in the key does not count, its verdict on
 * the signature does.
 */
enum df_status decode_gpg_check_signer(const struct conf_feed *feed, gpgme_ctx_t ctx,
				       struct df_err *err)
{
	gpgme_verify_result_t result = gpgme_op_verify_result(ctx);
	/* fingerprints, NUL-separated: they outlive the result */
	struct df_buf good = {.max = 1024};
	struct df_buf late = {.max = 1024}; /* the same of keys that have expired */
	struct df_buf found = {.max = 512};
	bool listed = false;
	for (gpgme_signature_t s = result != NULL ? result->signatures : NULL; s != NULL;
	     s = s->next) {
		gpgme_error_t code = gpgme_err_code(s->status);
		df_buf_addf(&found, "%s%s (%s)", found.len > 0 ? ", " : "",
			    s->fpr != NULL ? s->fpr : "an unknown key",
			    code == GPG_ERR_NO_ERROR ? "good" : gpgme_strerror(s->status));
		if (code == GPG_ERR_NO_ERROR && s->fpr != NULL)
			df_buf_add(&good, s->fpr, strlen(s->fpr) + 1);
		if (code == GPG_ERR_KEY_EXPIRED && s->fpr != NULL)
			df_buf_add(&late, s->fpr, strlen(s->fpr) + 1);
	}

	char expired[64] = "";
	for (size_t at = 0; at < late.len && expired[0] == '\0'; at += strlen(late.data + at) + 1)
		if (gpg_listed(feed, late.data + at) ||
		    gpg_primary_listed(feed, ctx, late.data + at))
			snprintf(expired, sizeof(expired), "%s", late.data + at);
	for (size_t at = 0; at < good.len && !listed; at += strlen(good.data + at) + 1)
		listed = gpg_listed(feed, good.data + at) ||
			 gpg_primary_listed(feed, ctx, good.data + at);
	enum df_status st = DF_OK;
	if (!listed && found.len == 0)
		st = df_fail(DF_REJECT, err, "bad-signature",
			     "the message is not signed, and signed_by demands it; sign it with a "
			     "listed key");
	else if (!listed && expired[0] != '\0')
		st = df_fail(DF_REJECT, err, "bad-signature",
			     "the signature is by %s, which signed_by lists, but that key has "
			     "expired: have the sender "
			     "extend it, "
			     "and import it again",
			     expired);
	else if (!listed)
		st = df_fail(DF_REJECT, err, "bad-signature",
			     "no valid signature by a key that signed_by lists; found: %s; import "
			     "the sender's public "
			     "key, or list "
			     "its fingerprint",
			     df_buf_cstr(&found));
	df_buf_free(&good);
	df_buf_free(&late);
	df_buf_free(&found);
	return st;
}
