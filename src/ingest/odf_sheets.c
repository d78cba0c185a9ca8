#include "ingest/odf.h"

#define MAX_REPEAT 200 /* equal cells that are written as often as they are there */

static uint32_t repeat_of(const XmlAttributes *at, const char *name)
{
    uint64_t n;
    return str_to_u64(xml_attribute(at, XN_TABLE, name), &n) && n > 0 ?
        (n < 100000000 ? (uint32_t)n : 100000000) : 1;
}

/* ---- sheets and tables ---------------------------------------------------------------------- */

void odf_begin_table(OdfReading *t, const XmlAttributes *at)
{
    if (t->sheets && t->tables++ == 0) {
        t->in_sheet = true;
        t->row = 0;
        grid_sheet(&t->grid, xml_attribute(at, XN_TABLE, "name"));
    } else if (!t->sheets) {
        story_table_begin(t->now);
    }
}

void odf_end_table(OdfReading *t)
{
    if (!t->sheets) {
        story_table_end(t->now);
        return;
    }
    if (t->tables == 0 || --t->tables > 0)
        return;
    grid_sheet_end(&t->grid);
    t->in_sheet = t->in_cell = false;
    story_release(&t->side);
    extract_break(t->doc->out, 2);
    story_append(t->doc->out, &t->side_out, 0, t->side_out.text.len);
    extract_break(t->doc->out, 2);
    grid_sheet_close(&t->grid);
    buf_cut(&t->side_out.text, 0); /* keeps a failure, as the other buffers here do */
    t->side_out.n_marks = 0;
    story_init(&t->side, &t->side_out);
    t->now = &t->main;
}

/* What a cell holds where it shows no words of its own. */
static Str value_of(const XmlAttributes *at)
{
    static const char *const names[] = {"string-value", "date-value", "time-value", "boolean-value",
                                        "value"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Str v = xml_attribute(at, XN_OFFICE, names[i]);
        if (v.len > 0)
            return v;
    }
    return STR("");
}

void odf_begin_cell(OdfReading *t, const XmlAttributes *at, bool covered)
{
    odf_end_cell(t); /* of a table in a cell: its cells follow as the sheet's own */
    t->repeat = repeat_of(at, "number-columns-repeated");
    if (!t->in_sheet) {
        for (uint32_t i = 0; i < t->repeat && i < MAX_REPEAT; i++)
            story_cell(t->now);
        return;
    }
    t->in_cell = true;
    buf_cut(&t->value, 0);
    if (!covered)
        (void)buf_add(&t->value, value_of(at));
    buf_cut(&t->cell_out.text, 0);
    t->cell_out.n_marks = 0;
    story_init(&t->cell, &t->cell_out);
    t->now = &t->cell;
}

void odf_end_cell(OdfReading *t)
{
    if (!t->in_cell)
        return;
    story_release(&t->cell);
    t->now = &t->main;
    t->in_cell = false;
    bool shown = str_trim(buf_str(&t->cell_out.text)).len > 0;
    Str text = buf_str(shown ? &t->cell_out.text : &t->value);
    if (t->cell_out.text.failed)
        (void)odf_no_memory(t);
    for (uint32_t i = 0; i < t->repeat && i < MAX_REPEAT && text.len > 0; i++)
        grid_cell(&t->grid, t->row, t->column + i, text);
    t->column = t->column + t->repeat < 100000000 ? t->column + t->repeat : t->column;
}

void odf_begin_row(OdfReading *t, const XmlAttributes *at)
{
    t->row_repeat = repeat_of(at, "number-rows-repeated");
    t->column = 0;
    if (!t->in_sheet)
        story_row(t->now);
}

void odf_end_row(OdfReading *t)
{
    if (!t->in_sheet)
        return;
    grid_repeat(&t->grid, t->row, t->row_repeat);
    t->row = t->row < UINT32_MAX ? t->row + t->row_repeat : t->row;
}
