/* SPDX-License-Identifier: MIT */
/*
 * decode_gpg_priv.h - one decryption: what was seen of it, and the verdict on it
 */
#ifndef DROPFEED_DECODE_GPG_PRIV_H
#define DROPFEED_DECODE_GPG_PRIV_H

#include "decode_priv.h"

#include <gpgme.h>

struct decode_gpg_run {
	const struct conf_feed *feed;
	struct decode_sink *out;
	int fd;
	uint64_t offset; /* in fd, of what GnuPG reads next */
	uint64_t start;  /* in fd, of the message */
	uint64_t end;    /* 0: that of the file */
	uint64_t sum_at; /* in fd, where GnuPG reads sum in between; 0: nowhere */
	char sum[6];
	size_t sum_read;   /* how much of it GnuPG has read */
	enum df_status st; /* what a callback ended with */
	struct df_err *err;

	unsigned begun, okay, plaintexts; /* status lines seen */
	bool informed;                    /* DECRYPTION_INFO was seen */
	bool intact;                      /* and names an MDC or an AEAD mode */
	/* BADMDC, NODATA, UNEXPECTED: part of it is not a good message */
	bool broken;
	bool ended;          /* END_DECRYPTION: GnuPG has seen all of the message */
	bool failed;         /* GnuPG's own exit code is not 0 */
	bool signature;      /* the message is signed */
	bool symmetric;      /* it can be decrypted by a passphrase */
	bool asks_symmetric; /* and that is the passphrase which GnuPG asks for now */
	bool keys_last;      /* GnuPG asks for that one before it looks at the keys */
	bool declined;       /* and was answered with what is random */
	bool agent_lost;
	gpgme_error_t key_error; /* what GnuPG's agent objected to in the secret key */
	bool bad_passphrase;
	bool asked;                /* for the passphrase */
	bool died;                 /* the verdict: there is none, GnuPG did not come to its end */
	char key[DECODE_KEY_SIZE]; /* the fingerprint of the key that opened it, or "" */
};

struct decode_gpg_job {
	gpgme_data_t in, out;
	gpgme_key_t *recipients; /* encrypt to them; NULL: decrypt and verify */
};

/* Once for the process, before anything else. */
void decode_gpg_begin(void);
/* Finds the message in run->fd: its start, its end. */
void decode_gpg_span(struct decode_gpg_run *run);
/* Makes up for the checksum that its armour may lack. */
void decode_gpg_armour(struct decode_gpg_run *run);
/* Reads on in run->fd, for GPGME. */
ssize_t decode_gpg_read(struct decode_gpg_run *run, void *buffer, size_t size);

/* Does the job, and returns as gpgme_op_encrypt and gpgme_op_decrypt_verify do; but when the run
 * is to stop, or GnuPG does nothing for the feed's stall_timeout, it is left alone, and run->st
 * says so. */
gpgme_error_t decode_gpg_wait(struct decode_gpg_run *run, gpgme_ctx_t ctx,
			      const struct decode_gpg_job *job);
/* Why GPGME returned `code`. Never DF_OK. */
enum df_status decode_gpg_fault(struct decode_gpg_run *run, gpgme_ctx_t ctx, gpgme_error_t code,
				struct df_err *err) DF_CHECK;
/* After "no secret key". DF_END: it is certain that none of the recipients' is there. DF_OK: one
 * is. DF_RETRY: it cannot be said, for a reason that is the machine's. */
enum df_status decode_gpg_home_check(const struct decode_gpg_run *run, gpgme_ctx_t ctx,
				     gpgme_recipient_t recipients, struct df_err *err) DF_CHECK;
/* DF_RETRY: there is no home that could be used; GnuPG would make an empty one. */
enum df_status decode_gpg_home_exists(const struct conf_feed *feed, struct df_err *err) DF_CHECK;
enum df_status decode_gpg_damaged(const char *words, struct df_err *err) DF_CHECK;
/* DF_OK when the run, which GPGME found no fault with, was one whole message that is encrypted
 * to a key. */
enum df_status decode_gpg_check_whole(struct decode_gpg_run *run, gpgme_ctx_t ctx,
				      struct df_err *err) DF_CHECK;
/* DF_OK when it has a valid signature by a key that signed_by lists. */
enum df_status decode_gpg_check_signer(const struct conf_feed *feed, gpgme_ctx_t ctx,
				       struct df_err *err) DF_CHECK;

#endif
