/* SPDX-License-Identifier: MIT */
/* A process takes part in a fleet: its name, and the thread that renews what it holds. */
#include "ledger_claim.h"
#include "ledger_postgres.h"

#include "dropfeed/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

static enum df_status random_word(char out[20], struct df_err *err)
{
	uint64_t n = 0;
	if (getrandom(&n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return df_fail(DF_FATAL, err, NULL, "cannot get random bytes: %s", strerror(errno));
	snprintf(out, 20, "%016" PRIx64, n);
	return DF_OK;
}

/* A number of the state folder's own: whoever finds it there has the folder, and its lock. */
static enum df_status place_word(const struct ledger *l, char out[20], struct df_err *err)
{
	char *path = df_format("%s/ledger.place", l->dir), *text = NULL;
	size_t len = 0;
	struct df_err ignored = {0};
	enum df_status st = DF_OK;
	if (df_read_file(path, 19, &text, &len, &ignored) == DF_OK && len == 16) {
		snprintf(out, 20, "%s", text);
		goto cleanup;
	}
	st = random_word(out, err);
	if (st != DF_OK)
		goto cleanup;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		st = df_fail(df_disk_status(errno, DF_FATAL), err, NULL, "cannot write %s: %s",
			     path, df_strerror(errno));
	else
		st = df_write_all(fd, out, strlen(out), err);
	if (fd >= 0)
		close(fd);
cleanup:
	free(text);
	free(path);
	return st;
}

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>

/* ---- renewing ---- */

static void seen(struct ledger_claims *c, int64_t file, int64_t epoch, int64_t asked_ms)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].file == file && c->v[i].epoch == epoch)
			c->v[i].renewed_ms = asked_ms;
}

/* What does not come back is not renewed: the next fence, or the lease's end, shows what is so. */
static void renewed(struct ledger_claims *c, const PGresult *r, int64_t asked_ms)
{
	pthread_mutex_lock(&c->lock);
	for (int i = 0; i < PQntuples(r); i++)
		seen(c, strtoll(PQgetvalue(r, i, 0), NULL, 10),
		     strtoll(PQgetvalue(r, i, 1), NULL, 10), asked_ms);
	pthread_mutex_unlock(&c->lock);
}

enum { OID_INT8 = 20, OID_TEXT = 25 };

static enum df_status ask(struct ledger_claims *c, const char *sql, unsigned type,
			  const char *first, PGresult **out, struct df_err *err)
{
	const struct ledger_query q = {
	    .sql = sql, .n = 2, .types = {type, OID_TEXT}, .values = {first, c->me}};
	return ledger_link_query(c->link, &q, out, "renew a lease", err);
}

static enum df_status renew(struct ledger_claims *c, const char *node, struct df_err *err)
{
	char lease[24];
	PGresult *r = NULL;
	int64_t asked_ms = ledger_boot_ms();
	snprintf(lease, sizeof(lease), "%" PRId64, ledger_lease_ms());
	enum df_status st = ask(c, SQL_RENEW, OID_INT8, lease, &r, err);
	if (st != DF_OK)
		return st;
	renewed(c, r, asked_ms);
	PQclear(r);
	st = ask(c, SQL_SCAN_RENEW, OID_INT8, lease, &r, err);
	PQclear(r);
	if (st != DF_OK)
		return st;
	st = ask(c, SQL_NODE_SEEN, OID_TEXT, node, &r, err);
	PQclear(r);
	return st;
}

/* ---- the thread ---- */

/* Until then (CLOCK_BOOTTIME), or until somebody waits for a key. False: no more. */
static bool wait_until(struct ledger_claims *c, int64_t then)
{
	pthread_mutex_lock(&c->lock);
	for (int64_t left; !c->quit && !c->look && (left = then - ledger_boot_ms()) > 0;)
		df_cond_wait(&c->changed, &c->lock, left);
	bool quit = c->quit;
	c->look = false;
	pthread_mutex_unlock(&c->lock);
	return !quit;
}

enum { RENEW_AGAIN = 60 }; /* part of a lease */

static void *renew_main(void *arg)
{
	struct ledger *l = arg;
	int64_t next = ledger_boot_ms() + ledger_lease_ms() / 4, pace = INT64_MAX;
	while (wait_until(l->claims, pace < next ? pace : next)) {
		struct df_err err = {0};
		pace = ledger_pace_turn(l->claims);
		if (ledger_boot_ms() < next)
			continue;
		bool done = renew(l->claims, l->node, &err) == DF_OK;
		/* the lease goes on to three quarters of its time: there is some for other tries */
		next = ledger_boot_ms() + ledger_lease_ms() / (done ? 4 : RENEW_AGAIN);
		if (!done)
			df_log(DF_LOG_WARN, "%s", err.text);
	}
	return NULL;
}

/* ---- joining ---- */

static enum df_status name_itself(struct ledger *l, struct ledger_claims *c, struct df_err *err)
{
	char place[20], process[20];
	enum df_status st = place_word(l, place, err);
	if (st != DF_OK)
		return st;
	st = random_word(process, err);
	if (st != DF_OK)
		return st;
	c->place = df_format("%s/%s/", l->node, place);
	c->me = df_format("%s%s", c->place, process);
	return DF_OK;
}

static void claims_free(struct ledger_claims *c)
{
	ledger_link_free(c->link);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c->place);
	free(c->me);
	free(c->v);
	free(c);
}

enum df_status ledger_join(struct ledger *l, const struct ledger_host *host, struct df_err *err)
{
	if (l->link == NULL)
		return DF_OK;
	struct ledger_claims *c = df_alloc(sizeof(*c));
	pthread_mutex_init(&c->lock, NULL);
	df_cond_init(&c->changed);
	c->batch_format = host->batch_format;
	c->older_format = host->older_format;
	c->link = ledger_link_like(l->link);
	ledger_link_idle(l->link, ledger_lease_ms() / 6);
	ledger_link_hurry(c->link, ledger_lease_ms() / 6);

	enum df_status st = name_itself(l, c, err);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_once_run(l, SQL_NODE, err, "tttit", l->node, c->me, host->version,
			     (int64_t)host->batch_format, host->config);
	if (st != DF_OK)
		goto cleanup;
	st = ledger_once_run(l, SQL_PACE_INHERIT, err, "tt", c->place, c->me);
	if (st != DF_OK)
		goto cleanup;

	l->claims = c;
	l->ensure = ledger_claim_ensure;
	l->fence = ledger_claim_fence;
	if (df_thread_start(&l->claims->thread, renew_main, l) == 0)
		return DF_OK;
	l->claims = NULL;
	st = df_fail(DF_FATAL, err, NULL, "no thread could be started to renew leases");
cleanup:
	claims_free(c);
	return st;
}

void ledger_part(struct ledger *l)
{
	struct ledger_claims *c = l->claims;
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->quit = true;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	struct df_err ignored = {0};
	if (ledger_once_run(l, SQL_PACE_LEAVE, &ignored, "t", c->me) != DF_OK ||
	    ledger_once_run(l, SQL_PACE_FORGET, &ignored, "") != DF_OK)
		df_log(DF_LOG_DEBUG, "%s", ignored.text);
	while (c->n > 0) {
		int64_t file = c->v[0].file;
		ledger_release(l, file, true);
		if (c->n > 0 && c->v[0].file == file) /* it was released before, or is lost */
			c->v[0] = c->v[--c->n];
	}
	l->claims = NULL;
	claims_free(c);
}
#else
enum df_status ledger_join(struct ledger *l, const struct ledger_host *host, struct df_err *err)
{
	(void)l, (void)host, (void)err;
	return DF_OK;
}

void ledger_part(struct ledger *l)
{
	(void)l;
}
#endif
