/* intents_match.c - see intents_match.h. A backtracking matcher over a small graph: node kinds are
 * a word, a slot, a fork and the end. */
#include "assistant/intents_match.h"

#include "assistant/intents_classes.h"
#include "base/mem.h"

enum { NODE_WORD, NODE_SLOT, NODE_FORK, NODE_END };

typedef struct {
    uint8_t kind;
    uint8_t slot;         /* NODE_SLOT */
    bool may_be_empty;    /* NODE_SLOT */
    uint16_t word;        /* NODE_WORD: id */
    uint16_t next, other; /* NODE_FORK tries next, then other */
} Node;

typedef struct {
    const IntentRule *rule;
    uint64_t needs;
    uint16_t first;
} Compiled;

typedef struct {
    Str text;
    uint8_t classes;
} Known;

#define MAX_NODES 20000
#define MAX_WORDS 2048
#define TABLE 4096 /* slots of the vocabulary's hash table: a power of two above MAX_WORDS */
#define MAX_STEPS 4000

struct Matcher {
    Node *nodes;
    size_t n_nodes;
    Compiled *rules;
    size_t n_rules;
    Known *words; /* id 0 is "unknown" */
    size_t n_words;
    uint16_t *table;
};

static uint16_t word_id(const Matcher *m, Str text)
{
    for (size_t at = str_hash(text);; at++) {
        uint16_t id = m->table[at & (TABLE - 1)];
        if (id == 0 || str_eq(m->words[id].text, text))
            return id;
    }
}

/* The id of a word, made when it is new; 0 when the vocabulary is full. */
static uint16_t word_add(Matcher *m, Str text, unsigned classes)
{
    size_t at = str_hash(text);
    for (;; at++) {
        uint16_t id = m->table[at & (TABLE - 1)];
        if (id == 0)
            break;
        if (str_eq(m->words[id].text, text)) {
            m->words[id].classes |= (uint8_t)classes;
            return id;
        }
    }
    if (m->n_words == MAX_WORDS)
        return 0;
    m->words[m->n_words] = (Known){text, (uint8_t)classes};
    m->table[at & (TABLE - 1)] = (uint16_t)m->n_words;
    return (uint16_t)m->n_words++;
}

static uint64_t word_bit(uint16_t id)
{
    return 1ull << (id * 0x9E3779B1u >> 26);
}

/* ---- compiling: from the end of a pattern to its beginning, so that `next` is known ---- */

typedef struct {
    Matcher *m;
    const char *pattern; /* the rule's, for the message */
    uint64_t needs;
    Err *err;
    bool failed;
} Compiler;

static uint16_t fault(Compiler *c, const char *what)
{
    if (!c->failed)
        (void)err_set(c->err, ERR_INTERNAL, "rule \"%s\": %s", c->pattern, what);
    c->failed = true;
    return 0;
}

static uint16_t node_add(Compiler *c, Node node)
{
    if (c->m->n_nodes == MAX_NODES)
        return fault(c, "too many nodes");
    c->m->nodes[c->m->n_nodes] = node;
    return (uint16_t)c->m->n_nodes++;
}

static const struct {
    const char *name;
    uint8_t slot;
} slot_names[] = {
    {"title", SLOT_TITLE},      {"time", SLOT_TIME},       {"dur", SLOT_DURATION},
    {"ref", SLOT_REF},          {"topic", SLOT_TOPIC},     {"fact", SLOT_FACT},
    {"number", PATTERN_NUMBER}, {"pron", PATTERN_PRONOUN}, {"any", PATTERN_ANY},
};

static uint16_t compile_slot(Compiler *c, Str name, uint16_t next)
{
    bool empty = str_ends(name, STR("?"));
    if (empty)
        name.len--;
    for (size_t i = 0; i < sizeof slot_names / sizeof *slot_names; i++)
        if (str_eq(name, str_of(slot_names[i].name)))
            return node_add(c, (Node){.kind = NODE_SLOT,
                                      .slot = slot_names[i].slot,
                                      .may_be_empty = empty,
                                      .next = next});
    return fault(c, "no such slot");
}

/* Where the bracket that closes at p[at] opens. */
static size_t opening(Str p, size_t at)
{
    int depth = 0;
    for (;; at--) {
        depth += p.ptr[at] == ')' || p.ptr[at] == ']';
        depth -= p.ptr[at] == '(' || p.ptr[at] == '[';
        if (depth == 0 || at == 0)
            return at;
    }
}

static uint16_t compile(Compiler *c, Str p, uint16_t next, bool needed);

/* "a|b c|d": the alternatives, all going on to `next`. */
static uint16_t compile_choice(Compiler *c, Str p, uint16_t next, bool optional)
{
    uint16_t first = optional ? next : 0;
    bool any = optional;
    int depth = 0;
    size_t end = p.len;
    for (size_t i = p.len + 1; i-- > 0;) {
        char ch = i > 0 ? p.ptr[i - 1] : '|';
        depth += ch == ')' || ch == ']';
        depth -= ch == '(' || ch == '[';
        if (ch != '|' || depth != 0)
            continue;
        uint16_t one = compile(c, str_sub(p, i, end), next, false);
        first = any ? node_add(c, (Node){.kind = NODE_FORK, .next = one, .other = first}) : one;
        any = true;
        end = i > 0 ? i - 1 : 0;
    }
    return first;
}

static uint16_t compile_part(Compiler *c, Str name, uint16_t next)
{
    for (size_t i = 0; i < intent_parts_n; i++)
        if (str_eq(name, str_of(intent_parts[i].name)))
            return compile_choice(c, str_of(intent_parts[i].pattern), next, false);
    return fault(c, "no such part");
}

static uint16_t compile_word(Compiler *c, Str word, uint16_t next, bool needed)
{
    if (word.ptr[0] == '$')
        return compile_part(c, str_sub(word, 1, word.len), next);
    if (word.ptr[0] == '<')
        return compile_slot(c, str_sub(word, 1, word.len - 1), next);
    uint16_t id = word_add(c->m, word, 0);
    if (id == 0)
        return fault(c, "too many words");
    if (needed)
        c->needs |= word_bit(id);
    return node_add(c, (Node){.kind = NODE_WORD, .word = id, .next = next});
}

static uint16_t compile(Compiler *c, Str p, uint16_t next, bool needed)
{
    size_t end = p.len;
    while (end > 0 && !c->failed) {
        char last = p.ptr[end - 1];
        if (last == ' ') {
            end--;
            continue;
        }
        size_t start = end - 1;
        if (last == ')' || last == ']') {
            start = opening(p, end - 1);
            next = compile_choice(c, str_sub(p, start + 1, end - 1), next, last == ']');
        } else {
            while (start > 0 && !strchr(" ()[]|", p.ptr[start - 1]))
                start--;
            next = compile_word(c, str_sub(p, start, end), next, needed);
        }
        end = start;
    }
    return next;
}

static void add_classes(Matcher *m)
{
    for (size_t i = 0; i < intent_classes_n; i++) {
        Str rest = str_of(intent_classes[i].words), word;
        while (str_next(&rest, ' ', &word) && word.ptr)
            (void)word_add(m, word, intent_classes[i].classes);
    }
}

static bool compile_all(Matcher *m, Err *err)
{
    size_t n = 0;
    for (size_t t = 0; intent_rule_table(t).n > 0; t++)
        n += intent_rule_table(t).n;
    m->rules = mem_array(n, sizeof *m->rules);
    if (!m->rules)
        return err_set(err, ERR_NO_MEMORY, "no memory for the rules of intents");
    uint16_t end = 0;
    m->nodes[m->n_nodes++] = (Node){.kind = NODE_END};
    for (size_t k = 0; intent_rule_table(k).n > 0; k++) {
        IntentRules t = intent_rule_table(k);
        for (size_t i = 0; i < t.n; i++) {
            Compiler c = {.m = m, .pattern = t.rules[i].pattern, .err = err};
            uint16_t first = compile(&c, str_of(c.pattern), end, true);
            if (c.failed)
                return false;
            m->rules[m->n_rules++] = (Compiled){&t.rules[i], c.needs, first};
        }
    }
    return true;
}

Matcher *matcher_new(Err *err)
{
    Matcher *m = mem_zalloc(sizeof *m);
    if (m) {
        m->nodes = mem_array(MAX_NODES, sizeof *m->nodes);
        m->words = mem_array(MAX_WORDS, sizeof *m->words);
        m->table = mem_array(TABLE, sizeof *m->table);
        m->n_words = 1;
    }
    if (!m || !m->nodes || !m->words || !m->table) {
        matcher_free(m);
        (void)err_set(err, ERR_NO_MEMORY, "no memory for the rules of intents");
        return NULL;
    }
    add_classes(m);
    if (!compile_all(m, err)) {
        matcher_free(m);
        return NULL;
    }
    /* Smaller is always possible; where it is refused the larger block stays. */
    Node *nodes = mem_resize(m->nodes, m->n_nodes, sizeof *nodes);
    m->nodes = nodes ? nodes : m->nodes;
    return m;
}

void matcher_free(Matcher *m)
{
    if (!m)
        return;
    mem_free(m->nodes);
    mem_free(m->rules);
    mem_free(m->words);
    mem_free(m->table);
    mem_free(m);
}

/* ---- matching ---- */

static bool is_number(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

/* "9am", "5pm", "10min", "3rd": digits with letters that belong to them. */
static bool is_time_number(Str s)
{
    static const char *const tails[] = {"am", "h",  "hr", "hrs", "m",    "min", "mins", "nd",
                                        "pm", "rd", "s",  "sec", "secs", "st",  "th"};
    size_t digits = 0;
    while (digits < s.len && s.ptr[digits] >= '0' && s.ptr[digits] <= '9')
        digits++;
    return digits > 0 && digits < s.len &&
           str_in_sorted(str_sub(s, digits, s.len), tails, sizeof tails / sizeof *tails);
}

unsigned matcher_class(const Matcher *m, const SentenceWord *w)
{
    unsigned classes = m->words[w->id].classes;
    if (w->id == 0 && is_number(w->text))
        classes |= WORD_NUMBER | WORD_TIME;
    if (w->id == 0 && is_time_number(w->text))
        classes |= WORD_NUMBER | WORD_UNIT | WORD_TIME | WORD_TIME_CORE;
    return classes;
}

uint64_t matcher_mark(const Matcher *m, SentenceWords *w)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < w->n; i++) {
        w->word[i].id = word_id(m, w->word[i].text);
        bits |= w->word[i].id ? word_bit(w->word[i].id) : 0;
    }
    return bits;
}

/* The classes a slot's words must have one of, and those that one of them must have. */
static const struct {
    uint8_t each, one;
} slot_rules[PATTERN_SLOTS] = {
    [SLOT_TIME] = {WORD_TIME | WORD_NUMBER | WORD_UNIT, WORD_TIME_CORE | WORD_NUMBER | WORD_UNIT},
    [SLOT_DURATION] = {WORD_NUMBER | WORD_UNIT, WORD_UNIT},
    [PATTERN_NUMBER] = {WORD_NUMBER, WORD_NUMBER},
    [PATTERN_PRONOUN] = {WORD_PRONOUN, WORD_PRONOUN},
};

typedef struct {
    const Matcher *m;
    const SentenceWords *w;
    Captures *out;
    int steps;
} Search;

static bool match(Search *s, uint16_t node, size_t at);

static bool match_slot(Search *s, const Node *n, size_t at)
{
    uint8_t each = slot_rules[n->slot].each, one = slot_rules[n->slot].one;
    size_t limit = at;
    if (!each)
        limit = s->w->n;
    while (each && limit < s->w->n && matcher_class(s->m, &s->w->word[limit]) & each)
        limit++;
    size_t least = at + (n->may_be_empty ? 0 : 1);
    Captures before = *s->out;
    for (size_t k = 0; least + k <= limit; k++) {
        size_t to = each ? limit - k : least + k;
        bool has = !one || to == at;
        for (size_t i = at; i < to && !has; i++)
            has = (matcher_class(s->m, &s->w->word[i]) & one) != 0;
        if (!has)
            continue;
        s->out->from[n->slot] = (uint16_t)at;
        s->out->to[n->slot] = (uint16_t)to;
        s->out->set[n->slot] = to > at;
        if (match(s, n->next, to))
            return true;
        *s->out = before;
        if (s->steps <= 0)
            return false;
    }
    return false;
}

static bool match(Search *s, uint16_t node, size_t at)
{
    for (;;) {
        const Node *n = &s->m->nodes[node];
        if (s->steps-- <= 0)
            return false;
        if (n->kind == NODE_END)
            return at == s->w->n;
        if (n->kind == NODE_SLOT)
            return match_slot(s, n, at);
        if (n->kind == NODE_FORK) {
            if (match(s, n->next, at))
                return true;
            node = n->other;
            continue;
        }
        if (at == s->w->n || s->w->word[at].id != n->word)
            return false;
        at++;
        node = n->next;
    }
}

const IntentRule *matcher_find(const Matcher *m, const SentenceWords *w, uint64_t bits,
                               IntentAction action, IntentTier tier, Captures *out)
{
    for (size_t i = 0; i < m->n_rules; i++) {
        const Compiled *c = &m->rules[i];
        if (c->needs & ~bits || c->rule->tier > tier ||
            (action != ACTION_NONE && c->rule->action != action))
            continue;
        *out = (Captures){.set = {false}};
        Search s = {m, w, out, MAX_STEPS};
        if (match(&s, c->first, 0))
            return c->rule;
    }
    return NULL;
}
