/* The answer to a search, read without a tree: hits, what is passed by, what is refused. */
#include "support/unit.h"

#include <stdlib.h>

#include "base/json.h"
#include "store/qdrant/qd_answer.h"

typedef struct {
    size_t n, list[8];
    uint64_t no[8];
    float score[8];
} Hits;

static bool add(void *arg, size_t list, uint64_t chunk_no, float score)
{
    Hits *h = arg;
    assert_true(h->n < 8);
    h->list[h->n] = list;
    h->no[h->n] = chunk_no;
    h->score[h->n++] = score;
    return true;
}

#define HIT(no, score)                                                                             \
    "{\"id\":\"x\",\"version\":3,\"score\":" score ",\"payload\":{\"chunk_no\":" no "}}"
#define LIST(hits) "{\"points\":[" hits "]}"

static void test_hits(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{\"result\":[" LIST(HIT("5", "0.75") "," HIT("6", "-2.5e-1")) "," LIST("") ","
            LIST(HIT("9007199254740993", "3")) "],\"status\":\"ok\",\"time\":0.001}",
        " { \"time\" : 1e-9 , \"status\" : \"o\\u006b\\\"\" , \"usage\":null,\"result\" : [ "
            "{ \"more\":[true,false,null,{\"points\":[{}]}], \"points\" : [ { \"payload\" : "
            "{\"text\":\"\\\\\",\"chunk_no\" : 5 } , \"score\" : 0.75 } ,\n"
            HIT("6", "-0.25") "]},\t" LIST("") "," LIST(HIT("9007199254740993", "3.0")) " ] } \r\n",
    };
    for (size_t i = 0; i < 2; i++) {
        Hits h = {0};
        Err err = ERR_INIT;
        size_t lists = 0;
        if (!qd_answer_read(str_of(same[i]), add, &h, &lists, &err))
            fail_msg("%s", err.msg);
        assert_int_equal(lists, 3);
        assert_int_equal(h.n, 3);
        assert_true(h.no[0] == 5 && h.no[1] == 6 && h.no[2] == 9007199254740993u);
        assert_true(h.list[0] == 0 && h.list[1] == 0 && h.list[2] == 2);
        assert_true(h.score[0] == 0.75f && h.score[1] == -0.25f && h.score[2] == 3.0f);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ErrCode code;
    } rows[] = {
        {"", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("5", "0.75")) "]", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("5", "0.75")) "]}}", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("5", ".75")) "]}", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("05", "1")) "]}", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("5", "1") ",") "]}", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("5", "1.")) "]}", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("5", "1e")) "]}", ERR_UNAVAILABLE},
        {"{\"result\":[],\"a\":\"\n\"}", ERR_UNAVAILABLE},
        {"{\"result\":[],\"a\":\"\\x\"}", ERR_UNAVAILABLE},
        {"{\"result\":[],\"a\":\"\\u12g4\"}", ERR_UNAVAILABLE},
        {"{\"result\":[],\"a\":\"\xff\"}", ERR_UNAVAILABLE},
        {"{\"result\":[],\"a\":nul}", ERR_UNAVAILABLE},
        {"{\"result\":[],a:1}", ERR_UNAVAILABLE},
        {"{\"result\":[" LIST(HIT("\"5\"", "1")) "]}", ERR_CORRUPT},
        {"{\"result\":[" LIST(HIT("5.5", "1")) "]}", ERR_CORRUPT},
        {"{\"result\":[" LIST(HIT("-5", "1")) "]}", ERR_CORRUPT},
        {"{\"result\":[" LIST(HIT("5", "null")) "]}", ERR_CORRUPT},
        {"{\"result\":[" LIST("{\"score\":1}") "]}", ERR_CORRUPT},
        {"{\"result\":[" LIST("7") "]}", ERR_CORRUPT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Hits h = {0};
        Err err = ERR_INIT;
        size_t lists;
        if (qd_answer_read(str_of(rows[i].text), add, &h, &lists, &err) || err.code != rows[i].code)
            fail_msg("row %zu: %s", i, err.code ? err.msg : "it was read");
    }
}

/* Wherever it is cut it is refused, and no byte behind the end is looked at. */
static void test_cut(void **state)
{
    (void)state;
    static const char whole[] = "{\"result\":[" LIST(HIT("5", "0.75")) "," LIST(HIT("6", "1e2"))
        "],\"a\":\"\\u00e9\"}";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *copy = malloc(n + 1); /* of its own: a sanitizer sees a step too far */
        Hits h = {0};
        Err err = ERR_INIT;
        size_t lists;
        assert_non_null(copy);
        memcpy(copy, whole, n);
        assert_false(qd_answer_read(str_mem(copy, n), add, &h, &lists, &err));
        assert_int_equal(err.code, ERR_UNAVAILABLE);
        free(copy);
    }
}

static void test_lists_that_are_none(void **state)
{
    (void)state;
    Hits h = {0};
    Err err = ERR_INIT;
    size_t lists = 9;
    assert_true(qd_answer_read(STR("{\"status\":\"ok\"}"), add, &h, &lists, &err));
    assert_int_equal(lists, 0); /* whoever asked for two knows */
    static const char none[] = "{\"result\":[{\"points\":null},{},5]}";
    assert_true(qd_answer_read(str_of(none), add, &h, &lists, &err));
    assert_int_equal(lists, 0);
    char deep[200];
    memset(deep, '[', sizeof deep);
    assert_false(qd_answer_read(str_mem(deep, sizeof deep), add, &h, &lists, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hits),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_lists_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
