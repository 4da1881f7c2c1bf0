/* SPDX-License-Identifier: MIT */
/* receiver_script.c - a line of the script becomes an answer; receiver.c lists them */
#include "receiver_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void script_located(struct reply *a, struct request *r, const char *what, const char *list)
{
	bool partly = strncmp(what, "202", 3) == 0;

	for (const char *p = list, *comma; p != NULL && *p != '\0';
	     p = comma != NULL ? comma + 1 : NULL) {
		size_t i = strtoul(p, NULL, 10);
		if (i < r->n)
			request_batch_bad(r, &r->batch[i], "Error converting value &quot;x&quot;");
		comma = strchr(p, ',');
	}

	a->status = partly ? 202 : 400;
	a->accept = partly;
	if (r->n_bad > 0)
		reply_errors(a, r, strstr(what, "-pos") != NULL ? BY_POSITION : BY_PATH);
}

static void script_status(struct reply *a, const char *what, const char *rest)
{
	const char *p;

	a->status = (unsigned)strtoul(what, NULL, 10);
	if (a->status < 200 || a->status > 599)
		a->status = 500;
	if ((p = strstr(rest, "retry-after=")) != NULL)
		sscanf(p, "retry-after=%31s", a->retry_after);
	if ((p = strstr(rest, "exceeded=")) != NULL)
		sscanf(p, "exceeded=%63s", a->exceeded);
}

void reply_by_script(struct reply *a, struct request *r, const char *line)
{
	char what[32] = "";
	int used = 0;
	sscanf(line, "%31s %n", what, &used);
	const char *rest = line + used;

	if (strcmp(what, "202") == 0) {
		reply_usual(a, r);
	} else if (strcmp(what, "slow") == 0) {
		usleep((useconds_t)strtoul(rest, NULL, 10) * 1000);
		reply_usual(a, r);
	} else if (strstr(what, "-path") != NULL || strstr(what, "-pos") != NULL) {
		script_located(a, r, what, rest);
	} else if (strstr(what, "-nolocate") != NULL) {
		a->status = (unsigned)strtoul(what, NULL, 10);
		reply_errors(a, r, NOWHERE);
	} else if (strcmp(what, "400-plain") == 0) {
		a->status = 400;
		text_addf(&a->body, "Bad request, plainly.");
	} else if (strcmp(what, "html-502") == 0) {
		a->status = 502;
		a->html = true;
		text_addf(&a->body, "<html><body>Bad gateway</body></html>");
	} else if (strcmp(what, "drop-before") == 0 || strcmp(what, "drop-after") == 0) {
		a->status = 0;
		a->accept = what[5] == 'a';
	} else {
		script_status(a, what, rest);
	}
}
