/* The client against a chat endpoint that does everything a server can do wrong. */
#include "unit/llm/fake_server.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "llm/llm.h"
#include "support/tempdir.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static Llm *client(const char *base, LlmOptions o)
{
    Err err = ERR_INIT;
    o.base_url = base;
    o.model = o.model ? o.model : "tiny";
    o.total_ms = o.total_ms ? o.total_ms : 20000;
    o.silent_ms = o.silent_ms ? o.silent_ms : 10000;
    o.context_tokens = 4096;
    o.answer_tokens = 100;
    Llm *l = llm_new(&o, &err);
    if (!l)
        fail_msg("%s", err.msg);
    return l;
}

typedef struct {
    Buf got;
    int pieces, stop_after;
    atomic_bool cancel;
} Heard;

static bool on_text(void *arg, Str piece)
{
    Heard *h = arg;
    buf_add(&h->got, piece);
    return ++h->pieces != h->stop_after;
}

static bool cancelled(void *arg)
{
    return atomic_load(&((Heard *)arg)->cancel);
}

static bool chat(Llm *l, Heard *h, LlmReply *out, Err *err)
{
    static const LlmMessage messages[] = {{.role = LLM_SYSTEM, .text = {"be short", 8}},
                                          {.role = LLM_USER, .text = {"hello", 5}}};
    static const LlmTool tool = {"search", "looks for words",
                                 "{\"type\":\"object\",\"properties\":{}}"};
    LlmRequest r = {.purpose = "answer", .messages = messages, .n_messages = 2, .tools = &tool,
                    .n_tools = 1, .on_text = h ? on_text : NULL, .cancelled = h ? cancelled : NULL,
                    .arg = h};
    *err = ERR_INIT;
    if (h)
        buf_init(&h->got, SIZE_MAX);
    return llm_chat(l, &r, arena, out, err);
}

#define SCRIPTS(...) ((FakeScript[]){__VA_ARGS__}), ARRAY_LEN(((FakeScript[]){__VA_ARGS__}))

static const FakeScript fine = {.pieces = {FAKE_EVENTS, FAKE_DELTA("Hel"), FAKE_DELTA("lo."),
                                           FAKE_STOP FAKE_USAGE("11", "2") FAKE_DONE}};
#define FINE {.pieces = {FAKE_EVENTS, FAKE_DELTA("Hel"), FAKE_DELTA("lo."),                        \
                         FAKE_STOP FAKE_USAGE("11", "2") FAKE_DONE}}

static void text_comes_as_it_is_made(void **state)
{
    (void)state;
    Err err;
    LlmReply r;
    Heard h = {0};
    Fake *f = fake_start(&fine, 1);
    Llm *l = client(f->base, (LlmOptions){.api_key = "sk-secret"});
    if (!chat(l, &h, &r, &err))
        fail_msg("%s", err.msg);
    assert_str(r.text, "Hello.");
    assert_str(buf_str(&h.got), "Hello.");
    assert_int_equal(h.pieces, 2);
    assert_int_equal(r.finish, LLM_STOP);
    assert_true(r.counted);
    assert_int_equal(r.prompt_tokens, 11);
    assert_int_equal(r.completion_tokens, 2);
    assert_int_equal(r.tries, 1);
    assert_true(r.first_ms > 0 && r.first_ms <= r.total_ms);
    const char *q = f->requests[0];
    assert_non_null(strstr(q, "POST /v1/chat/completions HTTP/1.1"));
    assert_non_null(strstr(q, "Authorization: Bearer sk-secret"));
    assert_non_null(strstr(q, "{\"role\":\"system\",\"content\":\"be short\"}"));
    assert_non_null(strstr(q, "\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
    assert_non_null(strstr(q, "\"function\":{\"name\":\"search\""));
    assert_non_null(strstr(q, "\"max_tokens\":100"));
    buf_release(&h.got);
    llm_free(l);
    fake_stop(f);
}

static void in_one_piece(void **state)
{
    (void)state;
    Err err;
    LlmReply r;
    FakeScript s = {.pieces = {FAKE_JSON, "{\"choices\":[{\"index\":0,\"message\":{\"role\":"
                    "\"assistant\",\"content\":\"Hi \\u00fc.\"},\"finish_reason\":\"length\"}],"
                    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}"}};
    Fake *f = fake_start(&s, 1);
    Llm *l = client(f->base, (LlmOptions){0});
    assert_true(chat(l, NULL, &r, &err));
    assert_str(r.text, "Hi \xC3\xBC.");
    assert_int_equal(r.finish, LLM_LENGTH);
    assert_non_null(strstr(f->requests[0], "\"stream\":false"));
    assert_null(strstr(f->requests[0], "Authorization"));
    /* A server that does not stream though it was asked to: the text comes in one piece. */
    Heard h = {0};
    assert_true(chat(l, &h, &r, &err));
    assert_int_equal(h.pieces, 1);
    assert_str(buf_str(&h.got), "Hi \xC3\xBC.");
    buf_release(&h.got);
    llm_free(l);
    fake_stop(f);
}

static void tool_calls(void **state)
{
    (void)state;
    Err err;
    LlmReply r;
    Heard h = {0};
    FakeScript s = {.pieces = {FAKE_EVENTS,
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,"
        "\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":"
        "\"search\",\"arguments\":\"\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
        "\"arguments\":\"{\\\"query\\\":\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\","
        "\"function\":{\"name\":\"list\",\"arguments\":\"{}\"}},{\"index\":0,\"function\":{"
        "\"arguments\":\"\\\"rent\\\"}\"}}]}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
        FAKE_DONE}};
    Fake *f = fake_start(&s, 1);
    Llm *l = client(f->base, (LlmOptions){0});
    if (!chat(l, &h, &r, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(r.finish, LLM_TOOLS);
    assert_int_equal(r.n_calls, 2);
    assert_str(r.calls[0].name, "search");
    assert_str(r.calls[0].arguments, "{\"query\":\"rent\"}");
    assert_str(r.calls[1].id, "b");
    assert_str(r.calls[1].arguments, "{}");
    assert_false(r.counted);
    assert_true(r.prompt_tokens > 10);
    /* What they gave goes back under the same ids. */
    LlmMessage m[] = {{.role = LLM_USER, .text = STR("x")},
                      {.role = LLM_ASSISTANT, .calls = r.calls, .n_calls = r.n_calls},
                      {.role = LLM_TOOL, .text = STR("found"), .call_id = STR("a")}};
    LlmReply again;
    assert_true(llm_chat(l, &(LlmRequest){.messages = m, .n_messages = 3}, arena, &again, &err));
    assert_non_null(strstr(f->requests[1], "{\"role\":\"assistant\",\"content\":null,"
                           "\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{"
                           "\"name\":\"search\",\"arguments\":\"{\\\"query\\\":\\\"rent\\\"}\"}}"));
    assert_non_null(strstr(f->requests[1],
                           "{\"role\":\"tool\",\"content\":\"found\",\"tool_call_id\":\"a\"}"));
    buf_release(&h.got);
    llm_free(l);
    fake_stop(f);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void what_fails_is_said(void **state)
{
    (void)state;
    static const struct {
        FakeScript s;
        ErrCode code;
        const char *says;
    } rows[] = {
        {{.pieces = {FAKE_STATUS("401 Unauthorized", "",
                                 "{\"error\":{\"message\":\"wrong key sk-secret\"}}")}},
         ERR_UNAVAILABLE, "refuses the key (status 401); check openai_api_key"},
        {{.pieces = {FAKE_STATUS("404 Not Found", "", "{\"error\":\"no such model\"}")}},
         ERR_UNAVAILABLE, "no such model"},
        {{.pieces = {FAKE_STATUS("302 Found", "Location: http://127.0.0.1:1/\r\n", "")}},
         ERR_UNAVAILABLE, "not followed"},
        {{.pieces = {FAKE_STATUS("400 Bad Request", "",
                                 "{\"error\":{\"message\":\"the context\\nis full\"}}")}},
         ERR_UNAVAILABLE, "the context is full"},
        {{.pieces = {FAKE_STATUS("429 Too Many", "",
                                 "{\"error\":{\"message\":\"You exceeded your quota\"}}")}},
         ERR_RATE_LIMITED, "quota"},
        {{.pieces = {FAKE_STATUS("429 Too Many", "Retry-After: 3600\r\n", "{}")}},
         ERR_RATE_LIMITED, "no more requests"},
        {{.pieces = {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n",
                     "<html>a portal</html>"}}, ERR_CORRUPT, "something else"},
        {{.pieces = {FAKE_EVENTS, "data: {\"choices\":[{\"index\":0,\"delta\":{\"conte\n\n"}},
         ERR_CORRUPT, "broken JSON"},
        {{.pieces = {FAKE_EVENTS, "data: {\"error\":{\"message\":\"out of memory\"}}\n\n"}},
         ERR_UNAVAILABLE, "out of memory"},
        {{.pieces = {FAKE_JSON, "{\"choices\":[{\"message\":{\"content\":\"cut of"}}, ERR_CORRUPT,
         "broken JSON"},
        {{.pieces = {FAKE_JSON, "{\"choices\":[]}"}}, ERR_CORRUPT, "no choices"},
        {{.pieces = {FAKE_EVENTS}}, ERR_CORRUPT, "broke off"},
        {{.pieces = {FAKE_EVENTS, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":7}}]}"
                     "\n\n"}}, ERR_CORRUPT, "no text"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Err err;
        LlmReply r;
        Heard h = {0};
        Fake *f = fake_start(&rows[i].s, 1);
        Llm *l = client(f->base, (LlmOptions){.api_key = "sk-secret"});
        bool ok = chat(l, &h, &r, &err);
        if (ok || err.code != rows[i].code || !strstr(err.msg, rows[i].says))
            fail_msg("row %zu: %d %s", i, ok ? -1 : (int)err.code, err.msg);
        assert_null(strstr(err.msg, "sk-secret"));
        buf_release(&h.got);
        llm_free(l);
        fake_stop(f);
    }
}

static void sent_again_while_nothing_was_shown(void **state)
{
    (void)state;
    static const FakeScript first[] = {
        {.pieces = {FAKE_STATUS("500 Oops", "", "{}")}},
        {.pieces = {FAKE_STATUS("503 Busy", "Retry-After: 0\r\n", "")}},
        {.pieces = {FAKE_STATUS("429 Too Many", "Retry-After: 0.3\r\n", "{}")}},
        {.pieces = {FAKE_EVENTS, ": nothing yet\n\n"}, .reset = true},
        {.pieces = {FAKE_EVENTS, "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":"
                    "\"assistant\"}}]}\n\n"}, .reset = true},
    };
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        FakeScript scripts[] = {first[i], FINE};
        Err err;
        LlmReply r;
        Heard h = {0};
        Fake *f = fake_start(scripts, 2);
        Llm *l = client(f->base, (LlmOptions){0});
        uint64_t start = clock_mono_ns();
        if (!chat(l, &h, &r, &err))
            fail_msg("row %zu: %s", i, err.msg);
        assert_str(r.text, "Hello.");
        assert_int_equal(r.tries, 2);
        if (i == 2)
            assert_true(clock_seconds_since(start) >= 0.3);
        buf_release(&h.got);
        llm_free(l);
        fake_stop(f);
    }
}

static void never_again_after_text(void **state)
{
    (void)state;
    FakeScript scripts[] = {{.pieces = {FAKE_EVENTS, FAKE_DELTA("Half an ")}, .reset = true}, FINE};
    Err err;
    LlmReply r;
    Heard h = {0};
    Fake *f = fake_start(scripts, 2);
    Llm *l = client(f->base, (LlmOptions){0});
    assert_false(chat(l, &h, &r, &err));
    assert_str(buf_str(&h.got), "Half an ");
    assert_int_equal(atomic_load(&f->connections), 1);
    buf_release(&h.got);
    llm_free(l);
    fake_stop(f);
}

static void three_tries_and_no_more(void **state)
{
    (void)state;
    FakeScript s = {.pieces = {FAKE_STATUS("500 Oops", "Retry-After: 0\r\n", "{}")}};
    Err err;
    LlmReply r;
    Fake *f = fake_start(&s, 1);
    Llm *l = client(f->base, (LlmOptions){0});
    assert_false(chat(l, NULL, &r, &err));
    assert_int_equal(atomic_load(&f->connections), 3);
    assert_non_null(strstr(err.msg, "status 500"));
    llm_free(l);
    fake_stop(f);
}

static void silence_and_slowness(void **state)
{
    (void)state;
    static const FakeScript silent[] = {
        {.hang = true},
        {.pieces = {FAKE_EVENTS}, .hang = true},
        {.pieces = {FAKE_EVENTS, FAKE_DELTA("Well")}, .hang = true},
    };
    for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
        Err err;
        LlmReply r;
        Heard h = {0};
        Fake *f = fake_start(&silent[i], 1);
        Llm *l = client(f->base, (LlmOptions){.silent_ms = 300});
        uint64_t start = clock_mono_ns();
        assert_err(chat(l, &h, &r, &err), err, ERR_TIMEOUT, "said nothing");
        assert_true(clock_seconds_since(start) < 5);
        buf_release(&h.got);
        llm_free(l);
        fake_stop(f);
    }
    /* It says something all the time, and never comes to an end. */
    FakeScript drip = {.pieces = {FAKE_EVENTS, FAKE_DELTA("a"), FAKE_DELTA("b"), FAKE_DELTA("c"),
                                  FAKE_DELTA("d"), FAKE_DELTA("e"), FAKE_DELTA("f"),
                                  FAKE_DELTA("g"), FAKE_DELTA("h")}, .pause_ms = 150,
                       .hang = true};
    Err err;
    LlmReply r;
    Heard h = {0};
    Fake *f = fake_start(&drip, 1);
    Llm *l = client(f->base, (LlmOptions){.total_ms = 600});
    assert_err(chat(l, &h, &r, &err), err, ERR_TIMEOUT, "in time");
    assert_true(h.pieces >= 1);
    buf_release(&h.got);
    llm_free(l);
    fake_stop(f);
}

static void *cancel_soon(void *arg)
{
    fake_pause(200);
    atomic_store(&((Heard *)arg)->cancel, true);
    return NULL;
}

static void cancelling_ends_the_request(void **state)
{
    (void)state;
    FakeScript s = {.pieces = {FAKE_EVENTS, FAKE_DELTA("Hel")}, .hang = true};
    Err err;
    LlmReply r;
    Heard h = {0};
    pthread_t t;
    Fake *f = fake_start(&s, 1);
    Llm *l = client(f->base, (LlmOptions){0});
    uint64_t start = clock_mono_ns();
    assert_int_equal(pthread_create(&t, NULL, cancel_soon, &h), 0);
    assert_err(chat(l, &h, &r, &err), err, ERR_CANCELLED, "nobody waits");
    assert_true(clock_seconds_since(start) < 5);
    pthread_join(t, NULL);
    buf_release(&h.got);
    Heard once = {.stop_after = 1}; /* who is given text may refuse more */
    assert_err(chat(l, &once, &r, &err), err, ERR_CANCELLED, "nobody waits");
    buf_release(&once.got);
    llm_stop(l);
    assert_err(chat(l, NULL, &r, &err), err, ERR_CANCELLED, "ending");
    llm_free(l);
    uint64_t until = clock_mono_ns() + 5000000000u;
    while (atomic_load(&f->gone) < 2 && clock_mono_ns() < until)
        fake_pause(10);
    assert_int_equal(atomic_load(&f->gone), 2); /* the server saw both leave */
    fake_stop(f);
}

/* ---- what a server does not know ------------------------------------------------------------- */

static void older_and_newer_servers(void **state)
{
    (void)state;
    static const struct {
        const char *refusal, *gone, *there;
    } rows[] = {
        {FAKE_STATUS("400 Bad", "", "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens'"
                     " is not supported with this model. Use 'max_completion_tokens' instead.\"}}"),
         "\"max_tokens\"", "\"max_completion_tokens\":100"},
        {FAKE_STATUS("400 Bad", "", "{\"error\":{\"message\":\"temperature must be 1\"}}"),
         "\"temperature\"", "\"stream\":true"},
        {FAKE_STATUS("422 No", "", "{\"detail\":\"stream_options: extra fields not permitted\"}"),
         "stream_options", "\"stream\":true"},
        {FAKE_STATUS("400 Bad", "", "{\"error\":{\"message\":\"tiny does not support tools\"}}"),
         "\"tools\"", "\"stream\":true"},
        {FAKE_STATUS("501 No", "", "{\"error\":{\"message\":\"streaming is not implemented\"}}"),
         "\"stream\":true", "\"stream\":false"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        FakeScript scripts[] = {{.pieces = {rows[i].refusal}}, FINE};
        Err err;
        LlmReply r;
        Heard h = {0};
        Fake *f = fake_start(scripts, 2);
        Llm *l = client(f->base, (LlmOptions){0});
        if (!chat(l, &h, &r, &err))
            fail_msg("row %zu: %s", i, err.msg);
        buf_release(&h.got);
        assert_true(chat(l, &h, &r, &err)); /* and it is not asked for again */
        buf_release(&h.got);
        assert_int_equal(atomic_load(&f->connections), 3);
        for (int k = 1; k < 3; k++) {
            if (strstr(f->requests[k], rows[i].gone) || !strstr(f->requests[k], rows[i].there))
                fail_msg("row %zu: %s", i, f->requests[k]);
        }
        llm_free(l);
        fake_stop(f);
    }
}

static void the_model_is_found(void **state)
{
    (void)state;
    static const struct {
        FakeScript list;
        const char *asks;
    } rows[] = {
        {{.pieces = {FAKE_JSON "{\"object\":\"list\",\"data\":[{\"id\":\"nomic-embed-text\"},"
                     "{\"id\":\"qwen3:4b\"},{\"id\":\"llama3\"}]}"}}, "\"model\":\"qwen3:4b\""},
        {{.pieces = {FAKE_STATUS("404 None", "", "")}}, "\"model\":\"default\""},
        {{.pieces = {FAKE_JSON "{\"data\":[]}"}}, "\"model\":\"default\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        FakeScript scripts[] = {rows[i].list, FINE};
        Err err;
        LlmReply r;
        Fake *f = fake_start(scripts, 2);
        Llm *l = client(f->base, (LlmOptions){.model = "auto", .api_key = "k"});
        assert_int_equal(llm_name(l, arena).len, 0);
        assert_true(chat(l, NULL, &r, &err) && chat(l, NULL, &r, &err));
        assert_int_equal(atomic_load(&f->connections), 3); /* it is asked for once */
        assert_non_null(strstr(f->requests[0], "GET /v1/models"));
        assert_non_null(strstr(f->requests[0], "Authorization: Bearer k"));
        assert_non_null(strstr(f->requests[1], rows[i].asks));
        assert_true(llm_name(l, arena).len > 0);
        llm_free(l);
        fake_stop(f);
    }
    FakeScript refused = {.pieces = {FAKE_STATUS("401 No", "", "{}")}};
    Err err;
    LlmReply r;
    Fake *f = fake_start(&refused, 1);
    Llm *l = client(f->base, (LlmOptions){.model = "auto"});
    assert_err(chat(l, NULL, &r, &err), err, ERR_UNAVAILABLE, "refuses the key");
    llm_free(l);
    fake_stop(f);
}

/* ---- budget, breaker, places ----------------------------------------------------------------- */

static void the_budget_holds_over_a_restart(void **state)
{
    (void)state;
    TempDir dir;
    Err err = ERR_INIT;
    LlmReply r;
    tempdir_make(&dir);
    Store *store = store_open_sqlite(&(StoreOptions){.dir = dir.path}, &err);
    assert_non_null(store);
    LlmOptions o = {.store = store, .owner = {{7}}, .day_tokens = 400};
    Fake *f = fake_start(&fine, 1);
    clock_set_ms(1795420800000);
    Heard h = {0};
    for (int day = 0; day < 2; day++) {
        int said = 0;
        for (;; said++) {
            Llm *l = client(f->base, o); /* as if the program had been started anew each time */
            bool ok = chat(l, &h, &r, &err);
            buf_release(&h.got);
            assert_int_equal(llm_ready(l), ok || said < 30);
            llm_free(l);
            if (!ok)
                break;
        }
        assert_err(false, err, ERR_RATE_LIMITED, "400 tokens");
        /* 13 tokens each, and room for a whole answer (about 145) must be left. */
        assert_true(said >= 15 && said <= 25);
        clock_set_ms(1795420800000 + 86400000LL);
    }
    fake_stop(f);
    store_close(store);
    tempdir_remove(&dir);
}

static void a_dead_server_is_left_alone(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening */
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    char base[64];
    snprintf(base, sizeof base, "http://127.0.0.1:%u/v1", ntohs(a.sin_port));
    Err err;
    LlmReply r;
    Llm *l = client(base, (LlmOptions){0});
    for (int i = 0; i < 3; i++) {
        assert_true(llm_ready(l));
        assert_err(chat(l, NULL, &r, &err), err, ERR_UNAVAILABLE, "cannot reach 127.0.0.1");
    }
    assert_false(llm_ready(l));
    assert_err(chat(l, NULL, &r, &err), err, ERR_UNAVAILABLE, "left alone");
    llm_free(l);
    close(fd);
}

static void *chat_thread(void *arg)
{
    Err err;
    LlmReply r;
    (void)chat(arg, NULL, &r, &err);
    return NULL;
}

static void one_more_than_there_is_room_for(void **state)
{
    (void)state;
    FakeScript s = {.hang = true};
    Err err;
    LlmReply r;
    pthread_t t;
    Fake *f = fake_start(&s, 1);
    Llm *l = client(f->base, (LlmOptions){.at_once = 1});
    assert_int_equal(pthread_create(&t, NULL, chat_thread, l), 0);
    while (atomic_load(&f->connections) == 0)
        fake_pause(5);
    assert_err(chat(l, NULL, &r, &err), err, ERR_UNAVAILABLE, "busy");
    llm_stop(l);
    pthread_join(t, NULL);
    llm_free(l);
    fake_stop(f);
}

static void addresses_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"ftp://x/v1", "", "http://", "http://me:pw@host/v1",
                                      "https://host/v1?key=1", "http://a b/v1", "host:8080"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Err err = ERR_INIT;
        assert_null(llm_new(&(LlmOptions){.base_url = bad[i]}, &err));
        assert_int_equal(err.code, ERR_VALIDATION);
    }
}

static void a_huge_answer_ends(void **state)
{
    (void)state;
    static char line[9000];
    memset(line, 'x', sizeof line - 1);
    FakeScript s = {.pieces = {FAKE_EVENTS "data: {\"choices\":[{\"delta\":{\"content\":\""}};
    for (size_t i = 1; i < FAKE_PIECES; i++)
        s.pieces[i] = line;
    static char big[2 << 20];
    memset(big, 'y', sizeof big - 1);
    s.pieces[1] = big;
    Err err;
    LlmReply r;
    Heard h = {0};
    Fake *f = fake_start(&s, 1);
    Llm *l = client(f->base, (LlmOptions){0});
    assert_err(chat(l, &h, &r, &err), err, ERR_TOO_LARGE, "a line of the stream");
    buf_release(&h.got);
    llm_free(l);
    fake_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_as_it_is_made),
        cmocka_unit_test(in_one_piece),
        cmocka_unit_test(tool_calls),
        cmocka_unit_test(what_fails_is_said),
        cmocka_unit_test(sent_again_while_nothing_was_shown),
        cmocka_unit_test(never_again_after_text),
        cmocka_unit_test(three_tries_and_no_more),
        cmocka_unit_test(silence_and_slowness),
        cmocka_unit_test(cancelling_ends_the_request),
        cmocka_unit_test(older_and_newer_servers),
        cmocka_unit_test(the_model_is_found),
        cmocka_unit_test(the_budget_holds_over_a_restart),
        cmocka_unit_test(a_dead_server_is_left_alone),
        cmocka_unit_test(one_more_than_there_is_room_for),
        cmocka_unit_test(addresses_that_are_none),
        cmocka_unit_test(a_huge_answer_ends),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
