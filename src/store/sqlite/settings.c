/* settings.c - settings that were changed while the program runs. */
#include "store/settings.h"

#include "base/clock.h"
#include "store/sqlite/sq.h"

typedef struct {
    SqWrite w; /* first */
    const StoredSetting *list;
    size_t n;
} SettingWrite;

static bool read_setting(Sq *q, Arena *a, void *row, Err *err)
{
    StoredSetting *x = row;
    return sq_col_copy(q, 0, a, &x->name, err) && sq_col_copy(q, 1, a, &x->value, err);
}

bool sq_setting_list(Store *store, const Uuid *owner, Arena *a, StoredSetting **out, size_t *n,
    Err *err)
{
    static const char sql[] =
        "SELECT name, value FROM settings WHERE owner_no = ?1 ORDER BY name LIMIT ?2";
    SqOwned r;
    *out = NULL;
    *n = 0;
    if (!sq_owned_begin(&r, store, owner, sql, err))
        return r.nobody;
    sq_i64(&r.q, STORE_SETTINGS_MAX);
    return sq_owned_list(&r, a, read_setting, sizeof **out, out, n, err);
}

static bool put_one(Sqlite *s, int64_t owner_no, const StoredSetting *x, Err *err)
{
    static const char put[] = "INSERT OR REPLACE INTO settings (owner_no, name, value, changed_at) "
                              "VALUES (?1, ?2, ?3, ?4)",
                      drop[] = "DELETE FROM settings WHERE owner_no = ?1 AND name = ?2";
    Sq q;
    if (!sq_begin(&q, s->writer.conn, x->value.ptr ? put : drop, err))
        return false;
    sq_i64(&q, owner_no);
    sq_text(&q, x->name);
    if (x->value.ptr) {
        sq_text(&q, x->value);
        sq_i64(&q, clock_now_ms());
    }
    return sq_run(&q, err);
}

static bool apply(Sqlite *s, SqWrite *w, Err *err)
{
    const SettingWrite *sw = (SettingWrite *)w;
    for (size_t i = 0; i < sw->n; i++)
        if (!put_one(s, w->owner->no, &sw->list[i], err))
            return false;
    return true;
}

bool sq_setting_put(Store *store, const Uuid *owner, const StoredSetting *list, size_t n, Err *err)
{
    Sqlite *s = sq_of(store);
    SettingWrite sw = {.w = {.apply = apply}, .list = list, .n = n};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    return (sw.w.owner = sq_owner_make(s, owner, err)) && sq_write(s, &sw.w, err);
}
