/* share.h - whose turn it is on the loop.
 *
 *   epoll event -> share_add: the connection waits in the lane of its address
 *   share_serve, once an iteration: for a millisecond, from the lane that has had least of the loop
 *   lately one connection at a time; those that cost little before those that cost much
 *
 * So a flood waits for its own kind, and whoever asks now and then is served at once, whatever the
 * flood's number of connections. While several addresses want something, the costly connections of
 * one get three tenths of the loop and no more; they are not read meanwhile, and TCP tells them so.
 * Alone, an address gets everything.
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
/* Empties every lane without serving: the loop has ended. */
void share_drop(Share *s);

#endif
