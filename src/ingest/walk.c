/* walk.c - the regular files under a path, in the order of their names. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
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

static int visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

/* Byte order, not the locale's: the same everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool walk_path(Walk *w, const char *path, unsigned depth);

static bool walk_folder(Walk *w, const char *path, unsigned depth)
{
    struct dirent **names = NULL;
    int n = depth < MAX_DEPTH ? scandir(path, &names, visible, by_name) : -1;
    if (n < 0)
        return report_errno(w, path, depth < MAX_DEPTH ? errno : ELOOP, "read the folder");
    bool ok = true;
    for (int i = 0; i < n; i++) {
        Buf child;
        buf_init(&child, 1 << 16);
        if (ok && buf_printf(&child, "%s%s%s", path, str_ends(str_of(path), STR("/")) ? "" : "/",
                             names[i]->d_name))
            ok = walk_path(w, child.ptr, depth + 1);
        else if (ok)
            ok = buf_check(&child, path, w->err);
        buf_release(&child);
        free(names[i]); /* scandir's own, from the C library */
    }
    free(names);
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
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot look at %s",
                             path);
    if (walk_path(&w, path, 0))
        return true;
    return w.stopped ? err_set(err, ERR_CANCELLED, "the walk through %s was stopped", path) : false;
}
