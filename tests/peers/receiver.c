/* SPDX-License-Identifier: MIT */
/*
 * receiver - takes the place of the Events API on the loopback interface, misbehaves on request
 *
 *	receiver DIR [--key K --secret S] [--port N] [--cert FILE --tlskey FILE]
 *
 * It listens on 127.0.0.1, on a free port unless given one, and writes the port's number to
 * DIR/port when it is ready. SIGTERM or SIGINT ends it. With --cert and --tlskey (PEM) it speaks
 * https. Without --key every caller may in.
 *
 * It takes POST /v2/bulkevents and /v2/bulkevents/historical, Content-Type application/json, Basic
 * authentication, an array of at most 100 batches of at most 128,000 bytes, with at most 100
 * events, in at most 256,000 bytes. It leaves:
 *
 *	DIR/accepted.ndjson	every accepted batch, one a line, byte for byte as it came
 *	DIR/requests.ndjson	every request, one a line:
 *				{"n","path","status","batches","events","bytes","ids","repeated"}
 *				ids: the source_request_ids; repeated: how many of them had been
 *				accepted before; status 0: closed without an answer
 *
 * DIR/script: one instruction a line, used up in order, one for each request with good credentials;
 * read again when the file changes. Batches are counted from 0.
 *
 *	202			as usual
 *	503, 500, 404, ...	that status, nothing accepted
 *	429 [retry-after=S] [exceeded=WORD]
 *	401, 403		empty body
 *	302			with a Location
 *	413
 *	400-plain		a body without errors[]
 *	400-nolocate		errors[] that name no place
 *	400-path I[,J...]	errors[] with Path '[I]...', nothing accepted
 *	400-pos I[,J...]	the same, with "line 1, position N" in the middle of batch I, in
 *				UTF-16 code units
 *	202-path I[,J...]	these are refused, the others accepted
 *	202-pos I[,J...]
 *	202-nolocate		errors[] that name no place; nothing accepted
 *	html-502		an HTML page
 *	drop-before		nothing accepted, connection closed without an answer
 *	drop-after		accepted, then the connection is closed without an answer
 *	slow MS			waits so long (all connections do), then as usual
 *
 * DIR/rules: lasting rules, one a line; read again when the file changes.
 *
 *	reject-name NAME	a batch that holds an event of this name is refused: 202 with
 *				errors[] when others are good, 400 when none is
 *	reject-nolocate NAME	a request that holds such a batch gets 400 with errors[] that name
 *				no place
 *	answer-name STATUS NAME	a request that holds such a batch gets STATUS and an HTML page, and
 *				nothing of it is accepted; STATUS 0 closes the connection without
 *				an answer; STATUS/SECONDS: with a Retry-After
 *	hang-name NAME		a request that holds such a batch never gets an answer
 *	max-batches N		a request with more gets 413
 *	rate N			at most N batches in any second of the clock, else 429 with
 *				Retry-After: 1; 202s then carry X-mp-rate-limit-percentage-used
 *	rate-sliding N		the same, but whatever second one looks at
 *
 * All work is done in one thread of libmicrohttpd. receiver_http.c has the connections,
 * receiver_request.c what is in a request, receiver_reply.c and receiver_script.c the answers,
 * receiver_record.c the files that it leaves.
 */
#include "receiver_http.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *dir, *cert, *tlskey;
};

static void usage(FILE *to)
{
	fputs("usage: receiver DIR [--key K --secret S] [--port N] [--cert FILE --tlskey FILE]\n"
	      "Takes the place of the Events API on 127.0.0.1. DIR/port: its port, when it is\n"
	      "ready. DIR/accepted.ndjson: the batches it accepted. DIR/requests.ndjson: the\n"
	      "requests it got. Send it SIGTERM to end it.\n"
	      "\n"
	      "DIR/script, one instruction a line, one for each request in turn:\n"
	      "  202 | NNN | 429 [retry-after=S] [exceeded=WORD] | 413 | 401 | 403 | 302 |\n"
	      "  html-502 | 400-plain | 400-nolocate | 202-nolocate | 400-path I,J |\n"
	      "  400-pos I,J | 202-path I,J | 202-pos I,J | drop-before | drop-after | slow MS\n"
	      "DIR/rules, one a line, for every request that the script leaves over:\n"
	      "  reject-name NAME | reject-nolocate NAME | answer-name STATUS NAME |\n"
	      "  hang-name NAME | max-batches N | rate N | rate-sliding N\n",
	      to);
}

static const char **option_named(struct options *o, struct server *s, const char *arg)
{
	const struct {
		const char *name, **value;
	} known[] = {{"--key", &s->key},
		     {"--secret", &s->secret},
		     {"--port", &s->port},
		     {"--cert", &o->cert},
		     {"--tlskey", &o->tlskey}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(arg, known[i].name) == 0)
			return known[i].value;
	return o->dir == NULL && arg[0] != '-' ? &o->dir : NULL;
}

static bool options_read(struct options *o, struct server *s, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char **value = option_named(o, s, argv[i]);
		if (value != NULL && value != &o->dir)
			i++;
		if (value == NULL || i == argc)
			return false;
		*value = argv[i];
	}
	return o->dir != NULL && (s->key == NULL) == (s->secret == NULL) &&
	       (o->cert == NULL) == (o->tlskey == NULL);
}

static char *slurp(const char *path)
{
	struct text t = {0};
	char chunk[4096];

	FILE *f = fopen(path, "re");
	if (f == NULL)
		die("cannot read %s: %s", path, strerror(errno));
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
		text_add(&t, chunk, n);
	fclose(f);
	return t.s;
}

/* Blocked before there are threads, so that the signal waits for sigwait(). */
static void signals_block(sigset_t *ends)
{
	sigemptyset(ends);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, ends, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct server server = {.port = "0"};
	struct options o = {0};
	sigset_t ends;
	int got = 0;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (!options_read(&o, &server, argc, argv)) {
		usage(stderr);
		return 2;
	}
	if (o.cert != NULL) {
		server.cert = slurp(o.cert);
		server.tlskey = slurp(o.tlskey);
	}
	if (chdir(o.dir) != 0)
		die("cannot enter %s: %s", o.dir, strerror(errno));

	signals_block(&ends);
	server_start(&server);
	sigwait(&ends, &got);
	server_stop(&server);
	free(server.cert);
	free(server.tlskey);
	return 0;
}
