/* SPDX-License-Identifier: MIT */
/* What OpenSSH's client asks of a host certificate, in an order that names the most telling fault
 * first. The signature is verified only with a key that known_hosts trusts. */
#include "fetch_cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- words ---- */

static void cert_when(uint64_t seconds, char out[32])
{
	struct tm tm = {0};
	time_t t = (time_t)seconds;
	snprintf(out, 32, "a time after the year 9999");
	if (seconds <= 253402300799 && gmtime_r(&t, &tm) != NULL)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static enum df_status cert_fail(const struct conf_feed *feed, const struct fetch_cert *cert,
				const char *why, struct df_err *err)
{
	struct df_buf id = {.max = FETCH_SHOWN_MAX};
	fetch_wire_show(&id, cert->id);
	enum df_status st =
	    df_fail(DF_DENIED, err, NULL,
		    "the host certificate '%s' (serial %llu, %s) that %s port %u "
		    "shows cannot be accepted: %s",
		    df_buf_cstr(&id), (unsigned long long)cert->serial, cert->type,
		    feed->fetch.source.host, (unsigned)feed->fetch.source.port, why);
	df_buf_free(&id);
	return st;
}

/* ---- names ---- */

/* The names may hold wildcards, as OpenSSH has it. */
static bool principals_name(const struct fetch_cert *cert, const char *host)
{
	struct fetch_wire w = {cert->principals.p, cert->principals.len, false};
	bool found = false;
	while (!found && !w.bad && w.left > 0) {
		struct fetch_bytes one = fetch_wire_string(&w);
		char *pattern = df_strndup((const char *)one.p, one.len);
		/* a name with a NUL in it would be cut here, and is not a name */
		found =
		    one.len > 0 && strlen(pattern) == one.len && fetch_known_glob(pattern, host);
		free(pattern);
	}
	return found && !w.bad;
}

static enum df_status check_principals(const struct conf_feed *feed, const struct fetch_cert *cert,
				       struct df_err *err)
{
	struct df_buf why = {.max = 900};
	char *host = fetch_known_host(&feed->fetch.source);
	struct fetch_wire w = {cert->principals.p, cert->principals.len, false};
	enum df_status st = DF_OK;
	if (principals_name(cert, host))
		goto cleanup;

	df_buf_addf(&why, "it is made for ");
	if (w.left == 0)
		df_buf_addf(&why, "no name at all");
	for (int n = 0; !w.bad && w.left > 0; n++) {
		df_buf_addf(&why, n > 0 ? ", " : "");
		if (n == 3) {
			df_buf_addf(&why, "...");
			break;
		}
		fetch_wire_show(&why, fetch_wire_string(&w));
	}
	df_buf_addf(&why,
		    ", not for '%s': have the server's administrator issue one with that name "
		    "(ssh-keygen -h -n), or let `source` name the host so",
		    host);
	st = cert_fail(feed, cert, df_buf_cstr(&why), err);
cleanup:
	df_buf_free(&why);
	free(host);
	return st;
}

/* ---- keys ---- */

static const struct fetch_known_key *find_key(const struct fetch_known *known,
					      enum fetch_known_kind kind, const void *p, size_t len)
{
	for (size_t i = 0; i < known->n; i++) {
		const struct fetch_known_key *key = &known->v[i];
		if (key->kind == kind && key->len == len && memcmp(key->blob, p, len) == 0)
			return key;
	}
	return NULL;
}

static enum df_status check_revoked(const struct conf_feed *feed, const struct fetch_known *known,
				    const struct fetch_cert *cert, struct df_err *err)
{
	char why[700], print[FETCH_PRINT_SIZE];
	const char *whose = "the authority's key, with which it is signed,";
	struct fetch_bytes key = cert->authority;
	const struct fetch_known_key *revoked = find_key(known, FETCH_KEY_REVOKED, key.p, key.len);
	if (revoked == NULL) {
		whose = "its key";
		key = (struct fetch_bytes){(const unsigned char *)cert->key.data, cert->key.len};
		revoked = find_key(known, FETCH_KEY_REVOKED, key.p, key.len);
	}
	if (revoked == NULL)
		return DF_OK;
	fetch_hostkey_print(key.p, key.len, print);
	snprintf(why, sizeof(why), "%s (%s) is revoked by %s line %d", whose, print,
		 feed->fetch.known_hosts, revoked->line);
	return cert_fail(feed, cert, why, err);
}

static enum df_status check_authority(const struct conf_feed *feed, const struct fetch_known *known,
				      const struct fetch_cert *cert, int *line, struct df_err *err)
{
	struct df_buf why = {.max = 900};
	char type[FETCH_TYPE_SIZE], print[FETCH_PRINT_SIZE];
	const struct fetch_known_key *trusted =
	    find_key(known, FETCH_KEY_AUTHORITY, cert->authority.p, cert->authority.len);
	if (trusted != NULL) {
		*line = trusted->line;
		return DF_OK;
	}
	fetch_hostkey_type(cert->authority.p, cert->authority.len, type);
	fetch_hostkey_print(cert->authority.p, cert->authority.len, print);
	df_buf_addf(&why, "it is signed by %s %s, but %s trusts", type, print,
		    feed->fetch.known_hosts);
	for (size_t i = 0; i < known->n; i++) {
		const struct fetch_known_key *key = &known->v[i];
		if (key->kind != FETCH_KEY_AUTHORITY)
			continue;
		fetch_hostkey_print(key->blob, key->len, print);
		df_buf_addf(&why, " %s %s (@cert-authority in line %d)", key->type, print,
			    key->line);
	}
	df_buf_addf(&why, ". Ask the server's administrator which authority is right");
	enum df_status st = cert_fail(feed, cert, df_buf_cstr(&why), err);
	df_buf_free(&why);
	return st;
}

/* ---- time and options ---- */

static enum df_status check_time(const struct conf_feed *feed, const struct fetch_cert *cert,
				 int64_t now, struct df_err *err)
{
	char why[300], when[32];
	uint64_t seconds = now > 0 ? (uint64_t)now : 0;
	if (seconds >= cert->before) {
		cert_when(cert->before, when);
		snprintf(why, sizeof(why),
			 "it expired at %s. Have the server's administrator renew it, unless this "
			 "machine's clock is wrong",
			 when);
		return cert_fail(feed, cert, why, err);
	}
	if (seconds < cert->after) {
		cert_when(cert->after, when);
		snprintf(why, sizeof(why),
			 "it is not valid before %s. This machine's clock may be wrong", when);
		return cert_fail(feed, cert, why, err);
	}
	return DF_OK;
}

/* No critical option is defined for hosts, and one that is not known must not be passed over. */
static enum df_status check_options(const struct conf_feed *feed, const struct fetch_cert *cert,
				    struct df_err *err)
{
	struct df_buf why = {.max = 900};
	struct fetch_wire w = {cert->options.p, cert->options.len, false};
	if (cert->options.len == 0)
		return DF_OK;
	df_buf_addf(&why, "it is restricted by the critical option '");
	fetch_wire_show(&why, fetch_wire_string(&w));
	df_buf_addf(&why, "', which dropfeed does not know: have one without it issued");
	enum df_status st = cert_fail(feed, cert, df_buf_cstr(&why), err);
	df_buf_free(&why);
	return st;
}

enum df_status fetch_cert_check(const struct conf_feed *feed, const struct fetch_known *known,
				const struct fetch_cert *cert, int64_t now, int *authority,
				struct df_err *err)
{
	struct df_err forged = {0};
	enum df_status st = check_revoked(feed, known, cert, err);
	if (st != DF_OK)
		return st;
	st = check_authority(feed, known, cert, authority, err);
	if (st != DF_OK)
		return st;
	if (fetch_cert_verify(cert, &forged) != DF_OK)
		return cert_fail(feed, cert, forged.text, err);

	if (cert->kind != FETCH_CERT_HOST)
		return cert_fail(feed, cert,
				 "it is made for users, not for hosts: have the server's "
				 "administrator issue one with ssh-keygen -h",
				 err);
	st = check_time(feed, cert, now, err);
	if (st != DF_OK)
		return st;
	st = check_options(feed, cert, err);
	return st == DF_OK ? check_principals(feed, cert, err) : st;
}
