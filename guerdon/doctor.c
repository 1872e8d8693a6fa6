/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: what is in force?
 *
 *	files		configuration, secrets, folders, sockets
 *	workers		what each kind has given up
 *	settings	limits, the second factor
 *	database	there, of this version, with its indexes, encrypted
 *	time		clock and time zones
 *
 * It changes nothing.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "conf.h"
#include "doctor.h"
#include "indexes.h"
#include "json.h"
#include "store.h"
#include "zone.h"

#define OUT_MAX		((size_t)1024 * 1024)
#define CLOCK_WARN_MS	1000
#define CLOCK_MAX_MS	5000	/* revocations allow for 10 s */

static const char *const states[] = { "ok", "warning", "FAILED" };

static void
put_text(struct buf *b, const char *name, const char *text)
{

	buf_printf(b, ",\"%s\":", name);
	if (text != NULL)
		json_put_string(b, text, strlen(text));
	else
		buf_puts(b, "null");
}

void
doctor_say(struct doctor *D, enum finding_state state, const char *what,
    const char *remedy, const char *fmt, ...)
{
	char seen[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(seen, sizeof(seen), fmt, ap);
	va_end(ap);
	D->warnings += state == FOUND_WARNING;
	D->failures += state == FOUND_FAILED;
	if (D->json) {
		buf_printf(&D->out, "%s{\"state\":\"%s\"",
		    D->out.len > 0 ? "," : "", states[state]);
		put_text(&D->out, "what", what);
		put_text(&D->out, "seen", seen);
		put_text(&D->out, "remedy", state == FOUND_OK ? NULL : remedy);
		buf_putc(&D->out, '}');
		return;
	}
	buf_printf(&D->out, "%-7s  %s: %s", states[state], what, seen);
	if (state != FOUND_OK && remedy != NULL)
		buf_printf(&D->out, "; %s", remedy);
	buf_putc(&D->out, '\n');
}

static void
look_at_settings(struct doctor *D)
{
	const struct conf *conf = D->conf;

	doctor_say(D, conf->limits ? FOUND_OK : FOUND_WARNING, "rate limits",
	    "set limits = on: off is for load tests", "%s",
	    conf->limits ? "on" : "off");
	doctor_say(D, FOUND_OK, "second factor of staff", NULL, "%s",
	    conf->require_totp ? "required" : "not required");
	doctor_say(D, FOUND_OK, "who may connect besides own users", NULL,
	    "%zu of peer_users", conf->peer_users.count);
}

static void
say_missing(void *ctx, const char *collection, const char *name)
{

	doctor_say(ctx, FOUND_FAILED, "index", "run \"guerdon init\"",
	    "%s of %s is missing", name, collection);
}

static void
look_at_indexes(struct doctor *D, struct store *S)
{
	int before = D->failures;
	enum err err;

	err = indexes_missing(S, D->arena, say_missing, D);
	if (err != ERR_OK)
		doctor_say(D, FOUND_FAILED, "indexes", "try again",
		    "they could not be read");
	else if (D->failures == before)
		doctor_say(D, FOUND_OK, "indexes", NULL, "all are there");
}

static void
look_at_encryption(struct doctor *D, const struct store *S)
{

	if (store_tls(S))
		doctor_say(D, FOUND_OK, "way to the database", NULL, "TLS");
	else if (store_near(S))
		doctor_say(D, FOUND_OK, "way to the database", NULL,
		    "not encrypted, on this machine");
	else
		doctor_say(D, FOUND_WARNING, "way to the database",
		    "add tls=true to mongo_uri, or keep that network private",
		    "not encrypted");
}

/* The clocks of nodes are compared through the database's. */
static void
look_at_clock(struct doctor *D, struct store *S)
{
	int64_t before = clock_now(), theirs, off;
	const char *remedy = "let NTP set both clocks";

	if (store_clock(S, &theirs) != ERR_OK || theirs == 0) {
		doctor_say(D, FOUND_WARNING, "clock", NULL,
		    "the database doesn't tell its time");
		return;
	}
	off = theirs - (before + clock_now()) / 2;
	if (off < 0)
		off = -off;
	doctor_say(D, off > CLOCK_MAX_MS ? FOUND_FAILED :
	    off > CLOCK_WARN_MS ? FOUND_WARNING : FOUND_OK, "clock", remedy,
	    "%lld ms from the database's", (long long)off);
}

static void
look_at_database(struct doctor *D)
{
	struct store *S;
	enum err err;

	S = store_new(D->conf->mongo_uri, D->conf->mongo_db, false);
	if (S == NULL) {
		doctor_say(D, FOUND_FAILED, "database", "correct mongo_uri",
		    "%s", err_detail());
		return;
	}
	look_at_encryption(D, S);
	err = store_check(S);
	if (err == ERR_OK) {
		doctor_say(D, FOUND_OK, "database", NULL,
		    "reached, its data has version %d", STORE_VERSION);
		look_at_indexes(D, S);
		look_at_clock(D, S);
	} else
		doctor_say(D, FOUND_FAILED, "database", err == ERR_INVALID ?
		    NULL : "start it, or correct mongo_uri", "%s",
		    err_detail());
	store_free(S);
}

/* Which tzdata there is: its own first line says so. */
static void
look_at_zones(struct doctor *D)
{
	char line[64] = "";
	const struct zone *zone;
	FILE *f;

	if ((f = fopen("/usr/share/zoneinfo/tzdata.zi", "re")) != NULL) {
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		(void)fclose(f);
	}
	line[strcspn(line, "\n")] = '\0';
	if (zone_read(D->arena, "Europe/Berlin", &zone) != ERR_OK)
		doctor_say(D, FOUND_FAILED, "time zones",
		    "install the package tzdata", "they can't be read");
	else
		doctor_say(D, FOUND_OK, "time zones", NULL, "tzdata%s",
		    line[0] == '#' ? line + 1 : " of an unknown version");
}

static void
print_findings(const struct doctor *D)
{

	if (D->json)
		(void)printf("{\"findings\":[%s],\"warnings\":%d,"
		    "\"failures\":%d}\n", D->out.data, D->warnings,
		    D->failures);
	else
		(void)printf("%s%d failed, %d warnings\n", D->out.data,
		    D->failures, D->warnings);
}

/* -1 to go on. */
static int
read_options(struct context *ctx, struct doctor *D, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	optind = 0;
	opterr = 0;
	while ((ch = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (ch == 'h')
			return (command_help(ctx));
		if (ch != 'j')
			return (command_misuse(ctx, "%s: no such option",
			    argv[optind - 1]));
		D->json = true;
	}
	if (optind < argc)
		return (command_misuse(ctx, "%s: not wanted here",
		    argv[optind]));
	return (-1);
}

int
command_doctor(struct context *ctx, int argc, char *argv[])
{
	struct doctor D = { .arena = ctx->arena };
	int status;

	if ((status = read_options(ctx, &D, argc, argv)) != -1 ||
	    (status = command_configure(ctx)) != -1)
		return (status);
	D.conf = ctx->conf;
	D.conf_path = ctx->conf_path;
	buf_init(&D.out, ctx->arena, OUT_MAX);
	doctor_files(&D);
	doctor_workers(&D);
	look_at_settings(&D);
	look_at_database(&D);
	look_at_zones(&D);
	print_findings(&D);
	return (D.failures == 0 ? EXIT_DONE : EXIT_FAILED);
}
