/* SPDX-License-Identifier: MIT */
#include "rows_scan.h"

#ifdef __SSE2__
#include <immintrin.h>
#endif

void rows_cells_grow(struct rows_cells *cells, size_t more)
{
	if (cells->n + more <= cells->cap)
		return;
	cells->cap = cells->cap > 0 ? cells->cap * 2 : 4 * ROWS_SCAN_STEP;
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
	const char *odd; /* see rows_scan; NULL: there was none */
};

static struct rows_scan scan_bytes(const struct rows_marks *marks, struct scan at, const char *end,
				   struct rows_cells *cells)
{
	const char delimiter = marks->delimiter[0], quote = marks->quote[0];
	const char *p = at.p;
	for (; p < end && *p != '\n' && *p != '\r' && *p != quote; p++) {
		if (at.odd == NULL && (*p < ' ' || *p == 0x7f || *p == '\\'))
			at.odd = p;
		if (*p != delimiter)
			continue;
		rows_cells_grow(cells, 1);
		at.cell = scan_add_cell(cells, at.cell, p);
	}

	rows_cells_grow(cells, 1);
	(void)scan_add_cell(cells, at.cell, p);
	return (struct rows_scan){p, at.odd != NULL ? at.odd : p};
}

struct rows_scan rows_scan_portable(const struct rows_marks *marks, const char *p, const char *end,
				    struct rows_cells *cells)
{
	return scan_bytes(marks, (struct scan){p, p, NULL}, end, cells);
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
	const char *odd = NULL;
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
		unsigned odd_ones = (unsigned)_mm_movemask_epi8(odds) & before;
		if (odd_ones != 0 && odd == NULL)
			odd = p + __builtin_ctz(odd_ones);

		rows_cells_grow(cells, 16 + 1);
		for (; ends != 0; ends &= ends - 1)
			cell = scan_add_cell(cells, cell, p + __builtin_ctz(ends));
		if (stop != 0) {
			p += __builtin_ctz(stop);
			(void)scan_add_cell(cells, cell, p);
			return (struct rows_scan){p, odd != NULL ? odd : p};
		}
	}
	return scan_bytes(marks, (struct scan){p, cell, odd}, end, cells);
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
	const char *odd = NULL;
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
		unsigned odd_ones = (unsigned)_mm256_movemask_epi8(odds) & before;
		if (odd_ones != 0 && odd == NULL)
			odd = p + __builtin_ctz(odd_ones);

		rows_cells_grow(cells, 32 + 1);
		for (; ends != 0; ends &= ends - 1)
			cell = scan_add_cell(cells, cell, p + __builtin_ctz(ends));
		if (stop != 0) {
			p += __builtin_ctz(stop);
			(void)scan_add_cell(cells, cell, p);
			return (struct rows_scan){p, odd != NULL ? odd : p};
		}
	}
	return scan_bytes(marks, (struct scan){p, cell, odd}, end, cells);
}

rows_scanner rows_scan_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") ? scan_avx2 : NULL;
}

/* The same, 64 bytes at a time, where comparing gives bits at once. */
__attribute__((target("avx512bw,bmi,bmi2"))) static struct rows_scan scan_avx512(
    const struct rows_marks *marks, const char *p, const char *end, struct rows_cells *cells)
{
	const __m512i delimiter = _mm512_loadu_si512(marks->delimiter);
	const __m512i quote = _mm512_loadu_si512(marks->quote);
	const __m512i lf = _mm512_set1_epi8('\n'), cr = _mm512_set1_epi8('\r');
	const __m512i blank = _mm512_set1_epi8(' '), printable = _mm512_set1_epi8(0x7f - ' ');
	const __m512i backslash = _mm512_set1_epi8('\\');
	const char *cell = p, *odd = NULL;
	for (; end - p >= 64; p += 64) {
		const __m512i bytes = _mm512_loadu_si512(p);
		uint64_t stop = _mm512_cmpeq_epi8_mask(bytes, lf) |
				_mm512_cmpeq_epi8_mask(bytes, cr) |
				_mm512_cmpeq_epi8_mask(bytes, quote);
		/* the bytes of this row */
		uint64_t before = stop != 0 ? (stop & -stop) - 1 : UINT64_MAX;
		uint64_t ends = _mm512_cmpeq_epi8_mask(bytes, delimiter) & before;
		uint64_t odds = (_mm512_cmpge_epu8_mask(_mm512_sub_epi8(bytes, blank), printable) |
				 _mm512_cmpeq_epi8_mask(bytes, backslash)) &
				before;
		if (odds != 0 && odd == NULL)
			odd = p + __builtin_ctzll(odds);

		rows_cells_grow(cells, 64 + 1);
		for (; ends != 0; ends &= ends - 1)
			cell = scan_add_cell(cells, cell, p + __builtin_ctzll(ends));
		if (stop != 0) {
			p += __builtin_ctzll(stop);
			(void)scan_add_cell(cells, cell, p);
			return (struct rows_scan){p, odd != NULL ? odd : p};
		}
	}
	return scan_bytes(marks, (struct scan){p, cell, odd}, end, cells);
}

/* Not by the first processors that could, which slow down for it. */
rows_scanner rows_scan_avx512(void)
{
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2") &&
		       __builtin_cpu_supports("bmi2")
		   ? scan_avx512
		   : NULL;
}
#else
rows_scanner rows_scan_avx512(void)
{
	return NULL;
}

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
	rows_scanner scan = rows_scan_avx512();
	if (scan == NULL)
		scan = rows_scan_avx2();
	if (scan == NULL)
		scan = rows_scan_sse2();
	marks->scan = scan != NULL ? scan : rows_scan_portable;
	memset(marks->delimiter, delimiter, sizeof(marks->delimiter));
	memset(marks->quote, quote, sizeof(marks->quote));
}
