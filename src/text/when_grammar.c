#include "text/when_grammar.h"

#include <pthread.h>
#include <stdio.h>

#include "text/when_mean.h"

static const char *const symbol_names[] = {
#define X(name) #name,
    WHEN_SYMBOLS(X)
#undef X
};

static const struct {
    WhenMeaning mean;
    uint8_t least, most;
} meanings[] = {
#define X(name, least, most) {name, least, most},
    WHEN_MEANINGS(X)
#undef X
};

_Static_assert(WHEN_SYMBOL_COUNT <= 64, "a set of symbols is one word");

typedef struct {
    uint16_t symbol;
    bool optional;
} Element;

static bool fault(WhenGrammar *g, const char *what, Str where)
{
    (void)snprintf(g->fault, sizeof g->fault, "%s: " STR_FMT, what, STR_ARG(where));
    return false;
}

static size_t slot_of(const WhenGrammar *g, Str word)
{
    size_t i = (size_t)str_hash(word) & (WHEN_SLOTS - 1);
    while (g->slot[i].text[0] && !str_eq(str_of(g->slot[i].text), word))
        i = (i + 1) & (WHEN_SLOTS - 1);
    return i;
}

int when_grammar_word(const WhenGrammar *g, Str word)
{
    if (word.len == 0 || word.len > WHEN_WORD_MAX)
        return -1;
    size_t i = slot_of(g, word);
    return g->slot[i].text[0] ? (int)i : -1;
}

static bool add_word(WhenGrammar *g, Str word, size_t *slot)
{
    if (word.len == 0 || word.len > WHEN_WORD_MAX)
        return fault(g, "a word too long or empty", word);
    size_t i = slot_of(g, word);
    memcpy(g->slot[i].text, word.ptr, word.len);
    *slot = i;
    return true;
}

static bool add_reading(WhenGrammar *g, Str word, unsigned symbol, int number)
{
    size_t slot;
    if (!add_word(g, word, &slot))
        return false;
    for (uint16_t r = g->slot[slot].reading; r; r = g->reading[r - 1].next)
        if (g->reading[r - 1].symbol == symbol && g->reading[r - 1].number == number)
            return true;
    if (g->n_readings == WHEN_MAX_READINGS)
        return fault(g, "too many words", word);
    g->reading[g->n_readings] =
        (WhenReading){(uint16_t)symbol, (int16_t)number, g->slot[slot].reading};
    g->slot[slot].reading = (uint16_t)++g->n_readings;
    return true;
}

/* The symbol of a set of words that a pattern names. */
static bool class_symbol(WhenGrammar *g, Str words, uint16_t *out)
{
    for (size_t s = WHEN_SYMBOL_COUNT; s < g->n_symbols; s++)
        if (str_eq(g->word_class[s], words)) {
            *out = (uint16_t)s;
            return true;
        }
    if (g->n_symbols == WHEN_MAX_SYMBOLS)
        return fault(g, "too many sets of words", words);
    *out = (uint16_t)g->n_symbols;
    g->word_class[g->n_symbols++] = words;
    Str rest = words, word;
    while (str_next(&rest, '|', &word))
        if (!add_reading(g, word, *out, 0))
            return false;
    return true;
}

static bool named_symbol(WhenGrammar *g, Str name, uint16_t *out)
{
    for (size_t s = 0; s < WHEN_SYMBOL_COUNT; s++)
        if (str_eq(str_of(symbol_names[s]), name)) {
            *out = (uint16_t)s;
            return true;
        }
    return fault(g, "no such symbol", name);
}

/* Whether a form has as many symbols as its meaning needs. */
static bool has_kids(const WhenForm *f)
{
    size_t kids = 0;
    for (size_t i = 0; i < f->n; i++)
        kids += f->elem[i] < WHEN_SYMBOL_COUNT;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].mean == f->rule->mean)
            return kids >= meanings[i].least && kids <= meanings[i].most;
    return false;
}

static bool add_form(WhenGrammar *g, const WhenRule *r, const Element *e, size_t n, unsigned taken)
{
    WhenForm f = {.rule = r};
    size_t option = 0;
    for (size_t i = 0; i < n; i++)
        if (!e[i].optional || (taken >> option++ & 1))
            f.elem[f.n++] = e[i].symbol;
    if (f.n == 0 || (f.n == 1 && f.elem[0] == r->symbol))
        return fault(g, "a rule of nothing", str_of(r->pattern));
    if (!has_kids(&f))
        return fault(g, "too few or too many symbols for its meaning", str_of(r->pattern));
    if (g->n_forms == WHEN_MAX_FORMS)
        return fault(g, "too many rules", str_of(r->pattern));
    g->form[g->n_forms++] = f;
    return true;
}

static bool add_rule(WhenGrammar *g, const WhenRule *r)
{
    Element e[WHEN_FORM_MAX];
    size_t n = 0, options = 0;
    Str rest = str_of(r->pattern), item;
    while (str_next(&rest, ' ', &item)) {
        if (n == WHEN_FORM_MAX || item.len == 0)
            return fault(g, "a pattern too long", str_of(r->pattern));
        e[n].optional = str_ends(item, STR("?"));
        options += e[n].optional;
        item = str_sub(item, 0, item.len - e[n].optional);
        bool name = item.len > 0 && item.ptr[0] >= 'A' && item.ptr[0] <= 'Z';
        if (!(name ? named_symbol(g, item, &e[n].symbol) : class_symbol(g, item, &e[n].symbol)))
            return false;
        n++;
    }
    if (options > 6)
        return fault(g, "too many options", str_of(r->pattern));
    for (unsigned taken = 0; taken < 1u << options; taken++)
        if (!add_form(g, r, e, n, taken))
            return false;
    return true;
}

/* Words by themselves (numbers, weekdays, ...) and the last ones of rules that have no others. */
static void mark_carriers(WhenGrammar *g)
{
    for (size_t s = 0; s < WHEN_SYMBOL_COUNT; s++)
        g->carries[s] = true;
    for (size_t i = 0; i < g->n_forms; i++) {
        const WhenForm *f = &g->form[i];
        bool words_only = true;
        for (size_t k = 0; k < f->n; k++)
            words_only &= f->elem[k] >= WHEN_SYMBOL_COUNT;
        if (words_only)
            g->carries[f->elem[f->n - 1]] = true;
    }
}

static void index_forms(WhenGrammar *g)
{
    size_t at = 0;
    for (size_t s = 0; s < g->n_symbols; s++) {
        g->first[s] = (uint16_t)at;
        for (size_t i = 0; i < g->n_forms; i++)
            if (g->form[i].elem[0] == s)
                g->order[at++] = (uint16_t)i;
    }
    g->first[g->n_symbols] = (uint16_t)at;
    /* What may begin with a symbol: the closure over the first elements of the rules. */
    for (size_t s = 0; s < WHEN_SYMBOL_COUNT; s++)
        g->starts[s] = 1ull << s;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < g->n_forms; i++) {
            uint64_t *from = &g->starts[g->form[i].elem[0]];
            uint64_t with = *from | g->starts[g->form[i].rule->symbol];
            changed |= with != *from;
            *from = with;
        }
    }
}

bool when_grammar_build(WhenGrammar *g, const WhenLanguage *l)
{
    Str rest, word;
    size_t slot;
    memset(g, 0, sizeof *g);
    g->language = l;
    g->n_symbols = WHEN_SYMBOL_COUNT;
    for (size_t i = 0; i < l->n_words; i++)
        for (rest = str_of(l->words[i].words); str_next(&rest, ' ', &word);)
            if (!add_reading(g, word, l->words[i].symbol, l->words[i].number))
                return false;
    for (rest = str_of(l->not_before); str_next(&rest, ' ', &word);) {
        if (!add_word(g, word, &slot))
            return false;
        g->slot[slot].blocks = true;
    }
    for (size_t k = 0; k < WHEN_RULE_GROUPS && l->rules[k]; k++)
        for (size_t i = 0; i < l->rules[k]->n; i++)
            if (!add_rule(g, &l->rules[k]->row[i]))
                return false;
    index_forms(g);
    mark_carriers(g);
    return true;
}

static WhenGrammar grammars[2];
static const WhenLanguage *const languages[] = {&when_english, &when_german};
static pthread_once_t once[2] = {PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT};

static void build_first(void)
{
    (void)when_grammar_build(&grammars[0], languages[0]);
}

static void build_second(void)
{
    (void)when_grammar_build(&grammars[1], languages[1]);
}

const WhenGrammar *when_grammar(Str language)
{
    if (str_eq(language, str_of(languages[1]->code))) {
        (void)pthread_once(&once[1], build_second);
        return &grammars[1];
    }
    (void)pthread_once(&once[0], build_first);
    return &grammars[0];
}

const char *when_table_fault(const WhenLanguage *l)
{
    static WhenGrammar scratch;
    return when_grammar_build(&scratch, l) ? NULL : scratch.fault;
}
