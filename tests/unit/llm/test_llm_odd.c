/* What servers send that is not in the book: the text, the calls and the counts that are made of
 * it, or the reason why nothing is. */
#include "unit/llm/fake_server.h"

#include "base/clock.h"
#include "llm/chat.h"
#include "llm/endpoint.h"
#include "llm/sse.h"

#define DELTA(members) "data: {\"choices\":[{\"index\":0,\"delta\":{" members "}}]}\n\n"
#define USAGE(prompt, completion) "\"usage\":{\"prompt_tokens\":" prompt                           \
    ",\"completion_tokens\":" completion "}"

typedef struct {
    const char *name, *events;
    const char *text;      /* NULL: it fails */
    ErrCode code;
    const char *says;
    LlmFinish finish;
    uint64_t completion;   /* 0: not counted by the server */
} Row;

static const Row rows[] = {
    {"no [DONE]", FAKE_DELTA("Hi.") FAKE_STOP, "Hi.", 0, NULL, LLM_STOP, 0},
    {"no reason", FAKE_DELTA("Hi.") FAKE_DONE, "Hi.", 0, NULL, LLM_STOP, 0},
    {"neither", FAKE_DELTA("Hi."), NULL, ERR_CORRUPT, "broke off", 0, 0},
    {"something behind the end", FAKE_DELTA("Hi.") FAKE_STOP FAKE_DONE FAKE_DELTA("more"), "Hi.",
     0, NULL, LLM_STOP, 0},
    {"cut short", FAKE_DELTA("Hi") "data: {\"choices\":[{\"index\":0,\"delta\":{},"
     "\"finish_reason\":\"length\"}]}\n\n" FAKE_DONE, "Hi", 0, NULL, LLM_LENGTH, 0},
    {"filtered", FAKE_DELTA("Hi") "data: {\"choices\":[{\"index\":0,\"delta\":{},"
     "\"finish_reason\":\"content_filter\"}]}\n\n", "Hi", 0, NULL, LLM_FILTERED, 0},
    {"tools, and names none", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},"
     "\"finish_reason\":\"tool_calls\"}]}\n\n", "Hi", 0, NULL, LLM_STOP, 0},
    {"a reason nobody knows", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},"
     "\"finish_reason\":\"eos\"}]}\n\n", "Hi", 0, NULL, LLM_STOP, 0},
    {"garbage", FAKE_DELTA("Hi") "data: <html>502</html>\n\n", NULL, ERR_CORRUPT, "broken JSON", 0,
     0},
    {"garbage that is no field", "hello\n\xFF\xFE\n\n" FAKE_DELTA("Hi.") FAKE_STOP, "Hi.", 0, NULL,
     LLM_STOP, 0},
    {"no object", "data: [1,2]\n\n", NULL, ERR_CORRUPT, "no object", 0, 0},
    {"no UTF-8", DELTA("\"content\":\"a\xFF\xC3\""), NULL, ERR_CORRUPT, "broken JSON", 0, 0},
    {"half a character", DELTA("\"content\":\"\xE2\x82\""), NULL, ERR_CORRUPT, "broken JSON", 0, 0},
    {"half a surrogate", DELTA("\"content\":\"\\ud83d\""), NULL, ERR_CORRUPT, "broken JSON", 0, 0},
    {"a zero", DELTA("\"content\":\"a\\u0000b\"") FAKE_STOP, NULL, ERR_CORRUPT, "broken JSON", 0,
     0},
    {"carriage returns", "data: {\"choices\":[{\"delta\":{\"content\":\"Hi.\"}}]}\r\n\r\n"
     "data: [DONE]\r\n\r\n", "Hi.", 0, NULL, LLM_STOP, 0},
    {"reasoning_content", DELTA("\"role\":\"assistant\",\"reasoning_content\":\"The user says\"")
     DELTA("\"content\":null,\"reasoning_content\":\" hi\"") FAKE_DELTA("Hi.") FAKE_STOP, "Hi.", 0,
     NULL, LLM_STOP, 0},
    {"reasoning", DELTA("\"reasoning\":\"hm\"") FAKE_DELTA("Hi.") FAKE_STOP, "Hi.", 0, NULL,
     LLM_STOP, 0},
    {"thoughts in the text", FAKE_DELTA("<thi") FAKE_DELTA("nk>The user</th") FAKE_DELTA("ink> Hi.")
     FAKE_STOP, "Hi.", 0, NULL, LLM_STOP, 0},
    {"nothing but thoughts", FAKE_DELTA("<think>The user") FAKE_STOP, "", 0, NULL, LLM_STOP, 0},
    {"empty pieces", DELTA("") DELTA("\"content\":\"\"") DELTA("\"content\":null")
     "data: {\"choices\":[]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":null}]}\n\n"
     FAKE_DELTA("Hi.") FAKE_STOP, "Hi.", 0, NULL, LLM_STOP, 0},
    {"parts", DELTA("\"content\":[{\"type\":\"text\",\"text\":\"H\"},{\"type\":\"image_url\"},"
     "{\"type\":\"text\",\"text\":\"i.\"}]") FAKE_STOP, "Hi.", 0, NULL, LLM_STOP, 0},
    {"a second choice", "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"No\"}}]}\n\n"
     FAKE_DELTA("Hi.") FAKE_STOP, "Hi.", 0, NULL, LLM_STOP, 0},
    {"usage", FAKE_DELTA("Hi.") FAKE_STOP FAKE_USAGE("11", "2"), "Hi.", 0, NULL, LLM_STOP, 2},
    {"usage all the time", "data: {\"choices\":[{\"delta\":{\"content\":\"Hi.\"}}],"
     USAGE("11", "1") "}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":"
     "\"stop\"}]," USAGE("11", "3") "}\n\n", "Hi.", 0, NULL, LLM_STOP, 3},
    {"usage null", "data: {\"choices\":[{\"delta\":{\"content\":\"Hi.\"}}],\"usage\":null}\n\n"
     FAKE_STOP, "Hi.", 0, NULL, LLM_STOP, 0},
    {"usage of nonsense", FAKE_DELTA("Hi.") FAKE_STOP "data: {\"choices\":[]," USAGE("-3", "\"x\"")
     "}\n\n", "Hi.", 0, NULL, LLM_STOP, 0},
    {"an error in the middle", FAKE_DELTA("Hi") "data: {\"error\":{\"code\":500,\"message\":\"the "
     "slot\\nwas lost\"}}\n\n", NULL, ERR_UNAVAILABLE, "the slot", 0, 0},
    {"an error without words", "data: {\"error\":{}}\n\n", NULL, ERR_UNAVAILABLE, "no reason", 0,
     0},
    {"a call that is none", DELTA("\"tool_calls\":[7]"), NULL, ERR_CORRUPT, "no object", 0, 0},
    {"calls that are no list", DELTA("\"tool_calls\":{}") FAKE_DELTA("Hi.") FAKE_STOP, "Hi.", 0,
     NULL, LLM_STOP, 0},
};

/* As the wire would, in pieces of n bytes; what it is made into goes to *out. */
typedef struct {
    ChatAnswer *c;
    Sse sse;
} Wire;

static bool on_event(void *arg, Str event, Str data, Err *err)
{
    (void)event;
    return chat_event(((Wire *)arg)->c, data, err);
}

static bool feed(ChatAnswer *c, Str all, size_t n, Err *err)
{
    Wire w = {.c = c};
    bool ok = true;
    sse_init(&w.sse, (size_t)1 << 20, on_event, &w);
    for (size_t at = 0; ok && at < all.len; at += n)
        ok = sse_feed(&w.sse, str_sub(all, at, at + n), err);
    ok = ok && sse_end(&w.sse, err) && chat_end(c, err);
    sse_release(&w.sse);
    return ok;
}

static void what_is_made_of_it(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 100000};
    Arena *a = arena_new((size_t)16 << 20);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
            const Row *row = &rows[i];
            ChatAnswer c;
            LlmReply r = {0};
            Err err = ERR_INIT;
            chat_init(&c, NULL, NULL);
            bool ok = feed(&c, str_of(row->events), pieces[k], &err) && chat_take(&c, a, &r, &err);
            if (ok != (row->text != NULL))
                fail_msg("%s: %s", row->name, ok ? "it was taken" : err.msg);
            if (!ok && (err.code != row->code || !strstr(err.msg, row->says)))
                fail_msg("%s: %s", row->name, err.msg);
            if (ok && (!str_eq(r.text, str_of(row->text)) || r.finish != row->finish ||
                       r.counted != (row->completion > 0) ||
                       (r.counted && r.completion_tokens != row->completion)))
                fail_msg("%s: \"%.*s\", %d, %d", row->name, STR_ARG(r.text), (int)r.finish,
                         (int)r.completion_tokens);
            chat_release(&c);
        }
    arena_free(a);
}

static void calls_of_every_shape(void **state)
{
    (void)state;
    static const char *const same[] = {
        /* by index, without one, with the arguments as an object, with the id only at the begin */
        DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"search\","
              "\"arguments\":\"{\\\"query\\\":\"}}]")
        DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"rent\\\"}\"}}]"),
        DELTA("\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"search\","
              "\"arguments\":\"{\\\"query\\\":\"}}]")
        DELTA("\"tool_calls\":[{\"function\":{\"arguments\":\"\\\"rent\\\"}\"}}]"),
        DELTA("\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"search\","
              "\"arguments\":{\"query\":\"rent\"}}}]"),
        DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{"
              "\"name\":\"search\",\"arguments\":\"{\\\"query\\\":\"}}]")
        DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"search\","
              "\"arguments\":\"\\\"rent\\\"}\"}}]"),
    };
    Arena *a = arena_new((size_t)16 << 20);
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        ChatAnswer c;
        LlmReply r = {0};
        Err err = ERR_INIT;
        chat_init(&c, NULL, NULL);
        Str all = arena_printf(a, "%s" FAKE_DONE, same[i]);
        if (!feed(&c, all, 11, &err) || !chat_take(&c, a, &r, &err))
            fail_msg("%zu: %s", i, err.msg);
        assert_int_equal(r.n_calls, 1);
        assert_int_equal(r.finish, LLM_TOOLS);
        assert_str(r.calls[0].id, "a");
        assert_str(r.calls[0].name, "search");
        assert_str(r.calls[0].arguments, "{\"query\":\"rent\"}");
        chat_release(&c);
    }
    arena_free(a);
}

static void more_than_there_is_room_for(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *middle, *end, *says;
        size_t times;
    } big[] = {
        {"", DELTA("\"content\":\"%zu 0123456789 0123456789 0123456789 0123456789\""), FAKE_STOP,
         "the language model's answer", 8000},
        {"", DELTA("\"content\":\"<think>%zu\"") , FAKE_STOP, NULL, 8000}, /* thoughts are free */
        {"", DELTA("\"tool_calls\":[{\"index\":%zu,\"id\":\"c\",\"function\":{\"name\":\"x\"}}]"),
         FAKE_DONE, "more than 16 tools", 20},
        {"", DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"%zu 0123456789012345"
         "6789\"}}]"), FAKE_DONE, "a tool call's arguments", 4000},
        {"", DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"%zu aaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaa\"}}]"), FAKE_DONE, "a tool's name", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(big); i++) {
        ChatAnswer c;
        Buf all;
        Err err = ERR_INIT;
        buf_init(&all, (size_t)16 << 20);
        for (size_t k = 0; k < big[i].times; k++) {
            const char *number = strstr(big[i].middle, "%zu");
            buf_add(&all, str_mem(big[i].middle, (size_t)(number - big[i].middle)));
            buf_printf(&all, "%zu%s", k, number + 3);
        }
        buf_add_c(&all, big[i].end);
        chat_init(&c, NULL, NULL);
        bool ok = feed(&c, buf_str(&all), 4096, &err);
        if (ok != !big[i].says || (!ok && (err.code != ERR_TOO_LARGE ||
                                           !strstr(err.msg, big[i].says))))
            fail_msg("row %zu: %s", i, ok ? "it was taken" : err.msg);
        chat_release(&c);
        buf_release(&all);
    }
}

static void retry_after(void **state)
{
    (void)state;
    int64_t now;
    assert_true(clock_parse(STR("2026-11-23T10:00:00Z"), &now));
    static const struct {
        const char *value;
        double seconds;
    } waits[] = {{"7", 7}, {" 0.5 ", 0.5}, {"-3", 0}, {"", -1}, {"soon", -1},
                 {"Mon, 23 Nov 2026 10:00:20 GMT", 20}, {"Mon, 23 Nov 2026 09:00:00 GMT", 0},
                 {"Mon, 23 Foo 2026 10:00:20 GMT", -1}};
    for (size_t i = 0; i < ARRAY_LEN(waits); i++)
        assert_float_equal(endpoint_retry_after(str_of(waits[i].value), now), waits[i].seconds,
                           0.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_made_of_it),
        cmocka_unit_test(calls_of_every_shape),
        cmocka_unit_test(more_than_there_is_room_for),
        cmocka_unit_test(retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
