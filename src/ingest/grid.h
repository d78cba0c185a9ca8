/* grid.h - a spreadsheet's cells on their way to text: a sheet's name is a heading, a row is a line
 * ("a | b | c"), a blank row ends a table.
 *
 * Empty cells keep their place, so that columns stay columns; not at the end of a row, and not what
 * is empty on the left of a whole table (as far as its first rows tell).
 *
 * Threads: one owner. */
#ifndef SOTTO_INGEST_GRID_H
#define SOTTO_INGEST_GRID_H

#include "ingest/extract.h"

#define GRID_REPEATED 200
#define GRID_WAITING 64 /* rows that are held back until a table's left edge is known */

typedef struct {
    ExtractOut *out;
    Buf waiting;    /* text of the rows that wait */
    struct {
        uint32_t first;    /* column */
        size_t start, end; /* in waiting */
    } rows[GRID_WAITING];
    size_t n_rows;
    uint32_t left;     /* first column of the table, once it is known */
    bool edge_known;
    uint32_t column;   /* behind the last cell of this row */
    uint64_t row;      /* of the cells that come */
    bool in_row, any_row;
    size_t table_start;
    bool in_table;
    size_t before_heading, behind_heading; /* in the text; equal: no sheet is open */
} Grid;

void grid_init(Grid *g, ExtractOut *out);
void grid_release(Grid *g);
void grid_sheet(Grid *g, Str name);
/* A cell that is not empty; rows and columns count from 0 and must not go back. */
void grid_cell(Grid *g, uint64_t row, uint32_t column, Str text);
/* The row of the last cell stands there `times` times in all (no more than GRID_REPEATED are
 * written). Nothing when row is not that row. */
void grid_repeat(Grid *g, uint64_t row, uint64_t times);
void grid_sheet_end(Grid *g);
/* After what lies beside the cells: a sheet with nothing on it leaves no heading. */
void grid_sheet_close(Grid *g);

/* "B3" for column 1, row 2. */
size_t grid_name(uint64_t row, uint32_t column, char out[32]);

#endif
