/* settings.c - see settings.h. */
#include "store/settings.h"

#include "base/utf8.h"
#include "store/store_ops.h"

bool store_setting_list(Store *s, const Uuid *owner, Arena *a, StoredSetting **out, size_t *n,
    Err *err)
{
    return s->ops->setting_list(s, owner, a, out, n, err);
}

bool store_setting_put(Store *s, const Uuid *owner, const StoredSetting *list, size_t n, Err *err)
{
    for (size_t i = 0; i < n; i++) {
        Str value = list[i].value;
        if (!list[i].name.len || list[i].name.len > STORE_MAX_WORD)
            return err_set(err, ERR_VALIDATION, "a setting has a name of 1 to %u bytes",
                STORE_MAX_WORD);
        if (value.len > STORE_SETTING_BYTES)
            return err_set(err, ERR_VALIDATION, "a setting's value has at most %u bytes",
                STORE_SETTING_BYTES);
        if (value.ptr && !utf8_ok(value))
            return err_set(err, ERR_VALIDATION, "a setting's value is UTF-8");
    }
    return n == 0 || s->ops->setting_put(s, owner, list, n, err);
}
