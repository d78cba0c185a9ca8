/* fuzz_qd_answer.c - an answer to a search: read without a tree it says what a tree says, or is
 * refused; what no tree can be made of is refused. */
#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "store/qdrant/qd_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

typedef struct {
    const Json *result;
    size_t list, at, hits;
} Tree;

/* The next hit of the tree is this one. */
static bool same(void *arg, size_t list, uint64_t chunk_no, float score)
{
    Tree *t = arg;
    int64_t no;
    double s;
    t->at = list == t->list ? t->at : 0;
    t->list = list;
    const Json *point = json_at(json_get(json_at(t->result, list), "points"), t->at++);
    require(json_int(json_get(json_get(point, "payload"), "chunk_no"), &no));
    require(json_num(json_get(point, "score"), &s));
    require((uint64_t)no == chunk_no);
    require((float)s == score || fabs(s - (double)score) <= 1e-6 * fabs(s));
    t->hits++;
    return true;
}

static bool count(void *arg, size_t list, uint64_t chunk_no, float score)
{
    (void)list;
    (void)chunk_no;
    (void)score;
    ++*(size_t *)arg;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    Err err = ERR_INIT;
    size_t lists = 0, hits = 0;
    Str text = str_mem((const char *)input, size);
    bool ok = qd_answer_read(text, count, &hits, &lists, &err);
    require(ok || err.code == ERR_UNAVAILABLE || err.code == ERR_CORRUPT);
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, NULL);
    if (ok && j) {
        Tree t = {.result = json_get(j, "result")};
        require(qd_answer_read(text, same, &t, &lists, &err));
        require(t.hits == hits);
    }
    json_free(j);
    return 0;
}
