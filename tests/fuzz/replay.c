/* SPDX-License-Identifier: MIT */
/*
 * Usage: fuzz_TARGET FILE-OR-FOLDER... In place of libFuzzer: runs each file, and each file of
 * the folders, through the target once. Each file's name is printed before it is run, so that the
 * last one is the culprit when the target aborts; then comes their number.
 */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

#define MOST ((size_t)16 << 20)

static size_t inputs;

static bool replay_file(const char *path)
{
	char *text = NULL;
	size_t len = 0;
	struct df_err err = {0};
	printf("%s\n", path);
	fflush(stdout);
	if (df_read_file(path, MOST, &text, &len, &err) != DF_OK) {
		fprintf(stderr, "%s\n", err.text);
		return false;
	}
	uint8_t *exact = df_alloc(len); /* without the NUL after it */
	memcpy(exact, text, len);
	free(text);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	inputs++;
	return true;
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static bool replay(const char *path)
{
	struct stat sb = {0};
	if (stat(path, &sb) != 0 || !S_ISDIR(sb.st_mode))
		return replay_file(path);
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, visible, alphasort);
	bool ok = n > 0; /* an empty corpus tests nothing */
	for (int i = 0; i < n; i++) {
		char *file = df_format("%s/%s", path, entries[i]->d_name);
		ok = replay_file(file) && ok;
		free(file);
		free(entries[i]);
	}
	free(entries);
	return ok;
}

int main(int argc, char **argv)
{
	bool ok = argc > 1;
	for (int i = 1; i < argc; i++)
		ok = replay(argv[i]) && ok;
	printf("%zu inputs\n", inputs);
	return ok ? 0 : 1;
}
