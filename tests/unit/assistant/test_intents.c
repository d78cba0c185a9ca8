/* Sentences, what they want, and how sure that is: the tables of tests/data/intents with the
 * encoder; rules, words and times without it. */
#include "support/unit.h"

#include "assistant/intents.h"
#include "base/cpu.h"
#include "support/intents_rows.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"

#define DATA SOTTO_SOURCE_DIR "/tests/data/intents/"
#define UI_SENTENCES 23 /* the first rows of test.tsv: each must be right */

static TempDir dir;
static Minilm *model;
static MinilmState *scratch;
static Intents *with_model, *rules_only;
static Arena *arena;

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    char converted[512];
    tempdir_make(&dir);
    (void)snprintf(converted, sizeof converted, "%s", tempdir_file(&dir, "minilm.sotto"));
    assert_true(cpu_init(&err));
    if (!minilm_convert(MODEL_SAFETENSORS, MODEL_VOCAB, converted, &err))
        fail_msg("%s", err.msg);
    model = minilm_open(converted, MINILM_INT8, &err);
    scratch = model ? minilm_state_new(model, &err) : NULL;
    with_model = scratch ? intents_open(model, &err) : NULL;
    rules_only = with_model ? intents_open(NULL, &err) : NULL;
    arena = arena_new(1 << 20);
    if (!rules_only || !arena)
        fail_msg("%s", err.msg);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    intents_close(rules_only);
    intents_close(with_model);
    minilm_state_free(scratch);
    minilm_close(model);
    tempdir_remove(&dir);
    return 0;
}

static Intent parse(const Intents *x, Str text, const IntentContext *c)
{
    Err err = ERR_INIT;
    Intent i;
    if (!intents_parse(x, x == with_model ? scratch : NULL, text, c, arena, &i, &err))
        fail_msg("%s", err.msg);
    assert_true(i.confidence >= 0 && i.confidence <= 1);
    assert_true(i.action_confidence >= 0 && i.action_confidence <= i.confidence);
    assert_int_equal(i.kind, intent_info(i.action)->kind);
    return i;
}

typedef struct {
    size_t n, right, sure, sure_right;
} Tally;

static Tally tally(const char *file, size_t strict)
{
    Err err = ERR_INIT;
    IntentRows rows;
    Tally t = {0};
    if (!intents_rows_read(file, &rows, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < rows.n; i++) {
        const IntentRow *row = &rows.row[i];
        arena_reset(arena);
        Intent got = parse(with_model, row->text, &row->context);
        size_t slots = 0, right = 0;
        const char *first = intents_row_slots(row, &got, &slots, &right);
        bool ok = got.action == row->action && slots == right;
        if (!ok)
            print_message(STR_FMT ": %s%s%s\n", STR_ARG(row->text), intent_info(got.action)->name,
                          first ? ", " : "", first ? first : "");
        if (!ok && i < strict)
            fail();
        t.n++;
        t.right += ok;
        t.sure += got.confidence >= 0.9;
        t.sure_right += got.confidence >= 0.9 && got.kind == row->kind;
    }
    intents_rows_free(&rows);
    return t;
}

static void sentences_are_understood(void **state)
{
    (void)state;
    Tally t = tally(DATA "test.tsv", UI_SENTENCES);
    assert_true(t.n > 300);
    assert_true(t.right * 100 >= t.n * 98);
    t = tally(DATA "heldout.tsv", 0);
    assert_true(t.n > 200);
    assert_true(t.right * 100 >= t.n * 95);
    t = tally(DATA "fresh.tsv", 0);
    assert_true(t.n > 100 && t.right * 100 >= t.n * 95);
    assert_true(t.sure * 100 >= t.n * 80 && t.sure_right * 100 >= t.sure * 95);
}

/* The harder set, which the confidence was made on: right and sure go together. */
static void confidence_means_something(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    IntentRows rows;
    size_t n[2] = {0}, right[2] = {0};
    double sum[2] = {0};
    assert_true(intents_rows_read(DATA "calibration.tsv", &rows, &err));
    for (size_t i = 0; i < rows.n; i++) {
        arena_reset(arena);
        Intent got = parse(with_model, rows.row[i].text, NULL);
        int sure = got.action_confidence >= 0.9;
        n[sure]++;
        right[sure] += got.action == rows.row[i].action;
        sum[sure] += got.action_confidence;
    }
    intents_rows_free(&rows);
    for (int k = 0; k < 2; k++) {
        double mean = sum[k] / (double)n[k], share = (double)right[k] / (double)n[k];
        print_message("%s: %zu, mean confidence %.3f, right %.3f\n", k ? "sure" : "unsure", n[k],
                      mean, share);
        assert_true(n[k] > 20);
        assert_true(share > mean - 0.05 && share < mean + 0.15);
    }
}

/* What rules decide needs no encoder, and costs no millisecond. */
static void rules_decide_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        IntentAction action;
    } rows[] = {
        {"Remind me to call the bank tomorrow at nine.", ACTION_REMINDER_ADD},
        {"move it to Monday", ACTION_TASK_MOVE},
        {"What's due this week?", ACTION_TASK_LIST},
        {"whats due today", ACTION_TASK_LIST},
        {"Snooze that for an hour.", ACTION_TASK_SNOOZE},
        {"set a timer for eight minutes", ACTION_TIMER_START},
        {"how long is left", ACTION_TIMER_LEFT},
        {"um, stop please", ACTION_STOP},
        {"Say that again, slower.", ACTION_REPEAT},
        {"Read me the briefing.", ACTION_BRIEFING},
        {"show me where it says that", ACTION_SHOW_SOURCE},
        {"hey sotto what's the time", ACTION_TIME},
        {"never mind", ACTION_CANCEL},
        {"Book me a flight to the moon.", ACTION_ORDER_OR_BOOK},
        {"Remember that my manager is Dana.", ACTION_REMEMBER},
        {"Forget that.", ACTION_FORGET},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Intent got = parse(rules_only, str_of(rows[i].text), NULL);
        if (got.action != rows[i].action || !got.by_rule)
            fail_msg("%s: %s", rows[i].text, intent_info(got.action)->name);
    }
    Intent other = parse(rules_only, STR("which supplier wrote about the roof"), NULL);
    assert_int_equal(other.kind, INTENT_QUERY);
    assert_false(other.by_rule);
    assert_true(other.confidence <= 0.8);
}

static void the_conversation_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        IntentTurn turn;
        IntentAwait awaiting;
        IntentAction action;
        bool follow_up;
    } rows[] = {
        {"cancel it", TURN_NONE, AWAIT_NOTHING, ACTION_CANCEL, false},
        {"cancel it", TURN_TIMER, AWAIT_NOTHING, ACTION_TIMER_CANCEL, true},
        {"cancel it", TURN_TASKS, AWAIT_NOTHING, ACTION_TASK_DELETE, true},
        {"cancel it", TURN_TASKS, AWAIT_YES_NO, ACTION_CANCEL, false},
        {"forget it", TURN_ANSWER, AWAIT_NOTHING, ACTION_CANCEL, false},
        {"forget it", TURN_MEMORY, AWAIT_NOTHING, ACTION_FORGET, true},
        {"delete that", TURN_MEMORY, AWAIT_NOTHING, ACTION_FORGET, true},
        {"and when is it due?", TURN_TASKS, AWAIT_NOTHING, ACTION_TASK_SHOW, true},
        {"tomorrow at five", TURN_TASKS, AWAIT_TIME, ACTION_SUPPLY, false},
        {"on Friday", TURN_TASKS, AWAIT_TIME, ACTION_SUPPLY, false},
        {"the second one", TURN_TASKS, AWAIT_CHOICE, ACTION_SELECT, true},
        {"two", TURN_TASKS, AWAIT_CHOICE, ACTION_SELECT, true},
        {"never mind", TURN_TASKS, AWAIT_TITLE, ACTION_CANCEL, false},
        {"buy some milk", TURN_TASKS, AWAIT_TITLE, ACTION_SUPPLY, false},
        {"and on Friday?", TURN_AGENDA, AWAIT_NOTHING, ACTION_AGENDA, true},
        {"what about tomorrow?", TURN_TASKS, AWAIT_NOTHING, ACTION_TASK_LIST, true},
        {"remind me about it tomorrow", TURN_ANSWER, AWAIT_NOTHING, ACTION_REMINDER_ADD, true},
        {"yes", TURN_TASKS, AWAIT_YES_NO, ACTION_YES, false},
        {"move it to Monday", TURN_TASKS, AWAIT_NOTHING, ACTION_TASK_MOVE, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        IntentContext c = {.turn = rows[i].turn, .awaiting = rows[i].awaiting, .listed = 2};
        Intent got = parse(with_model, str_of(rows[i].text), &c);
        if (got.action != rows[i].action || got.follow_up != rows[i].follow_up)
            fail_msg("row %zu, %s: %s%s", i, rows[i].text, intent_info(got.action)->name,
                     got.follow_up ? ", follows up" : "");
    }
    IntentContext answer = {.turn = TURN_ANSWER};
    assert_true(parse(with_model, STR("And how much was it?"), &answer).follow_up);
    assert_false(parse(with_model, STR("Who owns the apartment I rent?"), &answer).follow_up);
}

static void parts_of_a_sentence(void **state)
{
    (void)state;
    Intent i = parse(rules_only,
                     STR("Remind me, um, to call uh Bob's office tomorrow about the loan"), NULL);
    assert_str(i.slot[SLOT_TITLE].text, "call Bob's office about the loan");
    assert_str(i.slot[SLOT_TIME].text, "tomorrow");
    i = parse(rules_only, STR("remind me to read the sunday times"), NULL);
    assert_int_equal(i.action, ACTION_REMINDER_ADD);
    i = parse(rules_only, STR("remind me to watch the 6 o'clock news (live) on 5/12"), NULL);
    assert_str(i.slot[SLOT_TITLE].text, "watch the 6 o'clock news (live)");
    assert_str(i.slot[SLOT_TIME].text, "on 5/12");
    i = parse(rules_only, STR("pay rent friday"), NULL);
    assert_int_equal(i.action, ACTION_TASK_ADD);
    assert_str(i.slot[SLOT_TITLE].text, "pay rent");
    i = parse(rules_only, STR("snooze for 5"), NULL);
    assert_str(i.slot[SLOT_DURATION].text, "5 minutes");
    i = parse(rules_only, STR("move the dentist from Monday to Wednesday"), NULL);
    assert_str(i.slot[SLOT_REF].text, "dentist");
    assert_str(i.slot[SLOT_TIME].text, "Wednesday");
    i = parse(rules_only, STR("say that again louder"), NULL);
    assert_int_equal(i.manner, MANNER_LOUDER);
    i = parse(rules_only, STR("what did i finish yesterday"), NULL);
    assert_int_equal(i.listing, LISTING_DONE);
    i = parse(rules_only, STR("take milk off the shopping list"), NULL);
    assert_true(i.remove && i.action == ACTION_LIST_UPDATE);
    i = parse(rules_only, STR("delete the second last one"), NULL);
    assert_int_equal(i.ref, REF_ORDINAL);
    assert_int_equal(i.ordinal, -2);
    i = parse(rules_only, STR("mark them all as done"), NULL);
    assert_int_equal(i.ref, REF_ALL);
}

static void strange_texts_are_unknown(void **state)
{
    (void)state;
    assert_int_equal(parse(with_model, STR(""), NULL).kind, INTENT_UNKNOWN);
    assert_int_equal(parse(with_model, STR("   ...!? "), NULL).kind, INTENT_UNKNOWN);
    assert_int_equal(parse(with_model, STR("\xff\xfe\x80"), NULL).kind, INTENT_UNKNOWN);
    /* broken bytes and great length do no harm */
    (void)parse(with_model, STR("what is \xc3 due\xff this week"), NULL);
    Buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 20000; i++)
        buf_add_c(&b, "remind me to ");
    assert_true(buf_ok(&b));
    (void)parse(with_model, buf_str(&b), NULL);
    buf_release(&b);
}

static void json_of(const char *text, const char *want)
{
    Buf b;
    JsonW w;
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    Intent i = parse(with_model, str_of(text), NULL);
    intent_write_json(&i, &w);
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

static void json_is_the_contract(void **state)
{
    (void)state;
    json_of("Remind me to call the bank tomorrow at nine.", "{\"Command\":{\"action\":\"reminder_"
                                                            "add\",\"parameters\":[\"call the "
                                                            "bank\","
                                                            "\"tomorrow at nine\"]}}");
    json_of("Hey Sotto, who owns the apartment I rent?", "{\"Query\":{\"query\":\"who owns the "
                                                         "apartment I rent?\"}}");
    json_of("what can you do", "{\"Information\":{\"topic\":\"help\"}}");
    json_of("", "\"Unknown\"");
}

static void what_is_refused_is_refused_politely(void **state)
{
    (void)state;
    Buf b;
    size_t refused = 0;
    buf_init(&b, 1 << 16);
    for (int a = 0; a < ACTION_COUNT; a++) {
        const IntentInfo *info = intent_info((IntentAction)a);
        Intent i = {.action = (IntentAction)a, .kind = info->kind};
        assert_non_null(info->name);
        assert_int_equal(intent_action_of(str_of(info->name)), a);
        assert_int_equal(info->refused, info->refusal != NULL);
        buf_clear(&b);
        intent_say_refusal(&i, &b);
        assert_int_equal(buf_str(&b).len > 0, info->refused);
        if (info->refused) {
            assert_true(str_starts(buf_str(&b), STR("Sorry, I cannot ")));
            assert_true(str_find(buf_str(&b), STR(" I can "), 0) != SIZE_MAX);
        }
        refused += info->refused;
    }
    assert_true(refused >= 10);
    assert_int_equal(intent_action_of(STR("nonsense")), ACTION_NONE);
    intent_say_help(&b);
    assert_true(buf_ok(&b));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_are_understood),
        cmocka_unit_test(confidence_means_something),
        cmocka_unit_test(rules_decide_alone),
        cmocka_unit_test(the_conversation_counts),
        cmocka_unit_test(parts_of_a_sentence),
        cmocka_unit_test(strange_texts_are_unknown),
        cmocka_unit_test(json_is_the_contract),
        cmocka_unit_test(what_is_refused_is_refused_politely),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
