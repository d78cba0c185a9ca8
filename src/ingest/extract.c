#include "ingest/extract.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/letters.h"

static uint64_t deadline = UINT64_MAX;

void extract_deadline(uint64_t deadline_ns)
{
    deadline = deadline_ns;
}

uint64_t extract_time_left_ms(void)
{
    uint64_t now = clock_mono_ns();
    return now < deadline ? (deadline - now) / 1000000u : 0;
}

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
    for (size_t i = 0; i < o->n_parts; i++) {
        buf_release(&o->parts[i].name);
        buf_release(&o->parts[i].media_type);
        mem_free(o->parts[i].owned);
    }
    mem_free(o->parts);
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
    if (o->parts_failed)
        return err_set(err, ERR_TOO_LARGE,
                       "the file holds more than %d other files or more than %llu MiB of them",
                       EXTRACT_MAX_PARTS, (unsigned long long)(EXTRACT_MAX_PART_BYTES >> 20));
    return true;
}

void extract_no_memory(ExtractOut *o)
{
    o->text.failed = o->text.no_memory = true;
}

void extract_reuse(ExtractOut *o, Buf *scratch)
{
    if (scratch->no_memory)
        extract_no_memory(o);
    buf_clear(scratch);
}

void extract_drop(ExtractOut *o, Buf *scratch)
{
    extract_reuse(o, scratch);
    buf_release(scratch);
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
    if (o->n_marks == EXTRACT_MAX_MARKS || !MEM_GROW(o->marks, o->n_marks, o->cap_marks)) {
        o->marks_failed = true;
        return;
    }
    o->marks[o->n_marks++] = (Mark){kind, (uint32_t)start, (uint32_t)end, level};
}

void extract_append(ExtractOut *o, const ExtractOut *other)
{
    size_t base = o->text.len;
    (void)buf_add(&o->text, buf_str(&other->text));
    o->text.failed = o->text.failed || other->text.failed;
    o->text.no_memory = o->text.no_memory || other->text.no_memory;
    o->marks_failed = o->marks_failed || other->marks_failed;
    for (size_t i = 0; i < other->n_marks; i++) {
        const Mark *m = &other->marks[i];
        extract_mark(o, m->kind, base + m->start, base + m->end, m->level);
    }
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* What a file may be called: no folders, no control characters, not too long, its ending kept. */
static void clean_name(Buf *to, Str name)
{
    name = str_file_name(name);
    extract_meta(to, name);
    for (size_t i = 0; i < to->len; i++)
        if (to->ptr[i] == '\\' || to->ptr[i] == '#')
            to->ptr[i] = '_';
    if (to->len > EXTRACT_MAX_PART_NAME) {
        Buf cut;
        Str all = buf_str(to);
        size_t dot = all.len;
        while (dot > 0 && all.len - dot < 12 && all.ptr[dot - 1] != '.')
            dot--;
        bool ending = dot > 0 && all.ptr[dot - 1] == '.';
        buf_init(&cut, EXTRACT_MAX_META);
        (void)buf_add(&cut, str_sub(all, 0, utf8_floor(all, EXTRACT_MAX_PART_NAME - 20)));
        if (ending)
            (void)buf_add(&cut, str_sub(all, dot - 1, all.len));
        buf_clear(to);
        (void)buf_add(to, buf_str(&cut));
        buf_release(&cut);
    }
    if (to->len == 0)
        (void)buf_add_c(to, "part");
}

static bool name_is_taken(const ExtractOut *o, Str name)
{
    uint64_t hash = str_hash(name);
    for (size_t i = 0; i < o->n_parts; i++)
        if (o->parts[i].name_hash == hash && str_eq(buf_str(&o->parts[i].name), name))
            return true;
    return false;
}

/* "scan.png" -> "scan (3).png", with the part's own number. */
static void make_unique(const ExtractOut *o, Buf *name)
{
    for (size_t k = o->n_parts + 1; buf_ok(name) && name_is_taken(o, buf_str(name)); k++) {
        Buf other;
        Str all = buf_str(name);
        size_t dot = all.len;
        while (dot > 0 && all.ptr[dot - 1] != '.')
            dot--;
        dot = dot > 1 ? dot - 1 : all.len;
        buf_init(&other, name->max);
        buf_printf(&other, STR_FMT " (%zu)" STR_FMT, (int)dot, all.ptr, k,
                   STR_ARG(str_sub(all, dot, all.len)));
        buf_clear(name);
        (void)buf_add(name, buf_str(&other));
        buf_release(&other);
    }
}

void extract_part(ExtractOut *o, Str name, Str media_type, Str bytes, char *owned)
{
    bool fits = !o->parts_failed && o->n_parts < EXTRACT_MAX_PARTS &&
                bytes.len <= EXTRACT_MAX_PART_BYTES - o->part_bytes;
    fits = fits && MEM_GROW(o->parts, o->n_parts, o->cap_parts);
    ExtractPart p = {.bytes = bytes, .owned = owned};
    buf_init(&p.name, EXTRACT_MAX_META * 2);
    buf_init(&p.media_type, EXTRACT_MAX_META * 2);
    if (fits) {
        clean_name(&p.name, name);
        make_unique(o, &p.name);
        extract_meta(&p.media_type, str_sub(media_type, 0, 200));
        fits = buf_ok(&p.name) && buf_ok(&p.media_type);
    }
    if (!fits) {
        o->parts_failed = true;
        buf_release(&p.name);
        buf_release(&p.media_type);
        mem_free(owned);
        return;
    }
    p.name_hash = str_hash(buf_str(&p.name));
    o->parts[o->n_parts++] = p;
    o->part_bytes += bytes.len;
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

void extract_title_of_name(ExtractOut *o, Str filename)
{
    filename = str_file_name(filename);
    size_t dot = filename.len;
    while (dot > 1 && filename.ptr[dot - 1] != '.')
        dot--;
    extract_meta(&o->title, str_sub(filename, 0, dot > 1 ? dot - 1 : filename.len));
    for (size_t i = 0; i < o->title.len; i++)
        if (o->title.ptr[i] == '_')
            o->title.ptr[i] = ' ';
}

static const Reader *const readers[] = {
    &reader_text,  &reader_markdown, &reader_html, &reader_pdf,  &reader_docx,     &reader_xlsx,
    &reader_pptx,  &reader_odt,      &reader_ods,  &reader_odp,  &reader_epub,     &reader_email,
    &reader_mailbox, &reader_rtf,    &reader_csv,  &reader_json, &reader_calendar, &reader_image,
    &reader_events, &reader_wav, &reader_sound};

const Reader *reader_find(Str type)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (str_eq(str_of(readers[i]->type), type))
            return readers[i];
    return NULL;
}
