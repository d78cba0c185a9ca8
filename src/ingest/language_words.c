/* language_words.c - which language's small words a text uses.
 *
 * CLD2 goes by runs of letters, and a text full of English names (software, companies, songs) looks
 * English to it. Articles, prepositions and pronouns are the language itself: nobody borrows them.
 */
#include "ingest/language.h"

#include <stdlib.h>

#include "text/words.h"

#define LOOK_AT 400 /* words */
#define ENTRIES_MAX 1024

static const struct {
    const char code[4];
    const char *words;
} lists[] = {
    {"en", "the of and to in is for that with this are from by which it be as on or an can you"},
    {"de", "der die und das ist für von mit den ein eine zu auf werden kann wird dem des im "
           "zum oder nicht auch sie"},
    {"fr", "le la les des est pour une un dans et avec du par sur qui en au que ce cette peut "
           "être vous"},
    {"es", "el la los las de que y en un una para con por es del se al como más este esta "
           "puede"},
    {"it", "il la di che per un una è con del della dei le gli da in non si come sono questo "
           "al nel"},
    {"pt", "o a os as de que e do da em um uma para com por no na não é dos das ou se mais "
           "como pode"},
    {"nl", "de het een van en is voor met op te dat die in zijn wordt niet aan er of ook bij "
           "kan"},
    {"da", "og af til der en et er det på med for som i at de den kan fra eller ikke har efter "
           "nogle også blev mig sig uden hvad være mod noget hvis bruges brug bliver "
           "understøttelse"},
    {"nb", "og av til som en et er det på med for i at de den kan fra eller ikke har etter "
           "noen også ble meg seg uten hva være mot noe hvis brukes bruk blir støtte"},
    {"sv", "och att det som en på är av för med till den har de inte om ett kan från eller vid"},
    {"ca", "el la els les de que i en un una per a amb del dels és o com més aquest aquesta "
           "pot"},
    {"pl", "i w z na do się nie jest to że dla od po oraz jak przez lub"},
    {"cs", "a v na je se z do pro že s o k jako nebo které který jsou"},
    {"sk", "a v na je sa z do pre že s o k ako alebo ktoré ktorý sú"},
    {"fi", "ja on ei se että tai kun niin myös sekä voi ovat joka"},
    {"hu", "a az és hogy egy nem is van vagy meg ez mint"},
    {"ro", "și de la în cu pe nu care este din un o sau pentru"},
    {"tr", "ve bir bu için ile da de olarak olan gibi veya"},
    {"id", "yang dan di untuk dengan dari ini adalah pada atau"},
    {"eo", "la kaj de en estas por kun al ne kiu"},
    {"hr", "i u je na za se da su od ili kao koji"},
    {"vi", "và của là các có cho trong được một những"},
    {"bg", "и се на по да са от в с за към които е не от това като или ще че може си той тя"},
    {"ru", "и в не на что с по это как для из к от или его при также может они мы был все"},
    {"uk", "і в не на що з по це як для до та або його при також може вони ми був від які"},
    {"sr", "и у не на да се је за од са су као или који која може што би није"},
    {"gl", "o a os as de que e do da en un unha para con por non na dos das ou é máis como "
           "pode ao"},
};
#define LANGUAGES (sizeof lists / sizeof *lists)
_Static_assert(LANGUAGES <= 32, "a bit each");

typedef struct {
    Str word;
    uint32_t in; /* bit i: lists[i] has it */
} Entry;

static struct {
    Entry items[ENTRIES_MAX];
    size_t n;
} index_;

static int by_word(const void *a, const void *b)
{
    return str_cmp(((const Entry *)a)->word, ((const Entry *)b)->word);
}

void language_words_init(void)
{
    size_t n = 0;
    if (index_.n > 0)
        return;
    for (size_t i = 0; i < LANGUAGES; i++)
        for (Str rest = str_of(lists[i].words), word; str_next(&rest, ' ', &word);)
            if (n < ENTRIES_MAX)
                index_.items[n++] = (Entry){word, (uint32_t)1 << i};
    qsort(index_.items, n, sizeof *index_.items, by_word);
    for (size_t i = 0; i < n; i++) {
        Entry *last = index_.n ? &index_.items[index_.n - 1] : NULL;
        if (last && str_eq(last->word, index_.items[i].word))
            last->in |= index_.items[i].in;
        else
            index_.items[index_.n++] = index_.items[i];
    }
}

static size_t number_of(const char *code)
{
    size_t i = 0;
    while (i < LANGUAGES && strcmp(lists[i].code, code) != 0)
        i++;
    return i;
}

void language_words_count(Str text, LanguageWords *out)
{
    size_t at = 0, start, end;
    *out = (LanguageWords){.n = 0};
    while (out->n < LOOK_AT && word_next(text, &at, &start, &end)) {
        char room[WORD_MAX + 8];
        Entry key = {word_fold(str_sub(text, start, end), room), 0};
        const Entry *e = bsearch(&key, index_.items, index_.n, sizeof *index_.items, by_word);
        out->in[out->n++] = e ? e->in : 0;
    }
}

size_t language_words_of(const LanguageWords *w, const char *code)
{
    size_t i = number_of(code), n = 0;
    for (size_t k = 0; i < LANGUAGES && k < w->n; k++)
        n += w->in[k] >> i & 1;
    return n;
}

bool language_words_more(const LanguageWords *w, const char *a, const char *b)
{
    size_t i = number_of(a), j = number_of(b), na = 0, nb = 0;
    for (size_t k = 0; i < LANGUAGES && j < LANGUAGES && k < w->n; k++) {
        bool ina = w->in[k] >> i & 1, inb = w->in[k] >> j & 1;
        na += ina && !inb;
        nb += inb && !ina;
    }
    return na > nb;
}

const char *language_words_best(const LanguageWords *w, size_t *count, size_t *second)
{
    const char *best = "";
    *count = *second = 0;
    for (size_t i = 0; i < LANGUAGES; i++) {
        /* Galician shares nearly all of them with its neighbours, which are meant more often. */
        size_t n = strcmp(lists[i].code, "gl") == 0 ? 0 : language_words_of(w, lists[i].code);
        if (n > *count) {
            *second = *count;
            *count = n;
            best = lists[i].code;
        } else if (n > *second) {
            *second = n;
        }
    }
    return best;
}
