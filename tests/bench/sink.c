/* SPDX-License-Identifier: MIT */
/* sink DIR [braze]: answers every POST on the loopback interface with 202 and forgets it, so that a
 * measurement is the sender's; as Braze does, or as the Events API. Writes its port to DIR/port. */
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BLOCK (512u << 10)

/* The bytes of the request at the buffer's beginning, or 0 when it is not there as a whole. */
static size_t request_length(char *buf, size_t have)
{
	buf[have] = '\0';
	const char *end = strstr(buf, "\r\n\r\n");
	if (end == NULL)
		return 0;
	const char *length = strcasestr(buf, "\r\nContent-Length:");
	size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
	size_t whole = (size_t)(end + 4 - buf) + body;
	return whole <= have ? whole : 0;
}

static bool braze;

static void *serve(void *arg)
{
	static const char empty[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
	static const char queued[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 20\r\n\r\n"
				     "{\"message\":\"queued\"}";
	const char *answer = braze ? queued : empty;
	int fd = (int)(intptr_t)arg;
	char *buf = malloc(BLOCK + 1);
	size_t have = 0, whole;
	ssize_t n = 0;
	while (buf != NULL && (n = read(fd, buf + have, BLOCK - have)) > 0) {
		have += (size_t)n;
		while (have > 0 && (whole = request_length(buf, have)) > 0) {
			memmove(buf, buf + whole, have - whole);
			have -= whole;
			if (write(fd, answer, strlen(answer)) < 0)
				n = -1;
		}
	}
	free(buf);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	braze = argc == 3 && strcmp(argv[2], "braze") == 0;
	if (argc < 2 || fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0 ||
	    listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&at, &size) != 0 ||
	    chdir(argv[1]) != 0)
		return 1;
	FILE *port = fopen("port.new", "w");
	if (port == NULL || fprintf(port, "%u\n", ntohs(at.sin_port)) < 0 || fclose(port) != 0 ||
	    rename("port.new", "port") != 0)
		return 1;
	for (;;) {
		pthread_t thread;
		int peer = accept(fd, NULL, NULL);
		if (peer >= 0 && pthread_create(&thread, NULL, serve, (void *)(intptr_t)peer) == 0)
			pthread_detach(thread);
	}
}
