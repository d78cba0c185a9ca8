#include "ingest/docx_styles.h"

#define MAX_STYLES 4096 /* what comes behind them is not known */
#define MAX_LISTS 16384
#define MAX_COUNT 1000000

enum { S_STYLE = 1, S_NAME, S_BASED, S_OUTLINE, S_NUM_ID, S_LEVEL, S_FONTS, S_DEFAULTS, S_LANG,
       S_SKIP };
static const XmlWord style_words[] = {
    {XN_W, "style", S_STYLE},   {XN_W, "name", S_NAME},   {XN_W, "basedOn", S_BASED},
    {XN_W, "outlineLvl", S_OUTLINE}, {XN_W, "numId", S_NUM_ID}, {XN_W, "ilvl", S_LEVEL},
    {XN_W, "rFonts", S_FONTS},  {XN_W, "docDefaults", S_DEFAULTS}, {XN_W, "lang", S_LANG},
    {XN_W, "tblStylePr", S_SKIP}, {XN_W, "pPrChange", S_SKIP}, {XN_W, "rPrChange", S_SKIP}};

typedef struct {
    DocxStyles *styles;
    Arena *arena;
    DocxStyle *now; /* the style that is open; NULL */
    bool in_defaults, failed;
} StyleReader;

static Str value_of(const XmlAttributes *at)
{
    return xml_attribute(at, XN_W, "val");
}

static void begin_style(StyleReader *r, const XmlAttributes *at)
{
    DocxStyles *s = r->styles;
    r->now = NULL;
    if (s->n == MAX_STYLES)
        return;
    if (!ARENA_GROW(r->arena, s->list, s->n, s->cap)) {
        r->failed = true;
        return;
    }
    Str type = xml_attribute(at, XN_W, "type");
    r->now = &s->list[s->n++];
    *r->now = (DocxStyle){.id = arena_str(r->arena, xml_attribute(at, XN_W, "styleId")),
        .name = STR(""), .based_on = STR(""), .outline = -1, .num = -1};
    r->failed = r->failed || !r->now->id.ptr;
    Str is_default = xml_attribute(at, XN_W, "default");
    if (is_default.ptr && xml_is_on(is_default) && str_eq(type, STR("paragraph")))
        s->normal = s->n - 1;
}

static bool is_monospaced(Str font)
{
    static const char *const fonts[] = {"Courier", "Consolas", "Lucida Console", "Menlo", "Monaco",
                                        "DejaVu Sans Mono", "Liberation Mono", "Source Code",
                                        "Andale Mono", "Cascadia", "Fira Code", "JetBrains"};
    for (size_t i = 0; i < sizeof fonts / sizeof *fonts; i++)
        if (str_starts(font, str_of(fonts[i])))
            return true;
    return false;
}

/* "heading 1" .. "heading 9", in any case: the names are English in every language's Word. */
static int outline_of_name(Str name)
{
    bool is = name.len == 9 && str_eq_nocase(str_sub(name, 0, 8), STR("heading "));
    return is && name.ptr[8] >= '1' && name.ptr[8] <= '9' ? name.ptr[8] - '1' : -1;
}

static void name_style(StyleReader *r, Str name)
{
    DocxStyle *s = r->now;
    s->name = arena_str(r->arena, name);
    r->failed = r->failed || !s->name.ptr;
    if (outline_of_name(name) >= 0)
        s->outline = outline_of_name(name);
    s->is_title = str_eq_nocase(name, STR("title"));
    s->is_code = s->is_code || str_eq_nocase(name, STR("HTML Preformatted")) ||
                 str_eq_nocase(name, STR("Source Code")) || str_eq_nocase(name, STR("code")) ||
                 str_eq_nocase(name, STR("Preformatted Text"));
}

static bool style_start(void *arg, int element, const XmlAttributes *at)
{
    StyleReader *r = arg;
    Str value = value_of(at);
    int64_t n;
    if (element == S_SKIP)
        return false;
    if (element == S_STYLE)
        begin_style(r, at);
    else if (element == S_DEFAULTS)
        r->in_defaults = true;
    else if (element == S_LANG && r->in_defaults && value.len > 0 && value.len <= 40)
        r->styles->language = arena_str(r->arena, value);
    else if (!r->now)
        return true;
    else if (element == S_NAME)
        name_style(r, value);
    else if (element == S_BASED)
        r->now->based_on = arena_str(r->arena, value);
    else if (element == S_OUTLINE && str_to_i64(value, &n) && n >= 0 && n <= 9)
        r->now->outline = n == 9 ? -2 : (int)n; /* 9: body text, said on purpose */
    else if (element == S_NUM_ID && str_to_i64(value, &n))
        r->now->num = n >= 0 ? n : -1;
    else if (element == S_LEVEL && str_to_i64(value, &n) && n >= 0 && n < DOCX_LEVELS)
        r->now->level = (unsigned)n;
    else if (element == S_FONTS)
        r->now->is_code = r->now->is_code || is_monospaced(xml_attribute(at, XN_W, "ascii"));
    return true;
}

static void style_end(void *arg, int element)
{
    StyleReader *r = arg;
    if (element == S_STYLE)
        r->now = NULL;
    else if (element == S_DEFAULTS)
        r->in_defaults = false;
}

static DocxStyle *find_style(const DocxStyles *s, Str id)
{
    for (size_t i = 0; id.len > 0 && i < s->n; i++)
        if (str_eq(s->list[i].id, id))
            return &s->list[i];
    return NULL;
}

/* A style has what the styles it is based on have, unless it says otherwise. */
static void inherit(DocxStyles *s)
{
    for (size_t i = 0; i < s->n; i++) {
        DocxStyle *to = &s->list[i];
        const DocxStyle *from = to;
        for (int steps = 0; steps < 12 && (from = find_style(s, from->based_on)); steps++) {
            if (to->outline == -1)
                to->outline = from->outline;
            if (to->num == -1 && from->num >= 0) {
                to->num = from->num;
                to->level = to->level ? to->level : from->level;
            }
            to->is_code = to->is_code || from->is_code;
        }
    }
}

const DocxStyle *docx_style(const DocxStyles *s, Str id)
{
    const DocxStyle *found = find_style(s, id);
    return found ? found : s->normal < s->n ? &s->list[s->normal] : NULL;
}

/* ---- numbering ------------------------------------------------------------------------------ */

typedef struct {
    Str format, text, style;
    uint32_t start;
    uint32_t restart; /* only levels below this one (from 1) begin it anew; 0: none does */
    bool said, legal; /* legal: all numbers are shown as decimals */
} Level;

typedef struct {
    int64_t id;
    Level levels[DOCX_LEVELS];
    uint32_t count[DOCX_LEVELS];
    bool started[DOCX_LEVELS];
} Abstract;

typedef struct {
    int64_t id, abstract;
    Level levels[DOCX_LEVELS]; /* those that are said override the abstract ones */
    int64_t restart[DOCX_LEVELS]; /* -1: none, or used up */
} List;

struct DocxNumbering {
    Abstract *abstracts;
    List *lists;
    size_t n_abstracts, cap_abstracts, n_lists, cap_lists;
};

enum { N_ABSTRACT = 1, N_LIST, N_ABSTRACT_ID, N_OVERRIDE, N_START_OVERRIDE, N_LEVEL, N_START,
       N_FORMAT, N_TEXT, N_LEGAL, N_STYLE, N_RESTART };
static const XmlWord numbering_words[] = {{XN_W, "abstractNum", N_ABSTRACT},
                                          {XN_W, "num", N_LIST},
                                          {XN_W, "abstractNumId", N_ABSTRACT_ID},
                                          {XN_W, "lvlOverride", N_OVERRIDE},
                                          {XN_W, "startOverride", N_START_OVERRIDE},
                                          {XN_W, "lvl", N_LEVEL},
                                          {XN_W, "start", N_START},
                                          {XN_W, "numFmt", N_FORMAT},
                                          {XN_W, "lvlText", N_TEXT},
                                          {XN_W, "isLgl", N_LEGAL},
                                          {XN_W, "pStyle", N_STYLE},
                                          {XN_W, "lvlRestart", N_RESTART}};

typedef struct {
    DocxNumbering *numbering;
    Arena *arena;
    Abstract *abstract; /* the one that is open; NULL */
    List *list;
    Level *level;
    unsigned override;
    bool failed;
} NumberingReader;

static int64_t number_of(Str s, int64_t otherwise)
{
    int64_t n;
    return str_to_i64(s, &n) && n >= 0 && n <= UINT32_MAX ? n : otherwise;
}

static void begin_abstract(NumberingReader *r, const XmlAttributes *at)
{
    DocxNumbering *d = r->numbering;
    if (d->n_abstracts == MAX_LISTS)
        return;
    if (!ARENA_GROW(r->arena, d->abstracts, d->n_abstracts, d->cap_abstracts)) {
        r->failed = true;
        return;
    }
    r->abstract = &d->abstracts[d->n_abstracts++];
    *r->abstract = (Abstract){.id = number_of(xml_attribute(at, XN_W, "abstractNumId"), -1)};
    r->list = NULL;
}

static void begin_list(NumberingReader *r, const XmlAttributes *at)
{
    DocxNumbering *d = r->numbering;
    if (d->n_lists == MAX_LISTS)
        return;
    if (!ARENA_GROW(r->arena, d->lists, d->n_lists, d->cap_lists)) {
        r->failed = true;
        return;
    }
    r->list = &d->lists[d->n_lists++];
    *r->list = (List){.id = number_of(xml_attribute(at, XN_W, "numId"), -1), .abstract = -1};
    for (unsigned i = 0; i < DOCX_LEVELS; i++)
        r->list->restart[i] = -1;
    r->abstract = NULL;
}

static void begin_level(NumberingReader *r, const XmlAttributes *at)
{
    int64_t i = number_of(xml_attribute(at, XN_W, "ilvl"), 0);
    Level *levels = r->list ? r->list->levels : r->abstract ? r->abstract->levels : NULL;
    r->level = levels && i < DOCX_LEVELS ? &levels[i] : NULL;
    if (r->level)
        *r->level = (Level){.format = STR("decimal"), .text = STR(""), .style = STR(""),
            .start = 0, .restart = DOCX_LEVELS, .said = true};
}

static bool numbering_start(void *arg, int element, const XmlAttributes *at)
{
    NumberingReader *r = arg;
    Str value = value_of(at);
    switch (element) {
    case N_ABSTRACT: begin_abstract(r, at); break;
    case N_LIST: begin_list(r, at); break;
    case N_ABSTRACT_ID:
        if (r->list)
            r->list->abstract = number_of(value, -1);
        break;
    case N_OVERRIDE: {
        int64_t i = number_of(xml_attribute(at, XN_W, "ilvl"), 0);
        r->override = i < DOCX_LEVELS ? (unsigned)i : 0;
        break;
    }
    case N_START_OVERRIDE:
        if (r->list)
            r->list->restart[r->override] = number_of(value, 1);
        break;
    case N_LEVEL: begin_level(r, at); break;
    default: break;
    }
    if (!r->level)
        return true;
    if (element == N_START)
        r->level->start = (uint32_t)number_of(value, 0);
    else if (element == N_RESTART)
        r->level->restart = (uint32_t)number_of(value, DOCX_LEVELS);
    else if (element == N_FORMAT)
        r->level->format = arena_str(r->arena, value);
    else if (element == N_TEXT)
        r->level->text = arena_str(r->arena, str_sub(value, 0, 80));
    else if (element == N_STYLE)
        r->level->style = arena_str(r->arena, value);
    else if (element == N_LEGAL)
        r->level->legal = xml_is_on(value);
    r->failed = r->failed || !r->level->format.ptr || !r->level->text.ptr || !r->level->style.ptr;
    return true;
}

static void numbering_end(void *arg, int element)
{
    NumberingReader *r = arg;
    if (element == N_LEVEL)
        r->level = NULL;
    else if (element == N_ABSTRACT)
        r->abstract = NULL;
    else if (element == N_LIST)
        r->list = NULL;
}

bool docx_styles_read(Package *p, Str styles, Str numbering, Arena *a, DocxStyles *out, Err *err)
{
    *out = (DocxStyles){.normal = SIZE_MAX, .language = STR("")};
    out->numbering = ARENA_NEW(a, DocxNumbering);
    StyleReader s = {.styles = out, .arena = a};
    NumberingReader n = {.numbering = out->numbering, .arena = a};
    XmlHandler hs = {.arg = &s, XML_WORDS(style_words), .start = style_start, .end = style_end};
    XmlHandler hn = {.arg = &n, XML_WORDS(numbering_words), .start = numbering_start,
        .end = numbering_end};
    if (!out->numbering)
        return err_set(err, ERR_NO_MEMORY, "reading the document's lists: out of memory");
    if (!package_parse_optional(p, styles, &hs, err) ||
        !package_parse_optional(p, numbering, &hn, err))
        return false;
    if (s.failed || n.failed)
        return err_set(err, ERR_NO_MEMORY, "reading the document's styles: out of memory");
    inherit(out);
    return true;
}

/* ---- labels --------------------------------------------------------------------------------- */

static void letters(Buf *to, uint64_t n, char first)
{
    /* a .. z, aa, bb, .. : the letter repeats */
    for (uint64_t i = 0; n > 0 && i <= (n - 1) / 26 && i < 8; i++)
        (void)buf_add_char(to, (char)(first + (char)((n - 1) % 26)));
}

static void roman(Buf *to, uint64_t n, bool upper)
{
    static const struct {
        unsigned value;
        const char *lower, *upper;
    } parts[] = {{1000, "m", "M"}, {900, "cm", "CM"}, {500, "d", "D"}, {400, "cd", "CD"},
                 {100, "c", "C"}, {90, "xc", "XC"}, {50, "l", "L"}, {40, "xl", "XL"},
                 {10, "x", "X"}, {9, "ix", "IX"}, {5, "v", "V"}, {4, "iv", "IV"}, {1, "i", "I"}};
    if (n >= 5000) {
        (void)buf_printf(to, "%llu", (unsigned long long)n);
        return;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (; n >= parts[i].value; n -= parts[i].value)
            (void)buf_add_c(to, upper ? parts[i].upper : parts[i].lower);
}

void docx_number(Buf *to, uint64_t n, Str format)
{
    unsigned long long v = n;
    if (str_eq(format, STR("lowerLetter")))
        letters(to, n, 'a');
    else if (str_eq(format, STR("upperLetter")))
        letters(to, n, 'A');
    else if (str_eq(format, STR("lowerRoman")))
        roman(to, n, false);
    else if (str_eq(format, STR("upperRoman")))
        roman(to, n, true);
    else if (str_eq(format, STR("decimalZero")))
        (void)buf_printf(to, "%02llu", v);
    else if (str_eq(format, STR("ordinal")))
        (void)buf_printf(to, "%llu%s", v, v / 10 % 10 == 1 ? "th" : v % 10 == 1 ? "st" :
                         v % 10 == 2 ? "nd" : v % 10 == 3 ? "rd" : "th");
    else if (!str_eq(format, STR("none")) && !str_eq(format, STR("bullet")))
        (void)buf_printf(to, "%llu", v);
}

static List *find_list(DocxNumbering *d, int64_t id)
{
    for (size_t i = 0; i < d->n_lists; i++)
        if (d->lists[i].id == id)
            return &d->lists[i];
    return NULL;
}

static Abstract *find_abstract(DocxNumbering *d, int64_t id)
{
    for (size_t i = 0; i < d->n_abstracts; i++)
        if (d->abstracts[i].id == id)
            return &d->abstracts[i];
    return NULL;
}

static const Level *level_of(const List *l, const Abstract *a, unsigned i)
{
    return l->levels[i].said ? &l->levels[i] : &a->levels[i];
}

static void count(List *l, Abstract *a, unsigned level)
{
    for (unsigned i = 0; i <= level; i++) {
        bool fresh = !a->started[i];
        if (l->restart[i] >= 0) {
            a->count[i] = (uint32_t)l->restart[i];
            l->restart[i] = -1;
        } else if (fresh) {
            const Level *v = level_of(l, a, i);
            a->count[i] = v->said ? v->start : 1;
        } else if (i == level && a->count[i] < MAX_COUNT) {
            a->count[i]++;
        }
        a->started[i] = true;
    }
    for (unsigned i = level + 1; i < DOCX_LEVELS; i++)
        if (level < level_of(l, a, i)->restart)
            a->started[i] = false;
}

bool docx_label(DocxStyles *s, int64_t num, unsigned level, Buf *label)
{
    List *l = num > 0 ? find_list(s->numbering, num) : NULL;
    Abstract *a = l ? find_abstract(s->numbering, l->abstract) : NULL;
    if (!a || level >= DOCX_LEVELS)
        return false;
    count(l, a, level);
    const Level *shown = level_of(l, a, level);
    if (!shown->said || str_eq(shown->format, STR("bullet"))) {
        (void)buf_add_char(label, '-');
        return true;
    }
    Str t = shown->text;
    size_t before = label->len;
    for (size_t i = 0; i < t.len; i++) {
        unsigned k = i + 1 < t.len ? (unsigned)(t.ptr[i + 1] - '1') : DOCX_LEVELS;
        if (t.ptr[i] == '%' && k < DOCX_LEVELS) {
            const Level *part = level_of(l, a, k);
            docx_number(label, a->count[k],
                        shown->legal && k < level ? STR("decimal") : part->format);
            i++;
        } else {
            (void)buf_add_char(label, t.ptr[i]);
        }
    }
    return label->len > before;
}

bool docx_label_level(const DocxStyles *s, int64_t num, Str style_id, unsigned *level)
{
    const List *l = find_list(s->numbering, num);
    const Abstract *a = l ? find_abstract(s->numbering, l->abstract) : NULL;
    for (unsigned i = 0; a && style_id.len > 0 && i < DOCX_LEVELS; i++)
        if (str_eq(level_of(l, a, i)->style, style_id)) {
            *level = i;
            return true;
        }
    return false;
}
