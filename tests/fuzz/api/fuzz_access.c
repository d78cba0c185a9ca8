/* fuzz_access.c - Authorization and Cookie: nobody comes in but with the very token or session,
 * however it is dressed up.
 *
 * The input is the headers, a line each. The bytes 1, 2 and 3 stand for the text of a living token,
 * of an expired one, and of a session; 4 for the living one without its last character. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "base/clock.h"
#include "base/os.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define HEADERS 16

typedef struct {
    char folder[64];
    Store *store;
    Access *access;
    char secret[5][ACCESS_SECRET_MAX]; /* by the byte that stands for it */
} World;

static World world;

static void end(void)
{
    access_free(world.access);
    store_close(world.store);
    (void)os_remove_tree(world.folder, NULL);
}

static void begin(World *w)
{
    Err err = ERR_INIT;
    Credential made;
    Caller session;
    unsigned retry_s;
    const Uuid me = {{1}};
    (void)snprintf(w->folder, sizeof w->folder, "/tmp/sotto-fuzz-XXXXXX");
    REQUIRE(mkdtemp(w->folder));
    w->store = store_open_sqlite(&(StoreOptions){.dir = w->folder, .model = "test"}, &err);
    REQUIRE(w->store);
    w->access = access_new(&(AccessOptions){.store = w->store, .local = me,
                               .login = LOGIN_ALWAYS}, &err);
    REQUIRE(w->access);
    REQUIRE(atexit(end) == 0);
    int64_t now = clock_now_ms();
    HttpRequest from = {.host = STR("localhost")};
    Person *people;
    size_t n;
    Arena *a = arena_new(1 << 20);
    REQUIRE(a && access_people(w->access, a, &people, &n, &err) && n == 1);
    REQUIRE(access_person_password(w->access, &me, STR("correct horse"), NULL, &err));
    REQUIRE(access_sign_in(w->access, people[0].name, STR("correct horse"), &from, &session,
                           w->secret[3], &retry_s, &err));
    REQUIRE(access_token_add(w->access, &me, STR("a"), SCOPE_READ, 0, &made, w->secret[1], &err));
    REQUIRE(access_token_add(w->access, &me, STR("b"), SCOPE_TOKENS, now + 60000, &made,
                             w->secret[2], &err));
    clock_set_ms(now + 120000);
    memcpy(w->secret[4], w->secret[1], ACCESS_SECRET_MAX);
    w->secret[4][strlen(w->secret[4]) - 1] = '\0';
    arena_free(a);
}

/* The headers as they are sent; the stand-ins replaced. */
static size_t dress(Str text, Buf *out, HttpHeader *headers)
{
    size_t n = 0, at[HEADERS][4];
    for (size_t i = 0; i < text.len && n < HEADERS;) {
        at[n][0] = out->len;
        at[n][1] = at[n][2] = 0;
        for (; i < text.len && text.ptr[i] != '\n'; i++) {
            unsigned char c = (unsigned char)text.ptr[i];
            if (c == ':' && !at[n][1])
                at[n][1] = out->len;
            if (c >= 1 && c <= 4)
                buf_add(out, str_of(world.secret[c]));
            else
                buf_add_char(out, (char)c);
        }
        i++;
        at[n][3] = out->len;
        n += at[n][1] != 0;
    }
    for (size_t i = 0; i < n; i++) {
        headers[i].name = str_mem(out->ptr + at[i][0], at[i][1] - at[i][0]);
        headers[i].value = str_trim(str_mem(out->ptr + at[i][1] + 1, at[i][3] - at[i][1] - 1));
    }
    return n;
}

static bool holds(const HttpHeader *h, size_t n, const char *name, const char *secret)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(h[i].name, str_of(name)) &&
            str_find(h[i].value, str_of(secret), 0) != SIZE_MAX)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HttpHeader headers[HEADERS];
    Caller caller = {.kind = CALLER_NOBODY};
    Err err = ERR_INIT;
    unsigned retry_s = 0;
    Buf text;
    if (!world.access)
        begin(&world);
    buf_init(&text, 1 << 24);
    size_t n = dress(str_mem((const char *)data, size), &text, headers);
    REQUIRE(buf_ok(&text));
    HttpRequest req = {.method = STR("GET"), .path = STR("/"), .host = STR("localhost"),
                       .headers = headers, .header_count = n};
    if (access_check(world.access, &req, &caller, &retry_s, &err)) {
        REQUIRE(caller.kind != CALLER_LOCAL);
        if (caller.kind == CALLER_NOBODY) {
            REQUIRE(caller.scopes == 0);
        } else if (caller.kind == CALLER_TOKEN) {
            REQUIRE(holds(headers, n, "Authorization", world.secret[1]));
            REQUIRE(caller.scopes == SCOPE_READ);
        } else {
            REQUIRE(holds(headers, n, "Cookie", world.secret[3]));
        }
    } else {
        REQUIRE(err.code == ERR_UNAUTHORIZED || err.code == ERR_RATE_LIMITED);
        REQUIRE(caller.kind == CALLER_NOBODY);
    }
    buf_release(&text);
    return 0;
}
