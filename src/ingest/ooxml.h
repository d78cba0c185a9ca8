/* ooxml.h - what DOCX, XLSX and PPTX share (ECMA-376, part 2): which part is the document, how
 * parts point to each other, what the document says about itself, charts and drawings.
 *
 * Threads: none; a child reads one file and ends. */
#ifndef SOTTO_INGEST_OOXML_H
#define SOTTO_INGEST_OOXML_H

#include "ingest/package.h"
#include "ingest/story.h"

typedef enum {
    OFFICE_NONE,
    OFFICE_WORD,
    OFFICE_SHEET,
    OFFICE_SHEET_BINARY,
    OFFICE_SLIDES,
    OFFICE_ODF,
    OFFICE_EPUB
} OfficeKind;

typedef struct {
    Str id, type;  /* the type's last word: "styles", "footnotes", "slide" */
    Str target;    /* a part's name; an address when external */
    bool external;
} OoxmlRel;

typedef struct {
    OoxmlRel *list;
    size_t n;
} OoxmlRels;

/* The relations of a part (of the package itself: ""); none when it has none. Lives in the
 * arena. */
bool ooxml_rels(Package *p, Str part, Arena *a, OoxmlRels *out, Err *err);
const OoxmlRel *ooxml_rel(const OoxmlRels *rels, Str id);             /* NULL when absent */
const OoxmlRel *ooxml_rel_of_type(const OoxmlRels *rels, const char *type); /* the first; NULL */
/* The name of what `target`, seen from `part`, means: "word/a.xml" and "../b.xml" give "b.xml". ptr
 * NULL without memory. */
Str ooxml_resolve(Str part, Str target, Arena *a);

/* The part that is the document, and its kind by its content type. */
bool ooxml_main(Package *p, Arena *a, Str *part, OfficeKind *kind, Err *err);

/* Title, author and language from core properties, or ODF's meta.xml, or a package document. */
bool ooxml_properties(Package *p, Str part, ExtractOut *out, Err *err);

/* A chart's title and data as a table, or a diagram's words, put after the open paragraph. */
bool ooxml_chart(Package *p, Str part, Story *s, Err *err);
bool ooxml_diagram(Package *p, Str part, Story *s, Err *err);

/* The documents' readers; `part` is the main one. */
bool docx_read(Package *p, Str part, Arena *a, ExtractOut *out, Err *err);
bool xlsx_read(Package *p, Str part, Arena *a, ExtractOut *out, Err *err);
bool pptx_read(Package *p, Str part, Arena *a, ExtractOut *out, Err *err);
bool odf_read(Package *p, Arena *a, ExtractOut *out, Err *err);
bool epub_read(Package *p, Arena *a, ExtractOut *out, Err *err);

#endif
