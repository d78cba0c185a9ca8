/* assets.c - see assets.h. */
#include "api/assets.h"

const Asset *asset_find(Str name)
{
    for (size_t i = 0; i < assets_count; i++)
        if (str_eq(name, str_of(assets_table[i].name)))
            return &assets_table[i];
    return NULL;
}
