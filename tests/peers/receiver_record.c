/* SPDX-License-Identifier: MIT */
/* receiver_record.c - see receiver_record.h */
#include "receiver_record.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

static void seen_load(struct record *rec)
{
	FILE *f = fopen("accepted.ndjson", "re");
	char *line = NULL;
	size_t cap = 0;

	rec->seen = json_object_new_object();
	while (f != NULL && getline(&line, &cap, f) > 0) {
		struct json_object *o = json_tokener_parse(line), *id = NULL;
		if (json_object_object_get_ex(o, "source_request_id", &id))
			json_object_object_add(rec->seen, json_object_get_string(id), NULL);
		json_object_put(o);
	}
	free(line);
	if (f != NULL)
		fclose(f);
}

void record_open(struct record *rec)
{
	seen_load(rec);
	rec->accepted = fopen("accepted.ndjson", "ae");
	rec->requests = fopen("requests.ndjson", "ae");
	if (rec->accepted == NULL || rec->requests == NULL)
		die("cannot write its records: %s", strerror(errno));
}

static void record_accepted(struct record *rec, const struct slice *b)
{
	if (b->id != NULL)
		json_object_object_add(rec->seen, b->id, NULL);
	fwrite(b->s, 1, b->len, rec->accepted);
	fputc('\n', rec->accepted);
}

void record_add(struct record *rec, const struct request *r, const struct reply *a)
{
	struct text ids = {0};
	unsigned long repeated = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct slice *b = &r->batch[i];
		struct json_object *id = b->id != NULL ? json_object_new_string(b->id) : NULL;
		text_addf(&ids, "%s%s", i > 0 ? "," : "", json_object_to_json_string(id));
		json_object_put(id);
		if (b->id != NULL && json_object_object_get_ex(rec->seen, b->id, NULL))
			repeated++;
		if (a->accept && !b->bad)
			record_accepted(rec, b);
	}
	fflush(rec->accepted);

	fprintf(rec->requests,
		"{\"n\":%lu,\"path\":\"%s\",\"status\":%u,\"batches\":%zu,\"events\":%zu,"
		"\"bytes\":%zu,\"ids\":[%s],\"repeated\":%lu}\n",
		++rec->n, r->path, a->status, r->n, r->events, r->body.len,
		ids.s != NULL ? ids.s : "", repeated);
	fflush(rec->requests);
	free(ids.s);
}

void record_close(struct record *rec)
{
	fclose(rec->accepted);
	fclose(rec->requests);
	json_object_put(rec->seen);
}
