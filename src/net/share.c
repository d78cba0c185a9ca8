#include "net/share.h"

#include "base/clock.h"
#include "base/fair.h"
#include "base/mem.h"
#include "net/conn.h"

#define LANE_SETS 2048u
#define LANE_WAYS 8u
#define LONG_NS 100000u /* for one connection: perhaps the thread was put to sleep meanwhile */
#define TURN_NS 250000u       /* of one iteration; the posts have as much */
#define COSTLY_NS 2000000u    /* of a connection within about a second */
#define LANE_TENTHS 3u   /* of the loop for an address, while others want it, too */
#define COSTLY_TENTHS 2u /* and for its costly connections */
#define HEAVY_NS 20000000u /* of the loop, while it did not pause: what a flood's address has had */
#define HEAVY_TENTHS 4u    /* of the loop for all such addresses together, while others want it */
#define HEAVY_DEBT_NS 200000000u
#define LANE_BURST_NS 5000000u
#define LANE_CLOSED_NS 50000000u /* so deep in debt an address opens no connection */
#define LATER_MS 2
#define CONTENDED_MS 2000

typedef struct {
    Conn *first, **last;
} Line;

typedef struct Lane Lane;
struct Lane {
    Line cheap, costly;
    FairPlace had;          /* of the loop; waiting: its connections in the lines */
    uint64_t served_ns;
    uint64_t debt_ns, costly_debt_ns, debt_at; /* what all and the costly had past their parts */
    unsigned connections;   /* that have wanted something; the lane is theirs until they close */
    Lane *next;             /* of those where somebody waits */
    bool waiting;
};

struct Share {
    Loop *loop;
    LoopTimers *timers;
    LoopTimer later;
    Lane *light, *heavy;  /* where somebody waits */
    uint64_t cpu_ns;      /* of the thread, when it was looked at last; 0: not in this turn */
    uint64_t heavy_debt_ns, heavy_debt_at; /* what all heavy ones together had past their part */
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

static void halve(uint64_t *used, uint64_t *at, uint64_t now_ms)
{
    uint64_t seconds = now_ms > *at ? (now_ms - *at) / 1000 : 0;
    if (!seconds)
        return;
    *used = seconds < 63 ? *used >> seconds : 0;
    *at = *used ? *at + seconds * 1000 : now_ms;
}

bool conn_is_costly(Conn *c)
{
    halve(&c->used_ns, &c->used_ms, loop_now_ms(c->server->loop));
    return c->used_ns > COSTLY_NS;
}

static void put(Line *line, Conn *c)
{
    if (!line->first)
        line->last = &line->first;
    c->next_ready = NULL;
    *line->last = c;
    line->last = &c->next_ready;
}

static Conn *get(Line *line)
{
    Conn *c = line->first;
    line->first = c->next_ready;
    c->ready = false;
    return c;
}

/* The address's own; when eight others of its set have connections, it shares the first one's. */
static Lane *lane_of(Share *s, uint64_t address)
{
    Lane *set = s->lanes[address % LANE_SETS], *least = NULL;
    for (unsigned i = 0; i < LANE_WAYS; i++) {
        Lane *lane = &set[i];
        if (lane->had.key == address && lane->debt_at)
            return lane;
        if (!lane->connections && !lane->waiting &&
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

static void link_lane(Lane **list, Lane *lane)
{
    lane->waiting = true;
    lane->next = *list;
    *list = lane;
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
    c->ready = true;
    put(conn_is_costly(c) ? &lane->costly : &lane->cheap, c);
    fair_wait(&lane->had, now_ms);
    if (!lane->waiting)
        link_lane(is_heavy(lane, now_ms) ? &s->heavy : &s->light, lane);
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

/* What all heavy addresses together have had past their part. */
static uint64_t heavy_debt(Share *s, uint64_t now_ns)
{
    uint64_t since = now_ns > s->heavy_debt_at ? now_ns - s->heavy_debt_at : 0;
    pay(&s->heavy_debt_ns, since, HEAVY_TENTHS);
    s->heavy_debt_at = now_ns;
    return s->heavy_debt_ns;
}

/* Whether those of the lane that may be served next must wait. */
static bool in_debt(Lane *lane, uint64_t now_ns)
{
    pay_off(lane, now_ns);
    return lane->debt_ns > LANE_BURST_NS ||
           (!lane->cheap.first && lane->costly_debt_ns > LANE_BURST_NS);
}

/* Outside of a turn: nothing of the lane's is running. */
static void charge(Share *s, Lane *lane, uint64_t ns, uint64_t now_ns)
{
    uint64_t now_ms = now_ns / 1000000;
    pay_off(lane, now_ns);
    lane->debt_ns += ns;
    fair_add(&lane->had, ns, now_ms);
    if (!is_heavy(lane, now_ms))
        return;
    s->heavy_debt_ns = heavy_debt(s, now_ns) + ns;
    if (s->heavy_debt_ns > HEAVY_DEBT_NS)
        s->heavy_debt_ns = HEAVY_DEBT_NS;
}

void share_charge(Share *s, uint64_t address, uint64_t ns)
{
    charge(s, lane_of(s, address), ns, clock_mono_ns());
}

bool share_may_open(Share *s, uint64_t address)
{
    Lane *lane = lane_of(s, address);
    uint64_t now_ns = clock_mono_ns();
    pay_off(lane, now_ns);
    if (!share_contended(s))
        return true;
    return lane->debt_ns <= LANE_CLOSED_NS &&
           (!is_heavy(lane, now_ns / 1000000) || heavy_debt(s, now_ns) <= LANE_CLOSED_NS);
}

/* Of the list's lanes where somebody may be served, the one that has had least, and of equals the
 * one that was served longest ago. Empty ones are taken out, and those of the light that have
 * become heavy put with their like. */
static Lane *least(Share *s, Lane **list, uint64_t now_ns, bool *held_back)
{
    Lane *best = NULL;
    uint64_t best_used = 0, now_ms = now_ns / 1000000;
    bool contended = share_contended(s);
    for (Lane **at = list; *at;) {
        Lane *lane = *at;
        bool empty = !lane->cheap.first && !lane->costly.first;
        uint64_t used = fair_used_by(&lane->had, now_ms);
        if (empty || (list == &s->light && used > HEAVY_NS)) {
            *at = lane->next;
            lane->waiting = false;
            if (!empty)
                link_lane(&s->heavy, lane);
            continue;
        }
        at = &lane->next;
        if (contended && in_debt(lane, now_ns)) {
            *held_back = true;
            continue;
        }
        if (!best || used < best_used ||
            (used == best_used && lane->served_ns < best->served_ns)) {
            best = lane;
            best_used = used;
        }
    }
    return best;
}

/* The light before the heavy, who have their part together while others want something, too. */
static Lane *next_lane(Share *s, uint64_t now_ns, bool *held_back)
{
    Lane *lane = least(s, &s->light, now_ns, held_back);
    if (lane || !s->heavy)
        return lane;
    if (share_contended(s) && heavy_debt(s, now_ns) > LANE_BURST_NS) {
        *held_back = true;
        return NULL;
    }
    return least(s, &s->heavy, now_ns, held_back);
}

/* Of what a connection took, as the wall clock says, that in which the thread ran: on a busy machine
 * it may sleep for a hundred times as long, and nobody is to pay for that. The processor's clock is
 * a system call: it is asked only where it matters. */
static uint64_t really(Share *s, uint64_t took)
{
    if (took < LONG_NS || !s->cpu_ns)
        return took;
    uint64_t now = clock_thread_ns(), ran = now - s->cpu_ns;
    s->cpu_ns = now;
    return ran < took ? ran : took;
}

static uint64_t serve_one(Share *s, Lane *lane, uint64_t start)
{
    bool costly = !lane->cheap.first;
    Conn *c = get(costly ? &lane->costly : &lane->cheap);
    fair_run(&lane->had, start / 1000000);
    conn_resume(c);
    uint64_t now = clock_mono_ns(), took = really(s, now - start);
    c->used_ns += took; /* it is freed at the end of the iteration only */
    fair_done(&lane->had, 0, now / 1000000);
    charge(s, lane, took, now);
    lane->costly_debt_ns += costly ? took : 0;
    lane->served_ns = now;
    return now;
}

void share_serve(Share *s)
{
    uint64_t start = clock_mono_ns(), now = start;
    bool held_back = false;
    s->cpu_ns = share_contended(s) ? clock_thread_ns() : 0;
    while ((s->light || s->heavy) && now - start < TURN_NS) {
        Lane *lane = next_lane(s, now, &held_back);
        if (!lane)
            break;
        now = serve_one(s, lane, now);
    }
    if (!s->light && !s->heavy)
        return;
    if (now - start >= TURN_NS)
        loop_again(s->loop);
    else if (held_back && !loop_timer_running(&s->later))
        loop_timer_at(s->loop, s->timers, &s->later, LATER_MS);
}

static void drop_list(Share *s, Lane **list)
{
    for (Lane *lane; (lane = *list);) {
        uint64_t now_ms = loop_now_ms(s->loop);
        while (lane->cheap.first || lane->costly.first) {
            (void)get(lane->cheap.first ? &lane->cheap : &lane->costly);
            fair_run(&lane->had, now_ms);
            fair_done(&lane->had, 0, now_ms);
        }
        *list = lane->next;
        lane->waiting = false;
    }
}

void share_drop(Share *s)
{
    drop_list(s, &s->light);
    drop_list(s, &s->heavy);
    loop_timer_stop(&s->later);
}
