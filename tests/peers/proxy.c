/* SPDX-License-Identifier: MIT */
/*
 * proxy DIR --to PORT [--delay MS] [--rate BYTES] [--cut BYTES] [--stall BYTES] [--refuse] [--for
 * N] [--port N]
 *
 * A TCP proxy on a free loopback port to another one there, which gives trouble. Writes DIR/port
 * once it listens, and to DIR/connections a line for each connection that ended: "up BYTES down
 * BYTES" (up: to the server). Runs until it is killed.
 *
 *	--delay	what comes in goes out that much later, each way
 *	--rate	bytes a second from the server
 *	--cut	breaks after that many bytes from the server
 *	--stall	falls silent, both ways, after that many bytes from the server; 0: at once
 *	--hold
 *	    lets no more through from the server after that many bytes, says so by making
 *	    DIR/held, and goes on once DIR/go is
 *		there
 *	--refuse	resets each connection at once
 *	--port	listens there, not on a free port
 *	--for	the last three are done to the first N connections only
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 16384, QUEUE = 256, STEP_MS = 20 };

static struct {
	long to, port, delay, rate, cut, stall, hold,
	    first; /* cut, stall, hold: -1 not at all; first: for so many connections */
	bool refuse;
	const char *dir;
	FILE *log;
} options = {.cut = -1, .stall = -1, .hold = -1, .first = -1};

struct chunk {
	int64_t due_ms;
	size_t len, at;
	char data[CHUNK];
};

struct way { /* one direction */
	int from, to;
	struct chunk *queue; /* a ring */
	size_t head, n;
	int64_t bytes;
	bool ended;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads what there is into the queue, at most `most` bytes. */
static void way_read(struct way *w, size_t most)
{
	struct chunk *c = &w->queue[(w->head + w->n) % QUEUE];
	ssize_t n = recv(w->from, c->data, most < CHUNK ? most : CHUNK, 0);
	if (n <= 0) {
		w->ended = true;
		return;
	}
	c->len = (size_t)n;
	c->at = 0;
	c->due_ms = now_ms() + options.delay;
	w->bytes += n;
	w->n++;
}

/* False: the other side is gone. */
static bool way_write(struct way *w)
{
	while (w->n > 0 && w->queue[w->head].due_ms <= now_ms()) {
		struct chunk *c = &w->queue[w->head];
		ssize_t n =
		    send(w->to, c->data + c->at, c->len - c->at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->at += (size_t)n;
		if (c->at < c->len)
			return true;
		w->head = (w->head + 1) % QUEUE;
		w->n--;
	}
	return true;
}

/* How much may come until it is to go on: a file in DIR says so. */
static int64_t held(int64_t left)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/go", options.dir);
	if (access(path, F_OK) == 0) {
		options.hold = -1;
		return INT64_MAX;
	}
	snprintf(path, sizeof(path), "%s/held", options.dir);
	FILE *f = left <= 0 ? fopen(path, "we") : NULL;
	if (f != NULL) {
		fputs("held\n", f);
		fclose(f);
	}
	return left;
}

/* How much more may come from the server now; SIZE_MAX: anything. */
static size_t allowance(const struct way *down, bool trouble, int64_t began_ms)
{
	int64_t most = INT64_MAX;
	if (trouble && options.cut >= 0)
		most = options.cut - down->bytes;
	if (trouble && options.stall >= 0)
		most = options.stall - down->bytes;
	if (options.hold >= 0)
		most = held(options.hold - down->bytes);
	if (options.rate > 0) {
		int64_t paced = (now_ms() - began_ms + STEP_MS) * options.rate / 1000 - down->bytes;
		most = paced < most ? paced : most;
	}
	return most < 0 ? 0 : (size_t)most;
}

static void relay(struct way *up, struct way *down, bool trouble)
{
	int64_t began = now_ms();
	for (;;) {
		bool silent = trouble && options.stall >= 0 && down->bytes >= options.stall;
		size_t most = allowance(down, trouble, began);
		/* Whoever stalls still sees it when the client hangs up, and waits for nothing
		 * else. */
		struct pollfd p[] = {
		    {silent || (up->n < QUEUE && !up->ended) ? up->from : -1,
		     (short)(silent ? 0 : POLLIN), 0},
		    {!silent && most > 0 && down->n < QUEUE && !down->ended ? down->from : -1,
		     POLLIN, 0}};
		if (poll(p, 2, STEP_MS) < 0)
			break;
		if (silent) {
			char unheard[4096];
			if ((p[0].revents & (POLLHUP | POLLERR)) != 0 ||
			    recv(up->from, unheard, sizeof(unheard), MSG_DONTWAIT) == 0)
				break;
			continue;
		}
		if (p[0].revents != 0)
			way_read(up, CHUNK);
		if (p[1].revents != 0)
			way_read(down, most);
		if (!way_write(up) || !way_write(down))
			break;
		bool cut = trouble && options.cut >= 0 && down->bytes >= options.cut;
		if ((cut || up->ended || down->ended) && down->n == 0 && (cut || up->n == 0))
			break;
	}
}

struct connection {
	int in;
	long number; /* from 1 */
};

static int dial(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)options.to),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void *connection_main(void *arg)
{
	struct connection c = *(struct connection *)arg;
	bool trouble = options.first < 0 || c.number <= options.first;
	int out = trouble && options.refuse ? -1 : dial(), on = 1;
	struct way up = {.from = c.in, .to = out}, down = {.from = out, .to = c.in};
	free(arg);
	setsockopt(c.in, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (out >= 0) {
		up.queue = calloc(QUEUE, sizeof(*up.queue));
		down.queue = calloc(QUEUE, sizeof(*down.queue));
		if (up.queue != NULL && down.queue != NULL)
			relay(&up, &down, trouble);
		free(up.queue);
		free(down.queue);
		close(out);
	} else {
		struct linger reset = {.l_onoff = 1};
		setsockopt(c.in, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	}
	/* The line first: whoever sees the connection end may count on it. */
	fprintf(options.log, "up %lld down %lld\n", (long long)up.bytes, (long long)down.bytes);
	fflush(options.log);
	close(c.in);
	return NULL;
}

static int listen_at(const char *dir)
{
	char path[4096];
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)options.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
		perror("proxy: listen");
		exit(1);
	}
	snprintf(path, sizeof(path), "%s/connections", dir);
	options.log = fopen(path, "we");
	snprintf(path, sizeof(path), "%s/port", dir);
	FILE *port = fopen(path, "we");
	if (options.log == NULL || port == NULL ||
	    fprintf(port, "%u\n", (unsigned)ntohs(at.sin_port)) < 0 || fclose(port) != 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void read_options(int argc, char **argv)
{
	static const struct {
		const char *name;
		long *value;
	} numbers[] = {{"--to", &options.to},       {"--delay", &options.delay},
		       {"--rate", &options.rate},   {"--cut", &options.cut},
		       {"--stall", &options.stall}, {"--hold", &options.hold},
		       {"--for", &options.first},   {"--port", &options.port}};
	for (int i = 2; i < argc; i++) {
		bool known = strcmp(argv[i], "--refuse") == 0;
		options.refuse = options.refuse || known;
		for (size_t k = 0; !known && i + 1 < argc && k < sizeof(numbers) / sizeof(*numbers);
		     k++) {
			if (strcmp(argv[i], numbers[k].name) == 0) {
				*numbers[k].value = strtol(argv[++i], NULL, 10);
				known = true;
			}
		}
		if (!known) {
			fprintf(stderr, "proxy: what is %s?\n", argv[i]);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: proxy DIR --to PORT [option]...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	read_options(argc, argv);
	options.dir = argv[1];
	int listener = listen_at(options.dir);
	for (long number = 1;; number++) {
		struct connection *c = calloc(1, sizeof(*c));
		pthread_t thread;
		if (c == NULL)
			return 1;
		c->in = accept(listener, NULL, NULL);
		c->number = number;
		if (c->in < 0 || pthread_create(&thread, NULL, connection_main, c) != 0)
			return 1;
		pthread_detach(thread);
	}
}
