/* SPDX-License-Identifier: MIT */
/* The input's first byte says what the drop file is called; 'n': its name is the rest of the
 * first line. */
#include "fuzz.h"

#include "dropfeed/decode.h"
#include "dropfeed/schema.h"

#include <sys/stat.h>
#include <unistd.h>

#define MOST_PLAINTEXT (1u << 20)
#define MOST_ENTRIES   16u

static const char *const codes[] = {"bad-name",        "empty-file",    "encryption-mismatch",
				    "corrupt-archive", "archive-limit", NULL};

static char *name_pick(const uint8_t **data, size_t *size)
{
	static const char *const names[] = {"z.zip", "Z-custom_event.zip", "g-custom_event.csv.gz",
					    "c-eventless.csv"};
	uint8_t first = *size > 0 ? **data : 'c';
	*data += *size > 0;
	*size -= *size > 0;
	if (first == 'n')
		return fuzz_front(data, size, '\n');
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((uint8_t)names[i][0] == first)
			return df_strdup(names[i]);
	return df_strdup(names[first % 4]);
}

static void check_documents(const struct decode *d)
{
	uint64_t sum = 0;
	FUZZ_CHECK(decode_count(d) + decode_skipped_count(d) <= MOST_ENTRIES);
	for (size_t i = 0; i < decode_count(d); i++) {
		const struct decode_doc *doc = decode_doc(d, i);
		struct stat sb = {0};
		FUZZ_CHECK(doc->name == NULL ||
			   (doc->name[0] != '\0' && strpbrk(doc->name, "/\\\n") == NULL));
		FUZZ_CHECK(schema_event_known(doc->event_type, strlen(doc->event_type)));
		FUZZ_CHECK(fstat(doc->fd, &sb) == 0 &&
			   doc->offset + doc->length <= (uint64_t)sb.st_size);
		sum += doc->length;
	}
	FUZZ_CHECK(sum <= MOST_PLAINTEXT);
	for (size_t i = 0; i < decode_skipped_count(d); i++)
		FUZZ_CHECK(decode_skipped(d, i)->name != NULL &&
			   decode_skipped(d, i)->why[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_feed feed = {.decode.max_plaintext = MOST_PLAINTEXT,
				 .decode.max_ratio = 2,
				 .decode.max_entries = MOST_ENTRIES};
	struct decode *d = NULL;
	struct df_err err = {0};
	const char *scratch = getenv("TMPDIR");
	char *name = name_pick(&data, &size);
	int fd = fuzz_file(data, size);
	enum df_status st =
	    decode_open(&feed, name, fd, scratch != NULL ? scratch : "/tmp", &d, &err);
	if (st == DF_OK) {
		check_documents(d);
	} else {
		FUZZ_CHECK(st == DF_REJECT);
		fuzz_error(st, &err, codes);
	}
	decode_close(d);
	close(fd);
	free(name);
	return 0;
}
