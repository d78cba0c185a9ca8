/* team.c - see team.h. */
#include "base/team.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

#define SPINS 4000    /* some tens of microseconds, longer than most steps */
#define YIELDS 4      /* then a few offers of the processor to whoever else waits, then sleep */

struct Team {
    unsigned members, started;
    unsigned active; /* members of this run: all, or 1 */
    pthread_t threads[TEAM_MAX];
    TeamFn fn;
    void *arg;
    _Atomic uint32_t turn; /* counts runs */
    _Atomic uint32_t at_gate, gate; /* barrier: how many are there, and its generation */
    _Atomic uint32_t sleepers, stalls;
    _Atomic bool quit;
};

typedef struct {
    Team *team;
    unsigned member;
} Start;

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Returns when *word is no longer `old`. */
static void wait_change(Team *t, _Atomic uint32_t *word, uint32_t old, bool inside)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(word, memory_order_acquire) != old)
            return;
        pause_cpu();
    }
    if (inside)
        atomic_fetch_add_explicit(&t->stalls, 1, memory_order_relaxed);
    for (int i = 0; i < YIELDS; i++) {
        if (atomic_load_explicit(word, memory_order_acquire) != old)
            return;
        sched_yield();
    }
    atomic_fetch_add(&t->sleepers, 1);
    while (atomic_load(word) == old)
        syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
    atomic_fetch_sub(&t->sleepers, 1);
}

static void change(Team *t, _Atomic uint32_t *word)
{
    atomic_fetch_add(word, 1);
    if (atomic_load(&t->sleepers))
        syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE_PRIVATE, TEAM_MAX, NULL, NULL, 0);
}

void team_barrier(Team *t)
{
    if (t->active == 1)
        return;
    uint32_t gate = atomic_load(&t->gate);
    if (atomic_fetch_add(&t->at_gate, 1) + 1 == t->members) {
        atomic_store(&t->at_gate, 0);
        change(t, &t->gate);
    } else {
        wait_change(t, &t->gate, gate, true);
    }
}

static void *helper(void *arg)
{
    Start start = *(Start *)arg;
    Team *t = start.team;
    mem_free(arg);
    uint32_t turn = 0;
    for (;;) {
        wait_change(t, &t->turn, turn, false);
        turn++;
        if (atomic_load(&t->quit))
            return NULL;
        t->fn(t->arg, start.member, t->members);
        team_barrier(t);
    }
}

/* Signals are the main thread's business. */
static bool start_helper(Team *t, unsigned member)
{
    Start *start = mem_alloc(sizeof *start);
    if (!start)
        return false;
    *start = (Start){t, member};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&t->threads[member], NULL, helper, start) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!ok)
        mem_free(start);
    return ok;
}

Team *team_new(unsigned members, Err *err)
{
    if (members < 1 || members > TEAM_MAX) {
        err_set(err, ERR_VALIDATION, "a team has 1 to %d members, not %u", TEAM_MAX, members);
        return NULL;
    }
    Team *t = mem_zalloc(sizeof *t);
    if (!t) {
        err_set(err, ERR_NO_MEMORY, "no memory for a team of threads");
        return NULL;
    }
    t->members = members;
    for (t->started = 1; t->started < members; t->started++) {
        if (!start_helper(t, t->started)) {
            team_free(t);
            err_set(err, ERR_NO_MEMORY, "no helper thread could be started");
            return NULL;
        }
    }
    return t;
}

void team_free(Team *t)
{
    if (!t)
        return;
    atomic_store(&t->quit, true);
    change(t, &t->turn);
    for (unsigned i = 1; i < t->started; i++)
        pthread_join(t->threads[i], NULL);
    mem_free(t);
}

unsigned team_members(const Team *t)
{
    return t->members;
}

void team_run(Team *t, TeamFn fn, void *arg)
{
    t->fn = fn;
    t->arg = arg;
    t->active = t->members;
    if (t->members > 1)
        change(t, &t->turn);
    fn(arg, 0, t->members);
    team_barrier(t);
}

void team_run_alone(Team *t, TeamFn fn, void *arg)
{
    t->active = 1;
    fn(arg, 0, 1);
}

unsigned team_stalls(const Team *t)
{
    return atomic_load_explicit(&t->stalls, memory_order_relaxed);
}
