/* settings.h - settings that were changed while the program runs: names and values as text. What a
 * name means is not known here. Threads: as store.h. */
#ifndef SOTTO_STORE_SETTINGS_H
#define SOTTO_STORE_SETTINGS_H

#include "store/store.h"

#define STORE_SETTINGS_MAX 200u     /* of a person */
#define STORE_SETTING_BYTES 4096u   /* of a value */

typedef struct {
    Str name, value;
} StoredSetting;

/* By name. */
bool store_setting_list(Store *s, const Uuid *owner, Arena *a, StoredSetting **out, size_t *n,
    Err *err);
/* All or none; a value with ptr NULL is taken away. ERR_VALIDATION for what is too long or no
 * UTF-8. */
bool store_setting_put(Store *s, const Uuid *owner, const StoredSetting *list, size_t n, Err *err);

#endif
