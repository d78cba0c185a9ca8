/* walk.c - the regular files under a path, in the order of their names. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/os.h"
#include "ingest/ingest.h"

#define MAX_DEPTH 100 /* folders in folders; deeper ones are reported */

typedef struct {
    bool (*fn)(void *arg, const IngestFile *f);
    void *arg;
    Err *err;
    bool stopped;
} Walk;

static bool report(Walk *w, const char *path, const struct stat *st, const Err *problem)
{
    IngestFile f = {.path = path, .problem = problem};
    if (st) {
        f.bytes = st->st_size;
        f.mtime_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
    }
    w->stopped = !w->fn(w->arg, &f);
    return !w->stopped;
}

static bool report_errno(Walk *w, const char *path, int errnum, const char *what)
{
    Err problem = ERR_INIT;
    ErrCode code = errnum == ENOENT ? ERR_NOT_FOUND : errnum == EACCES ? ERR_FORBIDDEN : ERR_IO;
    (void)err_set_errno(&problem, code, errnum, "cannot %s %s", what, path);
    return report(w, path, NULL, &problem);
}

/* Byte order, not the locale's: the same everywhere. */
static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The visible names in a folder, sorted, in the arena. The folder is closed before anything in it
 * is walked: depth costs no descriptors. */
static bool list_names(const char *path, Arena *a, char ***out, size_t *n, int *errnum)
{
    size_t cap = 0;
    DIR *d = opendir(path);
    *out = NULL;
    *n = 0;
    *errnum = errno;
    if (!d)
        return false;
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            char **names = ARENA_NEW_ARRAY(a, char *, cap);
            if (names && *n)
                memcpy(names, *out, *n * sizeof *names);
            *out = names;
        }
        char *name = *out ? arena_cstr(a, str_of(e->d_name)) : NULL;
        ok = name != NULL;
        if (ok)
            (*out)[(*n)++] = name;
    }
    (void)closedir(d);
    *errnum = ENOMEM;
    if (ok && *n > 1)
        qsort(*out, *n, sizeof **out, by_name);
    return ok;
}

static bool walk_path(Walk *w, const char *path, unsigned depth);

static bool walk_folder(Walk *w, const char *path, unsigned depth)
{
    char **names;
    size_t n;
    int errnum;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return err_set(w->err, ERR_NO_MEMORY, "reading the folder %s: out of memory", path);
    bool ok;
    if (depth >= MAX_DEPTH) {
        ok = report_errno(w, path, ELOOP, "read the folder");
    } else if (!list_names(path, a, &names, &n, &errnum)) {
        ok = report_errno(w, path, errnum, "read the folder");
    } else {
        ok = true;
        for (size_t i = 0; ok && i < n; i++) {
            char *child = os_join(a, path, names[i]);
            ok = child
                     ? walk_path(w, child, depth + 1)
                     : err_set(w->err, ERR_NO_MEMORY, "reading the folder %s: out of memory", path);
        }
    }
    arena_free(a);
    return ok;
}

static bool walk_path(Walk *w, const char *path, unsigned depth)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return report_errno(w, path, errno, "look at");
    if (S_ISLNK(st.st_mode)) {
        if (stat(path, &st) != 0)
            return report_errno(w, path, errno, "follow the link");
        if (S_ISDIR(st.st_mode) && depth > 0)
            return true; /* it could lead in a circle, or out of what was named */
    }
    if (S_ISDIR(st.st_mode))
        return walk_folder(w, path, depth);
    if (!S_ISREG(st.st_mode))
        return true;
    if (access(path, R_OK) != 0)
        return report_errno(w, path, errno, "read");
    return report(w, path, &st, NULL);
}

bool ingest_walk(const char *path, bool (*fn)(void *arg, const IngestFile *f), void *arg, Err *err)
{
    struct stat st;
    Walk w = {.fn = fn, .arg = arg, .err = err};
    if (lstat(path, &st) != 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
                             "cannot look at %s", path);
    if (walk_path(&w, path, 0))
        return true;
    return w.stopped ? err_set(err, ERR_CANCELLED, "the walk through %s was stopped", path) : false;
}
