/* SPDX-License-Identifier: MIT */
/*
 * Numbers as Liquid has them: integers, and floats that are calculated with as decimals (BigDecimal
 * in Ruby), so that 10.1 minus 2.2 is 7.9. A decimal here has up to 38 digits; where these do not
 * suffice, doubles do.
 */
#include "liquid_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

#define MAX_SCALE 60

struct decimal {
	bool whole; /* an integer: its scale is 0 */
	wide m;
	int scale;   /* digits after the point */
	bool beyond; /* more digits than m has: f is all there is */
	double f;
};

/* digits[.digits][e+-digits]; the text is known to be well-formed. */
static struct decimal parse_decimal(const char *p, size_t len)
{
	struct decimal d = {0};
	char text[512];
	bool point = false, negative = len > 0 && *p == '-';
	size_t i = negative;
	for (; i < len && p[i] != 'e' && p[i] != 'E'; i++) {
		point = point || p[i] == '.';
		if (p[i] == '.')
			continue;
		d.beyond = d.beyond || __builtin_mul_overflow(d.m, (wide)10, &d.m) ||
			   __builtin_add_overflow(d.m, (wide)(p[i] - '0'), &d.m);
		d.scale += point;
	}

	size_t n = len < sizeof(text) - 1 ? len : sizeof(text) - 1;
	memcpy(text, p, n);
	text[n] = '\0';
	d.f = strtod(text, NULL);
	if (i < len) {
		long e = strtol(text + i + 1, NULL, 10);
		if (e < -1000 || e > 1000)
			d.beyond = true;
		else
			d.scale -= (int)e;
	}
	while (!d.beyond && d.scale < 0) {
		d.beyond = __builtin_mul_overflow(d.m, (wide)10, &d.m);
		d.scale++;
	}
	d.beyond = d.beyond || d.scale > MAX_SCALE;
	d.m = d.beyond ? 0 : negative ? -d.m : d.m;
	return d;
}

static struct decimal number_whole(int64_t i)
{
	return (struct decimal){.whole = true, .m = i, .f = (double)i};
}

int64_t liquid_to_i(const char *p, size_t len, bool *over)
{
	size_t i = 0;
	int64_t value = 0;
	while (i < len && liquid_is_blank(p[i]))
		i++;
	bool negative = i < len && p[i] == '-';
	i += i < len && (p[i] == '-' || p[i] == '+');
	for (bool digit = false; i < len; i++) {
		if (p[i] == '_' && digit && i + 1 < len && p[i + 1] != '_')
			continue;
		if (p[i] < '0' || p[i] > '9')
			break;
		digit = true;
		*over = *over || __builtin_mul_overflow(value, 10, &value) ||
			__builtin_sub_overflow(value, p[i] - '0', &value);
	}
	if (!negative)
		*over = *over || __builtin_sub_overflow((int64_t)0, value, &value);
	return value;
}

/* -?digits.digits, as a whole */
static bool is_decimal(const char *p, size_t len)
{
	size_t i = len > 0 && *p == '-', from = i;
	while (i < len && p[i] >= '0' && p[i] <= '9')
		i++;
	if (i == from || i == len || p[i] != '.')
		return false;
	from = ++i;
	while (i < len && p[i] >= '0' && p[i] <= '9')
		i++;
	return i == len && i > from;
}

/* Is there nothing but an integer in it, after its blanks? */
static bool is_whole(const char *p, size_t len)
{
	size_t i = len > 0 && (*p == '-' || *p == '+'), from = i;
	while (i < len && ((p[i] >= '0' && p[i] <= '9') || (p[i] == '_' && i > from)))
		i++;
	return i == len && i > from;
}

/* Whatever a value is worth: strings that are not numbers, and all else, are 0. */
static bool to_number(struct liquid_run *run, const struct liquid_value *v, struct decimal *out)
{
	char text[40];
	bool over = false;
	const char *p = v->p;
	size_t len = v->len;

	*out = number_whole(0);
	if (v->type == LIQUID_INT) {
		*out = number_whole(v->i);
	} else if (v->type == LIQUID_FLOAT) {
		if (v->p != NULL)
			*out = parse_decimal(v->p, v->len);
		else
			*out = parse_decimal(text, liquid_float_text(v->f, text));
	} else if (v->type == LIQUID_STRING) {
		for (; len > 0 && liquid_is_blank(*p); p++)
			len--;
		while (len > 0 && liquid_is_blank(p[len - 1]))
			len--;
		*out = is_decimal(p, len) ? parse_decimal(p, len)
					  : number_whole(liquid_to_i(p, len, &over));
		if (len > 0 && out->whole && !is_whole(p, len))
			liquid_note(run, LIQUID_NO_NUMBER);
	}
	return !over || liquid_fail(run->fault, "an integer is over 64 bits");
}

/* The same of what a filter is given, of which nothing makes 0. */
static bool input_number(const struct liquid_call *c, struct decimal *out)
{
	if (c->in.type <= LIQUID_STRING && liquid_is_empty(&c->in))
		liquid_note(c->run, LIQUID_NOTHING);
	return to_number(c->run, &c->in, out);
}

static double to_double(const struct decimal *d)
{
	char digits[64], text[80];
	if (d->beyond || d->whole)
		return d->f;
	size_t n = sizeof(digits);
	unsigned_wide m = d->m < 0 ? -(unsigned_wide)d->m : (unsigned_wide)d->m;
	for (digits[--n] = '\0'; m != 0 || digits[n] == '\0'; m /= 10)
		digits[--n] = (char)('0' + (int)(m % 10));
	snprintf(text, sizeof(text), "%s%se%d", d->m < 0 ? "-" : "", digits + n, -d->scale);
	return strtod(text, NULL);
}

/* A result: floats are what Liquid gives back. */
static bool give(struct liquid_run *run, const struct decimal *d, struct liquid_value *out)
{
	if (!d->whole) {
		*out = (struct liquid_value){.type = LIQUID_FLOAT, .f = to_double(d)};
		if (isnan(out->f) || isinf(out->f))
			return liquid_fail(run->fault, "a number is out of range");
		return true;
	}
	if (d->m > INT64_MAX || d->m < INT64_MIN)
		return liquid_fail(run->fault, "an integer is over 64 bits");
	*out = liquid_int((int64_t)d->m);
	return true;
}

/* Brings both to one scale. False: only doubles can hold them. */
static bool align(struct decimal *a, struct decimal *b)
{
	if (a->beyond || b->beyond)
		return false;
	while (a->scale != b->scale) {
		struct decimal *less = a->scale < b->scale ? a : b;
		if (__builtin_mul_overflow(less->m, (wide)10, &less->m))
			return false;
		less->scale++;
	}
	return true;
}

static struct decimal from_double(double f)
{
	return (struct decimal){.beyond = true, .f = f};
}

static wide floor_div(wide a, wide b)
{
	wide q = a / b;
	return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

/* With the divisor's sign. Not a - floor_div(a, b) * b: that product may be beyond what fits. */
static wide floor_rest(wide a, wide b)
{
	wide rest = a % b;
	return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static struct decimal decimal_add(struct decimal a, struct decimal b, int sign)
{
	struct decimal x = a, y = b, r = {.whole = a.whole && b.whole};
	bool fits = align(&x, &y);
	if (!fits || (sign > 0 ? __builtin_add_overflow(x.m, y.m, &r.m)
			       : __builtin_sub_overflow(x.m, y.m, &r.m)))
		return from_double(to_double(&a) + sign * to_double(&b));
	r.scale = x.scale;
	r.f = (double)r.m;
	return r;
}

static struct decimal multiply(struct decimal a, struct decimal b)
{
	struct decimal r = {.whole = a.whole && b.whole, .scale = a.scale + b.scale};
	if (a.beyond || b.beyond || __builtin_mul_overflow(a.m, b.m, &r.m) ||
	    r.scale > 2 * MAX_SCALE)
		return from_double(to_double(&a) * to_double(&b));
	r.f = (double)r.m;
	return r;
}

/* The quotient's digits one by one, more of them than a double holds. */
static struct decimal divide(struct decimal a, struct decimal b)
{
	struct decimal x = a, y = b, r = {0};
	if (a.whole && b.whole)
		return (struct decimal){.whole = true, .m = floor_div(a.m, b.m)};
	const wide most = (wide)1 << 123;
	if (!align(&x, &y) || y.m > most || y.m < -most)
		return from_double(to_double(&a) / to_double(&b));
	wide rest = x.m % y.m;
	r.m = x.m / y.m;
	for (int n = 0; rest != 0 && n < MAX_SCALE; n++) {
		wide next = 0;
		if (__builtin_mul_overflow(r.m, (wide)10, &next) ||
		    __builtin_add_overflow(next, rest * 10 / y.m, &next))
			break;
		r.m = next;
		r.scale++;
		rest = rest * 10 % y.m;
	}
	return r;
}

static struct decimal modulo(struct decimal a, struct decimal b)
{
	struct decimal x = a, y = b;
	if (!align(&x, &y)) {
		double f = to_double(&b);
		return from_double(to_double(&a) - f * floor(to_double(&a) / f));
	}
	return (struct decimal){
	    .whole = a.whole && b.whole, .m = floor_rest(x.m, y.m), .scale = x.scale};
}

static int decimal_compare(struct decimal a, struct decimal b)
{
	if (!align(&a, &b))
		return (to_double(&a) > to_double(&b)) - (to_double(&a) < to_double(&b));
	return (a.m > b.m) - (a.m < b.m);
}

int liquid_compare_numbers(const struct liquid_value *a, const struct liquid_value *b)
{
	struct decimal x, y;
	struct liquid_fault ignored;
	struct liquid_run run = {.fault = &ignored}; /* these are numbers: nothing can fail */
	if (!to_number(&run, a, &x) || !to_number(&run, b, &y))
		return 0;
	return decimal_compare(x, y);
}

static bool is_zero(const struct decimal *d)
{
	return d->beyond ? d->f == 0 : d->m == 0;
}

enum operation { PLUS, MINUS, TIMES, DIVIDED_BY, MODULO, AT_LEAST, AT_MOST };

static bool operate(struct liquid_call *c)
{
	struct decimal a, b, r = {0};
	const bool factor = c->variant == TIMES || c->variant == DIVIDED_BY;
	bool ok = factor ? input_number(c, &a) : to_number(c->run, &c->in, &a);
	if (!ok || !to_number(c->run, &c->args[0], &b))
		return false;
	if (c->variant == TIMES && c->args[0].type <= LIQUID_STRING && liquid_is_empty(&c->args[0]))
		liquid_note(c->run, LIQUID_NOTHING);
	if ((c->variant == DIVIDED_BY || c->variant == MODULO) && is_zero(&b))
		return liquid_fail(c->run->fault, "division by zero");

	switch ((enum operation)c->variant) {
	case PLUS:
		r = decimal_add(a, b, 1);
		break;
	case MINUS:
		r = decimal_add(a, b, -1);
		break;
	case TIMES:
		r = multiply(a, b);
		break;
	case DIVIDED_BY:
		r = divide(a, b);
		break;
	case MODULO:
		r = modulo(a, b);
		break;
	case AT_LEAST:
		r = decimal_compare(b, a) > 0 ? b : a;
		break;
	case AT_MOST:
		r = decimal_compare(b, a) < 0 ? b : a;
		break;
	}
	return give(c->run, &r, &c->out);
}

static bool absolute(struct liquid_call *c)
{
	struct decimal a;
	if (!input_number(c, &a))
		return false;
	if (a.m < 0)
		a.m = -a.m;
	a.f = fabs(a.f);
	return give(c->run, &a, &c->out);
}

enum rounding { DOWN, UP, HALF };

/* m in units, rounded. */
static wide in_units(wide m, wide unit, enum rounding how)
{
	wide whole = floor_div(m, unit), rest = floor_rest(m, unit), other = unit - rest;
	if (how == UP)
		return whole + (rest != 0);
	if (how == HALF)
		return whole + (rest > other || (rest == other && m >= 0));
	return whole;
}

/* Rounds to `places` digits after the point, or before it when they are negative. */
static bool round_to(struct liquid_call *c, struct decimal a, int64_t places, enum rounding how)
{
	wide unit = 1;
	bool fits = true;
	if (a.beyond)
		return liquid_fail(c->run->fault, "a number has too many digits to be rounded");
	if (places >= a.scale) {
		a.whole = a.whole || places < 1;
		return give(c->run, &a, &c->out);
	}

	for (int64_t i = places; i < a.scale && fits; i++)
		fits = !__builtin_mul_overflow(unit, (wide)10, &unit);
	wide m =
	    fits ? in_units(a.m, unit, how) : (how == UP && a.m > 0) - (how == DOWN && a.m < 0);
	a.m = m;
	if (places < 1) { /* a whole number, with zeros where digits were */
		for (int64_t i = places; i < 0 && m != 0; i++)
			if (__builtin_mul_overflow(a.m, (wide)10, &a.m))
				return liquid_fail(c->run->fault, "an integer is over 64 bits");
		a.whole = true;
		a.scale = 0;
	} else {
		a.scale = (int)places;
	}
	return give(c->run, &a, &c->out);
}

static bool round_off(struct liquid_call *c)
{
	struct decimal a, places = number_whole(0);
	if (!input_number(c, &a) ||
	    (c->variant == HALF && !to_number(c->run, &c->args[0], &places)))
		return false;
	if (places.beyond || places.f > 1000 || places.f < -1000)
		return liquid_fail(c->run->fault, "it is rounded to too many digits");
	for (; places.scale > 0; places.scale--)
		places.m /= 10;
	if (a.whole && places.m > 0) /* an integer has no digits to lose */
		return give(c->run, &a, &c->out);
	return round_to(c, a, (int64_t)places.m, (enum rounding)c->variant);
}

bool liquid_sum_numbers(struct liquid_run *run, const struct liquid_value *v, size_t n,
			struct liquid_value *out)
{
	struct decimal sum = number_whole(0), next;
	for (size_t i = 0; i < n; i++) {
		if (!to_number(run, &v[i], &next))
			return false;
		sum = decimal_add(sum, next, 1);
	}
	return give(run, &sum, out);
}

bool liquid_to_integer(struct liquid_run *run, const struct liquid_value *v, int64_t *out)
{
	bool over = false;
	size_t i = 0, len = v->len;
	if (v->type == LIQUID_INT) {
		*out = v->i;
		return true;
	}

	if (v->type == LIQUID_STRING) {
		while (len > 0 && liquid_is_blank(v->p[len - 1]))
			len--;
		while (i < len && liquid_is_blank(v->p[i]))
			i++;
		i += i < len && (v->p[i] == '-' || v->p[i] == '+');
		size_t from = i;
		while (i < len && v->p[i] >= '0' && v->p[i] <= '9')
			i++;
		if (i == len && i > from) {
			*out = liquid_to_i(v->p, len, &over);
			return !over || liquid_fail(run->fault, "an integer is over 64 bits");
		}
	}
	return liquid_fail(run->fault, "an argument has to be an integer");
}

const struct liquid_filter liquid_number_filters[] = {
    {"abs", absolute, 0, 0, 0},
    {"at_least", operate, 1, 1, AT_LEAST},
    {"at_most", operate, 1, 1, AT_MOST},
    {"ceil", round_off, 0, 0, UP},
    {"divided_by", operate, 1, 1, DIVIDED_BY},
    {"floor", round_off, 0, 0, DOWN},
    {"minus", operate, 1, 1, MINUS},
    {"modulo", operate, 1, 1, MODULO},
    {"plus", operate, 1, 1, PLUS},
    {"round", round_off, 0, 1, HALF},
    {"times", operate, 1, 1, TIMES},
    {NULL, NULL, 0, 0, 0},
};
