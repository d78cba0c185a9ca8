/* when_chart.h - all readings of a run of known words, bottom up, left to right.
 *
 * Bounded: a run has at most WHEN_RUN tokens, a chart so many edges; what does not fit is not
 * understood. Threads: a WhenChart is one thread's scratch. */
#ifndef SOTTO_TEXT_WHEN_CHART_H
#define SOTTO_TEXT_WHEN_CHART_H

#include "text/when_grammar.h"

#define WHEN_RUN 40
#define WHEN_MAX_PASSIVE 640
#define WHEN_MAX_ACTIVE 3000

typedef struct {
    WhenValue value;
    uint16_t symbol, at, end;
    int16_t score;
} WhenEdge;

typedef struct {
    uint16_t form, previous, kid; /* previous: index + 1 */
    uint16_t next;                    /* of those that end there, + 1 */
    uint8_t dot;
} WhenActive;

typedef struct {
    const WhenGrammar *g;
    WhenSense sense;
    WhenToken token[WHEN_RUN];
    uint8_t comma[WHEN_RUN], glued[WHEN_RUN], closing[WHEN_RUN];
    size_t n;
    WhenEdge edge[WHEN_MAX_PASSIVE];
    size_t n_edges;
    WhenActive active[WHEN_MAX_ACTIVE];
    size_t n_actives;
    uint16_t ends[WHEN_RUN + 1]; /* actives that end at a token, + 1 */
} WhenChart;

/* Fills edge[0 .. n_edges) from token[0 .. n). */
void when_chart_parse(WhenChart *c);

#endif
