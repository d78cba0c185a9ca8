/* metrics.h - counters, gauges and histograms in the Prometheus text format 0.0.4.
 *
 * A family is registered once (name, help, label names) and lives as long as the process. Values
 * are found by their label values; keep those few: routes and classes, never ids or paths. A
 * family holds at most 512 label sets; more are counted in one called "other".
 * Threads: everything is safe from any thread. */
#ifndef SOTTO_BASE_METRICS_H
#define SOTTO_BASE_METRICS_H

#include "base/str.h"

typedef struct Metric Metric;

/* `labels` is a comma-separated list of label names, or NULL. Returns the same family when the name
 * is there already; never NULL (a static dummy, which counts nothing, when memory is short or the
 * name is there as another type). At most 8 labels. */
Metric *metric_counter(const char *name, const char *help, const char *labels);
Metric *metric_gauge(const char *name, const char *help, const char *labels);
/* Buckets of seconds from 0.0005 to 30. */
Metric *metric_histogram(const char *name, const char *help, const char *labels);
/* A gauge whose value is asked for when rendered. `name` may carry labels:
 * jobs_queued{class="bulk"}. The same name replaces. `fn` must not register or drop gauge
 * functions itself. */
void metric_gauge_fn(const char *name, const char *help, double (*fn)(void *), void *arg);
/* Forgets gauge functions of `arg`, before it dies: none runs any more when this returns. */
void metric_gauge_fn_drop(void *arg);

/* `values` are label values in the order of the names, NULL when the family has none. */
void metric_add(Metric *m, const char *const *values, double delta);  /* counter, gauge */
void metric_set(Metric *m, const char *const *values, double value);  /* gauge */
void metric_observe(Metric *m, const char *const *values, double seconds); /* histogram */
#define METRIC_INC(m, ...) metric_add((m), (const char *const[]){__VA_ARGS__}, 1.0)

bool metrics_render(Buf *out);

#endif
