#include "ingest/frame.h"

#include "base/utf8.h"

static const char magic[4] = {'S', 'X', 'R', '2'};

enum { TEXT, TITLE, AUTHOR, LANGUAGE, CREATED, MODIFIED, MESSAGE, STRINGS };

typedef struct {
    char magic[4];
    uint32_t code, pages, n_marks, n_parts, length[STRINGS];
} Header;
_Static_assert(sizeof(Header) == FRAME_HEADER, "the header has no padding");

typedef struct {
    uint32_t kind, start, end, level;
} WireMark;

typedef struct {
    uint32_t name, media_type;
    uint64_t bytes;
} WirePart;

bool frame_write(Buf *to, const ExtractOut *out, const Err *failure)
{
    Header h = {.code = failure ? (uint32_t)failure->code : 0};
    memcpy(h.magic, magic, sizeof magic);
    if (failure) {
        Buf line;
        buf_init(&line, sizeof failure->msg * 4);
        extract_meta(&line, str_of(failure->msg));
        h.length[MESSAGE] = (uint32_t)line.len;
        (void)buf_add_mem(to, &h, sizeof h);
        (void)buf_add(to, buf_str(&line));
        buf_release(&line);
        return buf_ok(to);
    }
    const Buf *strings[] = {&out->text,     &out->title,   &out->author,
                            &out->language, &out->created, &out->modified};
    for (size_t i = TEXT; i < MESSAGE; i++)
        h.length[i] = (uint32_t)strings[i]->len;
    h.pages = out->pages;
    h.n_marks = (uint32_t)out->n_marks;
    h.n_parts = (uint32_t)out->n_parts;
    (void)buf_add_mem(to, &h, sizeof h);
    for (size_t i = TEXT; i < MESSAGE; i++)
        (void)buf_add(to, buf_str(strings[i]));
    for (size_t i = 0; i < out->n_marks; i++) {
        const Mark *m = &out->marks[i];
        WireMark w = {(uint32_t)m->kind, m->start, m->end, m->level};
        (void)buf_add_mem(to, &w, sizeof w);
    }
    for (size_t i = 0; i < out->n_parts; i++) {
        const ExtractPart *p = &out->parts[i];
        WirePart w = {(uint32_t)p->name.len, (uint32_t)p->media_type.len, p->bytes.len};
        (void)buf_add_mem(to, &w, sizeof w);
    }
    for (size_t i = 0; i < out->n_parts; i++) {
        (void)buf_add(to, buf_str(&out->parts[i].name));
        (void)buf_add(to, buf_str(&out->parts[i].media_type));
    }
    return buf_ok(to);
}

static bool corrupt(Err *err, const char *what)
{
    return err_set(err, ERR_CORRUPT, "the confined reader's answer is not usable (%s)", what);
}

/* No control characters either: what is shown on a terminal must not steer it. */
static bool is_clean(Str s, bool one_line)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == 0x7F || (c < 0x20 && (one_line || (c != '\n' && c != '\t' && c != '\f'))))
            return false;
    }
    return utf8_ok(s);
}

/* What a reader may report; anything else it made up. */
static bool is_readers_code(uint32_t code)
{
    return code == ERR_VALIDATION || code == ERR_UNSUPPORTED_MEDIA || code == ERR_TOO_LARGE ||
           code == ERR_NO_MEMORY || code == ERR_UNAVAILABLE || code == ERR_INTERNAL ||
           code == ERR_IO;
}

static bool parse_marks(Str bytes, Str text, size_t n, Arena *a, const Mark **out, Err *err)
{
    Mark *marks = ARENA_NEW_ARRAY(a, Mark, n + 1);
    if (!marks)
        return err_set(err, ERR_NO_MEMORY, "reading %zu marks: out of memory", n);
    for (size_t i = 0; i < n; i++) {
        WireMark w;
        memcpy(&w, bytes.ptr + i * sizeof w, sizeof w);
        if (w.kind > MARK_PARAGRAPH || w.start > w.end || w.end > text.len ||
            utf8_floor(text, w.start) != w.start || utf8_floor(text, w.end) != w.end)
            return corrupt(err, "a mark outside the text");
        marks[i] = (Mark){(MarkKind)w.kind, w.start, w.end, w.level};
    }
    *out = marks;
    return true;
}

/* `rest` begins with the parts' table and must end with the last part. */
static bool parse_parts(Str rest, size_t n, Arena *a, const ExtractedPart **out, Err *err)
{
    if (n > EXTRACT_MAX_PARTS || rest.len < n * sizeof(WirePart))
        return corrupt(err, "parts that do not add up");
    ExtractedPart *parts = ARENA_NEW_ARRAY(a, ExtractedPart, n + 1);
    if (!parts)
        return err_set(err, ERR_NO_MEMORY, "reading %zu parts: out of memory", n);
    uint64_t names = n * sizeof(WirePart), bytes, total;
    bytes = names;
    for (size_t i = 0; i < n; i++) {
        WirePart w;
        memcpy(&w, rest.ptr + i * sizeof w, sizeof w);
        bytes += (uint64_t)w.name + w.media_type;
    }
    total = bytes;
    for (size_t i = 0; i < n; i++) {
        WirePart w;
        memcpy(&w, rest.ptr + i * sizeof w, sizeof w);
        if (w.bytes > EXTRACT_MAX_PART_BYTES || total + w.bytes > rest.len)
            return corrupt(err, "parts that do not add up");
        Str name = str_sub(rest, names, names + w.name);
        Str type = str_sub(rest, names + w.name, names + w.name + w.media_type);
        if (name.len == 0 || memchr(name.ptr, '/', name.len) || !is_clean(name, true) ||
            name.len > EXTRACT_MAX_META || type.len > EXTRACT_MAX_META || !is_clean(type, true))
            return corrupt(err, "a part with an impossible name");
        parts[i] = (ExtractedPart){.name = arena_str(a, name),
                                   .media_type = arena_str(a, type),
                                   .bytes = str_sub(rest, total, total + w.bytes)};
        if (!parts[i].name.ptr || !parts[i].media_type.ptr)
            return err_set(err, ERR_NO_MEMORY, "reading %zu parts: out of memory", n);
        names += (uint64_t)w.name + w.media_type;
        total += w.bytes;
    }
    if (total != rest.len)
        return corrupt(err, "parts that do not add up");
    *out = parts;
    return true;
}

bool frame_parse(Str frame, size_t max_text, Arena *a, Extracted *out, Err *err)
{
    Header h;
    if (frame.len < sizeof h)
        return corrupt(err, "cut short");
    memcpy(&h, frame.ptr, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0)
        return corrupt(err, "no such header");
    uint64_t total = sizeof h + (uint64_t)h.n_marks * sizeof(WireMark);
    Str part[STRINGS];
    size_t at = sizeof h;
    for (size_t i = 0; i < STRINGS; i++) {
        total += h.length[i];
        part[i] = str_sub(frame, at, at + h.length[i]);
        at += part[i].len;
    }
    bool whole = h.n_parts ? total <= frame.len : total == frame.len;
    if (!whole || h.length[TEXT] > max_text || h.n_marks > EXTRACT_MAX_MARKS * 2)
        return corrupt(err, "lengths that do not add up");
    for (size_t i = 0; i < STRINGS; i++)
        if (!is_clean(part[i], i != TEXT))
            return corrupt(err, "text that is not clean UTF-8");
    if (h.code != ERR_NONE)
        return is_readers_code(h.code)
                   ? err_set(err, (ErrCode)h.code, "%.*s", (int)(part[MESSAGE].len & 0xFFF),
                             part[MESSAGE].ptr)
                   : corrupt(err, "an error that readers do not have");
    Extracted e = {.n_marks = h.n_marks, .pages = h.pages};
    if (!parse_marks(str_sub(frame, at, frame.len), part[TEXT], h.n_marks, a, &e.marks, err))
        return false;
    Str rest = str_sub(frame, (size_t)total, frame.len);
    if (h.n_parts && !parse_parts(rest, h.n_parts, a, &e.parts, err))
        return false;
    e.n_parts = h.n_parts;
    Str *to[] = {&e.text, &e.title, &e.author, &e.language, &e.created, &e.modified};
    for (size_t i = TEXT; i < MESSAGE; i++) {
        *to[i] = arena_str(a, part[i]);
        if (!to[i]->ptr)
            return err_set(err, ERR_NO_MEMORY, "reading %zu bytes of text: out of memory",
                           frame.len);
    }
    *out = e;
    return true;
}
