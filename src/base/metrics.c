#include "base/metrics.h"

#include <math.h>
#include <pthread.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

/* Expected load: some twenty families, a few dozen label sets each, some thousand updates a second.
 * One mutex a family and a hash table of at most 512 sets are far below a microsecond an update. */
#define SETS_MAX 512
#define SLOTS 1024 /* a power of two, so that the table is at most half full */
#define KEY_MAX 512
#define LABELS_MAX 8

static const double bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                0.25,   0.5,   1,      2.5,   5,    10,    30};
#define BOUNDS (sizeof bounds / sizeof bounds[0])

typedef enum { COUNTER, GAUGE, HISTOGRAM } Kind;

typedef struct Set Set;
struct Set {
    char *key;       /* the values, each followed by 0xFF, which no UTF-8 has */
    char *labels;    /* as rendered: route="/x",code="200"; empty without labels */
    double value;    /* counter and gauge: the value; histogram: the sum */
    uint64_t counts[BOUNDS + 1]; /* histogram: observations a bucket, the last one above all */
};

struct Metric {
    Metric *next;
    char *name, *help;
    char *label_text;               /* owns what label[] points into */
    const char *label[LABELS_MAX];
    size_t label_count;
    Kind kind;
    pthread_mutex_t lock; /* guards what follows */
    Set **sets;
    size_t set_count;
    uint16_t slots[SLOTS]; /* 1 + index into sets; 0: empty */
};

typedef struct GaugeFn GaugeFn;
struct GaugeFn {
    GaugeFn *next;
    char *name, *help;
    double (*fn)(void *);
    void *arg;
};

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER; /* guards the list of families */
static Metric *families, **families_end = &families;
/* Held while the functions run, so that after a drop none of them can be running. */
static pthread_mutex_t fn_registry = PTHREAD_MUTEX_INITIALIZER;
static GaugeFn *gauge_fns;

static Metric dummy; /* takes every update and counts none */

static void metric_release(Metric *m)
{
    mem_free(m->name);
    mem_free(m->help);
    mem_free(m->label_text);
    mem_free(m->sets);
    mem_free(m);
}

/* "a,b" into label[]; false when there are too many. */
static bool split_labels(Metric *m, const char *labels)
{
    if (!labels || !*labels)
        return true;
    m->label_text = mem_strdup(labels);
    if (!m->label_text)
        return false;
    for (char *p = m->label_text; p;) {
        if (m->label_count == LABELS_MAX)
            return false;
        m->label[m->label_count++] = p;
        p = strchr(p, ',');
        if (p)
            *p++ = '\0';
    }
    return true;
}

static void put_escaped(Buf *b, const char *text, bool quoted)
{
    for (; *text; text++) {
        if (*text == '\\')
            (void)buf_add_c(b, "\\\\");
        else if (*text == '\n')
            (void)buf_add_c(b, "\\n");
        else if (*text == '"' && quoted)
            (void)buf_add_c(b, "\\\"");
        else
            (void)buf_add_char(b, *text);
    }
}

static Set *set_new(const Metric *m, const char *const *values, const char *key)
{
    Buf labels;
    buf_init(&labels, 4096);
    for (size_t i = 0; i < m->label_count; i++) {
        (void)buf_printf(&labels, "%s%s=\"", i ? "," : "", m->label[i]);
        put_escaped(&labels, values[i] ? values[i] : "", true);
        (void)buf_add_char(&labels, '"');
    }
    Set *s = mem_zalloc(sizeof *s);
    if (s) {
        s->key = mem_strdup(key);
        s->labels = buf_take(&labels, NULL);
    }
    if (s && s->key && s->labels)
        return s;
    if (s) {
        mem_free(s->key);
        mem_free(s->labels);
    }
    mem_free(s);
    buf_release(&labels);
    return NULL;
}

/* False when the values are longer than any label should be. */
static bool make_key(const Metric *m, const char *const *values, char key[KEY_MAX])
{
    size_t at = 0;
    for (size_t i = 0; i < m->label_count; i++) {
        const char *v = values && values[i] ? values[i] : "";
        size_t n = strlen(v);
        if (n + 2 > KEY_MAX - at)
            return false;
        memcpy(key + at, v, n);
        at += n;
        key[at++] = (char)0xFF;
    }
    key[at] = '\0';
    return true;
}

/* The slot of `key`: where it is, or the empty one where it belongs. */
static uint16_t *find_slot(Metric *m, const char *key)
{
    size_t at = checksum64(0, key, strlen(key)) & (SLOTS - 1);
    while (m->slots[at] && strcmp(m->sets[m->slots[at] - 1]->key, key) != 0)
        at = (at + 1) & (SLOTS - 1);
    return &m->slots[at];
}

static Set *add_set(Metric *m, const char *const *values, const char *key, uint16_t *slot)
{
    Set **sets = mem_resize(m->sets, m->set_count + 1, sizeof *sets);
    if (!sets)
        return NULL;
    m->sets = sets;
    Set *s = set_new(m, values, key);
    if (s) {
        m->sets[m->set_count++] = s;
        *slot = (uint16_t)m->set_count;
    }
    return s;
}

/* The set of `values`, made when new; "other" when there are too many; NULL without memory, and
 * then the sample is lost rather than the request. m->lock is held. */
static Set *set_of(Metric *m, const char *const *values)
{
    static const char *const none[LABELS_MAX] = {0};
    static const char *const other[LABELS_MAX] = {"other", "other", "other", "other",
                                                  "other", "other", "other", "other"};
    char key[KEY_MAX];
    if (!values)
        values = none;
    bool fits = make_key(m, values, key);
    uint16_t *slot = fits ? find_slot(m, key) : NULL;
    if (slot && *slot)
        return m->sets[*slot - 1];
    if (slot && m->set_count < SETS_MAX - 1)
        return add_set(m, values, key, slot);
    (void)make_key(m, other, key);
    slot = find_slot(m, key);
    return *slot ? m->sets[*slot - 1] : add_set(m, other, key, slot);
}

static Metric *metric_new(const char *name, const char *help, const char *labels, Kind kind)
{
    Metric *m = mem_zalloc(sizeof *m);
    if (!m)
        return NULL;
    m->kind = kind;
    m->name = mem_strdup(name);
    m->help = mem_strdup(help);
    if (!m->name || !m->help || !split_labels(m, labels)) {
        metric_release(m);
        return NULL;
    }
    /* without labels there is one set, shown as 0 from the start */
    if (m->label_count == 0 && !set_of(m, NULL)) {
        metric_release(m);
        return NULL;
    }
    (void)pthread_mutex_init(&m->lock, NULL);
    return m;
}

static Metric *family(const char *name, const char *help, const char *labels, Kind kind)
{
    (void)pthread_mutex_lock(&registry);
    Metric *m = families;
    while (m && strcmp(m->name, name) != 0)
        m = m->next;
    if (!m && (m = metric_new(name, help, labels, kind))) {
        *families_end = m;
        families_end = &m->next;
    }
    (void)pthread_mutex_unlock(&registry);
    return m && m->kind == kind ? m : &dummy;
}

Metric *metric_counter(const char *name, const char *help, const char *labels)
{
    return family(name, help, labels, COUNTER);
}

Metric *metric_gauge(const char *name, const char *help, const char *labels)
{
    return family(name, help, labels, GAUGE);
}

Metric *metric_histogram(const char *name, const char *help, const char *labels)
{
    return family(name, help, labels, HISTOGRAM);
}

void metric_add(Metric *m, const char *const *values, double delta)
{
    /* a counter never goes down */
    if (m == &dummy || m->kind == HISTOGRAM || isnan(delta) || (m->kind == COUNTER && delta < 0))
        return;
    (void)pthread_mutex_lock(&m->lock);
    Set *s = set_of(m, values);
    if (s)
        s->value += delta;
    (void)pthread_mutex_unlock(&m->lock);
}

void metric_set(Metric *m, const char *const *values, double value)
{
    if (m == &dummy || m->kind != GAUGE)
        return;
    (void)pthread_mutex_lock(&m->lock);
    Set *s = set_of(m, values);
    if (s)
        s->value = value;
    (void)pthread_mutex_unlock(&m->lock);
}

void metric_observe(Metric *m, const char *const *values, double seconds)
{
    if (m == &dummy || m->kind != HISTOGRAM || isnan(seconds))
        return;
    size_t bucket = 0;
    while (bucket < BOUNDS && seconds > bounds[bucket])
        bucket++;
    (void)pthread_mutex_lock(&m->lock);
    Set *s = set_of(m, values);
    if (s) {
        s->counts[bucket]++;
        s->value += seconds;
    }
    (void)pthread_mutex_unlock(&m->lock);
}

static void gauge_fn_free(GaugeFn *g)
{
    mem_free(g->name);
    mem_free(g->help);
    mem_free(g);
}

/* Where the family of `name` (the part before its labels) ends in the list, so that samples of one
 * family stay together, or where `name` itself is. */
static GaugeFn **place_of(const char *name)
{
    size_t n = strcspn(name, "{");
    GaugeFn **at = &gauge_fns, **after = NULL;
    for (; *at; at = &(*at)->next) {
        if (strcmp((*at)->name, name) == 0)
            return at;
        if (strcspn((*at)->name, "{") == n && memcmp((*at)->name, name, n) == 0)
            after = &(*at)->next;
    }
    return after ? after : at;
}

void metric_gauge_fn(const char *name, const char *help, double (*fn)(void *), void *arg)
{
    GaugeFn *g = mem_zalloc(sizeof *g);
    if (!g)
        return;
    *g = (GaugeFn){.name = mem_strdup(name), .help = mem_strdup(help), .fn = fn, .arg = arg};
    if (!g->name || !g->help) {
        gauge_fn_free(g);
        return;
    }
    (void)pthread_mutex_lock(&fn_registry);
    GaugeFn **at = place_of(name), *old = NULL;
    if (*at && strcmp((*at)->name, name) == 0) {
        old = *at;
        *at = old->next;
    }
    g->next = *at;
    *at = g;
    (void)pthread_mutex_unlock(&fn_registry);
    if (old)
        gauge_fn_free(old);
}

void metric_gauge_fn_drop(void *arg)
{
    (void)pthread_mutex_lock(&fn_registry);
    for (GaugeFn **at = &gauge_fns; *at;) {
        GaugeFn *g = *at;
        if (g->arg != arg) {
            at = &g->next;
            continue;
        }
        *at = g->next;
        gauge_fn_free(g);
    }
    (void)pthread_mutex_unlock(&fn_registry);
}

static void put_head(Buf *out, Str name, const char *help, const char *type)
{
    (void)buf_printf(out, "# HELP " STR_FMT " ", STR_ARG(name));
    put_escaped(out, help, false);
    (void)buf_printf(out, "\n# TYPE " STR_FMT " %s\n", STR_ARG(name), type);
}

static void put_value(Buf *out, double v)
{
    char text[NUM_TEXT];
    (void)buf_add_char(out, ' ');
    (void)buf_add_mem(out, text, num_format(v, text));
    (void)buf_add_char(out, '\n');
}

static void put_histogram(Buf *out, const Metric *m, const Set *s)
{
    char text[NUM_TEXT];
    uint64_t sum = 0;
    const char *comma = *s->labels ? "," : "";
    for (size_t i = 0; i <= BOUNDS; i++) {
        sum += s->counts[i];
        (void)num_format(i < BOUNDS ? bounds[i] : (double)INFINITY, text);
        (void)buf_printf(out, "%s_bucket{%s%sle=\"%s\"}", m->name, s->labels, comma, text);
        put_value(out, (double)sum);
    }
    const char *open = *s->labels ? "{" : "", *close = *s->labels ? "}" : "";
    (void)buf_printf(out, "%s_sum%s%s%s", m->name, open, s->labels, close);
    put_value(out, s->value);
    (void)buf_printf(out, "%s_count%s%s%s", m->name, open, s->labels, close);
    put_value(out, (double)sum);
}

static void put_family(Buf *out, Metric *m)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    put_head(out, str_of(m->name), m->help, types[m->kind]);
    (void)pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->set_count; i++) {
        const Set *s = m->sets[i];
        if (m->kind == HISTOGRAM) {
            put_histogram(out, m, s);
            continue;
        }
        (void)buf_add_c(out, m->name);
        if (*s->labels)
            (void)buf_printf(out, "{%s}", s->labels);
        put_value(out, s->value);
    }
    (void)pthread_mutex_unlock(&m->lock);
}

bool metrics_render(Buf *out)
{
    (void)pthread_mutex_lock(&registry);
    Metric *m = families;
    (void)pthread_mutex_unlock(&registry);
    for (; m;) {
        put_family(out, m);
        (void)pthread_mutex_lock(&registry); /* families are never removed, only appended */
        m = m->next;
        (void)pthread_mutex_unlock(&registry);
    }
    (void)pthread_mutex_lock(&fn_registry);
    Str last = {NULL, 0};
    for (const GaugeFn *g = gauge_fns; g; g = g->next) {
        Str name = {g->name, strcspn(g->name, "{")};
        if (!str_eq(name, last))
            put_head(out, name, g->help, "gauge");
        last = name;
        (void)buf_add_c(out, g->name);
        put_value(out, g->fn(g->arg));
    }
    (void)pthread_mutex_unlock(&fn_registry);
    return buf_ok(out);
}
