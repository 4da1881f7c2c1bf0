/* SPDX-License-Identifier: MIT */
/* Where a feed's batches go. What a service is asked for access is in its own table in src/send. */
#include "doctor_tick.h"

#include "dropfeed/send.h"

#include <stdlib.h>
#include <strings.h>

#define CLOCK_LITTLE_MS INT64_C(300000)

static const char *const after_endpoint[] = {"tls", "clock", "credentials", NULL};

static void skip_all(struct doctor *d, const char *const *names, const char *why)
{
	for (; *names != NULL; names++)
		doctor_skips(d, *names, "%s", why);
}

static bool is_https(const struct conf_feed *feed)
{
	return strncasecmp(feed->send.endpoint, "https://", 8) == 0;
}

static void check_ca(struct doctor *d)
{
	static const char *const settings[] = {"ca_file", NULL};
	if (doctor_found(d, "ca_bundle", settings))
		return;
	if (!is_https(d->feed))
		doctor_skips(d, "ca_bundle", "not needed: the endpoint is not https");
	else if (d->feed->send.ca_file != NULL)
		doctor_ok(d, "ca_bundle", "%s", d->feed->send.ca_file);
	else
		doctor_ok(d, "ca_bundle", "the system's");
}

static void show_clock(struct doctor *d, enum df_status st, int64_t ahead_ms)
{
	struct df_err why = {0};
	int64_t off = llabs(ahead_ms);
	const char *where = ahead_ms < 0 ? "earlier than" : "ahead of";

	if (st == DF_END) {
		doctor_warns(d, "clock", "the endpoint's answer has no Date to compare with");
	} else if (off > SEND_CLOCK_OFF_MS) {
		(void)df_fail(DF_RETRY, &why, NULL,
			      "this machine's clock is %lld minutes %s the API's: set it (date "
			      "-u; timedatectl set-ntp true)",
			      (long long)(off / 60000), where);
		doctor_fails(d, "clock", DF_RETRY, &why);
	} else if (off > CLOCK_LITTLE_MS) {
		doctor_warns(d, "clock",
			     "%lld minutes %s the API's: set it over the network "
			     "(timedatectl set-ntp true)",
			     (long long)(off / 60000), where);
	} else {
		doctor_ok(d, "clock", "as the API's, within %lld s",
			  (long long)((off + 999) / 1000));
	}
}

/* Asked with nothing but a request's head, once. False: the rest is not to be tried. */
static bool check_endpoint(struct doctor *d, const struct conf_feed *once)
{
	struct df_err why = {0};
	int64_t ahead_ms = 0;
	enum df_status st = sender_clock(d->sender, once, &ahead_ms, &why);
	bool reached = st == DF_OK || st == DF_END;
	bool untrusted = !reached && sender_untrusted(d->sender, once);
	if (!reached && !untrusted) {
		doctor_fails(d, "endpoint", st, &why);
		skip_all(d, after_endpoint, "not tried without the endpoint");
		return false;
	}

	doctor_ok(d, "endpoint", "%s", d->feed->send.endpoint);
	if (untrusted) {
		doctor_fails(d, "tls", st, &why);
		skip_all(d, after_endpoint + 1, "not tried without trust in the certificate");
		return false;
	}
	if (is_https(d->feed))
		doctor_ok(d, "tls", "the certificate is trusted");
	else
		doctor_skips(d, "tls", "not needed: the endpoint is not https");
	show_clock(d, st, ahead_ms);
	return true;
}

static void check_access(struct doctor *d, const struct conf_feed *once)
{
	struct df_err why = {0};
	enum df_status st = sender_access(d->sender, once, &why);
	if (st == DF_OK)
		doctor_ok(d, "credentials", "accepted; nothing was sent");
	else if (st == DF_END)
		doctor_skips(d, "credentials", "it cannot be tried without sending a row");
	else
		doctor_fails(d, "credentials", st, &why);
}

static void check_service(struct doctor *d)
{
	struct conf_feed once = *d->feed; /* its pointers stay the feed's */
	once.send.give_up_after_ms = 0;   /* one try */
	if (d->feed->send.endpoint == NULL || d->feed->send.api_key == NULL ||
	    d->feed->send.api_secret == NULL) {
		doctor_skips(d, "endpoint", "the feed names no endpoint, key and secret");
		skip_all(d, after_endpoint, "not tried without the endpoint");
		return;
	}
	check_ca(d);
	if (check_endpoint(d, &once))
		check_access(d, &once);
}

void doctor_sink(struct doctor *d)
{
	static const char *const settings[] = {"sink", NULL};
	if (conf_sink_answers(d->feed->send.sink))
		check_service(d);
	else if (!doctor_found(d, "sink", settings))
		doctor_ok(d, "sink", "%s",
			  d->feed->send.sink == CONF_SINK_FILE ? d->feed->send.sink_path
							       : "standard output");
}
