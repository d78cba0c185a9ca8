/* charset.c - from any character set to UTF-8; the one file that knows uchardet and iconv.
 *
 *   byte order mark > UTF-16 by its zero bytes > valid UTF-8 > nearly valid UTF-8 > EBCDIC by its
 *   letters > declared name > uchardet > Windows-1252
 *
 * Every converter is opened by charset_preload in the zygote: glibc loads a converter's tables from
 * files, which the confined child cannot open. */
#include <errno.h>
#include <iconv.h>
#include <uchardet.h>

#include "base/os.h"
#include "base/utf8.h"
#include "ingest/extract.h"

/* glibc names of the sets that uchardet reports or that web pages declare. */
static const char *const names[] = {"WINDOWS-1252",
                                    "WINDOWS-1250",
                                    "WINDOWS-1251",
                                    "WINDOWS-1253",
                                    "WINDOWS-1254",
                                    "WINDOWS-1255",
                                    "WINDOWS-1256",
                                    "WINDOWS-1257",
                                    "WINDOWS-1258",
                                    "ISO-8859-2",
                                    "ISO-8859-3",
                                    "ISO-8859-4",
                                    "ISO-8859-5",
                                    "ISO-8859-6",
                                    "ISO-8859-7",
                                    "ISO-8859-8",
                                    "ISO-8859-10",
                                    "ISO-8859-11",
                                    "ISO-8859-13",
                                    "ISO-8859-14",
                                    "ISO-8859-15",
                                    "ISO-8859-16",
                                    "KOI8-R",
                                    "KOI8-U",
                                    "IBM437",
                                    "IBM850",
                                    "IBM852",
                                    "IBM855",
                                    "IBM862",
                                    "IBM865",
                                    "IBM866",
                                    "CP500",
                                    "MACINTOSH",
                                    "MAC-CYRILLIC",
                                    "MAC-CENTRALEUROPE",
                                    "TIS-620",
                                    "VISCII",
                                    "GEORGIAN-ACADEMY",
                                    "JOHAB",
                                    "GB18030",
                                    "BIG5-HKSCS",
                                    "EUC-TW",
                                    "EUC-JP",
                                    "CP932",
                                    "ISO-2022-JP",
                                    "ISO-2022-KR",
                                    "ISO-2022-CN",
                                    "UHC"};
#define NAMES (sizeof names / sizeof *names)

/* The web's and uchardet's names for those (the Encoding standard's labels that differ). */
static const struct {
    const char *alias, *name;
} aliases[] = {{"ISO-8859-1", "WINDOWS-1252"},
               {"LATIN1", "WINDOWS-1252"},
               {"US-ASCII", "WINDOWS-1252"},
               {"ASCII", "WINDOWS-1252"},
               {"ISO8859-1", "WINDOWS-1252"},
               {"CP1252", "WINDOWS-1252"},
               {"ISO-8859-9", "WINDOWS-1254"},
               {"LATIN2", "ISO-8859-2"},
               {"LATIN-9", "ISO-8859-15"},
               {"GB2312", "GB18030"},
               {"GBK", "GB18030"},
               {"HZ-GB-2312", "GB18030"},
               {"GB_2312-80", "GB18030"},
               {"BIG5", "BIG5-HKSCS"},
               {"SHIFT_JIS", "CP932"},
               {"SHIFT-JIS", "CP932"},
               {"SJIS", "CP932"},
               {"WINDOWS-31J", "CP932"},
               {"EUC-KR", "UHC"},
               {"CP949", "UHC"},
               {"KS_C_5601-1987", "UHC"},
               {"WINDOWS-874", "TIS-620"},
               {"CP1251", "WINDOWS-1251"},
               {"CP1250", "WINDOWS-1250"},
               {"CP866", "IBM866"},
               {"CP850", "IBM850"},
               {"MAC", "MACINTOSH"},
               {"EBCDIC-INT", "CP500"}};

static struct {
    bool loaded, wanted;
    iconv_t converter[NAMES];
    iconv_t held[16]; /* stay open as long as the process lives */
    size_t n_held;
    __typeof__(&uchardet_new) make;
    __typeof__(&uchardet_delete) drop;
    __typeof__(&uchardet_handle_data) feed;
    __typeof__(&uchardet_data_end) end;
    __typeof__(&uchardet_get_charset) result;
} tables;

bool charset_preload(Err *err)
{
    if (tables.loaded)
        return true;
    void *lib = os_dlopen((const char *const[]){"libuchardet.so.0", NULL}, "libuchardet0", err);
    if (!lib || !os_sym(lib, "uchardet_new", &tables.make, err) ||
        !os_sym(lib, "uchardet_delete", &tables.drop, err) ||
        !os_sym(lib, "uchardet_handle_data", &tables.feed, err) ||
        !os_sym(lib, "uchardet_data_end", &tables.end, err) ||
        !os_sym(lib, "uchardet_get_charset", &tables.result, err))
        return false;
    /* One that this system does not have stays out: its texts are read by the next rule. */
    for (size_t i = 0; i < NAMES; i++)
        tables.converter[i] = iconv_open("UTF-8", names[i]);
    tables.loaded = true;
    return true;
}

void charset_hold(const char *name)
{
    if (tables.n_held + 2 > sizeof tables.held / sizeof *tables.held)
        return;
    tables.held[tables.n_held++] = iconv_open("UTF-8", name);
    tables.held[tables.n_held++] = iconv_open(name, "UTF-8");
}

bool charset_wanted(void)
{
    return tables.wanted && !tables.loaded;
}

static iconv_t find_converter(Str name)
{
    if (name.len > 2 && (name.ptr[0] == 'x' || name.ptr[0] == 'X') && name.ptr[1] == '-')
        name = str_sub(name, 2, name.len);
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (str_eq_nocase(name, str_of(aliases[i].alias)))
            name = str_of(aliases[i].name);
    for (size_t i = 0; i < NAMES; i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return tables.converter[i];
    return (iconv_t)-1;
}

/* Converts everything; counts what could not be and was replaced. */
static bool convert(iconv_t cd, Str data, Buf *out, size_t *broken)
{
    char *in = (char *)(uintptr_t)data.ptr;
    size_t left = data.len;
    *broken = 0;
    (void)iconv(cd, NULL, NULL, NULL, NULL);
    while (left > 0) {
        size_t want = out->max - out->len < 65536 ? out->max - out->len : 65536;
        char *to = want >= 8 ? buf_reserve(out, want) : NULL;
        if (!to) {
            out->failed = true;
            return false;
        }
        size_t room = want;
        size_t n = iconv(cd, &in, &left, &to, &room);
        int errnum = errno;
        buf_grew(out, want - room);
        if (n == (size_t)-1 && errnum != E2BIG) {
            (void)buf_add_c(out, "\xEF\xBF\xBD");
            (*broken)++;
            in++;
            left--;
        }
    }
    return buf_ok(out);
}

/* ---- Unicode in 16 and 32 bits -------------------------------------------------------------- */

static uint32_t unit_at(Str s, size_t at, size_t width, bool big)
{
    uint32_t v = 0;
    for (size_t i = 0; i < width; i++)
        v |= (uint32_t)(unsigned char)s.ptr[at + i] << 8 * (big ? width - 1 - i : i);
    return v;
}

static bool decode_wide(Str s, size_t width, bool big, Buf *out)
{
    for (size_t at = 0; at + width <= s.len; at += width) {
        uint32_t c = unit_at(s, at, width, big);
        if (width == 2 && c >= 0xD800 && c <= 0xDBFF && at + 4 <= s.len) {
            uint32_t low = unit_at(s, at + 2, 2, big);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        char bytes[4];
        size_t n = utf8_put(c, bytes);
        (void)(n ? buf_add_mem(out, bytes, n) : buf_add_c(out, "\xEF\xBF\xBD"));
    }
    return buf_ok(out);
}

static bool by_byte_order_mark(Str s, Buf *out, bool *ok)
{
    if (str_starts(s, STR("\xEF\xBB\xBF")))
        *ok = utf8_append_lossy(out, str_sub(s, 3, s.len));
    else if (str_starts(s, str_mem("\xFF\xFE\0\0", 4)))
        *ok = decode_wide(str_sub(s, 4, s.len), 4, false, out);
    else if (str_starts(s, str_mem("\0\0\xFE\xFF", 4)))
        *ok = decode_wide(str_sub(s, 4, s.len), 4, true, out);
    else if (str_starts(s, STR("\xFF\xFE")))
        *ok = decode_wide(str_sub(s, 2, s.len), 2, false, out);
    else if (str_starts(s, STR("\xFE\xFF")))
        *ok = decode_wide(str_sub(s, 2, s.len), 2, true, out);
    else
        return false;
    return true;
}

/* ---- what the bytes look like --------------------------------------------------------------- */

typedef struct {
    size_t n, even_zero, odd_zero, control, high;
    size_t ebcdic, ebcdic_space;
} Look;

static Look look_at(Str s)
{
    Look l = {.n = s.len < 65536 ? s.len : 65536};
    for (size_t i = 0; i < l.n; i++) {
        unsigned char c = (unsigned char)s.ptr[i], low = c & 0x0F;
        if (c == 0)
            (*(i % 2 ? &l.odd_zero : &l.even_zero))++;
        l.control += c < 0x20 && !(c >= '\t' && c <= '\r') && c != 0x1B && c != '\b';
        l.high += c >= 0x80;
        l.ebcdic_space += c == 0x40;
        l.ebcdic += c == 0x40 || c == 0x15 || c == 0x25 || c == 0x0D || c == 0x4B || c == 0x6B ||
                    (c >= 0x81 && low >= 1 && low <= 9 && c < 0xEA) || c >= 0xF0;
    }
    return l;
}

static bool refuse(Err *err)
{
    return err_set(err, ERR_UNSUPPORTED_MEDIA,
        "this is not text: it holds binary data that no reader knows");
}

/* A character that the end of the file cut off after its second byte or later. */
static bool is_cut_off(Str tail)
{
    for (size_t i = 1; i < tail.len; i++)
        if (((unsigned char)tail.ptr[i] & 0xC0) != 0x80)
            return false;
    return tail.len >= 2 && tail.len <= 3 && (unsigned char)tail.ptr[0] >= 0xE0;
}

/* Mostly right UTF-8 with a few broken bytes (a log, a truncated file) is still UTF-8. */
static bool is_nearly_utf8(Str s)
{
    size_t good = 0, bad = 0;
    for (size_t at = 0; at < s.len && at < 1u << 20;) {
        bool ascii = (unsigned char)s.ptr[at] < 0x80;
        bool ok = utf8_next(s, &at) != UTF8_INVALID;
        good += ok && !ascii;
        bad += !ok;
    }
    return good >= bad * 10 || is_cut_off(str_sub(s, utf8_valid_len(s), s.len));
}

static Str detect(Str s)
{
    static char name[64];
    uchardet_t d = tables.make();
    name[0] = '\0';
    if (d) {
        if (tables.feed(d, s.ptr, s.len < 262144 ? s.len : 262144) == 0) {
            tables.end(d);
            const char *found = tables.result(d);
            size_t n = strlen(found);
            memcpy(name, found, n < sizeof name ? n + 1 : 0);
            name[sizeof name - 1] = '\0';
        }
        tables.drop(d);
    }
    return str_of(name);
}

/* By a converter, with no more than one byte in a hundred replaced. */
static bool by_name(Str name, Str data, Buf *out)
{
    iconv_t cd = find_converter(name);
    size_t broken;
    if (cd == (iconv_t)-1)
        return false;
    if (!convert(cd, data, out, &broken))
        return true; /* the ceiling: reported by the caller's check */
    if (broken * 100 <= data.len)
        return true;
    buf_clear(out);
    return false;
}

static bool by_tables(Str data, Str declared, const Look *look, Buf *out, Err *err)
{
    if (!tables.loaded) {
        tables.wanted = true;
        return err_set(err, ERR_UNAVAILABLE, "the tables of character sets are not loaded");
    }
    bool ebcdic = look->ebcdic * 100 > look->n * 90 && look->ebcdic_space * 20 > look->n;
    if (ebcdic && by_name(STR("CP500"), data, out))
        return buf_check(out, "the text in this file", err);
    if (look->control * 50 > look->n + 100)
        return refuse(err);
    if ((declared.len && by_name(declared, data, out)) || by_name(detect(data), data, out) ||
        by_name(STR("WINDOWS-1252"), data, out))
        return buf_check(out, "the text in this file", err);
    return refuse(err);
}

static bool decode(Str data, Str declared, Buf *out, Err *err)
{
    bool ok;
    if (by_byte_order_mark(data, out, &ok))
        return buf_check(out, "the text in this file", err);
    Look l = look_at(data);
    size_t half = l.n / 2 ? l.n / 2 : 1;
    if ((l.odd_zero + l.even_zero) * 200 > l.n) { /* fewer are accidents in a text */
        /* UTF-16 without a mark: Latin text has a zero in every second byte, and nowhere else. */
        bool little = l.odd_zero * 10 > half * 4 && l.even_zero * 50 < half;
        bool big = l.even_zero * 10 > half * 4 && l.odd_zero * 50 < half;
        if (!little && !big)
            return refuse(err);
        (void)decode_wide(data, 2, big, out);
        return buf_check(out, "the text in this file", err);
    }
    /* The 7-bit sets of East Asia are valid UTF-8 to the letter. */
    bool shifts =
        str_find(data, STR("\x1B$"), 0) != SIZE_MAX || str_find(data, STR("\x1B("), 0) != SIZE_MAX;
    if (utf8_ok(data) && !shifts) {
        if (l.control * 50 > l.n + 100)
            return refuse(err);
        (void)buf_add(out, data);
        return buf_check(out, "the text in this file", err);
    }
    if (!shifts && l.control * 50 <= l.n + 100 && is_nearly_utf8(data)) {
        (void)utf8_append_lossy(out, data);
        return buf_check(out, "the text in this file", err);
    }
    return by_tables(data, declared, &l, out, err);
}

bool charset_convert(Str set, Str data, Buf *out)
{
    size_t broken;
    if (str_eq_nocase(set, STR("UTF-8")) || str_eq_nocase(set, STR("UTF8"))) {
        (void)utf8_append_lossy(out, data);
        return true;
    }
    iconv_t cd = find_converter(set);
    if (cd == (iconv_t)-1)
        return false;
    (void)convert(cd, data, out, &broken);
    return true;
}

bool charset_to_utf8(Str data, Str declared, Buf *out, Err *err)
{
    if (!decode(data, declared, out, err))
        return false;
    char *zero = out->len ? memchr(out->ptr, '\0', out->len) : NULL;
    if (zero) {
        size_t to = (size_t)(zero - out->ptr);
        for (size_t i = to; i < out->len; i++)
            if (out->ptr[i] != '\0')
                out->ptr[to++] = out->ptr[i];
        buf_cut(out, to);
    }
    return true;
}
