/* address.h - which network addresses are anybody's and which are this house's own.
 * Source: IANA special-purpose address registries (RFC 6890). Threads: pure. */
#ifndef SOTTO_NET_ADDRESS_H
#define SOTTO_NET_ADDRESS_H

#include <sys/socket.h>

#include "base/str.h"

/* False for loopback, private, link-local, shared, multicast, reserved and unspecified addresses,
 * also when an IPv4 one is wrapped in IPv6 (mapped, NAT64, 6to4), and for anything that is not
 * IP. */
bool address_is_public(const struct sockaddr *a);
/* "127.0.0.1" or "::1" and what else is loopback. False for names. */
bool address_text_is_loopback(Str host);
/* Bytes sent there never leave this machine. */
bool address_is_loopback(const struct sockaddr *a);

#endif
