/* email_text.c - what mails do with words: flowed lines, and two forms of the same text. */
#include <stdlib.h>

#include "base/mem.h"
#include "ingest/read_email.h"
#include "text/letters.h"

#define MAX_WORDS ((size_t)20000) /* compared of each text */

void email_add_flowed(ExtractOut *out, Str text, bool delete_space)
{
    Str line, rest = text;
    bool open = false, open_quoted = false;
    while (str_next(&rest, '\n', &line)) {
        if (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        bool quoted = str_starts(line, STR(">"));
        bool flows = str_ends(line, STR(" ")) && !str_eq(line, STR("-- ")) && !quoted;
        if (str_starts(line, STR(" ")))
            line = str_sub(line, 1, line.len); /* stuffed */
        if (open && (quoted || open_quoted || str_eq(line, STR("-- "))))
            extract_break(out, 1);
        if (flows && delete_space)
            line.len -= line.len > 0;
        extract_add(out, line);
        open = flows;
        open_quoted = quoted;
        if (!flows)
            extract_add(out, STR("\n"));
    }
}

/* ---- two forms of one text ------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Hashes of the words of three letters or more. */
static size_t words_of(Str text, uint64_t *out)
{
    size_t n = 0;
    for (size_t at = 0; at < text.len && n < MAX_WORDS;) {
        size_t from = at, end = at;
        while (at < text.len) {
            size_t here = at;
            if (!letter_is_word(utf8_next(text, &at))) {
                end = here;
                break;
            }
            end = at;
        }
        if (end - from >= 3)
            out[n++] = str_hash(str_sub(text, from, end));
    }
    return n;
}

bool email_covers(Str a, Str b, ExtractOut *out)
{
    uint64_t *words = mem_array(MAX_WORDS * 2, sizeof *words);
    if (!words) {
        extract_no_memory(out);
        return false;
    }
    size_t na = words_of(a, words), found = 0;
    uint64_t *other = words + MAX_WORDS;
    size_t nb = words_of(b, other);
    qsort(words, na, sizeof *words, by_value);
    for (size_t i = 0; i < nb; i++)
        found += na && bsearch(&other[i], words, na, sizeof *words, by_value) != NULL;
    mem_free(words);
    return found * 5 >= nb * 4;
}

/* ---- small things --------------------------------------------------------------------------- */

void email_add_size(Buf *to, size_t n)
{
    if (n < 1024)
        buf_printf(to, "%zu bytes", n);
    else if (n < (1u << 20))
        buf_printf(to, "%zu KiB", (n + 512) >> 10);
    else
        buf_printf(to, "%.1f MiB", (double)n / (1 << 20));
}

Str email_bare(Str data)
{
    uint64_t length;
    if (str_starts(data, STR("\xEF\xBB\xBF")))
        data = str_sub(data, 3, data.len);
    size_t end = str_find(str_sub(data, 0, 1000), STR("\n"), 0);
    size_t next = end == SIZE_MAX ? data.len : end + 1;
    if (str_to_u64(str_trim(str_sub(data, 0, next)), &length))
        data = str_sub(data, next, length < data.len - next ? next + length : data.len);
    else if (str_starts(data, STR("From ")))
        data = str_sub(data, next, data.len);
    while (data.len && strchr("\r\n", data.ptr[0]))
        data = str_sub(data, 1, data.len);
    return data;
}

static bool is_header_line(Str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == ':')
            return i > 0;
        if (line.ptr[i] <= ' ' || line.ptr[i] >= 0x7F)
            return false;
    }
    return false;
}

bool email_has_header(Str data)
{
    return is_header_line(str_sub(str_sub(data, 0, 1000), 0, str_find(data, STR("\n"), 0)));
}

size_t email_body_without_gap(Str data)
{
    size_t body = SIZE_MAX;
    for (size_t at = 0; at < data.len;) {
        size_t end = str_find(data, STR("\n"), at);
        end = end == SIZE_MAX ? data.len : end;
        Str line = str_sub(data, at, end);
        if (str_trim(line).len == 0)
            break;
        bool folded = at > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
        if (is_header_line(line))
            body = SIZE_MAX;
        else if (!folded && body == SIZE_MAX)
            body = at;
        at = end + 1;
    }
    return body;
}
