/* memory.c - a fact from a person's words, and keeping it. */
#include "assistant/act.h"
#include "assistant/memory_ask.h"
#include "assistant/secrets.h"

#include "base/clock.h"
#include "base/utf8.h"

/* ---- shape ----------------------------------------------------------------------------------- */

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

static Str without_end(Str s)
{
    s = str_trim(s);
    while (s.len && strchr(".!,;", s.ptr[s.len - 1]))
        s.len--;
    return str_trim(s);
}

/* What the rules make of it when it is one fact. */
static bool by_rule(Str text, Arena *a, Str *subject, Str *value)
{
    MemoryHeard heard[MEMORY_HEARD];
    size_t n;
    bool secret;
    if (!memory_hear(text, a, heard, &n, &secret) || n != 1)
        return false;
    *subject = heard[0].subject;
    *value = heard[0].value;
    return true;
}

bool memory_split(Str text, Arena *a, Str *subject, Str *value)
{
    static const char *const whose[] = {"my ", "our ", "the ", "i ", "we ", "your "};
    size_t after = 0;
    *subject = *value = STR("");
    text = without_end(text);
    size_t verb = find_verb(text, &after);
    if (by_rule(text, a, subject, value))
        return true;
    if (verb == SIZE_MAX || verb == 0 || verb > 100 || after >= text.len)
        return false;
    /* "I am allergic to nuts" says one thing of many about me: another one does not replace it. */
    if (str_eq_nocase(str_sub(text, 0, verb), STR("I")) ||
        str_eq_nocase(str_sub(text, 0, verb), STR("we")))
        return false;
    bool mine = false;
    for (size_t i = 0; i < sizeof whose / sizeof *whose; i++)
        mine |= str_eq_nocase(str_sub(text, 0, strlen(whose[i])), str_of(whose[i]));
    *subject = memory_subject_words(str_sub(text, 0, verb), a);
    *value = without_end(str_sub(text, after, text.len));
    if (!mine && subject->len == 0)
        return false;
    return subject->len > 0 && value->len > 0;
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
    SecretKind secret = secret_find(text);
    if (secret != SECRET_NONE)
        return err_set(err, ERR_VALIDATION, "that looks like %s, which is not kept",
                       secret_name(secret));
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
