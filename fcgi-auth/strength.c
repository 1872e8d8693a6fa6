/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strength: what libzxcvbn says of a password; see strength.h.
 *
 * Judged is the casefolded NFKC form, and so are the user's own words: other
 * capitals are the first thing a guesser tries, and the library itself knows
 * those of ASCII only.
 *
 * Always true: the forms of a password are wiped before their memory is given
 * back, and no part of it is in a message.
 */
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <zxcvbn.h>

#include "arena.h"
#include "buf.h"
#include "strength.h"

#define BITS_MIN	26.6	/* log2 of 10^8 guesses */
#define WORDS_MAX	64	/* of the user's own */
#define WORD_MIN	3	/* bytes; shorter ones are in anything */
#define PART_MIN	3	/* bytes of a part that is worth a mention */
#define MESSAGE_MAX	256

/* What a guesser would find in a password; NULL: nothing in particular. */
static const char *const kinds[] = {
	[DICTIONARY_MATCH] = "a common word",
	[DICT_LEET_MATCH] = "a common word",
	[USER_MATCH] = "your own name or email",
	[USER_LEET_MATCH] = "your own name or email",
	[REPEATS_MATCH] = "a repetition",
	[SEQUENCE_MATCH] = "a sequence",
	[SPATIAL_MATCH] = "neighbouring keys",
	[DATE_MATCH] = "a date",
	[YEAR_MATCH] = "a year",
	[LONG_PWD_MATCH] = NULL,
};

#define NKINDS		(sizeof(kinds) / sizeof(kinds[0]))

/* The user's own words, and the texts that they lie in. */
struct words {
	const char	*list[WORDS_MAX + 1];	/* ends with NULL */
	size_t		 count;
};

static void
add_word(struct words *W, const char *word)
{

	if (strlen(word) >= WORD_MIN && W->count < WORDS_MAX)
		W->list[W->count++] = word;
}

/* A text as a whole, and each of its words. */
static bool
add_words(struct arena *A, struct words *W, const char *text)
{
	static const char between[] = " \t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
	char *whole, *part, *rest;

	whole = (char *)utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)text);
	if (whole == NULL)
		return (false);
	arena_defer(A, free, whole);
	add_word(W, whole);
	rest = arena_strdup(A, whole);
	while ((part = strsep(&rest, between)) != NULL)
		if (strcmp(part, whole) != 0)
			add_word(W, part);
	return (true);
}

/* Name each kind of part once, in the order in which they come. */
static const char *
explain(struct arena *A, const ZxcMatch_t *part)
{
	const char *said[NKINDS], *kind;
	struct buf b;
	size_t type, i, n = 0;

	buf_init(&b, A, MESSAGE_MAX);
	buf_puts(&b, "is guessed too easily");
	for (; part != NULL; part = part->Next) {
		type = (size_t)part->Type & ~(size_t)MULTIPLE_MATCH;
		kind = (type < NKINDS) ? kinds[type] : NULL;
		if (((size_t)part->Type & MULTIPLE_MATCH) != 0)
			kind = kinds[REPEATS_MATCH];
		/* The library's words are also "1" and "of". */
		if (part->Length < PART_MIN)
			kind = NULL;
		for (i = 0; kind != NULL && i < n; i++)
			if (strcmp(said[i], kind) == 0)
				kind = NULL;
		if (kind == NULL)
			continue;
		buf_puts(&b, n == 0 ? ": it has " : ", ");
		buf_puts(&b, kind);
		said[n++] = kind;
	}
	if (n == 0)
		buf_puts(&b, ": it is too short for what it is made of");
	return (b.data);
}

static void
free_parts(void *parts)
{

	ZxcvbnFreeInfo(parts);
}

static void
judge(struct arena *A, const char *folded, struct words *W,
    struct weakness *weakness)
{
	ZxcMatch_t *parts = NULL;
	double bits;

	bits = ZxcvbnMatch(folded, W->list, &parts);
	if (parts != NULL)
		arena_defer(A, free_parts, parts);
	if (bits < BITS_MIN) {
		weakness->code = "WEAK_PASSWORD";
		weakness->message = explain(A, parts);
	}
}

static int64_t
characters(const char *utf8)
{
	int64_t n = 0;

	for (; *utf8 != '\0'; utf8++)
		n += ((unsigned char)*utf8 & 0xc0) != 0x80;
	return (n);
}

static void
wipe(void *text)
{

	sodium_memzero(text, strlen(text));
	free(text);
}

/* A form of the password, by a function of utf8proc; NULL: no memory. */
static const char *
form_of(struct arena *A, const char *password,
    utf8proc_uint8_t *(*form)(const utf8proc_uint8_t *))
{
	char *text = (char *)form((const utf8proc_uint8_t *)password);

	if (text != NULL)
		arena_defer(A, wipe, text);
	return (text);
}

enum err
strength_check(struct arena *A, int64_t min, const char *password,
    const char *name, const char *email, struct weakness *weakness)
{
	const char *plain = form_of(A, password, utf8proc_NFKC);
	const char *folded = form_of(A, password, utf8proc_NFKC_Casefold);
	struct words W = { .count = 0 };

	*weakness = (struct weakness){ .code = NULL };
	if (plain == NULL || folded == NULL || !add_words(A, &W, name) ||
	    !add_words(A, &W, email))
		return (err_set(ERR_INTERNAL, NULL));
	if (characters(plain) < min) {
		weakness->code = "TOO_SHORT";
		weakness->message = arena_printf(A, "must have at least %lld "
		    "characters", (long long)min);
	} else
		judge(A, folded, &W, weakness);
	return (weakness->code == NULL ? ERR_OK : err_set(ERR_INVALID, NULL));
}
