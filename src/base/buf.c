/* SPDX-License-Identifier: MIT */
#include "dropfeed/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static void *mem_or_abort(void *p)
{
	if (p == NULL) {
		fputs("dropfeed: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *df_alloc(size_t size)
{
	return mem_or_abort(calloc(1, size > 0 ? size : 1));
}

void *df_realloc(void *p, size_t size)
{
	return mem_or_abort(realloc(p, size > 0 ? size : 1));
}

static size_t up_to(size_t size, size_t step)
{
	return (size + step - 1) & ~(step - 1);
}

/* At a multiple of its length, where alone a large page can be. */
void *df_large_alloc(size_t size, size_t align)
{
	if (size < DF_LARGE_PAGE)
		return mem_or_abort(aligned_alloc(align, up_to(size, align)));
	size = up_to(size, DF_LARGE_PAGE);
	char *p = mmap(NULL, size + DF_LARGE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p = mem_or_abort(p != MAP_FAILED ? p : NULL);
	const size_t before = up_to((uintptr_t)p, DF_LARGE_PAGE) - (uintptr_t)p;
	if (before > 0)
		munmap(p, before);
	p += before;
	if (before < DF_LARGE_PAGE)
		munmap(p + size, DF_LARGE_PAGE - before);
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void df_large_free(void *p, size_t size)
{
	if (size < DF_LARGE_PAGE)
		free(p);
	else if (p != NULL)
		munmap(p, up_to(size, DF_LARGE_PAGE));
}

char *df_strdup(const char *s)
{
	return s == NULL ? NULL : mem_or_abort(strdup(s));
}

char *df_strndup(const char *s, size_t len)
{
	char *copy = df_alloc(len + 1);
	memcpy(copy, s, len);
	return copy;
}

bool df_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool df_ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n > m && strcmp(text + n - m, end) == 0;
}

char *df_format(const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&out, fmt, ap);
	va_end(ap);
	return mem_or_abort(n < 0 ? NULL : out);
}

#define FIRST_STEP      64 /* texts of about one length fit where another one was */
#define BUF_DEFAULT_MAX ((size_t)1 << 30)

void df_buf_free(struct df_buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
	b->over = false;
}

bool df_buf_grow(struct df_buf *b, size_t more)
{
	size_t max = b->max != 0 ? b->max : BUF_DEFAULT_MAX;
	if (b->over || more > max || b->len > max - more) {
		b->over = true;
		return false;
	}
	size_t need = b->len + more;
	if (need <= b->cap && b->data != NULL)
		return true; /* df_buf_addf ends even nothing with a NUL */
	size_t cap = b->cap < 128 ? 128 : b->cap;
	while (cap < need)
		cap += cap < 1024 ? cap : cap / 2;
	cap = cap < max ? cap : max; /* df_buf_add compares with cap alone */
	b->data = df_realloc(b->data, cap + 1);
	b->cap = cap;
	return true;
}

void df_buf_first(struct df_buf *b, size_t size)
{
	size_t cap = (size / FIRST_STEP + 1) * FIRST_STEP - 1;
	if (b->len > 0 || b->cap >= size || (b->max != 0 && cap > b->max))
		return;
	free(b->data);
	b->data = df_realloc(NULL, cap + 1);
	b->cap = cap;
}

void df_buf_addf(struct df_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0 && df_buf_grow(b, (size_t)n)) { /* room for 0 bytes may be none at all */
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

const char *df_buf_cstr(struct df_buf *b)
{
	if (b->data == NULL)
		b->data = df_alloc(1);
	b->data[b->len] = '\0';
	return b->data;
}
