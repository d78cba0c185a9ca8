/* accept.h - the Accept header: which of our media types the client likes best.
 * Source: RFC 9110 section 12.5.1. Threads: pure. */
#ifndef SOTTO_NET_ACCEPT_H
#define SOTTO_NET_ACCEPT_H

#include "base/str.h"

/* Index of the offer with the highest quality (the first of equals), -1 when the client takes none.
 * An absent or empty header takes everything. Malformed parts are passed over. */
int accept_choose(Str header, const char *const *offers, size_t count);

#endif
