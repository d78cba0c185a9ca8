/* fuzz_qdrant.c - what a Qdrant server, or a process that writes to the same one, may put into its
 * answers: points of commits and rows that a working copy takes over, found passages, and with the
 * first byte's lowest bit also what it says of its collections. The copy stays whole: what is asked
 * of it afterwards is answered, or refused with a reason. */
#include "../far.h"
#include "../require.h"

#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"
#include <stdio.h>
#include "store/qdrant.h"
#include "store/talk.h"
#include "store/tasks.h"

#define KNOWLEDGE                                                                                  \
    "200\n\n{\"result\":{\"config\":{\"params\":{\"vectors\":{\"dense\":{\"size\":384,"            \
    "\"distance\":\"Cosine\"}},\"sparse_vectors\":{\"bm25\":{\"modifier\":\"idf\"}}}},"            \
    "\"payload_schema\":{\"owner\":1,\"document_id\":1,\"source\":1,\"file_type\":1,"              \
    "\"language\":1,\"tags\":1,\"updated_ms\":1,\"created_at\":1,\"chunk_no\":1}}}"
#define STATE                                                                                      \
    "200\n\n{\"result\":{\"config\":{\"params\":{}},\"payload_schema\":{\"owner\":1,\"kind\":1,"   \
    "\"seq\":1}}}"
#define PROBE "200\n\n{\"result\":[{\"payload\":{\"value\":1}}]}"
#define DONE "200\n\n{\"result\":{\"status\":\"completed\"},\"status\":\"ok\"}"
#define NOTHING "200\n\n{\"result\":{\"points\":[],\"next_page_offset\":null}}"

static char folder[64];
static bool probed; /* whether points are inserted once, as is asked when it is opened */

/* Pauses before another try would be all that is done. */
int nanosleep(const struct timespec *t, struct timespec *left)
{
    return t->tv_sec ? clock_nanosleep(CLOCK_MONOTONIC, 0, t, left) : 0;
}

/* All but the reading of points goes well. */
static bool instead(const ClientRequest *q, Str *answer)
{
    Str url = str_of(q->url), method = str_of(q->method ? q->method : "GET");
    bool read = str_eq(method, STR("POST")) && str_find(url, STR("/delete"), 0) == SIZE_MAX;
    bool probe = read && !probed && str_find(url, STR("/points?"), 0) != SIZE_MAX;
    probed |= probe;
    if (read && !probe && far.rest.len)
        return false;
    *answer = probe  ? STR(PROBE)
              : read ? STR(NOTHING)
              : !str_eq(method, STR("GET")) ? STR(DONE)
              : str_ends(url, STR("knowledge")) ? STR(KNOWLEDGE)
              : str_ends(url, STR("state")) ? STR(STATE) : STR("200\n\n{}");
    return true;
}

static void end(void)
{
    (void)os_remove_tree(folder, NULL);
}

static void search(Store *s, const Uuid *owner, Arena *a)
{
    float vector[VINDEX_DIM] = {1};
    Err err = ERR_INIT;
    Candidates found;
    KwTerm terms[1] = {{.text = STR("key"), .weight = 1}};
    CandidateQuery q = {.vector = vector, .terms = terms, .n_terms = 1, .k = 20};
    if (!store_candidates(s, owner, &q, a, &found, &err)) {
        require_said(&err);
        return;
    }
    REQUIRE(found.n <= 40);
    uint64_t nos[40];
    Chunk chunks[40];
    for (size_t i = 0; i < found.n; i++)
        nos[i] = found.items[i].chunk_no;
    if (found.n && !store_chunks_get(s, owner, nos, found.n, a, chunks, &err))
        require_said(&err);
}

static void look(Store *s, const Uuid *owner, Arena *a)
{
    DocPage page;
    TaskPage tasks;
    FactPage facts;
    Err err = ERR_INIT;
    if (!store_document_list(s, owner, NULL, SORT_UPDATED_DESC, 20, STR(""), a, &page, &err))
        require_said(&err);
    err = ERR_INIT;
    TaskFilter f = TASK_FILTER_ALL;
    if (!store_task_list(s, owner, &f, TASK_SORT_DUE, 20, STR(""), a, &tasks, &err))
        require_said(&err);
    err = ERR_INIT;
    FactQuery fq = {.q = STR(""), .limit = 20, .cursor = STR("")};
    if (!store_fact_list(s, owner, &fq, a, &facts, &err))
        require_said(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned n;
    char dir[100];
    Err err = ERR_INIT;
    if (size < 2)
        return 0;
    if (!folder[0]) {
        (void)snprintf(folder, sizeof folder, "%s/sotto-fuzz-XXXXXX",
            access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"); /* a copy is made each time */
        REQUIRE(mkdtemp(folder) && atexit(end) == 0);
        log_init(LOG_ERROR, "text");
    }
    (void)snprintf(dir, sizeof dir, "%s/%u", folder, n++);
    Arena *a = arena_new((size_t)256 << 20);
    Uuid owner = {{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88, 0x99}};
    far_begin(data + 1, size - 1);
    probed = false;
    far.instead = data[0] & 1 ? NULL : instead;
    Store *s = a ? store_open_qdrant(&(StoreOptions){.dir = dir, .model = "test"},
                       &(QdrantOptions){.url = "http://far:6333", .timeout_ms = 1000}, &err)
                 : NULL;
    if (s) {
        if (data[0] & 2)
            search(s, &owner, a);
        look(s, &owner, a);
        search(s, &owner, a);
    } else if (a) {
        require_said(&err);
    }
    store_close(s);
    arena_free(a);
    (void)os_remove_tree(dir, NULL);
    return 0;
}
