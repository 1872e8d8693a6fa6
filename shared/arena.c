/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: the memory of one request, in blocks that are kept between requests.
 *
 * Always true: used <= the block's size; total <= cap; the first block is
 * kept for the next request, later ones are freed by arena_reset().  With
 * --enable-asan every allocation is a block of its own, so that each overrun
 * and each use after the request is seen.
 */
#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define BLOCK_SIZE	((size_t)32 * 1024)

struct block {
	struct block	*next;
	size_t		 size;
	size_t		 used;
	alignas(max_align_t) unsigned char data[];
};

struct deferred {
	struct deferred	*next;
	void		(*destroy)(void *);
	void		*thing;
};

struct arena {
	struct block	*blocks;	/* newest first */
	struct deferred	*deferred;	/* newest first */
	size_t		 cap;
	size_t		 total;
	int		 guarded;
	jmp_buf		 guard;
};

struct arena *
arena_new(size_t cap)
{
	struct arena *A;

	if ((A = calloc(1, sizeof(*A))) == NULL)
		return (NULL);
	A->cap = cap;
	return (A);
}

void
arena_free(struct arena *A)
{

	if (A == NULL)
		return;
	arena_reset(A);
	free(A->blocks);
	free(A);
}

jmp_buf *
arena_guard(struct arena *A)
{

	A->guarded = 1;
	return (&A->guard);
}

void
arena_unguard(struct arena *A)
{

	A->guarded = 0;
}

static void
exhausted(struct arena *A)
{

	if (!A->guarded)
		abort();
	A->guarded = 0;
	longjmp(A->guard, 1);
}

/* A block with room for ${len} bytes, put in front of the list. */
static struct block *
grow(struct arena *A, size_t len)
{
	struct block *B;
	size_t size;

#ifdef ARENA_MALLOC
	size = len;
#else
	size = (len > BLOCK_SIZE) ? len : BLOCK_SIZE;
#endif
	if (size > A->cap - A->total)
		exhausted(A);
	if ((B = malloc(sizeof(*B) + size)) == NULL)
		exhausted(A);
	B->next = A->blocks;
	B->size = size;
	B->used = 0;
	A->blocks = B;
	A->total += size;
	return (B);
}

void *
arena_alloc(struct arena *A, size_t len)
{
	struct block *B = A->blocks;
	void *p;

	if (len > A->cap)
		exhausted(A);
	len = (len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
#ifdef ARENA_MALLOC
	B = NULL;
#endif
	if (B == NULL || len > B->size - B->used)
		B = grow(A, len);
	p = B->data + B->used;
	B->used += len;
	memset(p, 0, len);
	return (p);
}

char *
arena_strndup(struct arena *A, const char *s, size_t len)
{
	char *copy = arena_alloc(A, len + 1);

	memcpy(copy, s, len);
	return (copy);
}

char *
arena_strdup(struct arena *A, const char *s)
{

	return (arena_strndup(A, s, strlen(s)));
}

char *
arena_printf(struct arena *A, const char *fmt, ...)
{
	va_list ap, again;
	char *s;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	s = arena_alloc(A, (size_t)len + 1);
	(void)vsnprintf(s, (size_t)len + 1, fmt, again);
	va_end(again);
	return (s);
}

void
arena_defer(struct arena *A, void (*destroy)(void *), void *thing)
{
	struct deferred *D;

	/* A malloc of its own: an arena_alloc here could jump and leak. */
	if ((D = malloc(sizeof(*D))) == NULL) {
		destroy(thing);
		exhausted(A);
	}
	D->destroy = destroy;
	D->thing = thing;
	D->next = A->deferred;
	A->deferred = D;
}

static void
run_deferred(struct arena *A)
{
	struct deferred *D;

	while ((D = A->deferred) != NULL) {
		A->deferred = D->next;
		D->destroy(D->thing);
		free(D);
	}
}

void
arena_reset(struct arena *A)
{
	struct block *B;

	run_deferred(A);
	while ((B = A->blocks) != NULL && B->next != NULL) {
		A->blocks = B->next;
		free(B);
	}
#ifdef ARENA_MALLOC
	free(B);
	A->blocks = B = NULL;
#endif
	A->total = 0;
	if (B != NULL) {
		B->used = 0;
		A->total = B->size;
	}
}
