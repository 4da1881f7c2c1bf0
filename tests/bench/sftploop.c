/* SPDX-License-Identifier: MIT */
/*
 * sftploop PORT USER KEY PATH: reads PATH from the SFTP server on this machine's PORT with libssh2,
 * in blocks of 2 MiB, to nowhere.
 *
 * The floor of a pull: nothing is hashed or written, and any host key is accepted.
 */
#include <libssh2.h>
#include <libssh2_sftp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char block[2 << 20];

static int dial(const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
	    connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int main(int argc, char **argv)
{
	LIBSSH2_SESSION *session = NULL;
	LIBSSH2_SFTP *sftp = NULL;
	LIBSSH2_SFTP_HANDLE *file = NULL;
	unsigned long long bytes = 0;
	ssize_t n = -1;
	int fd = argc == 5 ? dial(argv[1]) : -1;
	if (fd < 0 || libssh2_init(0) != 0 || (session = libssh2_session_init()) == NULL)
		goto cleanup;
	if (libssh2_session_handshake(session, fd) != 0 ||
	    libssh2_userauth_publickey_fromfile(session, argv[2], NULL, argv[3], NULL) != 0)
		goto cleanup;
	sftp = libssh2_sftp_init(session);
	file = sftp != NULL ? libssh2_sftp_open_ex(sftp, argv[4], (unsigned int)strlen(argv[4]),
						   LIBSSH2_FXF_READ, 0, LIBSSH2_SFTP_OPENFILE)
			    : NULL;
	while (file != NULL && (n = libssh2_sftp_read(file, block, sizeof block)) > 0)
		bytes += (unsigned long long)n;
	printf("%llu bytes, libssh2 %s, %s\n", bytes, libssh2_version(0),
	       libssh2_session_methods(session, LIBSSH2_METHOD_CRYPT_SC));
cleanup:
	if (file != NULL)
		libssh2_sftp_close(file);
	if (sftp != NULL)
		libssh2_sftp_shutdown(sftp);
	if (session != NULL) {
		libssh2_session_disconnect(session, "done");
		libssh2_session_free(session);
	}
	if (fd >= 0)
		close(fd);
	if (n == 0 && bytes > 0)
		return 0;
	fputs("sftploop: the file could not be read\n", stderr);
	return 2;
}
