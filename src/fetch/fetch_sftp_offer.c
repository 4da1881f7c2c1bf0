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
	char *text = NULL;
	if (fetch_hello_open(&h, feed, OFFER_MS, &unsaid) == DF_OK &&
	    fetch_hello_packet(&h, SSH_MSG_KEXINIT, &w, &unsaid) == DF_OK &&
	    fetch_offer_read(&w, &offer))
		text = fetch_offer_text(offer.keys);
	fetch_hello_close(&h);
	return text;
}
