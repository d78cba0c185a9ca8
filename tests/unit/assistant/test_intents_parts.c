/* The pieces under intents.h: words, times, verbs, patterns, examples; and memory that runs out. */
#include "support/unit.h"

#include "assistant/intents_slots.h"
#include "assistant/intents_verbs.h"
#include "base/os.h"
#include "support/intents_rows.h"
#include "support/torture.h"

static void words_are_folded(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"Hey Sotto, um, what's due, please?", "what is due"},
        {"Could you please turn on the lights", "turn on the lights"},
        {"whats   the TIME", "what is the time"},
        {"I\xe2\x80\x99ve paid it", "i have paid it"},
        {"the rent's been paid", "the rent is been paid"},
        {"Tom's car", "tom's car"},
        {"and how much was it", "how much was it"},
        {"um", "um"},
        {"please", "please"},
        {"can you really see russia", "can you really see russia"},
        {"i'd like you to call mum", "call mum"},
        {"so, okay, stop it", "stop it"},
        {"to-do list", "to do list"},
        {"\xc3\x9c"
         "ber alles",
         "\xc3\xbc"
         "ber alles"},
        {"'quoted'", "quoted"},
        {"", ""},
    };
    static SentenceWords w;
    char room[256];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        sentence_words(str_of(rows[i].text), &w);
        assert_str(sentence_join(&w, room, sizeof room), rows[i].want);
        for (size_t k = 0; k < w.n; k++)
            assert_true(w.word[k].start <= w.word[k].end && w.word[k].end <= strlen(rows[i].text));
    }
    sentence_words(STR("and why?"), &w);
    assert_true(w.question);
}

static void times_are_found_by_their_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"call the bank tomorrow at nine", "tomorrow at nine"},
        {"in two hours buy bread", "in two hours"},
        {"buy two eggs", ""},
        {"the second floor", ""},
        {"i may call", ""},
        {"pay on the third of may", "on the third of may"},
        {"every other friday", "every other friday"},
        {"by the end of the week", "by the end of the week"},
        {"at half past six", "at half past six"},
        {"next week", "next week"},
        {"at 9:30 am", "at 9 30 am"},
        {"the next page", ""},
        {"after lunch", "after lunch"},
        {"school lunch menu", ""},
        {"in march", "in march"},
        {"march to work", ""},
        {"on the 28th", "on the 28th"},
        {"chapter four due wednesday", "due wednesday"},
        {"three eggs tomorrow", "tomorrow"},
    };
    Err err = ERR_INIT;
    Matcher *m = matcher_new(&err);
    static Reading r;
    assert_non_null(m);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char got[256] = "";
        r.matcher = m;
        r.sentence = str_of(rows[i].text);
        sentence_words(r.sentence, &r.words);
        r.bits = matcher_mark(m, &r.words);
        reading_mark_times(&r);
        for (size_t k = 0; k < r.words.n; k++)
            if (r.timed[k])
                (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s" STR_FMT,
                               *got ? " " : "", STR_ARG(r.words.word[k].text));
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].text, got, rows[i].want);
    }
    matcher_free(m);
}

static void what_was_done_is_what_was_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *word, *base;
    } rows[] = {
        {"paid", "pay"},
        {"called", "call"},
        {"submitted", "submit"},
        {"moved", "move"},
        {"cleaned", "clean"},
        {"tidied", "tidy"},
        {"planned", "plan"},
        {"renewed", "renew"},
        {"updated", "update"},
        {"booked", "book"},
        {"scheduled", "schedule"},
        {"written", "write"},
        {"calling", "call"},
        {"filed", "file"},
        {"washed", "wash"},
        {"repaired", "repair"},
        {"closed", "close"},
        {"the", NULL},
        {"red", NULL},
        {"king", NULL},
        {"finished", "finish"},
    };
    char out[64];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool is = verb_base(str_of(rows[i].word), true, out, sizeof out);
        if (is != (rows[i].base != NULL) || (is && strcmp(out, rows[i].base) != 0))
            fail_msg("%s: %s", rows[i].word, is ? out : "none");
    }
    assert_false(verb_base(STR("paid"), false, out, sizeof out));
    assert_false(verb_base(STR("calling"), true, out, 3));
}

static void rules_compile(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Matcher *m = matcher_new(&err);
    if (!m)
        fail_msg("%s", err.msg);
    size_t n = 0;
    for (size_t t = 0; intent_rule_table(t).n > 0; t++)
        for (size_t i = 0; i < intent_rule_table(t).n; i++, n++)
            assert_true(intent_rule_table(t).rules[i].action > ACTION_NONE);
    assert_true(n > 250);
    matcher_free(m);
}

/* ---- share/intents ---- */

static void read_file(const char *path, Buf *out)
{
    Err err = ERR_INIT;
    buf_init(out, 4 << 20);
    if (!os_read_file(path, out, &err))
        fail_msg("%s", err.msg);
}

static const char *const example_files[] = {"tasks",   "timers", "ask", "keep",
                                            "refused", "world",  "talk"};

/* Whether slots.txt has a section of that name. */
static bool has_slot(Str slots, Str name)
{
    char head[80];
    (void)snprintf(head, sizeof head, "\n[" STR_FMT "]\n", STR_ARG(name));
    return str_find(slots, str_of(head), 0) != SIZE_MAX;
}

static void check_line(Str line, Str slots, const char *file)
{
    for (size_t at = 0; (at = str_find(line, STR("{"), at)) != SIZE_MAX; at++) {
        size_t end = str_find(line, STR("}"), at);
        if (end == SIZE_MAX || !has_slot(slots, str_sub(line, at + 1, end)))
            fail_msg("%s.txt: no such slot in \"" STR_FMT "\"", file, STR_ARG(line));
    }
}

/* Every section names an action, every {slot} has words; of the commonest, enough is written by
 * hand. */
static void examples_are_sound(void **state)
{
    (void)state;
    static const char *const common[] = {
        "reminder_add", "task_add", "task_list", "task_complete", "task_move", "task_snooze",
        "timer_start",  "agenda",   "briefing",  "question",      "search",    "remember"};
    size_t by_hand[ACTION_COUNT] = {0};
    Buf slots;
    read_file(SOTTO_SOURCE_DIR "/share/intents/slots.txt", &slots);
    for (size_t f = 0; f < ARRAY_LEN(example_files); f++) {
        char path[512];
        Buf b;
        (void)snprintf(path, sizeof path, SOTTO_SOURCE_DIR "/share/intents/%s.txt",
                       example_files[f]);
        read_file(path, &b);
        Str rest = buf_str(&b), line;
        IntentAction action = ACTION_NONE;
        while (str_next(&rest, '\n', &line) && line.ptr) {
            if (line.len == 0 || line.ptr[0] == '#')
                continue;
            if (line.ptr[0] == '[') {
                size_t cut = str_find(line, STR("/"), 0);
                Str name = str_sub(line, 1, cut == SIZE_MAX ? line.len - 1 : cut);
                action = intent_action_of(name);
                assert_true(action != ACTION_NONE || str_eq(name, STR("unknown")));
                continue;
            }
            check_line(line, buf_str(&slots), example_files[f]);
            by_hand[action] +=
                str_find(line, STR("{"), 0) == SIZE_MAX && str_find(line, STR("("), 0) == SIZE_MAX;
        }
        buf_release(&b);
    }
    buf_release(&slots);
    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        if (by_hand[intent_action_of(str_of(common[i]))] < 40)
            fail_msg("%s: %zu by hand", common[i], by_hand[intent_action_of(str_of(common[i]))]);
}

/* ---- memory ---- */

typedef struct {
    Str text;
    IntentContext context;
} Case;

static bool open_and_parse(void *arg)
{
    const Case *c = arg;
    Err err = ERR_INIT;
    Intent i = {.kind = INTENT_INFORMATION};
    Intents *x = intents_open(NULL, &err);
    Arena *a = x ? arena_new(1 << 20) : NULL;
    bool ok = a && intents_parse(x, NULL, c->text, &c->context, a, &i, &err);
    if (x && a && !ok) {
        assert_int_equal(err.code, ERR_NO_MEMORY);
        assert_int_equal(i.kind, INTENT_INFORMATION); /* untouched */
    }
    arena_free(a);
    intents_close(x);
    return ok;
}

static void memory_runs_out(void **state)
{
    (void)state;
    Case rows[] = {
        {STR("remind me to call the bank tomorrow about the loan at nine"), {.turn = TURN_NONE}},
        {STR("I've paid the electricity bill"), {.turn = TURN_TASKS}},
        {STR("mark paying the rent as done"), {.turn = TURN_TASKS}},
        {STR("set a pasta timer for nine minutes"), {.turn = TURN_NONE}},
        {STR("make it high priority"), {.turn = TURN_TASKS}},
        {STR("buy milk"), {.awaiting = AWAIT_TITLE}},
        {STR("the second one"), {.awaiting = AWAIT_CHOICE}},
        {STR("remember my manager is Dana"), {.turn = TURN_NONE}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int forever = 0; forever < 2; forever++)
            assert_true(torture_alloc(open_and_parse, &rows[i], forever) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_folded),
        cmocka_unit_test(times_are_found_by_their_words),
        cmocka_unit_test(what_was_done_is_what_was_to_do),
        cmocka_unit_test(rules_compile),
        cmocka_unit_test(examples_are_sound),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
