/* SPDX-License-Identifier: MIT */
/* There is no way to the API: its certificate, the credentials, or somebody else who answers. */
#include "send_outcome.h"
#include "send_proxy.h"

#include <openssl/x509_vfy.h>

/* An address that took batches lately is right: a firewall may look at what they hold. */
#define OBJECTION                                                                                  \
	"; it took other rows lately, so a firewall on the way may object to these: if that goes " \
	"on, `dropfeed abandon FILE` puts the rest of the file into its reject file"

bool http_certificate_refused(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_SSL_ISSUER_ERROR;
}

/* What to do about a certificate is not the same for every reason that there is to refuse it. */
static const char *certificate_remedy(struct http_lane *lane)
{
	long result = X509_V_OK;
	curl_easy_getinfo(lane->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	switch (result) {
	/* its chain is good, so that it is the name which is not; curl may not say so */
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "write endpoint with the name that the certificate is for";
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "check this machine's clock (date -u); if it is right, the server needs a "
		       "new certificate";
	default:
		return "set ca_file to the authority that issued it";
	}
}

static void lane_close_route(struct http_lane *lane, const struct df_err *why)
{
	struct http_route *route = lane->stream->route;
	pthread_mutex_lock(http_lane_lock(lane));
	if (route->closed == DF_OK || route->closed == DF_RETRY) {
		route->closed = DF_DENIED;
		route->why = *why;
	}
	http_stream_stop(lane->stream, DF_DENIED, why);
	pthread_mutex_unlock(http_lane_lock(lane));
}

void http_lane_untrusted(struct http_lane *lane, const struct http_outcome *o)
{
	const struct http_stream *st = lane->stream;
	const char *ca_file = st->base->feed->send.ca_file;
	struct df_err err = {0};
	pthread_mutex_lock(http_lane_lock(lane));
	st->route->untrusted = true;
	pthread_mutex_unlock(http_lane_lock(lane));
	if (o->code == CURLE_SSL_CACERT_BADFILE)
		df_fail(DF_DENIED, &err, NULL,
			"cannot use the certificates in ca_file = %s: PEM is wanted (-----BEGIN "
			"CERTIFICATE-----)",
			ca_file != NULL ? ca_file : "(system)");
	else
		df_fail(DF_DENIED, &err, NULL, "the certificate of %s is not trusted (%s): %s",
			st->route->name, o->why, certificate_remedy(lane));
	lane_close_route(lane, &err);
}

void http_lane_denied(struct http_lane *lane, const struct http_outcome *o)
{
	struct df_err err = {0};
	df_fail(DF_DENIED, &err, NULL, "%s refused the feed's credentials (%s): %s",
		lane->stream->route->name, o->why, lane->stream->service->credentials);
	lane_close_route(lane, &err);
}

/* Where a redirection leads: the host alone, as the rest may hold anything. */
static void redirect_host(struct http_lane *lane, struct df_buf *out)
{
	char *url = NULL, *host = NULL;
	if (curl_easy_getinfo(lane->easy, CURLINFO_REDIRECT_URL, &url) != CURLE_OK || url == NULL)
		return;
	CURLU *u = curl_url();
	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		df_buf_addf(out, ", which leads to %.200s", host);
	curl_free(host);
	curl_url_cleanup(u);
}

void http_lane_stray(struct http_lane *lane, const struct http_outcome *o)
{
	const struct http_route *route = lane->stream->route;
	struct df_buf where = {0};
	struct df_err err = {0};
	redirect_host(lane, &where);
	pthread_mutex_lock(http_lane_lock(lane));
	bool proven = route->proven;
	pthread_mutex_unlock(http_lane_lock(lane));
	const char *to = df_buf_cstr(&where), *proxy = route->proxy.name;
	if (proxy == NULL && o->status == 407)
		df_fail(DF_DENIED, &err, NULL,
			"a proxy on the way to %s wants a login (%s): set proxy, proxy_user and "
			"proxy_password_file, or check endpoint",
			route->name, o->why);
	else if (o->by_proxy == 407 || o->status == 407)
		df_fail(DF_DENIED, &err, NULL,
			"the proxy %s wants another login (%s): check proxy_user and "
			"proxy_password_file",
			proxy, o->why);
	else if (o->by_proxy != 0)
		df_fail(DF_DENIED, &err, NULL,
			"the proxy %s does not connect to %s (%s): check proxy and endpoint", proxy,
			route->name, o->why);
	else
		df_fail(DF_DENIED, &err, NULL,
			"%s gave an answer that no %s gives (%s%s): nothing was consumed; "
			"check endpoint%s%s",
			route->name, lane->stream->service->name, o->why, to,
			proxy != NULL ? " and proxy" : "", proven ? OBJECTION : "");
	df_buf_free(&where);
	lane_close_route(lane, &err);
}
