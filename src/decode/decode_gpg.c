/* SPDX-License-Identifier: MIT */
/*
 * OpenPGP by GPGME. What GPGME returns is not enough to accept a message: GnuPG may go on after a
 * first good message, may decrypt by a passphrase instead of a key, or hand out what was never
 * encrypted. So the status lines (GnuPG's doc/DETAILS) are counted too, and a message is accepted
 * only when all of them report one encrypted, intact message.
 */
#include "decode_gpg_priv.h"

#include <errno.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

void decode_gpg_begin(void)
{
	pthread_once(&gpg_once, gpg_setup);
}

/* ---- what GPGME calls ---- */

/* 0: the checksum is not what is read next. */
static size_t gpg_read_sum(struct decode_gpg_run *run, void *buffer, size_t size)
{
	size_t left = sizeof(run->sum) - run->sum_read;
	if (run->sum_at == 0 || run->offset != run->sum_at)
		return 0;
	size_t n = left < size ? left : size;
	memcpy(buffer, run->sum + run->sum_read, n);
	run->sum_read += n;
	return n;
}

ssize_t decode_gpg_read(struct decode_gpg_run *run, void *buffer, size_t size)
{
	if (run->st == DF_OK)
		run->st = decode_stopped(run->err);
	if (run->st != DF_OK) {
		errno = ECANCELED;
		return -1;
	}
	size_t inserted = gpg_read_sum(run, buffer, size);
	if (inserted > 0)
		return (ssize_t)inserted;
	uint64_t end = run->offset < run->sum_at ? run->sum_at : run->end;
	if (end > 0 && size > end - run->offset)
		size = (size_t)(end - run->offset);
	ssize_t n = pread(run->fd, buffer, size, (off_t)run->offset);
	if (n < 0 && errno != EINTR)
		run->st = df_fail(DF_RETRY, run->err, NULL, "cannot read the encrypted file: %s",
				  strerror(errno));
	else if (n > 0)
		run->offset += (uint64_t)n;
	return n;
}

static ssize_t gpg_read(void *ctx, void *buffer, size_t size)
{
	return decode_gpg_read(ctx, buffer, size);
}

static ssize_t gpg_write(void *ctx, const void *buffer, size_t size)
{
	struct decode_gpg_run *run = ctx;
	if (run->st == DF_OK)
		run->st = decode_sink_write(run->out, buffer, size, run->err);
	if (run->st == DF_OK)
		return (ssize_t)size;
	errno = ECANCELED;
	return -1;
}

static gpgme_error_t gpg_answer(int fd, const char *text)
{
	bool ok = gpgme_io_writen(fd, text, strlen(text)) == 0 && gpgme_io_writen(fd, "\n", 1) == 0;
	return ok ? 0 : gpgme_error_from_errno(errno);
}

/* A message's own passphrase is not known here. GnuPG asks for it, since 2.3, before it looks at
 * the keys, and goes on to these after a wrong answer, but not without one. Nobody can have
 * encrypted by what is random. */
static gpgme_error_t gpg_decline(int fd)
{
	unsigned char random[16];
	char text[2 * sizeof(random) + 1];
	if (RAND_bytes(random, sizeof(random)) != 1)
		return gpgme_error(GPG_ERR_CANCELED);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	return gpg_answer(fd, text);
}

static gpgme_error_t gpg_passphrase(void *ctx, const char *hint, const char *info, int again,
				    int fd)
{
	struct decode_gpg_run *run = ctx;
	(void)hint;
	(void)info;
	const char *text = run->feed->decode.gnupg_passphrase != NULL
			       ? run->feed->decode.gnupg_passphrase
			       : run->feed->fetch.passphrase;
	run->asked = run->asked || !run->asks_symmetric;
	run->bad_passphrase = run->bad_passphrase || (again && !run->asks_symmetric);
	if (run->asks_symmetric && run->keys_last && !again) {
		run->declined = true;
		return gpg_decline(fd);
	}
	if (text == NULL || again || run->asks_symmetric)
		return gpgme_error(GPG_ERR_CANCELED);
	return gpg_answer(fd, text);
}

/* ERROR <location> <code>, FAILURE <location> <code>: libgpg-error's codes. */
static void gpg_status_error(struct decode_gpg_run *run, const char *args)
{
	const char *blank = strchr(args, ' ');
	gpgme_error_t code = blank != NULL ? (gpgme_error_t)strtoul(blank + 1, NULL, 10) : 0;
	if (strncmp(args, "pkdecrypt_failed ", 17) == 0)
		run->key_error = code;
	switch (gpgme_err_code(code)) {
	case GPG_ERR_NO_AGENT:
	case GPG_ERR_AGENT:
	case GPG_ERR_ASS_CONNECT_FAILED:
		run->agent_lost = true;
		break;
	case GPG_ERR_BAD_PASSPHRASE:
		run->bad_passphrase = run->bad_passphrase || !run->asks_symmetric;
		break;
	default:
		break;
	}
}

/* DECRYPTION_KEY <fingerprint> <that of its primary key> <trust> */
static void gpg_status_key(struct decode_gpg_run *run, const char *args)
{
	const char *primary = strchr(args, ' ');
	primary = primary != NULL ? primary + 1 : args;
	size_t len = strcspn(primary, " ");
	if (len >= sizeof(run->key))
		return;
	memcpy(run->key, primary, len);
	run->key[len] = '\0';
}

static gpgme_error_t gpg_status(void *ctx, const char *keyword, const char *args)
{
	struct decode_gpg_run *run = ctx;
	if (strcmp(keyword, "BEGIN_DECRYPTION") == 0) {
		run->begun++;
	} else if (strcmp(keyword, "DECRYPTION_OKAY") == 0) {
		run->okay++;
	} else if (strcmp(keyword, "END_DECRYPTION") == 0) {
		run->ended = true;
	} else if (strcmp(keyword, "PLAINTEXT") == 0) {
		run->plaintexts++;
	} else if (strcmp(keyword, "DECRYPTION_INFO") == 0) {
		/* <mdc method> <cipher> [<aead>]: 0: absent. */
		int mdc = 0, cipher = 0, aead = 0;
		int n = sscanf(args, "%d %d %d", &mdc, &cipher, &aead);
		run->informed = true;
		run->intact = (n >= 1 && mdc != 0) || (n >= 3 && aead != 0);
	} else if (strcmp(keyword, "DECRYPTION_KEY") == 0) {
		gpg_status_key(run, args);
	} else if (strcmp(keyword, "BADMDC") == 0 || strcmp(keyword, "NODATA") == 0 ||
		   strcmp(keyword, "UNEXPECTED") == 0) {
		run->broken = true;
	} else if (strcmp(keyword, "NEED_PASSPHRASE_SYM") == 0) {
		run->symmetric = run->asks_symmetric = true;
	} else if (strcmp(keyword, "NEED_PASSPHRASE") == 0) {
		run->asks_symmetric = false;
	} else if (strcmp(keyword, "NEWSIG") == 0 || strcmp(keyword, "ERRSIG") == 0) {
		run->signature = true;
	} else if (strcmp(keyword, "ERROR") == 0 || strcmp(keyword, "FAILURE") == 0) {
		run->failed = run->failed || strcmp(keyword, "FAILURE") == 0;
		gpg_status_error(run, args);
	}

	if (run->st == DF_OK && (run->begun > 1 || run->plaintexts > 1))
		run->st =
		    df_fail(DF_REJECT, run->err, "decrypt-failed",
			    "the file holds more than one OpenPGP message; encrypt the CSV as one");
	return run->st == DF_OK ? 0 : gpgme_error(GPG_ERR_CANCELED);
}

/* ---- the run ---- */

/* GnuPG's agent has some locked memory for all its clients together: a dozen that decrypt at
 * once use it up, and then files that are fine fail. More would not be faster either. */
#define GPG_AT_ONCE 8

static pthread_mutex_t gpg_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gpg_free_place = PTHREAD_COND_INITIALIZER;
static unsigned gpg_running;

static void gpg_enter(void)
{
	pthread_mutex_lock(&gpg_lock);
	while (gpg_running >= GPG_AT_ONCE)
		pthread_cond_wait(&gpg_free_place, &gpg_lock);
	gpg_running++;
	pthread_mutex_unlock(&gpg_lock);
}

static void gpg_leave(void)
{
	pthread_mutex_lock(&gpg_lock);
	gpg_running--;
	pthread_cond_signal(&gpg_free_place);
	pthread_mutex_unlock(&gpg_lock);
}

static bool gpg_is_new(gpgme_ctx_t ctx)
{
	unsigned major = 0, minor = 0;
	for (gpgme_engine_info_t e = gpgme_ctx_get_engine_info(ctx); e != NULL; e = e->next)
		if (e->protocol == GPGME_PROTOCOL_OpenPGP && e->version != NULL &&
		    sscanf(e->version, "%u.%u", &major, &minor) == 2)
			return major > 2 || (major == 2 && minor >= 3);
	return false;
}

static gpgme_error_t gpg_context(struct decode_gpg_run *run, gpgme_ctx_t *ctx)
{
	gpgme_error_t e = gpgme_new(ctx);
	if (e == 0)
		e = gpgme_ctx_set_engine_info(*ctx, GPGME_PROTOCOL_OpenPGP, NULL,
					      run->feed->decode.gnupg_home);
	if (e == 0)
		/* cron has no terminal */
		e = gpgme_set_pinentry_mode(*ctx, GPGME_PINENTRY_MODE_LOOPBACK);
	if (e == 0)
		e = gpgme_set_ctx_flag(*ctx, "full-status", "1");
	if (e == 0)
		e = gpgme_set_ctx_flag(*ctx, "no-symkey-cache", "1");
	if (e == 0) {
		run->keys_last = gpg_is_new(*ctx);
		gpgme_set_offline(*ctx, 1);
		gpgme_set_passphrase_cb(*ctx, gpg_passphrase, run);
		gpgme_set_status_cb(*ctx, gpg_status, run);
	}
	return e;
}

static enum df_status gpg_set_up(struct decode_gpg_run *run, gpgme_ctx_t *ctx,
				 struct decode_gpg_job *job, struct df_err *err)
{
	/* GPGME keeps a pointer to them */
	static struct gpgme_data_cbs reads = {.read = gpg_read}, writes = {.write = gpg_write};
	gpgme_error_t e = gpg_context(run, ctx);
	if (e == 0)
		e = gpgme_data_new_from_cbs(&job->in, &reads, run);
	if (e == 0)
		e = gpgme_data_new_from_cbs(&job->out, &writes, run);
	if (e != 0)
		return df_fail(DF_RETRY, err, NULL,
			       "cannot set up GnuPG: %s; see that gpg is installed, and in PATH",
			       gpgme_strerror(e));
	/* Only for speed: an older GPGME that has no such flag goes on with its small buffers. */
	(void)gpgme_data_set_flag(job->in, "io-buffer-size", "262144");
	(void)gpgme_data_set_flag(job->out, "io-buffer-size", "262144");
	return DF_OK;
}

/* After GnuPG has ended: is the message good, whole, and signed as the feed demands? */
static enum df_status gpg_check(struct decode_gpg_run *run, gpgme_ctx_t ctx, gpgme_error_t e,
				struct df_err *err)
{
	if (run->st != DF_OK)
		return run->st;
	if (e != 0) {
		enum df_status st = decode_gpg_fault(run, ctx, e, err);
		if (st != DF_OK)
			return st;
	}
	enum df_status st = decode_gpg_check_whole(run, ctx, err);
	if (st != DF_OK || run->feed->decode.signed_by.n == 0)
		return st;
	return decode_gpg_check_signer(run->feed, ctx, err);
}

static enum df_status gpg_run_once(struct decode_gpg_run *run, struct df_err *err)
{
	struct decode_gpg_job job = {0};
	gpgme_ctx_t ctx = NULL;
	enum df_status st = gpg_set_up(run, &ctx, &job, err);
	if (st != DF_OK)
		goto cleanup;
	gpg_enter();
	gpgme_error_t e = decode_gpg_wait(run, ctx, &job);
	gpg_leave();
	st = gpg_check(run, ctx, e, err);
cleanup:
	gpgme_data_release(job.in);
	gpgme_data_release(job.out);
	if (ctx != NULL)
		gpgme_release(ctx);
	return st;
}

static enum df_status gpg_empty(struct decode_sink *out, struct df_err *err)
{
	if (ftruncate(out->fd, 0) != 0 || lseek(out->fd, 0, SEEK_SET) != 0)
		return df_fail(DF_RETRY, err, NULL, "cannot empty a temporary file: %s",
			       strerror(errno));
	out->written = 0;
	return DF_OK;
}

#define GPG_GUESSES 5

/* GnuPG cannot see at once that a passphrase is wrong. It takes one of about 85 for the message's
 * own, and then does not look at the keys: so another one is tried. */
static enum df_status gpg_run(struct decode_gpg_run *run, struct df_err *err)
{
	const struct decode_gpg_run begin = *run;
	for (unsigned n = 1;; n++) {
		enum df_status st = gpg_run_once(run, err);
		bool guessed = run->declined && run->st == DF_OK && run->key[0] == '\0';
		if (!guessed || n == GPG_GUESSES || (st != DF_REJECT && !run->died))
			return st;
		st = gpg_empty(run->out, err);
		if (st != DF_OK)
			return st;
		*run = begin;
	}
}

/* bytes: what lies in buffers and pipes between us and GnuPG, and some more */
#define GPG_SAME_PLACE (1u << 20)

static enum df_status gpg_verdict(enum df_status st, const struct df_err *why, struct df_err *err)
{
	if (st != DF_OK && err != NULL)
		*err = *why;
	return st;
}

/* What GnuPG objects to in a file may be this machine's fault: its agent was killed, a keyring
 * could not be read. When GnuPG died, it was killed, or choked on the file. In either case it is
 * asked once more, and what is the file's fault comes again: the same verdict, or death at the
 * same place. */
static enum df_status gpg_again(const struct decode_gpg_run *before, const struct df_err *first,
				struct df_err *err)
{
	struct df_err why = {0};
	struct decode_sink *out = before->out;
	struct decode_gpg_run run = {
	    .feed = before->feed, .out = out, .fd = before->fd, .err = &why};
	enum df_status st = gpg_empty(out, err);
	if (st != DF_OK)
		return st;

	decode_gpg_span(&run);
	st = gpg_run(&run, &why);
	memcpy(out->key, run.key, sizeof(out->key));
	uint64_t apart =
	    run.offset > before->offset ? run.offset - before->offset : before->offset - run.offset;
	bool same_place = before->begun > 0 && run.begun > 0 && apart <= GPG_SAME_PLACE;
	if (run.died && same_place)
		return decode_gpg_damaged("nothing, and ends early, twice at the same place", err);
	if (st != DF_REJECT || run.st != DF_OK || strcmp(why.code, first->code) == 0 ||
	    (before->died && same_place))
		return gpg_verdict(st, &why, err);
	return df_fail(DF_RETRY, err, NULL, "GnuPG says one thing (%s), and then another: %s",
		       first->text, why.text);
}

enum df_status decode_gpg(const struct conf_feed *feed, int fd, struct decode_sink *out,
			  struct df_err *err)
{
	struct df_err why = {0};
	struct decode_gpg_run run = {.feed = feed, .out = out, .fd = fd, .err = &why};
	decode_gpg_begin();
	enum df_status st = decode_gpg_home_exists(feed, err);
	if (st != DF_OK)
		return st;
	decode_gpg_span(&run);
	st = gpg_run(&run, &why);
	memcpy(out->key, run.key, sizeof(out->key));
	/* run.st: what we refuse ourselves */
	bool doubtful = run.died || (st == DF_REJECT && run.st == DF_OK);
	return doubtful ? gpg_again(&run, &why, err) : gpg_verdict(st, &why, err);
}
