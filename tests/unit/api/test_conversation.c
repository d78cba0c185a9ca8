/* Conversations, said line by line into a real store with a real encoder and a clock that the test
 * sets: what is answered, what changed, what is understood from what was said before.
 * Needs all-MiniLM-L6-v2.sotto in SOTTO_MODELS, or in models/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "assistant/assistant.h"
#include "assistant/calendar.h"
#include "assistant/scheduler.h"
#include "base/clock.h"
#include "base/os.h"
#include "ingest/ingest.h"
#include "ingest/sandbox.h"

typedef struct {
    char dir[64];
    Minilm *model;
    Store *store;
    Search *search;
    Ingest *ingest;
    Tasks *tasks;
    Calendars *calendars;
    Briefings *briefings;
    Assistant *assistant;
    Arena *a;
    Uuid owner, session;
    bool talking;
    AssistantReply last;
} Fixture;

static bool note(void *arg, Str text, unsigned worker, Arena *a, Document *doc, Err *err)
{
    Fixture *f = arg;
    PutOutcome outcome;
    IngestInput in = {.data = text, .source = STR("note"), .file_type = STR("text")};
    return ingest_one(f->ingest, &f->owner, &in, worker, a, doc, &outcome, err);
}

static void open_all(Fixture *f)
{
    Err err = ERR_INIT;
    StoreOptions so = {.dir = f->dir, .model = minilm_name(f->model)};
    f->store = store_open_sqlite(&so, &err);
    if (!f->store)
        fail_msg("%s", err.msg);
    SearchOptions search = {.store = f->store, .model = f->model, .workers = 1};
    f->search = search_new(&search, &err);
    IngestOptions io = {.store = f->store, .model = f->model, .workers = 1};
    f->ingest = ingest_new(&io, &err);
    TasksOptions to = {.store = f->store, .owner = f->owner, .zone = STR("Europe/Berlin"),
        .day_first = true};
    f->tasks = tasks_new(&to, &err);
    CalendarsOptions co = {.store = f->store, .owner = f->owner, .zone = STR("Europe/Berlin")};
    f->calendars = calendars_new(&co, &err);
    assert_true(f->search && f->ingest && f->tasks && f->calendars);
    BriefingsOptions bo = {.store = f->store, .owner = f->owner, .tasks = f->tasks,
        .search = f->search, .calendars = f->calendars};
    f->briefings = briefings_new(&bo, &err);
    assert_non_null(f->briefings);
    AssistantParts parts = {.briefings = f->briefings, .store = f->store,
        .search = f->search, .tasks = f->tasks, .calendars = f->calendars,
        .model = f->model, .workers = 1, .owner = f->owner, .note = note, .note_arg = f};
    f->assistant = assistant_new(&parts, &err);
    if (!f->assistant)
        fail_msg("%s", err.msg);
}

static void close_all(Fixture *f)
{
    assistant_free(f->assistant);
    briefings_free(f->briefings);
    calendars_free(f->calendars);
    tasks_free(f->tasks);
    ingest_free(f->ingest);
    search_free(f->search);
    store_close(f->store);
}

static int set_up(void **state)
{
    static Fixture f;
    Err err = ERR_INIT;
    const char *models = getenv("SOTTO_MODELS");
    char model[4096];
    snprintf(model, sizeof model, "%s/all-MiniLM-L6-v2.sotto",
             models ? models : SOTTO_SOURCE_DIR "/models");
    f = (Fixture){.dir = "/tmp/sotto-talk-XXXXXX", .owner = {{1}}};
    assert_non_null(mkdtemp(f.dir));
    f.model = minilm_open(model, MINILM_INT8, &err);
    if (!f.model)
        fail_msg("%s (./setup puts it there)", err.msg);
    open_all(&f);
    f.a = arena_new(ARENA_DEFAULT_MAX);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;
    Err err = ERR_INIT;
    close_all(f);
    minilm_close(f->model);
    arena_free(f->a);
    assert_true(os_remove_tree(f->dir, &err));
    return 0;
}

static void set_clock(const char *rfc3339)
{
    int64_t ms;
    assert_true(clock_parse(str_of(rfc3339), &ms));
    clock_set_ms(ms);
}

static void add(Fixture *f, const char *name, const char *text)
{
    Document d;
    PutOutcome outcome;
    Err err = ERR_INIT;
    char source[200];
    (void)snprintf(source, sizeof source, "/papers/%s", name);
    IngestInput in = {.data = str_of(text), .source = str_of(source), .filename = str_of(name)};
    if (!ingest_one(f->ingest, &f->owner, &in, 0, f->a, &d, &outcome, &err))
        fail_msg("%s: %s", name, err.msg);
}

static bool contains_nocase(Str all, const char *part)
{
    Str p = str_of(part);
    for (size_t i = 0; i + p.len <= all.len; i++)
        if (str_eq_nocase(str_sub(all, i, i + p.len), p))
            return true;
    return false;
}

/* Says one thing; the answer has all of `wanted`, parts divided by "|"; one that begins with "!"
 * must not be there. */
static void say(Fixture *f, const char *text, const char *wanted)
{
    Err err = ERR_INIT;
    AssistantRequest r = {.text = str_of(text), .session = f->talking ? &f->session : NULL,
        .keep = true};
    if (!assistant_say(f->assistant, &r, 0, f->a, &f->last, &err))
        fail_msg("%s: %s", text, err.msg);
    f->session = f->last.session;
    f->talking = true;
    Str rest = str_of(wanted), part;
    while (str_next(&rest, '|', &part)) {
        bool not = str_starts(part, STR("!"));
        char *p = arena_cstr(f->a, str_sub(part, not ? 1 : 0, part.len));
        if (contains_nocase(f->last.response, p) == not)
            fail_msg("\"%s\" (%s) was answered\n%.*s\nwhich %s \"%s\"", text,
                     intent_info(f->last.intent.action)->name, STR_ARG(f->last.response),
                     not ? "has" : "has not", p);
    }
}

static size_t open_tasks(Fixture *f)
{
    static const TaskStatus is_open = TASK_OPEN;
    TaskFilter filter = TASK_FILTER_ALL;
    TaskPage page;
    Err err = ERR_INIT;
    filter.status = &is_open;
    assert_true(tasks_list(f->tasks, &filter, TASK_SORT_DUE, 50, STR(""), f->a, &page, &err));
    return page.total;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* The sentences of a week, each changing or reading real state. Monday 23 November 2026. */
static void test_tasks(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "Remind me to call the bank tomorrow at nine.", "call the bank|tomorrow at 09:00");
    assert_int_equal(open_tasks(f), 1);
    say(f, "Create task: review the quarterly report by Friday.",
        "review the quarterly report|Friday");
    assert_int_equal(open_tasks(f), 2);
    say(f, "Move it to Monday.", "review the quarterly report|Monday");
    say(f, "What's due this week?", "call the bank|!quarterly");
    say(f, "What's due next week?", "review the quarterly report|!bank");
    say(f, "Undo that.", "review the quarterly report|Friday");
    say(f, "I need to pay the electricity bill by Wednesday", "electricity bill");
    say(f, "I've paid the electricity bill.", "Done|electricity bill");
    assert_int_equal(open_tasks(f), 2);
    say(f, "undo", "electricity bill");
    assert_int_equal(open_tasks(f), 3);
    say(f, "Never mind", "All right");
    say(f, "what's on my schedule tomorrow?", "call the bank");
}

static void test_snooze(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "remind me to water the plants in ten minutes", "water the plants|10:10");
    say(f, "snooze that for an hour", "water the plants|11:00");
    say(f, "delete it", "Deleted|water the plants");
    assert_int_equal(open_tasks(f), 0);
    say(f, "undo", "water the plants");
    assert_int_equal(open_tasks(f), 1);
}

/* A word in common is no name: nothing is changed that the person did not name. */
static void test_only_what_is_named(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "add a task to call the bank", "Added: call the bank");
    say(f, "delete call the dentist",
        "I find no open task about \"call the dentist\". Do you mean \"call the bank\"?");
    assert_int_equal(open_tasks(f), 1);
    say(f, "no", "leave it");
    say(f, "I called the dentist", "I find no open task about|Do you mean \"call the bank\"?");
    assert_int_equal(open_tasks(f), 1);
    say(f, "move call the dentist to Friday", "I find no open task about|call the bank");
    say(f, "snooze call the dentist", "I find no open task about|call the bank");
    say(f, "delete water the plants", "I find no open task about \"water the plants\".");
    assert_int_equal(open_tasks(f), 1);
    say(f, "add a task to call the dentist for Mia", "Added");
    say(f, "delete the dentist for Jonas", "I find no open task about|dentist for Mia\"?");
    assert_int_equal(open_tasks(f), 2);
    say(f, "yes", "Deleted: call the dentist for Mia.");
    assert_int_equal(open_tasks(f), 1);
    say(f, "I rang the bank", "Done: call the bank.");
    assert_int_equal(open_tasks(f), 0);
    say(f, "put milk on my shopping list", "Added to your shopping");
    say(f, "put oat milk on my shopping list", "Added to your shopping");
    say(f, "take milk off my shopping list", "Taken off: milk.");
    say(f, "put almond milk on my shopping list", "Added to your shopping");
    say(f, "take milk off my shopping list", "Which one do you mean?|1. almond milk|2. oat milk");
    assert_int_equal(open_tasks(f), 2);
    say(f, "the second one", "Taken off: oat milk.");
    say(f, "undo", "oat milk");
    say(f, "take milk off my shopping list", "Which one do you mean?");
    say(f, "the oat milk", "Taken off: oat milk.");
    assert_int_equal(open_tasks(f), 1);
}

/* What is missing is asked for, and the answer finishes what was begun. */
static void test_asking_back(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "remind me to call my sister", "When");
    assert_int_equal(open_tasks(f), 0);
    say(f, "tomorrow at six in the evening", "call my sister|tomorrow at 18:00");
    assert_int_equal(open_tasks(f), 1);
    say(f, "remind me to book the dentist", "When");
    say(f, "never mind", "leave it");
    assert_int_equal(open_tasks(f), 1);
    say(f, "add a task to order bread", "order bread");
    say(f, "add a task to order milk", "order milk");
    say(f, "delete the task order", "Which one|1.|2.");
    say(f, "the second one", "Deleted");
    assert_int_equal(open_tasks(f), 2);
}

static void test_timers(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "How long is left?", "No timer");
    say(f, "Set a timer for eight minutes.", "8 minutes");
    set_clock("2026-11-23T10:03:00+01:00");
    say(f, "How long is left?", "5 minutes");
    say(f, "cancel the timer", "cancelled");
    say(f, "How long is left?", "No timer");
}

static void test_memory(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "Remember that my manager is Dana.", "your manager is Dana");
    say(f, "Who is my manager?", "Dana");
    say(f, "Remember that my manager is Luis.", "Luis");
    say(f, "Who is my manager?", "Luis|!Dana");
    say(f, "Forget that.", "Forgotten|Luis");
    say(f, "Who is my manager?", "!Luis");
    say(f, "Remember that my password is hunter2", "not kept");
    say(f, "what do you remember about me?", "!hunter2");
}

static void test_documents(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    add(f, "lease.txt",
        "Rental agreement\n\nThe apartment in Alder Lane 14 belongs to Maria Silva, the landlord. "
        "The rent is 950 EUR a month and is due on the third working day.\n\n"
        "Pets are allowed with her written consent.\n");
    add(f, "plumber.txt", "Reyes and Son Plumbing\n\nThe shut-off valve under the kitchen sink was "
        "corroded and has been replaced. We recommend to renew the siphon next year.\n\n"
        "The work comes to 205.28 EUR in total.\n");
    say(f, "Who owns the apartment I rent?", "Maria Silva");
    assert_true(f->last.n_citations > 0);
    Citation c = f->last.citations[0];
    Document d;
    Err err = ERR_INIT;
    assert_true(store_document_get(f->store, &f->owner, &c.document, true, f->a, &d, &err));
    assert_true(str_eq(str_sub(d.content, c.start, c.end), c.text));
    say(f, "What did the plumber say about the kitchen?", "valve");
    say(f, "And how much was it?", "205.28");
    say(f, "Show me where it says that.", "205.28|plumb");
    say(f, "What does the contract with the circus elephants say about bananas in Uzbekistan?",
        "nothing");
    assert_int_equal(f->last.n_citations, 0);
    say(f, "what changed since yesterday?", "2 documents");
}

/* Questions that make sense only after the ones before, and never do anything. */
static void test_follow_ups(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    add(f, "washer.txt", "Washing machine\n\nThe washing machine was bought at Murphy Electric on "
        "9 May 2025 for 579 euros. The guarantee covers parts and labour for five years. You can "
        "return the machine until 9 December 2026.\n");
    add(f, "ferry.txt", "Ferry booking\n\nThe crossing to Palma costs 418 euros. You can cancel "
        "the booking until 19 March 2027. The cabin is number 6114.\n");
    say(f, "add a task to cancel the newspaper", "Added");
    say(f, "How much did the washing machine cost?", "579");
    say(f, "And where did I buy it?", "Murphy Electric");
    say(f, "And how long is the guarantee?", "five years");
    say(f, "And until when can I return it?", "9 December");
    say(f, "How much is the crossing to Palma?", "418");
    say(f, "And until when can I cancel it?", "19 March");
    say(f, "And which cabin do we have?", "6114");
    say(f, "Why shouldn't I delete the task?", "nothing");
    assert_int_equal(open_tasks(f), 1);
}

static size_t events_of(Fixture *f, AgendaItem **items)
{
    Err err = ERR_INIT;
    Agenda agenda;
    AgendaQuery q = {.from = clock_now_ms(), .until = clock_now_ms() + 14 * (int64_t)86400000,
        .zone = tasks_zone(f->tasks)};
    assert_true(agenda_between(f->calendars, &q, f->a, &agenda, &err));
    *items = agenda.items;
    return agenda.n;
}

/* An appointment that was made or taken out by word is taken back as it was, after a restart. */
static void test_events_undone(void **state)
{
    Fixture *f = *state;
    AgendaItem *was, *is;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "Put dinner with Omar in my calendar for Friday at 19:00", "dinner with Omar|19:00");
    assert_int_equal(events_of(f, &was), 1);
    CalEvent before = *was[0].event;
    say(f, "undo", "Undone|dinner with Omar");
    assert_int_equal(events_of(f, &is), 0);
    say(f, "Put dinner with Omar in my calendar for Friday at 19:00", "dinner with Omar");
    assert_int_equal(events_of(f, &was), 1);
    before = *was[0].event;
    say(f, "Remove the dinner with Omar from my calendar", "Taken out|dinner with Omar");
    assert_int_equal(events_of(f, &is), 0);
    close_all(f);
    open_all(f);
    say(f, "undo", "dinner with Omar|again");
    assert_int_equal(events_of(f, &is), 1);
    const CalEvent *now = is[0].event;
    assert_true(uuid_eq(&now->id, &before.id) && str_eq(now->uid, before.uid));
    assert_true(now->start_ms == before.start_ms && now->end_ms == before.end_ms);
    assert_true(now->hash == before.hash && now->created_at == before.created_at);
    say(f, "undo", "Undone"); /* and the making of it */
    assert_int_equal(events_of(f, &is), 0);
}

static void test_all_that_rings_stops(void **state)
{
    Fixture *f = *state;
    Err err = ERR_INIT;
    TaskReminder *w;
    size_t n;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "Set a timer for two minutes", "2 minutes");
    say(f, "Set a timer for three minutes", "3 minutes");
    set_clock("2026-11-23T10:05:00+01:00");
    assert_true(scheduler_run_once(f->tasks, &err) >= 0);
    assert_true(tasks_waiting(f->tasks, 9, f->a, &w, &n, &err) && n == 2);
    say(f, "Stop.", "Stopped");
    assert_true(tasks_waiting(f->tasks, 9, f->a, &w, &n, &err) && n == 0);
    say(f, "Stop.", "!Stopped");
}

static void test_talk(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "Book me a flight to the moon.", "cannot");
    say(f, "what can you do?", "remind");
    say(f, "what time is it?", "10:00");
    say(f, "what's the date today?", "Monday, 23 November 2026");
    say(f, "Say that again, slower.", "23 November");
    assert_int_equal(f->last.speech, SPEAK_AGAIN);
    assert_true(f->last.speed < 1);
    say(f, "Stop.", "");
    assert_int_equal(f->last.speech, SPEAK_STOP);
    say(f, "remind me to water the ferns today at 17:00", "water the ferns");
    say(f, "Read me the briefing.", "Monday, 23 November 2026|water the ferns|due today at 17:00");
}

/* A conversation goes on after the program began anew. */
static void test_goes_on(void **state)
{
    Fixture *f = *state;
    set_clock("2026-11-23T10:00:00+01:00");
    say(f, "add a task to paint the fence on Friday", "paint the fence");
    close_all(f);
    open_all(f);
    say(f, "move it to Sunday", "paint the fence|Sunday");
    say(f, "undo", "Friday");
    Err err = ERR_INIT;
    TalkMessagePage page;
    assert_true(store_talk_messages(f->store, &f->owner, &f->session, 50, STR(""), f->a, &page,
                                    &err));
    assert_int_equal(page.total, 6);
    assert_true(str_eq(page.items[0].text, STR("add a task to paint the fence on Friday")));
}

static void test_refuses(void **state)
{
    Fixture *f = *state;
    Err err = ERR_INIT;
    AssistantRequest r = {.text = STR("  \n ")};
    assert_false(assistant_say(f->assistant, &r, 0, f->a, &f->last, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    r.text = STR("\xFF\xFE hello");
    assert_false(assistant_say(f->assistant, &r, 0, f->a, &f->last, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    Uuid nowhere = {{9}};
    r = (AssistantRequest){.text = STR("hello"), .session = &nowhere};
    assert_false(assistant_say(f->assistant, &r, 0, f->a, &f->last, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    if (getenv("TZ") == NULL)
        (void)setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        TEST(test_tasks), TEST(test_snooze), TEST(test_only_what_is_named), TEST(test_asking_back),
        TEST(test_timers),
        TEST(test_memory), TEST(test_documents), TEST(test_follow_ups), TEST(test_events_undone),
        TEST(test_all_that_rings_stops), TEST(test_talk),        TEST(test_goes_on),
        TEST(test_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
