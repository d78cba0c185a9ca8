/* talk_kill.c - what was said and answered survives kill -9, whole.
 *
 *   talk_kill [rounds]     20 unless said otherwise; 200 with SOTTO_TORTURE=full
 *
 * A child opens the store and, in three threads, says turn after turn in a conversation of the
 * thread's own and tells a new fact about one subject, so that each takes the place of the one
 * before; after each call it tells the parent. The parent kills it at a random moment, opens the
 * store and checks:
 *
 *   - every acknowledged turn is there, both messages, and the state of the last one;
 *   - of an unacknowledged turn both messages are there, or none;
 *   - of each subject exactly one fact holds, the last acknowledged or the one under way, and all
 *     before it are its history;
 *   - the store's own checks find no fault.
 *
 * The same folder goes through all rounds. Exit status 0, or 1 with what was wrong. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "store/talk.h"
#include "support/store_fixture.h"

enum { THREADS = 3 };

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        fprintf(stderr, "talk_kill: " __VA_ARGS__);                                                \
        fputc('\n', stderr);                                                                       \
        exit(1);                                                                                   \
    } while (0)

static Uuid owner_id(void)
{
    return fx_uuid(77777);
}

/* ---- the child ------------------------------------------------------------------------------- */

typedef struct {
    Store *s;
    int out;
    uint64_t thread, turns, facts; /* acknowledged so far */
} Talker;

static bool say(const Talker *t, Err *err)
{
    char said[40], state[40];
    Uuid owner = owner_id();
    (void)snprintf(said, sizeof said, "%d says %llu", (int)t->thread,
        (unsigned long long)t->turns + 1);
    (void)snprintf(state, sizeof state, "{\"turn\":%llu}", (unsigned long long)t->turns + 1);
    TalkMessage m[2] = {{.role = TALK_PERSON, .text = str_of(said), .at = 1},
        {.role = TALK_ASSISTANT, .text = str_of(said), .at = 1}};
    TalkTurn turn = {.session = fx_uuid(t->thread), .title = STR("talk"),
        .state_json = str_of(state), .messages = m, .n_messages = 2, .at = 1,
        .expected = 2 * t->turns};
    return uuid_v7(&m[0].id, err) && uuid_v7(&m[1].id, err)
        && store_talk_turn(t->s, &owner, &turn, err);
}

static bool tell(const Talker *t, Err *err)
{
    char subject[20], value[24];
    Uuid owner = owner_id(), replaced;
    (void)snprintf(subject, sizeof subject, "subject %d", (int)t->thread);
    (void)snprintf(value, sizeof value, "%llu", (unsigned long long)t->facts + 1);
    Fact f = {.text = str_of(value), .subject = str_of(subject), .value = str_of(value),
        .created_at = 1, .updated_at = 1};
    if (!uuid_v7(&f.id, err) || !store_fact_put(t->s, &owner, &f, &replaced, err))
        return false;
    return uuid_is_nil(&replaced) == (t->facts == 0)
        || err_set(err, ERR_INTERNAL, "a fact did not take the place of the one before");
}

/* One write(2) below PIPE_BUF: whole or not at all. */
static void acknowledge(const Talker *t, char what, uint64_t n)
{
    char line[64];
    int len = snprintf(line, sizeof line, "%c %d %llu\n", what, (int)t->thread,
        (unsigned long long)n);
    if (write(t->out, line, (size_t)len) != len)
        _exit(3);
}

static void *talk(void *arg)
{
    Talker *t = arg;
    for (;;) {
        Err err = ERR_INIT;
        if (!say(t, &err))
            FAIL("turn: %s", err.msg);
        acknowledge(t, 't', ++t->turns);
        if (!tell(t, &err))
            FAIL("fact: %s", err.msg);
        acknowledge(t, 'f', ++t->facts);
    }
    return NULL;
}

/* argv: --child DIR OUT, then turns and facts of every thread. */
static int child_main(char **argv)
{
    Err err = ERR_INIT;
    Talker talkers[THREADS];
    pthread_t threads[THREADS];
    Store *s = store_open_sqlite(&(StoreOptions){.dir = argv[2], .model = FX_MODEL}, &err);
    if (!s)
        FAIL("child: %s", err.msg);
    for (uint64_t i = 0; i < THREADS; i++) {
        talkers[i] = (Talker){s, (int)strtol(argv[3], NULL, 10), i,
            strtoull(argv[4 + 2 * i], NULL, 10), strtoull(argv[5 + 2 * i], NULL, 10)};
        if (pthread_create(&threads[i], NULL, talk, &talkers[i]))
            FAIL("no thread");
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 1;
}

/* ---- the parent ------------------------------------------------------------------------------ */

static uint64_t turns[THREADS], facts[THREADS];

static unsigned long learn(FILE *from)
{
    char what;
    int thread;
    unsigned long long n;
    unsigned long acked = 0;
    while (fscanf(from, "%c %d %llu\n", &what, &thread, &n) == 3) {
        *(what == 't' ? &turns[thread % THREADS] : &facts[thread % THREADS]) = n;
        acked++;
    }
    return acked;
}

static void check_session(Store *s, uint64_t thread, Arena *a)
{
    Uuid owner = owner_id(), id = fx_uuid(thread);
    TalkSession t = {.n_messages = 0};
    TalkMessagePage page;
    Err err = ERR_INIT;
    char want[40];
    if (!store_talk_session(s, &owner, &id, a, &t, &err) && err.code != ERR_NOT_FOUND)
        FAIL("session: %s", err.msg);
    uint64_t n = t.n_messages / 2;
    if (t.n_messages % 2 || (n != turns[thread] && n != turns[thread] + 1))
        FAIL("%d messages after %d turns", (int)t.n_messages, (int)turns[thread]);
    turns[thread] = n;
    if (n == 0)
        return;
    (void)snprintf(want, sizeof want, "{\"turn\":%llu}", (unsigned long long)n);
    if (!str_eq(t.state_json, str_of(want)))
        FAIL("the state is " STR_FMT " after %d turns", STR_ARG(t.state_json), (int)n);
    if (!store_talk_messages(s, &owner, &id, 1000, STR(""), a, &page, &err))
        FAIL("messages: %s", err.msg);
    if (page.total != 2 * n)
        FAIL("%d messages instead of %d", (int)page.total, (int)(2 * n));
    for (size_t i = 0; i < page.n; i++) {
        (void)snprintf(want, sizeof want, "%d says %llu", (int)thread,
            (unsigned long long)(page.items[i].no + 1) / 2);
        if (!str_eq(page.items[i].text, str_of(want)))
            FAIL("message %d is \"" STR_FMT "\"", (int)page.items[i].no,
                STR_ARG(page.items[i].text));
    }
}

static void check_facts(Store *s, uint64_t thread, Arena *a)
{
    Uuid owner = owner_id();
    char subject[20], want[24];
    FactPage now, all;
    Err err = ERR_INIT;
    (void)snprintf(subject, sizeof subject, "subject %d", (int)thread);
    FactQuery q = {.subject = str_of(subject), .limit = 10};
    if (!store_fact_list(s, &owner, &q, a, &now, &err))
        FAIL("facts: %s", err.msg);
    q.ended = true;
    if (!store_fact_list(s, &owner, &q, a, &all, &err))
        FAIL("facts: %s", err.msg);
    if (all.total != facts[thread] && all.total != facts[thread] + 1)
        FAIL("%d facts after %d were told", (int)all.total, (int)facts[thread]);
    facts[thread] = all.total;
    if (now.total != (all.total > 0))
        FAIL("%d facts hold of one subject", (int)now.total);
    (void)snprintf(want, sizeof want, "%llu", (unsigned long long)all.total);
    if (now.n && !str_eq(now.items[0].value, str_of(want)))
        FAIL("fact " STR_FMT " holds, not %s", STR_ARG(now.items[0].value), want);
}

static void check_all(const char *dir)
{
    Err err = ERR_INIT;
    Buf report;
    Store *s = store_open_sqlite(&(StoreOptions){.dir = dir, .model = FX_MODEL}, &err);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!s || !a)
        FAIL("open after the kill: %s", err.msg);
    for (uint64_t i = 0; i < THREADS; i++) {
        check_session(s, i, a);
        check_facts(s, i, a);
    }
    buf_init(&report, 1 << 20);
    if (!store_check(s, false, &report, &err))
        FAIL("check: %s\n" STR_FMT, err.msg, STR_ARG(buf_str(&report)));
    buf_release(&report);
    arena_free(a);
    store_close(s);
}

/* Runs a child until a random moment after its first acknowledgement, however slow the machine;
 * in one round of four counted from its start, so that some deaths fall into opening. */
static unsigned long one_kill(char *self, char *dir, uint64_t *seed)
{
    int fds[2];
    char text[1 + 2 * THREADS][24];
    char *argv[5 + 2 * THREADS] = {self, (char *)"--child", dir, text[0]};
    if (pipe(fds))
        FAIL("pipe: %s", strerrorname_np(errno));
    (void)snprintf(text[0], sizeof text[0], "%d", fds[1]);
    for (int i = 0; i < 2 * THREADS; i++) {
        (void)snprintf(text[1 + i], sizeof text[0], "%llu",
            (unsigned long long)(i % 2 ? facts[i / 2] : turns[i / 2]));
        argv[4 + i] = text[1 + i];
    }
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    close(fds[1]);
    if (fx_next(seed) % 4)
        (void)poll(&(struct pollfd){.fd = fds[0], .events = POLLIN}, 1, 60000);
    nanosleep(&(struct timespec){0, (long)(fx_next(seed) % 200000) * 1000}, NULL);
    kill(child, SIGKILL);
    FILE *from = fdopen(fds[0], "r");
    if (!from)
        FAIL("fdopen failed");
    unsigned long acked = learn(from);
    fclose(from);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        FAIL("the child ended by itself, status %d", status);
    return acked;
}

int main(int argc, char **argv)
{
    if (argc == 4 + 2 * THREADS && strcmp(argv[1], "--child") == 0)
        return child_main(argv);
    const char *mode = getenv("SOTTO_TORTURE");
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10)
        : mode && strcmp(mode, "full") == 0 ? 200 : 20;
    char dir[] = "/tmp/sotto-talk-kill-XXXXXX";
    if (!rounds || !mkdtemp(dir))
        FAIL("usage: talk_kill [rounds]");
    uint64_t seed = (uint64_t)time(NULL) * 1000 + (uint64_t)getpid() % 1000;
    printf("talk_kill: seed %llu, %lu rounds in %s\n", (unsigned long long)seed, rounds, dir);
    unsigned long acked = 0, with_acks = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        unsigned long now = one_kill(argv[0], dir, &seed);
        check_all(dir);
        acked += now;
        with_acks += now > 0;
    }
    if (!acked || with_acks * 2 < rounds)
        FAIL("too few calls were acknowledged before the kills (%lu in %lu rounds)", acked,
            with_acks);
    printf("talk_kill: %lu kills, %lu acknowledged calls, none lost\n", rounds, acked);
    Err err = ERR_INIT;
    if (!os_remove_tree(dir, &err))
        FAIL("%s", err.msg);
    return 0;
}
