#include "text/when.h"

#include "text/when_chart.h"
#include "text/when_mean.h"
#include "text/when_resolve.h"

#define TEXT_MAX 4096
#define TOKEN_VALUE 1000 /* of a word that is understood, against readings that differ in weight */
#define PIECE_COST 400   /* one reading of five words is better than two of them */

static bool is_result(unsigned symbol)
{
    static const uint64_t results = 1ull << DUR | 1ull << FDUR | 1ull << TIME | 1ull << TRANGE |
                                    1ull << PART | 1ull << PARTIN | 1ull << DAYPART | 1ull << DAY |
                                    1ull << PER | 1ull << MOMENT | 1ull << RANGE | 1ull << OPEN |
                                    1ull << REC;
    return symbol < WHEN_SYMBOL_COUNT && results >> symbol & 1;
}

/* Which edges to keep: no overlap, most words understood, in fewest pieces, of greatest weight. */
static size_t choose(const WhenChart *c, const WhenEdge *chosen[WHEN_RUN])
{
    int32_t best[WHEN_RUN + 1] = {0};
    const WhenEdge *by[WHEN_RUN + 1] = {0};
    for (size_t end = 1; end <= c->n; end++) {
        best[end] = best[end - 1];
        by[end] = NULL;
        for (size_t i = 0; i < c->n_edges; i++) {
            const WhenEdge *e = &c->edge[i];
            if (e->end != end || !is_result(e->symbol) || e->value.weak)
                continue;
            int32_t value = best[e->at] + (e->end - e->at) * TOKEN_VALUE - PIECE_COST + e->score;
            if (value > best[end]) {
                best[end] = value;
                by[end] = e;
            }
        }
    }
    size_t n = 0;
    for (size_t end = c->n; end > 0; end = by[end] ? by[end]->at : end - 1)
        if (by[end])
            chosen[n++] = by[end];
    return n;
}

/* Reads the run of tokens in the chart; what it says goes to out[*n ..], at most `max`. */
static void read_run(WhenChart *c, When *out, size_t max, size_t *n)
{
    const WhenEdge *chosen[WHEN_RUN];
    bool carries = false;
    for (size_t i = 0; i < c->n && !carries; i++) {
        carries = c->token[i].numeric;
        for (uint16_t r = c->token[i].reading; r && !carries; r = c->g->reading[r - 1].next)
            carries = c->g->carries[c->g->reading[r - 1].symbol];
    }
    if (!carries) {
        c->n = 0;
        return;
    }
    when_chart_parse(c);
    size_t k = choose(c, chosen);
    while (k-- > 0 && *n < max) {
        When w;
        memset(&w, 0, sizeof w);
        if (!when_finish(&c->sense, &chosen[k]->value, &w))
            continue;
        w.start = c->token[chosen[k]->at].start;
        w.end = c->token[chosen[k]->end - 1].end;
        out[(*n)++] = w;
    }
    c->n = 0;
}

size_t when_find(Str text, const WhenContext *c, When *out, size_t max)
{
    const WhenGrammar *g = when_grammar(c->language);
    WhenScan scan = {.g = g, .text = str_sub(text, 0, TEXT_MAX)};
    WhenChart chart;
    WhenToken t;
    size_t n = 0;
    chart.g = g;
    chart.sense = when_sense(c);
    chart.sense.day_first = c->day_first || g->language->day_first;
    chart.n = 0;
    while (n < max && when_scan(&scan, &t)) {
        if (!t.known || chart.n == WHEN_RUN)
            read_run(&chart, out, max, &n);
        if (t.known)
            chart.token[chart.n++] = t;
    }
    read_run(&chart, out, max, &n);
    return n;
}

int64_t when_add(const Zone *z, int64_t ms, const When *d)
{
    if (d->months == 0 && d->days == 0)
        return ms + d->ms;
    Civil c = zone_civil(z, ms);
    int64_t part = ((ms % 1000) + 1000) % 1000;
    int32_t month = when_month_begin(when_day(c.year, c.month, 1), d->months);
    Civil to = when_civil(month);
    int length = civil_days_in_month(to.year, to.month);
    c.year = to.year;
    c.month = to.month;
    c.day = (c.day > length ? length : c.day) + d->days;
    return zone_instant(z, &c, NULL) + part + d->ms;
}

/* The second of the day at which to remind of a whole day. */
#define USUAL_DAY (9 * 3600)

static int64_t second_of_day(const WhenContext *c, int64_t ms, int sec)
{
    Civil day = zone_civil(c->zone, ms);
    day.hour = sec / 3600;
    day.minute = sec / 60 % 60;
    day.second = sec % 60;
    return zone_instant(c->zone, &day, NULL);
}

static int second_in_day(const WhenContext *c, int64_t ms)
{
    Civil t = zone_civil(c->zone, ms);
    return t.hour * 3600 + t.minute * 60 + t.second;
}

/* The usual hour of a part of a day, told by its bounds. */
static int64_t usual_in(const WhenContext *c, const When *w)
{
    int from = second_in_day(c, w->from);
    int usual = when_part_usual(from, from + (int)((w->until - w->from) / 1000));
    return usual < 0 ? w->from : second_of_day(c, w->from, usual);
}

bool when_moment(const WhenContext *c, const When *w, int64_t *ms)
{
    int64_t at = w->from, end = w->until;
    bool whole_days = !w->timed || w->grain >= GRAIN_DAY;
    switch (w->kind) {
    case WHEN_DURATION:
        return false;
    case WHEN_OPEN_BEFORE:
        at = whole_days ? second_of_day(c, w->until - 1, USUAL_DAY) : w->until;
        if (whole_days && at >= w->until)
            at = w->until;
        break;
    case WHEN_POINT:
    case WHEN_RANGE:
    case WHEN_OPEN_AFTER:
    case WHEN_RECURRENCE:
        if (w->deadline && whole_days)
            at = second_of_day(c, w->until - 1, USUAL_DAY);
        else if (w->deadline && w->kind == WHEN_RANGE && w->grain != GRAIN_PART_OF_DAY)
            at = w->until;
        else if (w->grain == GRAIN_PART_OF_DAY && w->kind != WHEN_RECURRENCE)
            at = usual_in(c, w);
        else if (whole_days)
            at = second_of_day(c, w->from, USUAL_DAY);
        break;
    }
    /* Today, and its usual hour is over: now, while it lasts. */
    if (c->prefer == WHEN_FUTURE && at < c->now_ms && c->now_ms < end)
        at = c->now_ms;
    *ms = at;
    return true;
}
