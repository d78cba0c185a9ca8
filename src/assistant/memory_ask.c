/* memory_ask.c - facts that a question is about.
 *
 *   question -> its form ("where do i live") -> a subject, or what subjects begin with
 *            -> every run of its words that may be a subject -> one look-up of them all
 *
 * So a question costs a few look-ups in an index, whatever is remembered. */
#include "assistant/memory_ask.h"

#include "assistant/memory_rules.h"

#define ASKED_MAX 4096 /* bytes of words put together */

#define LEN(list) (sizeof(list) / sizeof *(list))
#define RUN_MAX 6 /* words of a subject */
#define FOUND_MAX 50

static const struct {
    const char *pattern, *subject; /* ending in "*": what it begins with; several by | */
} forms[] = {
    {"where do i|we live now?", "i live"},
    {"where is my|our home|house?", "i live"},
    {"what city|town|country do i|we live in", "i live"},
    {"wo wohne|wohnen|lebe|leben ich|wir", "i live"},
    {"what is my name", "call me|my name"},
    {"who am i", "call me|my name"},
    {"what do|should you call me", "call me|my name"},
    {"do you know my name", "call me|my name"},
    {"wie hei\303\237e|heisse ich", "call me|my name"},
    {"wer bin ich", "call me|my name"},
    {"what am i allergic to", "i am allergic to *"},
    {"what are my allergies", "i am allergic to *"},
    {"do i have any|an? allergies|allergy", "i am allergic to *"},
    {"which|what allergies do i have", "i am allergic to *"},
    {"am i allergic to *", "i am allergic to ="},
    {"worauf|wogegen bin ich allergisch", "i am allergic to *"},
    {"bin ich gegen|auf * allergisch", "i am allergic to ="},
    {"bin ich allergisch gegen|auf *", "i am allergic to ="},
    {"what is my diet", "my diet"},
    {"am i still? a? vegetarian|vegan|pescatarian", "my diet"},
    {"bin ich noch? vegetarier|vegetarierin|veganer|veganerin|vegan", "my diet"},
    {"what do i not|never eat|drink", "i eat or drink *"},
    {"do i eat|drink *", "i eat or drink ="},
    {"where do i work", "i work at"},
    {"who do i work for", "i work at"},
    {"what company do i work for|at", "i work at"},
    {"what is my job|profession", "my job|i work at"},
    {"what do i do for a living", "my job|i work at"},
    {"wo arbeite ich", "i work at"},
    {"was bin ich von beruf", "my job"},
    {"how old am i", "my age|my birthday"},
    {"wie alt bin ich", "my age|my birthday"},
    {"when was i born", "my birthday"},
    {"wann habe ich geburtstag", "my birthday"},
    {"where was i born", "i was born in"},
    {"how many children|kids do|have i|we have|got?", "my children"},
    {"what languages|language do i speak", "i speak *"},
    {"do i speak *", "i speak ="},
    {"what car do i drive", "my car"},
    {"what do i prefer", "i prefer *"},
    {"do i prefer * or|to *", "i prefer *"},
    {"was trinke|mag|esse ich lieber", "i prefer *"},
    {"what do i like|love|hate|dislike", "i like *"},
    {"do i like|hate *", "i like ="},
    {"was mag ich", "i like *"},
    {"wann hat mein|meine|unser|unsere @ geburtstag", "my @'s birthday"},
    {"when is the birthday of my @", "my @'s birthday"},
};

static bool is_one_of(Str w, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(w, str_of(list[i])))
            return true;
    return false;
}
#define IN(w, list) is_one_of((w), (list), LEN(list))

static bool is_my(Str w)
{
    static const char *const words[] = {"my", "our", "mein", "meine", "meiner", "meinem", "meinen",
        "meines", "unser", "unsere", "unserer", "unserem", "unseren"};
    return IN(w, words);
}

static bool is_past(Str w)
{
    static const char *const words[] = {"previous", "former", "before", "earlier", "fr\303\274her",
        "vorher", "fr\303\274here", "fr\303\274herer", "previously", "was", "old"};
    return IN(w, words);
}

/* What a question may have beside the subject and still ask for nothing but that. */
static bool is_asking(Str w)
{
    static const char *const words[] = {"a", "about", "am", "are", "called", "current", "das",
        "der", "die", "do", "does", "du", "exactly", "geburtstag", "hat", "hei\303\237t",
        "heisst", "how", "i", "is", "ist", "it", "know", "me", "name", "noch", "now", "of",
        "again", "on", "our", "remember", "say", "still", "tell", "the", "to", "und", "war",
        "wann", "was", "wei\303\237t", "wer", "what", "when", "where", "which", "who", "whose",
        "wie", "wo", "you", "my", "mein", "meine", "again", "did", "told"};
    return IN(w, words);
}

Str memory_subject_words(Str text, Arena *a)
{
    SentenceWords w;
    sentence_words(text, &w);
    return memory_words(&w, 0, w.n, ASKED_MAX, a);
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory to look for facts");
}

/* ---- by form --------------------------------------------------------------------------------- */

static Str filled(Str subject, const SentenceWords *w, const MemoryTook *t, Arena *a)
{
    Buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < subject.len; i++) {
        Str part = str_sub(subject, i, i + 1);
        if (part.ptr[0] == '@')
            part = memory_relation(w, t->rel_from, t->rel_to, a);
        else if (part.ptr[0] == '=')
            part = memory_words(w, t->from, t->to, ASKED_MAX, a);
        (void)buf_add(&out, part);
    }
    Str made = arena_buf(a, &out);
    buf_release(&out);
    return made;
}

static bool by_form(Store *s, const Uuid *owner, const SentenceWords *w, Arena *a, MemoryAsk *out,
                    Err *err)
{
    for (size_t i = 0; i < LEN(forms); i++) {
        MemoryTook took;
        Str rest = str_of(forms[i].subject), one;
        if (!memory_match(forms[i].pattern, w, 0, w->n, &took))
            continue;
        out->form = true;
        while (out->page.n == 0 && str_next(&rest, '|', &one)) {
            Str subject = filled(one, w, &took, a);
            FactQuery q = {.limit = FOUND_MAX};
            if (!subject.ptr)
                return no_memory(err);
            if (str_ends(subject, STR("*")))
                q.subject_prefix = str_sub(subject, 0, subject.len - 1);
            else
                q.subject = subject;
            if (!store_fact_list(s, owner, &q, a, &out->page, err))
                return false;
        }
        out->whole = out->page.n > 0;
        return true;
    }
    return true;
}

/* ---- by what it names ------------------------------------------------------------------------ */

static size_t runs(const SentenceWords *w, Arena *a, Str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        for (size_t len = 1; len <= RUN_MAX && i + len <= w->n; len++) {
            if (n + 2 > FACT_MAX_SUBJECTS)
                return n;
            if (len > 1)
                out[n++] = memory_words(w, i, i + len, ASKED_MAX, a);
            if (is_my(w->word[i].text) && len > 1 &&
                memory_relation_kind(w, i + 1, i + len) != RELATION_NONE)
                out[n++] = arena_printf(a, "my " STR_FMT,
                                        STR_ARG(memory_relation(w, i + 1, i + len, a)));
        }
    return n;
}

/* Whether nothing but the subject, and how one asks for it, is in the question. */
static bool is_whole(const SentenceWords *w, Str subject)
{
    for (size_t i = 0; i < w->n; i++) {
        Str word = w->word[i].text, same = memory_same_word(word);
        bool named = str_find(subject, word, 0) != SIZE_MAX ||
                     str_find(subject, same, 0) != SIZE_MAX;
        if (!named && !is_asking(word) && !is_past(word) && !is_my(word))
            return false;
    }
    return true;
}

static void longest_first(FactPage *page)
{
    for (size_t i = 1; i < page->n; i++) {
        Fact f = page->items[i];
        size_t k = i;
        for (; k > 0 && page->items[k - 1].subject.len < f.subject.len; k--)
            page->items[k] = page->items[k - 1];
        page->items[k] = f;
    }
}

static bool by_names(Store *s, const Uuid *owner, const SentenceWords *w, Arena *a, MemoryAsk *out,
                     Err *err)
{
    Str *subjects = ARENA_NEW_ARRAY(a, Str, FACT_MAX_SUBJECTS);
    FactQuery q = {.limit = FOUND_MAX, .ended = out->past};
    if (!subjects)
        return no_memory(err);
    q.subjects = subjects;
    q.n_subjects = runs(w, a, subjects);
    for (size_t i = 0; i < q.n_subjects; i++)
        if (!subjects[i].ptr)
            return no_memory(err);
    if (q.n_subjects == 0 || !store_fact_list(s, owner, &q, a, &out->page, err))
        return q.n_subjects == 0;
    longest_first(&out->page);
    out->whole = out->page.n > 0 && is_whole(w, out->page.items[0].subject);
    return true;
}

/* "Who is Dana?": facts whose value she is. */
static bool by_value(Store *s, const Uuid *owner, const SentenceWords *w, Arena *a, MemoryAsk *out,
                     Err *err)
{
    MemoryTook took;
    FactPage page;
    if (!memory_match("who|wer is|ist *", w, 0, w->n, &took) || took.to - took.from > 4)
        return true;
    FactQuery q = {.q = memory_words(w, took.from, took.to, ASKED_MAX, a), .limit = FOUND_MAX};
    if (!q.q.ptr)
        return no_memory(err);
    if (!store_fact_list(s, owner, &q, a, &page, err))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < page.n; i++)
        if (str_starts(page.items[i].subject, STR("my ")) &&
            str_eq(memory_subject_words(page.items[i].value, a), q.q))
            page.items[kept++] = page.items[i];
    page.n = kept;
    if (kept) {
        out->page = page;
        out->whole = true;
    }
    return true;
}

bool memory_ask(Store *s, const Uuid *owner, Str question, Arena *a, MemoryAsk *out, Err *err)
{
    SentenceWords w;
    *out = (MemoryAsk){0};
    sentence_words(question, &w);
    if (w.n == 0)
        return true;
    for (size_t i = 0; i < w.n; i++)
        out->past |= is_past(w.word[i].text) && !str_eq(w.word[i].text, STR("was")) &&
                     !str_eq(w.word[i].text, STR("old"));
    out->past |= memory_match("who was my|our *", &w, 0, w.n, &(MemoryTook){0});
    return by_form(s, owner, &w, a, out, err) &&
           (out->page.n || by_value(s, owner, &w, a, out, err)) &&
           (out->page.n || by_names(s, owner, &w, a, out, err));
}

bool memory_find(Store *s, const Uuid *owner, Str question, size_t limit, Arena *a, FactPage *out,
                 Err *err)
{
    MemoryAsk ask;
    if (!memory_ask(s, owner, question, a, &ask, err))
        return false;
    *out = ask.page;
    out->n = out->n > limit ? limit : out->n;
    return true;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The value that holds of "my <words [from, to)>", or empty. */
static bool value_of(Store *s, const Uuid *owner, const SentenceWords *w, size_t from, size_t to,
                     Arena *a, Str *out, Err *err)
{
    FactPage page;
    Str subject = arena_printf(a, "my " STR_FMT, STR_ARG(memory_relation(w, from, to, a)));
    FactQuery q = {.subject = subject, .limit = 1};
    *out = STR("");
    if (!subject.ptr)
        return no_memory(err);
    if (!store_fact_list(s, owner, &q, a, &page, err))
        return false;
    if (page.n && !str_starts(page.items[0].value, STR("no longer ")) &&
        !str_starts(page.items[0].value, STR("not ")))
        *out = page.items[0].value;
    return true;
}

bool memory_resolve(Store *s, const Uuid *owner, Str question, Arena *a, Str *out, Err *err)
{
    SentenceWords w;
    *out = question;
    sentence_words(question, &w);
    for (size_t i = 0; i + 1 < w.n; i++) {
        if (!is_my(w.word[i].text))
            continue;
        for (size_t to = i + 4 < w.n ? i + 4 : w.n; to > i + 1; to--) {
            SentenceWord *last = &w.word[to - 1];
            size_t cut = str_ends(last->text, STR("'s")) ? 2 : 0, bytes = cut;
            Str value;
            if (cut && last->end >= 3 &&
                (unsigned char)question.ptr[last->end - 2] == 0x99) /* ’s */
                bytes = 4;
            last->text.len -= cut;
            bool person = memory_relation_kind(&w, i + 1, to) == RELATION_PERSON;
            bool ok = !person || value_of(s, owner, &w, i + 1, to, a, &value, err);
            last->text.len += cut;
            if (!ok)
                return false;
            if (!person || value.len == 0)
                continue;
            *out = arena_printf(a, STR_FMT STR_FMT STR_FMT,
                                STR_ARG(str_sub(question, 0, w.word[i].start)), STR_ARG(value),
                                STR_ARG(str_sub(question, last->end - bytes, question.len)));
            return out->ptr || no_memory(err);
        }
    }
    return true;
}

bool memory_name(Store *s, const Uuid *owner, Arena *a, Str *out, Err *err)
{
    static const char *const subjects[] = {"call me", "my nickname", "my name"};
    *out = STR("");
    for (size_t i = 0; i < LEN(subjects) && out->len == 0; i++) {
        FactPage page;
        FactQuery q = {.subject = str_of(subjects[i]), .limit = 1};
        if (!store_fact_list(s, owner, &q, a, &page, err))
            return false;
        if (page.n)
            *out = page.items[0].value;
    }
    return true;
}
