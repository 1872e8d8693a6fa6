/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guess: the throttle of wrong passwords.
 *
 * From an address that came into an account in the last 30 days, that account
 * is held to its own limit only: the neighbours behind one router can't keep
 * its users out.
 */
#include <stdlib.h>

#include "arena.h"
#include "conf.h"
#include "guess.h"
#include "log.h"
#include "ratelimit.h"
#include "reply.h"
#include "request.h"
#include "security.h"

#define KNOWN_SECONDS	((int64_t)30 * 86400)

/* A key that is refused all the time is in the log once in ten seconds. */
static const struct rate log_rate = { 1, 10 };

struct guesses {
	const struct conf	*conf;
	struct ratelimit	*tries;
	struct ratelimit	*known;		/* not pushed out by tries */
};

struct guesses *
guesses_open(const struct conf *conf, const char *secret)
{
	struct guesses *G;

	if ((G = calloc(1, sizeof(*G))) == NULL) {
		(void)err_set(ERR_INTERNAL, "out of memory");
		return (NULL);
	}
	G->conf = conf;
	G->tries = ratelimit_open(conf->shared, "auth-guesses", secret);
	G->known = ratelimit_open(conf->shared, "auth-known", secret);
	if (G->tries == NULL || G->known == NULL) {
		guesses_close(G);
		return (NULL);
	}
	return (G);
}

void
guesses_close(struct guesses *G)
{

	if (G == NULL)
		return;
	ratelimit_close(G->tries);
	ratelimit_close(G->known);
	free(G);
}

static enum err
refuse(const struct guesses *G, const struct request *req,
    struct reply *reply, const char *limit, const char *key, int64_t wait_ms)
{
	struct rate_state state;

	if (ratelimit_take(G->tries, &log_rate, arena_printf(req->arena,
	    "log %s", limit), key, &state))
		security_log(SECURITY_GUESSES_LIMITED, req, NULL,
		    LOG_STR("limit", limit), LOG_END);
	reply->retry_after = (wait_ms + 999) / 1000;
	return (err_set(ERR_RATE, "too many wrong passwords"));
}

enum err
guess_begin(struct guesses *G, struct request *req, struct reply *reply,
    const char *account, struct guess *guess)
{
	const struct rates *rates = &G->conf->guesses;
	struct rate_state state;

	guess->guesses = G->conf->limits ? G : NULL;
	if (guess->guesses == NULL)
		return (ERR_OK);
	address_block(req->client, guess->block);
	guess->pair = arena_printf(req->arena, "%s %s", guess->block, account);
	guess->known = ratelimit_knows(G->known, "known", guess->pair,
	    KNOWN_SECONDS);
	if (!ratelimit_take(G->tries, &rates->user, "pair", guess->pair,
	    &state))
		return (refuse(G, req, reply, "guess-account", guess->pair,
		    state.wait_ms));
	if (guess->known || ratelimit_take(G->tries, &rates->address,
	    "address", guess->block, &state))
		return (ERR_OK);
	ratelimit_return(G->tries, &rates->user, "pair", guess->pair);
	return (refuse(G, req, reply, "guess-address", guess->block,
	    state.wait_ms));
}

void
guess_right(const struct guess *guess)
{

	if (guess->guesses == NULL)
		return;
	guess_void(guess);
	ratelimit_remember(guess->guesses->known, "known", guess->pair,
	    KNOWN_SECONDS);
}

void
guess_void(const struct guess *guess)
{
	const struct guesses *G = guess->guesses;

	if (G == NULL)
		return;
	ratelimit_return(G->tries, &G->conf->guesses.user, "pair",
	    guess->pair);
	if (!guess->known)
		ratelimit_return(G->tries, &G->conf->guesses.address,
		    "address", guess->block);
}
