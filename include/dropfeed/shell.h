/* SPDX-License-Identifier: MIT */
/*
 * shell.h - a command of the configuration is started; a name in a command that a message proposes
 *
 *	pid_t child = 0;
 *	int failed = df_shell_start(&(struct df_shell){.text = "gzip", .in = 0, .out = 1, .err = 2},
 *				    &child);
 *
 * It gets a process group of its own, so that it can be ended with all that it starts, and the
 * signals as a shell expects them. What else is open here has to be close-on-exec.
 */
#ifndef DROPFEED_SHELL_H
#define DROPFEED_SHELL_H

#include <sys/types.h>

struct df_shell {
	const char *text;   /* for /bin/sh -c */
	int in, out, err;   /* descriptors that become its 0, 1 and 2 */
	char **environment; /* ends with NULL; NULL: this process's */
};

/* Returns errno, or 0. The caller waits for the child. */
int df_shell_start(const struct df_shell *shell, pid_t *child);

/* A name as the last word of a command line that somebody may paste into a shell, quoted where it
 * has to be: df_shell_word(name).text, until the statement ends. */
struct df_shell_quoted {
	char text[1024];
};
struct df_shell_quoted df_shell_word(const char *name);

#endif
