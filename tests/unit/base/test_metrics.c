#include "support/unit.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "support/torture.h"

static char page[1 << 20];

/* What is exposed now, as a C string. */
static const char *render(void)
{
    Buf b;
    buf_init(&b, sizeof page - 1);
    assert_true(metrics_render(&b));
    memcpy(page, buf_str(&b).ptr, b.len);
    page[b.len] = '\0';
    buf_release(&b);
    return page;
}

static void assert_has(const char *text)
{
    if (!strstr(render(), text))
        fail_msg("no \"%s\" in\n%s", text, page);
}

static void assert_lacks(const char *text)
{
    if (strstr(render(), text))
        fail_msg("\"%s\" is in\n%s", text, page);
}

static void counters(void **state)
{
    (void)state;
    Metric *m = metric_counter("t_requests_total", "Requests.\nAll \\ of them.", "route,code");
    METRIC_INC(m, "/a", "200");
    METRIC_INC(m, "/a", "200");
    METRIC_INC(m, "/a", "404");
    metric_add(m, (const char *const[]){"/a", "404"}, 2.5);
    metric_add(m, (const char *const[]){"/a", "404"}, -1); /* a counter never goes down */
    metric_add(m, (const char *const[]){"/a", "404"}, NAN);
    metric_set(m, (const char *const[]){"/a", "404"}, 0);  /* nor is it set */
    metric_observe(m, (const char *const[]){"/a", "404"}, 1);
    assert_has("# HELP t_requests_total Requests.\\nAll \\\\ of them.\n"
               "# TYPE t_requests_total counter\n"
               "t_requests_total{route=\"/a\",code=\"200\"} 2\n"
               "t_requests_total{route=\"/a\",code=\"404\"} 3.5\n");
    assert_ptr_equal(metric_counter("t_requests_total", "again", "route,code"), m);
}

static void gauges(void **state)
{
    (void)state;
    Metric *m = metric_gauge("t_clients", "Clients.", NULL);
    assert_has("# TYPE t_clients gauge\nt_clients 0\n"); /* there from the start */
    metric_set(m, NULL, 7);
    metric_add(m, NULL, -2);
    assert_has("t_clients 5\n");
    metric_set(m, NULL, NAN);
    assert_has("t_clients NaN\n");
    metric_set(m, NULL, -INFINITY);
    assert_has("t_clients -Inf\n");
    metric_set(m, NULL, 1e21);
    assert_has("t_clients 1e21\n");
}

static void label_values_are_escaped(void **state)
{
    (void)state;
    Metric *m = metric_gauge("t_escape", "x", "v");
    metric_set(m, (const char *const[]){"a\"b\\c\nd"}, 1);
    assert_has("t_escape{v=\"a\\\"b\\\\c\\nd\"} 1\n");
    metric_set(m, (const char *const[]){NULL}, 2);
    assert_has("t_escape{v=\"\"} 2\n");
}

static void values_do_not_run_together(void **state)
{
    (void)state;
    Metric *m = metric_counter("t_pairs_total", "x", "a,b");
    METRIC_INC(m, "ab", "c");
    METRIC_INC(m, "a", "bc");
    assert_has("t_pairs_total{a=\"ab\",b=\"c\"} 1\n");
    assert_has("t_pairs_total{a=\"a\",b=\"bc\"} 1\n");
}

static void histograms(void **state)
{
    (void)state;
    Metric *m = metric_histogram("t_seconds", "x", "stage");
    static const double values[] = {0, 0.0005, 0.0006, 0.3, 30, 31};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        metric_observe(m, (const char *const[]){"s"}, values[i]);
    metric_observe(m, (const char *const[]){"s"}, NAN);
    assert_has("# TYPE t_seconds histogram\n"
               "t_seconds_bucket{stage=\"s\",le=\"0.0005\"} 2\n"
               "t_seconds_bucket{stage=\"s\",le=\"0.001\"} 3\n");
    assert_has("t_seconds_bucket{stage=\"s\",le=\"0.25\"} 3\n"
               "t_seconds_bucket{stage=\"s\",le=\"0.5\"} 4\n");
    assert_has("t_seconds_bucket{stage=\"s\",le=\"30\"} 5\n"
               "t_seconds_bucket{stage=\"s\",le=\"+Inf\"} 6\n"
               "t_seconds_sum{stage=\"s\"} 61.301");
    assert_has("t_seconds_count{stage=\"s\"} 6\n");
    Metric *plain = metric_histogram("t_plain_seconds", "x", NULL);
    metric_observe(plain, NULL, 1);
    assert_has("t_plain_seconds_bucket{le=\"0.5\"} 0\nt_plain_seconds_bucket{le=\"1\"} 1\n");
    assert_has("t_plain_seconds_sum 1\nt_plain_seconds_count 1\n");
}

static void another_type_of_the_same_name_counts_nothing(void **state)
{
    (void)state;
    Metric *m = metric_counter("t_typed_total", "x", NULL);
    Metric *wrong = metric_gauge("t_typed_total", "x", NULL);
    assert_non_null(wrong);
    assert_ptr_not_equal(wrong, m);
    metric_set(wrong, NULL, 9);
    metric_add(wrong, NULL, 9);
    metric_observe(wrong, NULL, 9);
    assert_has("t_typed_total 0\n");
}

static void label_sets_are_bounded(void **state)
{
    (void)state;
    Metric *m = metric_counter("t_many_total", "x", "id");
    char id[600];
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(id, sizeof id, "v%d", i);
        METRIC_INC(m, id);
    }
    assert_has("t_many_total{id=\"v510\"} 1\n");
    assert_lacks("{id=\"v511\"}");
    assert_has("t_many_total{id=\"other\"} 1489\n");
    METRIC_INC(m, "v3"); /* the ones that are there still count */
    assert_has("t_many_total{id=\"v3\"} 2\n");
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    METRIC_INC(m, id); /* far too long for a label */
    assert_has("t_many_total{id=\"other\"} 1490\n");
}

static double read_int(void *arg)
{
    return *(int *)arg;
}

static void gauge_functions(void **state)
{
    (void)state;
    int bulk = 3, normal = 4, plain = 5;
    metric_gauge_fn("t_jobs{class=\"bulk\"}", "Jobs.", read_int, &bulk);
    metric_gauge_fn("t_single", "Single.", read_int, &plain);
    metric_gauge_fn("t_jobs{class=\"normal\"}", "Jobs.", read_int, &normal);
    assert_has("# HELP t_jobs Jobs.\n# TYPE t_jobs gauge\n"
               "t_jobs{class=\"bulk\"} 3\nt_jobs{class=\"normal\"} 4\n");
    assert_has("# HELP t_single Single.\n# TYPE t_single gauge\nt_single 5\n");
    bulk = 30;
    assert_has("t_jobs{class=\"bulk\"} 30\n");
    metric_gauge_fn("t_jobs{class=\"bulk\"}", "Jobs.", read_int, &plain); /* replaces */
    assert_has("t_jobs{class=\"bulk\"} 5\nt_jobs{class=\"normal\"} 4\n");
    metric_gauge_fn_drop(&plain);
    assert_lacks("t_single");
    assert_lacks("class=\"bulk\"");
    assert_has("t_jobs{class=\"normal\"} 4\n");
    metric_gauge_fn_drop(&normal);
    assert_lacks("t_jobs");
}

/* Every line is what the format 0.0.4 allows, and a family's samples follow its TYPE. */
static void the_page_is_well_formed(void **state)
{
    (void)state;
    Str rest = str_of(render()), line;
    char family[100] = "";
    size_t samples = 0;
    assert_true(str_ends(rest, STR("\n")));
    while (str_next(&rest, '\n', &line)) {
        if (line.len == 0) {
            assert_null(rest.ptr); /* only after the last newline */
            continue;
        }
        if (str_starts(line, STR("# TYPE "))) {
            Str parts = str_sub(line, 7, line.len), name;
            assert_true(str_next(&parts, ' ', &name));
            (void)snprintf(family, sizeof family, STR_FMT, STR_ARG(name));
            continue;
        }
        if (str_starts(line, STR("# HELP ")))
            continue;
        assert_true(str_starts(line, str_of(family)));
        size_t space = line.len;
        while (space > 0 && line.ptr[space - 1] != ' ')
            space--;
        Str value = str_sub(line, space, line.len);
        double v;
        assert_true(str_to_double(value, &v) || str_eq(value, STR("+Inf")) ||
                    str_eq(value, STR("-Inf")) || str_eq(value, STR("NaN")));
        samples++;
    }
    assert_true(samples > 500);
}

static Metric *shared_counter, *shared_histogram;

static void *update(void *arg)
{
    const char *name = arg;
    for (int i = 0; i < 5000; i++) {
        METRIC_INC(shared_counter, i % 2 ? "even" : name);
        metric_observe(shared_histogram, NULL, 0.001);
        if (i % 1000 == 0) {
            Buf b;
            buf_init(&b, BUF_DEFAULT_MAX);
            (void)metrics_render(&b);
            buf_release(&b);
            int mine = 1;
            metric_gauge_fn("t_racing", "x", read_int, &mine);
            metric_gauge_fn_drop(&mine); /* mine dies next: a late call would be a fault */
            Metric *same = metric_counter("t_shared_total", "x", "who");
            if (same != shared_counter)
                return NULL;
        }
    }
    return arg;
}

static void updates_of_threads_are_not_lost(void **state)
{
    (void)state;
    static char names[4][4] = {"a", "b", "c", "d"};
    pthread_t t[4];
    shared_counter = metric_counter("t_shared_total", "x", "who");
    shared_histogram = metric_histogram("t_shared_seconds", "x", NULL);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, update, names[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *done = NULL;
        (void)pthread_join(t[i], &done);
        assert_non_null(done);
    }
    assert_has("t_shared_total{who=\"even\"} 10000\n");
    assert_has("t_shared_total{who=\"c\"} 2500\n");
    assert_has("t_shared_seconds_count 20000\n");
}

static bool use_new_family(void *arg)
{
    int *n = arg;
    char name[32];
    Buf b;
    buf_init(&b, BUF_DEFAULT_MAX);
    (void)snprintf(name, sizeof name, "t_torture_%d", ++*n);
    Metric *m = metric_gauge(name, "x", "a,b"); /* never NULL, so nothing to check */
    metric_set(m, (const char *const[]){"1", "2"}, 1);
    metric_gauge_fn("t_torture_fn", "x", read_int, arg);
    char want[80];
    (void)snprintf(want, sizeof want, "%s{a=\"1\",b=\"2\"} 1\n", name);
    bool ok = metrics_render(&b) && strstr(b.ptr, want) && strstr(b.ptr, "t_torture_fn ");
    metric_gauge_fn_drop(arg);
    buf_release(&b);
    return ok;
}

static void torture(void **state)
{
    (void)state;
    int n = 0;
    assert_true(torture_alloc(use_new_family, &n, 0) > 5);
    assert_true(torture_alloc(use_new_family, &n, 1) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters),
        cmocka_unit_test(gauges),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(values_do_not_run_together),
        cmocka_unit_test(histograms),
        cmocka_unit_test(another_type_of_the_same_name_counts_nothing),
        cmocka_unit_test(label_sets_are_bounded),
        cmocka_unit_test(gauge_functions),
        cmocka_unit_test(the_page_is_well_formed),
        cmocka_unit_test(updates_of_threads_are_not_lost),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
