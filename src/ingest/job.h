/* job.h - what the server and its zygote say to each other. Both are the same program file; the
 * magic number tells when they are not (the file was replaced while the server runs). Threads:
 * plain data. */
#ifndef SOTTO_INGEST_JOB_H
#define SOTTO_INGEST_JOB_H

#include <stdint.h>

#include "base/err.h"

#define JOB_MAGIC 0x53584a31u /* "SXJ1" */
#define JOB_CONTROL_FD 3      /* the zygote's end of the control socket */
#define JOB_FDS 3             /* with every job: input, output, status */

typedef struct {
    uint32_t magic;
    uint32_t max_text;
    uint64_t deadline_ns; /* clock_mono_ns, which all processes of a machine share */
    uint64_t memory;
    uint64_t input_size;
    uint32_t stays; /* 1: input and output are one socket on which StandingAsks come */
    char type[24];
    char filename[256];
} Job;

/* What a child that stays is asked, the file's bytes behind it, and its answer, a frame behind it
 * (standing.c). */
#define JOB_STANDING_BYTES (64u << 10)
typedef struct {
    uint32_t magic, size;
    char filename[256];
} StandingAsk;
typedef struct {
    uint32_t magic, size;
} StandingAnswer;

typedef enum { JOB_ENDED, JOB_KILLED, JOB_TIMED_OUT, JOB_NOT_STARTED } JobOutcome;

typedef struct {
    uint32_t magic;
    uint32_t outcome;   /* JobOutcome */
    int32_t number;     /* exit status or signal */
    uint64_t peak_bytes; /* resident memory of the child at most */
    Err err;            /* for JOB_NOT_STARTED */
} JobStatus;

#define JOB_EXIT_FAILED 3  /* the child could not be confined or could not write its answer */
#define JOB_EXIT_CHARSET 4 /* the character set tables are wanted: load them and try again */
#define JOB_EXIT_PICTURES 6 /* so is the recogniser of text in pictures */
#define JOB_EXIT_OUTPUT 5  /* the answer is larger than the limit */

#endif
