/* SPDX-License-Identifier: MIT */
#include "rows_scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define STEP 16

void rows_cells_grow(struct rows_cells *cells, size_t more)
{
	if (cells->n + more <= cells->cap)
		return;
	cells->cap = cells->cap > 0 ? cells->cap * 2 : 64;
	cells->v = df_realloc(cells->v, cells->cap * sizeof(*cells->v));
}

static const char *add_cell(struct rows_cells *cells, const char *from, const char *to)
{
	cells->v[cells->n++] = (struct rows_cell){from, (size_t)(to - from)};
	return to + 1;
}

/* From p to the end of the row; cell is where the current one begins. */
static struct rows_scan scan_bytes(const char *cell, const char *p, const char *end, bool plain,
				   struct rows_cells *cells)
{
	for (; p < end && *p != '\n' && *p != '\r' && *p != '"'; p++) {
		plain = plain && (unsigned char)(*p - 1) < 0x7f;
		if (*p != ',')
			continue;
		rows_cells_grow(cells, 1);
		cell = add_cell(cells, cell, p);
	}
	rows_cells_grow(cells, 1);
	(void)add_cell(cells, cell, p);
	return (struct rows_scan){p, plain};
}

struct rows_scan rows_scan_portable(const char *p, const char *end, struct rows_cells *cells)
{
	return scan_bytes(p, p, end, true, cells);
}

#ifdef __SSE2__
struct rows_scan rows_scan(const char *p, const char *end, struct rows_cells *cells)
{
	const __m128i comma = _mm_set1_epi8(','), quote = _mm_set1_epi8('"'), one = _mm_set1_epi8(1);
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	const char *cell = p;
	unsigned odd = 0; /* NULs and what is not ASCII: below 1, as these bytes are signed here */
	for (; end - p >= STEP; p += STEP) {
		const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
		const __m128i stops = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr)),
						   _mm_cmpeq_epi8(bytes, quote));
		unsigned stop = (unsigned)_mm_movemask_epi8(stops);
		unsigned before = stop != 0 ? (stop & -stop) - 1 : 0xffff; /* the bytes of this row */
		unsigned commas = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, comma)) & before;
		odd |= (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(bytes, one)) & before;
		rows_cells_grow(cells, STEP + 1);
		for (; commas != 0; commas &= commas - 1)
			cell = add_cell(cells, cell, p + __builtin_ctz(commas));
		if (stop != 0) {
			p += __builtin_ctz(stop);
			(void)add_cell(cells, cell, p);
			return (struct rows_scan){p, odd == 0};
		}
	}
	return scan_bytes(cell, p, end, odd == 0, cells);
}
#else
struct rows_scan rows_scan(const char *p, const char *end, struct rows_cells *cells)
{
	return rows_scan_portable(p, end, cells);
}
#endif
