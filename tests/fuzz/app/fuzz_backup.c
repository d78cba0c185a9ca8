/* fuzz_backup.c - a stranger's file, given to `sotto restore`. It is refused, with a reason and
 * with what was there as it was; or it takes its place, and then everything in it is read, and
 * moved into another store as for Qdrant. Nothing beside the data folder is touched.
 *
 *   'F'  the rest is the file
 *   'S'  the rest is SQL, run on a real backup by somebody who may do anything to their own file
 *   'P'  the rest is patches of a real backup: 3 bytes where, 1 how many, the bytes */
#include "../../support/store_fixture.h"
#include "../require.h"

#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "app/restore.h"
#include "base/log.h"
#include "base/os.h"
#include "store/sqlite/sq_transfer.h"
#include "store/talk.h"
#include "store/tasks.h"

#define SQL_STEPS 200000 /* of SQLite's machine; a stranger has patience, this has not */
#define KEPT "beside the data"

static char folder[64];
static Buf base, was; /* a backup; the database that a restore would replace */
static const Uuid owner = {{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88, 0x99}};

static const char *in_folder(const char *name)
{
    static char ring[8][160];
    static unsigned at;
    char *out = ring[at++ % 8];
    (void)snprintf(out, sizeof ring[0], "%s/%s", folder, name);
    return out;
}

static void end(void)
{
    buf_release(&base);
    buf_release(&was);
    (void)os_remove_tree(folder, NULL);
}

static void write_file(const char *path, Str data)
{
    FILE *f = fopen(path, "wb");
    REQUIRE(f && fwrite(data.ptr, 1, data.len, f) == data.len && fclose(f) == 0);
}

static void fill(Store *s, Arena *a)
{
    Err err = ERR_INIT;
    for (uint64_t i = 1; i <= 3; i++) {
        Uuid id = fx_uuid(i);
        PutOutcome outcome;
        const DocumentPut *p = fx_doc(a, i, STR("a letter"), fx_text(a, i, 60, 20, 1000));
        REQUIRE(store_document_put(s, &owner, p, &outcome, &id, &err));
    }
}

static void begin(void)
{
    Err err = ERR_INIT;
    (void)snprintf(folder, sizeof folder, "%s/sotto-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(folder) && atexit(end) == 0);
    log_init(LOG_ERROR, "text");
    StoreOptions o = {.dir = in_folder("made"), .model = APP_MODEL};
    Arena *a = arena_new((size_t)64 << 20);
    Store *s = store_open_sqlite(&o, &err);
    REQUIRE(a && s);
    fill(s, a);
    REQUIRE(store_backup(s, in_folder("whole"), &err));
    store_close(s);
    arena_free(a);
    buf_init(&base, (size_t)64 << 20);
    buf_init(&was, (size_t)64 << 20);
    REQUIRE(os_read_file(in_folder("whole"), &base, &err));
    REQUIRE(os_remove_tree(in_folder("made"), &err));
    o.dir = in_folder("data");
    s = store_open_sqlite(&o, &err);
    REQUIRE(s);
    store_close(s);
    REQUIRE(os_read_file(in_folder("data/sotto.db"), &was, &err));
    write_file(in_folder("beside"), STR(KEPT));
}

/* ---- the stranger's file --------------------------------------------------------------------- */

static int too_long(void *steps)
{
    return --*(int *)steps < 0;
}

/* What SQL can do to files other than its own is not what is looked for. */
static int only_its_own(void *arg, int what, const char *a, const char *b, const char *c,
                        const char *d)
{
    (void)arg;
    (void)b;
    (void)c;
    (void)d;
    bool elsewhere = what == SQLITE_PRAGMA && sqlite3_stricmp(a, "temp_store_directory") == 0;
    return what == SQLITE_ATTACH || elsewhere ? SQLITE_DENY : SQLITE_OK;
}

static void run_sql(const char *path, Str sql)
{
    sqlite3 *db;
    int steps = SQL_STEPS / 100;
    char text[4096];
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        sqlite3_progress_handler(db, 100, too_long, &steps);
        sqlite3_set_authorizer(db, only_its_own, NULL);
        sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
        sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
        (void)sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA max_page_count = 4000;"
                               "PRAGMA writable_schema = ON", NULL, NULL, NULL);
        Str line;
        while (str_next(&sql, '\n', &line)) { /* one that fails does not end the rest */
            (void)snprintf(text, sizeof text, STR_FMT, STR_ARG(str_sub(line, 0, sizeof text - 1)));
            (void)sqlite3_exec(db, text, NULL, NULL, NULL);
        }
    }
    sqlite3_close(db);
}

static void patch(Str how, const char *path)
{
    char *p = malloc(base.len);
    REQUIRE(p);
    memcpy(p, base.ptr, base.len);
    while (how.len >= 5) {
        const uint8_t *b = (const uint8_t *)how.ptr;
        size_t at = (size_t)b[0] << 16 | (size_t)b[1] << 8 | b[2], n = b[3];
        how = str_sub(how, 4, how.len);
        n = n < how.len ? n : how.len;
        at %= base.len;
        n = n < base.len - at ? n : base.len - at;
        memcpy(p + at, how.ptr, n);
        how = str_sub(how, n ? n : 1, how.len);
    }
    write_file(path, str_mem(p, base.len));
    free(p);
}

static void make_file(const uint8_t *data, size_t size, const char *path)
{
    Str rest = str_mem((const char *)data + 1, size - 1);
    if (data[0] == 'F') {
        write_file(path, rest);
    } else if (data[0] == 'P') {
        patch(rest, path);
    } else {
        write_file(path, buf_str(&base));
        run_sql(path, rest);
    }
}

/* ---- what it holds --------------------------------------------------------------------------- */

static void said(bool ok, Err *err)
{
    if (!ok)
        require_said(err);
    *err = (Err)ERR_INIT;
}

static void read_documents(Store *s, const Uuid *who, Arena *a)
{
    DocPage page;
    Err err = ERR_INIT;
    bool ok = store_document_list(s, who, NULL, SORT_UPDATED_DESC, 20, STR(""), a, &page, &err);
    for (size_t i = 0; ok && i < page.n; i++) {
        Document d;
        said(store_document_get(s, who, &page.items[i].id, true, a, &d, &err), &err);
    }
    said(ok, &err);
    float vector[VINDEX_DIM] = {1};
    Candidates found;
    KwTerm terms[1] = {{.text = STR("letter"), .weight = 1}};
    CandidateQuery q = {.vector = vector, .terms = terms, .n_terms = 1, .k = 20};
    said(store_candidates(s, who, &q, a, &found, &err), &err);
    StoreStats stats;
    said(store_stats(s, who, a, &stats, &err), &err);
}

static void read_all(Store *s, const Uuid *who, Arena *a)
{
    Err err = ERR_INIT;
    TaskPage tasks;
    FactPage facts;
    Folder *folders;
    size_t n;
    TaskFilter f = TASK_FILTER_ALL;
    FactQuery fq = {.q = STR(""), .limit = 20, .cursor = STR("")};
    read_documents(s, who, a);
    said(store_task_list(s, who, &f, TASK_SORT_DUE, 20, STR(""), a, &tasks, &err), &err);
    said(store_fact_list(s, who, &fq, a, &facts, &err), &err);
    said(store_folder_list(s, who, a, &folders, &n, &err), &err);
}

/* As restore_far: person by person into another store. */
static void move_all(const char *from, const Uuid *who, size_t n, Arena *a)
{
    Err err = ERR_INIT;
    StoreOptions o = {.dir = in_folder("other"), .model = APP_MODEL};
    REQUIRE(os_remove_tree(o.dir, &err));
    Store *to = store_open_sqlite(&o, &err);
    REQUIRE(to);
    for (size_t i = 0; i < n && i < 4; i++) {
        SqTransfer t = {.from = from, .owner = &who[i]};
        uint64_t rows;
        bool ok = sq_transfer_shift(to, t.owner, &t.shift, &err) &&
                  sq_transfer(to, &t, &rows, &err) && sq_transfer_verify(to, &t, &rows, &err);
        said(ok, &err);
        read_documents(to, &who[i], a);
    }
    store_close(to);
}

static void use(Arena *a)
{
    Err err = ERR_INIT;
    StoreOptions o = {.dir = in_folder("data"), .model = APP_MODEL};
    Uuid *who = NULL;
    size_t n = 0;
    Store *s = store_open_sqlite(&o, &err);
    REQUIRE(s); /* restore_run had it open */
    said(sq_transfer_owners(in_folder("data/sotto.db"), a, &who, &n, &err), &err);
    for (size_t i = 0; i < n && i < 4; i++)
        read_all(s, &who[i], a);
    store_close(s);
    move_all(in_folder("data/sotto.db"), who, n, a);
}

static void untouched(const char *path, Str content)
{
    Buf now;
    Err err = ERR_INIT;
    buf_init(&now, (size_t)64 << 20);
    REQUIRE(os_read_file(path, &now, &err) && str_eq(buf_str(&now), content));
    buf_release(&now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    if (size < 2 || size > (1 << 20))
        return 0;
    if (!folder[0])
        begin();
    REQUIRE(os_remove_tree(in_folder("data"), &err) && os_mkdirs(in_folder("data"), 0700, &err));
    write_file(in_folder("data/sotto.db"), buf_str(&was));
    make_file(data, size, in_folder("file"));
    Arena *a = arena_new((size_t)256 << 20);
    REQUIRE(a);
    if (restore_run(in_folder("file"), in_folder("data"), a, &err)) {
        use(a);
    } else {
        require_said(&err);
        untouched(in_folder("data/sotto.db"), buf_str(&was));
    }
    untouched(in_folder("beside"), STR(KEPT));
    REQUIRE(!os_exists(in_folder("data/restore.new")));
    arena_free(a);
    return 0;
}
