/* bench_intents - how well sentences are understood, how sure that is, and how fast.
 *
 *   bench_intents embed MODEL            sentences on standard input -> their words and embeddings
 *                                        (u32 length, text, 384 floats each): for fit_intents.py
 *   bench_intents run MODEL FILE [half 0|1] [wrong] [rules]
 *
 * FILE is .tsv (action, sentence, slots: tests/data/intents) or .jsonl with "text", "map" (Query or
 * Command) and "action". half takes every second line. wrong lists what went wrong. rules goes
 * without the encoder. */
#include <stdio.h>
#include <stdlib.h>

#include "assistant/intents.h"
#include "assistant/intents_words.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/os.h"
#include "support/intents_rows.h"

static int fail(const char *what)
{
    fprintf(stderr, "bench_intents: %s\n", what);
    return 1;
}

static int embed(const Minilm *m, MinilmState *s)
{
    static SentenceWords w;
    static float v[MINILM_DIM];
    char line[4096], room[WORDS_ROOM + WORDS_MAX];
    Err err = ERR_INIT;
    while (fgets(line, sizeof line, stdin)) {
        sentence_words(str_trim(str_of(line)), &w);
        Str joined = sentence_join(&w, room, sizeof room);
        uint32_t n = (uint32_t)joined.len;
        if (!minilm_embed(m, s, &joined, 1, v, NULL, &err))
            return fail(err.msg);
        fwrite(&n, 4, 1, stdout);
        fwrite(joined.ptr, 1, n, stdout);
        fwrite(v, sizeof *v, MINILM_DIM, stdout);
    }
    return 0;
}

typedef struct {
    size_t n, right;
    double sum;
} Tenth;

static void table_add(Tenth *t, double confidence, bool right)
{
    int i = confidence >= 1 ? 9 : (int)(confidence * 10);
    t[i].n++;
    t[i].right += right;
    t[i].sum += confidence;
}

/* ECE: the mean distance between confidence and what was right, weighted by how many. */
static void table_print(const char *name, const Tenth *t)
{
    double error = 0, n = 0;
    printf("%s\n  confidence      n   mean   right   off\n", name);
    for (int i = 0; i < 10; i++) {
        if (t[i].n == 0)
            continue;
        double mean = t[i].sum / (double)t[i].n, right = (double)t[i].right / (double)t[i].n;
        printf("  %.1f - %.1f  %7zu  %.3f  %.3f  %+.3f\n", i / 10.0, (i + 1) / 10.0, t[i].n, mean,
               right, right - mean);
        error += (right > mean ? right - mean : mean - right) * (double)t[i].n;
        n += (double)t[i].n;
    }
    printf("  expected calibration error %.3f\n", n > 0 ? error / n : 0);
}

typedef struct {
    size_t n, kind, action, actions, slots, slots_right, by_rule, rule_wrong, rows_right;
    Tenth kinds[10], acts[10];
    double *all_ms, *rule_ms;
} Score;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double part(double *ms, size_t n, double q)
{
    qsort(ms, n, sizeof *ms, compare);
    return n ? ms[(size_t)((double)(n - 1) * q)] : 0;
}

static void judge(const IntentRow *row, const Intent *i, bool wrong, Score *s)
{
    bool kind = i->kind == row->kind;
    bool action = row->action == ACTION_COUNT ? kind : i->action == row->action;
    size_t slots = 0, right = 0;
    const char *first = intents_row_slots(row, i, &slots, &right);
    s->kind += kind;
    s->action += action;
    s->actions += row->action != ACTION_COUNT;
    s->slots += slots;
    s->slots_right += right;
    s->rows_right += action && slots == right;
    s->by_rule += i->by_rule;
    s->rule_wrong += i->by_rule && !action;
    table_add(s->kinds, i->confidence, kind);
    table_add(s->acts, i->action_confidence, action);
    if (wrong && (!action || slots != right))
        printf("  %-14s %-14s %.2f %.2f%s | " STR_FMT "%s%s\n",
               row->action == ACTION_COUNT ? (row->kind == INTENT_QUERY ? "Query" : "Command")
                                           : intent_info(row->action)->name,
               intent_info(i->action)->name, i->confidence, i->action_confidence,
               i->by_rule ? " rule" : "", STR_ARG(row->text), first ? " | " : "",
               first ? first : "");
}

static void report(Score *s)
{
    printf("%zu sentences: kind %.1f %%, action %.1f %% (of %zu with one), slots %.1f %% (of %zu), "
           "both %.1f %%\n",
           s->n, 100.0 * (double)s->kind / (double)s->n, 100.0 * (double)s->action / (double)s->n,
           s->actions, 100.0 * (double)s->slots_right / (double)(s->slots ? s->slots : 1), s->slots,
           100.0 * (double)s->rows_right / (double)s->n);
    printf("rules alone decide %.1f %%; %zu of those are wrong\n",
           100.0 * (double)s->by_rule / (double)s->n, s->rule_wrong);
    printf("a sentence: p50 %.3f ms, p99 %.3f ms; rules alone p50 %.1f us, p99 %.1f us\n",
           part(s->all_ms, s->n, .5), part(s->all_ms, s->n, .99), 1e3 * part(s->rule_ms, s->n, .5),
           1e3 * part(s->rule_ms, s->n, .99));
    table_print("of the kind", s->kinds);
    table_print("of the action", s->acts);
}

static int run(const Intents *x, MinilmState *state, const char *file, int half, bool wrong)
{
    Err err = ERR_INIT;
    IntentRows rows;
    if (!intents_rows_read(file, &rows, &err))
        return fail(err.msg);
    Score s = {.all_ms = mem_array(rows.n + 1, sizeof(double)),
               .rule_ms = mem_array(rows.n + 1, sizeof(double))};
    Arena *a = arena_new(1 << 20);
    for (size_t i = 0; i < rows.n; i++) {
        const IntentRow *row = &rows.row[i];
        Intent got = {.kind = INTENT_UNKNOWN};
        if (half >= 0 && (int)(i % 2) != half)
            continue;
        arena_reset(a);
        uint64_t start = clock_mono_ns();
        if (!intents_parse(x, NULL, row->text, &row->context, a, &got, &err))
            return fail(err.msg);
        s.rule_ms[s.n] = clock_seconds_since(start) * 1e3;
        arena_reset(a);
        start = clock_mono_ns();
        if (!intents_parse(x, state, row->text, &row->context, a, &got, &err))
            return fail(err.msg);
        s.all_ms[s.n++] = clock_seconds_since(start) * 1e3;
        judge(row, &got, wrong, &s);
    }
    if (s.n > 0)
        report(&s);
    arena_free(a);
    mem_free(s.all_ms);
    mem_free(s.rule_ms);
    intents_rows_free(&rows);
    return 0;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    int half = -1;
    bool wrong = false, rules = false;
    if (argc < 3 || !cpu_init(&err))
        return fail("use embed MODEL, or run MODEL FILE [half 0|1] [wrong] [rules]");
    for (int i = 4; i < argc; i++) {
        wrong |= strcmp(argv[i], "wrong") == 0;
        rules |= strcmp(argv[i], "rules") == 0;
        if (strcmp(argv[i], "half") == 0 && i + 1 < argc)
            half = argv[i + 1][0] - '0';
    }
    Minilm *m = minilm_open(argv[2], MINILM_INT8, &err);
    MinilmState *state = m ? minilm_state_new(m, &err) : NULL;
    if (!state)
        return fail(err.msg);
    int status = 2;
    if (strcmp(argv[1], "embed") == 0) {
        status = embed(m, state);
    } else if (argc > 3 && strcmp(argv[1], "run") == 0) {
        uint64_t start = clock_mono_ns();
        Intents *x = intents_open(m, &err);
        if (!x)
            return fail(err.msg);
        printf("open %.2f ms\n", clock_seconds_since(start) * 1e3);
        status = run(x, rules ? NULL : state, argv[3], half, wrong);
        intents_close(x);
    }
    minilm_state_free(state);
    minilm_close(m);
    return status;
}
