/* SPDX-License-Identifier: MIT */
/* conf_feed.h - a feed as a whole: how it begins, and what follows from its settings */
#ifndef CONF_FEED_H
#define CONF_FEED_H

#include "dropfeed/conf.h"

/* What follows from other settings: the endpoint of subject requests. */
void conf_feed_settle(struct conf_feed *feed);
struct conf_feed *conf_feed_copy(const struct conf_feed *from); /* for conf_feed_free */
/* a zeroed feed gets every default */
void conf_feed_init(struct conf_feed *feed, const char *name);

/* Does `dir`, as receipts and move: take it, name the source folder itself? "." and ".." are
 * followed in the text alone. */
bool conf_dir_is_source(const struct conf_feed *feed, const char *dir);
/* The endpoint is one of the Events API's pods. */
bool conf_endpoint_pod(const struct conf_feed *feed);
/* Gives a feed of this sink an api_key, once its secret is read. */
void conf_braze_name_key(struct conf_feed *feed);

#endif
