/* language.c - which language a text is written in; the one file that knows CLD2.
 *
 * CLD2 (Compact Language Detector 2, Sites 2013) scores runs of four letters of a text (words and
 * characters where a script has no spaces) against tables of 80 languages. It is C++ and reads a
 * stranger's text, so it is loaded and used where readers are: in the confined child. Its answer is
 * checked by the small words of the text (language_words.c).
 * docs/INGEST.md has its measured accuracy. */
#include "base/os.h"
#include "base/utf8.h"
#include "ingest/extract.h"
#include "ingest/language.h"
#include "text/letters.h"

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
        return cld.detect != NULL ||
               err_set(err, ERR_UNAVAILABLE, "languages are not detected: libcld2-0 is missing");
    cld.tried = true;
    language_words_init();
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

/* By script alone: Chinese, Japanese and Korean, however many foreign names are among them. A
 * character of theirs says as much as three letters. */
static const char *east_asian(Str text)
{
    size_t han = 0, kana = 0, hangul = 0, letters = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t c = utf8_next(text, &at);
        kana += c >= 0x3040 && c <= 0x30FF;
        hangul += c >= 0xAC00 && c <= 0xD7AF;
        han += c >= 0x4E00 && c <= 0x9FFF;
        letters += (c < 0x3000 && letter_is_word(c) && !letter_is_digit(c));
    }
    size_t all = han + kana + hangul;
    if (all < 5 || 3 * all * 10 < 4 * (3 * all + letters))
        return NULL;
    return hangul * 2 > han + kana ? "ko" : kana * 10 >= all ? "ja" : "zh";
}

/* What CLD2 says, checked by small words where it is known to err: it takes texts full of English
 * names for English, and neighbours for one another. */
static const char *checked(const char *said, const LanguageWords *w)
{
    static const char *const neighbours[][2] = {{"da", "nb"}, {"nb", "da"}, {"nn", "da"},
                                                {"gl", "es"}, {"gl", "pt"}, {"sv", "nb"},
                                                {"nb", "sv"}};
    size_t count, second;
    if (strcmp(said, "en") == 0) {
        const char *best = language_words_best(w, &count, &second);
        return count >= 3 && count * 2 > language_words_of(w, "en") * 3 ? best : said;
    }
    for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++)
        if (strcmp(said, neighbours[i][0]) == 0 &&
            language_words_more(w, neighbours[i][1],
                                strcmp(said, "nn") == 0 ? "nb" : neighbours[i][0]))
            return neighbours[i][1];
    return said;
}

/* When CLD2 is not sure: the most small words, if they are clearly one language's. */
static const char *voted(const LanguageWords *w)
{
    size_t count, second;
    const char *best = language_words_best(w, &count, &second);
    if (count >= 3 && (strcmp(best, "da") == 0 || strcmp(best, "nb") == 0))
        return language_words_more(w, "nb", "da") ? "nb" : "da";
    return count >= 3 && count * 5 > second * 6 ? best : NULL;
}

static bool detected(Str text, char out[4], size_t *n)
{
    int three[3], percent[3], bytes = 0;
    bool sure = false;
    if (!cld.detect || text.len < 20)
        return false;
    Str part = str_sub(text, 0, utf8_floor(text, LOOK_AT));
    const char *found = east_asian(part);
    if (!found) {
        char said[8] = "";
        LanguageWords words;
        int language = cld.detect(part.ptr, (int)part.len, true, three, percent, &bytes, &sure);
        const char *name = cld.code(language);
        size_t len = name ? primary(str_of(name), said) : 0;
        said[len] = '\0';
        bool known = len > 0 && strcmp(said, "un") != 0;
        language_words_count(part, &words);
        /* The largest part of the text must be it: quotations are in other languages. */
        if (known && sure && percent[0] >= 50)
            found = checked(said, &words);
        else
            found = voted(&words);
        if (!found && known && percent[0] >= 40 && text.len >= 200)
            found = said;
        *n = found ? primary(str_of(found), out) : 0;
        return *n > 0;
    }
    *n = primary(str_of(found), out);
    return true;
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
