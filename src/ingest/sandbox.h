/* sandbox.h - reads one file in a confined child process.
 *
 *   server --job (3 descriptors)--> zygote --fork--> child: confine, read, write a frame, end
 *      ^------------- how it ended ----' `- loads the libraries, never sees a stranger's byte
 *
 * The zygote is this program again (`self` with the argument ZYGOTE_FLAG): small, without the
 * server's memory, descriptors or secrets. It loads a reader's libraries when the first file of
 * that kind comes and forks one child a file, so a page of text costs about a millisecond. The
 * input is a sealed memory file, and so is the output, which nobody reads before the child has
 * ended. A child that crashes, hangs, grabs memory or floods its output is an Err; a zygote that
 * dies is started again; one that had nothing to do for a minute ends.
 *
 * Threads: a Sandbox is shared; sandbox_run is safe from any thread and blocks. */
#ifndef SOTTO_INGEST_SANDBOX_H
#define SOTTO_INGEST_SANDBOX_H

#include "ingest/frame.h"
#include "ingest/snapshot.h"

#define ZYGOTE_FLAG "--extract-zygote"

typedef struct Sandbox Sandbox;

typedef struct {
    const char *self;    /* program to start as the zygote; NULL: the one that runs */
    unsigned timeout_ms; /* of one file, 0: 30 s */
    uint64_t memory;     /* of one child beyond the libraries, 0: 512 MiB */
    size_t max_text;     /* 0: 16 MiB */
    const char *spool;   /* folder on a disk for long sounds; NULL: /var/tmp */
} SandboxOptions;

Sandbox *sandbox_new(const SandboxOptions *o, Err *err);
/* Ends the zygote; no sandbox_run may be on its way. NULL is allowed. */
void sandbox_free(Sandbox *s);

/* Reads `input` with the reader `type`. ERR_TIMEOUT at the deadline (told within 150 ms of it);
 * ERR_TOO_LARGE for memory and output; ERR_VALIDATION for a crash of the reader and for what the
 * reader says; ERR_UNSUPPORTED_MEDIA; ERR_UNAVAILABLE when no child can be had. */
bool sandbox_run(Sandbox *s, Str type, Str filename, const Snapshot *input, Arena *a,
                 Extracted *out, Err *err);
/* Gives back the memory of an extraction's parts; their bytes are gone after it. */
void sandbox_drop_parts(Extracted *e);

/* The zygote, for tests that end it: its process id, 0 when none runs. */
int sandbox_zygote(Sandbox *s);

/* main's part: when argv[1] is ZYGOTE_FLAG, return this at once, before anything else is set up.
 * `extra` (may be NULL) is a reader beside the built-in ones: tests put their faults there. */
int extract_child_main(int argc, char **argv);
int extract_child_main_with(int argc, char **argv, const Reader *extra);

#endif
