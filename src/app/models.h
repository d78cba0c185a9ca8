/* models.h - model files on this machine: which are there, getting them, checking them.
 *
 *   source -> DIR/MODEL/FILE.part -> SHA-256 -> DIR/MODEL/FILE -> convert -> DIR/MODEL.sotto
 *
 * A file has its own name only after its SHA-256 matched, and the converted file only after it was
 * written whole and read back against its checksums: an interrupted or wrong fetch installs
 * nothing. With a mirror set nothing else is asked: "offline" must not call out behind a person's
 * back.
 *
 * Threads: one fetch a models folder at a time, also between processes (a lock file). */
#ifndef SOTTO_APP_MODELS_H
#define SOTTO_APP_MODELS_H

#include "app/models_lock.h"

typedef struct {
    const char *dir;
    const char *mirror; /* NULL, or URL: files are at URL/MODEL/FILE */
    const char *token;  /* NULL, or a bearer token for the mirror */
    /* Progress: bytes so far and in all (0: not known). False stops the fetch. May be NULL. */
    bool (*progress)(void *arg, const char *file, uint64_t done, uint64_t total);
    /* Something worth a line: a source that failed before another is tried. May be NULL. */
    void (*note)(void *arg, const char *text);
    void *arg;
} ModelsOptions;

typedef enum { MODEL_READY, MODEL_MISSING, MODEL_DAMAGED } ModelState;
const char *models_state_name(ModelState s);

/* Quick: names and sizes, and the converted file's header. *why (may be NULL) says what is amiss.
 */
ModelState models_state(const Model *m, const char *dir, Arena *a, Err *why);
/* Path of the file that the program maps. NULL without memory. */
const char *models_path(const Model *m, const char *dir, Arena *a);
/* Path of one of the published files. */
const char *models_file_path(const Model *m, const ModelFile *f, const char *dir, Arena *a);

/* Gets what is missing. ERR_CORRUPT wrong hash, ERR_STORAGE_FULL, ERR_UNAVAILABLE no source could
 * be reached, ERR_CONFLICT somebody else is fetching, ERR_CANCELLED. */
bool models_fetch(const Model *m, const ModelsOptions *o, Arena *a, Err *err);
/* Reads every byte. ERR_NOT_FOUND, ERR_CORRUPT. */
bool models_verify(const Model *m, const ModelsOptions *o, Arena *a, Err *err);

/* One source of one file into `part` (which a resume continues); models_source.c. */
typedef struct {
    const ModelsOptions *options;
    const Model *model;
    const ModelFile *file;
    const char *part;
    const char *work; /* folder for temporary files, emptied afterwards */
    Arena *arena;
} SourceJob;
bool source_fetch(const SourceJob *job, const ModelSource *source, Err *err);
bool source_fetch_mirror(const SourceJob *job, Err *err);

#endif
