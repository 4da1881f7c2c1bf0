/* SPDX-License-Identifier: MIT */
/*
 * dropfeed, loaded once and forked for each run
 *
 * Nearly all of a short run's time is spent on loading forty libraries. Here main comes after that,
 * in a process of its own for each packet that arrives on standard input, a socket: the folder that
 * it runs in, which becomes HOME and TMPDIR, and its arguments, with a NUL after each. What it says
 * goes to this program's own output. The answer is its exit code, or a signal's number below zero.
 */
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORDS 4096

int __real_main(int argc, char **argv);
int __wrap_main(void);

static char packet[1 << 18];

/* In the child: the program, as if it were started in the folder. */
static int begin(size_t size)
{
	static char *argv[MOST_WORDS + 1] = {"dropfeed"};
	const char *folder = packet;
	int argc = 1;
	for (char *p = packet + strlen(packet) + 1; p < packet + size; p += strlen(p) + 1) {
		if (argc == MOST_WORDS)
			return 125;
		argv[argc++] = p;
	}
	if (chdir(folder) != 0 || setenv("HOME", folder, 1) != 0 ||
	    setenv("TMPDIR", folder, 1) != 0)
		return 125;
	return __real_main(argc, argv);
}

/* What forty libraries do at the end is of no use. */
static void end(int code)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	exit(code);
#else
	fflush(NULL);
	_exit(code);
#endif
}

int __wrap_main(void)
{
	int requests = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (requests < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
		return 1;
	close(nothing);
	OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS |
				OPENSSL_INIT_LOAD_CONFIG,
			    NULL); /* once for all, as loading is */

	for (ssize_t n; (n = recv(requests, packet, sizeof(packet) - 1, 0)) > 0;) {
		packet[n] = '\0';
		pid_t child = fork();
		if (child == 0) {
			close(requests);
			end(begin((size_t)n));
		}
		int status = 0;
		if (child < 0 || waitpid(child, &status, 0) < 0)
			return 1;
		char answer[16];
		int size = snprintf(answer, sizeof(answer), "%d",
				    WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
		send(requests, answer, (size_t)size, MSG_NOSIGNAL);
	}
	return 0;
}
