#include "text/letters.h"

/* Blocks where upper and lower case alternate, upper first on an even code point, or on an odd
 * one. */
static bool alternating(uint32_t c, uint32_t *parity)
{
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) || (c >= 0x1DE && c <= 0x1EF) ||
        (c >= 0x1F8 && c <= 0x21F) || (c >= 0x222 && c <= 0x233) || (c >= 0x460 && c <= 0x481) ||
        (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F) || (c >= 0x1E00 && c <= 0x1E95) ||
        (c >= 0x1EA0 && c <= 0x1EFF)) {
        *parity = 0;
        return true;
    }
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) {
        *parity = 1;
        return true;
    }
    return false;
}

bool letter_is_upper(uint32_t c)
{
    uint32_t parity;
    if (c < 0x80)
        return c >= 'A' && c <= 'Z';
    if (alternating(c, &parity))
        return c % 2 == parity;
    return (c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x386 && c <= 0x3AB && c != 0x390) ||
           (c >= 0x400 && c <= 0x42F) || c == 0x178 || c == 0x1E9E;
}

bool letter_is_lower(uint32_t c)
{
    uint32_t parity;
    if (c < 0x80)
        return c >= 'a' && c <= 'z';
    if (alternating(c, &parity))
        return c % 2 != parity;
    return (c >= 0xDF && c <= 0xFF && c != 0xF7) || c == 0x390 || (c >= 0x3AC && c <= 0x3CE) ||
           (c >= 0x430 && c <= 0x45F);
}

uint32_t letter_lower(uint32_t c)
{
    if (!letter_is_upper(c))
        return c;
    if (c < 0x80 || (c >= 0xC0 && c <= 0xDE) || (c >= 0x391 && c <= 0x3AB) ||
        (c >= 0x410 && c <= 0x42F))
        return c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    switch (c) {
    case 0x130: return 'i';
    case 0x178: return 0xFF;
    case 0x1E9E: return 0xDF;
    case 0x386: return 0x3AC;
    case 0x388: case 0x389: case 0x38A: return c + 37;
    case 0x38C: return 0x3CC;
    case 0x38E: case 0x38F: return c + 63;
    default: break;
    }
    return letter_is_lower(c + 1) ? c + 1 : c;
}

bool letter_is_unspaced(uint32_t c)
{
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0xFF66 && c <= 0xFF9D) || (c >= 0x0E00 && c <= 0x0EFF) ||
           (c >= 0x1780 && c <= 0x17FF) || (c >= 0x20000 && c <= 0x3FFFF);
}

bool letter_is_word(uint32_t c)
{
    if (c < 0x80)
        return (c | 32) - 'a' < 26 || letter_is_digit(c);
    if (c == UTF8_INVALID || c == 0xFFFD || letter_is_space(c))
        return false;
    if (c < 0xC0)
        return c == 0xAA || c == 0xB5 || c == 0xBA;
    return c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c <= 0x2BFF) &&
           !(c >= 0x2E00 && c <= 0x2E7F) && !(c >= 0x3000 && c <= 0x3004) &&
           !(c >= 0x3008 && c <= 0x3020) && !(c >= 0xE000 && c <= 0xF8FF) &&
           !(c >= 0xFE10 && c <= 0xFE6F) && !(c >= 0xFF01 && c <= 0xFF0F) &&
           !(c >= 0xFF1A && c <= 0xFF20) && !(c >= 0xFF3B && c <= 0xFF40) &&
           !(c >= 0xFF5B && c <= 0xFF65) && !(c >= 0x1F000 && c <= 0x1FAFF);
}

bool letters_lower(Buf *out, Str s)
{
    for (size_t at = 0; at < s.len;) {
        uint32_t c = utf8_next(s, &at);
        (void)utf8_append(out, c == UTF8_INVALID ? 0xFFFD : letter_lower(c));
    }
    return buf_ok(out);
}

Str letters_trim(Str s)
{
    size_t start = 0, end = s.len;
    for (size_t at = 0; at < s.len; start = at)
        if (!letter_is_space(utf8_next(s, &at)))
            break;
    while (end > start) {
        size_t last = utf8_floor(s, end - 1), at = last;
        if (!letter_is_space(utf8_next(s, &at)))
            break;
        end = last;
    }
    return str_sub(s, start, end);
}

bool letters_squeeze(Buf *out, Str s)
{
    bool gap = false, any = false;
    for (size_t at = 0; at < s.len;) {
        size_t from = at;
        uint32_t c = utf8_next(s, &at);
        if (letter_is_space(c)) {
            gap = any;
            continue;
        }
        if (gap)
            (void)buf_add_char(out, ' ');
        (void)buf_add(out, str_sub(s, from, at));
        gap = false;
        any = true;
    }
    return buf_ok(out);
}

Str letters_cut(Str s, size_t max)
{
    if (s.len <= max)
        return s;
    size_t end = utf8_floor(s, max), at = end;
    while (at > max / 2 && s.ptr[at] != ' ' && s.ptr[at] != '\n')
        at--;
    if (at > max / 2)
        end = at;
    return letters_trim(str_sub(s, 0, end));
}
