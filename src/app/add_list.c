/* add_list.c - which files `sotto add` is about, and what is known of them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "app/add.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "ingest/ingest.h"

#define SETTLE_MS 1000
#define SETTLE_MAX_MS 60000
#define LEDGER_PAGE "1000"

static bool found(void *arg, const ScanItem *item)
{
    Add *a = arg;
    Cli *cli = a->cli;
    if (!MEM_GROW(a->files, a->n, a->cap))
        return false;
    AddFile *e = &a->files[a->n++];
    *e = (AddFile){.path = arena_cstr(cli->arena, str_of(item->path)),
                   .source = arena_str(cli->arena, item->source),
                   .bytes = item->bytes,
                   .inode = item->inode,
                   .mtime_ns = item->mtime_ns,
                   .ctime_ns = item->ctime_ns,
                   .named = a->named};
    if (item->problem) {
        e->refused = item->problem->code == ERR_UNSUPPORTED_MEDIA;
        e->state = e->refused ? FILE_NO_READER : FILE_FAILED;
        e->reason = arena_cstr(cli->arena, str_of(item->problem->msg));
    }
    a->bytes += e->bytes;
    return e->path && e->source.ptr && !cli_interrupted();
}

static const Str *patterns(const Cli *cli, const char *flag, size_t *n)
{
    *n = 0;
    while (cli_flag_at(cli, flag, *n))
        ++*n;
    Str *list = ARENA_NEW_ARRAY(cli->arena, Str, *n + 1);
    for (size_t i = 0; list && i < *n; i++)
        list[i] = str_of(cli_flag_at(cli, flag, i));
    if (!list)
        *n = 0;
    return list;
}

static bool list_folder(Add *a, const char *path, Err *err)
{
    ScanCounts counts;
    ScanOptions o = {.root = path, .on_item = found, .arg = a};
    o.include = patterns(a->cli, "--include", &o.n_include);
    o.exclude = patterns(a->cli, "--exclude", &o.n_exclude);
    bool ok = scan_run(&o, &counts, err);
    a->left_out.hidden += counts.hidden;
    a->left_out.excluded += counts.excluded;
    a->left_out.links += counts.links;
    return ok;
}

static bool list_file(Add *a, const char *path, const struct stat *st, Err *err)
{
    ScanItem item = {.path = path,
                     .source = scan_source(a->cli->arena, path),
                     .bytes = (uint64_t)st->st_size,
                     .inode = (uint64_t)st->st_ino,
                     .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec};
    if (!S_ISREG(st->st_mode))
        return err_set(err, ERR_VALIDATION, "%s is neither a file nor a folder", path);
    return (item.source.ptr && found(a, &item)) ||
           err_set(err, ERR_NO_MEMORY, "no memory for the list of files");
}

bool add_list(Add *a, Err *err)
{
    for (size_t i = 0; i < a->cli->n_args; i++) {
        char path[PATH_MAX];
        struct stat st;
        if (!a->cli->args[i][0])
            return err_set(err, ERR_VALIDATION, "a path is empty");
        if (!realpath(a->cli->args[i], path) || stat(path, &st) != 0)
            return errno == ENOENT
                       ? err_set(err, ERR_NOT_FOUND, "%s is not there", a->cli->args[i])
                       : err_set_errno(err, ERR_IO, errno, "cannot read %s", a->cli->args[i]);
        a->named = !S_ISDIR(st.st_mode);
        if (!(a->named ? list_file(a, path, &st, err) : list_folder(a, path, err)))
            return false;
    }
    return true;
}

/* ---- what is known already ------------------------------------------------------------------- */

static int by_source(const void *a, const void *b)
{
    return str_cmp((*(AddFile *const *)a)->source, (*(AddFile *const *)b)->source);
}

static AddFile *find(AddFile **sorted, size_t n, Str source)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(sorted[mid]->source, source) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && str_eq(sorted[lo]->source, source) ? sorted[lo] : NULL;
}

static void compare(Add *a, AddFile *f, const Json *entry)
{
    Str state = json_str(json_get(entry, "state"));
    Str document = json_str(json_get(entry, "document"));
    Str facts = json_str(json_get(entry, "facts")), part;
    uint64_t bytes, inode;
    int64_t mtime;
    f->known = document.len > 0;
    if (!document.len || f->state != FILE_WAITING ||
        !(str_eq(state, STR("indexed")) || str_eq(state, STR("duplicate"))))
        return;
    /* A person who names tags or a file wants to see it taken. */
    if (cli_flag(a->cli, "--tag"))
        return;
    if (str_next(&facts, '-', &part) && str_to_u64(part, &bytes) && str_next(&facts, '-', &part) &&
        str_to_i64(part, &mtime) && str_next(&facts, '-', &part) && str_to_u64(part, &inode) &&
        bytes == f->bytes && mtime == f->mtime_ns && inode == f->inode) {
        f->state = FILE_THERE;
        f->id = arena_cstr(a->cli->arena, document);
    }
}

/* All entries that begin so; page by page. */
static bool compare_under(Add *a, Str under, AddFile **sorted, size_t n, Err *err)
{
    Buf target, cursor;
    bool ok = true, more = true;
    buf_init(&target, 1 << 20);
    buf_init(&cursor, 1 << 20);
    while (ok && more) {
        buf_clear(&target);
        buf_add_c(&target, "/api/v1/knowledge/ledger?limit=" LEDGER_PAGE);
        call_param(&target, "under", under);
        if (cursor.len)
            call_param(&target, "cursor", buf_str(&cursor));
        Json *j = call_get(a->call, buf_str(&target), NULL, err);
        const Json *entries = json_get(j, "entries");
        ok = j != NULL;
        for (size_t i = 0; i < json_count(entries); i++) {
            const Json *e = json_at(entries, i);
            AddFile *f = find(sorted, n, json_str(json_get(e, "source")));
            if (f)
                compare(a, f, e);
        }
        Str next = json_str(json_get(j, "next_cursor"));
        buf_clear(&cursor);
        buf_add(&cursor, next);
        more = next.len > 0;
        json_free(j);
    }
    buf_release(&target);
    buf_release(&cursor);
    return ok;
}

bool add_skip_known(Add *a, Err *err)
{
    AddFile **sorted = mem_array(a->n + 1, sizeof *sorted);
    bool ok = sorted || err_set(err, ERR_NO_MEMORY, "no memory for the list of files");
    for (size_t i = 0; ok && i < a->n; i++)
        sorted[i] = &a->files[i];
    if (ok && a->n > 1)
        qsort(sorted, a->n, sizeof *sorted, by_source);
    for (size_t i = 0; ok && i < a->cli->n_args; i++) {
        char path[PATH_MAX];
        if (!realpath(a->cli->args[i], path) || !os_is_dir(path))
            continue; /* a named file is always offered */
        Str under = arena_printf(a->cli->arena, "%s%s", path, path[1] ? "/" : "");
        ok = compare_under(a, under, sorted, a->n, err);
    }
    mem_free(sorted);
    return ok;
}

/* ---- half-written files ---------------------------------------------------------------------- */

static bool look_again(AddFile *f)
{
    struct stat st;
    if (stat(f->path, &st) != 0)
        return false;
    f->bytes = (uint64_t)st.st_size;
    f->inode = (uint64_t)st.st_ino;
    f->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    f->ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
    return true;
}

void add_settle(AddFile *f)
{
    uint64_t start = clock_mono_ns();
    while (clock_seconds_since(start) * 1000 < SETTLE_MAX_MS && !cli_interrupted()) {
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
        int64_t last = f->mtime_ns > f->ctime_ns ? f->mtime_ns : f->ctime_ns;
        int64_t left = last + SETTLE_MS * (int64_t)1000000 - now_ns;
        if (last > now_ns || left <= 0)
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = (long)(left % 1000000000)}, NULL);
        if (!look_again(f))
            return;
    }
}

/* ---- a dry run ------------------------------------------------------------------------------- */

static void predict(Add *a, AddFile *f)
{
    char head[4096];
    const char *slash = strrchr(f->path, '/');
    if (f->state != FILE_WAITING)
        return;
    f->state = f->known ? FILE_UPDATED : FILE_ADDED;
    long n = f->bytes == 0 || f->bytes > a->max_bytes ? 0
                                                      : os_read_head(f->path, head, sizeof head);
    if (f->bytes == 0)
        f->reason = "the file is empty";
    else if (f->bytes > a->max_bytes)
        f->reason = "it is larger than the limit";
    else if (n < 0)
        f->reason = "it cannot be opened";
    else if (!ingest_guess_type(str_mem(head, (size_t)n), str_of(slash + 1), STR("")).len)
        f->reason = "there is no reader for this kind of file";
    if (f->reason)
        f->state = n < 0 ? FILE_FAILED : FILE_NO_READER;
}

static const char *const would[FILE_STATES] = {"", "add", "update", "unchanged", "refuse", "fail"};

static void dry_json(const Add *a, const size_t *counts)
{
    JsonW w;
    jw_init(&w, &a->cli->out);
    jw_obj(&w);
    jw_kv_bool(&w, "dry_run", true);
    for (int s = FILE_ADDED; s < FILE_STATES; s++)
        jw_kv_int(&w, would[s], (int64_t)counts[s]);
    jw_kv_int(&w, "hidden", (int64_t)a->left_out.hidden);
    jw_kv_int(&w, "excluded", (int64_t)a->left_out.excluded);
    jw_kv_int(&w, "links", (int64_t)a->left_out.links);
    jw_key(&w, "files");
    jw_arr(&w);
    for (size_t i = 0; i < a->n; i++) {
        jw_obj(&w);
        jw_kv_str(&w, "path", a->files[i].source);
        jw_kv_cstr(&w, "action", would[a->files[i].state]);
        jw_kv_cstr(&w, "reason", a->files[i].reason);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    buf_add_char(&a->cli->out, '\n');
}

int add_dry_run(Add *a)
{
    size_t counts[FILE_STATES] = {0};
    Cli *cli = a->cli;
    Buf *out = &cli->out;
    for (size_t i = 0; i < a->n; i++) {
        predict(a, &a->files[i]);
        counts[a->files[i].state]++;
    }
    if (cli->json) {
        dry_json(a, counts);
        return cli_done(cli, 0);
    }
    for (size_t i = 0; i < a->n; i++) {
        const AddFile *f = &a->files[i];
        if (f->state == FILE_THERE)
            continue;
        buf_printf(out, "%-8s ", would[f->state]);
        term_text(out, f->source);
        buf_add_char(out, '\n');
        if (f->reason)
            term_wrap(out, &cli->term, str_of(f->reason), NULL, 0, 9);
    }
    term_count(out, a->n, "file", "files");
    buf_printf(out, ": %zu to add, %zu to update, %zu unchanged, %zu to refuse, %zu to fail\n",
               counts[FILE_ADDED], counts[FILE_UPDATED], counts[FILE_THERE],
               counts[FILE_NO_READER], counts[FILE_FAILED]);
    add_left_out(a, out);
    return cli_done(cli, 0);
}

void add_left_out(const Add *a, Buf *out)
{
    const ScanCounts *c = &a->left_out;
    uint64_t all = c->hidden + c->excluded + c->links;
    if (!all)
        return;
    term_count(out, all, "name", "names");
    buf_printf(out, " left out: %llu hidden, %llu by patterns, %llu links to folders\n",
               (unsigned long long)c->hidden, (unsigned long long)c->excluded,
               (unsigned long long)c->links);
}
