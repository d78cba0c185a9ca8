#include "ingest/extract.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "text/letters.h"

void extract_init(ExtractOut *o, size_t max_text)
{
    *o = (ExtractOut){0};
    buf_init(&o->text, max_text);
    buf_init(&o->title, EXTRACT_MAX_META * 2);
    buf_init(&o->author, EXTRACT_MAX_META * 2);
    buf_init(&o->language, EXTRACT_MAX_META * 2);
    buf_init(&o->created, EXTRACT_MAX_META * 2);
    buf_init(&o->modified, EXTRACT_MAX_META * 2);
}

void extract_release(ExtractOut *o)
{
    buf_release(&o->text);
    buf_release(&o->title);
    buf_release(&o->author);
    buf_release(&o->language);
    buf_release(&o->created);
    buf_release(&o->modified);
    mem_free(o->marks);
    *o = (ExtractOut){0};
}

bool extract_check(const ExtractOut *o, Err *err)
{
    const Buf *all[] = {&o->text,     &o->title,   &o->author,
                        &o->language, &o->created, &o->modified};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!buf_check(all[i], "the text in this file", err))
            return false;
    if (o->marks_failed)
        return err_set(err, ERR_TOO_LARGE, "the file has too many headings, tables or pages");
    return true;
}

void extract_no_memory(ExtractOut *o)
{
    o->text.failed = o->text.no_memory = true;
}

static bool is_dropped(unsigned char c)
{
    return (c < 0x20 && c != '\n' && c != '\t' && c != '\f') || c == 0x7F;
}

void extract_add(ExtractOut *o, Str s)
{
    size_t run = 0;
    for (size_t at = 0; at < s.len;) {
        unsigned char c = (unsigned char)s.ptr[at];
        if (c >= 0x20 && c < 0x7F) {
            at++;
            continue;
        }
        if (c >= 0x80) {
            size_t from = at;
            if (utf8_next(s, &at) != UTF8_INVALID)
                continue;
            (void)buf_add(&o->text, str_sub(s, run, from));
            (void)buf_add_c(&o->text, "\xEF\xBF\xBD");
            run = at;
            continue;
        }
        if (c == '\r' || is_dropped(c)) {
            (void)buf_add(&o->text, str_sub(s, run, at));
            if (c == '\r' && !(at + 1 < s.len && s.ptr[at + 1] == '\n'))
                (void)buf_add_char(&o->text, '\n');
            run = at + 1;
        }
        at++;
    }
    (void)buf_add(&o->text, str_sub(s, run, s.len));
}

/* Length of the white space at s[at]: of ASCII, or a no-break space. */
static size_t space_at(Str s, size_t at)
{
    if (s.ptr[at] == ' ' || (s.ptr[at] >= '\t' && s.ptr[at] <= '\r'))
        return 1;
    return s.ptr[at] == '\xC2' && at + 1 < s.len && s.ptr[at + 1] == '\xA0' ? 2 : 0;
}

/* Length of an invisible character: soft hyphen, zero-width space, joiner mark. They would part
 * words for the search and nobody sees them. */
static size_t invisible_at(Str s, size_t at)
{
    Str rest = str_sub(s, at, at + 3);
    if (str_starts(rest, STR("\xC2\xAD")))
        return 2;
    return str_eq(rest, STR("\xE2\x80\x8B")) || str_eq(rest, STR("\xEF\xBB\xBF")) ? 3 : 0;
}

void extract_flow(ExtractOut *o, Str s)
{
    for (size_t at = 0, n; at < s.len;) {
        size_t from = at;
        while (at < s.len && !space_at(s, at) && !invisible_at(s, at))
            at++;
        extract_add(o, str_sub(s, from, at));
        if (at < s.len && (n = invisible_at(s, at)) > 0) {
            at += n;
            continue;
        }
        if (at == s.len)
            break;
        while (at < s.len && (n = space_at(s, at)) > 0)
            at += n;
        char last = o->text.len ? o->text.ptr[o->text.len - 1] : '\n';
        if (last != '\n' && last != ' ' && last != '\t')
            (void)buf_add_char(&o->text, ' ');
    }
}

void extract_break(ExtractOut *o, unsigned newlines)
{
    Buf *b = &o->text;
    while (b->len > 0 && (b->ptr[b->len - 1] == ' ' || b->ptr[b->len - 1] == '\t'))
        buf_cut(b, b->len - 1);
    if (b->len == 0)
        return;
    unsigned have = 0;
    while (have < newlines && have < b->len && b->ptr[b->len - 1 - have] == '\n')
        have++;
    for (; have < newlines; have++)
        (void)buf_add_char(b, '\n');
}

void extract_end(ExtractOut *o)
{
    Buf *b = &o->text;
    while (b->len > 0 && strchr(" \t\n\f", b->ptr[b->len - 1]))
        buf_cut(b, b->len - 1);
    if (b->len > 0)
        (void)buf_add_char(b, '\n');
    for (size_t i = 0; i < o->n_marks; i++) {
        Mark *m = &o->marks[i];
        m->end = m->end < b->len ? m->end : (uint32_t)b->len;
        m->start = m->start < m->end ? m->start : m->end;
    }
}

void extract_mark(ExtractOut *o, MarkKind kind, size_t start, size_t end, uint32_t level)
{
    if (o->marks_failed || end <= start || o->text.failed)
        return;
    if (o->n_marks == o->cap_marks) {
        size_t cap = o->cap_marks ? o->cap_marks * 2 : 64;
        Mark *marks =
            cap <= EXTRACT_MAX_MARKS * 2 ? mem_resize(o->marks, cap, sizeof *marks) : NULL;
        if (!marks) {
            o->marks_failed = true;
            return;
        }
        o->marks = marks;
        o->cap_marks = cap;
    }
    o->marks[o->n_marks++] = (Mark){kind, (uint32_t)start, (uint32_t)end, level};
}

void extract_meta(Buf *to, Str value)
{
    Buf clean;
    if (to->failed)
        return; /* that stays known: see extract_check */
    buf_init(&clean, SIZE_MAX);
    for (size_t at = 0; at < value.len && clean.len < EXTRACT_MAX_META * 4;) {
        uint32_t c = utf8_next(value, &at);
        if (c == UTF8_INVALID)
            c = 0xFFFD;
        (void)utf8_append(&clean, c < 0x20 || c == 0x7F ? ' ' : c);
    }
    Str s = letters_trim(buf_str(&clean));
    if (s.len > 0 && buf_ok(&clean)) {
        buf_clear(to);
        (void)letters_squeeze(to, letters_cut(s, EXTRACT_MAX_META));
    } else if (!buf_ok(&clean)) {
        to->failed = to->no_memory = true;
    }
    buf_release(&clean);
}

bool extract_describes(Str words)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".emf", ".wmf",
                                          ".tif", ".tiff", ".svg", ".webp"};
    bool path =
        str_find(words, STR("/"), 0) != SIZE_MAX || str_find(words, STR("\\"), 0) != SIZE_MAX;
    bool sentence = !path && str_find(words, STR(" "), 0) != SIZE_MAX;
    for (size_t i = 0; !sentence && i < sizeof endings / sizeof *endings; i++)
        if (str_ends_nocase(words, str_of(endings[i])))
            return false;
    return words.len > 2;
}

static const Reader *const readers[] = {
    &reader_text, &reader_markdown, &reader_html, &reader_pdf,
    &reader_docx, &reader_xlsx,     &reader_pptx, &reader_odt, &reader_ods, &reader_odp,
    &reader_epub};

const Reader *reader_find(Str type)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (str_eq(str_of(readers[i]->type), type))
            return readers[i];
    return NULL;
}
