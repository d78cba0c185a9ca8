/* accept.c - see accept.h. */
#include "net/accept.h"

/* Thousandths; "0.8" is 800, malformed counts as 0. */
static int quality(Str q)
{
    if (q.len == 0 || q.len > 5 || (q.ptr[0] != '0' && q.ptr[0] != '1'))
        return 0;
    int value = (q.ptr[0] - '0') * 1000, scale = 100;
    if (q.len > 1 && q.ptr[1] != '.')
        return 0;
    for (size_t i = 2; i < q.len; i++) {
        if (q.ptr[i] < '0' || q.ptr[i] > '9')
            return 0;
        value += (q.ptr[i] - '0') * scale;
        scale /= 10;
    }
    return value > 1000 ? 0 : value;
}

/* How exactly a range names the type: 3 the type, 2 "type/ *", 1 "* / *", 0 not at all. */
static int specificity(Str range, Str type)
{
    if (str_eq(range, STR("*/*")))
        return 1;
    if (str_eq_nocase(range, type))
        return 3;
    if (str_ends(range, STR("/*")) && type.len >= range.len - 1 &&
        str_eq_nocase(str_sub(range, 0, range.len - 1), str_sub(type, 0, range.len - 1)))
        return 2;
    return 0;
}

static int quality_of(Str header, Str type)
{
    int best = 0, value = 0;
    Str part;
    while (str_next(&header, ',', &part)) {
        Str params = part, range, param;
        str_next(&params, ';', &range);
        int fit = specificity(str_trim(range), type);
        if (fit <= best)
            continue;
        int q = 1000;
        while (str_next(&params, ';', &param)) {
            param = str_trim(param);
            if (param.len > 2 && (param.ptr[0] == 'q' || param.ptr[0] == 'Q') &&
                param.ptr[1] == '=')
                q = quality(str_sub(param, 2, param.len));
        }
        best = fit;
        value = q;
    }
    return value;
}

int accept_choose(Str header, const char *const *offers, size_t count)
{
    if (str_trim(header).len == 0)
        return count ? 0 : -1;
    int chosen = -1, best = 0;
    for (size_t i = 0; i < count; i++) {
        int q = quality_of(header, str_of(offers[i]));
        if (q > best) {
            best = q;
            chosen = (int)i;
        }
    }
    return chosen;
}
