/* SPDX-License-Identifier: MIT */
/*
 * When an event happened: the column that says so where no name is known, the zone that its times
 * are in, and which of two readings of a date is right. What cannot be decided is left to be
 * completed: a wrong time is worse than none.
 */
#include "propose_time.h"

#include "propose_look.h"
#include "propose_names.h"

#include <stdlib.h>
#include <strings.h>

/* ---- the column, by its name's words and its values ---- */

static const char happened[] = "event occurred happened activity action hit derived evento "
			       "ereignis evenement";
static const char made[] = "created creation create placed ordered order purchase purchased sale "
			   "sold transaction submitted submit submission sent send booked booking "
			   "posted posting invoice paid payment review completed received log "
			   "logged bestell auftrag commande ordine pedido";
static const char at_all[] = "date time timestamp datetime datum zeit data fecha hora heure "
			     "\xe6\x97\xa5\xe6\x99\x82 \xe6\x97\xa5\xe4\xbb\x98";
/* times of something else than the event */
static const char other_things[] =
    "birth birthday birthdate dob geburt geburtsdatum naissance nascita nacimiento due expiry "
    "expires expiration expected valid delivery delivered deliver lieferdatum arrival departure "
    "check checkin checkout ship shipped shipping updated update modified last next close closed "
    "cancelled canceled cancellation refunded refund renewal renews until install touch etl load "
    "loaded first trial stage term start end period response resolution spent duration zone "
    "timezone from to assigned solved scheduled hire hired join joined anniversary membership "
    "registration enrollment since opened";

static int rank(const struct propose_column *c)
{
	if (c->what != PROPOSE_OPEN || propose_names_word(c, other_things))
		return 0;
	if (propose_names_word(c, happened) && propose_names_word(c, at_all))
		return 3;
	return propose_names_word(c, made) ? 2 : propose_names_word(c, at_all) ? 1 : 0;
}

static bool all_filled(const struct propose *p, size_t column)
{
	return propose_most(p->columns[column].filled, p->n_rows);
}

/* The best one: by its rank, and rather a time of day than a day. SIZE_MAX: none. */
static size_t best_column(struct propose *p, size_t *equals)
{
	size_t best = SIZE_MAX;
	int best_rank = 0;
	*equals = 0;
	for (size_t i = 0; i < p->n; i++) {
		const char *other;
		int r = rank(&p->columns[i]) * 2;
		propose_look(p, i);
		if (r == 0 || !all_filled(p, i) || propose_time(p, i, &other) == NULL)
			continue;
		r += !propose_time_is_day(p, i);
		*equals = r > best_rank ? 0 : *equals + (r == best_rank);
		if (r <= best_rank)
			continue;
		best_rank = r;
		best = i;
	}
	return best;
}

/* A spreadsheet's day numbers: of 1982 to 2064. */
static bool is_serial(const struct propose *p, size_t column)
{
	size_t n = 0, filled = 0, len;
	for (size_t row = 0; row < p->n_rows; row++) {
		char number[32];
		const char *s = propose_cell_text(p, row, column, &len);
		filled += len > 0;
		if (len < 5 || len >= sizeof(number) || propose_span(s, len, "0123456789.,") < len)
			continue;
		memcpy(number, s, len);
		number[len] = '\0';
		long day = strtol(number, NULL, 10);
		n += (len == 5 || strchr(".,", s[5]) != NULL) && day >= 30000 && day < 60000;
	}
	return filled > 0 && propose_most(n, filled);
}

static void note_serials(struct propose *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->columns[i].what == PROPOSE_OPEN && rank(&p->columns[i]) > 0 &&
		    is_serial(p, i))
			df_buf_addf(
			    &p->todo,
			    "the values of column %zu look like a spreadsheet's day "
			    "numbers, which are not times: have them exported as dates, such "
			    "as 2026-01-31 13:00\n",
			    i + 1);
}

/* A column that says when by its name, though nothing reads its values. */
static bool unread(const struct propose *p, const struct propose_column *c)
{
	const struct schema_word *word = schema_word_find(p->event, c->normal, strlen(c->normal));
	bool known = word != NULL && word->path != NULL && strcmp(word->path, PROPOSE_TIME) == 0;
	/* "data" is a date in some languages only */
	bool named = propose_names_word(c, at_all) && !propose_names_word(c, "data");
	return c->filled > 0 && (known || (rank(c) > 0 && named));
}

static bool any_unread(struct propose *p)
{
	bool any = false;
	for (size_t i = 0; i < p->n; i++) {
		propose_look(p, i);
		any = any || unread(p, &p->columns[i]);
	}
	return any;
}

void propose_when(struct propose *p)
{
	size_t equals = 0;
	if (p->event->data == NULL || propose_column_at(p, PROPOSE_TIME) != NULL || !p->has_header)
		return;
	size_t column = best_column(p, &equals);
	if (column == SIZE_MAX || !propose_take(p, &p->columns[column], PROPOSE_TIME)) {
		p->saw_when = any_unread(p);
		note_serials(p);
		return;
	}
	propose_because(&p->columns[column], "guessed from the values and from words of the name");
	if (equals > 0)
		df_buf_addf(&p->remarks, "%zu more column%s could say when as well as column %zu\n",
			    equals, df_plural(equals), column + 1);
}

/* ---- day or month? ---- */

static bool day_first(const char *format)
{
	return format[0] == '%' && format[1] == 'd';
}

/* Whether the rows are in the order of their times, one way or the other, over three different
 * times at least. */
static bool in_order(const struct propose *p, size_t column, const char *format)
{
	int64_t last = 0, ms;
	size_t n = 0, up = 0, down = 0;
	struct time_format t = {0};
	if (!propose_time_open(p, &t, format))
		return false;
	for (size_t row = 0; row < p->n_rows; row++) {
		if (!propose_time_read(p, &t, row, column, &ms))
			continue;
		up += n > 0 && ms > last;
		down += n > 0 && ms < last;
		last = ms;
		n++;
	}
	time_close(&t);
	return (up == 0 || down == 0) && up + down >= 3;
}

/* How the other columns' dates are written that can be read in one way only: > 0, with the day
 * first; < 0, with the month. */
static int others_say(struct propose *p, size_t column)
{
	int days = 0, months = 0;
	for (size_t i = 0; i < p->n; i++) {
		const char *other, *format;
		propose_look(p, i);
		if (i == column || p->columns[i].look != LOOK_TEXT ||
		    (format = propose_time(p, i, &other)) == NULL || other != NULL ||
		    strncmp(format, "%", 1) != 0 || strpbrk(format, "/-.") == NULL)
			continue;
		days += strncmp(format, "%d/%m", 5) == 0 || strncmp(format, "%d-%m", 5) == 0;
		months += strncmp(format, "%m/%d", 5) == 0 || strncmp(format, "%m-%d", 5) == 0;
	}
	return days > 0 && months > 0 ? 0 : days - months;
}

/* 12/1/10 8:26: no zeros before digits, and years of two. */
static bool looks_american(const struct propose *p, size_t column, const char *format)
{
	size_t bare = 0;
	if (strncmp(format + 3, "%d/%y", 5) != 0 && strncmp(format + 3, "%m/%y", 5) != 0)
		return false;
	for (size_t row = 0; row < p->n_rows; row++) {
		size_t len;
		const char *s = propose_cell_text(p, row, column, &len),
			   *slash = memchr(s, '/', len);
		map_cell_trim(&s, &len);
		if (slash == NULL || slash + 2 >= s + len)
			continue;
		if (s[0] == '0' || slash[1] == '0')
			return false;
		bare += slash == s + 1 || slash[2] == '/';
	}
	return bare > 0;
}

/* Nobody who writes commas in numbers writes the month first. */
static bool has_decimal_commas(const struct propose *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->columns[i].value != NULL &&
		    strstr(p->columns[i].value, "replace: ',', '.'") != NULL)
			return true;
	return p->feed->rows.delimiter == ';';
}

const char *propose_when_decide(struct propose *p, size_t column, const char *one,
				const char *other, const char **why)
{
	bool first = in_order(p, column, one), second = in_order(p, column, other);
	if (first != second) {
		*why = "read so, and not with the month and the day exchanged, the rows are in "
		       "the order of their times";
		return first ? one : other;
	}
	if (day_first(one) == day_first(other))
		return NULL;

	const char *days = day_first(one) ? one : other, *months = day_first(one) ? other : one;
	int say = others_say(p, column);
	*why = "other columns have dates that can be read in this order only";
	if (say == 0 && has_decimal_commas(p)) {
		*why = "numbers with decimal commas, or semicolons: the day is first";
		say = 1;
	}
	if (say == 0 && looks_american(p, column, one)) {
		*why = "without zeros before digits and with years of two digits, as spreadsheets "
		       "write them in the United States";
		say = -1;
	}
	return say > 0 ? days : say < 0 ? months : NULL;
}

/* ---- the zone ---- */

static const char *const zones[][2] = {
    {"utc gmt z zulu coordinateduniversaltime", "UTC"},
    {"pst pdt pacifictime pacifictimeuscanada pacificstandardtime", "America/Los_Angeles"},
    {"mst mdt mountaintime mountaintimeuscanada mountainstandardtime", "America/Denver"},
    {"cst cdt centraltime centraltimeuscanada centralstandardtime", "America/Chicago"},
    {"est edt easterntime easterntimeuscanada easternstandardtime", "America/New_York"},
    {"cet cest mez mesz berlin", "Europe/Berlin"},
    {"bst london", "Europe/London"},
    {"paris", "Europe/Paris"},
    {"jst tokyo", "Asia/Tokyo"}};

/* The zone of these words, the caller's; NULL: none is known. */
static char *known_zone(const char *s, size_t len)
{
	struct df_err ignored = {0};
	struct time_zone *zone = NULL;
	char *normal = schema_normalize(s, len), *found = NULL;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]) && found == NULL; i++)
		if (schema_word_is(zones[i][0], normal, strlen(normal)))
			found = df_strdup(zones[i][1]);
	free(normal);
	if (found != NULL || memchr(s, '/', len) == NULL || len > 60)
		return found;
	found = df_strndup(s, len);
	if (time_zone_open(found, &zone, &ignored) != DF_OK) {
		free(found);
		found = NULL;
	}
	time_zone_free(zone);
	return found;
}

/* "Created (UTC)", "First seen (Europe/Berlin)", "created_utc" */
static char *zone_of_name(const char *name)
{
	const char *open = strrchr(name, '('), *close = open != NULL ? strchr(open, ')') : NULL;
	if (close != NULL)
		return known_zone(open + 1, (size_t)(close - open - 1));
	for (const char *s = name; *s != '\0';) {
		size_t n = propose_names_token(s);
		if (n == 3 && (strncasecmp(s, "utc", 3) == 0 || strncasecmp(s, "gmt", 3) == 0))
			return df_strdup("UTC");
		s += n > 0 ? n : 1;
	}
	return NULL;
}

static size_t zone_column(const struct propose *p)
{
	static const char names[] = "timezone tz tzname zeitzone fuseauhoraire zonahoraria";
	for (size_t i = 0; i < p->n; i++)
		if (schema_word_is(names, p->columns[i].normal, strlen(p->columns[i].normal)))
			return i;
	return SIZE_MAX;
}

char *propose_when_zone(struct propose *p, size_t column, bool *differ)
{
	char *zone = zone_of_name(p->columns[column].name);
	size_t own = zone_column(p), len;
	*differ = false;
	if (zone == NULL && p->columns[column].clock > 0)
		zone = zone_of_name(p->columns[p->columns[column].clock - 1].name);
	for (size_t row = 0; zone == NULL && own != SIZE_MAX && row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, own, &len);
		if (len > 0 && (zone = known_zone(s, len)) == NULL)
			*differ = true;
	}
	for (size_t row = 0; zone != NULL && own != SIZE_MAX && row < p->n_rows; row++) {
		const char *s = propose_cell_text(p, row, own, &len);
		char *now = len > 0 ? known_zone(s, len) : NULL;
		*differ = *differ || (len > 0 && (now == NULL || strcmp(now, zone) != 0));
		free(now);
	}
	return zone;
}
