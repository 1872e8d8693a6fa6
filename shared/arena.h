/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARENA_H_
#define ARENA_H_

#include <setjmp.h>
#include <stddef.h>

/*
 * Memory of one request.  What is taken from an arena lives until
 * arena_reset(); nothing is freed one by one.  An arena has a hard cap from
 * birth.  arena_alloc() never returns NULL: when the cap is reached or the
 * system has no memory, control goes to the point that arena_guard() set, and
 * the request is answered 500.  Things of other libraries (bson_t, cursors)
 * are given to arena_defer(), so that this jump leaks nothing.
 */
struct arena;

/*
 * arena_new(cap):
 * Make an arena that holds at most ${cap} bytes in all.  Return NULL if there
 * is no memory.  Free it with arena_free().
 */
struct arena	*arena_new(size_t);

/* arena_free(A): run the deferred destructors and free; NULL is fine. */
void		 arena_free(struct arena *);

/*
 * arena_guard(A):
 * The jump buffer to hand to setjmp() where the request starts.  Without it
 * exhaustion aborts the process.
 */
jmp_buf		*arena_guard(struct arena *);

/* arena_unguard(A): forget that point; exhaustion aborts again. */
void		 arena_unguard(struct arena *);

/*
 * arena_alloc(A, len):
 * ${len} bytes, zeroed, aligned for any type; lives until arena_reset().
 */
void		*arena_alloc(struct arena *, size_t)
		    __attribute__((__returns_nonnull__, __malloc__));

/* arena_strdup(A, s), arena_strndup(A, s, len): a NUL-terminated copy. */
char		*arena_strdup(struct arena *, const char *);
char		*arena_strndup(struct arena *, const char *, size_t);

/* arena_printf(A, fmt, ...): a formatted string. */
char		*arena_printf(struct arena *, const char *, ...)
		    __attribute__((__format__(__printf__, 2, 3)));

/*
 * arena_defer(A, destroy, thing):
 * Call destroy(thing) at arena_reset(), last deferred first.  If there is no
 * memory to remember it, ${thing} is destroyed before the jump.
 */
void		 arena_defer(struct arena *, void (*)(void *), void *);

/* arena_reset(A): run the destructors and take all memory back. */
void		 arena_reset(struct arena *);

#endif /* !ARENA_H_ */
