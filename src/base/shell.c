/* SPDX-License-Identifier: MIT */
#include "dropfeed/shell.h"

#include <signal.h>
#include <spawn.h>
#include <stdint.h>
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
