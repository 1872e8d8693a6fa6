/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ADDRESS_H_
#define ADDRESS_H_

#include <stdbool.h>
#include <stddef.h>

/*
 * IP addresses, as the front server tells them.  An IPv4 address is kept as
 * the IPv6 address that stands for it [RFC 4291, section 2.5.5.2], so the two
 * spellings of one address are the same.
 */
struct address {
	unsigned char	bytes[16];
};

#define ADDRESS_TEXT_SIZE	64	/* text of an address or network */
#define NETWORKS_MAX		64	/* in one list */

/* A list of networks: "127.0.0.1 10.0.0.0/8 fd00::/8". */
struct networks {
	size_t		count;
	struct address	first[NETWORKS_MAX];
	unsigned	bits[NETWORKS_MAX];	/* of 128 */
};

/* address_parse(text, address): false if it is no IPv4 or IPv6 address. */
bool	address_parse(const char *, struct address *);

/*
 * networks_parse(text, networks):
 * Read a list that is separated by spaces or commas; an empty one is fine.
 * False if a word is no address, alone or with the length of a prefix, or if
 * the address has bits beyond it.
 */
bool	networks_parse(const char *, struct networks *);

/* networks_have(networks, address): is it in one of them? */
bool	networks_have(const struct networks *, const struct address *);

/*
 * address_client(trusted, peer, forwarded, text):
 * Who sent a request that came from ${peer}.  X-Forwarded-For is believed only
 * as far as ${trusted} says: from its end on, the first address that is none
 * of ours is the client.  What is no address ends the search: the one before
 * it counts.  ${text} is the peer as it is if it is no address itself.
 */
void	address_client(const struct networks *, const char *, const char *,
	    char[ADDRESS_TEXT_SIZE]);

/*
 * address_block(text, block):
 * What a limit goes by: an IPv4 address, and the /64 of an IPv6 address, since
 * that is what one customer has.
 */
void	address_block(const char *, char[ADDRESS_TEXT_SIZE]);

#endif /* !ADDRESS_H_ */
