#include "ingest/grid.h"

#include <stdio.h>

#define MAX_GAP 24 /* empty cells in a row that are shown one by one */

void grid_init(Grid *g, ExtractOut *out)
{
    *g = (Grid){.out = out};
    buf_init(&g->waiting, out->text.max);
}

void grid_release(Grid *g)
{
    if (g->waiting.failed) {
        g->out->text.failed = true;
        g->out->text.no_memory = g->out->text.no_memory || g->waiting.no_memory;
    }
    buf_release(&g->waiting);
}

static void bars(ExtractOut *out, uint32_t n)
{
    for (uint32_t i = 0; i < n && i < MAX_GAP; i++)
        extract_flow(out, STR(" | "));
}

static void write_waiting(Grid *g)
{
    if (!g->edge_known) {
        g->left = UINT32_MAX;
        for (size_t i = 0; i < g->n_rows; i++)
            g->left = g->rows[i].first < g->left ? g->rows[i].first : g->left;
        g->edge_known = g->n_rows > 0;
    }
    for (size_t i = 0; i < g->n_rows; i++) {
        uint32_t first = g->rows[i].first;
        bars(g->out, first > g->left ? first - g->left : 0);
        extract_flow(g->out, str_sub(buf_str(&g->waiting), g->rows[i].start, g->rows[i].end));
        extract_break(g->out, 1);
    }
    g->n_rows = 0;
    if (!g->waiting.failed)
        buf_clear(&g->waiting);
}

static void end_row(Grid *g)
{
    if (!g->in_row)
        return;
    g->rows[g->n_rows++].end = g->waiting.len;
    g->in_row = false;
    if (g->n_rows == GRID_WAITING)
        write_waiting(g);
}

static void end_table(Grid *g)
{
    end_row(g);
    write_waiting(g);
    if (g->in_table)
        extract_mark(g->out, MARK_TABLE, g->table_start, g->out->text.len, 0);
    g->in_table = g->edge_known = false;
}

static void begin_row(Grid *g, uint64_t row, uint32_t column)
{
    if (g->any_row && row > g->row + 1)
        end_table(g);
    if (!g->in_table) {
        extract_break(g->out, 2);
        g->table_start = g->out->text.len;
        g->in_table = true;
    }
    g->in_row = g->any_row = true;
    g->row = row;
    g->rows[g->n_rows].first = column;
    g->rows[g->n_rows].start = g->waiting.len;
    g->column = column;
}

/* Lines within a cell become spaces when the row is written; bars would make other cells of it. */
void grid_cell(Grid *g, uint64_t row, uint32_t column, Str text)
{
    if (str_trim(text).len == 0)
        return;
    if (g->in_row && row != g->row)
        end_row(g);
    if (!g->in_row)
        begin_row(g, row, column);
    for (uint32_t i = g->column, shown = 0; i < column && shown < MAX_GAP; i++, shown++)
        (void)buf_add_c(&g->waiting, " | ");
    g->column = column;
    (void)buf_add(&g->waiting, text);
}

void grid_repeat(Grid *g, uint64_t row, uint64_t times)
{
    if (!g->in_row || g->row != row || times < 2)
        return;
    uint32_t first = g->rows[g->n_rows].first;
    Buf copy;
    buf_init(&copy, g->waiting.max);
    (void)buf_add(&copy, str_sub(buf_str(&g->waiting), g->rows[g->n_rows].start, SIZE_MAX));
    if (!buf_ok(&copy))
        extract_no_memory(g->out);
    for (uint64_t i = 1; i < times && i < GRID_REPEATED; i++) {
        end_row(g);
        begin_row(g, row + i, first);
        (void)buf_add(&g->waiting, buf_str(&copy));
    }
    end_row(g);
    g->row = row + times - 1;
    buf_release(&copy);
}

void grid_sheet(Grid *g, Str name)
{
    grid_sheet_end(g);
    extract_break(g->out, 2);
    g->before_heading = g->out->text.len;
    extract_flow(g->out, name);
    extract_mark(g->out, MARK_HEADING, g->before_heading, g->out->text.len, 1);
    extract_break(g->out, 2);
    g->behind_heading = g->out->text.len;
}

void grid_sheet_close(Grid *g)
{
    ExtractOut *o = g->out;
    if (g->behind_heading == o->text.len && g->before_heading < o->text.len) {
        o->n_marks -= o->n_marks > 0;
        buf_cut(&o->text, g->before_heading);
    }
    g->before_heading = g->behind_heading = 0;
}

void grid_sheet_end(Grid *g)
{
    end_table(g);
    g->any_row = false;
}

size_t grid_name(uint64_t row, uint32_t column, char out[32])
{
    char letters[8];
    int n = 0;
    for (uint64_t c = (uint64_t)column + 1; c > 0 && n < 7; c = (c - 1) / 26)
        letters[n++] = (char)('A' + (c - 1) % 26);
    for (int i = 0; i < n; i++)
        out[i] = letters[n - 1 - i];
    return (size_t)n +
           (size_t)snprintf(out + n, 32 - (size_t)n, "%llu", (unsigned long long)row + 1);
}
