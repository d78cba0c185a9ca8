/* read_office.c - documents that are ZIP archives with XML: DOCX, XLSX, PPTX, ODT, ODS, ODP, EPUB.
 *
 *   bytes -> package -> what it really is, by its content types or its mimetype -> that reader
 *
 * A file's name may lie: a spreadsheet named .docx is read as the spreadsheet that it is. What is
 * encrypted is refused by that name; what is damaged is read as far as it goes, and says so in its
 * last line. */
#include "ingest/ooxml.h"

#define MIMETYPE_MAX 200

static bool preload(Err *err)
{
    return package_preload(err) && reader_html.preload(err);
}

/* ---- what it is ----------------------------------------------------------------------------- */

/* OLE containers hold the old binary formats, and the new ones once they are encrypted. */
static bool refuse_ole(Str data, Err *err)
{
    static const char stream[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
    if (str_find(data, str_mem(stream, sizeof stream - 1), 0) != SIZE_MAX)
        return err_set(err, ERR_VALIDATION,
                       "the document is encrypted: remove its password and add it again");
    return err_set(err, ERR_UNSUPPORTED_MEDIA, "the file has an old binary Office format (.doc, "
                   ".xls, .ppt): save it as .docx, .xlsx or .pptx and add it again");
}

static bool take_mimetype(void *arg, Str bytes, Err *err)
{
    Buf *b = arg;
    (void)err;
    (void)buf_add(b, str_sub(bytes, 0, b->max - b->len));
    return true;
}

static bool find_kind(Package *p, Arena *a, Str *part, OfficeKind *kind, Err *err)
{
    Buf mime;
    bool ok = true;
    buf_init(&mime, MIMETYPE_MAX);
    *kind = OFFICE_NONE;
    *part = STR("");
    if (package_has(p, STR("mimetype")))
        ok = package_read(p, STR("mimetype"), take_mimetype, &mime, err);
    Str m = str_trim(buf_str(&mime));
    if (str_starts(m, STR("application/epub")) || package_has(p, STR("META-INF/container.xml")))
        *kind = OFFICE_EPUB;
    else if (str_starts(m, STR("application/vnd.oasis.opendocument.")) ||
             package_has(p, STR("content.xml")))
        *kind = OFFICE_ODF;
    else if (ok)
        ok = ooxml_main(p, a, part, kind, err);
    if (mime.no_memory)
        ok = err_set(err, ERR_NO_MEMORY, "reading the document: out of memory");
    buf_release(&mime);
    return ok;
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_kind(Package *p, OfficeKind kind, Str part, Arena *a, ExtractOut *out, Err *err)
{
    switch (kind) {
    case OFFICE_WORD: return docx_read(p, part, a, out, err);
    case OFFICE_SHEET: return xlsx_read(p, part, a, out, err);
    case OFFICE_SLIDES: return pptx_read(p, part, a, out, err);
    case OFFICE_ODF: return odf_read(p, a, out, err);
    case OFFICE_EPUB: return epub_read(p, a, out, err);
    case OFFICE_SHEET_BINARY:
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "the file is a binary spreadsheet (.xlsb): save "
                       "it as .xlsx and add it again");
    default:
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "the file is a ZIP archive without a document "
                       "that can be read");
    }
}

static bool read_package(Package *p, ExtractOut *out, Err *err)
{
    OfficeKind kind;
    Str part;
    Arena *a = arena_new(SIZE_MAX / 2); /* the process has its own ceiling */
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "reading the document: out of memory");
    bool ok = find_kind(p, a, &part, &kind, err) && read_kind(p, kind, part, a, out, err);
    Str damaged = package_damaged(p);
    if (ok && damaged.len > 0) {
        if (out->text.len == 0)
            ok = err_set(err, ERR_VALIDATION, "the file is damaged: its part " STR_FMT
                         " cannot be read", STR_ARG(damaged));
        extract_break(out, 2);
        extract_add(out, STR("(This file is damaged: its part "));
        extract_flow(out, damaged);
        extract_add(out, STR(" could not be read to its end.)"));
    }
    arena_free(a);
    extract_end(out);
    return ok;
}

static bool read_office(Str data, Str filename, ExtractOut *out, Err *err)
{
    (void)filename;
    if (str_starts(data, STR("\xD0\xCF\x11\xE0")))
        return refuse_ole(data, err);
    Package *p = package_open(data, err);
    bool ok = p && read_package(p, out, err);
    package_close(p);
    return ok;
}

const Reader reader_docx = {.type = "docx", .preload = preload, .read = read_office};
const Reader reader_xlsx = {.type = "xlsx", .preload = preload, .read = read_office};
const Reader reader_pptx = {.type = "pptx", .preload = preload, .read = read_office};
const Reader reader_odt = {.type = "odt", .preload = preload, .read = read_office};
const Reader reader_ods = {.type = "ods", .preload = preload, .read = read_office};
const Reader reader_odp = {.type = "odp", .preload = preload, .read = read_office};
const Reader reader_epub = {.type = "epub", .preload = preload, .read = read_office};
