/* language.c - which language a text is written in; the one file that knows CLD2.
 *
 * CLD2 (Compact Language Detector 2, Sites 2013) scores runs of four letters of a text (words and
 * characters where a script has no spaces) against tables of 80 languages. It is C++ and reads a
 * stranger's text, so it is loaded and used where readers are: in the confined child.
 * docs/INGEST.md has its measured accuracy. */
#include "base/os.h"
#include "base/utf8.h"
#include "ingest/extract.h"

#define LOOK_AT 65536u

/* C++ functions of libcld2.so.0 under the names that every Itanium-ABI compiler gives them; plain
 * integers and pointers go in and out. */
static struct {
    bool tried;
    int (*detect)(const char *text, int n, bool plain, int *three, int *percent, int *bytes,
                  bool *sure);
    const char *(*code)(int language);
} cld;

#define DETECT "_ZN4CLD224ExtDetectLanguageSummaryEPKcibPNS_8LanguageEPiS4_Pb"
#define CODE "_ZN4CLD212LanguageCodeENS_8LanguageE"

bool language_preload(Err *err)
{
    if (cld.tried)
        return cld.detect != NULL || err_set(err, ERR_UNAVAILABLE,
                                             "languages are not detected: libcld2-0 is missing");
    cld.tried = true;
    void *lib = os_dlopen((const char *const[]){"libcld2.so.0", NULL}, "libcld2-0", err);
    if (lib && os_sym(lib, CODE, &cld.code, err) && os_sym(lib, DETECT, &cld.detect, err))
        return true;
    cld.detect = NULL;
    return false;
}

/* "de-DE", "DE_de", "iw" -> "de", "de", "he": the first subtag, without names that are out of use.
 * Empty when it is none. */
static size_t primary(Str tag, char out[4])
{
    static const char *const renamed[][2] = {{"iw", "he"}, {"jw", "jv"}, {"in", "id"},
                                             {"no", "nb"}, {"mo", "ro"}, {"sh", "sr"}};
    size_t n = 0;
    while (n < tag.len && n < 4 && ((tag.ptr[n] | 32) >= 'a' && (tag.ptr[n] | 32) <= 'z')) {
        if (n < 3)
            out[n] = (char)(tag.ptr[n] | 32);
        n++;
    }
    bool whole = n == tag.len || tag.ptr[n] == '-' || tag.ptr[n] == '_';
    if ((n != 2 && n != 3) || !whole)
        return 0;
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (str_eq(str_mem(out, n), str_of(renamed[i][0])))
            memcpy(out, renamed[i][1], 2);
    return n;
}

static bool detected(Str text, char out[4], size_t *n)
{
    int three[3], percent[3], bytes = 0;
    bool sure = false;
    if (!cld.detect || text.len < 20)
        return false;
    Str part = str_sub(text, 0, utf8_floor(text, LOOK_AT));
    int language = cld.detect(part.ptr, (int)part.len, true, three, percent, &bytes, &sure);
    /* The largest part of the text must be it: names and quotations are in other languages. */
    if (!sure || percent[0] < 50)
        return false;
    const char *code = cld.code(language);
    *n = code ? primary(str_of(code), out) : 0;
    return *n > 0 && !str_eq(str_mem(out, *n), STR("un"));
}

void language_set(ExtractOut *out)
{
    char code[4];
    size_t n = 0;
    if (!detected(buf_str(&out->text), code, &n))
        n = primary(buf_str(&out->language), code);
    buf_clear(&out->language);
    (void)buf_add_mem(&out->language, code, n);
}
