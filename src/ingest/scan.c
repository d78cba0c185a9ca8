/* scan.c - see scan.h. */
#include "ingest/scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os.h"
#include "base/utf8.h"
#include "ingest/ignore.h"

#define MAX_DEPTH 100 /* folders in folders; deeper ones are problems */
#define IGNORE_BYTES ((size_t)1 << 20)

/* The rules of one folder; `from` is where paths relative to it begin. */
typedef struct Level {
    const struct Level *up;
    const IgnoreRules *rules; /* NULL: none */
    size_t from;
} Level;

typedef struct {
    const ScanOptions *o;
    const IgnoreRules *include; /* NULL: everything */
    const IgnoreRules *exclude;
    size_t root_len;
    const char *at;             /* what is still to be descended to; "" when there */
    ScanCounts *counts;
    Err *err;
    bool stopped;
} Scan;

Str scan_source(Arena *a, const char *path)
{
    Str s = str_of(path);
    bool plain = utf8_valid_len(s) == s.len;
    for (size_t i = 0; plain && i < s.len; i++)
        plain = (unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != 0x7F;
    if (plain)
        return arena_str(a, s);
    Buf b;
    Sha256 digest;
    char hex[SHA256_HEX];
    buf_init(&b, 64 << 10);
    utf8_append_lossy(&b, s);
    for (size_t i = 0; i < b.len; i++)
        if ((unsigned char)b.ptr[i] < 0x20 || b.ptr[i] == 0x7F)
            b.ptr[i] = '?';
    bool ok = sha256(s, &digest, NULL) && buf_printf(&b, "#%.12s", sha256_hex(&digest, hex));
    Str text = ok ? arena_buf(a, &b) : (Str){0};
    buf_release(&b);
    return text;
}

Str scan_name(Str source, const char *path)
{
    size_t from = source.len, end = source.len;
    if (!str_eq(source, str_of(path)) && end > 13)
        end -= 13; /* '#' and twelve digits */
    while (from > 0 && source.ptr[from - 1] != '/')
        from--;
    return str_sub(source, from, end);
}

static bool no_memory(Scan *s)
{
    return err_set(s->err, ERR_NO_MEMORY, "reading a folder: out of memory");
}

static bool tell(Scan *s, Arena *a, const char *path, const struct stat *st, const Err *problem)
{
    ScanItem item = {.path = path, .source = scan_source(a, path), .problem = problem};
    if (!item.source.ptr)
        return no_memory(s);
    if (st) {
        item.bytes = st->st_size > 0 ? (uint64_t)st->st_size : 0;
        item.device = (uint64_t)st->st_dev;
        item.inode = (uint64_t)st->st_ino;
        item.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
        item.ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
    }
    if (problem)
        s->counts->problems++;
    else
        s->counts->files++;
    s->stopped = !s->o->on_item(s->o->arg, &item);
    return !s->stopped || err_set(s->err, ERR_CANCELLED, "the reading of the folder was stopped");
}

static bool tell_errno(Scan *s, Arena *a, const char *path, int errnum, const char *what)
{
    Err problem = ERR_INIT;
    ErrCode code = errnum == ENOENT ? ERR_NOT_FOUND : errnum == EACCES ? ERR_FORBIDDEN : ERR_IO;
    (void)err_set_errno(&problem, code, errnum, "cannot %s", what);
    return tell(s, a, path, NULL, &problem);
}

/* ---- one folder ----------------------------------------------------------------------------- */

/* Byte order, not the locale's: the same everywhere. */
static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All visible names, sorted. The folder is closed before anything in it is looked at: depth costs
 * no descriptors. */
static bool list_names(Scan *s, const char *path, Arena *a, char ***out, size_t *n, int *errnum)
{
    size_t cap = 0;
    DIR *d = opendir(path);
    *out = NULL;
    *n = 0;
    *errnum = errno;
    if (!d)
        return false;
    bool ok = true;
    *errnum = 0;
    for (struct dirent *e; ok && (errno = 0, e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.') {
            s->counts->hidden += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                                 strcmp(e->d_name, SCAN_IGNORE_FILE) != 0;
            continue;
        }
        char *name = ARENA_GROW(a, *out, *n, cap) ? arena_cstr(a, str_of(e->d_name)) : NULL;
        ok = name != NULL;
        if (ok)
            (*out)[(*n)++] = name;
    }
    int failed = errno;
    (void)closedir(d);
    if (!ok) {
        *errnum = ENOMEM;
    } else if (failed) {
        *errnum = failed; /* half a list would make files seem gone */
        ok = false;
    }
    if (ok && *n > 1)
        qsort(*out, *n, sizeof **out, by_name);
    return ok;
}

/* The folder's own rules, when it has a file of them. One that cannot be read is a problem and
 * leaves nothing out. */
static bool read_rules(Scan *s, const char *folder, Arena *a, const IgnoreRules **out)
{
    char *path = os_join(a, folder, SCAN_IGNORE_FILE);
    IgnoreRules *rules = NULL;
    Err why = ERR_INIT;
    Buf b;
    *out = NULL;
    if (!path)
        return no_memory(s);
    if (access(path, F_OK) != 0)
        return true;
    buf_init(&b, IGNORE_BYTES);
    bool ok = os_read_file(path, &b, &why);
    /* The rules hold no text of the file. */
    ok = ok && ignore_parse(buf_str(&b), a, &rules, &why);
    buf_release(&b);
    if (why.code == ERR_NO_MEMORY)
        return no_memory(s);
    *out = ok ? rules : NULL;
    return ok || tell(s, a, path, NULL, &why);
}

static bool left_out(const Scan *s, const Level *level, const char *path, bool is_folder)
{
    Str whole = str_of(path);
    /* What was asked for comes before what lies in the folder. */
    IgnoreVerdict asked =
        ignore_match(s->exclude, str_sub(whole, s->root_len, whole.len), is_folder);
    if (asked != IGNORE_SILENT)
        return asked == IGNORE_OUT;
    for (const Level *l = level; l; l = l->up) {
        Str below = str_sub(whole, l->from, whole.len);
        IgnoreVerdict v = l->rules ? ignore_match(l->rules, below, is_folder) : IGNORE_SILENT;
        if (v != IGNORE_SILENT)
            return v == IGNORE_OUT;
    }
    return !is_folder && s->include &&
           !ignore_covers(s->include, str_sub(whole, s->root_len, whole.len));
}

static const char *strange_kind(mode_t mode)
{
    return S_ISFIFO(mode) ? "it is a named pipe, not a file"
           : S_ISSOCK(mode) ? "it is a socket, not a file"
           : S_ISCHR(mode) || S_ISBLK(mode) ? "it is a device, not a file"
                                            : "it is no regular file";
}

static bool scan_folder(Scan *s, const char *path, const Level *up, unsigned depth);

/* A link: 1 to go on with *st of what it leads to, 0 when it has been dealt with, -1 on failure. */
static int follow(Scan *s, Arena *a, const char *path, const Level *level, struct stat *st)
{
    struct stat to;
    if (stat(path, &to) != 0) {
        if (left_out(s, level, path, false)) {
            s->counts->excluded++;
            return 0;
        }
        return tell_errno(s, a, path, errno, "follow the link") ? 0 : -1;
    }
    if (S_ISDIR(to.st_mode)) {
        s->counts->links++; /* it could lead in a circle, or out of what was named */
        return 0;
    }
    *st = to;
    return 1;
}

static bool scan_entry(Scan *s, Arena *a, const char *path, const Level *level, unsigned depth)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT || tell_errno(s, a, path, errno, "look at it");
    if (S_ISLNK(st.st_mode)) {
        int go_on = follow(s, a, path, level, &st);
        if (go_on <= 0)
            return go_on == 0;
    }
    if (left_out(s, level, path, S_ISDIR(st.st_mode))) {
        s->counts->excluded++;
        return true;
    }
    if (S_ISDIR(st.st_mode))
        return (s->o->shallow && !*s->at) || scan_folder(s, path, level, depth + 1);
    if (!S_ISREG(st.st_mode)) {
        Err problem = ERR_INIT;
        (void)err_set(&problem, ERR_UNSUPPORTED_MEDIA, "%s", strange_kind(st.st_mode));
        return tell(s, a, path, &st, &problem);
    }
    if (access(path, R_OK) != 0) {
        Err problem = ERR_INIT;
        (void)err_set_errno(&problem, errno == EACCES ? ERR_FORBIDDEN : ERR_IO, errno,
                            "cannot read it");
        return tell(s, a, path, &st, &problem);
    }
    return tell(s, a, path, &st, NULL);
}

/* On the way down to `at`: only that one name is looked at. */
static bool descend(Scan *s, Arena *a, const char *path, const Level *level, unsigned depth)
{
    Str rest = str_of(s->at), name;
    (void)str_next(&rest, '/', &name);
    char *one = arena_cstr(a, name);
    char *child = one ? os_join(a, path, one) : NULL;
    if (!child)
        return no_memory(s);
    if (one[0] == '.')
        return true;
    s->at = rest.ptr ? rest.ptr : "";
    struct stat st;
    if (lstat(child, &st) != 0)
        return err_set_errno(s->err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                             errno, "cannot look at %s", child);
    if (!S_ISDIR(st.st_mode))
        return err_set(s->err, ERR_NOT_FOUND, "%s is no folder", child);
    if (left_out(s, level, child, true))
        return true;
    return scan_folder(s, child, level, depth + 1);
}

static bool scan_names(Scan *s, Arena *a, const char *path, const Level *level, unsigned depth)
{
    char **names;
    size_t n;
    int errnum;
    if (!list_names(s, path, a, &names, &n, &errnum)) {
        if (errnum == ENOENT && depth > 0)
            return true; /* it went a moment ago */
        return tell_errno(s, a, path, errnum, "read the folder");
    }
    Arena *each = arena_new(ARENA_DEFAULT_MAX);
    bool ok = each != NULL || no_memory(s);
    for (size_t i = 0; ok && i < n; i++) {
        char *child = os_join(each, path, names[i]);
        ok = child ? scan_entry(s, each, child, level, depth) : no_memory(s);
        arena_reset(each);
    }
    arena_free(each);
    return ok;
}

static bool scan_folder(Scan *s, const char *path, const Level *up, unsigned depth)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Level level = {.up = up, .from = strlen(path) + (path[1] != '\0')};
    if (!a)
        return no_memory(s);
    bool ok;
    if (depth >= MAX_DEPTH) {
        ok = tell_errno(s, a, path, ELOOP, "read the folder");
    } else if ((ok = read_rules(s, path, a, &level.rules))) {
        if (*s->at) {
            ok = descend(s, a, path, &level, depth);
        } else {
            s->counts->folders++;
            ok = !s->o->on_folder || s->o->on_folder(s->o->arg, path) ||
                 err_set(s->err, ERR_CANCELLED, "the reading of the folder was stopped");
            ok = ok && scan_names(s, a, path, &level, depth);
        }
    }
    arena_free(a);
    return ok;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Patterns may be given with the root before them; they are relative to it. */
static bool relative(const Str *given, size_t n, Str root, Arena *a, IgnoreRules **out, Err *err)
{
    Str *p = ARENA_NEW_ARRAY(a, Str, n + 1);
    if (!p)
        return err_set(err, ERR_NO_MEMORY, "reading patterns: out of memory");
    for (size_t i = 0; i < n; i++) {
        p[i] = given[i];
        if (str_starts(p[i], root) && p[i].len > root.len && p[i].ptr[root.len] == '/')
            p[i] = str_sub(p[i], root.len, p[i].len);
    }
    return ignore_patterns(p, n, a, out, err);
}

bool scan_run(const ScanOptions *o, ScanCounts *counts, Err *err)
{
    Str root = str_of(o->root);
    struct stat st;
    IgnoreRules *include = NULL, *exclude = NULL;
    *counts = (ScanCounts){0};
    if (stat(o->root, &st) != 0)
        return err_set_errno(err, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                             errno, "cannot look at %s", o->root);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_NOT_FOUND, "%s is no folder", o->root);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool ok = a || err_set(err, ERR_NO_MEMORY, "reading a folder: out of memory");
    ok = ok && relative(o->include, o->n_include, root, a, &include, err) &&
         relative(o->exclude, o->n_exclude, root, a, &exclude, err);
    if (ok) {
        Scan s = {.o = o, .include = o->n_include ? include : NULL, .exclude = exclude,
                  .counts = counts,
                  .err = err, .root_len = root.len + (root.len > 1), .at = ""};
        if (o->at && strlen(o->at) > s.root_len)
            s.at = o->at + s.root_len;
        ok = scan_folder(&s, o->root, NULL, 0);
    }
    arena_free(a);
    return ok;
}
