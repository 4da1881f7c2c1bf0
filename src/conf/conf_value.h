/* SPDX-License-Identifier: MIT */
/* conf_value.h - what a value may look like: the functions that the table of keys names */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf_key.h"

/* ---- conf_value.c ---- */
conf_parse conf_parse_text;
conf_parse conf_parse_utf8;
conf_parse conf_parse_word;
conf_parse conf_parse_bool;
conf_parse conf_parse_word_bool;
conf_parse conf_parse_word_text;
conf_parse conf_parse_size;
conf_parse conf_parse_count;
conf_parse conf_parse_u32;
conf_parse conf_parse_duration;
conf_parse conf_parse_rate;
conf_parse conf_parse_rejects;
conf_parse conf_parse_list;
conf_parse conf_parse_fingerprints;
conf_print conf_print_text;
conf_print conf_print_word;
conf_print conf_print_bool;
conf_print conf_print_word_bool;
conf_print conf_print_u64;
conf_print conf_print_u32;
conf_print conf_print_rejects;
void conf_list_free(struct conf_list *list);
void conf_text_set(char **field, char *own);

/* ---- conf_rows.c ---- */
conf_parse conf_parse_char;
conf_parse conf_parse_delimiter;
conf_parse conf_parse_words;
conf_parse conf_parse_encoding;
conf_parse conf_parse_pattern;
conf_print conf_print_char;
conf_print conf_print_words;

/* ---- conf_expect.c ---- */
conf_parse conf_parse_expect;
conf_parse conf_parse_expect_rows;

/* ---- conf_braze.c ---- */
conf_parse conf_parse_instance;
conf_parse conf_parse_identity;
conf_parse conf_parse_groups;
conf_parse conf_parse_consent;
conf_parse conf_parse_audiences;
conf_print conf_print_audiences;

/* ---- conf_source.c ---- */
struct conf_authority {   /* host[:port] of a URL */
	const char *host; /* borrowed; without brackets */
	size_t host_len;
	uint16_t port; /* 0: none given */
};
/* False: it is malformed. */
bool conf_authority_read(const char *s, size_t len, struct conf_authority *out);
conf_parse conf_parse_source;
conf_parse conf_parse_endpoint;
conf_parse conf_parse_proxy;
conf_parse conf_parse_sink;
conf_parse conf_parse_after;
conf_parse conf_parse_receipts;

/* ---- conf_file.c ---- */

/* A path as it is opened: "~/" and "$CREDENTIALS_DIRECTORY/" replaced, else below `base` when it
 * is relative. *out is the caller's. */
enum df_status conf_path_resolve(const char *value, const char *base, char **out,
				 struct df_err *err) DF_CHECK;
conf_parse conf_parse_path;
conf_parse conf_parse_readable;
conf_parse conf_parse_folder;
conf_parse conf_parse_plan;
conf_parse conf_parse_manifest;
conf_parse conf_parse_timezone;

/* Where systemd puts a service's credentials (systemd.exec(5)), or NULL. */
const char *conf_credentials_folder(void);

/* ---- conf_secret.c ---- */
conf_parse conf_parse_private; /* a path to a file that only its owner or group may read */
conf_parse conf_parse_secret_file;
conf_parse conf_parse_secret_env;

/* ---- conf_rule.c ---- */
conf_parse conf_parse_data_plan;
conf_parse conf_parse_timestamps;
conf_parse conf_parse_timestamp_range;
conf_parse conf_parse_host_key;
conf_parse conf_parse_api_key;
conf_parse conf_parse_document_type;
conf_parse conf_parse_marker;
conf_parse conf_parse_metrics_file;
conf_parse conf_parse_url;
conf_parse conf_parse_ledger;
conf_parse conf_parse_node;
conf_parse conf_parse_urls;
conf_parse conf_parse_notify;

#endif
