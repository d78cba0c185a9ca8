/* qd_pipe.h - points on their way, in batches, with some batches in flight while the next is made.
 *
 * A batch is full with QD_BATCH points or QD_BATCH_BYTES. So many bytes times QD_FLIGHTS + 1 is all
 * the memory that any number of points takes.
 *
 * Threads: a pipe has one owner; its flights are its own business. */
#ifndef SOTTO_STORE_QDRANT_QD_PIPE_H
#define SOTTO_STORE_QDRANT_QD_PIPE_H

#include "store/qdrant/qd.h"

#define QD_FLIGHTS 3
#define QD_RACED "another process wrote for the same person at the same time; try again"

typedef struct {
    Qd *q;
    bool knowledge;
    Buf body;
    pthread_t thread;
    bool flying, ok;
    Err err;
} QdFlight;

typedef struct {
    Qd *q;
    bool knowledge;
    JsonW w;
    Buf body;
    size_t n;
    QdFlight flights[QD_FLIGHTS];
    size_t next;
} QdPipe;

void qd_pipe_begin(QdPipe *p, Qd *q, bool knowledge);
JsonW *qd_pipe_point(QdPipe *p);          /* write one object there, */
bool qd_pipe_pointed(QdPipe *p, Err *err); /* then say so */
/* Sends the rest and waits for all: true when every point is taken. err NULL: something failed
 * already, nothing more is sent. */
bool qd_pipe_end(QdPipe *p, Err *err);

#endif
