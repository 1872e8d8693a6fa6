/* SPDX-License-Identifier: BSD-2-Clause */
/* user: make a user, such as the first administrator. */
#include <assert.h>
#include <cjson/cJSON.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fcgi-auth/password.h"
#include "../fcgi-auth/strength.h"
#include "../fcgi-auth/user_store.h"
#include "arena.h"
#include "buf.h"
#include "command.h"
#include "conf.h"
#include "contract.h"
#include "id.h"
#include "json.h"
#include "schema.h"
#include "store.h"

#define PASSWORD_BYTES	18	/* 144 random bits */
#define PASSWORD_SIZE	25	/* as base64url */

struct wish {
	const char	*role;
	const char	*email;
	const char	*name;
	const char	*password;
	bool		 from_stdin;
};

/* -1: go on. */
static int
read_options(struct context *ctx, int argc, char *argv[], struct wish *wish)
{
	static const struct option options[] = {
		{ "role", required_argument, NULL, 'r' },
		{ "email", required_argument, NULL, 'e' },
		{ "name", required_argument, NULL, 'n' },
		{ "password-stdin", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	optind = 0;
	opterr = 0;
	while ((ch = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (ch) {
		case 'r':
			wish->role = optarg;
			break;
		case 'e':
			wish->email = optarg;
			break;
		case 'n':
			wish->name = optarg;
			break;
		case 'p':
			wish->from_stdin = true;
			break;
		case 'h':
			return (command_help(ctx));
		default:
			return (command_misuse(ctx, "%s: %s",
			    argv[optind - 1], ch == ':' ? "wants a value" :
			    "no such option"));
		}
	}
	if (optind < argc)
		return (command_misuse(ctx, "%s: not wanted here",
		    argv[optind]));
	if (wish->role == NULL || wish->email == NULL || wish->name == NULL)
		return (command_misuse(ctx, "--role, --email and --name are "
		    "needed"));
	return (-1);
}

static enum err
read_password(struct arena *A, struct wish *wish)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	len = getline(&line, &size, stdin);
	if (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	if (len > 0 && strlen(line) == (size_t)len)
		wish->password = arena_strdup(A, line);
	if (line != NULL)
		sodium_memzero(line, size);
	free(line);
	return (wish->password != NULL ? ERR_OK :
	    err_set(ERR_INVALID, "there is no password on standard input"));
}

static void
make_password(struct arena *A, struct wish *wish)
{
	unsigned char bytes[PASSWORD_BYTES];
	char *text = arena_alloc(A, PASSWORD_SIZE);

	id_random(bytes, sizeof(bytes));
	(void)sodium_bin2base64(text, PASSWORD_SIZE, bytes, sizeof(bytes),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	wish->password = text;
}

/* A member for the check; what isn't UTF-8 can't be JSON. */
static enum err
add_member(cJSON *json, const char *name, const char *value)
{

	if (!json_utf8(value, strlen(value)))
		return (err_set(ERR_INVALID, "%s must be UTF-8", name));
	(void)cJSON_AddStringToObject(json, name, value);
	return (ERR_OK);
}

static enum err
check_members(struct arena *A, const struct schema *schema,
    const struct wish *wish)
{
	struct schema_errors *faults = arena_alloc(A, sizeof(*faults));
	cJSON *json = cJSON_CreateObject();
	size_t i;
	enum err err;

	if ((err = add_member(json, "email", wish->email)) != ERR_OK ||
	    (err = add_member(json, "name", wish->name)) != ERR_OK ||
	    (err = add_member(json, "password", wish->password)) != ERR_OK)
		return (err);
	if (strcmp(wish->role, "USER") != 0 &&
	    (err = add_member(json, "role", wish->role)) != ERR_OK)
		return (err);
	schema_errors_init(faults, A);
	if (schema_check(schema, json, faults))
		return (ERR_OK);
	for (i = 1; i < faults->count; i++)
		(void)fprintf(stderr, "guerdon: %s %s\n",
		    faults->list[i].pointer + 1, faults->list[i].message);
	return (err_set(ERR_INVALID, "%s %s", faults->list[0].pointer + 1,
	    faults->list[0].message));
}

static enum err
check_strength(const struct context *ctx, const struct wish *wish)
{
	struct weakness weakness;
	enum err err;

	err = strength_check(ctx->arena, ctx->conf->password_min_length,
	    wish->password, wish->name, wish->email, &weakness);
	return (err == ERR_INVALID ? err_set(err, "password %s",
	    weakness.message) : err);
}

/* The same rules as for POST /v1/users and POST /v1/staff. */
static enum err
check(const struct context *ctx, const struct wish *wish)
{
	const struct schema *schema;
	struct contract *C;
	enum err err;

	if ((C = contract_of(ctx->conf->share, "auth")) == NULL)
		return (ERR_INVALID);
	json_arena(ctx->arena);
	schema = contract_schema(C, strcmp(wish->role, "USER") == 0 ?
	    "UserNew" : "StaffNew");
	err = (schema != NULL) ? check_members(ctx->arena, schema, wish) :
	    ERR_INVALID;
	contract_free(C);
	return (err == ERR_OK ? check_strength(ctx, wish) : err);
}

static enum err
add(const struct context *ctx, struct store *S, const struct wish *wish,
    const bson_t **user)
{
	char hash[PASSWORD_HASH_SIZE], attempt[ID_SIZE];
	struct user_new new = {
		.attempt = attempt,
		.email = wish->email,
		.name = wish->name,
		.hash = hash,
		.role = role_parse(wish->role),
	};
	enum err err;

	if ((err = store_check(S)) != ERR_OK)
		return (err);
	if ((new.key = user_email_key(ctx->arena, wish->email)) == NULL)
		return (err_set(ERR_INVALID, "email must be an email "
		    "address"));
	if ((err = password_hash(NULL, wish->password, hash)) != ERR_OK)
		return (err);
	id_new("at", attempt);
	err = user_insert(S, ctx->arena, &new, user);
	if (err == ERR_REFUSED)
		err = err_set(ERR_EXISTS, "%s: another user has this email "
		    "(EMAIL_TAKEN)", wish->email);
	return (err);
}

static void
put(struct buf *b, const char *name, const char *value)
{

	buf_puts(b, b->len > 0 ? "," : "{");
	json_put_string(b, name, strlen(name));
	buf_putc(b, ':');
	json_put_string(b, value, strlen(value));
}

static void
print(const struct context *ctx, const struct wish *wish, const bson_t *user)
{
	struct buf b;

	buf_init(&b, ctx->arena, SIZE_MAX);
	put(&b, "userId", user_id(user));
	put(&b, "email", wish->email);
	put(&b, "name", wish->name);
	put(&b, "role", wish->role);
	if (!wish->from_stdin)
		put(&b, "password", wish->password);
	(void)printf("%s}\n", b.data);
}

int
command_user_add(struct context *ctx, int argc, char *argv[])
{
	struct wish wish = { .role = NULL };
	struct store *S = NULL;
	const bson_t *user;
	int status;
	enum err err = ERR_OK;

	if ((status = read_options(ctx, argc, argv, &wish)) != -1 ||
	    (status = command_configure(ctx)) != -1)
		return (status);
	/* read_options() wants them all. */
	assert(wish.email != NULL && wish.name != NULL && wish.role != NULL);
	if (wish.from_stdin)
		err = read_password(ctx->arena, &wish);
	else
		make_password(ctx->arena, &wish);
	if (err == ERR_OK && (err = check(ctx, &wish)) == ERR_OK) {
		S = store_new(ctx->conf->mongo_uri, ctx->conf->mongo_db,
		    false);
		err = (S != NULL) ? add(ctx, S, &wish, &user) : ERR_INVALID;
	}
	if (err == ERR_OK)
		print(ctx, &wish, user);
	else
		(void)command_failed(err);
	store_free(S);
	return (err == ERR_OK ? EXIT_DONE : EXIT_FAILED);
}
