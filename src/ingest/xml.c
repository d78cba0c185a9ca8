/* xml.c - the XML half of libxml2 (read_html.c knows the HTML half). */
#include "ingest/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "base/mem.h"
#include "base/os.h"

#define MAX_ATTRIBUTES 64

static struct {
    __typeof__(&xmlCreatePushParserCtxt) create;
    __typeof__(&xmlCtxtUseOptions) options;
    __typeof__(&xmlParseChunk) parse;
    __typeof__(&xmlStopParser) stop;
    __typeof__(&xmlFreeParserCtxt) drop;
    __typeof__(&xmlFreeDoc) drop_doc;
    __typeof__(&xmlSetGenericErrorFunc) errors;
    __typeof__(&xmlInitParser) init;
} lib;

static void no_report(void *arg, const char *format, ...)
{
    (void)arg;
    (void)format;
}

bool xml_preload(Err *err)
{
    void *so = os_dlopen((const char *const[]){"libxml2.so.2", NULL}, "libxml2", err);
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"xmlCreatePushParserCtxt", &lib.create},
                   {"xmlCtxtUseOptions", &lib.options},
                   {"xmlParseChunk", &lib.parse},
                   {"xmlStopParser", &lib.stop},
                   {"xmlFreeParserCtxt", &lib.drop},
                   {"xmlFreeDoc", &lib.drop_doc},
                   {"xmlSetGenericErrorFunc", &lib.errors},
                   {"xmlInitParser", &lib.init}};
    if (!so)
        return false;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (!os_sym(so, symbols[i].name, symbols[i].to, err))
            return false;
    lib.init();
    lib.errors(NULL, no_report);
    return true;
}

/* ---- namespaces ----------------------------------------------------------------------------- */

#define OOXML "http://schemas.openxmlformats.org/"
#define STRICT "http://purl.oclc.org/ooxml/"
#define ODF "urn:oasis:names:tc:opendocument:xmlns:"

/* The prefix stands for the namespace where a document forgot to declare it. */
static const struct {
    const char *address, *prefix;
    XmlNs ns;
} namespaces[] = {
    {OOXML "wordprocessingml/2006/main", "w", XN_W},
    {STRICT "wordprocessingml/main", NULL, XN_W},
    {OOXML "drawingml/2006/wordprocessingDrawing", "wp", XN_WP},
    {STRICT "drawingml/wordprocessingDrawing", NULL, XN_WP},
    {OOXML "spreadsheetml/2006/main", NULL, XN_S},
    {STRICT "spreadsheetml/main", NULL, XN_S},
    {OOXML "drawingml/2006/spreadsheetDrawing", "xdr", XN_XDR},
    {STRICT "drawingml/spreadsheetDrawing", NULL, XN_XDR},
    {OOXML "presentationml/2006/main", "p", XN_P},
    {STRICT "presentationml/main", NULL, XN_P},
    {"http://schemas.microsoft.com/office/powerpoint/2018/8/main", "p188", XN_P},
    {OOXML "drawingml/2006/main", "a", XN_A},
    {STRICT "drawingml/main", NULL, XN_A},
    {OOXML "drawingml/2006/chart", "c", XN_C},
    {STRICT "drawingml/chart", NULL, XN_C},
    {OOXML "drawingml/2006/diagram", "dgm", XN_DGM},
    {STRICT "drawingml/diagram", NULL, XN_DGM},
    {OOXML "officeDocument/2006/math", "m", XN_M},
    {STRICT "officeDocument/math", NULL, XN_M},
    {"urn:schemas-microsoft-com:vml", "v", XN_V},
    {OOXML "officeDocument/2006/relationships", "r", XN_R},
    {STRICT "officeDocument/relationships", NULL, XN_R},
    {OOXML "package/2006/relationships", NULL, XN_REL},
    {OOXML "package/2006/content-types", NULL, XN_CT},
    {OOXML "package/2006/metadata/core-properties", "cp", XN_CP},
    {OOXML "markup-compatibility/2006", "mc", XN_MC},
    {"http://purl.org/dc/elements/1.1/", "dc", XN_DC},
    {"http://purl.org/dc/elements/1.0/", NULL, XN_DC},
    {ODF "office:1.0", "office", XN_OFFICE},
    {ODF "text:1.0", "text", XN_TEXT},
    {ODF "table:1.0", "table", XN_TABLE},
    {ODF "style:1.0", "style", XN_STYLE},
    {ODF "drawing:1.0", "draw", XN_DRAW},
    {ODF "presentation:1.0", "presentation", XN_SLIDE},
    {ODF "svg-compatible:1.0", "svg", XN_SVG},
    {ODF "meta:1.0", "meta", XN_META},
    {ODF "xsl-fo-compatible:1.0", "fo", XN_FO},
    {ODF "datastyle:1.0", "number", XN_NUMBER},
    {ODF "manifest:1.0", "manifest", XN_MANIFEST},
    {"http://www.w3.org/1999/xlink", "xlink", XN_XLINK},
    {"http://www.idpf.org/2007/opf", "opf", XN_OPF},
    {"http://www.daisy.org/z3986/2005/ncx/", "ncx", XN_NCX},
    {"http://www.w3.org/1999/xhtml", NULL, XN_XHTML},
    {"http://www.w3.org/XML/1998/namespace", "xml", XN_XML},
};

static XmlNs find_namespace(const char *address, const char *prefix)
{
    for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
        if (address ? strcmp(namespaces[i].address, address) == 0 :
                      prefix && namespaces[i].prefix && strcmp(namespaces[i].prefix, prefix) == 0)
            return namespaces[i].ns;
    return XN_OTHER;
}

/* ---- state ---------------------------------------------------------------------------------- */

enum { PLAIN = 0, ALTERNATIVES = -1, CHOICE = -2 }; /* numbers that no reader has */

typedef struct {
    int number;
    bool chosen; /* of ALTERNATIVES: one was read */
} Level;

#define REMEMBERED 8

struct XmlParser {
    XmlHandler h;
    xmlParserCtxtPtr ctxt;
    Level levels[XML_MAX_DEPTH];
    size_t depth, skipped; /* skipped: open elements that are passed over */
    XmlAttribute attributes[MAX_ATTRIBUTES];
    Buf values; /* of attributes with a decoded "&" */
    /* Addresses come as pointers into the parser's dictionary: the same namespace, the same one. */
    struct {
        const xmlChar *address;
        XmlNs ns;
    } seen[REMEMBERED];
    size_t n_seen;
    bool started, damaged, in_dtd;
    const char *refused; /* why */
};

static XmlNs namespace_of(XmlParser *x, const xmlChar *address, const xmlChar *prefix)
{
    if (!address)
        return prefix ? find_namespace(NULL, (const char *)prefix) : XN_OTHER;
    for (size_t i = 0; i < REMEMBERED; i++)
        if (x->seen[i].address == address)
            return x->seen[i].ns;
    XmlNs ns = find_namespace((const char *)address, NULL);
    x->seen[x->n_seen].address = address;
    x->seen[x->n_seen].ns = ns;
    x->n_seen = (x->n_seen + 1) % REMEMBERED;
    return ns;
}

static void refuse(XmlParser *x, const char *why)
{
    if (!x->refused)
        x->refused = why;
    lib.stop(x->ctxt);
}

/* ---- events --------------------------------------------------------------------------------- */

static int word_of(const XmlHandler *h, XmlNs ns, Str name)
{
    for (size_t i = 0; i < h->n_words; i++) {
        const XmlWord *w = &h->words[i];
        if ((w->ns == ns || w->ns == XN_ANY) && w->name[0] == name.ptr[0] &&
            strncmp(w->name, name.ptr, name.len) == 0 && w->name[name.len] == '\0')
            return w->number;
    }
    return PLAIN;
}

/* libxml2 leaves an ampersand as "&#38;" when it is not to replace entities. */
static Str decode(XmlParser *x, Str s)
{
    if (!memchr(s.ptr, '&', s.len))
        return s;
    size_t from = x->values.len;
    for (size_t at = 0; at < s.len;) {
        size_t amp = str_find(s, STR("&#38;"), at);
        (void)buf_add(&x->values, str_sub(s, at, amp));
        if (amp == SIZE_MAX)
            break;
        (void)buf_add_char(&x->values, '&');
        at = amp + 5;
    }
    return buf_ok(&x->values) ? str_sub(buf_str(&x->values), from, x->values.len) : s;
}

/* Five pointers an attribute: name, prefix, address, value and its end. */
static XmlAttributes take_attributes(XmlParser *x, int n, const xmlChar **from)
{
    size_t room = 16, kept = 0;
    for (int i = 0; i < n; i++)
        room += (size_t)(from[i * 5 + 4] - from[i * 5 + 3]);
    buf_cut(&x->values, 0); /* keeps a failure, for check */
    bool ok = buf_reserve(&x->values, room) != NULL; /* so that it does not move */
    for (int i = 0; i < n && kept < MAX_ATTRIBUTES; i++, from += 5) {
        Str value = {(const char *)from[3], (size_t)(from[4] - from[3])};
        x->attributes[kept++] = (XmlAttribute){
            .ns = from[1] ? namespace_of(x, from[2], from[1]) : XN_OTHER,
            .name = str_of((const char *)from[0]), .value = ok ? decode(x, value) : value};
    }
    return (XmlAttributes){x->attributes, kept};
}

static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *address,
                     int n_spaces, const xmlChar **spaces, int n, int n_defaults,
                     const xmlChar **from)
{
    XmlParser *x = arg;
    (void)n_spaces;
    (void)spaces;
    (void)n_defaults;
    x->started = true;
    if (x->skipped > 0) {
        x->skipped++;
        if (x->skipped > XML_MAX_DEPTH)
            refuse(x, "elements nested too deep");
        return;
    }
    if (x->depth == XML_MAX_DEPTH) {
        refuse(x, "elements nested too deep");
        return;
    }
    XmlNs ns = namespace_of(x, address, prefix);
    Str local = str_of((const char *)name);
    Level *outer = x->depth ? &x->levels[x->depth - 1] : NULL;
    int number = PLAIN;
    if (ns == XN_MC) {
        bool choice = str_eq(local, STR("Choice")) || str_eq(local, STR("Fallback"));
        number = str_eq(local, STR("AlternateContent")) ? ALTERNATIVES : choice ? CHOICE : PLAIN;
        if (choice && outer && outer->number == ALTERNATIVES) {
            if (outer->chosen) {
                x->skipped = 1;
                return;
            }
            outer->chosen = true;
        }
    } else {
        number = word_of(&x->h, ns, local);
    }
    if (number >= 0) {
        XmlAttributes a = take_attributes(x, n, from);
        if (!x->h.start(x->h.arg, number, &a)) {
            x->skipped = 1;
            return;
        }
    }
    x->levels[x->depth++] = (Level){number, false};
}

static void end_level(XmlParser *x)
{
    int number = x->levels[--x->depth].number;
    if (number >= 0 && x->h.end)
        x->h.end(x->h.arg, number);
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *address)
{
    XmlParser *x = arg;
    (void)name;
    (void)prefix;
    (void)address;
    if (x->skipped > 0)
        x->skipped--;
    else if (x->depth > 0)
        end_level(x);
}

static void on_text(void *arg, const xmlChar *text, int length)
{
    XmlParser *x = arg;
    if (x->skipped == 0 && x->h.text)
        x->h.text(x->h.arg, str_mem((const char *)text, (size_t)length));
}

static void on_entity(void *arg, const xmlChar *name, int type, const xmlChar *public_id,
                      const xmlChar *system_id, xmlChar *content) // NOLINT: libxml2's type
{
    (void)name;
    (void)type;
    (void)public_id;
    (void)system_id;
    (void)content;
    refuse(arg, "entities of its own");
}

/* A fault that well-formed XML cannot have; namespace and attribute faults are passed over. */
static void on_error(void *arg, xmlErrorPtr e)
{
    XmlParser *x = arg;
    if (e && e->level == XML_ERR_FATAL && e->code != XML_ERR_UNDECLARED_ENTITY &&
        e->code != XML_ERR_ATTRIBUTE_REDEFINED && e->code != XML_ERR_INVALID_CHAR)
        x->damaged = true;
}

/* ---- the parser ----------------------------------------------------------------------------- */

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "reading the file's XML: out of memory");
}

XmlParser *xml_open(const XmlHandler *h, Err *err)
{
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .startElementNs = on_start,
        .endElementNs = on_end, .characters = on_text, .ignorableWhitespace = on_text,
        .cdataBlock = on_text, .entityDecl = on_entity, .serror = on_error};
    XmlParser *x = mem_zalloc(sizeof *x);
    if (!x) {
        (void)no_memory(err);
        return NULL;
    }
    x->h = *h;
    buf_init(&x->values, SIZE_MAX);
    x->ctxt = lib.create(&sax, x, NULL, 0, NULL);
    if (!x->ctxt) {
        xml_close(x);
        (void)no_memory(err);
        return NULL;
    }
    /* XML_PARSE_HUGE lifts limits on single texts; depth and total size have ours. */
    (void)lib.options(x->ctxt, XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR |
                                   XML_PARSE_NOWARNING | XML_PARSE_HUGE);
    x->ctxt->sax->serror = on_error; /* NOERROR takes the others away */
    return x;
}

static bool check(XmlParser *x, Err *err)
{
    if (x->refused)
        return err_set(err, ERR_VALIDATION, "the file is refused: its XML has %s", x->refused);
    return (x->ctxt->errNo != XML_ERR_NO_MEMORY && buf_ok(&x->values)) || no_memory(err);
}

bool xml_feed(XmlParser *x, Str bytes, Err *err)
{
    if (bytes.len > 0 && !x->refused)
        (void)lib.parse(x->ctxt, bytes.ptr, (int)bytes.len, 0);
    return check(x, err);
}

bool xml_end(XmlParser *x, bool *whole, Err *err)
{
    (void)lib.parse(x->ctxt, "", 0, 1);
    if (!check(x, err))
        return false;
    *whole = !x->damaged && x->depth == 0 && x->skipped == 0 && x->started;
    while (x->depth > 0)
        end_level(x);
    return true;
}

bool xml_refused(const XmlParser *x)
{
    return x->refused != NULL;
}

bool xml_started(const XmlParser *x)
{
    return x->started;
}

void xml_close(XmlParser *x)
{
    if (!x)
        return;
    if (x->ctxt) {
        if (x->ctxt->myDoc)
            lib.drop_doc(x->ctxt->myDoc);
        x->ctxt->myDoc = NULL;
        lib.drop(x->ctxt);
    }
    buf_release(&x->values);
    mem_free(x);
}

Str xml_attribute(const XmlAttributes *a, XmlNs ns, const char *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->list[i].ns == ns && str_eq(a->list[i].name, str_of(name)))
            return a->list[i].value;
    return (Str){NULL, 0};
}

bool xml_is_on(Str value)
{
    return !value.ptr || str_eq(value, STR("1")) || str_eq(value, STR("true")) ||
           str_eq(value, STR("on"));
}
