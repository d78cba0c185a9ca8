#include "text/chunk.h"

#include <stdlib.h>

#include "base/mem.h"
#include "text/letters.h"
#include "text/sentences.h"

/* A piece that is not divided further: a sentence, a line of code or of a table, a heading. */
typedef struct {
    uint32_t start, end, tokens;
    uint64_t before;     /* tokens of all units before it */
    uint32_t page;       /* 0: none */
    int32_t heading;     /* index of the heading mark that is in force here, -1: none */
    bool is_heading;
    bool starts_block;   /* a paragraph, list, table or code block begins here */
} Unit;

typedef struct {
    Str text, title;
    const Mark **headings, **pages, **lines; /* sorted; lines: code and tables, cut at line ends */
    size_t n_headings, n_pages, n_lines;
    const ChunkOptions *options;
    Unit *units;
    size_t n_units, cap_units;
    ChunkSpan *spans;
    size_t n_spans, cap_spans;
    Arena *arena;
    Err *err;
} Chunker;

static size_t count_tokens(const Chunker *c, size_t start, size_t end)
{
    return c->options->count(c->options->count_arg, str_sub(c->text, start, end));
}

static bool out_of_memory(const Chunker *c)
{
    return err_set(c->err, ERR_NO_MEMORY,
                   "cutting a text of %zu bytes into passages: out of memory", c->text.len);
}

/* ---- marks -------------------------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
    const Mark *x = *(const Mark *const *)a, *y = *(const Mark *const *)b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static bool mark_is_sane(const Chunker *c, const Mark *m)
{
    return m->start < m->end && m->end <= c->text.len &&
           utf8_floor(c->text, m->start) == m->start && utf8_floor(c->text, m->end) == m->end;
}

/* The marks of the kinds in `kinds` (a bit each), sorted, without overlaps (the first one wins). */
static bool pick_marks(Chunker *c, const Mark *marks, size_t n, unsigned kinds, const Mark ***out,
    size_t *n_out)
{
    size_t count = 0, kept = 0;
    const Mark **picked = ARENA_NEW_ARRAY(c->arena, const Mark *, n + 1);
    if (!picked)
        return out_of_memory(c);
    for (size_t i = 0; i < n; i++)
        if ((kinds >> marks[i].kind & 1) && mark_is_sane(c, &marks[i]))
            picked[count++] = &marks[i];
    qsort(picked, count, sizeof *picked, by_start);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || picked[i]->start >= picked[kept - 1]->end)
            picked[kept++] = picked[i];
    *out = picked;
    *n_out = kept;
    return true;
}

/* ---- units -------------------------------------------------------------------------------- */

static bool add_unit(Chunker *c, Unit u)
{
    if (!MEM_GROW(c->units, c->n_units, c->cap_units))
        return out_of_memory(c);
    Unit *next = c->units + c->n_units;
    u.before = c->n_units++ ? next[-1].before + next[-1].tokens : 0;
    *next = u;
    return true;
}

/* The longest prefix of text[start, end) with at most `budget` tokens, ending at white space where
 * there is some, at a character otherwise; at least one character. */
static size_t cut_point(const Chunker *c, size_t start, size_t end, size_t budget)
{
    size_t low = start, high = end; /* count(start, low) fits, count(start, high) does not */
    while (high - low > 1) {
        size_t mid = utf8_floor(c->text, low + (high - low) / 2);
        if (mid <= low)
            mid = utf8_ceil(c->text, low + 1);
        if (mid >= high)
            break;
        if (count_tokens(c, start, mid) <= budget)
            low = mid;
        else
            high = mid;
    }
    size_t space = low;
    while (space > start + (low - start) / 2 && c->text.ptr[space] != ' ' &&
           c->text.ptr[space] != '\n')
        space--;
    if (space > start + (low - start) / 2)
        low = space;
    return low > start ? low : utf8_ceil(c->text, start + 1);
}

/* Adds text[u.start, u.end), in several units when it has more than the budget. The search for a
 * cut looks at a window, so that a line of megabytes takes linear time. */
static bool add_fitting(Chunker *c, Unit u, size_t budget)
{
    size_t end = u.end;
    while (u.start < end) {
        size_t window = u.start + budget * 16;
        size_t to = window < end ? utf8_floor(c->text, window) : end;
        u.tokens = (uint32_t)count_tokens(c, u.start, to);
        if (u.tokens > budget) {
            to = cut_point(c, u.start, to, budget);
            u.tokens = (uint32_t)count_tokens(c, u.start, to);
        } else if (to < end) {
            size_t space = to;
            while (space > u.start + budget * 8 && c->text.ptr[space - 1] != ' ')
                space--;
            if (space > u.start + budget * 8) {
                to = space;
                u.tokens = (uint32_t)count_tokens(c, u.start, to);
            }
        }
        Str piece = letters_trim(str_sub(c->text, u.start, to));
        Unit part = u;
        part.start = (uint32_t)(piece.ptr - c->text.ptr);
        part.end = part.start + (uint32_t)piece.len;
        if (piece.len > 0 && !add_unit(c, part))
            return false;
        u.start = (uint32_t)to;
        u.starts_block = u.starts_block && piece.len == 0;
    }
    return true;
}

typedef struct {
    size_t heading, page, line; /* next mark of each kind */
    int32_t current;            /* heading in force */
} Cursor;

/* Adds the units of text[start, end), which holds no mark's edge. */
static bool add_stretch(Chunker *c, size_t start, size_t end, bool lines, Unit proto, size_t budget)
{
    size_t at = 0, from, to;
    Str part = str_sub(c->text, start, end);
    size_t previous = 0;
    proto.starts_block = true;
    if (lines) {
        Str line;
        while (str_next(&part, '\n', &line)) {
            Str trimmed = letters_trim(line);
            if (trimmed.len == 0)
                continue;
            proto.start = (uint32_t)(trimmed.ptr - c->text.ptr);
            proto.end = proto.start + (uint32_t)trimmed.len;
            if (!add_fitting(c, proto, budget))
                return false;
            proto.starts_block = false;
        }
        return true;
    }
    while (sentence_next(part, &at, &from, &to)) {
        size_t breaks = 0;
        for (size_t i = previous; i < from; i++)
            breaks += part.ptr[i] == '\n';
        proto.starts_block = previous == 0 || breaks > 1;
        proto.start = (uint32_t)(start + from);
        proto.end = (uint32_t)(start + to);
        if (!add_fitting(c, proto, budget))
            return false;
        previous = to;
    }
    return true;
}

/* Walks the text from edge to edge of headings, code and tables, and pages. */
static bool build_units(Chunker *c, size_t budget)
{
    Cursor k = {.current = -1};
    for (size_t at = 0; at < c->text.len;) {
        while (k.heading < c->n_headings && c->headings[k.heading]->end <= at)
            k.heading++;
        while (k.line < c->n_lines && c->lines[k.line]->end <= at)
            k.line++;
        while (k.page < c->n_pages && c->pages[k.page]->end <= at)
            k.page++;
        const Mark *h = k.heading < c->n_headings ? c->headings[k.heading] : NULL;
        const Mark *l = k.line < c->n_lines ? c->lines[k.line] : NULL;
        const Mark *p = k.page < c->n_pages ? c->pages[k.page] : NULL;
        size_t next = c->text.len;
        bool in_heading = h && h->start <= at, in_lines = l && l->start <= at;
        bool in_page = p && p->start <= at;
        const Mark *edges[] = {h, l, p};
        for (size_t i = 0; i < 3; i++) {
            if (!edges[i])
                continue;
            size_t edge = edges[i]->start <= at ? edges[i]->end : edges[i]->start;
            next = edge < next ? edge : next;
        }
        if (in_heading)
            k.current = (int32_t)k.heading;
        Unit proto = {
            .page = in_page ? p->level : 0, .heading = k.current, .is_heading = in_heading};
        if (!add_stretch(c, at, next, in_lines && !in_heading, proto, budget))
            return false;
        at = next;
    }
    return true;
}

/* ---- context ------------------------------------------------------------------------------ */

static bool same_words(Str a, Str b)
{
    return str_eq_nocase(letters_trim(a), letters_trim(b));
}

/* path[n - 1] > ... > path[0] into *b; whether that is short enough. */
static bool join_path(const Chunker *c, const Str *path, size_t n, size_t max_tokens, Buf *b)
{
    buf_clear(b);
    for (size_t i = n; i-- > 0;) {
        (void)letters_squeeze(b, str_sub(path[i], 0, utf8_floor(path[i], 320)));
        if (i > 0)
            (void)buf_add_c(b, " > ");
    }
    return b->len <= CHUNK_CONTEXT_MAX &&
           c->options->count(c->options->count_arg, buf_str(b)) <= max_tokens;
}

/* "Title > Heading > Heading" of what stands above `first`, without the headings that are at or
 * after it (they are in the passage). */
static bool context_of(Chunker *c, const Unit *first, Str *out)
{
    Str path[8];
    size_t n = 0;
    uint32_t level = UINT32_MAX;
    for (int32_t i = first->heading; i >= 0 && n < 7 && level > 1 && first->heading - i < 4096;
         i--) {
        const Mark *h = c->headings[i];
        if (h->level >= level)
            continue;
        level = h->level;
        if (h->start < first->start)
            path[n++] = letters_trim(str_sub(c->text, h->start, h->end));
    }
    Str title = letters_trim(c->title);
    bool shown = first->is_heading &&
                 same_words(title, str_sub(c->text, first->start, first->end));
    if (title.len && !shown && !(n > 0 && same_words(title, path[n - 1])))
        path[n++] = title;
    /* What is innermost and the title say most: the headings between them go first. */
    Buf b;
    buf_init(&b, 4096);
    size_t limit = c->options->max_tokens / 4;
    while (n > 2 && !join_path(c, path, n, limit, &b)) {
        path[n - 2] = path[n - 1];
        n--;
    }
    for (size_t most = CHUNK_CONTEXT_MAX / 2; n > 0 && !join_path(c, path, n, limit, &b); most /= 2)
        for (size_t i = 0; i < n; i++)
            path[i] = letters_cut(path[i], most);
    *out = arena_buf(c->arena, &b);
    bool ok = out->ptr != NULL;
    buf_release(&b);
    return ok || out_of_memory(c);
}

/* ---- packing ------------------------------------------------------------------------------ */

/* Tokens of context + "\n" + text. A cut between the two never joins tokens: it is white space. */
static size_t full_count(const Chunker *c, Str context, size_t start, size_t end)
{
    size_t n = context.len ? c->options->count(c->options->count_arg, context) : 0;
    return n + count_tokens(c, start, end);
}

static bool add_span(Chunker *c, size_t first, size_t last, Str context)
{
    if (!MEM_GROW(c->spans, c->n_spans, c->cap_spans))
        return out_of_memory(c);
    c->spans[c->n_spans++] = (ChunkSpan){.start = c->units[first].start,
        .end = c->units[last - 1].end, .page = c->units[first].page, .context = context};
    return true;
}

/* Where the section that begins at unit `first` ends: at the next heading that follows something
 * other than headings, or at the next page. */
static size_t section_end(const Chunker *c, size_t first)
{
    bool body = !c->units[first].is_heading;
    size_t i = first + 1;
    for (; i < c->n_units && c->units[i].page == c->units[first].page; i++) {
        if (c->units[i].is_heading && body)
            break;
        body = body || !c->units[i].is_heading;
    }
    return i;
}

/* The end of a passage that begins at `first`: as many units as fit in `target`, then back to the
 * last paragraph's end when that leaves at least half. */
static size_t passage_end(const Chunker *c, size_t first, size_t stop, size_t target, size_t budget)
{
    size_t tokens = 0, last = first, paragraph = first, paragraph_tokens = 0;
    while (last < stop && (last == first || (tokens + c->units[last].tokens <= budget &&
               c->units[last].end - c->units[first].start <= CHUNK_TEXT_MAX))) {
        if (last > first && c->units[last].starts_block) {
            paragraph = last;
            paragraph_tokens = tokens;
        }
        if (last > first && tokens >= target) /* units of no token at all have a target of 0 */
            break;
        tokens += c->units[last++].tokens;
    }
    if (last < stop && paragraph > first && !c->units[last].starts_block &&
        paragraph_tokens * 2 >= target)
        last = paragraph;
    while (last > first + 1 && last < stop && c->units[last - 1].is_heading)
        last--; /* a heading stays with what it heads */
    return last;
}

/* First unit of the passage after one that ended at `end`: back by whole sentences up to the
 * overlap, but past `first`, so that every passage begins later than the one before. */
static size_t overlap_start(const Chunker *c, size_t first, size_t end, size_t overlap)
{
    size_t at = end, tokens = 0;
    while (at > first + 1 && !c->units[at - 1].is_heading) {
        tokens += c->units[at - 1].tokens;
        if (tokens > overlap)
            break;
        at--;
    }
    return at;
}

static bool pack_section(Chunker *c, size_t first, size_t stop)
{
    size_t overlap = c->options->overlap_tokens, max = c->options->max_tokens;
    overlap = overlap < max / 4 ? overlap : max / 4;
    size_t begin = first, fresh = first; /* fresh: the first unit that no passage has yet */
    while (fresh < stop) {
        Str context;
        if (!context_of(c, &c->units[begin], &context))
            return false;
        size_t used = context.len ? c->options->count(c->options->count_arg, context) : 0;
        size_t budget = max - used;
        size_t rest =
            c->units[stop - 1].before + c->units[stop - 1].tokens - c->units[begin].before;
        size_t passages = rest ? (rest + budget - 1) / budget : 1;
        size_t end = passage_end(c, begin, stop, (rest + passages - 1) / passages, budget);
        while (end > begin + 1 && full_count(c, context, c->units[begin].start,
                                             c->units[end - 1].end) > max)
            end--; /* units counted apart may come out lower than together */
        if (end <= fresh) {
            begin = fresh; /* the overlap left no room for anything new */
            continue;
        }
        if (!add_span(c, begin, end, context))
            return false;
        fresh = end;
        begin = end < stop ? overlap_start(c, begin, end, overlap) : end;
    }
    return true;
}

static bool run(Chunker *c, const Mark *marks, size_t n_marks)
{
    /* A context takes a quarter of the window at most, so a unit of three quarters fits. */
    size_t budget = c->options->max_tokens - c->options->max_tokens / 4;
    if (!pick_marks(c, marks, n_marks, 1u << MARK_HEADING, &c->headings, &c->n_headings) ||
        !pick_marks(c, marks, n_marks, 1u << MARK_PAGE, &c->pages, &c->n_pages) ||
        !pick_marks(c, marks, n_marks, 1u << MARK_CODE | 1u << MARK_TABLE, &c->lines,
                    &c->n_lines) ||
        !build_units(c, budget))
        return false;
    for (size_t first = 0; first < c->n_units;) {
        size_t stop = section_end(c, first);
        if (!pack_section(c, first, stop))
            return false;
        first = stop;
    }
    return true;
}

bool chunk_text(Str text, Str title, const Mark *marks, size_t n_marks, const ChunkOptions *options,
    Arena *a, ChunkSpan **out, size_t *n, Err *err)
{
    if (!options->count || options->max_tokens < 16)
        return err_set(err, ERR_VALIDATION, "passages need a token counter and at least 16 tokens");
    if (text.len >= UINT32_MAX)
        return err_set(err, ERR_TOO_LARGE, "the text has %zu bytes; 4 GiB is the limit", text.len);
    if (!utf8_ok(text))
        return err_set(err, ERR_VALIDATION, "the text is not valid UTF-8");
    Chunker c = {.text = text, .title = title, .options = options, .arena = a, .err = err};
    bool ok = run(&c, marks, n_marks);
    ChunkSpan *spans = ok ? ARENA_NEW_ARRAY(a, ChunkSpan, c.n_spans + 1) : NULL;
    if (ok && !spans)
        ok = out_of_memory(&c);
    if (ok) {
        if (c.n_spans)
            memcpy(spans, c.spans, c.n_spans * sizeof *spans);
        *out = spans;
        *n = c.n_spans;
    }
    mem_free(c.units);
    mem_free(c.spans);
    return ok;
}
