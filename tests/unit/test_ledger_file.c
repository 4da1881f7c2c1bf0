/* SPDX-License-Identifier: MIT */
/* What the ledger knows of files. */
#include "ledger_world.h"

static void test_file_round_trip(void)
{
	const struct ledger_where at = where();
	static const char name[] = "it's \"größe\"; DROP TABLE file;--\xe2\x82\xac.csv";
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t id = 0, second = 0;
	OK(enter(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_A, 1234567890123, &id));
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(known(l, "orders", name, UINT64_C(5000000000), 1700000000, &f));
	CU_ASSERT_EQUAL(f.id, id);
	CU_ASSERT_STRING_EQUAL(f.feed, "orders");
	CU_ASSERT_STRING_EQUAL(f.name, name);
	CU_ASSERT_EQUAL(f.size, UINT64_C(5000000000));
	CU_ASSERT_STRING_EQUAL(f.sha256, SHA_A);
	CU_ASSERT_EQUAL(f.state, LEDGER_PULLED);
	CU_ASSERT_EQUAL(f.pulled_ms, 1234567890123);
	CU_ASSERT_EQUAL(f.closed_ms, 0);
	CU_ASSERT_PTR_NULL(f.code);
	CU_ASSERT_FALSE(f.cleanup_due);
	ledger_file_free(&f);
	/* any other size, time, name or feed is another file */
	IS(known(l, "orders", name, 1, 1700000000, &f), DF_END);
	IS(known(l, "orders", name, UINT64_C(5000000000), 1, &f), DF_END);
	IS(known(l, "other", name, UINT64_C(5000000000), 1700000000, &f), DF_END);
	CU_ASSERT_STRING_EQUAL(err.text, ""); /* DF_END is not an error */
	if (!in_sqlite()) {                   /* two hosts may not both enter it */
		struct df_err why = {0};
		IS(enter(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_B, 2, &second),
		   DF_FATAL);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "file_once"));
		err = why;
		ledger_close(l);
		return;
	}
	/* the last one under the same name counts */
	OK(enter(l, "orders", name, UINT64_C(5000000000), 1700000000, SHA_B, 2, &second));
	OK(known(l, "orders", name, UINT64_C(5000000000), 1700000000, &f));
	CU_ASSERT_EQUAL(f.id, second);
	CU_ASSERT_STRING_EQUAL(f.sha256, SHA_B);
	ledger_file_free(&f);
	ledger_close(l);
}

/* Any bytes, and the characters that PostgreSQL's driver makes of them. */
static void test_names_of_bytes(void)
{
	static const char *const names[] = {
	    "caf\xe9-eventless.csv",
	    "\xff\xc0\xaf\xed\xa0\x80.csv",
	    "caf\xc3\xa9\xc3",
	    "\xf4\x8f\xba\x80 \xf4\x8f\xbb\xbf.csv",
	    "\xf4\x8f\xbc\x80\xf4\x8f.csv",
	    "\x80\xf4\x8f\xba\xa9\xe9 \xe2\x82\xac.csv",
	};
	struct ledger *l = fresh();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct ledger_file f = {0};
		int64_t id = 0;
		OK(enter(l, "f", names[i], 1, 2, SHA_A, 3, &id));
		OK(known(l, "f", names[i], 1, 2, &f));
		CU_ASSERT_EQUAL(f.id, id);
		CU_ASSERT_STRING_EQUAL(f.name, names[i]);
		ledger_file_free(&f);
	}
	ledger_close(l);
}

static void test_same_bytes(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = "malformed-csv", .text = "line 3", .now_ms = 7000};
	const struct ledger_outcome done = {
	    .state = LEDGER_DONE, .cleanup_due = true, .now_ms = 8000};
	int64_t id = add_file(l, "a.csv", SHA_A);
	OK(same(l, SHA_A, "", 0, &f)); /* still open: it goes first */
	CU_ASSERT_EQUAL(f.closed_ms, 0);
	ledger_file_free(&f);
	IS(same(l, SHA_A, "", id, &f), DF_END); /* it is not before itself */
	OK(ledger_file_state(l, id, &refused, &err));
	IS(same(l, SHA_A, "", 0, &f), DF_END); /* refused: may be tried again */

	int64_t none = add_file(l, "none.csv", SHA_A);
	finish(l, none, NULL, false);
	OK(ledger_file_state(l, none, &done, &err));
	IS(same(l, SHA_A, "", 0, &f), DF_END); /* no row of it was delivered */
	int64_t again = add_file(l, "b.csv", SHA_A);
	finish(l, again, NULL, true);
	OK(ledger_file_state(l, again, &done, &err));
	/* open, and entered later, but one that is done goes before it */
	int64_t third = add_file(l, "c.csv", SHA_A);
	OK(same(l, SHA_A, "", 0, &f));
	CU_ASSERT_EQUAL(f.id, again);
	CU_ASSERT_EQUAL(f.closed_ms, 8000);
	CU_ASSERT_TRUE(f.cleanup_due);
	ledger_file_free(&f);
	IS(same(l, SHA_B, "", 0, &f), DF_END);
	IS(ledger_file_same(l, &(struct ledger_bytes){"other", SHA_A, "", 0}, &f, &err), DF_END);
	/* the rows of one that is opened again under new ids are to count once more */
	OK(same(l, SHA_A, "", third, &f));
	ledger_file_free(&f);
	OK(ledger_anew(l, third, true, &err));
	IS(same(l, SHA_A, "", third, &f), DF_END);

	/* other names may make other things of the same bytes, and a part of a name is not its
	 * event type */
	int64_t start = add_file(l, "x-session_end.csv-session_start", SHA_B),
		end = add_file(l, "x-session_end", SHA_B);
	OK(same(l, SHA_B, "session_start", end, &f));
	CU_ASSERT_EQUAL(f.id, start);
	ledger_file_free(&f);
	IS(same(l, SHA_B, "session_end", end, &f), DF_END);
	IS(ledger_file_state(l, 999, &done, &err), DF_FATAL);
	IS(ledger_file_cleaned(l, 999, NULL, &err), DF_FATAL);
	ledger_close(l);
}

/* Of the feed and name; each has a size of its own. */
static int64_t add_sized(struct ledger *l, const char *name, uint64_t size)
{
	int64_t id = 0;
	OK(enter(l, "orders", name, size, 1700000000, SHA_A, 5000, &id));
	return id;
}

static void test_before(void)
{
	static const char *const name = "a.csv";
	const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = 8000};
	const struct ledger_outcome duplicate = {
	    .state = LEDGER_DONE, .code = "duplicate", .now_ms = 9000};
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	int64_t first = add_sized(l, name, 1);
	IS(ledger_file_before(l, "orders", name, 0, &f, &err), DF_END); /* open */
	finish(l, first, NULL, true);
	OK(ledger_file_state(l, first, &done, &err));
	IS(ledger_file_before(l, "orders", name, first, &f, &err), DF_END); /* not before itself */
	/* of these no row was delivered, and of another name one was */
	int64_t same = add_sized(l, name, 2), wrong = add_sized(l, name, 3),
		other = add_sized(l, "a.csv.csv", 4), now = add_sized(l, name, 5);
	OK(ledger_file_state(l, same, &duplicate, &err));
	finish(l, wrong, NULL, false);
	OK(ledger_file_state(l, wrong, &done, &err));
	finish(l, other, NULL, true);
	OK(ledger_file_state(l, other, &done, &err));
	OK(ledger_file_before(l, "orders", name, now, &f, &err));
	CU_ASSERT_EQUAL(f.id, first);
	ledger_file_free(&f);
	IS(ledger_file_before(l, "other", name, now, &f, &err), DF_END);
	ledger_close(l);
}

/* The number among files of the same bytes is drawn once, whatever comes later. */
static void test_copies(void)
{
	const struct ledger_where at = where();
	struct ledger *l = fresh();
	uint64_t n = 9;
	int64_t first = add_file(l, "x-a", SHA_A), second = add_file(l, "y-a", SHA_A),
		other = add_file(l, "x-b", SHA_A);
	OK(ledger_file_copy(l, second, false, &n, &err));
	CU_ASSERT_EQUAL(n, 0); /* whoever draws first is the first */
	OK(ledger_file_copy(l, other, false, &n, &err));
	CU_ASSERT_EQUAL(n, 1); /* another event type: other rows */
	OK(ledger_file_copy(l, first, true, &n, &err));
	CU_ASSERT_EQUAL(n, 2); /* duplicates = import: they count again */
	OK(ledger_file_copy(l, first, false, &n, &err));
	CU_ASSERT_EQUAL(n, 2);
	int64_t third = add_file(l, "z-a", SHA_A);
	OK(ledger_file_copy(l, third, false, &n, &err));
	CU_ASSERT_EQUAL(n, 0); /* the ids of the one before it: what it has the API ignores */
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(ledger_file_copy(l, first, false, &n, &err));
	CU_ASSERT_EQUAL(n, 2);
	ledger_close(l);
}

static enum df_status keep_skip(void *ctx, const struct ledger_skipped *s, struct df_err *e)
{
	(void)e;
	struct df_buf *out = ctx;
	df_buf_addf(out, "%s (%s)%s;", s->name, s->why, s->csv ? " csv" : "");
	return DF_OK;
}

static void test_file_notes(void)
{
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	struct df_buf text = {0};
	const struct ledger_skipped first[] = {{"x/a.csv", "in a sub-folder", true},
					       {"b.txt", "not CSV", false}};
	int64_t id = add_file(l, "a.zip", SHA_A);
	OK(ledger_file_skips(l, id, first, 2, &err));
	OK(ledger_file_skips(l, id, first, 1, &err)); /* once more, as after a crash */
	OK(ledger_skips(l, id, keep_skip, &text, &err));
	CU_ASSERT_STRING_EQUAL(df_buf_cstr(&text), "x/a.csv (in a sub-folder) csv;");
	df_buf_free(&text);
	OK(ledger_file_tried(l, id, 0, &err));
	OK(ledger_file_tried(l, id, 1, &err));
	OK(ledger_file_tried(l, id, 1, &err));
	OK(known(l, "orders", "a.zip", 100, 1700000000, &f));
	CU_ASSERT_TRUE(f.attempts == 3 && f.idle == 2);
	ledger_file_free(&f);
	OK(ledger_file_tried(l, id, 0, &err));
	OK(known(l, "orders", "a.zip", 100, 1700000000, &f));
	CU_ASSERT_TRUE(f.attempts == 4 && f.idle == 0);
	ledger_file_free(&f);
	/* the same file from another server is another one */
	const struct ledger_key elsewhere = {"orders", "sftp://u@other:22/in", "a.zip", 100,
					     1700000000};
	/* it is not through: the server has another address now */
	const struct ledger_key keys[] = {elsewhere, {elsewhere.feed, SOURCE, "none.csv", 1, 1}};
	enum ledger_state states[2] = {LEDGER_DONE, LEDGER_DONE};
	OK(ledger_file_known(l, &elsewhere, &f, &err));
	OK(ledger_files_known(l, keys, 2, states, &err));
	CU_ASSERT(states[0] == f.state && states[0] != 0 && states[1] == 0);
	ledger_file_free(&f);
	OK(ledger_file_state(l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 1},
			     &err));
	IS(ledger_file_known(l, &elsewhere, &f, &err), DF_END);
	OK(ledger_files_known(l, keys, 1, states, &err));
	CU_ASSERT_EQUAL(states[0], 0);
	ledger_close(l);
}

/* The state folder may be moved: what lies in it is found where it is now. */
static void test_moved(void)
{
	if (!in_sqlite())
		return;
	struct ledger *l = fresh();
	struct ledger_file f = {0};
	struct ledger_document d = {0};
	char place[300], rejects[300], moved[300], path[400];
	path_in(place, sizeof(place), "spool/orders/x.drop");
	path_in(rejects, sizeof(rejects), "rejects/orders/a.csv");
	struct ledger_new_file new = {
	    .key = {"orders", SOURCE, "a.csv", 1, 2}, .sha256 = SHA_A, .event_type = ""};
	int64_t file = 0;
	new.place = place;
	OK(ledger_file_add(l, &new, &file, &err));
	int64_t id = add_document(l, file, NULL);
	OK(checked(l, id, 0, 0));
	OK(ledger_document_state(
	    l, id, &(struct ledger_outcome){.state = LEDGER_DONE, .text = rejects, .now_ms = 1},
	    &err));
	OK(known(l, "orders", "a.csv", 1, 2, &f));
	CU_ASSERT_STRING_EQUAL(f.place, place);
	ledger_file_free(&f);
	ledger_close(l);

	snprintf(moved, sizeof(moved), "%s-moved", dir);
	CU_ASSERT_EQUAL_FATAL(rename(dir, moved), 0);
	OK(ledger_open(moved, &l, &err));
	OK(known(l, "orders", "a.csv", 1, 2, &f));
	snprintf(path, sizeof(path), "%s/spool/orders/x.drop", moved);
	CU_ASSERT_STRING_EQUAL(f.place, path);
	ledger_file_free(&f);
	OK(ledger_document_known(l, file, NULL, &d, &err));
	snprintf(path, sizeof(path), "%s/rejects/orders/a.csv", moved);
	CU_ASSERT_STRING_EQUAL(d.text, path);
	ledger_document_free(&d);
	ledger_close(l);
	CU_ASSERT_EQUAL_FATAL(rename(moved, dir), 0);
}

struct pulls_seen {
	size_t n;
	char arrival[160], name[32];
};

static enum df_status on_pull(void *ctx, const struct ledger_pull *p, struct df_err *e)
{
	struct pulls_seen *seen_pulls = ctx;
	(void)e;
	CU_ASSERT_STRING_EQUAL(p->key.source, SOURCE);
	CU_ASSERT_STRING_EQUAL(p->key.feed, "orders");
	if (seen_pulls->n++ == 0) {
		snprintf(seen_pulls->arrival, sizeof(seen_pulls->arrival), "%s", p->arrival);
		snprintf(seen_pulls->name, sizeof(seen_pulls->name), "%s", p->key.name);
	}
	return DF_OK;
}

static void test_pulls(void)
{
	struct ledger *l = fresh();
	struct pulls_seen found = {0};
	char first[128], second[128];
	int64_t id = 0;
	path_in(first, sizeof(first), "spool/orders/1.drop");
	path_in(second, sizeof(second), "spool/orders/2.drop");
	const struct ledger_pull pulls[] = {{{"orders", SOURCE, "new.csv", 5, 20}, first},
					    {{"orders", SOURCE, "old.csv", 5, 10}, second}};

	OK(ledger_pulls_begin(l, pulls, 2, &err));
	OK(ledger_pulls_begin(l, pulls, 2, &err)); /* by the next run */
	OK(ledger_pulls(l, "orders", on_pull, &found, &err));
	CU_ASSERT_EQUAL(found.n, 2);
	CU_ASSERT_STRING_EQUAL(found.name, "old.csv");
	CU_ASSERT_STRING_EQUAL(found.arrival, second); /* the whole path */

	struct ledger_new_file new = {
	    .key = pulls[1].key, .sha256 = SHA_A, .event_type = "", .arrival = second};
	OK(ledger_file_add(l, &new, &id, &err));
	found = (struct pulls_seen){0};
	OK(ledger_pulls(l, "orders", on_pull, &found, &err));
	CU_ASSERT_EQUAL(found.n, 1);
	CU_ASSERT_STRING_EQUAL(found.name, "new.csv");

	OK(ledger_pull_end(l, "orders", first, &err));
	found = (struct pulls_seen){0};
	OK(ledger_pulls(l, "orders", on_pull, &found, &err));
	CU_ASSERT_EQUAL(found.n, 0);
	ledger_close(l);
}

static enum df_status count_closed(void *ctx, const struct ledger_document *d, struct df_err *e)
{
	(void)e;
	if (d->state == LEDGER_REFUSED && d->code != NULL && strcmp(d->code, "lost-bytes") == 0)
		(*(unsigned *)ctx)++;
	return DF_OK;
}

static void test_lost(void)
{
	struct ledger *l = fresh();
	struct ledger_document d = {0};
	struct ledger_file f = {0};
	int64_t file = 0;
	unsigned closed = 0;
	const struct ledger_outcome lost = {
	    .state = LEDGER_REFUSED, .code = "lost-bytes", .text = "gone", .now_ms = 9};
	OK(enter(l, "orders", "a.zip", 1, 2, SHA_A, 3, &file));
	for (int i = 0; i < 3; i++) {
		char name[] = {(char)('x' + i), '\0'};
		OK(begin(l, file, name, "eventless", "s", NULL, 4, &d));
		OK(checked(l, d.id, 10, i == 0 ? 10 : 0));
		if (i == 0)
			OK(ledger_document_state(
			    l, d.id, &(struct ledger_outcome){.state = LEDGER_DONE, .now_ms = 5},
			    &err));
		ledger_document_free(&d);
	}
	OK(ledger_file_lost(l, file, &lost, &err));
	OK(ledger_documents(l, file, count_closed, &closed, &err));
	CU_ASSERT_EQUAL(closed, 2); /* what was done stays done */
	OK(known(l, "orders", "a.zip", 1, 2, &f));
	CU_ASSERT_EQUAL(f.state, LEDGER_REFUSED);
	CU_ASSERT_STRING_EQUAL(f.code, "lost-bytes");
	ledger_file_free(&f);
	ledger_close(l);
}

static enum df_status keep_name(void *ctx, const struct ledger_document *d, struct df_err *e)
{
	(void)e;
	strncat(ctx, d->name, 1);
	return DF_OK;
}

/* What was checked alone is forgotten; what was sent, or may have been, stays. */
static void test_file_refused(void)
{
	struct ledger *l = fresh();
	struct ledger_document d = {0};
	struct ledger_file f = {0};
	const struct ledger_taking taking = {.version = "0", .settings = "s", .now_ms = 4};
	const struct ledger_sending sending = {.upto = 1};
	const struct ledger_outcome done = {.state = LEDGER_DONE, .now_ms = 5};
	const struct ledger_outcome refused = {
	    .state = LEDGER_REFUSED, .code = "wrong-key", .text = "no", .now_ms = 9};
	char names[8] = "";
	int64_t file = 0;
	OK(enter(l, "orders", "a.zip", 1, 2, SHA_A, 3, &file));
	for (char name[] = "v"; name[0] <= 'z'; name[0]++) {
		OK(begin(l, file, name, "eventless", "s", NULL, 4, &d));
		if (name[0] > 'v')
			OK(checked(l, d.id, 10, name[0] == 'z' ? 10 : 0));
		if (name[0] == 'x')
			OK(ledger_document_taken(l, d.id, &taking, &err));
		if (name[0] == 'y')
			OK(ledger_lane_sending(l, d.id, &sending, &err));
		if (name[0] == 'z')
			OK(ledger_document_state(l, d.id, &done, &err));
		ledger_document_free(&d);
	}
	OK(ledger_file_refused(l, file, &refused, &err));
	OK(ledger_documents(l, file, keep_name, names, &err));
	CU_ASSERT_STRING_EQUAL(names, "xyz");
	OK(known(l, "orders", "a.zip", 1, 2, &f));
	CU_ASSERT_EQUAL(f.state, LEDGER_REFUSED);
	ledger_file_free(&f);
	ledger_close(l);
}

static void test_seen(void)
{
	const struct ledger_where at = where();
	struct ledger *l = fresh();
	int64_t first = 0;
	OK(seen(l, "f", 10, 1, 1000, &first));
	CU_ASSERT_EQUAL(first, 1000);
	OK(seen(l, "f", 10, 1, 2000, &first));
	CU_ASSERT_EQUAL(first, 1000);
	OK(seen(l, "f", 11, 1, 3000, &first)); /* it grew */
	CU_ASSERT_EQUAL(first, 3000);
	OK(seen(l, "f", 11, 2, 4000, &first)); /* it was touched */
	CU_ASSERT_EQUAL(first, 4000);
	OK(seen(l, "g", 11, 2, 4500, &first)); /* another feed */
	CU_ASSERT_EQUAL(first, 4500);
	OK(seen(l, "f", 11, 2, 3500, &first)); /* the clock was set back */
	CU_ASSERT_EQUAL(first, 3500);
	ledger_close(l);
	OK(ledger_open_at(&at, &l, &err));
	OK(seen(l, "f", 11, 2, 9000, &first)); /* the next run */
	CU_ASSERT_EQUAL(first, 3500);
	OK(ledger_seen_forget(l, "f", 9000, &err)); /* listed at 9000: stays */
	OK(seen(l, "f", 11, 2, 9500, &first));
	CU_ASSERT_EQUAL(first, 3500);
	OK(ledger_seen_forget(l, "f", 9501, &err));
	OK(seen(l, "f", 11, 2, 9900, &first));
	CU_ASSERT_EQUAL(first, 9900);
	OK(seen(l, "g", 11, 2, 9999, &first)); /* other feeds were not forgotten */
	CU_ASSERT_EQUAL(first, 4500);
	ledger_close(l);
}

static void test_cleanup_due(void)
{
	struct ledger *l = fresh();
	int64_t a = add_file(l, "a.csv", SHA_A), b = add_file(l, "b.csv", SHA_B);
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 2);
	OK(ledger_file_state(
	    l, a, &(struct ledger_outcome){.state = LEDGER_DONE, .cleanup_due = true, .now_ms = 1},
	    &err));
	OK(ledger_file_state(
	    l, b,
	    &(struct ledger_outcome){
		.state = LEDGER_REFUSED, .code = "empty-file", .text = "it is empty", .now_ms = 1},
	    &err));
	/* a is done, but still lies on the source */
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 1);
	CU_ASSERT_EQUAL(count_files(l, "orders", true), 1);
	CU_ASSERT_EQUAL(count_files(l, "other", true), 0);
	CU_ASSERT_EQUAL(count_files(l, "orders", false), 2);
	OK(ledger_file_cleaned(l, a, NULL, &err));
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 0);
	CU_ASSERT_EQUAL(count_files(l, NULL, false), 2);
	/* what was imported is not at the source */
	const struct ledger_new_file imported = {
	    .key = {"orders", LEDGER_SOURCE_LOCAL, "c.csv", 1, 1}, .sha256 = SHA_A, .now_ms = 1};
	OK(ledger_file_add(l, &imported, &a, &err));
	OK(ledger_file_state(
	    l, a, &(struct ledger_outcome){.state = LEDGER_DONE, .cleanup_due = true, .now_ms = 2},
	    &err));
	CU_ASSERT_EQUAL(count_files(l, NULL, true), 0);
	CU_ASSERT_EQUAL(count_files(l, NULL, false), 3);
	/* a callback's status ends the walk and comes back */
	struct counted stop = {.answer = DF_RETRY};
	IS(ledger_files(l, NULL, false, count_file, &stop, &err), DF_RETRY);
	CU_ASSERT_EQUAL(stop.n, 1);
	stop = (struct counted){.answer = DF_END};
	IS(ledger_files(l, NULL, false, count_file, &stop, &err), DF_END);
	CU_ASSERT_EQUAL(stop.n, 1);
	ledger_close(l);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"a file comes back as it was", test_file_round_trip},
	    {"names of any bytes", test_names_of_bytes},
	    {"the same bytes are known once done", test_same_bytes},
	    {"the file before of its name", test_before},
	    {"listings", test_seen},
	    {"downloads are noted until they are entered", test_pulls},
	    {"bytes that are gone close all that is open", test_lost},
	    {"a refused file forgets what was checked alone", test_file_refused},
	    {"cleanup stays due until done", test_cleanup_due},
	    {"copies of the same bytes are numbered once", test_copies},
	    {"skipped entries, attempts, sources", test_file_notes},
	    {"a state folder that was moved", test_moved},
	    CU_TEST_INFO_NULL,
	};
	return test_main("ledger files", setup, teardown, tests);
}
