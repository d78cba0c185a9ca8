/* tempdir.h - a folder of a test's own, removed with all in it. Include cmocka.h first. */
#ifndef SOTTO_TESTS_TEMPDIR_H
#define SOTTO_TESTS_TEMPDIR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

typedef struct {
    char path[256];
} TempDir;

static inline void tempdir_make(TempDir *t)
{
    const char *root = getenv("TMPDIR");
    (void)snprintf(t->path, sizeof t->path, "%s/sotto-test-XXXXXX", root && *root ? root : "/tmp");
    assert_non_null(mkdtemp(t->path));
}

static inline void tempdir_remove(TempDir *t)
{
    Err err = ERR_INIT;
    if (!os_remove_tree(t->path, &err))
        fail_msg("%s", err.msg);
}

/* "PATH/name" in a ring of eight static buffers. */
static inline const char *tempdir_file(const TempDir *t, const char *name)
{
    static char ring[8][512];
    static unsigned at;
    char *out = ring[at++ % 8];
    (void)snprintf(out, sizeof ring[0], "%s/%s", t->path, name);
    return out;
}

#endif
