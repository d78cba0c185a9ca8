/* Sentences as tasks: the title that is left, due time, rule, reminders, priority, tags. */
#include "tasks_unit.h"

#define NOW "2026-11-23T10:00:00+01:00" /* a Monday */

typedef struct {
    const char *sentence;
    TaskKind kind;
    const char *title;
    const char *due;       /* RFC 3339; a date: the whole day; NULL: none */
    const char *rrule;     /* "" once */
    TaskPriority priority;
    const char *tags;      /* "home work" */
    const char *reminders; /* instants with spaces between; NULL: as the rules say */
} Case;

#define TODO TASK_TODO
#define REMIND TASK_REMINDER

static const Case cases[] = {
    {"review the quarterly report by Friday 5pm", TODO, "review the quarterly report",
        "2026-11-27T17:00:00+01:00", "", TASK_NORMAL, "", NULL},
    {"Create task: review the quarterly report by Friday.", TODO, "review the quarterly report",
        "2026-11-27", "", TASK_NORMAL, "", NULL},
    {"Remind me to call the bank tomorrow at nine.", REMIND, "call the bank",
        "2026-11-24T09:00:00+01:00", "", TASK_NORMAL, "", NULL},
    {"remind me tomorrow at 9 to call mum", REMIND, "call mum", "2026-11-24T09:00:00+01:00", "",
        TASK_NORMAL, "", NULL},
    {"REMIND ME TO PAY THE BILLS ON FRIDAY AT 10AM", REMIND, "PAY THE BILLS",
        "2026-11-27T10:00:00+01:00", "", TASK_NORMAL, "", NULL},
    {"please remind me that I should buy flowers on Wednesday", REMIND, "buy flowers", "2026-11-25",
        "", TASK_NORMAL, "", NULL},
    {"set a reminder for tomorrow at 8am to take the pills", REMIND, "take the pills",
        "2026-11-24T08:00:00+01:00", "", TASK_NORMAL, "", NULL},
    {"Remind me about the party on Saturday", REMIND, "the party", "2026-11-28", "", TASK_NORMAL,
        "", NULL},
    {"remind me in 20 minutes to check the oven", REMIND, "check the oven",
        "2026-11-23T10:20:00+01:00", "", TASK_NORMAL, "", NULL},
    {"remind me to buy milk", REMIND, "buy milk", NULL, "", TASK_NORMAL, "", NULL},
    {"buy milk", TODO, "buy milk", NULL, "", TASK_NORMAL, "", NULL},
    {"add eggs to my to-do list", TODO, "eggs", NULL, "", TASK_NORMAL, "", NULL},
    {"I need to renew my passport before March", TODO, "renew my passport", "2027-02-28", "",
        TASK_NORMAL, "", NULL},
    {"pick up #3 from the locker today", TODO, "pick up #3 from the locker", "2026-11-23", "",
        TASK_NORMAL, "", NULL},
    {"take out the trash every Monday at 7pm #home", TODO, "take out the trash",
        "2026-11-23T19:00:00+01:00", "FREQ=WEEKLY;BYDAY=MO", TASK_NORMAL, "home", NULL},
    {"remind me every weekday at 8:30 to stand up", REMIND, "stand up",
        "2026-11-24T08:30:00+01:00", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", TASK_NORMAL, "", NULL},
    {"go for my daily walk tomorrow", TODO, "go for my daily walk", "2026-11-24", "", TASK_NORMAL,
        "", NULL},
    {"urgent: pay the rent by the 1st", TODO, "pay the rent", "2026-12-01", "", TASK_URGENT, "",
        NULL},
    {"pay the urgent bill tomorrow", TODO, "pay the urgent bill", "2026-11-24", "", TASK_URGENT, "",
        NULL},
    {"pay the electricity bill (urgent) by the end of the month #bills", TODO,
        "pay the electricity bill", "2026-11-30", "", TASK_URGENT, "bills", NULL},
    {"finish the slides, high priority, due Thursday at noon #work #talk", TODO,
        "finish the slides", "2026-11-26T12:00:00+01:00", "", TASK_HIGH, "work talk", NULL},
    {"Send the invoice tomorrow, low priority", TODO, "Send the invoice", "2026-11-24", "",
        TASK_LOW, "", NULL},
    {"email Bob, asap", TODO, "email Bob", NULL, "", TASK_URGENT, "", NULL},
    {"read the important letter", TODO, "read the important letter", NULL, "", TASK_NORMAL, "",
        NULL},
    {"buy stamps, not urgent", TODO, "buy stamps", NULL, "", TASK_LOW, "", NULL},
    {"dentist on 3 December at 14:30, remind me an hour before", TODO, "dentist",
        "2026-12-03T14:30:00+01:00", "", TASK_NORMAL, "", "2026-12-03T13:30:00+01:00"},
    {"remind me an hour before the meeting at 3pm", REMIND, "the meeting",
        "2026-11-23T15:00:00+01:00", "", TASK_NORMAL, "", "2026-11-23T14:00:00+01:00"},
    {"meeting with Dana on Friday at 3pm, remind me the day before", TODO, "meeting with Dana",
        "2026-11-27T15:00:00+01:00", "", TASK_NORMAL, "", "2026-11-26T15:00:00+01:00"},
    {"pay rent on the 1st of every month, remind me 2 days before", TODO, "pay rent", "2026-12-01",
        "FREQ=MONTHLY;BYMONTHDAY=1", TASK_NORMAL, "", "2026-11-29T09:00:00+01:00"},
    {"submit the form on Tuesday at 5pm; alert me 15 minutes before and 1 hour before", TODO,
        "submit the form", "2026-11-24T17:00:00+01:00", "", TASK_NORMAL, "",
        "2026-11-24T16:00:00+01:00 2026-11-24T16:45:00+01:00"},
    {"book flights by Friday and remind me on Wednesday at noon", TODO, "book flights",
        "2026-11-27", "", TASK_NORMAL, "", "2026-11-25T12:00:00+01:00"},
    {"prepare slides for Monday's meeting", TODO, "prepare slides for Monday's meeting", NULL, "",
        TASK_NORMAL, "", NULL},
    {"send the photos of last weekend to Ana", TODO, "send the photos of last weekend to Ana", NULL,
        "", TASK_NORMAL, "", NULL},
    {"read 3 chapters for 30 minutes", TODO, "read 3 chapters for 30 minutes", NULL, "",
        TASK_NORMAL, "", NULL},
    {"Set a timer for eight minutes.", TASK_TIMER, "timer", "2026-11-23T10:08:00+01:00", "",
        TASK_NORMAL, "", NULL},
    {"start a pizza timer for 12 minutes", TASK_TIMER, "pizza", "2026-11-23T10:12:00+01:00", "",
        TASK_NORMAL, "", NULL},
    {"wake me up at 7", TASK_ALARM, "alarm", "2026-11-24T07:00:00+01:00", "", TASK_NORMAL, "",
        NULL},
    {"Zahnarzt am Ring anrufen \xC3\xBC" "ber Br\xC3\xBC" "cke tomorrow", TODO,
        "Zahnarzt am Ring anrufen \xC3\xBC" "ber Br\xC3\xBC" "cke", "2026-11-24", "", TASK_NORMAL,
        "", NULL},
};

static bool check(World *w, const Case *c)
{
    TaskDraft d;
    TaskResult r;
    char fault[300] = "", got[40], tags[200] = "", fires[400] = "";
    Err err = ERR_INIT;
    if (!tasks_read(w->t, str_of(c->sentence), at(NOW), w->a, &d, &err)) {
        print_error("%s: %s\n", c->sentence, err.msg);
        return false;
    }
    OK(tasks_create(w->t, &d, w->a, &r, &oops));
    const Task *t = &r.task;
    for (size_t i = 0; i < t->n_tags; i++)
        (void)snprintf(tags + strlen(tags), sizeof tags - strlen(tags), "%s" STR_FMT, i ? " " : "",
            STR_ARG(t->tags[i]));
    int64_t usual = t->due_at == TASK_NO_TIME ? 0
        : t->due_at + (t->due_timed ? 0 : 9 * HOUR);
    for (size_t i = 0; i < t->n_fires; i++)
        if (t->fires[i].due == t->due_at)
            (void)snprintf(fires + strlen(fires), sizeof fires - strlen(fires), "%s%s", *fires
                ? " " : "", zone_format(tasks_zone(w->t), t->fires[i].at, got));
    bool whole_day = c->due && strlen(c->due) == 10;
    if (t->due_at == TASK_NO_TIME)
        got[0] = '\0';
    else
        zone_format(tasks_zone(w->t), t->due_at, got);
    if (whole_day)
        got[10] = '\0';
    if (t->kind != c->kind)
        (void)snprintf(fault, sizeof fault, "kind %s", task_kind_name(t->kind));
    else if (!str_eq(t->title, str_of(c->title)))
        (void)snprintf(fault, sizeof fault, "title \"" STR_FMT "\"", STR_ARG(t->title));
    else if (strcmp(got, c->due ? c->due : "") || (c->due && t->due_timed == whole_day))
        (void)snprintf(fault, sizeof fault, "due %s, %s", got, t->due_timed ? "timed" : "day");
    else if (!str_eq(t->rrule, str_of(c->rrule)))
        (void)snprintf(fault, sizeof fault, "rrule " STR_FMT, STR_ARG(t->rrule));
    else if (t->priority != c->priority)
        (void)snprintf(fault, sizeof fault, "priority %s", task_priority_name(t->priority));
    else if (strcmp(tags, c->tags))
        (void)snprintf(fault, sizeof fault, "tags %s", tags);
    else if (c->reminders ? strcmp(fires, c->reminders) != 0
            : t->due_at != TASK_NO_TIME && usual > at(NOW)
                && (t->n_fires == 0 || t->fires[0].at != usual))
        (void)snprintf(fault, sizeof fault, "reminders %s", fires);
    if (*fault)
        print_error("%s: %s\n", c->sentence, fault);
    return !*fault;
}

static void sentences(void **state)
{
    World *w = *state;
    size_t bad = 0;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        clock_set_ms(at(NOW));
        bad += !check(w, &cases[i]);
    }
    assert_int_equal(bad, 0);
}

static void not_tasks(void **state)
{
    static const struct {
        const char *sentence, *part;
    } bad[] = {
        {"", "what is to be done"},
        {"   ", "what is to be done"},
        {"tomorrow at nine", "what is to be done"},
        {"remind me at 5", "what is to be done"},
        {"#home", "what is to be done"},
        {"set a timer", "for how long"},
        {"wake me up", "when?"},
        {"remind me to call Bob yesterday at 5pm", "is past"},
    };
    World *w = *state;
    TaskDraft d;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Err err = ERR_INIT;
        if (tasks_read(w->t, str_of(bad[i].sentence), at(NOW), w->a, &d, &err))
            fail_msg("\"%s\" was read as \"" STR_FMT "\"", bad[i].sentence, STR_ARG(d.title));
        assert_err(false, err, ERR_VALIDATION, bad[i].part);
    }
    Err err = ERR_INIT;
    char *big = arena_alloc(w->a, 5000);
    memset(big, 'a', 5000);
    assert_err(tasks_read(w->t, str_mem(big, 5000), at(NOW), w->a, &d, &err), err, ERR_TOO_LARGE,
        "at most");
}

/* Whatever is typed, it is read or refused, and its title is text. */
static void nonsense(void **state)
{
    static const char *const pieces[] = {"remind me", " every ", "#", "!!", "an hour before", ",",
        "\xC3\xA9", "\xFF", "at 9", "tomorrow", " ", "urgent", "timer", "(", "and", "to", "'s",
        "by", "\n", "wake me", "on", "12/31", "-", "set a", "high priority"};
    World *w = *state;
    uint64_t seed = 1;
    for (int i = 0; i < 5000; i++) {
        char text[400];
        size_t n = 0;
        for (int k = 0; k < 9; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", k ? " " : "",
                pieces[(seed >> 33) % ARRAY_LEN(pieces)]);
        }
        TaskDraft d;
        Err err = ERR_INIT;
        if (tasks_read(w->t, str_mem(text, n), at(NOW), w->a, &d, &err)) {
            assert_true(d.title.len <= n);
            assert_null(memchr(d.title.ptr, 1, d.title.len));
        } else {
            assert_true(err.code == ERR_VALIDATION);
        }
        if (i % 500 == 499)
            arena_reset(w->a);
    }
}

static void moving(void **state)
{
    World *w = *state;
    static const struct {
        const char *words, *due;
        bool timed;
    } to[] = {
        {"Monday", "2026-11-30T17:00:00+01:00", true},
        {"Tuesday at five", "2026-11-24T17:00:00+01:00", true},
        {"at 6pm", "2026-11-27T18:00:00+01:00", true},
        {"2026-12-24", "2026-12-24T00:00:00+01:00", false},
        {"2026-12-24T08:00:00Z", "2026-12-24T09:00:00+01:00", true},
        {"two days", "2026-11-29T17:00:00+01:00", true},
    };
    TaskDraft d = draft("x", "2026-11-27T17:00:00+01:00", true);
    Task t = make(w, &d);
    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        int64_t due;
        bool timed;
        OK(tasks_read_time(w->t, str_of(to[i].words), at(NOW), &t, &due, &timed, &oops));
        if (due != at(to[i].due) || timed != to[i].timed) {
            char got[CLOCK_RFC3339_MAX];
            fail_msg("%s: %s", to[i].words, clock_format(due, got));
        }
    }
    int64_t due;
    bool timed;
    Err err = ERR_INIT;
    assert_err(tasks_read_time(w->t, STR("purple"), at(NOW), NULL, &due, &timed, &err), err,
        ERR_VALIDATION, "cannot be read");
    err = ERR_INIT;
    assert_err(tasks_read_time(w->t, STR(" "), at(NOW), NULL, &due, &timed, &err), err,
        ERR_VALIDATION, "no time");
    static const struct {
        const char *words;
        int64_t ms;
    } spans[] = {{"an hour", HOUR}, {"for an hour", HOUR}, {"8 minutes", 8 * 60000},
        {"PT1H30M", 90 * 60000}, {"P1DT1S", DAY + 1000}, {"half an hour", HOUR / 2},
        {"a day", DAY}, {"P2W", 14 * DAY}};
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        OK(tasks_read_span(w->t, str_of(spans[i].words), at(NOW), &due, &oops));
        assert_int_equal(due - at(NOW), spans[i].ms);
    }
    static const char *const none[] = {"", "PT", "P1", "PT1X", "PT0S", "purple", "P9999999D"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        err = ERR_INIT;
        assert_err(tasks_read_span(w->t, str_of(none[i]), at(NOW), &due, &err), err,
            ERR_VALIDATION, "");
    }
}

static void in_words(void **state)
{
    World *w = *state;
    Buf b;
    buf_init(&b, 4096);
    TaskDraft d = draft("x", "2026-11-24T09:00:00+01:00", true);
    d.rrule = STR("FREQ=WEEKLY;BYDAY=TU");
    Task t = make(w, &d);
    task_say_when(w->t, &t, at(NOW), &b);
    assert_non_null(strstr(b.ptr, "tomorrow"));
    assert_non_null(strstr(b.ptr, "Tuesday"));
    buf_clear(&b);
    task_say_when(w->t, &t, at("2026-11-25T09:00:00+01:00"), &b);
    assert_true(str_starts(buf_str(&b), STR("overdue since yesterday")));
    buf_clear(&b);
    TaskResult r;
    clock_set_ms(at(NOW));
    OK(tasks_timer_start(w->t, 8 * 60000, STR(""), w->a, &r, &oops));
    task_say_when(w->t, &r.task, r.task.due_at - 8 * 60000, &b);
    assert_str(buf_str(&b), "8 minutes left");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(sentences), T(not_tasks), T(nonsense), T(moving),
        T(in_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
