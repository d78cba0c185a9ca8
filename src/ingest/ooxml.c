#include "ingest/ooxml.h"

#include "base/mem.h"
#include "text/letters.h"

#define MAX_RELS 100000

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "reading the document: out of memory");
}

/* ---- names ---------------------------------------------------------------------------------- */

static Str folder_of(Str part)
{
    size_t end = part.len;
    while (end > 0 && part.ptr[end - 1] != '/')
        end--;
    return str_sub(part, 0, end);
}

/* Drops the last folder of "a/b/". */
static void pop_folder(Buf *b)
{
    if (b->len > 0)
        buf_cut(b, b->len - 1);
    while (b->len > 0 && b->ptr[b->len - 1] != '/')
        buf_cut(b, b->len - 1);
}

Str ooxml_resolve(Str part, Str target, Arena *a)
{
    Buf name;
    buf_init(&name, 4096);
    target = str_sub(target, 0, str_find(target, STR("#"), 0));
    bool absolute = str_starts(target, STR("/"));
    if (!absolute)
        (void)buf_add(&name, folder_of(part));
    Str rest = target, step;
    while (str_next(&rest, '/', &step)) {
        bool last = rest.ptr == NULL;
        if (str_eq(step, STR("..")))
            pop_folder(&name);
        else if (step.len > 0 && !str_eq(step, STR("."))) {
            (void)buf_add(&name, step);
            if (!last)
                (void)buf_add_char(&name, '/');
        }
    }
    /* A name that is longer than any part's is nobody's. */
    Str out = name.no_memory ? (Str){NULL, 0} :
                               arena_str(a, buf_ok(&name) ? buf_str(&name) : STR(""));
    buf_release(&name);
    return out;
}

/* ---- relations ------------------------------------------------------------------------------ */

enum { RELATION = 1 };
static const XmlWord rel_words[] = {{XN_REL, "Relationship", RELATION}};

typedef struct {
    OoxmlRels *rels;
    size_t cap;
    Str part;
    Arena *arena;
    bool failed;
} RelReader;

static bool rel_start(void *arg, int element, const XmlAttributes *at)
{
    RelReader *r = arg;
    if (element != RELATION || r->failed)
        return true;
    OoxmlRels *all = r->rels;
    if (all->n == MAX_RELS || !ARENA_GROW(r->arena, all->list, all->n, r->cap)) {
        r->failed = true;
        return true;
    }
    OoxmlRel rel = {.id = arena_str(r->arena, xml_attribute(at, XN_OTHER, "Id"))};
    Str type = xml_attribute(at, XN_OTHER, "Type"), target = xml_attribute(at, XN_OTHER, "Target");
    size_t slash = type.len;
    while (slash > 0 && type.ptr[slash - 1] != '/')
        slash--;
    rel.type = arena_str(r->arena, str_sub(type, slash, type.len));
    rel.external = str_eq_nocase(xml_attribute(at, XN_OTHER, "TargetMode"), STR("External"));
    rel.target = rel.external ? arena_str(r->arena, target) :
                                ooxml_resolve(r->part, target, r->arena);
    if (!rel.id.ptr || !rel.type.ptr || !rel.target.ptr)
        r->failed = true;
    else
        all->list[all->n++] = rel;
    return true;
}

bool ooxml_rels(Package *p, Str part, Arena *a, OoxmlRels *out, Err *err)
{
    RelReader r = {.rels = out, .part = part, .arena = a};
    XmlHandler h = {.arg = &r, XML_WORDS(rel_words), .start = rel_start};
    Str folder = folder_of(part);
    *out = (OoxmlRels){NULL, 0};
    Str name = arena_printf(a, STR_FMT "_rels/" STR_FMT ".rels", STR_ARG(folder),
                            STR_ARG(str_sub(part, folder.len, part.len)));
    if (!name.ptr)
        return no_memory(err);
    return package_parse_optional(p, name, &h, err) && (!r.failed || no_memory(err));
}

const OoxmlRel *ooxml_rel(const OoxmlRels *rels, Str id)
{
    for (size_t i = 0; id.len > 0 && i < rels->n; i++)
        if (str_eq(rels->list[i].id, id))
            return &rels->list[i];
    return NULL;
}

const OoxmlRel *ooxml_rel_of_type(const OoxmlRels *rels, const char *type)
{
    for (size_t i = 0; i < rels->n; i++)
        if (!rels->list[i].external && str_eq(rels->list[i].type, str_of(type)))
            return &rels->list[i];
    return NULL;
}

/* ---- the main part -------------------------------------------------------------------------- */

enum { DEFAULT = 1, OVERRIDE };
static const XmlWord type_words[] = {{XN_CT, "Default", DEFAULT}, {XN_CT, "Override", OVERRIDE}};

typedef struct {
    Str part;
    OfficeKind exact, by_ending;
} TypeReader;

static OfficeKind kind_of(Str type)
{
    static const struct {
        const char *words;
        OfficeKind kind;
    } kinds[] = {{"sheet.binary", OFFICE_SHEET_BINARY}, {"wordprocessingml", OFFICE_WORD},
                 {"ms-word", OFFICE_WORD}, {"spreadsheetml", OFFICE_SHEET},
                 {"ms-excel", OFFICE_SHEET}, {"presentationml", OFFICE_SLIDES},
                 {"ms-powerpoint", OFFICE_SLIDES}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_find(type, str_of(kinds[i].words), 0) != SIZE_MAX)
            return kinds[i].kind;
    return OFFICE_NONE;
}

static bool type_start(void *arg, int element, const XmlAttributes *at)
{
    TypeReader *r = arg;
    OfficeKind kind = kind_of(xml_attribute(at, XN_OTHER, "ContentType"));
    if (element == OVERRIDE) {
        Str name = xml_attribute(at, XN_OTHER, "PartName");
        if (str_eq_nocase(str_sub(name, str_starts(name, STR("/")), name.len), r->part))
            r->exact = kind;
    } else if (element == DEFAULT) {
        Str ending = xml_attribute(at, XN_OTHER, "Extension");
        if (ending.len > 0 && str_ends_nocase(r->part, ending))
            r->by_ending = kind;
    }
    return true;
}

bool ooxml_main(Package *p, Arena *a, Str *part, OfficeKind *kind, Err *err)
{
    static const struct {
        const char *part, *folder;
        OfficeKind kind;
    } usual[] = {{"word/document.xml", "word/", OFFICE_WORD},
                 {"xl/workbook.xml", "xl/", OFFICE_SHEET},
                 {"xl/workbook.bin", "xl/", OFFICE_SHEET_BINARY},
                 {"ppt/presentation.xml", "ppt/", OFFICE_SLIDES}};
    OoxmlRels rels;
    if (!ooxml_rels(p, STR(""), a, &rels, err))
        return false;
    const OoxmlRel *main = ooxml_rel_of_type(&rels, "officeDocument");
    *part = main && package_has(p, main->target) ? main->target : STR("");
    for (size_t i = 0; i < 4 && part->len == 0; i++)
        if (package_has(p, str_of(usual[i].part)))
            *part = str_of(usual[i].part);
    TypeReader r = {.part = *part};
    XmlHandler h = {.arg = &r, XML_WORDS(type_words), .start = type_start};
    if (!package_parse_optional(p, STR("[Content_Types].xml"), &h, err))
        return false;
    *kind = r.exact != OFFICE_NONE ? r.exact : r.by_ending;
    for (size_t i = 0; i < 4 && *kind == OFFICE_NONE; i++)
        if (str_starts(*part, str_of(usual[i].folder)))
            *kind = usual[i].kind;
    return true;
}

/* ---- properties ----------------------------------------------------------------------------- */

enum { TITLE = 1, CREATOR, FIRST_CREATOR, LANGUAGE };
static const XmlWord property_words[] = {{XN_DC, "title", TITLE},
                                         {XN_DC, "creator", CREATOR},
                                         {XN_META, "initial-creator", FIRST_CREATOR},
                                         {XN_DC, "language", LANGUAGE}};

typedef struct {
    ExtractOut *out;
    int element;
    unsigned titles, creators;
    bool first_creator;
    Buf value;
} PropertyReader;

static bool property_start(void *arg, int element, const XmlAttributes *at)
{
    PropertyReader *r = arg;
    (void)at;
    if (element) {
        r->element = element;
        buf_cut(&r->value, 0);
    }
    return true;
}

static void property_text(void *arg, Str s)
{
    PropertyReader *r = arg;
    if (r->element)
        (void)buf_add(&r->value, s);
}

static void add_author(PropertyReader *r, Str name)
{
    Buf all;
    buf_init(&all, SIZE_MAX);
    if (r->creators++ > 0) {
        (void)buf_add(&all, buf_str(&r->out->author));
        (void)buf_add_c(&all, ", ");
    }
    (void)buf_add(&all, name);
    if (!buf_ok(&all))
        extract_no_memory(r->out);
    extract_meta(&r->out->author, buf_str(&all));
    buf_release(&all);
}

static void property_end(void *arg, int element)
{
    PropertyReader *r = arg;
    Str value = letters_trim(buf_str(&r->value));
    if (!element || element != r->element)
        return;
    r->element = 0;
    if (value.len == 0)
        return;
    if (element == TITLE && r->titles++ == 0)
        extract_meta(&r->out->title, value);
    else if (element == LANGUAGE)
        extract_meta(&r->out->language, str_sub(value, 0, 40));
    else if (element == CREATOR && !r->first_creator && r->creators < 20)
        add_author(r, value);
    else if (element == FIRST_CREATOR) {
        r->first_creator = true; /* who wrote it, not who saved it last */
        r->creators = 0;
        add_author(r, value);
    }
}

bool ooxml_properties(Package *p, Str part, ExtractOut *out, Err *err)
{
    PropertyReader r = {.out = out};
    XmlHandler h = {.arg = &r, XML_WORDS(property_words), .start = property_start,
        .end = property_end, .text = property_text};
    buf_init(&r.value, 1 << 16);
    bool ok = package_parse_optional(p, part, &h, err);
    if (r.value.no_memory)
        extract_no_memory(out);
    buf_release(&r.value);
    return ok;
}
