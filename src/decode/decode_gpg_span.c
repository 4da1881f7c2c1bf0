/* SPDX-License-Identifier: MIT */
/* Where in its file a message is. Editors put a byte order mark in front of armour, and tar and
 * tapes pad with NULs: GnuPG reads neither. */
#include "decode_gpg_priv.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOT_A_PACKET UINT64_MAX

/* Bytes past the end are NULs. */
static void read_at(int fd, uint64_t at, unsigned char *out, size_t size)
{
	ssize_t n;
	do
		n = pread(fd, out, size, (off_t)at);
	while (n < 0 && errno == EINTR);
	for (size_t i = n > 0 ? (size_t)n : 0; i < size; i++)
		out[i] = 0;
}

static bool is_padding(int fd, uint64_t at, uint64_t end)
{
	unsigned char p[4096];
	while (at < end) {
		size_t n = end - at < sizeof(p) ? (size_t)(end - at) : sizeof(p);
		read_at(fd, at, p, n);
		for (size_t i = 0; i < n; i++)
			if (p[i] != 0)
				return false;
		at += n;
	}
	return true;
}

static uint64_t big_endian(const unsigned char *p, size_t n)
{
	uint64_t value = 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

/* After the new format's body, which may come in parts (RFC 4880 4.2.2). */
static uint64_t new_packet_end(int fd, uint64_t at, uint64_t end)
{
	while (at < end) {
		unsigned char p[5];
		read_at(fd, at, p, sizeof(p));
		if (p[0] < 192)
			return at + 1 + p[0];
		if (p[0] < 224)
			return at + 2 + ((uint64_t)(p[0] - 192) << 8) + p[1] + 192;
		if (p[0] == 255)
			return at + 5 + big_endian(p + 1, 4);
		at += 1 + (UINT64_C(1) << (p[0] & 0x1f));
	}
	return NOT_A_PACKET;
}

/* The old format's (4.2.1); one without a length has no end of its own. */
static uint64_t packet_end(int fd, uint64_t at, uint64_t end)
{
	unsigned char p[5];
	read_at(fd, at, p, sizeof(p));
	if ((p[0] & 0x80) == 0 || (p[0] & 0xc3) == 0x83)
		return NOT_A_PACKET;
	if (p[0] & 0x40)
		return new_packet_end(fd, at + 1, end);
	size_t n = (size_t)1 << (p[0] & 3);
	return at + 1 + n + big_endian(p + 1, n);
}

static uint64_t message_end(int fd, uint64_t size)
{
	if (!is_padding(fd, size - 1, size)) /* nearly every message */
		return size;
	for (uint64_t at = 0; at < size;) {
		uint64_t next = packet_end(fd, at, size);
		if (next == NOT_A_PACKET)
			return at > 0 && is_padding(fd, at, size) ? at : size;
		at = next;
	}
	return size;
}

void decode_gpg_span(struct decode_gpg_run *run)
{
	unsigned char first[4];
	struct stat about;
	read_at(run->fd, 0, first, sizeof(first));
	run->start = memcmp(first, "\xef\xbb\xbf-", sizeof(first)) == 0 ? 3 : 0;
	run->offset = run->start;
	run->end = fstat(run->fd, &about) == 0 && about.st_size > 0
		       ? message_end(run->fd, (uint64_t)about.st_size)
		       : 0;
	if ((first[0] & 0x80) == 0 || run->start > 0)
		decode_gpg_armour(run);
}
