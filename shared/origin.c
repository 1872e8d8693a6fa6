/* SPDX-License-Identifier: BSD-2-Clause */
/* origin: web origins, and lists of them; see origin.h. */
#include <arpa/inet.h>

#include <string.h>

#include "num.h"
#include "origin.h"

#define BLANKS		" \t,"
#define HOST_MAX	253

static const char host_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

static const struct scheme {
	const char	*name;
	const char	*port;	/* which browsers leave out */
} schemes[] = {
	{ "http://", "80" },
	{ "https://", "443" },
};

static const struct scheme *
find_scheme(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i].name, strlen(schemes[i].name)) ==
		    0)
			return (&schemes[i]);
	return (NULL);
}

/* The length of "[address]", in the one spelling of RFC 5952; 0: it isn't. */
static size_t
address_length(const char *text)
{
	char word[INET6_ADDRSTRLEN], again[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	const char *end = strchr(text, ']');
	size_t len;

	if (end == NULL || (len = (size_t)(end - text - 1)) >= sizeof(word))
		return (0);
	memcpy(word, text + 1, len);
	word[len] = '\0';
	if (inet_pton(AF_INET6, word, bytes) != 1 ||
	    inet_ntop(AF_INET6, bytes, again, sizeof(again)) == NULL ||
	    strcmp(word, again) != 0)
		return (0);
	return (len + 2);
}

/* The length of the host at ${text}; 0: there is none. */
static size_t
host_length(const char *text)
{
	size_t i, len;

	if (text[0] == '[')
		return (address_length(text));
	len = strspn(text, host_chars);
	if (len > HOST_MAX)
		return (0);
	for (i = 0; i < len; i++)
		if (text[i] == '.' && (i == 0 || text[i - 1] == '.'))
			return (0);
	return (len);
}

static bool
is_origin(const char *text)
{
	const struct scheme *scheme = find_scheme(text);
	int64_t port;
	size_t len;

	if (scheme == NULL)
		return (false);
	text += strlen(scheme->name);
	if ((len = host_length(text)) == 0)
		return (false);
	text += len;
	if (text[0] == '\0')
		return (true);
	return (text[0] == ':' && text[1] != '0' &&
	    num_parse(text + 1, 1, 65535, &port) &&
	    strcmp(text + 1, scheme->port) != 0);
}

bool
origins_parse(const char *text, struct origins *origins)
{
	char *word;
	size_t len;

	origins->count = 0;
	while (*(text += strspn(text, BLANKS)) != '\0') {
		len = strcspn(text, BLANKS);
		if (len >= ORIGIN_SIZE || origins->count >= ORIGINS_MAX)
			return (false);
		word = origins->list[origins->count++];
		memcpy(word, text, len);
		word[len] = '\0';
		text += len;
		if (!is_origin(word))
			return (false);
	}
	return (true);
}

bool
origins_have(const struct origins *origins, const char *text)
{
	size_t i;

	for (i = 0; i < origins->count; i++)
		if (strcmp(origins->list[i], text) == 0)
			return (true);
	return (false);
}
