/* gauges.c - the process's own gauges, asked for when /metrics is read. */
#include "api/hear.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/os.h"

static double start_s; /* when it began to serve, since 1970 */

static double resident(void *arg)
{
    (void)arg;
    return (double)os_rss_bytes();
}

static double started(void *arg)
{
    return *(const double *)arg;
}

int64_t api_started_ms(void)
{
    return (int64_t)(start_s * 1000.0);
}

static double queued_interactive(void *arg)
{
    return (double)work_queued(arg, WORK_INTERACTIVE);
}

static double queued_normal(void *arg)
{
    return (double)work_queued(arg, WORK_NORMAL);
}

static double queued_bulk(void *arg)
{
    return (double)work_queued(arg, WORK_BULK);
}

static double queued_files(void *arg)
{
    return (double)sync_queue(arg);
}

void api_gauges_add(const ApiParts *parts)
{
    static const char help[] = "Jobs that wait for a worker, by class.";
    start_s = (double)clock_now_ms() / 1000.0;
    metric_gauge_fn("process_resident_memory_bytes", "Resident memory.", resident, &start_s);
    metric_gauge_fn("process_start_time_seconds", "When the process began to serve, since 1970.",
                    started, &start_s);
    metric_set(metric_gauge("build_info", "Always 1; the labels say what runs.", "version"),
               (const char *const[]){SOTTO_VERSION}, 1);
    if (parts->ears)
        hear_metrics();
    if (parts->sync)
        metric_gauge_fn("ingest_queue_files", "Files of watched folders that wait or are read.",
                        queued_files, parts->sync);
    if (!parts->work)
        return;
    metric_gauge_fn("jobs_queued{class=\"interactive\"}", help, queued_interactive, parts->work);
    metric_gauge_fn("jobs_queued{class=\"normal\"}", help, queued_normal, parts->work);
    metric_gauge_fn("jobs_queued{class=\"bulk\"}", help, queued_bulk, parts->work);
}

void api_gauges_drop(const ApiParts *parts)
{
    if (parts->sync)
        metric_gauge_fn_drop(parts->sync);
    if (parts->work)
        metric_gauge_fn_drop(parts->work);
}
