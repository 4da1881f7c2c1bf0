/* SPDX-License-Identifier: MIT */
/* libssh2 does not report what the server had to offer when no method is common. The first packet
 * of a server says it. */
#include "fetch_hello.h"

enum { OFFER_MS = 5000 };

char *fetch_sftp_offer(const struct conf_feed *feed)
{
	struct fetch_hello h;
	struct fetch_wire w = {0};
	struct fetch_offer offer = {0};
	struct df_err unsaid = {0};
	enum df_status st = fetch_hello_open(&h, feed, OFFER_MS, &unsaid);
	if (st == DF_OK)
		st = fetch_hello_packet(&h, SSH_MSG_KEXINIT, &w, &unsaid);
	char *text =
	    st == DF_OK && fetch_offer_read(&w, &offer) ? fetch_offer_text(offer.keys) : NULL;
	fetch_hello_close(&h);
	return text;
}
