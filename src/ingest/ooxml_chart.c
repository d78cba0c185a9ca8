/* ooxml_chart.c - charts and diagrams of OOXML: their words and numbers, as the file caches them.
 */
#include "base/mem.h"
#include "ingest/number_format.h"
#include "ingest/ooxml.h"

#define MAX_POINTS 20000
#define MAX_SERIES 200

enum { C_TITLE = 1, C_SERIES, C_NAME, C_CATEGORIES, C_VALUES, C_POINT, C_V, C_T, C_P, C_FORMAT };
static const XmlWord chart_words[] = {
    {XN_C, "title", C_TITLE},     {XN_C, "ser", C_SERIES},      {XN_C, "tx", C_NAME},
    {XN_C, "cat", C_CATEGORIES},  {XN_C, "xVal", C_CATEGORIES}, {XN_C, "val", C_VALUES},
    {XN_C, "yVal", C_VALUES},     {XN_C, "pt", C_POINT},        {XN_C, "v", C_V},
    {XN_A, "t", C_T},             {XN_A, "p", C_P},
    {XN_C, "formatCode", C_FORMAT}};

typedef struct {
    Str *items; /* by index; ptr NULL where there is none */
    size_t n, cap;
    Str code;   /* of its numbers; empty: words */
} Column;

typedef struct {
    Str name;
    Column values;
} Series;

typedef struct {
    Arena *arena;
    Story *story;
    bool failed, in_title, in_name;
    Column *column; /* of the points that come */
    size_t index;
    Series series[MAX_SERIES];
    size_t n;
    bool in_series, taking;
    Column categories;
    Buf value;
} Chart;

static void keep(Chart *c, Column *to, size_t i, Str value)
{
    if (i >= MAX_POINTS || c->failed)
        return;
    if (i >= to->cap) {
        size_t cap = to->cap ? to->cap : 16;
        while (cap <= i)
            cap *= 2;
        Str *items = ARENA_NEW_ARRAY(c->arena, Str, cap);
        if (!items) {
            c->failed = true;
            return;
        }
        if (to->n)
            memcpy(items, to->items, to->n * sizeof *items);
        to->items = items;
        to->cap = cap;
    }
    to->items[i] = arena_str(c->arena, value);
    c->failed = c->failed || !to->items[i].ptr;
    to->n = i + 1 > to->n ? i + 1 : to->n;
}

static bool chart_start(void *arg, int element, const XmlAttributes *at)
{
    Chart *c = arg;
    uint64_t index;
    switch (element) {
    case C_TITLE: c->in_title = true; break;
    case C_SERIES:
        c->in_series = c->n < MAX_SERIES;
        if (c->in_series)
            c->series[c->n++] = (Series){.name = STR("")};
        break;
    case C_NAME: c->in_name = c->in_series; break;
    case C_CATEGORIES: c->column = c->in_series && c->n == 1 ? &c->categories : NULL; break;
    case C_VALUES: c->column = c->in_series ? &c->series[c->n - 1].values : NULL; break;
    case C_POINT:
        c->index = str_to_u64(xml_attribute(at, XN_OTHER, "idx"), &index) && index < MAX_POINTS ?
            (size_t)index : MAX_POINTS;
        break;
    case C_V:
    case C_T:
    case C_FORMAT:
        c->taking = true;
        buf_cut(&c->value, 0);
        break;
    default: break;
    }
    return true;
}

static void take_value(Chart *c, Str v)
{
    if (c->in_name && c->n > 0) {
        c->series[c->n - 1].name = arena_str(c->arena, v);
        c->failed = c->failed || !c->series[c->n - 1].name.ptr;
    } else if (c->column && c->column->code.len > 0) {
        Buf shown;
        buf_init(&shown, 4096);
        number_format_show(&shown, v, c->column->code, false);
        c->failed = c->failed || shown.no_memory;
        keep(c, c->column, c->index, buf_str(&shown));
        buf_release(&shown);
    } else if (c->column) {
        keep(c, c->column, c->index, v);
    }
}

static void chart_end(void *arg, int element)
{
    Chart *c = arg;
    switch (element) {
    case C_TITLE: c->in_title = false; break;
    case C_SERIES: c->in_series = false; break;
    case C_NAME: c->in_name = false; break;
    case C_CATEGORIES:
    case C_VALUES: c->column = NULL; break;
    case C_P: story_end(c->story); break;
    case C_FORMAT:
        c->taking = false;
        if (c->column && c->column->code.len == 0)
            c->column->code = arena_str(c->arena, buf_str(&c->value));
        break;
    case C_V:
    case C_T:
        c->taking = false;
        if (!buf_ok(&c->value))
            c->failed = true;
        else if (element == C_T)
            story_text(c->story, buf_str(&c->value)); /* titles and labels */
        else
            take_value(c, buf_str(&c->value));
        break;
    default: break;
    }
}

static void chart_text(void *arg, Str s)
{
    Chart *c = arg;
    if (c->taking)
        (void)buf_add(&c->value, s);
}

static void cell(Story *s, const Column *from, size_t i)
{
    story_cell(s);
    if (i < from->n && from->items[i].ptr)
        story_text(s, from->items[i]);
}

/* Categories down, series across: "Month | Sales | Costs". */
static void write_chart(Chart *c)
{
    Story *s = c->story;
    size_t rows = c->categories.n;
    for (size_t i = 0; i < c->n; i++)
        rows = c->series[i].values.n > rows ? c->series[i].values.n : rows;
    if (rows == 0 && c->n == 0)
        return;
    story_table_begin(s);
    story_row(s);
    story_cell(s);
    for (size_t i = 0; i < c->n; i++) {
        story_cell(s);
        story_text(s, c->series[i].name);
    }
    for (size_t r = 0; r < rows; r++) {
        story_row(s);
        cell(s, &c->categories, r);
        for (size_t i = 0; i < c->n; i++)
            cell(s, &c->series[i].values, r);
    }
    story_table_end(s);
}

bool ooxml_chart(Package *p, Str part, Story *s, Err *err)
{
    Chart *c = mem_zalloc(sizeof *c);
    bool ok = false;
    if (c) {
        c->arena = arena_new(ARENA_DEFAULT_MAX);
        c->story = s;
        buf_init(&c->value, 1 << 16);
        XmlHandler h = {.arg = c, XML_WORDS(chart_words), .start = chart_start, .end = chart_end,
            .text = chart_text};
        story_aside_begin(s);
        ok = c->arena && package_parse_optional(p, part, &h, err);
        story_end(s);
        if (ok && !c->failed)
            write_chart(c);
        story_aside_end(s);
    }
    bool memory = !c || !c->arena || c->failed;
    if (c) {
        buf_release(&c->value);
        arena_free(c->arena);
    }
    mem_free(c);
    return memory ? err_set(err, ERR_NO_MEMORY, "reading a chart: out of memory") : ok;
}

/* ---- diagrams ------------------------------------------------------------------------------- */

typedef struct {
    Story *story;
    bool in_text;
} Diagram;

static bool diagram_start(void *arg, int element, const XmlAttributes *at)
{
    Diagram *d = arg;
    (void)at;
    if (element == C_T)
        d->in_text = true;
    return true;
}

static void diagram_end(void *arg, int element)
{
    Diagram *d = arg;
    if (element == C_T)
        d->in_text = false;
    else if (element == C_P)
        story_end(d->story);
}

static void diagram_text(void *arg, Str s)
{
    Diagram *d = arg;
    if (d->in_text)
        story_text(d->story, s);
}

bool ooxml_diagram(Package *p, Str part, Story *s, Err *err)
{
    Diagram d = {.story = s};
    XmlHandler h = {.arg = &d, XML_WORDS(chart_words), .start = diagram_start,
        .end = diagram_end, .text = diagram_text};
    story_aside_begin(s);
    bool ok = package_parse_optional(p, part, &h, err);
    story_aside_end(s);
    return ok;
}
