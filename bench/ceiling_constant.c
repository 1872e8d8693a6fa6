/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ceiling_constant: a FastCGI worker that answers a constant; what libfcgi
 * alone can do behind lighttpd.
 *
 * usage: ceiling_constant START FILE [START FILE ...]
 *
 * A request whose "METHOD TARGET" begins with START is answered with FILE: the
 * header lines, a blank line, the body.  The first START that fits counts.
 */
#include <sys/prctl.h>

#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"

#define ANSWERS		8
#define ANSWER_MAX	(1024 * 1024)

struct answer {
	const char	*start;
	char		*data;
	int		 len;
};

static void
read_answer(struct answer *answer, const char *start, const char *path)
{
	FILE *fp;

	answer->start = start;
	if ((answer->data = malloc(ANSWER_MAX)) == NULL ||
	    (fp = fopen(path, "r")) == NULL)
		die("%s can't be read", path);
	answer->len = (int)fread(answer->data, 1, ANSWER_MAX, fp);
	(void)fclose(fp);
}

static const struct answer *
choose(const struct answer *answers, size_t count, char **env)
{
	const char *method = FCGX_GetParam("REQUEST_METHOD", env);
	const char *target = FCGX_GetParam("REQUEST_URI", env);
	char line[512];
	size_t i;

	(void)snprintf(line, sizeof(line), "%s %s",
	    method != NULL ? method : "", target != NULL ? target : "");
	for (i = 0; i < count; i++)
		if (strncmp(line, answers[i].start,
		    strlen(answers[i].start)) == 0)
			return (&answers[i]);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	struct answer answers[ANSWERS];
	const struct answer *answer;
	FCGX_Request request;
	char rest[8192];
	size_t count = 0;
	int i;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 1; i + 1 < argc && count < ANSWERS; i += 2)
		read_answer(&answers[count++], argv[i], argv[i + 1]);
	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0)
		die("libfcgi did not start");
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(rest, sizeof(rest), request.in) > 0)
			;
		answer = choose(answers, count, request.envp);
		if (answer != NULL)
			(void)FCGX_PutStr(answer->data, answer->len,
			    request.out);
		else
			(void)FCGX_PutS("Status: 404\r\n\r\n", request.out);
	}
	return (0);
}
