#include "assistant/gate.h"

#include "text/sentences.h"

#define HELD_MAX ((size_t)64 << 10)
#define MARKS 8

bool gate_init(Gate *g, Turn *t, Str question)
{
    *g = (Gate){.t = t, .question = question, .least = 1};
    buf_init(&g->held, HELD_MAX);
    buf_init(&g->idle, HELD_MAX);
    g->citations = ARENA_NEW_ARRAY(t->a, Citation, GATE_CITATIONS);
    return g->citations || turn_no_memory(t);
}

void gate_release(Gate *g)
{
    buf_release(&g->held);
    buf_release(&g->idle);
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* The brackets that some models were taught: a number, a dagger and lines between
 * U+3010 and U+3011. */
static size_t lens_at(Str s, size_t at, size_t *out, size_t *n)
{
    static const Str open = {"\xE3\x80\x90", 3}, close = {"\xE3\x80\x91", 3};
    Str rest = str_sub(s, at, at + 64);
    size_t end = str_starts(rest, open) ? str_find(rest, close, 3) : SIZE_MAX, number = 0, i = 3;
    for (; end != SIZE_MAX && rest.ptr[i] >= '0' && rest.ptr[i] <= '9' && number < 1000; i++)
        number = number * 10 + (size_t)(rest.ptr[i] - '0');
    if (i == 3 || end == SIZE_MAX)
        return 0;
    if (*n < MARKS)
        out[(*n)++] = number;
    return at + end + 3;
}

/* The end of a "[1]", "[1, 2]", "[source 1]" or "[^1]" at `at`; 0: there is none. Numbers are added
 * to out; "[-1]" is a mark of nothing. */
static size_t mark_at(Str s, size_t at, size_t *out, size_t *n)
{
    static const char *const begins[] = {"sources ", "source ", "Sources ", "Source ", "^", "#"};
    size_t i = at + 1, number = 0, first = *n;
    bool digits = false;
    if (at >= s.len || s.ptr[at] != '[')
        return lens_at(s, at, out, n);
    for (size_t k = 0; k < sizeof begins / sizeof *begins; k++)
        if (str_starts(str_sub(s, i, s.len), str_of(begins[k])))
            i += strlen(begins[k]);
    if (i + 2 < s.len && s.ptr[i] == '-' && s.ptr[i + 1] >= '0' && s.ptr[i + 1] <= '9') {
        while (++i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
            continue;
        return i < s.len && s.ptr[i] == ']' ? i + 1 : 0;
    }
    for (; i < s.len; i++) {
        char c = s.ptr[i];
        if (c >= '0' && c <= '9') {
            number = number < 1000 ? number * 10 + (size_t)(c - '0') : number;
            digits = true;
        } else if (c == ',' || c == ' ' || c == ';' || c == ']') {
            if (digits && *n < MARKS)
                out[(*n)++] = number;
            digits = false;
            number = 0;
            if (c == ']')
                return *n > first ? i + 1 : 0;
        } else {
            break;
        }
    }
    *n = first;
    return 0;
}

/* The sentence without its marks, and they by their numbers. */
static Str unmarked(Turn *t, Str s, size_t *marks, size_t *n)
{
    Buf b;
    buf_init(&b, HELD_MAX);
    *n = 0;
    for (size_t i = 0; i < s.len;) {
        size_t end = mark_at(s, i, marks, n);
        if (end) {
            while (b.len && b.ptr[b.len - 1] == ' ' && end < s.len && strchr(".,;:!?", s.ptr[end]))
                buf_cut(&b, b.len - 1);
            i = end;
        } else {
            (void)buf_add_char(&b, s.ptr[i++]);
        }
    }
    Str out = arena_buf(t->a, &b);
    buf_release(&b);
    return out.ptr ? str_trim(out) : out;
}

/* ---- citations ------------------------------------------------------------------------------- */

/* Its number from 1; 0: it has none (what the person told, or too many). */
static size_t cite(Gate *g, const Source *s, const Grounding *ground)
{
    if (s->kind != SOURCE_PASSAGE)
        return 0;
    Citation c = {.document = s->hit->doc.id, .chunk = s->match->chunk_id,
        .title = s->hit->doc.title, .source = s->hit->doc.source,
        .text = str_sub(s->match->text, ground->start, ground->end),
        .start = s->match->start + (uint32_t)ground->start,
        .end = s->match->start + (uint32_t)ground->end, .page = s->match->page,
        .similarity = s->match->similarity};
    for (size_t i = 0; i < g->n_citations; i++)
        if (uuid_eq(&g->citations[i].document, &c.document) && g->citations[i].start == c.start &&
            g->citations[i].end == c.end)
            return i + 1;
    if (g->n_citations == GATE_CITATIONS)
        return 0;
    g->citations[g->n_citations] = c;
    return ++g->n_citations;
}

static bool holds(const Gate *g, const Source *s, Str sentence, Grounding *out)
{
    return ground_holds(sentence, s->title, s->text, g->question, out);
}

/* Those of the marks that hold; without any, the first other source that does. */
static size_t prove(Gate *g, Str sentence, const size_t *marks, size_t n, size_t *cited,
                    size_t *n_cited)
{
    size_t proofs = 0;
    Grounding ground;
    *n_cited = 0;
    for (size_t pass = 0; pass < 2 && !proofs; pass++)
        for (size_t i = 0; i < (pass ? g->n_sources : n) && !(pass && proofs); i++) {
            size_t at = pass ? i : marks[i] - 1;
            if (at >= g->n_sources || !holds(g, &g->sources[at], sentence, &ground))
                continue;
            proofs++;
            g->least = ground.share < g->least ? ground.share : g->least;
            size_t number = cite(g, &g->sources[at], &ground);
            bool again = number == 0;
            for (size_t k = 0; k < *n_cited; k++)
                again |= cited[k] == number;
            if (!again)
                cited[(*n_cited)++] = number;
        }
    return proofs;
}

/* ---- letting through ------------------------------------------------------------------------- */

static bool let_through(Gate *g, Str sentence, const size_t *cited, size_t n)
{
    Turn *t = g->t;
    size_t from = t->said.len;
    const char *before = !from ? "" : sentence_list_marker(sentence) ? "\n" : " ";
    if (g->idle.len) {
        turn_say(t, "%s" STR_FMT, before, STR_ARG(buf_str(&g->idle)));
        before = sentence_list_marker(sentence) ? "\n" : " ";
        buf_clear(&g->idle);
    }
    turn_say(t, "%s" STR_FMT, before, STR_ARG(sentence));
    for (size_t i = 0; i < n; i++)
        turn_say(t, "%s[%zu]", i ? "" : " ", cited[i]);
    g->kept++;
    return buf_check(&t->said, "the answer", t->err) &&
           turn_show(t, str_sub(buf_str(&t->said), from, t->said.len));
}

static bool judge(Gate *g, Str raw)
{
    Turn *t = g->t;
    size_t marks[MARKS], n, cited[MARKS], n_cited;
    Str s = unmarked(t, raw, marks, &n);
    if (!s.ptr)
        return turn_no_memory(t);
    if (!s.len)
        return true;
    if (str_find(s, STR(GATE_NOT_FOUND), 0) != SIZE_MAX) {
        g->not_found = true;
        return true;
    }
    if (ground_says_nothing(s)) {
        buf_clear(&g->idle);
        (void)buf_add(&g->idle, s);
        return buf_check(&g->idle, "the answer", t->err);
    }
    if (prove(g, s, marks, n, cited, &n_cited))
        return let_through(g, s, cited, n_cited);
    g->dropped++;
    return true;
}

/* Where the first sentence of what is held ends, with the marks behind it; 0: it may go on. */
static size_t complete(Str s, bool all)
{
    size_t at = 0, start, end, marks[MARKS], n = 0;
    if (!sentence_next(s, &at, &start, &end))
        return all ? s.len : 0;
    size_t i = end;
    for (;;) {
        size_t next = i, mark;
        while (next < s.len && (s.ptr[next] == ' ' || s.ptr[next] == '\n'))
            next++;
        n = 0;
        if (next < s.len && (mark = mark_at(s, next, marks, &n)) != 0) {
            i = mark;
            if (i < s.len && strchr(".!?", s.ptr[i]))
                i++;
            continue;
        }
        if (all)
            return i;
        /* What follows must have begun, and must be no mark that is still coming; unless the marks
         * stand there already. */
        bool marked = str_find(str_sub(s, start, i), STR("]"), 0) != SIZE_MAX;
        if (marked && next > i)
            return i;
        bool mark_comes = str_starts(STR("\xE3\x80\x90"), str_sub(s, next, next + 3));
        return next < s.len && next > i && s.ptr[next] != '[' && !mark_comes ? i : 0;
    }
}

static bool drain(Gate *g, bool all)
{
    size_t end;
    while (g->held.len && (end = complete(buf_str(&g->held), all)) > 0) {
        if (!judge(g, str_trim(str_sub(buf_str(&g->held), 0, end))))
            return false;
        memmove(g->held.ptr, g->held.ptr + end, g->held.len - end);
        buf_cut(&g->held, g->held.len - end);
    }
    return true;
}

bool gate_feed(Gate *g, Str piece)
{
    (void)buf_add(&g->held, piece);
    return buf_check(&g->held, "the answer", g->t->err) && drain(g, false);
}

void gate_cut(Gate *g)
{
    buf_clear(&g->held);
}

bool gate_flush(Gate *g)
{
    bool ok = drain(g, true);
    buf_clear(&g->held);
    return ok;
}
