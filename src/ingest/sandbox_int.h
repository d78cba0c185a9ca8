/* sandbox_int.h - what the files of the sandbox share; nobody else includes it. */
#ifndef SOTTO_INGEST_SANDBOX_INT_H
#define SOTTO_INGEST_SANDBOX_INT_H

#include <pthread.h>

#include "ingest/job.h"
#include "ingest/sandbox.h"

#define STANDING_MAX 16

/* A child that stays (standing.c), as the server knows it. */
typedef struct {
    int fd; /* of the socket to it */
    unsigned left;       /* files that it may still read */
    uint64_t life_until; /* clock_mono_ns: its alarm */
    char type[sizeof((Job *)NULL)->type];
} Standing;

struct Sandbox {
    char *self, *spool;
    uint64_t timeout_ns, memory;
    size_t max_text;
    pthread_mutex_t lock; /* guards what follows */
    int pid;              /* of the zygote; 0: none */
    int control;
    unsigned generation;  /* counts zygotes */
    unsigned late;        /* times in a row that this one said nothing in time */
    Standing standing[STANDING_MAX]; /* those that nobody uses just now */
    unsigned n_standing;
};

/* What becomes of the file that a child wrote, mapped; `take` unmaps it or keeps it. */
typedef bool (*SandboxTake)(void *arg, void *map, size_t size, Err *err);

/* A job of this Sandbox for a reader, with its limits; ERR_UNSUPPORTED_MEDIA when the name is too
 * long for one. */
bool sandbox_job(Str type, Str filename, const Snapshot *input, unsigned timeout_ms,
                 uint64_t memory, Job *out, Err *err);
/* Has it done, again when the zygote dies meanwhile, and explains what went wrong. */
bool sandbox_do(Sandbox *s, const Job *job, int input, SandboxTake take, void *arg, Err *err);

/* Hands the job to the zygote, starting one when there is none (or when it is gone: its end shows
 * on the first try). */
bool sandbox_send(Sandbox *s, const Job *job, const int fds[JOB_FDS], unsigned *generation,
                  Err *err);

/* Reads `input` in a child that stays, when it is a small text of a kind for which there are such.
 * False: nothing is known, whatever the reason; read it in a child of its own. */
bool standing_run(Sandbox *s, const Job *job, Str input, Arena *a, Extracted *out);
void standing_end(Sandbox *s);

#endif
