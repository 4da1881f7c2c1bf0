/* SPDX-License-Identifier: MIT */
/* Help is data (struct cli_spec); here it becomes lines. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_LEAST   40
#define WIDTH_MOST    120 /* longer lines are hard to read */

size_t cli_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_col == 0)
		return WIDTH_DEFAULT;
	return size.ws_col < WIDTH_LEAST  ? WIDTH_LEAST
	       : size.ws_col > WIDTH_MOST ? WIDTH_MOST
					  : size.ws_col;
}

/* How far it goes until a line may end. What is in brackets, such as an option and its value,
 * stays on one line. */
static size_t word_length(const char *text)
{
	size_t len = 0;
	int open = 0;
	for (; text[len] != '\0' && text[len] != '\n'; len++) {
		open += (text[len] == '[') - (text[len] == ']');
		if (open <= 0 && text[len] == ' ')
			break;
	}
	bool closed = open <= 0 && len < WIDTH_LEAST;
	return closed ? len : strcspn(text, " \n");
}

/* One paragraph, up to `end`. */
static void wrap_paragraph(const char *text, const char *end, size_t at, size_t indent)
{
	size_t width = cli_width();
	bool first = true;
	while (text < end) {
		size_t len = word_length(text);
		if (len > (size_t)(end - text))
			len = (size_t)(end - text);
		if (!first && at + 1 + len > width) {
			printf("\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		printf("%s%.*s", first ? "" : " ", (int)len, text);
		at += len + !first;
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

void cli_wrap(const char *text, size_t first, size_t indent)
{
	while (*text != '\0') {
		const char *end = text + strcspn(text, "\n");
		wrap_paragraph(text, end, first, indent);
		text = *end == '\n' ? end + 1 : end;
		first = indent;
		if (*text != '\0')
			printf("%*s", (int)indent, "");
	}
}

enum { HELP_COLUMN = 20 }; /* where the help of an option begins */

static void help_option(const char *name, const char *value, const char *help)
{
	int n = printf("  --%s%s%s", name, value != NULL ? " " : "", value != NULL ? value : "");
	if (n + 2 > HELP_COLUMN) {
		putchar('\n');
		n = 0;
	}
	printf("%*s", HELP_COLUMN - n, "");
	cli_wrap(help, HELP_COLUMN, HELP_COLUMN);
}

static void help_options(const struct cli_option *table)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++)
		help_option(o->name, o->value, o->help);
}

void cli_help_globals(void)
{
	puts("\nGlobal options:");
	help_options(cli_global_options);
	help_option("help", NULL, "this text (also -h)");
}

int cli_help_show(const struct cli_spec *spec)
{
	size_t at = (size_t)printf("Usage: dropfeed %s ", spec->command);
	cli_wrap(spec->synopsis, at, at);
	putchar('\n');
	cli_wrap(spec->about, 0, 0);
	if (spec->options != NULL && spec->options->name != NULL) {
		puts("\nOptions:");
		help_options(spec->options);
	}
	cli_help_globals();
	at = (size_t)printf("\nExit codes: ");
	cli_wrap(spec->exits, at - 1, 0);
	return cli_flush() ? 0 : CLI_EXIT_INTERNAL;
}
