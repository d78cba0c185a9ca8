/* assets.c - see assets.h. */
#include "api/assets.h"

const Asset *asset_find(Str name)
{
    for (size_t i = 0; i < assets_count; i++)
        if (str_eq(name, str_of(assets_table[i].name)))
            return &assets_table[i];
    return NULL;
}

/* "gzip;q=0.5" into its name and whether its weight is more than nothing. */
static Str coding_name(Str one, bool *allowed)
{
    Str rest = one, name, part;
    *allowed = true;
    str_next(&rest, ';', &name);
    while (str_next(&rest, ';', &part)) {
        part = str_trim(part);
        if (part.len < 2 || (part.ptr[0] | 0x20) != 'q' || part.ptr[1] != '=')
            continue;
        *allowed = false;
        for (size_t i = 2; i < part.len; i++)
            *allowed |= part.ptr[i] >= '1' && part.ptr[i] <= '9';
    }
    return str_trim(name);
}

AssetCoding asset_coding(const Asset *asset, Str accept_encoding)
{
    int brotli = -1, gzip = -1, any = 0; /* -1: not named */
    Str rest = accept_encoding, one;
    while (accept_encoding.ptr && str_next(&rest, ',', &one)) {
        bool allowed;
        Str name = coding_name(one, &allowed);
        if (str_eq_nocase(name, STR("br")))
            brotli = allowed;
        else if (str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip")))
            gzip = allowed;
        else if (str_eq(name, STR("*")))
            any = allowed;
    }
    if (asset->brotli && (brotli == -1 ? any : brotli))
        return ASSET_BROTLI;
    if (asset->gzip && (gzip == -1 ? any : gzip))
        return ASSET_GZIP;
    return ASSET_PLAIN;
}
