/* rtf_words.c - the control words of RTF that matter for its text; every other one is passed over,
 * with its whole group when a star says that it may be. */
#include <stdlib.h>

#include "ingest/read_rtf.h"

/* Sorted by name. */
static const RtfControl controls[] = {
    {"aftncn", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"aftnsep", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"aftnsepc", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"annotation", RTF_K_WORD, 0, RTF_COMMENT},
    {"ansicpg", RTF_K_WORD, 0, RTF_PAGE_SET},
    {"atnauthor", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atndate", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atnicn", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atnid", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atnparent", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atnref", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atntime", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atrfend", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"atrfstart", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"author", RTF_K_DEST, RTF_AUTHOR, RTF_PAR},
    {"background", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"bin", RTF_K_WORD, 0, RTF_BIN},
    {"bkmkend", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"bkmkstart", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"blipuid", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"bullet", RTF_K_CHARACTER, 0x2022, RTF_PAR},
    {"buptim", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"category", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"cell", RTF_K_WORD, 0, RTF_CELL},
    {"colorschememapping", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"colortbl", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"column", RTF_K_WORD, 0, RTF_PAR},
    {"comment", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"company", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"cpg", RTF_K_WORD, 0, RTF_FONT_PAGE},
    {"creatim", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"datafield", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"datastore", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"defchp", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"deff", RTF_K_WORD, 0, RTF_DEFAULT_FONT},
    {"defpap", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"deleted", RTF_K_WORD, 0, RTF_HIDDEN},
    {"do", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"doccomm", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"emdash", RTF_K_CHARACTER, 0x2014, RTF_PAR},
    {"emspace", RTF_K_CHARACTER, 0x20, RTF_PAR},
    {"endash", RTF_K_CHARACTER, 0x2013, RTF_PAR},
    {"enspace", RTF_K_CHARACTER, 0x20, RTF_PAR},
    {"f", RTF_K_WORD, 0, RTF_FONT},
    {"falt", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"fcharset", RTF_K_WORD, 0, RTF_FONT_CHARSET},
    {"ffdeftext", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"ffname", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"filetbl", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"fldinst", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"fldtype", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"fontemb", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"fontfile", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"fonttbl", RTF_K_DEST, RTF_FONTS, RTF_PAR},
    {"footer", RTF_K_WORD, 4, RTF_PAGE_HEADER},
    {"footerf", RTF_K_WORD, 7, RTF_PAGE_HEADER},
    {"footerl", RTF_K_WORD, 5, RTF_PAGE_HEADER},
    {"footerr", RTF_K_WORD, 6, RTF_PAGE_HEADER},
    {"footnote", RTF_K_WORD, 0, RTF_FOOTNOTE},
    {"formfield", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"ftncn", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"ftnsep", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"ftnsepc", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"generator", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"gridtbl", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"header", RTF_K_WORD, 0, RTF_PAGE_HEADER},
    {"headerf", RTF_K_WORD, 3, RTF_PAGE_HEADER},
    {"headerl", RTF_K_WORD, 1, RTF_PAGE_HEADER},
    {"headerr", RTF_K_WORD, 2, RTF_PAGE_HEADER},
    {"hlinkbase", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"intbl", RTF_K_WORD, 0, RTF_INTBL},
    {"keywords", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"latentstyles", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"ldblquote", RTF_K_CHARACTER, 0x201C, RTF_PAR},
    {"line", RTF_K_WORD, 0, RTF_LINE},
    {"listoverridetable", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"listtable", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"listtext", RTF_K_DEST, RTF_LIST_MARK, RTF_PAR},
    {"lquote", RTF_K_CHARACTER, 0x2018, RTF_PAR},
    {"mac", RTF_K_WORD, 0, RTF_MAC},
    {"manager", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"mmath", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"nestcell", RTF_K_WORD, 0, RTF_CELL},
    {"nestrow", RTF_K_WORD, 0, RTF_ROW},
    {"nonshppict", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"objalias", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"objclass", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"objdata", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"objname", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"objsect", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"oldcprops", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"oldpprops", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"operator", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"outlinelevel", RTF_K_WORD, 0, RTF_OUTLINE},
    {"page", RTF_K_WORD, 0, RTF_PAR},
    {"panose", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"par", RTF_K_WORD, 0, RTF_PAR},
    {"pard", RTF_K_WORD, 0, RTF_PARD},
    {"password", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"passwordhash", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"pc", RTF_K_WORD, 0, RTF_PC},
    {"pca", RTF_K_WORD, 0, RTF_PCA},
    {"picprop", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"pict", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"plain", RTF_K_WORD, 0, RTF_PLAIN},
    {"pn", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"pntext", RTF_K_DEST, RTF_LIST_MARK, RTF_PAR},
    {"pntxta", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"pntxtb", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"printim", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"private", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"qmspace", RTF_K_CHARACTER, 0x20, RTF_PAR},
    {"rdblquote", RTF_K_CHARACTER, 0x201D, RTF_PAR},
    {"revtbl", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"revtim", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"row", RTF_K_WORD, 0, RTF_ROW},
    {"rquote", RTF_K_CHARACTER, 0x2019, RTF_PAR},
    {"rsidtbl", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"rxe", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"s", RTF_K_WORD, 0, RTF_STYLE_NUMBER},
    {"sa", RTF_K_WORD, 0, RTF_SPACED},
    {"sb", RTF_K_WORD, 0, RTF_SPACED},
    {"sect", RTF_K_WORD, 0, RTF_PAR},
    {"shpinst", RTF_K_DEST, RTF_TEXT, RTF_PAR},
    {"shprslt", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"shptxt", RTF_K_DEST, RTF_TEXT, RTF_PAR},
    {"sn", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"softline", RTF_K_WORD, 0, RTF_LINE},
    {"sp", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"stylesheet", RTF_K_DEST, RTF_STYLE, RTF_PAR},
    {"subject", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"sv", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"tab", RTF_K_CHARACTER, 0x9, RTF_PAR},
    {"tc", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"template", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"themedata", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"title", RTF_K_DEST, RTF_TITLE, RTF_PAR},
    {"txe", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"u", RTF_K_WORD, 0, RTF_UNICODE},
    {"uc", RTF_K_WORD, 0, RTF_UNICODE_SKIP},
    {"ud", RTF_K_DEST, RTF_TEXT, RTF_PAR},
    {"upr", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"userprops", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"v", RTF_K_WORD, 0, RTF_HIDDEN},
    {"wgrffmtfilter", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"xe", RTF_K_DEST, RTF_SKIP, RTF_PAR},
    {"xmlnstbl", RTF_K_DEST, RTF_SKIP, RTF_PAR},
};

static int by_name(const void *key, const void *item)
{
    return str_cmp(*(const Str *)key, str_of(((const RtfControl *)item)->name));
}

const RtfControl *rtf_control(Str name)
{
    return bsearch(&name, controls, sizeof controls / sizeof *controls, sizeof *controls, by_name);
}

const char *rtf_set_of_page(int32_t page)
{
    static const struct {
        int32_t page;
        const char *set;
    } sets[] = {{437, "IBM437"},        {850, "IBM850"},        {852, "IBM852"},
                {866, "IBM866"},        {874, "TIS-620"},       {932, "CP932"},
                {936, "GB18030"},       {949, "UHC"},           {950, "BIG5-HKSCS"},
                {1250, "WINDOWS-1250"}, {1251, "WINDOWS-1251"}, {1252, "WINDOWS-1252"},
                {1253, "WINDOWS-1253"}, {1254, "WINDOWS-1254"}, {1255, "WINDOWS-1255"},
                {1256, "WINDOWS-1256"}, {1257, "WINDOWS-1257"}, {1258, "WINDOWS-1258"},
                {1361, "JOHAB"},        {10000, "MACINTOSH"},   {10001, "CP932"},
                {65001, "UTF-8"}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (sets[i].page == page)
            return sets[i].set;
    return NULL;
}

const char *rtf_set_of_font(int32_t charset)
{
    static const struct {
        int32_t charset, page;
    } sets[] = {{77, 10000}, {78, 932},   {128, 932},  {129, 949},  {130, 1361}, {134, 936},
                {136, 950},  {161, 1253}, {162, 1254}, {163, 1258}, {177, 1255}, {178, 1256},
                {186, 1257}, {204, 1251}, {222, 874},  {238, 1250}, {254, 437},  {255, 850}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (sets[i].charset == charset)
            return rtf_set_of_page(sets[i].page);
    return NULL; /* the document's own */
}
