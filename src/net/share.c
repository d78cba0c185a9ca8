#include "net/share.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"

#define LANES 1024u
#define TURN_NS 250000u       /* of one iteration; the posts have as much */
#define COSTLY_NS 2000000u    /* of a connection within about a second */
#define LANE_TENTHS 3u   /* of the loop for an address, while others want it, too */
#define COSTLY_TENTHS 2u /* and for its costly connections */
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
    uint64_t used_ns, used_ms; /* halved every second */
    uint64_t debt_ns, costly_debt_ns, debt_at; /* what all and the costly had past their parts */
    Lane *next;                /* of those where somebody waits */
    bool waiting;
};

struct Share {
    Loop *loop;
    LoopTimers *timers;
    LoopTimer later;
    Lane *waiting;
    const Lane *last;  /* who was seen last, and when somebody else was */
    uint64_t mixed_ms;
    Lane lanes[LANES];
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

void share_add(Share *s, Conn *c)
{
    if (c->ready)
        return;
    Lane *lane = &s->lanes[c->address % LANES];
    c->ready = true;
    put(conn_is_costly(c) ? &lane->costly : &lane->cheap, c);
    if (!lane->waiting) {
        lane->waiting = true;
        lane->next = s->waiting;
        s->waiting = lane;
    }
    if (lane != s->last) {
        if (s->last)
            s->mixed_ms = loop_now_ms(s->loop);
        s->last = lane;
    }
}

static void pay(uint64_t *debt, uint64_t since_ns, unsigned tenths)
{
    uint64_t paid = since_ns / 10 * tenths;
    *debt = *debt > paid ? *debt - paid : 0;
}

static void pay_off(Lane *lane, uint64_t now_ns)
{
    uint64_t since = now_ns - lane->debt_at;
    pay(&lane->debt_ns, since, LANE_TENTHS);
    pay(&lane->costly_debt_ns, since, COSTLY_TENTHS);
    lane->debt_at = now_ns;
}

/* Whether those of the lane that may be served next must wait. */
static bool in_debt(const Share *s, Lane *lane, uint64_t now_ns)
{
    pay_off(lane, now_ns);
    return share_contended(s) && (lane->debt_ns > LANE_BURST_NS ||
                            (!lane->cheap.first && lane->costly_debt_ns > LANE_BURST_NS));
}

void share_charge(Share *s, uint64_t address, uint64_t ns)
{
    Lane *lane = &s->lanes[address % LANES];
    pay_off(lane, clock_mono_ns());
    lane->used_ns += ns;
    lane->debt_ns += ns;
}

bool share_may_open(Share *s, uint64_t address)
{
    Lane *lane = &s->lanes[address % LANES];
    pay_off(lane, clock_mono_ns());
    return !share_contended(s) || lane->debt_ns <= LANE_CLOSED_NS;
}

/* Of the lanes where somebody may be served, the one that has had least; empty ones are taken out
 * of the list. */
static Lane *least(Share *s, uint64_t now_ns, bool *held_back)
{
    Lane *best = NULL;
    *held_back = false;
    for (Lane **at = &s->waiting; *at;) {
        Lane *lane = *at;
        if (!lane->cheap.first && !lane->costly.first) {
            lane->waiting = false;
            *at = lane->next;
            continue;
        }
        at = &lane->next;
        if (in_debt(s, lane, now_ns)) {
            *held_back = true;
            continue;
        }
        halve(&lane->used_ns, &lane->used_ms, now_ns / 1000000);
        if (!best || lane->used_ns < best->used_ns)
            best = lane;
    }
    return best;
}

static uint64_t serve_one(Lane *lane, uint64_t start)
{
    bool costly = !lane->cheap.first;
    Conn *c = get(costly ? &lane->costly : &lane->cheap);
    conn_resume(c);
    uint64_t now = clock_mono_ns(), took = now - start;
    c->used_ns += took; /* it is freed at the end of the iteration only */
    lane->used_ns += took;
    lane->debt_ns += took;
    lane->costly_debt_ns += costly ? took : 0;
    return now;
}

void share_serve(Share *s)
{
    uint64_t start = clock_mono_ns(), now = start;
    bool held_back = false;
    while (s->waiting && now - start < TURN_NS) {
        Lane *lane = least(s, now, &held_back);
        if (!lane)
            break;
        now = serve_one(lane, now);
    }
    if (!s->waiting)
        return;
    if (now - start >= TURN_NS)
        loop_again(s->loop);
    else if (!loop_timer_running(&s->later))
        loop_timer_at(s->loop, s->timers, &s->later, LATER_MS);
}

void share_drop(Share *s)
{
    for (Lane *lane = s->waiting; lane; lane = lane->next) {
        while (lane->cheap.first)
            (void)get(&lane->cheap);
        while (lane->costly.first)
            (void)get(&lane->costly);
        lane->waiting = false;
    }
    s->waiting = NULL;
    loop_timer_stop(&s->later);
}
