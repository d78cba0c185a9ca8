/* intents.c - see intents.h: words, rules, the encoder's head, the conversation. */
#include "assistant/intents.h"

#include "assistant/intents_head.h"
#include "assistant/intents_slots.h"
#include "base/mem.h"
#include "base/utf8.h"

/* What a rule's word is worth, measured (docs/INTENTS.md). */
#define RULE_KIND_CONFIDENCE 0.99
#define RULE_ACTION_CONFIDENCE 0.98
/* Below this a sentence says nothing that is understood. */
#define UNKNOWN_BELOW 0.25

struct Intents {
    const Minilm *model;
    Matcher *matcher;
};

Intents *intents_open(const Minilm *model, Err *err)
{
    Intents *x = mem_zalloc(sizeof *x);
    if (!x) {
        (void)err_set(err, ERR_NO_MEMORY, "no memory for the rules of intents");
        return NULL;
    }
    x->model = model;
    x->matcher = matcher_new(err);
    if (!x->matcher) {
        mem_free(x);
        return NULL;
    }
    return x;
}

void intents_close(Intents *x)
{
    if (x)
        matcher_free(x->matcher);
    mem_free(x);
}

/* ---- what the conversation makes of it ---- */

static bool says(const Reading *r, const char *words)
{
    char room[64];
    Str all = sentence_join(&r->words, room, sizeof room);
    return str_eq(all, str_of(words));
}

/* "cancel it", "forget it", "stop": of the thing that was spoken of. */
static IntentAction in_turn(const Reading *r, const IntentContext *c, IntentAction a)
{
    bool pointed = says(r, "cancel it") || says(r, "cancel that") || says(r, "cancel");
    if (a == ACTION_CANCEL && pointed && c->awaiting == AWAIT_NOTHING)
        a = c->turn == TURN_TIMER || c->turn == TURN_RINGING ? ACTION_TIMER_CANCEL
            : c->turn == TURN_TASKS && !says(r, "cancel")    ? ACTION_TASK_DELETE
                                                             : a;
    if (a == ACTION_CANCEL && says(r, "forget it") && c->turn == TURN_MEMORY)
        a = ACTION_FORGET;
    if (a == ACTION_TASK_DELETE && c->turn == TURN_TIMER &&
        (says(r, "delete it") || says(r, "stop it")))
        a = ACTION_TIMER_CANCEL;
    if (a == ACTION_TASK_DELETE && c->turn == TURN_MEMORY &&
        (says(r, "delete it") || says(r, "delete that")))
        a = ACTION_FORGET;
    if (a == ACTION_TASK_SHOW && c->turn == TURN_ANSWER && r->words.n <= 4)
        a = ACTION_QUESTION;
    return a;
}

/* The answer to what the assistant asked, where the words can be one. */
static bool answers(Reading *r, const IntentContext *c, Intent *out, Err *err, bool *ok)
{
    size_t timed = 0;
    for (size_t i = 0; i < r->words.n; i++)
        timed += r->timed[i];
    Captures took;
    if (c->awaiting == AWAIT_TIME && timed > 0 && timed + 3 >= r->words.n) {
        out->action = ACTION_SUPPLY;
        *ok = reading_fill(r, NULL, NULL, out, err);
        return true;
    }
    IntentAction same = c->turn == TURN_AGENDA     ? ACTION_AGENDA
                        : c->turn == TURN_TASKS    ? ACTION_TASK_LIST
                        : c->turn == TURN_BRIEFING ? ACTION_BRIEFING
                                                   : ACTION_NONE;
    size_t lead = r->words.n > 2 && str_eq(r->words.word[1].text, STR("about")) ? 2 : 0;
    if (same && c->awaiting == AWAIT_NOTHING && timed > 0 && timed + lead == r->words.n) {
        out->action = same; /* "and on Friday?", "what about tomorrow?" */
        out->follow_up = true;
        *ok = reading_fill(r, NULL, NULL, out, err);
        return true;
    }
    if (c->awaiting == AWAIT_CHOICE) {
        const IntentRule *rule =
            matcher_find(r->matcher, &r->words, r->bits, ACTION_SELECT, TIER_SLOTS, &took);
        out->action = ACTION_SELECT;
        if (rule)
            *ok = reading_fill(r, rule, &took, out, err);
        if (rule && *ok && out->ref == REF_ORDINAL)
            return true;
        *out = (Intent){.query = out->query};
    }
    return false;
}

/* A title was asked for, and nothing that is certain was said instead. */
static bool supplies_title(const Reading *r, Intent *out, Err *err)
{
    out->action = ACTION_SUPPLY;
    out->slot[SLOT_TITLE] =
        (IntentValue){out->query, r->words.word[0].start, r->words.word[r->words.n - 1].end};
    return reading_fill(r, NULL, NULL, out, err);
}

static bool has_pronoun(const Reading *r)
{
    static const char *const words[] = {"he",   "her",   "him",  "his",  "it",   "its",  "she",
                                        "that", "their", "them", "they", "this", "those"};
    for (size_t i = 0; i < r->words.n; i++)
        if (str_in_sorted(r->words.word[i].text, words, sizeof words / sizeof *words))
            return true;
    return false;
}

static bool follows_up(const Reading *r, const Intent *out)
{
    Str first = r->words.word[0].text, second = r->words.n > 1 ? r->words.word[1].text : first;
    if (out->ref == REF_LAST || out->ref == REF_ORDINAL || r->words.continues)
        return true;
    if (out->action == ACTION_SHOW_SOURCE)
        return true;
    if (out->action != ACTION_QUESTION && out->action != ACTION_TASK_SHOW)
        return false;
    return r->words.n <= 2 || (r->words.n <= 9 && has_pronoun(r)) ||
           (str_eq(second, STR("about")) &&
            (str_eq(first, STR("what")) || str_eq(first, STR("how"))));
}

/* ---- deciding ---- */

static void choose(const float *p, Intent *out)
{
    double kinds[4] = {0};
    size_t best = 0, second = 0;
    for (size_t a = 0; a < ACTION_COUNT; a++)
        kinds[intent_info((IntentAction)a)->kind] += (double)p[a];
    IntentKind kind = INTENT_UNKNOWN;
    for (int k = 1; k < 4; k++)
        kind = kinds[k] > kinds[kind] ? (IntentKind)k : kind;
    for (size_t a = 0; a < ACTION_COUNT; a++)
        if (intent_info((IntentAction)a)->kind == kind && p[a] > p[best])
            best = a;
    for (size_t a = 0; a < ACTION_COUNT; a++)
        if (a != best && p[a] > p[second == best ? ACTION_NONE : second])
            second = a;
    out->action = kind == INTENT_UNKNOWN ? ACTION_NONE : (IntentAction)best;
    out->confidence = head_calibrate_kind(kinds[kind]);
    out->action_confidence = head_calibrate_action((double)p[best]);
    out->second = second == best ? ACTION_NONE : (IntentAction)second;
    out->second_confidence = head_calibrate_action((double)p[second]);
    if (out->second_confidence > 1 - out->action_confidence)
        out->second_confidence = 1 - out->action_confidence;
}

static bool by_encoder(const Intents *x, MinilmState *s, const Reading *r, const IntentContext *c,
                       Intent *out, Err *err)
{
    char room[WORDS_ROOM + WORDS_MAX];
    float embedding[MINILM_DIM], p[ACTION_COUNT];
    Str text = sentence_join(&r->words, room, sizeof room);
    bool ok = c->embed ? c->embed(c->arg, text, embedding, err)
                       : minilm_embed(x->model, s, &text, 1, embedding, NULL, err);
    if (!ok)
        return false;
    head_score(&r->words, embedding, p);
    choose(p, out);
    return true;
}

/* Without an encoder: a question, as far as anybody can tell. */
static void by_default(const Reading *r, Intent *out)
{
    out->action = ACTION_QUESTION;
    out->confidence = r->words.question ? 0.8 : 0.5;
    out->action_confidence = r->words.question ? 0.6 : 0.3;
}

static bool begins_as(Str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        Str word = str_of(words[i]);
        if (str_eq_nocase(str_sub(s, 0, word.len), word) && s.len > word.len &&
            s.ptr[word.len] == ' ')
            return true;
    }
    return false;
}

/* A question whatever verb follows: "Why shouldn't I open the oven?" bids nothing, and after an
 * answer out of the documents "and until when can I cancel it?" is asked of them. */
static bool only_asks(const Reading *r, const IntentContext *c, IntentAction a, bool by_rule)
{
    static const char *const never[] = {"why", "until when", "by when", "since when",
        "for how long", "who", "whose", "warum", "wieso", "bis wann", "seit wann", "wer", "wem",
        "wessen"};
    static const char *const asking[] = {"how", "what", "when", "where", "which", "was", "wann",
        "welche", "welchen", "welcher", "welches", "wie", "wo", "womit", "wof\303\274r", "at what",
        "at which", "by what", "from what", "in what", "in which", "on what", "on which", "to whom",
        "with whom", "for whom", "um wie viel", "um welche"};
    Str s = str_sub(r->sentence, r->words.word[0].start, r->sentence.len);
    bool command = intent_info(a)->kind == INTENT_COMMAND;
    if (command && begins_as(s, never, sizeof never / sizeof *never))
        return true;
    bool goes_on = r->words.continues && c->turn == TURN_ANSWER && c->awaiting == AWAIT_NOTHING;
    return goes_on && (command || !by_rule) &&
           (begins_as(s, asking, sizeof asking / sizeof *asking) ||
            begins_as(s, never, sizeof never / sizeof *never));
}

static bool decide(const Intents *x, MinilmState *s, Reading *r, const IntentContext *c,
                   Intent *out, Err *err)
{
    Captures took = {.set = {false}};
    bool ok = true;
    if (answers(r, c, out, err, &ok)) {
        out->by_rule = true;
        out->confidence = RULE_KIND_CONFIDENCE;
        out->action_confidence = RULE_ACTION_CONFIDENCE;
        return ok;
    }
    if (!ok)
        return false;
    const IntentRule *rule =
        matcher_find(r->matcher, &r->words, r->bits, ACTION_NONE, TIER_SURE, &took);
    if (rule) {
        out->action = rule->action;
        out->by_rule = true;
        out->confidence = RULE_KIND_CONFIDENCE;
        out->action_confidence = RULE_ACTION_CONFIDENCE;
    } else if (c->awaiting == AWAIT_TITLE) {
        out->confidence = out->action_confidence = 0.9;
        return supplies_title(r, out, err);
    } else if (x->model && s) {
        if (!by_encoder(x, s, r, c, out, err))
            return false;
    } else {
        by_default(r, out);
    }
    if (only_asks(r, c, out->action, rule != NULL)) {
        out->action = ACTION_QUESTION;
        rule = NULL;
    }
    IntentAction meant = in_turn(r, c, out->action);
    if (!rule || meant != rule->action || meant == ACTION_SELECT || took.set[PATTERN_ANY])
        rule = matcher_find(r->matcher, &r->words, r->bits, meant, TIER_SLOTS, &took);
    out->action = meant;
    return reading_fill(r, rule, &took, out, err);
}

static bool whole_query(const Reading *r, Intent *out, Err *err)
{
    size_t from = r->words.word[0].start, to = r->sentence.len;
    while (to > 0 && (unsigned char)r->sentence.ptr[to - 1] <= ' ')
        to--;
    Buf clean;
    buf_init(&clean, (size_t)INTENTS_TEXT_MAX * 3);
    bool ok = utf8_append_lossy(&clean, str_sub(r->sentence, from, to));
    if (ok)
        out->query = arena_buf(r->arena, &clean);
    buf_release(&clean);
    return (ok && out->query.ptr) || err_set(err, ERR_NO_MEMORY, "no memory for a sentence");
}

bool intents_parse(const Intents *x, MinilmState *s, Str text, const IntentContext *c, Arena *a,
                   Intent *out, Err *err)
{
    static const IntentContext alone = {.turn = TURN_NONE};
    Intent i = {.kind = INTENT_UNKNOWN, .query = {"", 0}};
    Reading *r = arena_alloc(a, sizeof *r);
    if (!r)
        return err_set(err, ERR_NO_MEMORY, "no memory to read a sentence");
    r->matcher = x->matcher;
    r->sentence = str_sub(text, 0, INTENTS_TEXT_MAX);
    r->arena = a;
    sentence_words(r->sentence, &r->words);
    if (r->words.n == 0) {
        i.confidence = i.action_confidence = 1;
        *out = i;
        return true;
    }
    r->bits = matcher_mark(x->matcher, &r->words);
    reading_mark_times(r);
    if (!whole_query(r, &i, err) || !decide(x, s, r, c ? c : &alone, &i, err))
        return false;
    if (i.confidence < UNKNOWN_BELOW)
        i.action = ACTION_NONE;
    i.kind = intent_info(i.action)->kind;
    if (i.action_confidence > i.confidence)
        i.action_confidence = i.confidence;
    i.follow_up |= follows_up(r, &i);
    *out = i;
    return true;
}
