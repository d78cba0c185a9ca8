/* share.h - whose turn it is on the loop.
 *
 *   epoll event, an answer -> share_add: the connection waits in the lane of its address
 *   share_serve, once an iteration: for a quarter of a millisecond, from the lane that has had
 *   least of the loop lately one connection at a time; those that cost little before those that
 *   cost much
 *
 * So a flood waits for its own kind, and whoever asks now and then is served at once, whatever the
 * flood's number of connections. While several addresses want something, one gets three tenths of
 * the loop and no more, and its costly connections two; they are not read meanwhile, and TCP tells
 * them so. What is left idle is what lets the others be served at once on a machine whose
 * processors are busy, too. Alone, an address gets everything.
 *
 * Threads: the loop's. Private to src/net. */
#ifndef SOTTO_NET_SHARE_H
#define SOTTO_NET_SHARE_H

#include "net/loop.h"

typedef struct Conn Conn;
typedef struct Share Share;

Share *share_new(Loop *loop, LoopTimers *timers); /* NULL: no memory */
void share_free(Share *s);                        /* NULL is allowed */
void share_add(Share *s, Conn *c); /* it has something to do; once is enough */
void share_serve(Share *s);
void share_leave(Conn *c);         /* the connection is closed */
/* The address has cost the loop that much outside of share_serve: a new connection, an answer. */
void share_charge(Share *s, uint64_t address, uint64_t ns);
/* False: it is so deep in debt, while others want something, that it opens no connection. */
bool share_may_open(Share *s, uint64_t address);
/* Whether several addresses have wanted something lately. */
bool share_contended(const Share *s);
/* Empties every lane without serving: the loop has ended. */
void share_drop(Share *s);

#endif
