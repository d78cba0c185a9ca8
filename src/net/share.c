#include "net/share.h"

#include "base/clock.h"
#include "base/fair.h"
#include "base/mem.h"
#include "net/conn.h"

#define LANE_SETS 2048u
#define LANE_WAYS 8u
#define LONG_NS 100000u /* for one connection: perhaps the thread was put to sleep meanwhile */
#define TURN_NS 250000u       /* of one iteration; the posts have as much */
#define COSTLY_NS 2000000u    /* of a connection while it did not pause (base/fair.h) */
#define LANE_TENTHS 3u   /* of the loop for an address, while others want it, too */
#define COSTLY_TENTHS 2u /* and for its costly connections */
#define REST_TENTHS 4u /* of the loop for all but the calm together, while those want it */
#define REST_TENTHS_ALONE 6u /* where all are of one address */
#define REST_DEBT_NS 200000000u
#define HEAVY_NS 20000000u /* of the loop, in which it did not pause: an address's that floods */
#define FRESH_MS 1000 /* so long a connection is new */
#define LANE_BURST_NS 5000000u
#define LANE_CLOSED_NS 50000000u /* so deep in debt an address opens no connection */
#define LATER_MS 2
#define CONTENDED_MS 2000

/* Who is served first: connections that have been there for a while and are not much work; new
 * ones; those that cost much. How long one had to wait says nothing here: on a machine that gives
 * us little, whoever waited would wait for ever. */
typedef enum { CALM, FRESH, COSTLY, CLASSES } Class;

typedef struct {
    Conn *first, **last;
} Line;

typedef struct Lane Lane;
struct Lane {
    Line lines[CLASSES];
    Lane *next[CLASSES];    /* of those where somebody of that class waits */
    bool waiting[CLASSES];
    FairPlace had;          /* of the loop; waiting: its connections in the lines */
    uint64_t served_ns;
    uint64_t debt_ns, costly_debt_ns, debt_at; /* what all and the costly had past their parts */
    unsigned connections;   /* that have wanted something; the lane is theirs until they close */
};

struct Share {
    Loop *loop;
    LoopTimers *timers;
    LoopTimer later;
    Lane *lists[CLASSES];
    uint64_t cpu_ns;      /* of the thread, when it was looked at last; 0: not in this turn */
    uint64_t calm_ms;     /* when a calm one wanted something last */
    uint64_t rest_debt_ns, rest_debt_at; /* what all but the calm together had past their part */
    uint64_t last;        /* who was seen last, and when somebody else was */
    uint64_t mixed_ms;
    Lane lanes[LANE_SETS][LANE_WAYS];
};

bool share_contended(const Share *s)
{
    return s->mixed_ms && loop_now_ms(s->loop) - s->mixed_ms < CONTENDED_MS;
}

static void on_later(LoopTimer *t)
{
    (void)t; /* the iteration that this began serves */
}

Share *share_new(Loop *loop, LoopTimers *timers)
{
    Share *s = mem_zalloc(sizeof *s);
    if (!s)
        return NULL;
    s->loop = loop;
    s->timers = timers;
    s->later.fn = on_later;
    return s;
}

void share_free(Share *s)
{
    mem_free(s);
}

bool conn_is_costly(Conn *c)
{
    return fair_used_by(&c->had, loop_now_ms(c->server->loop)) > COSTLY_NS;
}

static void put(Line *line, Conn *c)
{
    if (!line->first)
        line->last = &line->first;
    c->next_ready = NULL;
    *line->last = c;
    line->last = &c->next_ready;
}

static Conn *get(Lane *lane, Class class, uint64_t now_ms)
{
    Line *line = &lane->lines[class];
    Conn *c = line->first;
    line->first = c->next_ready;
    c->ready = false;
    fair_run(&c->had, now_ms);
    fair_done(&c->had, 0, now_ms);
    fair_run(&lane->had, now_ms);
    fair_done(&lane->had, 0, now_ms);
    return c;
}

static Class class_of(Conn *c, uint64_t now_ms)
{
    return conn_is_costly(c) ? COSTLY : now_ms - c->opened_ms < FRESH_MS ? FRESH : CALM;
}

static bool is_waiting(const Lane *lane)
{
    return lane->waiting[CALM] || lane->waiting[FRESH] || lane->waiting[COSTLY];
}

/* The address's own; when eight others of its set have connections, it shares the first one's. */
static Lane *lane_of(Share *s, uint64_t address)
{
    Lane *set = s->lanes[address % LANE_SETS], *least = NULL;
    for (unsigned i = 0; i < LANE_WAYS; i++) {
        Lane *lane = &set[i];
        if (lane->had.key == address && lane->debt_at)
            return lane;
        if (!lane->connections && !is_waiting(lane) &&
            (!least || lane->had.used_ns < least->had.used_ns))
            least = lane;
    }
    if (!least)
        return set;
    *least = (Lane){.had.key = address, .debt_at = clock_mono_ns()};
    return least;
}

static bool is_heavy(Lane *lane, uint64_t now_ms)
{
    return fair_used_by(&lane->had, now_ms) > HEAVY_NS;
}

void share_add(Share *s, Conn *c)
{
    if (c->ready)
        return;
    uint64_t now_ms = loop_now_ms(s->loop);
    Lane *lane = c->lane ? c->lane : lane_of(s, c->address);
    if (!c->lane && !c->dead) {
        c->lane = lane;
        lane->connections++;
    }
    Class class = class_of(c, now_ms);
    c->ready = true;
    put(&lane->lines[class], c);
    fair_wait(&c->had, now_ms);
    fair_wait(&lane->had, now_ms);
    if (!lane->waiting[class]) {
        lane->waiting[class] = true;
        lane->next[class] = s->lists[class];
        s->lists[class] = lane;
    }
    if (class == CALM)
        s->calm_ms = now_ms;
    if (c->address != s->last) {
        if (s->last)
            s->mixed_ms = now_ms;
        s->last = c->address;
    }
}

void share_leave(Conn *c)
{
    if (c->lane)
        c->lane->connections--;
    c->lane = NULL;
}

static void pay(uint64_t *debt, uint64_t since_ns, unsigned tenths)
{
    uint64_t paid = since_ns / 10 * tenths;
    *debt = *debt > paid ? *debt - paid : 0;
}

static void pay_off(Lane *lane, uint64_t now_ns)
{
    uint64_t since = now_ns > lane->debt_at ? now_ns - lane->debt_at : 0;
    pay(&lane->debt_ns, since, LANE_TENTHS);
    pay(&lane->costly_debt_ns, since, COSTLY_TENTHS);
    lane->debt_at = now_ns;
}

/* What all but the calm together have had past their part. */
static uint64_t rest_debt(Share *s, uint64_t now_ns)
{
    uint64_t since = now_ns > s->rest_debt_at ? now_ns - s->rest_debt_at : 0;
    pay(&s->rest_debt_ns, since, share_contended(s) ? REST_TENTHS : REST_TENTHS_ALONE);
    s->rest_debt_at = now_ns;
    return s->rest_debt_ns;
}

/* Whether those of that class must wait for others, who are calm. */
static bool rest_waits(Share *s, Class class, uint64_t now_ns)
{
    return class != CALM && s->calm_ms &&
           loop_now_ms(s->loop) - s->calm_ms < CONTENDED_MS &&
           rest_debt(s, now_ns) > LANE_BURST_NS;
}

/* Whether those of the lane and the class must wait. */
static bool in_debt(Lane *lane, Class class, uint64_t now_ns)
{
    pay_off(lane, now_ns);
    return class != CALM && (lane->debt_ns > LANE_BURST_NS ||
                             (class == COSTLY && lane->costly_debt_ns > LANE_BURST_NS));
}

static void charge(Share *s, Lane *lane, Class class, uint64_t ns, uint64_t now_ns)
{
    pay_off(lane, now_ns);
    lane->debt_ns += ns;
    lane->costly_debt_ns += class == COSTLY ? ns : 0;
    fair_add(&lane->had, ns, now_ns / 1000000);
    if (class == CALM)
        return;
    s->rest_debt_ns = rest_debt(s, now_ns) + ns;
    if (s->rest_debt_ns > REST_DEBT_NS)
        s->rest_debt_ns = REST_DEBT_NS;
}

void share_charge(Share *s, uint64_t address, uint64_t ns)
{
    charge(s, lane_of(s, address), FRESH, ns, clock_mono_ns());
}

bool share_may_open(Share *s, uint64_t address)
{
    Lane *lane = lane_of(s, address);
    uint64_t now_ns = clock_mono_ns();
    pay_off(lane, now_ns);
    if (!share_contended(s))
        return true;
    return lane->debt_ns <= LANE_CLOSED_NS &&
           (!is_heavy(lane, now_ns / 1000000) || rest_debt(s, now_ns) <= LANE_CLOSED_NS);
}

/* Of the lanes where somebody of that class may be served, the one that has had least, and of
 * equals the one that was served longest ago. Empty ones are taken out of the list. */
static Lane *least(Share *s, Class class, uint64_t now_ns, bool *held_back)
{
    Lane *best = NULL;
    uint64_t best_used = 0, now_ms = now_ns / 1000000;
    bool contended = share_contended(s);
    for (Lane **at = &s->lists[class]; *at;) {
        Lane *lane = *at;
        if (!lane->lines[class].first) {
            lane->waiting[class] = false;
            *at = lane->next[class];
            continue;
        }
        at = &lane->next[class];
        if (contended && in_debt(lane, class, now_ns)) {
            *held_back = true;
            continue;
        }
        uint64_t used = fair_used_by(&lane->had, now_ms);
        if (!best || used < best_used ||
            (used == best_used && lane->served_ns < best->served_ns)) {
            best = lane;
            best_used = used;
        }
    }
    return best;
}

/* Of what a connection took, as the wall clock says, that in which the thread ran: on a busy
 * machine it may sleep for a hundred times as long, and nobody is to pay for that. The processor's
 * clock is a system call: it is asked only where it matters. */
static uint64_t really(Share *s, uint64_t took)
{
    if (took < LONG_NS || !s->cpu_ns)
        return took;
    uint64_t now = clock_thread_ns(), ran = now - s->cpu_ns;
    s->cpu_ns = now;
    return ran < took ? ran : took;
}

static uint64_t serve_one(Share *s, Lane *lane, Class class, uint64_t start)
{
    Conn *c = get(lane, class, start / 1000000);
    conn_resume(c);
    uint64_t now = clock_mono_ns(), took = really(s, now - start);
    fair_add(&c->had, took, now / 1000000); /* it is freed at the end of the iteration only */
    charge(s, lane, class, took, now);
    lane->served_ns = now;
    return now;
}

void share_serve(Share *s)
{
    uint64_t start = clock_mono_ns(), now = start;
    bool held_back = false, rest = false;
    s->cpu_ns = share_contended(s) ? clock_thread_ns() : 0;
    for (Class class = CALM; class < CLASSES && now - start < TURN_NS;) {
        Lane *lane = NULL;
        if (s->lists[class] && rest_waits(s, class, now))
            held_back = true;
        else if (s->lists[class])
            lane = least(s, class, now, &held_back);
        if (lane)
            now = serve_one(s, lane, class, now);
        /* What was served may have made a calm one want something: they have gone before. */
        class = lane ? (s->lists[CALM] && class != CALM ? CALM : class) : class + 1;
    }
    rest = s->lists[CALM] || s->lists[FRESH] || s->lists[COSTLY];
    if (rest && now - start >= TURN_NS)
        loop_again(s->loop);
    else if (rest && held_back && !loop_timer_running(&s->later))
        loop_timer_at(s->loop, s->timers, &s->later, LATER_MS);
}

void share_drop(Share *s)
{
    for (Class class = CALM; class < CLASSES; class++)
        for (Lane *lane; (lane = s->lists[class]);) {
            while (lane->lines[class].first)
                (void)get(lane, class, loop_now_ms(s->loop));
            s->lists[class] = lane->next[class];
            lane->waiting[class] = false;
        }
    loop_timer_stop(&s->later);
}
