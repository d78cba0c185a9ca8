/* share.h - whose turn it is on the loop.
 *
 *   epoll event, an answer -> share_add: the connection waits in the lane of its address
 *   share_serve, once an iteration: for a quarter of a millisecond, one connection at a time:
 *     the calm     have been there for a second, have cost little while they did not pause
 *     the fresh    nobody knows them yet
 *     the costly   have cost more
 *   and of each from the lane that has had least of the loop while it did not pause (base/fair.h)
 *
 * So a flood waits for its own kind, and whoever asks now and then is served at once, whatever the
 * flood's number of connections or of addresses. While several addresses want something, the fresh
 * and the costly of one get three tenths of the loop and no more, its costly ones two; while a calm
 * connection wants something, all that are not calm get four tenths together (six, where all are of
 * one address). They are not read meanwhile, and TCP tells them so. What is left idle is what lets
 * the others be served at once on a machine whose processors are busy, too. Alone, an address gets
 * everything.
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
