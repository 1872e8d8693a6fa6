/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef EVENT_STORE_H_
#define EVENT_STORE_H_

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct arena;
struct request;
struct schedule;
struct store;

/*
 * The collection `events`: a document an event, with its rewards inside.  The
 * only file that spells its members.
 */
#define EVENTS		"events"
#define EVENT_REWARDS	100	/* at most, in one event */
#define EVENT_BYTES	262144	/* of its document: a claim holds it twice */

/* event_find(S, A, eventId, out): ERR_NOT_FOUND also for a malformed id. */
enum err	event_find(struct store *, struct arena *, const char *,
		    const bson_t **);

/* event_find_reward(S, A, rewardId, out): the event that holds it. */
enum err	event_find_reward(struct store *, struct arena *,
		    const char *, const bson_t **);

/*
 * event_reward(A, event, rewardId):
 * That reward of an event, as a view that lives in ${A}; NULL if the event
 * has none of that id.
 */
const bson_t	*event_reward(struct arena *, const bson_t *, const char *);

/* event_rewards(event): how many rewards it has. */
int		event_rewards(const bson_t *);

/* event_reward_at(A, event, i): the ${i}-th reward, oldest first. */
const bson_t	*event_reward_at(struct arena *, const bson_t *, int);

/*
 * The limits that a claim takes from, as ids in `stock`, in the order in which
 * they are taken: the event's own, then those of the rewards.
 */
struct event_limits {
	const char	*ids[EVENT_REWARDS + 1];
	size_t		 count;
};

/*
 * event_limits(event, rewards, limits):
 * Those of an event for a claim of ${rewards}, an array of some of its own.
 * What ${limits} points to lives in the two documents.
 */
void		event_limits(const bson_t *, const bson_t *,
		    struct event_limits *);

/*
 * event_reward_list(A, event, reward):
 * The array of an event's rewards as a document; with ${reward} an array of
 * that one alone.
 */
const bson_t	*event_reward_list(struct arena *, const bson_t *,
		    const bson_t *);

/* event_list_at(A, list, i): the ${i}-th of such an array; NULL at its end. */
const bson_t	*event_list_at(struct arena *, const bson_t *, int);

/*
 * event_needs_approval(reward, window):
 * Is a claim of it pending until somebody approves it, and for how long in
 * milliseconds?  0: for ever.
 */
bool		event_needs_approval(const bson_t *, int64_t *);

/* event_gives_one(event): does a claim choose one of the rewards? */
bool		event_gives_one(const bson_t *);

/* event_limit(doc, name, total): the number of "stock" or "claimLimit";
 * false if there is no limit. */
bool		event_limit(const bson_t *, const char *, int64_t *);

/* event_is_active(event), event_is_open(event, now): by status and times. */
bool		event_is_active(const bson_t *);
bool		event_is_open(const bson_t *, int64_t);

/*
 * event_schedule(event, schedule):
 * When it can be claimed beside its times.  The texts are the event's.
 */
void		event_schedule(const bson_t *, struct schedule *);

/*
 * event_reschedule(set, event, now):
 * If ${set}, members for event_update(), changes the schedule, add when.
 */
void		event_reschedule(bson_t *, const bson_t *, int64_t);

/* event_version(doc): of an event or a reward, what its ETag names. */
int64_t		event_version(const bson_t *);

/* event_is_ours(doc, req): was its last write made by this very attempt? */
bool		event_is_ours(const bson_t *, const struct request *);

/*
 * event_insert(S, req, fields, rewards, out):
 * Make an event of the attempt's id, with the members ${fields} and the
 * rewards of the array ${rewards}.  A repeated attempt finds its own event.
 */
enum err	event_insert(struct store *, struct request *,
		    const bson_t *, const bson_t *, const bson_t **);

/*
 * event_update(S, req, event, set, out):
 * Set members of the version that ${event} is.  ERR_PRECONDITION if another
 * write came first; a repeated attempt finds its own write.
 */
enum err	event_update(struct store *, struct request *,
		    const bson_t *, const bson_t *, const bson_t **);

/*
 * event_new_reward(doc, rewardId, eventId, now):
 * Append the members that a new reward has beside those of its body.
 */
void		event_new_reward(bson_t *, const char *, const char *,
		    int64_t);

/*
 * event_add_reward(S, req, eventId, rewardId, reward, out):
 * Append a reward to an event, if it has room.  ERR_EXISTS if it has not,
 * ERR_NOT_FOUND if there is no such event.
 */
enum err	event_add_reward(struct store *, struct request *,
		    const char *, const char *, const bson_t *,
		    const bson_t **);

/*
 * event_update_reward(S, req, event, reward, set, out):
 * Set members of the version that ${reward} is; as event_update().
 */
enum err	event_update_reward(struct store *, struct request *,
		    const bson_t *, const bson_t *, const bson_t *,
		    const bson_t **);

/*
 * event_copy_limit(S, A, eventId, id, total):
 * Let the event's document show this total for the limit ${id}, if it shows
 * one at all.
 */
enum err	event_copy_limit(struct store *, struct arena *,
		    const char *, const char *, int64_t);

/*
 * event_has_room(event, bytes):
 * May so many bytes be added to the event's document?  Who adds at the same
 * time isn't seen, so this is no exact bound.
 */
bool		event_has_room(const bson_t *, size_t);

/* event_visible(filter): add to a list's filter what everybody may see. */
void		event_visible(bson_t *);

#endif /* !EVENT_STORE_H_ */
