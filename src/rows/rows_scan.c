/* SPDX-License-Identifier: MIT */
#include "rows_scan.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

void rows_cells_grow(struct rows_cells *cells, size_t more)
{
	if (cells->n + more <= cells->cap)
		return;
	cells->cap = cells->cap > 0 ? cells->cap * 2 : 64;
	cells->v = df_realloc(cells->v, cells->cap * sizeof(*cells->v));
}

static const char *scan_add_cell(struct rows_cells *cells, const char *from, const char *to)
{
	cells->v[cells->n++] = (struct rows_cell){from, (size_t)(to - from)};
	return to + 1;
}

/* Where the scan is: at p, in the cell that begins at `cell`. */
struct scan {
	const char *p, *cell;
	bool plain;
};

static struct rows_scan scan_bytes(const struct rows_marks *marks, struct scan at, const char *end,
				   struct rows_cells *cells)
{
	const char delimiter = marks->delimiter[0], quote = marks->quote[0];
	const char *p = at.p;
	for (; p < end && *p != '\n' && *p != '\r' && *p != quote; p++) {
		at.plain = at.plain && *p >= ' ' && *p < 0x7f && *p != '\\';
		if (*p != delimiter)
			continue;
		rows_cells_grow(cells, 1);
		at.cell = scan_add_cell(cells, at.cell, p);
	}

	rows_cells_grow(cells, 1);
	(void)scan_add_cell(cells, at.cell, p);
	return (struct rows_scan){p, at.plain};
}

struct rows_scan rows_scan_portable(const struct rows_marks *marks, const char *p, const char *end,
				    struct rows_cells *cells)
{
	return scan_bytes(marks, (struct scan){p, p, true}, end, cells);
}

#ifdef __SSE2__
static __m128i load_16(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static struct rows_scan scan_sse2(const struct rows_marks *marks, const char *p, const char *end,
				  struct rows_cells *cells)
{
	const __m128i delimiter = load_16(marks->delimiter), quote = load_16(marks->quote),
		      one = _mm_set1_epi8(1), printable = _mm_set1_epi8(' ' + 1),
		      backslash = _mm_set1_epi8('\\');
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	const char *cell = p;
	unsigned odd = 0;
	for (; end - p >= 16; p += 16) {
		const __m128i bytes = load_16(p);
		const __m128i stops =
		    _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr)),
				 _mm_cmpeq_epi8(bytes, quote));
		unsigned stop = (unsigned)_mm_movemask_epi8(stops);
		/* the bytes of this row */
		unsigned before = stop != 0 ? (stop & -stop) - 1 : 0xffff;
		unsigned ends =
		    (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, delimiter)) & before;
		/* bytes are signed here, and DEL + 1 is the least of them */
		const __m128i odds =
		    _mm_or_si128(_mm_cmplt_epi8(_mm_add_epi8(bytes, one), printable),
				 _mm_cmpeq_epi8(bytes, backslash));
		odd |= (unsigned)_mm_movemask_epi8(odds) & before;

		rows_cells_grow(cells, 16 + 1);
		for (; ends != 0; ends &= ends - 1)
			cell = scan_add_cell(cells, cell, p + __builtin_ctz(ends));
		if (stop != 0) {
			p += __builtin_ctz(stop);
			(void)scan_add_cell(cells, cell, p);
			return (struct rows_scan){p, odd == 0};
		}
	}
	return scan_bytes(marks, (struct scan){p, cell, odd == 0}, end, cells);
}

rows_scanner rows_scan_sse2(void)
{
	return scan_sse2;
}

/* The same, 32 bytes at a time. */
__attribute__((target("avx2,bmi"))) static struct rows_scan scan_avx2(
    const struct rows_marks *marks, const char *p, const char *end, struct rows_cells *cells)
{
	const __m256i delimiter =
	    _mm256_loadu_si256((const __m256i *)(const void *)marks->delimiter);
	const __m256i quote = _mm256_loadu_si256((const __m256i *)(const void *)marks->quote);
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	const __m256i one = _mm256_set1_epi8(1), printable = _mm256_set1_epi8(' ' + 1);
	const __m256i backslash = _mm256_set1_epi8('\\');
	const char *cell = p;
	unsigned odd = 0;
	for (; end - p >= 32; p += 32) {
		const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)p);
		const __m256i stops = _mm256_or_si256(
		    _mm256_or_si256(_mm256_cmpeq_epi8(bytes, lf), _mm256_cmpeq_epi8(bytes, cr)),
		    _mm256_cmpeq_epi8(bytes, quote));
		unsigned stop = (unsigned)_mm256_movemask_epi8(stops);
		unsigned before = stop != 0 ? (stop & -stop) - 1 : UINT32_MAX;
		unsigned ends =
		    (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, delimiter)) & before;
		const __m256i odds =
		    _mm256_or_si256(_mm256_cmpgt_epi8(printable, _mm256_add_epi8(bytes, one)),
				    _mm256_cmpeq_epi8(bytes, backslash));
		odd |= (unsigned)_mm256_movemask_epi8(odds) & before;

		rows_cells_grow(cells, 32 + 1);
		for (; ends != 0; ends &= ends - 1)
			cell = scan_add_cell(cells, cell, p + __builtin_ctz(ends));
		if (stop != 0) {
			p += __builtin_ctz(stop);
			(void)scan_add_cell(cells, cell, p);
			return (struct rows_scan){p, odd == 0};
		}
	}
	return scan_bytes(marks, (struct scan){p, cell, odd == 0}, end, cells);
}

rows_scanner rows_scan_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") ? scan_avx2 : NULL;
}
#else
rows_scanner rows_scan_sse2(void)
{
	return NULL;
}

rows_scanner rows_scan_avx2(void)
{
	return NULL;
}
#endif

void rows_marks_set(struct rows_marks *marks, char delimiter, char quote)
{
	rows_scanner scan = rows_scan_avx2();
	if (scan == NULL)
		scan = rows_scan_sse2();
	marks->scan = scan != NULL ? scan : rows_scan_portable;
	memset(marks->delimiter, delimiter, sizeof(marks->delimiter));
	memset(marks->quote, quote, sizeof(marks->quote));
}
