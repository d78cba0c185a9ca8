/* fuzz_passage.c - a question and a passage that it found, any bytes: what is marked and shown lies
 * in the passage, on characters, in order.
 *
 * The input is the question, a line end, the passage. */
#include "../require.h"

#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include "search/passage.h"

static char folder[64];
static Store *store;

static void end(void)
{
    store_close(store);
    (void)os_remove_tree(folder, NULL);
}

static void begin(void)
{
    Err err = ERR_INIT;
    (void)snprintf(folder, sizeof folder, "%s/sotto-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(folder));
    log_init(LOG_ERROR, "text");
    store = store_open_sqlite(&(StoreOptions){.dir = folder, .model = "test"}, &err);
    REQUIRE(store && atexit(end) == 0);
}

static void check(const Match *m)
{
    uint32_t at = 0;
    REQUIRE(m->snippet_start <= m->snippet_end && m->snippet_end <= m->text.len);
    REQUIRE(utf8_ok(str_sub(m->text, m->snippet_start, m->snippet_end)));
    for (size_t i = 0; i < m->n_marks; i++) {
        REQUIRE(m->marks[i].start >= at && m->marks[i].start < m->marks[i].end);
        REQUIRE(m->marks[i].end <= m->text.len);
        REQUIRE(utf8_ok(str_sub(m->text, m->marks[i].start, m->marks[i].end)));
        at = m->marks[i].end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str rest = str_mem((const char *)data, size), text;
    Query q;
    Words words;
    Err err = ERR_INIT;
    if (!store)
        begin();
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    REQUIRE(a && str_next(&rest, '\n', &text));
    if (!utf8_ok(rest)) { /* a document's text always is */
        arena_free(a);
        return 0;
    }
    if (!query_parse(text, a, &q, &err) || !words_plan(store, &q, a, &words, &err)) {
        require_said(&err);
    } else {
        Match m = {.text = rest, .end = (uint32_t)rest.len};
        REQUIRE(passage_mark(store, &words, a, &m, &err));
        check(&m);
    }
    arena_free(a);
    return 0;
}
