#include "ingest/odf_styles.h"

#include <stdio.h>

#include "ingest/docx_styles.h"

#define MAX_STYLES 16384 /* what comes behind them is not known */

enum { S_STYLE = 1, S_TEXT, S_DEFAULT, S_LIST, S_NUMBER, S_BULLET, S_OUTLINE };
static const XmlWord words[] = {
    {XN_STYLE, "style", S_STYLE}, {XN_STYLE, "text-properties", S_TEXT},
    {XN_STYLE, "default-style", S_DEFAULT}, {XN_TEXT, "list-style", S_LIST},
    {XN_TEXT, "list-level-style-number", S_NUMBER}, {XN_TEXT, "list-level-style-bullet", S_BULLET},
    {XN_TEXT, "list-level-style-image", S_BULLET}, {XN_TEXT, "outline-style", S_OUTLINE},
    {XN_TEXT, "outline-level-style", S_NUMBER}};

typedef struct {
    OdfStyles *to;
    Arena *arena;
    OdfStyle *style; /* the one that is open; NULL */
    OdfList *list;
    bool in_default, failed;
} StyleReader;

static Str keep(StyleReader *r, Str s)
{
    Str out = arena_str(r->arena, s);
    r->failed = r->failed || !out.ptr;
    return out.ptr ? out : STR("");
}

/* "Heading_20_2" is what programs call the style of a heading of level 2. */
static int heading_of(Str name)
{
    static const char prefix[] = "Heading_20_";
    size_t n = sizeof prefix - 1;
    if (!str_starts(name, str_of(prefix)) || name.len != n + 1)
        return 0;
    int level = name.ptr[n] - '0';
    return level >= 1 && level <= 9 ? (level < 6 ? level : 6) : 0;
}

static void begin_style(StyleReader *r, const XmlAttributes *at)
{
    OdfStyles *s = r->to;
    r->style = NULL;
    if (s->n_styles == MAX_STYLES)
        return;
    if (!ARENA_GROW(r->arena, s->styles, s->n_styles, s->cap_styles)) {
        r->failed = true;
        return;
    }
    r->style = &s->styles[s->n_styles++];
    Str name = xml_attribute(at, XN_STYLE, "name");
    *r->style = (OdfStyle){.name = keep(r, name),
        .parent = keep(r, xml_attribute(at, XN_STYLE, "parent-style-name")),
        .heading = heading_of(name), .is_title = str_eq(name, STR("Title")),
        .is_code = str_eq(name, STR("Preformatted_20_Text")) ||
                   str_eq(name, STR("Source_20_Text"))};
}

static bool is_monospaced(Str font)
{
    static const char *const fonts[] = {
        "Courier", "Consolas", "Liberation Mono", "DejaVu Sans Mono", "Lucida Console",
        "Monaco",  "Menlo",    "Andale Mono",     "Source Code"};
    font = str_sub(font, font.len > 0 && font.ptr[0] == '\'', font.len);
    for (size_t i = 0; i < sizeof fonts / sizeof *fonts; i++)
        if (str_starts(font, str_of(fonts[i])))
            return true;
    return false;
}

static void text_properties(StyleReader *r, const XmlAttributes *at)
{
    Str language = xml_attribute(at, XN_FO, "language");
    Str country = xml_attribute(at, XN_FO, "country");
    if (r->in_default && language.len > 1 && language.len < 9 && !str_eq(language, STR("none")) &&
        r->to->language.len == 0) {
        bool both = country.len == 2 && !str_eq(country, STR("none"));
        r->to->language = both ? arena_printf(r->arena, STR_FMT "-" STR_FMT, STR_ARG(language),
                                              STR_ARG(country)) : keep(r, language);
        r->failed = r->failed || !r->to->language.ptr;
    }
    if (!r->style)
        return;
    Str hidden = xml_attribute(at, XN_TEXT, "display");
    r->style->is_hidden = r->style->is_hidden || str_eq(hidden, STR("none"));
    r->style->is_code = r->style->is_code ||
                        is_monospaced(xml_attribute(at, XN_STYLE, "font-name")) ||
                        is_monospaced(xml_attribute(at, XN_FO, "font-family"));
}

static void begin_list(StyleReader *r, const XmlAttributes *at)
{
    OdfStyles *s = r->to;
    r->list = NULL;
    if (s->n_lists == MAX_STYLES)
        return;
    if (!ARENA_GROW(r->arena, s->lists, s->n_lists, s->cap_lists)) {
        r->failed = true;
        return;
    }
    r->list = &s->lists[s->n_lists++];
    *r->list = (OdfList){.name = keep(r, xml_attribute(at, XN_STYLE, "name"))};
}

static uint32_t small(Str s, uint32_t otherwise)
{
    uint64_t n;
    return str_to_u64(s, &n) && n <= 1000000 ? (uint32_t)n : otherwise;
}

static void list_level(StyleReader *r, const XmlAttributes *at, bool numbered)
{
    uint32_t level = small(xml_attribute(at, XN_TEXT, "level"), 0);
    if (!r->list || level < 1 || level > ODF_LEVELS)
        return;
    r->list->levels[level - 1] = (OdfLevel){.numbered = numbered,
        .format = keep(r, xml_attribute(at, XN_STYLE, "num-format")),
        .prefix = keep(r, str_sub(xml_attribute(at, XN_STYLE, "num-prefix"), 0, 40)),
        .suffix = keep(r, str_sub(xml_attribute(at, XN_STYLE, "num-suffix"), 0, 40)),
        .start = small(xml_attribute(at, XN_TEXT, "start-value"), 1),
        .shown = small(xml_attribute(at, XN_TEXT, "display-levels"), 1)};
}

static bool on_start(void *arg, int element, const XmlAttributes *at)
{
    StyleReader *r = arg;
    switch (element) {
    case S_STYLE: begin_style(r, at); break;
    case S_DEFAULT:
        r->in_default = str_eq(xml_attribute(at, XN_STYLE, "family"), STR("paragraph"));
        break;
    case S_TEXT: text_properties(r, at); break;
    case S_LIST: begin_list(r, at); break;
    case S_OUTLINE: r->list = &r->to->outline; break;
    case S_NUMBER: list_level(r, at, true); break;
    case S_BULLET: list_level(r, at, false); break;
    default: break;
    }
    return true;
}

static void on_end(void *arg, int element)
{
    StyleReader *r = arg;
    if (element == S_STYLE)
        r->style = NULL;
    else if (element == S_DEFAULT)
        r->in_default = false;
    else if (element == S_LIST || element == S_OUTLINE)
        r->list = NULL;
}

bool odf_styles_read(Package *p, Str part, Arena *a, OdfStyles *to, Err *err)
{
    StyleReader r = {.to = to, .arena = a};
    XmlHandler h = {.arg = &r, XML_WORDS(words), .start = on_start, .end = on_end};
    return package_parse_optional(p, part, &h, err) && (!r.failed || err_set(err, ERR_NO_MEMORY,
                                                                             "reading the "
                                                                             "document's styles: "
                                                                             "out of memory"));
}

const OdfStyle *odf_style(const OdfStyles *s, Str name)
{
    for (size_t i = s->n_styles; name.len > 0 && i > 0; i--)
        if (str_eq(s->styles[i - 1].name, name))
            return &s->styles[i - 1];
    return NULL;
}

void odf_styles_finish(OdfStyles *s)
{
    /* The parents of automatic styles are in styles.xml, which is read first: from the front, most
     * styles see finished parents. Deeper ones need few steps. */
    for (size_t i = 0; i < s->n_styles && s->n_styles <= 4096; i++) {
        OdfStyle *to = &s->styles[i];
        const OdfStyle *from = to;
        for (int steps = 0; steps < 6 && (from = odf_style(s, from->parent)); steps++) {
            to->is_code = to->is_code || from->is_code;
            to->is_hidden = to->is_hidden || from->is_hidden;
            to->is_title = to->is_title || from->is_title;
            to->heading = to->heading ? to->heading : from->heading;
        }
    }
}

const OdfList *odf_list(const OdfStyles *s, Str name)
{
    for (size_t i = 0; name.len > 0 && i < s->n_lists; i++)
        if (str_eq(s->lists[i].name, name))
            return &s->lists[i];
    return NULL;
}

static Str word_format(Str odf)
{
    static const struct {
        const char *odf, *word;
    } formats[] = {{"a", "lowerLetter"}, {"A", "upperLetter"}, {"i", "lowerRoman"},
                   {"I", "upperRoman"}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (str_eq(odf, str_of(formats[i].odf)))
            return str_of(formats[i].word);
    return STR("decimal");
}

void odf_label(const OdfList *list, const uint32_t *counts, unsigned level, Buf *to)
{
    const OdfLevel *l = list && level < ODF_LEVELS ? &list->levels[level] : NULL;
    if (!l || !l->numbered) {
        (void)buf_add_char(to, '-');
        return;
    }
    if (l->format.len == 0)
        return;
    (void)buf_add(to, l->prefix);
    unsigned from = l->shown > 0 && l->shown <= level ? level + 1 - l->shown : l->shown ? 0 : level;
    for (unsigned i = from; i <= level; i++) {
        if (i > from)
            (void)buf_add_char(to, '.');
        docx_number(to, counts[i], word_format(list->levels[i].format));
    }
    (void)buf_add(to, l->suffix);
}
