#include "ingest/story.h"

#include "base/mem.h"
#include "text/letters.h"

/* A table is data until one of these shows up: they are what letters and forms put in tables. */
#define LONG_CELL 500
#define MANY_BLOCKS 6
#define MAX_CELLS 4000000

typedef struct {
    uint32_t start, end;
    bool row; /* the first of a row */
} Cell;

struct StoryTable {
    Cell *cells;
    size_t n, cap;
    bool layout, in_row, in_cell, new_row;
    uint32_t blocks; /* in this cell */
};

static StoryFrame *frame(Story *s)
{
    return &s->frames[s->depth];
}

static void take_failure(ExtractOut *to, const ExtractOut *from)
{
    if (from->text.failed) {
        to->text.failed = true;
        to->text.no_memory = to->text.no_memory || from->text.no_memory;
    }
    to->marks_failed = to->marks_failed || from->marks_failed;
}

static void frame_init(StoryFrame *f, ExtractOut *out, size_t max)
{
    *f = (StoryFrame){.out = out};
    extract_init(&f->own, max);
    extract_init(&f->after, max);
    buf_init(&f->label, 256);
    if (!out)
        f->out = &f->own;
}

static void frame_release(Story *s, StoryFrame *f)
{
    take_failure(s->out, &f->own);
    take_failure(s->out, &f->after);
    extract_release(&f->own);
    extract_release(&f->after);
    buf_release(&f->label);
    if (f->table)
        mem_free(f->table->cells);
    mem_free(f->table);
}

void story_init(Story *s, ExtractOut *out)
{
    s->out = out;
    s->depth = s->overflow = 0;
    frame_init(&s->frames[0], out, out->text.max);
}

void story_append(ExtractOut *to, const ExtractOut *part, size_t from, size_t end)
{
    size_t base = to->text.len;
    (void)buf_add(&to->text, str_sub(buf_str(&part->text), from, end));
    for (size_t i = 0; i < part->n_marks; i++) {
        const Mark *m = &part->marks[i];
        if (m->start >= from && m->end <= end)
            extract_mark(to, m->kind, base + m->start - from, base + m->end - from, m->level);
    }
    take_failure(to, part);
}

/* ---- paragraphs ----------------------------------------------------------------------------- */

static void close_code(StoryFrame *f)
{
    if (!f->in_code)
        return;
    f->in_code = false;
    extract_break(f->out, 1);
    extract_mark(f->out, MARK_CODE, f->code_start, f->out->text.len, 0);
}

/* The first visible character of a paragraph is about to come. */
static void start(StoryFrame *f)
{
    f->started = true;
    if (f->in_code && f->kind != STORY_CODE)
        close_code(f);
    bool tight = f->any && f->kind == f->last && (f->kind == STORY_ITEM || f->in_code);
    extract_break(f->out, tight ? 1 : 2);
    f->start = f->out->text.len;
    if (f->kind == STORY_CODE && !f->in_code) {
        f->in_code = true;
        f->code_start = f->start;
    }
    for (unsigned i = 1; f->kind == STORY_ITEM && i < f->level && i < 16; i++)
        extract_add(f->out, STR("  "));
    if (f->label.len > 0) {
        extract_flow(f->out, buf_str(&f->label));
        if (!str_ends(buf_str(&f->out->text), STR(" ")))
            extract_add(f->out, STR(" "));
    }
    f->last = f->kind;
    f->any = true;
}

void story_begin(Story *s, StoryKind kind, unsigned level, Str label)
{
    StoryFrame *f = frame(s);
    story_end(s);
    if (f->table && !f->table->in_cell)
        story_cell(s); /* words between cells: in one of their own */
    f->open = true;
    f->started = false;
    f->kind = kind;
    f->level = level;
    buf_cut(&f->label, 0);
    if (!buf_add(&f->label, str_sub(label, 0, f->label.max)))
        extract_no_memory(s->out);
}

static void note_block(StoryFrame *f)
{
    StoryTable *t = f->table;
    if (t && (++t->blocks > MANY_BLOCKS || f->kind == STORY_HEADING))
        t->layout = true;
}

/* What stood beside the paragraph follows it. */
static void flush_after(Story *s, StoryFrame *f)
{
    if (!f->has_after)
        return;
    f->has_after = false;
    close_code(f);
    extract_break(f->out, 2);
    story_append(f->out, &f->after, 0, f->after.text.len);
    extract_release(&f->after);
    extract_init(&f->after, s->out->text.max);
    f->last = STORY_BODY;
    f->any = true;
}

void story_end(Story *s)
{
    StoryFrame *f = frame(s);
    if (!f->open)
        return;
    f->open = false;
    if (!f->started && f->kind == STORY_CODE && f->in_code)
        extract_add(f->out, STR("\n")); /* an empty line of code */
    if (f->started) {
        extract_break(f->out, 1);
        size_t end = f->out->text.len;
        end -= end > f->start;
        if (f->kind == STORY_HEADING)
            extract_mark(f->out, MARK_HEADING, f->start, end, f->level);
        else if (f->kind == STORY_ITEM)
            extract_mark(f->out, MARK_LIST_ITEM, f->start, end, f->level);
        note_block(f);
    }
    flush_after(s, f);
}

void story_forget(Story *s)
{
    StoryFrame *f = frame(s);
    if (f->open && f->started)
        buf_cut(&f->out->text, f->start);
    f->open = f->started = false;
}

void story_text(Story *s, Str text)
{
    StoryFrame *f = frame(s);
    if (text.len == 0)
        return;
    if (!f->open) {
        if (letters_trim(text).len == 0)
            return; /* white space between elements */
        story_begin(s, STORY_BODY, 0, STR(""));
    }
    if (!f->started) {
        if (f->kind != STORY_CODE && letters_trim(text).len == 0)
            return;
        start(f);
    }
    if (f->kind == STORY_CODE)
        extract_add(f->out, text);
    else
        extract_flow(f->out, text);
}

void story_line(Story *s)
{
    StoryFrame *f = frame(s);
    if (!f->started || !f->open)
        return;
    if (f->kind == STORY_HEADING)
        extract_flow(f->out, STR(" "));
    else if (f->kind == STORY_CODE)
        extract_add(f->out, STR("\n"));
    else
        extract_break(f->out, 1);
}

void story_tab(Story *s)
{
    StoryFrame *f = frame(s);
    if (!f->open || (!f->started && f->kind != STORY_CODE))
        return;
    if (f->kind == STORY_CODE)
        story_text(s, STR("\t"));
    else if (f->kind == STORY_HEADING)
        story_text(s, STR(" "));
    else if (!str_ends(buf_str(&f->out->text), STR("\n")))
        extract_add(f->out, STR("\t"));
}

Str story_so_far(const Story *s)
{
    const StoryFrame *f = &s->frames[s->depth];
    return f->open && f->started ? str_sub(buf_str(&f->out->text), f->start, SIZE_MAX) : STR("");
}

void story_mail(Story *s, Str target)
{
    if (!str_starts(target, STR("mailto:")))
        return;
    Str address = str_sub(target, 7, str_find(target, STR("?"), 0));
    if (address.len == 0 || str_find(story_so_far(s), address, 0) != SIZE_MAX)
        return;
    story_text(s, STR(" ("));
    story_text(s, address);
    story_text(s, STR(")"));
}

/* ---- asides --------------------------------------------------------------------------------- */

/* False: no room; what comes goes into the frame that is there. */
static bool push(Story *s)
{
    if (s->overflow > 0 || s->depth + 1 == STORY_DEPTH) {
        s->overflow++;
        return false;
    }
    s->depth++;
    frame_init(frame(s), NULL, s->out->text.max);
    return true;
}

static void put_after(StoryFrame *f, const ExtractOut *part, size_t from, size_t end)
{
    extract_break(&f->after, 2);
    story_append(&f->after, part, from, end);
    extract_break(&f->after, 1);
    f->has_after = true;
}

void story_aside_begin(Story *s)
{
    (void)push(s);
}

void story_aside_end(Story *s)
{
    if (s->overflow > 0) {
        s->overflow--;
        return;
    }
    if (s->depth == 0 || frame(s)->table)
        return;
    story_end(s);
    StoryFrame *f = frame(s);
    close_code(f);
    extract_break(f->out, 1);
    s->depth--;
    story_insert(s, &f->own);
    frame_release(s, f);
}

void story_insert(Story *s, const ExtractOut *part)
{
    StoryFrame *f = frame(s);
    take_failure(s->out, part);
    if (part->text.len == 0)
        return;
    if (f->table && !f->table->in_cell)
        story_cell(s);
    put_after(f, part, 0, part->text.len);
    if (!f->open)
        flush_after(s, f);
}

/* Notes to a table follow the table: in its rows they would tear the columns apart. */
void story_note(Story *s, Str lead, const ExtractOut *part, size_t from, size_t end)
{
    unsigned d = s->depth;
    while (d > 0 && s->frames[d].table)
        d--;
    StoryFrame *f = &s->frames[d];
    if (letters_trim(str_sub(buf_str(&part->text), from, end)).len == 0)
        return;
    extract_break(&f->after, 2);
    extract_flow(&f->after, lead);
    extract_add(&f->after, STR(" "));
    story_append(&f->after, part, from, end);
    extract_break(&f->after, 1);
    f->has_after = true;
}

/* ---- tables --------------------------------------------------------------------------------- */

void story_table_begin(Story *s)
{
    StoryTable *outer = frame(s)->table;
    if (outer && s->overflow == 0)
        outer->layout = true; /* one that holds another arranges the page */
    story_end(s);
    if (!push(s))
        return;
    StoryTable *t = frame(s)->table = mem_zalloc(sizeof *t);
    if (!t)
        extract_no_memory(s->out);
}

bool story_in_table(const Story *s)
{
    return s->frames[s->depth].table != NULL;
}

static void end_cell(Story *s)
{
    StoryFrame *f = frame(s);
    StoryTable *t = f->table;
    if (!t || !t->in_cell)
        return;
    story_end(s);
    close_code(f);
    extract_break(f->out, 1);
    t->in_cell = false;
    Cell *c = &t->cells[t->n - 1];
    c->end = (uint32_t)f->out->text.len;
    c->end = c->end > c->start ? c->end : c->start;
    if (c->end - c->start > LONG_CELL)
        t->layout = true;
}

void story_row(Story *s)
{
    if (!story_in_table(s) || s->overflow > 0)
        return;
    end_cell(s);
    frame(s)->table->new_row = true;
}

void story_cell(Story *s)
{
    StoryFrame *f = frame(s);
    StoryTable *t = f->table;
    if (!t || s->overflow > 0)
        return;
    end_cell(s);
    if (t->n == MAX_CELLS || !MEM_GROW(t->cells, t->n, t->cap)) {
        extract_no_memory(s->out);
        return;
    }
    extract_break(f->out, 2);
    f->any = false;
    t->blocks = 0;
    t->in_cell = true;
    t->cells[t->n++] = (Cell){(uint32_t)f->out->text.len, 0, t->new_row || t->n == 0};
    t->new_row = false;
}

static bool has_columns(const StoryTable *t)
{
    for (size_t i = 1; i < t->n; i++)
        if (!t->cells[i].row)
            return true;
    return false;
}

/* One line a row: empty cells keep their place, but not at the row's end. */
static void write_rows(ExtractOut *out, const ExtractOut *from, const StoryTable *t)
{
    size_t table = out->text.len;
    for (size_t i = 0; i < t->n;) {
        size_t last = i, end = i + 1;
        bool any = t->cells[i].end > t->cells[i].start;
        for (; end < t->n && !t->cells[end].row; end++)
            if (t->cells[end].end > t->cells[end].start) {
                last = end;
                any = true;
            }
        for (size_t k = i; any && k <= last; k++) {
            if (k > i)
                extract_flow(out, STR(" | "));
            extract_flow(out, str_sub(buf_str(&from->text), t->cells[k].start, t->cells[k].end));
        }
        extract_break(out, 1);
        i = end;
    }
    extract_mark(out, MARK_TABLE, table, out->text.len, 0);
}

static void write_cells(ExtractOut *out, const ExtractOut *from, const StoryTable *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->cells[i].end == t->cells[i].start)
            continue;
        extract_break(out, 2);
        story_append(out, from, t->cells[i].start, t->cells[i].end);
    }
    extract_break(out, 1);
}

void story_table_end(Story *s)
{
    if (s->overflow > 0) {
        s->overflow--;
        return;
    }
    if (s->depth == 0 || !frame(s)->table)
        return;
    end_cell(s);
    story_end(s);
    StoryFrame *inner = frame(s);
    s->depth--;
    StoryFrame *f = frame(s);
    story_end(s);
    close_code(f);
    if (inner->own.text.len > 0) {
        extract_break(f->out, 2);
        if (inner->table->layout || !has_columns(inner->table))
            write_cells(f->out, &inner->own, inner->table);
        else
            write_rows(f->out, &inner->own, inner->table);
        f->last = STORY_BODY;
        f->any = true;
    }
    flush_after(s, f);
    frame_release(s, inner);
}

void story_release(Story *s)
{
    s->overflow = 0;
    while (s->depth > 0)
        if (frame(s)->table)
            story_table_end(s);
        else
            story_aside_end(s);
    story_end(s);
    close_code(frame(s));
    frame_release(s, frame(s));
}
