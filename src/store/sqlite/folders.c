/* folders.c - watched folders. */
#include "store/sqlite/sq.h"

#include "base/json.h"

typedef struct {
    SqWrite w; /* first */
    const Folder *f;
    const Uuid *id;
    Str include, exclude;
    Str below, after; /* sources in it: below <= source < after */
} FolderWrite;

/* A folder that is watched again takes over what it offered before, when it had another id. */
static bool adopt(SqConn *c, int64_t owner_no, const FolderWrite *f, Err *err)
{
    static const char sql[] =
        "UPDATE ledger SET folder = ?2 WHERE owner_no = ?1 AND source >= ?3 AND source < ?4 "
        "AND folder IS NOT NULL AND folder <> ?2 "
        "AND folder NOT IN (SELECT uuid FROM folders WHERE owner_no = ?1)";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_blob(&q, f->f->id.b, sizeof f->f->id.b);
    sq_text(&q, f->below);
    sq_text(&q, f->after);
    return sq_run(&q, err);
}

static bool apply_folder(Sqlite *s, SqWrite *w, Err *err)
{
    static const char twin[] =
        "SELECT 1 FROM folders WHERE owner_no = ?1 AND path = ?2 AND uuid <> ?3";
    static const char sql[] =
        "INSERT INTO folders (owner_no, uuid, path, include, exclude, created_at, keep, paused,"
        " watch, synced_at, device, inode) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
        "ON CONFLICT (owner_no, uuid) DO UPDATE SET "
        "path = excluded.path, include = excluded.include, exclude = excluded.exclude,"
        " keep = excluded.keep, paused = excluded.paused, watch = excluded.watch,"
        " synced_at = excluded.synced_at, device = excluded.device, inode = excluded.inode";
    FolderWrite *f = (FolderWrite *)w;
    Sq q;
    int rc = -1;
    if (sq_begin(&q, s->writer.conn, twin, err)) {
        sq_i64(&q, w->owner->no);
        sq_text(&q, f->f->path);
        sq_blob(&q, f->f->id.b, sizeof f->f->id.b);
        rc = sq_step(&q, err);
    }
    sq_end(&q);
    if (rc > 0)
        return err_set(err, ERR_CONFLICT, "the folder is watched already");
    if (rc < 0 || !sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, f->f->id.b, sizeof f->f->id.b);
    sq_text(&q, f->f->path);
    sq_text(&q, f->include);
    sq_text(&q, f->exclude);
    sq_i64(&q, f->f->created_at);
    sq_i64(&q, f->f->keep);
    sq_i64(&q, f->f->paused);
    sq_i64(&q, (int64_t)f->f->watch);
    sq_i64(&q, f->f->synced_at);
    sq_i64(&q, (int64_t)f->f->device);
    sq_i64(&q, (int64_t)f->f->inode);
    return sq_run(&q, err) && adopt(s->writer.conn, w->owner->no, f, err);
}

static void write_patterns(Buf *out, const Str *p, size_t n)
{
    JsonW w;
    jw_init(&w, out);
    jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        jw_str(&w, p[i]);
    jw_arr_end(&w);
}

bool sq_folder_put(Store *store, const Uuid *owner, const Folder *f, Err *err)
{
    Sqlite *s = sq_of(store);
    FolderWrite fw = {.w = {.apply = apply_folder}, .f = f};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    Buf include, exclude, below, after;
    buf_init(&below, 1 << 20);
    buf_init(&after, 1 << 20);
    Str path = f->path;
    while (path.len && path.ptr[path.len - 1] == '/')
        path.len--;
    buf_printf(&below, STR_FMT "/", STR_ARG(path));
    buf_printf(&after, STR_FMT "0", STR_ARG(path)); /* the character after '/' */
    fw.below = buf_str(&below);
    fw.after = buf_str(&after);
    buf_init(&include, 16 << 20);
    buf_init(&exclude, 16 << 20);
    write_patterns(&include, f->include, f->n_include);
    write_patterns(&exclude, f->exclude, f->n_exclude);
    fw.include = buf_str(&include);
    fw.exclude = buf_str(&exclude);
    bool ok = buf_check(&include, "the patterns", err) && buf_check(&exclude, "the patterns", err)
        && buf_check(&below, "the path", err) && buf_check(&after, "the path", err);
    ok = ok && (fw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &fw.w, err);
    buf_release(&include);
    buf_release(&exclude);
    buf_release(&below);
    buf_release(&after);
    return ok;
}

static bool read_patterns(Str json, Arena *a, Str **out, size_t *n, Err *err)
{
    Json *j = json_parse(json, 4, err);
    if (!j)
        return false;
    bool ok = json_type(j) == JSON_T_ARRAY;
    if (!ok)
        err_set(err, ERR_CORRUPT, "a folder's patterns are no list");
    size_t count = json_count(j);
    Str *items = ARENA_NEW_ARRAY(a, Str, count + 1);
    if (!items)
        ok = err_set(err, ERR_NO_MEMORY, "reading folders: out of memory");
    for (size_t i = 0; ok && i < count; i++) {
        items[i] = arena_str(a, json_str(json_at(j, i)));
        ok = items[i].ptr || err_set(err, ERR_NO_MEMORY, "reading folders: out of memory");
    }
    json_free(j);
    *out = items;
    *n = count;
    return ok;
}

static bool read_folder(Sq *q, Arena *a, void *row, Err *err)
{
    Folder f = {0};
    if (!sq_col_bytes(q, 0, f.id.b, sizeof f.id.b, "a folder's id", err)
        || !sq_col_copy(q, 1, a, &f.path, err)
        || !read_patterns(sq_col_str(q, 2), a, &f.include, &f.n_include, err)
        || !read_patterns(sq_col_str(q, 3), a, &f.exclude, &f.n_exclude, err))
        return false;
    f.created_at = sq_col_i64(q, 4);
    f.keep = sq_col_i64(q, 5) != 0;
    f.paused = sq_col_i64(q, 6) != 0;
    int64_t watch = sq_col_i64(q, 7);
    f.watch = watch == FOLDER_NOTIFY || watch == FOLDER_POLL ? (FolderWatch)watch : FOLDER_AUTO;
    f.synced_at = sq_col_i64(q, 8);
    f.device = (uint64_t)sq_col_i64(q, 9);
    f.inode = (uint64_t)sq_col_i64(q, 10);
    *(Folder *)row = f;
    return true;
}

static bool list_folders(SqConn *c, const SqOwner *o, Arena *a, Folder **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT uuid, path, include, exclude, created_at, keep, paused, watch, synced_at, device,"
        " inode FROM folders WHERE owner_no = ?1 ORDER BY path";
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, o->no);
    return sq_list(&q, a, read_folder, sizeof **out, out, n, err);
}

bool sq_folder_list(Store *store, const Uuid *owner, Arena *a, Folder **out, size_t *n, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    if (!o) {
        *out = NULL;
        *n = 0;
        return true;
    }
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    bool ok = list_folders(c, o, a, out, n, err);
    sq_read_end(s, c);
    return ok;
}

static bool apply_folder_delete(Sqlite *s, SqWrite *w, Err *err)
{
    static const char sql[] = "DELETE FROM folders WHERE owner_no = ?1 AND uuid = ?2";
    FolderWrite *f = (FolderWrite *)w;
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, w->owner->no);
    sq_blob(&q, f->id->b, sizeof f->id->b);
    if (!sq_run(&q, err))
        return false;
    return sqlite3_changes(s->writer.conn->db) > 0
        || err_set(err, ERR_NOT_FOUND, "there is no such folder");
}

bool sq_folder_delete(Store *store, const Uuid *owner, const Uuid *id, Err *err)
{
    Sqlite *s = sq_of(store);
    FolderWrite f = {.w = {.apply = apply_folder_delete, .owner = sq_owner(s, owner)}, .id = id};
    if (!f.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such folder");
    return sq_write(s, &f.w, err);
}
