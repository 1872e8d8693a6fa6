/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REWARD_H_
#define REWARD_H_

#include <bson/bson.h>

#include "err.h"

struct cJSON;
struct request;
struct schema;

/*
 * What is the same for a reward that comes with its event and for one that
 * is added to it.
 */

/*
 * reward_check(req, json, pointer):
 * What a schema can't say about a reward in the body, which is at ${pointer}.
 * ERR_INVALID, with the fault in ${req}.
 */
enum err	reward_check(struct request *, const struct cJSON *,
		    const char *);

/*
 * reward_append(reward, schema, json):
 * Append the members of a new reward's JSON, and what those that are absent
 * mean.
 */
void		reward_append(bson_t *, const struct schema *,
		    const struct cJSON *);

#endif /* !REWARD_H_ */
