/* act_memory.c - what is remembered, by word: told, heard in passing, asked, forgotten; notes. */
#include "assistant/act.h"
#include "assistant/memory_ask.h"
#include "assistant/secrets.h"

#define SOURCE_MAX 100

/* ---- saying ---------------------------------------------------------------------------------- */

static bool is_german(Str s)
{
    static const char *const begins[] = {"ich ", "wir ", "mein ", "meine ", "unser ", "unsere ",
                                         "nenn ", "nenne "};
    static const char *const has[] = {" mein ", " meine ", " ist ", " unsere "};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (str_eq_nocase(str_sub(s, 0, strlen(begins[i])), str_of(begins[i])))
            return true;
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        if (str_find(s, str_of(has[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

/* "my manager is Dana" as it is said back: "your manager is Dana". German is quoted. */
static void say_fact(Turn *t, Str text)
{
    static const struct {
        const char *from, *to;
    } turned[] = {{"my", "your"}, {"I", "you"}, {"am", "are"}, {"me", "you"}, {"mine", "yours"},
                  {"our", "your"}, {"I'm", "you are"}, {"I've", "you have"},
                  {"myself", "yourself"}, {"we", "you"}, {"us", "you"}, {"we've", "you have"},
                  {"we're", "you are"}, {"ours", "yours"}};
    Str rest = text, word;
    bool first = true, was_i = false;
    if (is_german(text)) {
        turn_say(t, "\"" STR_FMT "\"", STR_ARG(text));
        return;
    }
    if (str_eq_nocase(str_sub(text, 0, 8), STR("call me "))) {
        turn_say(t, "I am to call you" STR_FMT, STR_ARG(str_sub(text, 7, text.len)));
        return;
    }
    while (str_next(&rest, ' ', &word)) {
        const char *to = was_i && str_eq(word, STR("was")) ? "were" : NULL;
        for (size_t i = 0; i < sizeof turned / sizeof *turned && !to; i++)
            if (str_eq_nocase(word, str_of(turned[i].from)))
                to = turned[i].to;
        turn_say(t, "%s" STR_FMT, first ? "" : " ", STR_ARG(to ? str_of(to) : word));
        was_i = str_eq_nocase(word, STR("I"));
        first = false;
    }
}

/* Says it as a sentence of its own. */
static void say_sentence(Turn *t, Str text)
{
    Buf *b = &t->said;
    size_t from = b->len;
    say_fact(t, text);
    if (buf_ok(b) && b->len > from && b->ptr[from] >= 'a' && b->ptr[from] <= 'z')
        b->ptr[from] = (char)(b->ptr[from] - 32);
    turn_say(t, ".");
}

static bool find_facts(Turn *t, FactQuery q, FactPage *page)
{
    return store_fact_list(t->parts->store, t->owner, &q, t->a, page, t->err);
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* Where it was learnt: the message of this turn. */
static Str source_of(Turn *t)
{
    char session[UUID_TEXT], message[UUID_TEXT];
    if (uuid_is_nil(&t->said_id))
        return STR("conversation");
    return arena_printf(t->a, "conversation:%s:%s", uuid_format(&t->reply->session, session),
                        uuid_format(&t->said_id, message));
}

/* The same is remembered already. */
static bool known(Turn *t, const Fact *f, bool *yes)
{
    FactPage page;
    *yes = false;
    if (f->subject.len == 0)
        return true;
    if (!find_facts(t, (FactQuery){.subject = f->subject, .limit = 1}, &page))
        return false;
    *yes = page.n && str_eq_nocase(page.items[0].value, f->value);
    if (*yes)
        t->d.last = (Thing){THING_FACT, page.items[0].id};
    return true;
}

/* Keeps one and says so; `more`: another was said before. */
static bool keep(Turn *t, Str text, bool more)
{
    Fact f = {0};
    Uuid replaced;
    bool same;
    if (more)
        turn_say(t, " ");
    if (!memory_fact(text, t->a, &f, t->err) || !known(t, &f, &same))
        return false;
    t->d.turn = TURN_MEMORY;
    if (same) {
        turn_say(t, "I know that ");
        say_fact(t, f.text);
        turn_say(t, ".");
        return true;
    }
    Str source = source_of(t);
    if (!source.ptr)
        return turn_no_memory(t);
    if (!memory_remember(t->parts->store, t->owner, text, source, t->a, &f, &replaced, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_REMEMBERED, &f.id, f.text);
    t->d.last = (Thing){THING_FACT, f.id};
    turn_say(t, uuid_is_nil(&replaced) ? "I will remember that " : "I have changed that: ");
    say_fact(t, f.text);
    Fact before;
    Err gone = ERR_INIT;
    if (!uuid_is_nil(&replaced) &&
        store_fact_get(t->parts->store, t->owner, &replaced, t->a, &before, &gone) &&
        before.value.len && before.value.len < 80)
        turn_say(t, " (before: " STR_FMT ")", STR_ARG(before.value));
    turn_say(t, ".");
    return true;
}

bool act_remember(Turn *t)
{
    MemoryHeard heard[MEMORY_HEARD];
    size_t n;
    bool secret;
    Str fact = SLOT(t, SLOT_FACT);
    if (fact.len == 0) {
        turn_say(t, "What shall I remember?");
        turn_ask(t, AWAIT_TITLE);
        return true;
    }
    t->withheld = secret_find(fact) != SECRET_NONE;
    if (t->withheld || !memory_hear(fact, t->a, heard, &n, &secret) || n < 2)
        return keep(t, fact, false);
    for (size_t i = 0; i < n; i++)
        if (!keep(t, heard[i].text, i > 0))
            return false;
    return true;
}

/* Whether what was said may be a fact in passing, as far as the intent goes: a rule's command is
 * that, but for those that are declined ("call me Jo" is no telephone call). */
static bool may_be_told(const Turn *t)
{
    const Intent *i = &t->intent;
    return t->d.awaiting == AWAIT_NOTHING && i->action != ACTION_REMEMBER &&
           !(i->by_rule && i->kind == INTENT_COMMAND && !intent_info(i->action)->refused);
}

/* A question of memory, whatever it was taken for; of a form that only memory can answer it is a
 * question in any case. */
static bool asked_back(Turn *t, bool *done)
{
    MemoryAsk ask;
    Str question = t->intent.query.len ? t->intent.query : t->text;
    if ((t->intent.by_rule && t->intent.kind == INTENT_COMMAND) || t->intent.follow_up ||
        t->intent.action == ACTION_MEMORY_LIST)
        return true;
    if (!memory_ask(t->parts->store, t->owner, question, t->a, &ask, t->err))
        return false;
    if (ask.whole || ask.form) {
        t->intent.action = ACTION_QUESTION;
        t->intent.kind = INTENT_QUERY;
    }
    return !ask.whole || memory_answer(t, question, done);
}

bool memory_overhear(Turn *t, bool *done)
{
    MemoryHeard heard[MEMORY_HEARD];
    size_t n;
    bool secret;
    *done = false;
    if (t->d.awaiting != AWAIT_NOTHING)
        return true;
    if (!memory_hear(t->text, t->a, heard, &n, &secret))
        return turn_no_memory(t);
    if (secret) {
        t->withheld = *done = true;
        turn_say(t, "That looks like %s. Such things are not kept, and I have not stored it.",
                 secret_name(secret_find(t->text)));
        return true;
    }
    if (!may_be_told(t))
        return t->intent.action != ACTION_REMEMBER || t->intent.by_rule || asked_back(t, done);
    for (size_t i = 0; i < n; i++) {
        if (!keep(t, heard[i].text, i > 0))
            return false;
        t->intent.action = ACTION_REMEMBER;
        t->intent.kind = intent_info(ACTION_REMEMBER)->kind;
        t->intent.slot[SLOT_FACT] = (IntentValue){.text = heard[0].text};
        *done = true;
    }
    return *done || asked_back(t, done);
}

/* ---- forgetting ------------------------------------------------------------------------------ */

/* The facts that are meant by some words: a subject, what a fact says, or words in it. */
static bool meant(Turn *t, Str topic, FactPage *page)
{
    Str subject, value;
    MemoryAsk ask;
    *page = (FactPage){0};
    if (memory_split(topic, t->a, &subject, &value) &&
        !find_facts(t, (FactQuery){.subject = subject, .limit = 2}, page))
        return false;
    if (page->n)
        return true;
    if (!memory_ask(t->parts->store, t->owner, topic, t->a, &ask, t->err))
        return false;
    if (ask.whole) {
        *page = ask.page;
        page->n = ask.page.n && ask.page.items[0].subject.len ? 1 : ask.page.n;
        return true;
    }
    return find_facts(t, (FactQuery){.q = topic, .limit = 2}, page);
}

bool act_forget(Turn *t)
{
    FactPage page;
    Fact f;
    Str topic = SLOT(t, SLOT_TOPIC).len ? SLOT(t, SLOT_TOPIC)
                : t->intent.ref == REF_WORDS ? SLOT(t, SLOT_REF) : STR("");
    if (topic.len == 0) {
        if (t->d.last.kind != THING_FACT) {
            turn_say(t, "What shall I forget?");
            turn_ask(t, AWAIT_TITLE);
            return true;
        }
        if (!store_fact_get(t->parts->store, t->owner, &t->d.last.id, t->a, &f, t->err))
            return false;
    } else {
        if (!meant(t, topic, &page))
            return false;
        if (page.n != 1) {
            turn_say(t, page.n ? "I remember several things about \"" STR_FMT "\"; say which."
                               : "I remember nothing about \"" STR_FMT "\".", STR_ARG(topic));
            return true;
        }
        f = page.items[0];
    }
    if (!store_fact_delete(t->parts->store, t->owner, &f.id, false, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_FORGOTTEN, &f.id, f.text);
    t->d.last = (Thing){0};
    turn_say(t, "Forgotten: ");
    say_fact(t, f.text);
    turn_say(t, ".");
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void say_list(Turn *t, const FactPage *page)
{
    t->d.n_listed = 0;
    for (size_t i = 0; i < page->n && i < DIALOGUE_LISTED; i++) {
        dialogue_list(&t->d, THING_FACT, &page->items[i].id);
        turn_say(t, "%s- ", i ? "\n" : "");
        say_fact(t, page->items[i].text);
        if (page->items[i].ended_at)
            turn_say(t, " (replaced)");
    }
    if (page->total > page->n)
        turn_say(t, "\nand %llu more", (unsigned long long)(page->total - page->n));
}

bool act_memory_list(Turn *t)
{
    FactPage page;
    Str topic = SLOT(t, SLOT_TOPIC);
    if (!find_facts(t, (FactQuery){.q = topic, .limit = DIALOGUE_LISTED}, &page))
        return false;
    t->d.turn = TURN_MEMORY;
    if (page.n == 0) {
        t->d.n_listed = 0;
        turn_say(t, "You have not told me anything to remember%s.",
                 topic.len ? " about that" : "");
        return true;
    }
    turn_say(t, "I remember that\n");
    say_list(t, &page);
    return true;
}

/* What held before, of a subject: "who was my manager before?" */
static void keep_past(FactPage *page)
{
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++)
        if (page->items[i].ended_at && str_eq(page->items[i].subject, page->items[0].subject))
            page->items[n++] = page->items[i];
    page->n = page->total = n;
}

bool memory_answer(Turn *t, Str question, bool *answered)
{
    MemoryAsk ask;
    *answered = false;
    if (!memory_ask(t->parts->store, t->owner, question, t->a, &ask, t->err))
        return false;
    FactPage *page = &ask.page;
    if (!ask.whole)
        return true;
    if (ask.past)
        keep_past(page);
    if (page->n == 0)
        return true;
    *answered = true;
    t->d.last = (Thing){THING_FACT, page->items[0].id};
    t->d.turn = TURN_MEMORY;
    /* Of a subject one thing holds; of what subjects begin with ("allergic to") all do. */
    if (page->n == 1 || (!ask.past && !str_starts(page->items[0].subject, STR("i ")))) {
        if (ask.past)
            turn_say(t, "Before, you told me: ");
        say_sentence(t, page->items[0].text);
        return true;
    }
    turn_say(t, ask.past ? "Before, you told me that\n" : "You told me that\n");
    say_list(t, page);
    return true;
}

bool act_note_add(Turn *t)
{
    Document doc;
    Str text = SLOT(t, SLOT_FACT).len ? SLOT(t, SLOT_FACT) : SLOT(t, SLOT_TITLE);
    if (!t->parts->note)
        return err_set(t->err, ERR_UNAVAILABLE, "notes cannot be stored here");
    if (text.len == 0) {
        turn_say(t, "What shall I write down?");
        turn_ask(t, AWAIT_TITLE);
        return true;
    }
    if (!t->parts->note(t->parts->note_arg, text, t->worker, t->a, &doc, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_NOTED, &doc.id, doc.title);
    t->d.last = (Thing){THING_DOCUMENT, doc.id};
    turn_say(t, "Noted: " STR_FMT, STR_ARG(text));
    if (text.len && !strchr(".!?", text.ptr[text.len - 1]))
        turn_say(t, ".");
    return true;
}
