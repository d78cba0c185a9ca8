/* host.h - what the program around the API knows of itself: its settings, its models, its checks.
 * The part above (app/host.c) fills it; here it is only shown and passed on.
 *
 * Threads: the functions are called by workers, several at a time. Results live in the Arena. */
#ifndef SOTTO_API_HOST_H
#define SOTTO_API_HOST_H

#include "base/arena.h"
#include "base/uuid.h"

typedef struct {
    const char *name, *value, *def;
    const char *type;    /* text, choice, yes_no, number */
    const char *choices; /* "a|b|c"; NULL */
    double min, max;     /* of a number */
    const char *origin;  /* "default", "here", "flag --zone", "FILE:LINE", ... */
    const char *help;
    bool fixed;          /* a flag or the environment says so: it cannot be changed here */
    bool restart;        /* holds from the next start on */
    bool page;           /* one person's, of the page; else the program's */
} ApiSetting;

/* value NULL: back to what holds without it. */
typedef struct {
    Str name;
    const Str *value;
} ApiSettingChange;

typedef struct {
    const char *name, *does;
    uint64_t bytes;
    bool there;
    int loaded; /* 1, 0, or -1: not known */
} ApiModel;

typedef struct {
    const char *name;
    bool ok;
    const char *detail, *mend; /* mend: a command; NULL */
} ApiCheck;

typedef struct {
    unsigned threads;
    const char *instructions, *folder;
    uint64_t free_bytes;
    const ApiModel *models;
    size_t n_models;
    const ApiCheck *checks;
    size_t n_checks;
} ApiMachine;

typedef struct {
    void *arg;
    const char *folder; /* of the data; copies are written there before they are sent */
    bool (*settings)(void *arg, const Uuid *owner, Arena *a, ApiSetting **out, size_t *n, Err *err);
    /* All or none, kept before it returns. ERR_VALIDATION names the setting; ERR_NOT_FOUND. */
    bool (*change)(void *arg, const Uuid *owner, const ApiSettingChange *list, size_t n, Arena *a,
        Err *err);
    bool (*machine)(void *arg, Arena *a, ApiMachine *out, Err *err);
} ApiHost;

/* The documents of share/sample, part of the program (cmake/sample.cmake). */
typedef struct {
    const char *name; /* home/plumber-invoice.pdf */
    const unsigned char *data;
    size_t size;
} ApiSample;
extern const ApiSample sample_table[];
extern const size_t sample_count;

#endif
