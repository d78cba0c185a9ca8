/* work_pick.c - whose job is next, and who waits for the others' sake (work.h). */
#include "base/clock.h"
#include "base/work_int.h"

#define LITTLE_US 1000 /* of processor: less is as good as none */
#define MUCH_NS 1000000000u /* of processor, halved every idle second */
#define CALM_MS 2000

/* What the jobs that wait are compared by; the address's part is looked up once, because a flood's
 * come in rows. */
typedef struct {
    uint64_t now_ns, now_ms;
    const FairPlace *address;
    bool contended, from_many; /* from_many: those who press are a flood together */
    bool address_presses, full;
    uint64_t address_used, used;
    bool floods; /* from here on the job's */
    unsigned rank;
    uint64_t weight;
} Look;

/* A flood has its part of the processors and leaves some workers to the others. */
static bool flood_waits(Work *w, const Look *k)
{
    unsigned most = w->threads > 2 ? w->threads / 2 : w->threads - 1;
    if (w->threads > 1 && w->flooding >= most)
        return true;
    uint64_t owes = fair_owes(&w->floods, WORK_FLOODS, k->now_ns);
    if (owes && (!w->pay_ns || owes < w->pay_ns))
        w->pay_ns = owes;
    return owes > 0;
}

/* While others want something, too, one address leaves a worker free; half of them when it has
 * lately kept one busy. */
static void look_at_address(const Work *w, Look *k, FairPlace *p)
{
    k->address = p;
    k->address_presses = fair_pressing(p, k->now_ms);
    uint64_t used = k->address_used = fair_used_by(p, k->now_ms);
    /* Who has nine waiting comes after who has one and has used eight times as much: many addresses
     * that flood a little each would else come before a person who asks now and then. */
    unsigned waiting = p->waiting > WORK_FLOOD_JOBS ? WORK_FLOOD_JOBS + 1 : p->waiting;
    k->used = (used / 1000 + LITTLE_US) * waiting;
    unsigned most = used > MUCH_NS && w->threads > 2 ? w->threads / 2 : w->threads - 1;
    k->full = k->contended && w->threads > 1 && p->running >= most;
}

/* Of a connection that is new nobody knows: its address has to answer for it. */
static bool presses(const Job *job, uint64_t now_ms)
{
    return fair_pressing(fair_is_new(job->connection, now_ms) ? job->address : job->connection,
                         now_ms);
}

/* False: the job must wait for others. */
static bool look_at(Work *w, Look *k, const Job *job)
{
    k->floods = false;
    k->rank = 0;
    k->weight = 0;
    if (!job->address) {
        k->address = NULL;
        return true;
    }
    if (job->address != k->address)
        look_at_address(w, k, job->address);
    bool press = presses(job, k->now_ms);
    k->rank = press + !job->known;
    bool new = fair_is_new(job->connection, k->now_ms);
    uint64_t own = fair_used_by(job->connection, k->now_ms) + (new ? k->address_used : 0);
    k->weight = k->used * (own / 1000 + LITTLE_US);
    k->floods = (k->contended && job->address->waiting > WORK_FLOOD_JOBS) ||
                (press && k->from_many);
    return !k->full && !(k->floods && flood_waits(w, k));
}

/* What the address has used times what the connection has: neither many connections that ask a
 * little each nor many addresses with one busy connection each get before somebody who asks now and
 * then. */
static bool goes_before(const Look *k, const Look *best)
{
    if (k->rank != best->rank)
        return k->rank < best->rank;
    return k->weight < best->weight;
}

/* Those who press are one flood, when they are many and somebody asks who does not: of another
 * address, or on a connection that has been there before. */
static bool count_pressing(Work *w, const Queue *q, bool contended, uint64_t now_ms)
{
    size_t pressing = 0;
    for (const Job *job = q->first; job; job = job->next) {
        if (job->address && presses(job, now_ms))
            pressing++;
        else if (job->address && (contended || !fair_is_new(job->connection, now_ms)))
            w->calm_ms = now_ms;
    }
    return pressing > WORK_FLOOD_JOBS && w->calm_ms && now_ms - w->calm_ms < CALM_MS;
}

/* Where the job of the least served is linked; NULL when none may run. */
Job **work_least_served(Work *w, Queue *q, bool bulk, bool *floods)
{
    Look k = {.now_ns = clock_mono_ns()}, least = {.rank = 0};
    k.now_ms = k.now_ns / 1000000;
    k.contended = !bulk && fair_contended(&w->addresses, k.now_ms);
    k.from_many = !bulk && count_pressing(w, q, k.contended, k.now_ms);
    Job **best = NULL;
    for (Job **at = &q->first; *at; at = &(*at)->next) {
        if (!look_at(w, &k, *at) || (best && !goes_before(&k, &least)))
            continue;
        best = at;
        least = k;
        if (!(*at)->address)
            break; /* the program itself */
    }
    *floods = best && least.floods;
    return best;
}

/* Whether the address has so many waiting that it leaves too little to the others: three times what
 * is free, so that one alone has three quarters of a queue at most, and many leave some room for
 * whoever has nothing in it (Choudhury and Hahne, dynamic thresholds, 1998). Of one that presses a
 * quarter of what is free. */
bool work_has_too_many(Work *w, const Queue *q, FairPlace *p, uint64_t now_ms)
{
    size_t room = w->queue_max - q->count;
    size_t most = fair_pressing(p, now_ms) ? room / 4 + 1 : room * 3;
    return fair_contended(&w->addresses, now_ms) && p->waiting >= most;
}
