/* h1.h - what the two halves of an HTTP/1.1 connection, h1.c (requests) and h1_answer.c (answers),
 * do for each other. Private to them. Threads: the loop's. */
#ifndef SOTTO_NET_H1_H
#define SOTTO_NET_H1_H

#include "net/conn.h"

/* The transport refuses: in place of the handler's answer, and then the connection ends. */
void h1_fail(Conn *c, int status, const char *why);
/* An exchange has been answered or, for a stream, there is something new. */
void h1_on_reply(Conn *c, HttpExchange *x);
/* All of the answer is in the socket or in c->out. */
void h1_answer_done(Conn *c);
/* To the beginning of a request, or to the end of the connection. */
void h1_next_request(Conn *c);
void h1_linger(Conn *c);
/* Sends what there is; false when the connection is gone. */
bool h1_settle(Conn *c);
/* After a switch of protocols: the new one gets the bytes that had already come. */
void h1_hand_over(Conn *c, const char *rest, size_t len);

#endif
