/* SPDX-License-Identifier: MIT */
/*
 * Armour without a checksum. RFC 9580 (6.1) has it left out, and programs of today do; GnuPG up to
 * 2.4 takes the line after the text for a part of it then, and objects to the bytes that come of
 * it. So it is handed the checksum that is missing. What is damaged is found all the same: the
 * message has its own integrity protection.
 */
#include "decode_gpg_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EDGE 4096u /* bytes at either end of the file where the armour's lines are looked for */

static const char begin_line[] = "-----BEGIN PGP MESSAGE-----";
static const char end_line[] = "-----END PGP MESSAGE-----";
static const char radix64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct armour_text {
	uint64_t from, to; /* in the file: radix-64 alone */
};

/* At most EDGE bytes from `at`, as a string. */
static size_t edge_read(int fd, uint64_t at, char out[EDGE + 1])
{
	ssize_t n = pread(fd, out, EDGE, (off_t)at);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static bool begins_a_line(const char *text, const char *at)
{
	return at == text || at[-1] == '\n';
}

/* Up to the last line of the armour. False: it is not there, or has a checksum before it. */
static bool find_end(const struct decode_gpg_run *run, struct armour_text *out)
{
	char edge[EDGE + 1];
	uint64_t from = run->end > EDGE ? run->end - EDGE : 0;
	(void)edge_read(run->fd, from, edge);
	const char *end = strstr(edge, end_line);
	if (end == NULL || !begins_a_line(edge, end))
		return false;

	out->to = from + (uint64_t)(end - edge);
	while (end > edge && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	const char *line = end;
	while (!begins_a_line(edge, line))
		line--;
	return !(end - line == 5 && line[0] == '=');
}

/* After the blank line that ends the armour's headers. */
static bool find_text(const struct decode_gpg_run *run, struct armour_text *out)
{
	char edge[EDGE + 1];
	(void)edge_read(run->fd, run->start, edge);
	const char *line = strstr(edge, begin_line);
	if (line == NULL || !begins_a_line(edge, line))
		return false;
	while ((line = strchr(line, '\n')) != NULL) {
		line++;
		if (line[strspn(line, " \t\r")] == '\n')
			break;
	}
	out->from = line != NULL ? run->start + (uint64_t)(line - edge) : 0;
	return line != NULL && out->from < out->to;
}

struct armour_sum {
	uint32_t crc, group; /* group: what has come of four letters */
	unsigned letters, pads;
};

static void sum_byte(struct armour_sum *s, uint32_t byte)
{
	s->crc ^= byte << 16;
	for (int i = 0; i < 8; i++)
		s->crc = s->crc << 1 ^ ((s->crc & 0x800000) != 0 ? 0x1864cfb : 0);
	s->crc &= 0xffffff;
}

static void sum_group(struct armour_sum *s)
{
	s->group <<= 6 * s->pads;
	for (unsigned i = 0; i + s->pads < 3; i++)
		sum_byte(s, s->group >> (16 - 8 * i) & 0xff);
	s->group = 0;
	s->letters = 0;
}

/* False: it is not a letter of radix-64, or comes after the text's end. */
static bool sum_letter(struct armour_sum *s, char c)
{
	const char *at = c != '\0' ? strchr(radix64, c) : NULL;
	bool pad = c == '=' && s->letters >= 2 && s->letters + s->pads < 4;
	if (!pad && (at == NULL || s->pads > 0))
		return c == ' ' || c == '\t' || c == '\r' || c == '\n';
	if (pad) {
		s->pads++;
	} else {
		s->group = s->group << 6 | (uint32_t)(at - radix64);
		s->letters++;
	}
	if (s->letters + s->pads == 4)
		sum_group(s);
	return true;
}

static bool sum_text(int fd, const struct armour_text *text, uint32_t *crc)
{
	struct armour_sum s = {.crc = 0xb704ce};
	char chunk[EDGE];
	for (uint64_t at = text->from; at < text->to;) {
		size_t want =
		    text->to - at < sizeof(chunk) ? (size_t)(text->to - at) : sizeof(chunk);
		ssize_t n = df_stop_requested ? -1 : pread(fd, chunk, want, (off_t)at);
		if (n <= 0)
			return false;
		for (ssize_t i = 0; i < n; i++)
			if (!sum_letter(&s, chunk[i]))
				return false;
		at += (uint64_t)n;
	}
	*crc = s.crc;
	return s.letters == 0;
}

void decode_gpg_armour(struct decode_gpg_run *run)
{
	struct armour_text text = {0};
	uint32_t crc = 0;
	if (!find_end(run, &text) || !find_text(run, &text) || !sum_text(run->fd, &text, &crc))
		return;
	run->sum[0] = '=';
	for (unsigned i = 0; i < 4; i++)
		run->sum[i + 1] = radix64[crc >> (18 - 6 * i) & 0x3f];
	run->sum[5] = '\n';
	run->sum_at = text.to;
}
