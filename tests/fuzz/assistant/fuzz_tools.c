/* fuzz_tools.c - tool calls of a language model, whatever it writes: nothing is made, moved or
 * deleted that the person did not speak of, and every call is answered with a line for the model.
 *
 * The input's first line is what the person said; each line after it is a call: NAME ARGUMENTS. */
#include "../require.h"

#include <unistd.h>

#include "assistant/act_tools.h"
#include "assistant/ground.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/os.h"

#define NOW 1795424400000LL /* 2026-11-23T09:00:00Z */

typedef struct {
    char folder[64];
    Store *store;
    Tasks *tasks;
    Zone *zone;
    Uuid owner;
    AssistantParts parts;
} World;

static World world;
static const char *const titles[] = {"call the bank", "buy milk"};

static void end(void)
{
    tasks_free(world.tasks);
    store_close(world.store);
    zone_free(world.zone);
    (void)os_remove_tree(world.folder, NULL);
}

static void begin(World *w)
{
    Err err = ERR_INIT;
    (void)snprintf(w->folder, sizeof w->folder, "%s/sotto-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(w->folder));
    log_init(LOG_ERROR, "text");
    clock_set_ms(NOW);
    w->owner = (Uuid){{1}};
    w->store = store_open_sqlite(&(StoreOptions){.dir = w->folder, .model = "test"}, &err);
    TasksOptions o = {.store = w->store, .owner = w->owner, .zone = STR("UTC")};
    w->tasks = w->store ? tasks_new(&o, &err) : NULL;
    w->zone = zone_open(STR("UTC"), &err);
    REQUIRE(w->tasks && w->zone && atexit(end) == 0);
    w->parts = (AssistantParts){.store = w->store, .tasks = w->tasks, .workers = 1,
                                .owner = w->owner};
}

/* Two tasks at the beginning of each input, and nothing else. */
static void reset(World *w, Arena *a)
{
    Err err = ERR_INIT;
    TaskPage page;
    TaskResult made;
    TaskFilter f = TASK_FILTER_ALL;
    REQUIRE(tasks_list(w->tasks, &f, TASK_SORT_CREATED, 50, STR(""), a, &page, &err));
    for (size_t i = 0; i < page.n; i++)
        REQUIRE(tasks_delete(w->tasks, &page.items[i].id, a, &made, &err));
    for (size_t i = 0; i < 2; i++) {
        TaskDraft d = TASK_DRAFT_NONE;
        d.title = str_of(titles[i]);
        d.due_at = NOW + 86400000;
        d.due_timed = true;
        REQUIRE(tasks_create(w->tasks, &d, a, &made, &err));
    }
}

static bool spoken_of(const char *title, Str said)
{
    static const char *const all[] = {"all", "everything", "both", "each", "every", "any",
        "anything", "rest", "alle", "alles", "tous", "tout", "toutes"};
    size_t own, there;
    ground_words(str_of(title), said, &own, &there);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        there += ground_has_word(said, str_of(all[i]));
    return there > 0;
}

/* What is there now is what was there, or has a word of what was said. */
static void check(World *w, Str said, Arena *a)
{
    Err err = ERR_INIT;
    TaskPage page;
    TaskFilter f = TASK_FILTER_ALL;
    REQUIRE(tasks_list(w->tasks, &f, TASK_SORT_CREATED, 50, STR(""), a, &page, &err));
    for (size_t i = 0; i < page.n; i++) {
        size_t own, there;
        Str title = page.items[i].title;
        ground_words(title, said, &own, &there);
        REQUIRE(utf8_ok(title));
        REQUIRE(there || str_eq(title, str_of(titles[0])) || str_eq(title, str_of(titles[1])));
    }
    size_t kept = !spoken_of(titles[0], said) + !spoken_of(titles[1], said);
    for (size_t i = 0; i < page.n; i++)
        for (size_t k = 0; k < 2; k++)
            kept -= !spoken_of(titles[k], said) && str_eq(page.items[i].title, str_of(titles[k]));
    REQUIRE(kept == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str rest = str_mem((const char *)data, size), said, line;
    Err err = ERR_INIT;
    AssistantReply reply = {0};
    AssistantRequest request = {.text = STR("")};
    if (size > 4096 || !utf8_ok(rest) || !str_next(&rest, '\n', &said))
        return 0;
    if (!world.store)
        begin(&world);
    Arena *a = arena_new((size_t)256 << 20);
    Tools *x = a ? ARENA_NEW(a, Tools) : NULL;
    Turn *t = a ? ARENA_NEW(a, Turn) : NULL;
    REQUIRE(x && t);
    reset(&world, a);
    *t = (Turn){.parts = &world.parts, .owner = &world.owner, .a = a, .err = &err, .now = NOW,
                .zone = world.zone, .text = said, .reply = &reply, .request = &request};
    buf_init(&t->said, 1 << 20);
    bool ok = tools_init(x, t, said);
    while (ok && rest.len && str_next(&rest, '\n', &line)) {
        Buf out;
        LlmToolCall call = {.id = STR("c")};
        (void)str_next(&line, ' ', &call.name);
        call.arguments = line.ptr ? line : STR("");
        buf_init(&out, 1 << 20);
        ok = tools_run(x, &call, &out);
        REQUIRE(!ok || (out.len && utf8_ok(buf_str(&out))));
        buf_release(&out);
    }
    if (ok)
        (void)tools_end(x);
    else
        require_said(&err);
    check(&world, said, a);
    buf_release(&t->said);
    arena_free(a);
    return 0;
}
