/* `sotto add`: files and folders in, several at a time.
 *
 *   paths -> list of files (add_list.c) -> N threads, each: read, POST, judge -> summary
 *
 * Every thread has its own lane to the interface, so both the reading here and the embedding there
 * keep all processors busy. A file that was there under the same path with other bytes is replaced:
 * the new version is stored first, then the old one goes, so that an interruption loses nothing.
 * What cannot be read here is told to the ledger. */
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/add.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/uuid.h"

static const char documents_path[] = "/api/v1/knowledge/documents";

typedef struct {
    Add *add;
    unsigned lane;
} Lane;

/* ---- one file
 * ------------------------------------------------------------------------------------ */

static void form_field(Buf *b, const char *boundary, const char *name, Str value)
{
    buf_printf(b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n", boundary, name);
    buf_add(b, value);
    buf_add_c(b, "\r\n");
}

/* The quotation mark is escaped as browsers do it; a source has no line breaks. */
static void form_file(Buf *b, const char *boundary, Str name, Str data)
{
    buf_printf(b, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"", boundary);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"')
            buf_add_c(b, "%22");
        else
            buf_add_char(b, name.ptr[i]);
    }
    buf_add_c(b, "\"\r\nContent-Type: application/octet-stream\r\n\r\n");
    buf_add(b, data);
    buf_printf(b, "\r\n--%s--\r\n", boundary);
}

static bool make_form(Add *a, const AddFile *f, char boundary[UUID_TEXT], Buf *form, Err *err)
{
    Uuid id;
    Buf data;
    buf_init(&data, a->max_bytes);
    if (!uuid_v4(&id, err) || !os_read_file(f->path, &data, err)) {
        buf_release(&data);
        return false;
    }
    uuid_format(&id, boundary);
    form_field(form, boundary, "source", f->source);
    char facts[80];
    (void)snprintf(facts, sizeof facts, "%llu-%lld-%llu", (unsigned long long)f->bytes,
                   (long long)f->mtime_ns, (unsigned long long)f->inode);
    form_field(form, boundary, "facts", str_of(facts));
    const char *tag;
    for (size_t i = 0; (tag = cli_flag_at(a->cli, "--tag", i)); i++)
        form_field(form, boundary, "tags", str_of(tag));
    form_file(form, boundary, scan_name(f->source, f->path), buf_str(&data));
    buf_release(&data);
    return buf_check(form, f->path, err);
}

/* Older versions of the same path go. False when something other than them stands in the way. */
static bool drop_older(Add *a, unsigned lane, Str source, Str keep, bool *dropped, Err *err)
{
    Buf target;
    CallAnswer answer;
    buf_init(&target, 64 << 10);
    buf_printf(&target, "%s?limit=200&content=none", documents_path);
    call_param(&target, "source", source);
    if (!call_send(a->call, lane, "GET", buf_str(&target), NULL, STR(""), &answer, err)) {
        buf_release(&target);
        return false;
    }
    Json *j = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err);
    buf_release(&answer.body);
    const Json *docs = json_get(j, "documents");
    bool ok = j != NULL;
    for (size_t i = 0; ok && i < json_count(docs); i++) {
        const Json *d = json_at(docs, i);
        Str id = json_str(json_get(d, "id"));
        /* A path that ends in '*' is a prefix to the filter: only the very same one counts. */
        if (str_eq(id, keep) ||
            !str_eq(json_str(json_get(json_get(d, "metadata"), "source")), source))
            continue;
        buf_clear(&target);
        buf_printf(&target, "%s/" STR_FMT, documents_path, STR_ARG(id));
        ok = call_send(a->call, lane, "DELETE", buf_str(&target), NULL, STR(""), &answer, err);
        if (ok)
            buf_release(&answer.body);
        *dropped |= ok;
    }
    json_free(j);
    buf_release(&target);
    return ok;
}

/* What cannot be read here is in the ledger too. Whether that succeeds changes nothing: the summary
 * says it either way. */
static void note_problem(Add *a, unsigned lane, const AddFile *f)
{
    Buf body;
    JsonW w;
    CallAnswer answer;
    Err err = ERR_INIT;
    buf_init(&body, 1 << 20);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_str(&w, "source", f->source);
    jw_kv_cstr(&w, "reason", f->reason);
    jw_kv_cstr(&w, "state", f->refused ? "refused" : "failed");
    jw_kv_int(&w, "bytes", (int64_t)f->bytes);
    jw_obj_end(&w);
    if (buf_ok(&body) && call_send(a->call, lane, "POST", STR("/api/v1/knowledge/ledger"),
                                   "application/json", buf_str(&body), &answer, &err))
        buf_release(&answer.body);
    buf_release(&body);
}

/* A file that cannot be opened or is too large never reaches the interface. */
static bool is_local(const Err *err)
{
    return err->code == ERR_NOT_FOUND || err->code == ERR_FORBIDDEN || err->code == ERR_IO ||
           err->code == ERR_TOO_LARGE;
}

static bool add_one(Add *a, unsigned lane, const AddFile *f, FileState *state, char id[UUID_TEXT],
                    Err *err)
{
    Buf form;
    char boundary[UUID_TEXT], type[80];
    CallAnswer answer;
    buf_init(&form, a->max_bytes + (1 << 20));
    bool ok = make_form(a, f, boundary, &form, err);
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", ok ? boundary : "");
    /* One file that a person waits for goes before the many of a folder. */
    Str target = a->n > 1 ? STR("/api/v1/knowledge/documents?background=true")
                          : str_of(documents_path);
    ok = ok && call_send(a->call, lane, "POST", target, type, buf_str(&form), &answer, err);
    buf_release(&form);
    if (!ok)
        return false;
    Json *j = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err);
    Uuid uuid;
    bool dropped = false;
    ok = j && (uuid_parse(json_str(json_get(j, "id")), &uuid) ||
               err_set(err, ERR_INTERNAL, "the answer has no id"));
    if (ok && answer.status == 201)
        ok = drop_older(a, lane, f->source, json_str(json_get(j, "id")), &dropped, err);
    if (ok) {
        uuid_format(&uuid, id);
        *state = answer.status == 200 ? FILE_THERE : dropped ? FILE_UPDATED : FILE_ADDED;
    }
    json_free(j);
    buf_release(&answer.body);
    return ok;
}

/* What would befall every file after this one too. */
static bool is_fatal(const Err *err)
{
    return err->code == ERR_STORAGE_FULL || err->code == ERR_NO_MEMORY;
}

static void finish(Add *a, AddFile *f, bool ok, FileState state, const char *id, const Err *err)
{
    pthread_mutex_lock(&a->lock);
    Arena *arena =
        a->cli->arena; /* shared with the main thread, which only takes from it in here */
    if (ok) {
        f->state = state;
        f->id = arena_cstr(arena, str_of(id));
    } else {
        f->state = err->code == ERR_UNSUPPORTED_MEDIA ? FILE_NO_READER : FILE_FAILED;
        f->reason = arena_cstr(arena, str_of(err->msg));
        if (is_fatal(err)) {
            a->gave_up = true;
            a->why = *err;
        }
    }
    a->finished++;
    a->bytes_done += f->bytes;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static void *work_lane(void *arg)
{
    Lane *l = arg;
    Add *a = l->add;
    for (;;) {
        pthread_mutex_lock(&a->lock);
        while (a->next < a->n && a->files[a->next].state != FILE_WAITING &&
               !a->files[a->next].reason)
            a->next++, a->finished++;
        AddFile *f =
            a->next < a->n && !a->gave_up && !cli_interrupted() ? &a->files[a->next++] : NULL;
        pthread_cond_signal(&a->changed);
        pthread_mutex_unlock(&a->lock);
        if (!f)
            return NULL;
        Err err = ERR_INIT;
        if (f->reason) { /* found out while looking for files */
            note_problem(a, l->lane, f);
            pthread_mutex_lock(&a->lock);
            a->finished++;
            pthread_mutex_unlock(&a->lock);
            continue;
        }
        if (!f->named)
            add_settle(f);
        FileState state = FILE_FAILED;
        char id[UUID_TEXT] = "";
        bool ok = add_one(a, l->lane, f, &state, id, &err);
        for (int tries = 0; !ok && err.code == ERR_UNAVAILABLE && tries < 20 && !cli_interrupted();
             tries++) {
            struct timespec pause = {.tv_nsec = 250000000}; /* the server is busy, it says: wait */
            nanosleep(&pause, NULL);
            err = ERR_INIT;
            ok = add_one(a, l->lane, f, &state, id, &err);
        }
        finish(a, f, ok, state, id, &err);
        if (!ok && is_local(&err) && f->reason) {
            f->refused = err.code == ERR_TOO_LARGE;
            note_problem(a, l->lane, f);
        }
    }
}

/* ---- all of them
 * ---------------------------------------------------------------------------------- */

/* On the thread that hears. */
static void on_hearing(void *arg, size_t done, size_t all)
{
    Add *a = arg;
    pthread_mutex_lock(&a->lock);
    a->heard = done;
    a->to_hear = done < all ? all : 0;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

/* Files; of one that is a recording, the minutes that were heard. */
static void draw(const Add *a, Progress *p)
{
    const char *path = a->next ? a->files[a->next - 1].path : "";
    Str name = str_file_name(str_of(path));
    if (!a->to_hear) {
        progress_step(p, a->finished, a->n, name);
        return;
    }
    unsigned done = (unsigned)(a->heard / CALL_HEARING_HZ);
    unsigned all = (unsigned)(a->to_hear / CALL_HEARING_HZ);
    Buf what;
    buf_init(&what, 8192);
    buf_printf(&what, "heard %u:%02u of %u:%02u", done / 60, done % 60, all / 60, all % 60);
    if (a->n == 1)
        buf_printf(&what, "  " STR_FMT, STR_ARG(name));
    if (buf_ok(&what) && a->n == 1)
        progress_step(p, done, all, buf_str(&what));
    else
        progress_step(p, a->finished, a->n, buf_ok(&what) ? buf_str(&what) : name);
    buf_release(&what);
}

static void watch(Add *a)
{
    Progress p;
    progress_begin(&p, &a->cli->term, PROGRESS_FILES, 0);
    pthread_mutex_lock(&a->lock);
    while (a->finished < a->n && !a->gave_up && !cli_interrupted()) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&a->changed, &a->lock, &until);
        draw(a, &p);
    }
    pthread_mutex_unlock(&a->lock);
    progress_end(&p);
    if (cli_interrupted())
        cli_note(a->cli, "stopping after the files at hand; once more to stop at once");
}

static bool run_lanes(Add *a, unsigned n, Err *err)
{
    Lane lanes[64];
    pthread_t threads[64];
    unsigned started = 0;
    for (; started < n; started++) {
        lanes[started] = (Lane){a, started};
        if (pthread_create(&threads[started], NULL, work_lane, &lanes[started]) != 0)
            break;
    }
    if (started == 0)
        return err_set(err, ERR_NO_MEMORY, "cannot start a thread");
    watch(a);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return true;
}

static const char *const state_names[FILE_STATES] = {"not reached",   "added",     "updated",
                                                     "there already", "no reader", "failed"};

static void summary_json(Cli *cli, const Add *a, const size_t *counts)
{
    static const char *const keys[FILE_STATES] = {"not_reached", "added",     "updated",
                                                  "duplicate",   "no_reader", "failed"};
    JsonW w;
    jw_init(&w, &cli->out);
    jw_obj(&w);
    for (int s = FILE_WAITING; s < FILE_STATES; s++)
        jw_kv_int(&w, keys[s], (int64_t)counts[s]);
    jw_key(&w, "files");
    jw_arr(&w);
    for (size_t i = 0; i < a->n; i++) {
        const AddFile *f = &a->files[i];
        jw_obj(&w);
        jw_kv_cstr(&w, "path", f->path);
        jw_kv_cstr(&w, "state", keys[f->state]);
        jw_kv_cstr(&w, "id", f->id);
        jw_kv_cstr(&w, "reason", f->reason);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    buf_add_char(&cli->out, '\n');
}

static void summary_text(Cli *cli, const Add *a, const size_t *counts, double seconds)
{
    Buf *out = &cli->out;
    for (size_t i = 0; i < a->n; i++) {
        const AddFile *f = &a->files[i];
        if (f->state != FILE_NO_READER && f->state != FILE_FAILED)
            continue;
        buf_printf(out, "%srefused%s  ", term_paint(&cli->term, PAINT_BAD),
                   term_paint(&cli->term, PAINT_OFF));
        term_text(out, str_of(f->path));
        buf_add_char(out, '\n');
        if (f->reason)
            term_wrap(out, &cli->term, str_of(f->reason), NULL, 0, 9);
    }
    add_left_out(a, out);
    term_count(out, a->n, "file", "files");
    bool first = true;
    for (int s = FILE_ADDED; s < FILE_STATES + 1; s++) {
        int k = s == FILE_STATES ? FILE_WAITING : s;
        if (counts[k])
            buf_printf(out, "%s%zu %s", first ? ": " : ", ", counts[k], state_names[k]);
        first = first && !counts[k];
    }
    buf_printf(out, " (%.1f s)\n", seconds);
}

static int exit_status(const Add *a, const size_t *counts)
{
    size_t stored = counts[FILE_ADDED] + counts[FILE_UPDATED] + counts[FILE_THERE];
    size_t bad = counts[FILE_FAILED];
    for (size_t i = 0; i < a->n; i++)
        bad += a->files[i].state == FILE_NO_READER && a->files[i].named;
    if (cli_interrupted())
        return EXIT_INTERRUPTED;
    if (a->gave_up)
        return EXIT_FAILED;
    return bad == 0 ? 0 : stored ? EXIT_PARTLY : EXIT_FAILED;
}

static int run(Cli *cli, Add *a, unsigned jobs)
{
    Err err = ERR_INIT;
    uint64_t start = clock_mono_ns();
    size_t counts[FILE_STATES] = {0};
    bool dry = cli_flag(cli, "--dry-run") != NULL;
    if (!add_list(a, &err))
        return cli_fail(cli, &err);
    a->call = call_open(cli->config, dry ? CALL_READ : CALL_WRITE | CALL_INGEST, "sotto add", &err);
    /* A dry run needs no data folder: then nothing is known yet. */
    if (!a->call && !(dry && err.code == ERR_NOT_FOUND))
        return cli_fail(cli, &err);
    err = ERR_INIT;
    if (a->call && !add_skip_known(a, &err))
        return cli_fail(cli, &err);
    if (dry)
        return add_dry_run(a);
    call_on_hearing(a->call, on_hearing, a);
    if (jobs == 0 || jobs > call_lanes(a->call))
        jobs = call_lanes(a->call);
    if (a->n && !run_lanes(a, jobs, &err))
        return cli_fail(cli, &err);
    for (size_t i = 0; i < a->n; i++)
        counts[a->files[i].state]++;
    if (cli->json)
        summary_json(cli, a, counts);
    else
        summary_text(cli, a, counts, clock_seconds_since(start));
    if (a->gave_up)
        cli_fail(cli, &a->why);
    return cli_done(cli, exit_status(a, counts));
}

int add_command(Cli *cli)
{
    uint64_t jobs = 0;
    const char *text = cli_flag(cli, "--jobs");
    if (text && (!str_to_u64(str_of(text), &jobs) || jobs == 0 || jobs > 64))
        return cli_usage_error(cli, "--jobs \"%s\" is no whole number from 1 to 64", text);
    Add a = {.cli = cli,
             .max_bytes = (uint64_t)config_number(cli->config, SET_MAX_UPLOAD),
             .lock = PTHREAD_MUTEX_INITIALIZER,
             .changed = PTHREAD_COND_INITIALIZER};
    cli_catch_signals();
    int status = run(cli, &a, (unsigned)jobs);
    call_close(a.call);
    mem_free(a.files);
    return status;
}
