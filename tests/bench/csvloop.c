/* SPDX-License-Identifier: MIT */
/* csvloop FILE: parses FILE with libcsv and counts cells and rows; the floor that bench measures
 * dropfeed against. */
#include <csv.h>
#include <stdint.h>
#include <stdio.h>

struct counts {
	uint64_t cells, rows;
};

static void on_cell(void *cell, size_t len, void *ctx)
{
	struct counts *counts = ctx;
	(void)cell;
	(void)len;
	counts->cells++;
}

static void on_row(int end, void *ctx)
{
	struct counts *counts = ctx;
	(void)end;
	counts->rows++;
}

int main(int argc, char **argv)
{
	struct counts counts = {0};
	struct csv_parser parser = {0};
	static char block[1 << 16];
	size_t n = 0;
	int status = 1;
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	if (f == NULL || csv_init(&parser, CSV_STRICT | CSV_APPEND_NULL) != 0)
		goto cleanup;
	while ((n = fread(block, 1, sizeof block, f)) > 0) {
		if (csv_parse(&parser, block, n, on_cell, on_row, &counts) != n)
			goto cleanup;
	}
	if (csv_fini(&parser, on_cell, on_row, &counts) != 0)
		goto cleanup;
	printf("%llu rows, %llu cells\n", (unsigned long long)counts.rows,
	       (unsigned long long)counts.cells);
	status = 0;
cleanup:
	csv_free(&parser);
	if (f != NULL)
		(void)fclose(f);
	return status;
}
