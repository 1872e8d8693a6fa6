/* SPDX-License-Identifier: BSD-2-Clause */
/* address: IP addresses and networks; see address.h. */
#include <arpa/inet.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "num.h"

#define BLANKS	" \t,"

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
is_four(const struct address *address)
{

	return (memcmp(address->bytes, mapped, sizeof(mapped)) == 0);
}

bool
address_parse(const char *text, struct address *address)
{

	if (inet_pton(AF_INET6, text, address->bytes) == 1)
		return (true);
	memcpy(address->bytes, mapped, sizeof(mapped));
	return (inet_pton(AF_INET, text, address->bytes + sizeof(mapped)) ==
	    1);
}

static void
print(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
	bool four = is_four(address);

	if (inet_ntop(four ? AF_INET : AF_INET6, address->bytes +
	    (four ? sizeof(mapped) : 0), text, ADDRESS_TEXT_SIZE) == NULL)
		text[0] = '\0';
}

/* Set all bits from ${bits} on to 0. */
static void
cut(struct address *address, unsigned bits)
{
	unsigned i;

	for (i = 0; i < sizeof(address->bytes); i++) {
		if (bits >= 8 * (i + 1))
			continue;
		address->bytes[i] &= (bits <= 8 * i) ? 0 :
		    (unsigned char)(0xff00 >> (bits - 8 * i));
	}
}

static bool
parse_network(char *word, struct address *first, unsigned *bits)
{
	struct address rest;
	char *slash = strchr(word, '/');
	int64_t length = 128;
	bool four;

	if (slash != NULL)
		*slash = '\0';
	if (!address_parse(word, first))
		return (false);
	four = strchr(word, ':') == NULL;
	if (slash != NULL && !num_parse(slash + 1, 0, four ? 32 : 128,
	    &length))
		return (false);
	*bits = (unsigned)length + (slash != NULL && four ? 96 : 0);
	rest = *first;
	cut(&rest, *bits);
	return (memcmp(&rest, first, sizeof(rest)) == 0);
}

bool
networks_parse(const char *text, struct networks *networks)
{
	char word[ADDRESS_TEXT_SIZE];
	size_t len, i;

	networks->count = 0;
	while (*(text += strspn(text, BLANKS)) != '\0') {
		len = strcspn(text, BLANKS);
		i = networks->count++;
		if (len >= sizeof(word) || i >= NETWORKS_MAX)
			return (false);
		memcpy(word, text, len);
		word[len] = '\0';
		text += len;
		if (!parse_network(word, &networks->first[i],
		    &networks->bits[i]))
			return (false);
	}
	return (true);
}

bool
networks_have(const struct networks *networks, const struct address *address)
{
	struct address first;
	size_t i;

	for (i = 0; i < networks->count; i++) {
		first = *address;
		cut(&first, networks->bits[i]);
		if (memcmp(&first, &networks->first[i], sizeof(first)) == 0)
			return (true);
	}
	return (false);
}

/* The last address of the list ${text} up to ${end}, which moves before it. */
static bool
last_address(const char *text, const char **end, struct address *address)
{
	const char *from = *end, *to = *end;
	char word[ADDRESS_TEXT_SIZE];
	size_t len;

	while (from > text && from[-1] != ',')
		from--;
	*end = (from > text) ? from - 1 : text;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	from += strspn(from, " \t");
	if (from >= to || (len = (size_t)(to - from)) >= sizeof(word))
		return (false);
	memcpy(word, from, len);
	word[len] = '\0';
	return (address_parse(word, address));
}

void
address_client(const struct networks *trusted, const char *peer,
    const char *forwarded, char text[ADDRESS_TEXT_SIZE])
{
	struct address client, before;
	const char *end;

	if (!address_parse(peer, &client)) {
		(void)snprintf(text, ADDRESS_TEXT_SIZE, "%s", peer);
		return;
	}
	end = (forwarded != NULL) ? forwarded + strlen(forwarded) : NULL;
	while (end != NULL && end > forwarded &&
	    networks_have(trusted, &client) &&
	    last_address(forwarded, &end, &before))
		client = before;
	print(&client, text);
}

void
address_block(const char *text, char block[ADDRESS_TEXT_SIZE])
{
	struct address address;

	if (!address_parse(text, &address)) {
		(void)snprintf(block, ADDRESS_TEXT_SIZE, "%s", text);
		return;
	}
	if (!is_four(&address))
		cut(&address, 64);
	print(&address, block);
}
