/* SPDX-License-Identifier: MIT */
#include "dropfeed/shell.h"

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* None is blocked, and those that are ignored here end it as usual. */
static void shell_signals(posix_spawnattr_t *attr)
{
	sigset_t none, reset;
	sigemptyset(&none);
	sigemptyset(&reset);
	sigaddset(&reset, SIGPIPE);
	sigaddset(&reset, SIGXFSZ);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &reset);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
					   POSIX_SPAWN_SETSIGDEF);
}

int df_shell_start(const struct df_shell *shell, pid_t *child)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)(uintptr_t)shell->text, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, shell->in, 0);
	posix_spawn_file_actions_adddup2(&files, shell->out, 1);
	posix_spawn_file_actions_adddup2(&files, shell->err, 2);
	posix_spawnattr_init(&attr);
	shell_signals(&attr);
	int failed = posix_spawn(child, "/bin/sh", &files, &attr, argv,
				 shell->environment != NULL ? shell->environment : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

/* Blanks, quotes and what a shell takes for its own are in none of them. */
static bool is_plain(const char *name)
{
	static const char others[] = "._/:@%+=,-";
	for (const char *p = name; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && (c < '0' || c > '9') && c < 0x80 && strchr(others, c) == NULL)
			return false;
	}
	return name[0] != '\0';
}

struct df_shell_quoted df_shell_word(const char *name)
{
	struct df_shell_quoted q;
	const char *option = name[0] == '-' ? "-- " : "";
	size_t n = strlen(option);
	snprintf(q.text, sizeof(q.text), "%s%s", option, name);
	if (is_plain(name))
		return q;

	q.text[n++] = '\'';
	for (const char *p = name; *p != '\0' && n + 6 < sizeof(q.text); p++) {
		if (*p == '\'') {
			memcpy(q.text + n, "'\\'", 3);
			n += 3;
		}
		q.text[n++] = *p;
	}
	q.text[n++] = '\'';
	q.text[n] = '\0';
	return q;
}
