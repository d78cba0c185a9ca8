/* memory.c - what the person said about themselves: its shape, and what is never kept. */
#include "assistant/act.h"

#include "base/clock.h"
#include "base/utf8.h"

/* ---- shape ----------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Offset of the verb that parts subject and value, as a whole word; *after behind it. */
static size_t find_verb(Str s, size_t *after)
{
    static const char *const verbs[] = {" is called ", " are called ", " is ", " are ", " was ",
                                        " were ", " am "};
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        Str v = str_of(verbs[i]);
        for (size_t at = 0; at + v.len <= s.len; at++)
            if (at < best && str_eq_nocase(str_sub(s, at, at + v.len), v)) {
                best = at;
                *after = at + v.len;
            }
    }
    return best;
}

static Str folded(Arena *a, Str s)
{
    Buf b;
    buf_init(&b, FACT_MAX_TEXT);
    bool space = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == ' ' || c == '\t' || c == '\n') {
            space = b.len > 0;
            continue;
        }
        if (space)
            (void)buf_add_char(&b, ' ');
        space = false;
        (void)buf_add_char(&b, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
    }
    Str out = arena_buf(a, &b);
    buf_release(&b);
    return out;
}

static Str without_end(Str s)
{
    s = str_trim(s);
    while (s.len && strchr(".!,;", s.ptr[s.len - 1]))
        s.len--;
    return str_trim(s);
}

bool memory_split(Str text, Arena *a, Str *subject, Str *value)
{
    static const char *const whose[] = {"my ", "our ", "the ", "i ", "we ", "your "};
    size_t after = 0;
    *subject = *value = STR("");
    text = without_end(text);
    size_t verb = find_verb(text, &after);
    if (verb == SIZE_MAX || verb == 0 || verb > 100 || after >= text.len)
        return false;
    /* "I am allergic to nuts" says one thing of many about me: another one does not replace it. */
    if (str_eq_nocase(str_sub(text, 0, verb), STR("I")) ||
        str_eq_nocase(str_sub(text, 0, verb), STR("we")))
        return false;
    bool mine = false;
    for (size_t i = 0; i < sizeof whose / sizeof *whose; i++)
        mine |= str_eq_nocase(str_sub(text, 0, strlen(whose[i])), str_of(whose[i]));
    *subject = folded(a, str_sub(text, 0, verb));
    *value = without_end(str_sub(text, after, text.len));
    if (!mine && subject->len == 0)
        return false;
    return subject->len > 0 && value->len > 0;
}

/* ---- secrets --------------------------------------------------------------------------------- */

static bool luhn(const char *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)(digits[n - 1 - i] - '0') * (i % 2 ? 2 : 1);
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0;
}

/* A payment card's number: 13 to 19 digits, spaces and hyphens between them, with a good check
 * digit (ISO/IEC 7812). */
static bool has_card_number(Str s)
{
    char digits[20];
    size_t n = 0;
    for (size_t i = 0; i <= s.len; i++) {
        char c = i < s.len ? s.ptr[i] : '.';
        if (c >= '0' && c <= '9') {
            if (n < sizeof digits)
                digits[n] = c;
            n++;
        } else if (c != ' ' && c != '-') {
            if (n >= 13 && n <= 19 && luhn(digits, n))
                return true;
            n = 0;
        }
    }
    return false;
}

static bool is_mixed_token(Str word)
{
    unsigned lower = 0, upper = 0, digit = 0, other = 0;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        lower += c >= 'a' && c <= 'z';
        upper += c >= 'A' && c <= 'Z';
        digit += c >= '0' && c <= '9';
        other += !is_letter(c) && !(c >= '0' && c <= '9');
    }
    /* Keys and tokens: long, without a space, letters and digits mixed. */
    return word.len >= 20 && digit >= 3 && lower + upper >= 5 && other < word.len / 4 &&
           str_find(word, STR("://"), 0) == SIZE_MAX;
}

static bool says_secret(Str folded_text)
{
    static const char *const words[] = {"password", "passcode", "passphrase", "pin code",
        "pin number", "my pin ", "private key", "secret key", "api key", "access token",
        "security code", "cvv", "social security number", "recovery phrase", "seed phrase",
        "login code", "card number"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_find(folded_text, str_of(words[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

bool memory_is_secret(Str text, Arena *a)
{
    Str rest = text, word;
    if (has_card_number(text) || says_secret(folded(a, text)))
        return true;
    while (str_next(&rest, ' ', &word))
        if (is_mixed_token(word))
            return true;
    return false;
}

/* ---- keeping --------------------------------------------------------------------------------- */

bool memory_fact(Str text, Arena *a, Fact *io, Err *err)
{
    text = without_end(text);
    if (text.len == 0)
        return err_set(err, ERR_VALIDATION, "there is nothing to remember");
    if (text.len > FACT_MAX_TEXT)
        return err_set(err, ERR_VALIDATION, "that is too long to remember: %zu bytes of at most %u",
                       text.len, FACT_MAX_TEXT);
    if (!utf8_ok(text))
        return err_set(err, ERR_VALIDATION, "what is to be remembered is not valid UTF-8");
    if (memory_is_secret(text, a))
        return err_set(err, ERR_VALIDATION,
                       "that looks like a password, a key or a card number, which is not kept");
    io->text = text;
    (void)memory_split(text, a, &io->subject, &io->value);
    return true;
}

bool memory_remember(Store *s, const Uuid *owner, Str text, Str source, Arena *a, Fact *out,
                     Uuid *replaced, Err *err)
{
    Fact f = {.source = source, .created_at = clock_now_ms()};
    Uuid ended;
    f.updated_at = f.created_at;
    if (!memory_fact(text, a, &f, err) || !uuid_v7(&f.id, err) ||
        !store_fact_put(s, owner, &f, &ended, err))
        return false;
    if (replaced)
        *replaced = ended;
    *out = f;
    return true;
}

/* ---- by word --------------------------------------------------------------------------------- */

/* "my manager is Dana" as it is said back: "your manager is Dana". */
static void say_fact(Turn *t, Str text)
{
    static const struct {
        const char *from, *to;
    } turned[] = {{"my", "your"}, {"I", "you"}, {"am", "are"}, {"me", "you"}, {"mine", "yours"},
                  {"our", "your"}, {"I'm", "you are"}, {"I've", "you have"},
                  {"myself", "yourself"}};
    Str rest = text, word;
    bool first = true;
    while (str_next(&rest, ' ', &word)) {
        const char *to = NULL;
        for (size_t i = 0; i < sizeof turned / sizeof *turned && !to; i++)
            if (str_eq_nocase(word, str_of(turned[i].from)))
                to = turned[i].to;
        turn_say(t, "%s" STR_FMT, first ? "" : " ", STR_ARG(to ? str_of(to) : word));
        first = false;
    }
}

bool act_remember(Turn *t)
{
    Fact f;
    Uuid replaced;
    Str fact = SLOT(t, SLOT_FACT);
    if (fact.len == 0) {
        turn_say(t, "What shall I remember?");
        turn_ask(t, AWAIT_TITLE);
        return true;
    }
    t->withheld = memory_is_secret(fact, t->a);
    if (!memory_remember(t->parts->store, t->owner, fact, STR("conversation"), t->a, &f, &replaced,
                         t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_REMEMBERED, &f.id, f.text);
    t->d.last = (Thing){THING_FACT, f.id};
    t->d.turn = TURN_MEMORY;
    turn_say(t, uuid_is_nil(&replaced) ? "I will remember that " : "I have changed that: ");
    say_fact(t, f.text);
    turn_say(t, ".");
    return true;
}

static bool find_facts(Turn *t, Str q, Str subject, size_t limit, FactPage *page)
{
    FactQuery query = {.q = q, .subject = subject, .limit = limit};
    return store_fact_list(t->parts->store, t->owner, &query, t->a, page, t->err);
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
        if (!find_facts(t, STR(""), folded(t->a, topic), 2, &page) ||
            (page.n == 0 && !find_facts(t, topic, (Str){0}, 2, &page)))
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

bool act_memory_list(Turn *t)
{
    FactPage page;
    if (!find_facts(t, SLOT(t, SLOT_TOPIC), (Str){0}, DIALOGUE_LISTED, &page))
        return false;
    t->d.turn = TURN_MEMORY;
    t->d.n_listed = 0;
    if (page.n == 0) {
        turn_say(t, "You have not told me anything to remember%s.",
                 SLOT(t, SLOT_TOPIC).len ? " about that" : "");
        return true;
    }
    turn_say(t, "I remember that\n");
    for (size_t i = 0; i < page.n; i++) {
        dialogue_list(&t->d, THING_FACT, &page.items[i].id);
        turn_say(t, "%s- ", i ? "\n" : "");
        say_fact(t, page.items[i].text);
    }
    return true;
}

/* "Who is my manager?": the fact whose subject the question names whole. */
bool memory_answer(Turn *t, Str question, bool *answered)
{
    FactPage page;
    *answered = false;
    if (!find_facts(t, STR(""), (Str){0}, 1000, &page))
        return false;
    Str asked = folded(t->a, question);
    const Fact *best = NULL;
    for (size_t i = 0; i < page.n; i++) {
        const Fact *f = &page.items[i];
        size_t at = f->subject.len ? str_find(asked, f->subject, 0) : SIZE_MAX;
        size_t end = at + f->subject.len;
        bool whole = at != SIZE_MAX && (at == 0 || !is_letter(asked.ptr[at - 1])) &&
                     (end == asked.len || !is_letter(asked.ptr[end]));
        if (whole && (!best || f->subject.len > best->subject.len))
            best = f;
    }
    if (!best)
        return true;
    *answered = true;
    t->d.last = (Thing){THING_FACT, best->id};
    t->d.turn = TURN_MEMORY;
    Buf *b = &t->said;
    size_t from = b->len;
    say_fact(t, best->text);
    if (buf_ok(b) && b->len > from && b->ptr[from] >= 'a' && b->ptr[from] <= 'z')
        b->ptr[from] = (char)(b->ptr[from] - 32);
    turn_say(t, ".");
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
