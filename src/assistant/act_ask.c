/* act_ask.c - questions: of memory, of the documents, of what changed. */
#include "assistant/act.h"

#include <stdlib.h>

#include "store/cues.h"

#define SHOWN 8
#define DAY_MS ((int64_t)86400000)
#define LOOKED_AT 1000 /* documents whose tags are counted */

static bool nothing_found(Turn *t)
{
    turn_say(t, "I found nothing about that.");
    t->reply->not_found = true;
    t->reply->citations = NULL;
    t->reply->n_citations = 0;
    return true;
}

bool act_question(Turn *t)
{
    Str asked = t->intent.query.len ? t->intent.query : t->text, question;
    bool answered = false;
    if (!memory_resolve(t->parts->store, t->owner, asked, t->a, &question, t->err))
        return false;
    bool follows = t->intent.follow_up && t->d.question.len;
    Str both = follows ? arena_printf(t->a, STR_FMT " " STR_FMT, STR_ARG(t->d.question),
                                      STR_ARG(question)) : question;
    if (!both.ptr)
        return turn_no_memory(t);
    if (!answer_model(t, both, question, &answered))
        return false;
    const Uuid *before = t->d.n_sources ? &t->d.sources[0].document : NULL;
    if (!answered && !(follows ? answer_follow(t, both, question, before, &answered)
                  : answer_find(t, question, question, NULL, 0, &answered)))
        return false;
    if (!answered && !follows && question.ptr != asked.ptr &&
        !answer_find(t, asked, asked, NULL, 0, &answered))
        return false;
    if (!follows)
        t->d.question = question;
    t->d.turn = TURN_ANSWER;
    t->d.last = answered && t->d.n_sources ? (Thing){THING_DOCUMENT, t->d.sources[0].document}
                                           : (Thing){0};
    return answered || nothing_found(t);
}

bool ask_documents(Turn *t)
{
    Str question = t->intent.query.len ? t->intent.query : t->text;
    Str said = arena_buf(t->a, &t->said);
    bool answered;
    if (!said.ptr)
        return turn_no_memory(t);
    buf_clear(&t->said);
    if (!answer_find(t, question, question, NULL, 0, &answered))
        return false;
    if (!answered) {
        turn_say(t, STR_FMT, STR_ARG(said));
        return true;
    }
    t->d.question = question;
    t->d.turn = TURN_ANSWER;
    t->d.last = (Thing){THING_DOCUMENT, t->d.sources[0].document};
    return true;
}

/* "Where are the old slides?" wants the place and not the paper. */
static bool asks_where(Str s)
{
    return str_eq_nocase(str_sub(s, 0, 6), STR("where ")) ||
           str_eq_nocase(str_sub(s, 0, 3), STR("wo "));
}

bool act_search(Turn *t)
{
    Str topic = SLOT(t, SLOT_TOPIC).len ? SLOT(t, SLOT_TOPIC) : t->intent.query;
    bool answered;
    if (asks_where(t->intent.query))
        return act_question(t);
    if (!answer_find(t, topic, topic, NULL, 0, &answered))
        return false;
    t->d.question = topic;
    t->d.turn = TURN_ANSWER;
    if (!answered)
        return nothing_found(t);
    const AssistantReply *r = t->reply;
    buf_clear(&t->said);
    turn_say(t, "I found %zu document%s:\n", r->n_citations, r->n_citations == 1 ? "" : "s");
    t->d.n_listed = 0;
    for (size_t i = 0; i < r->n_citations; i++) {
        dialogue_list(&t->d, THING_DOCUMENT, &r->citations[i].document);
        turn_say(t, "%s%zu. " STR_FMT, i ? "\n" : "", i + 1, STR_ARG(r->citations[i].title));
    }
    t->d.last = (Thing){THING_DOCUMENT, r->citations[0].document};
    return true;
}

/* The passage around the sentence that was quoted, as it stands in the document now. */
bool act_show_source(Turn *t)
{
    Chunk chunk;
    Uuid document;
    Err gone = ERR_INIT;
    size_t at = t->intent.ref == REF_ORDINAL && t->intent.ordinal > 0
                    ? (size_t)t->intent.ordinal - 1 : 0;
    if (t->d.n_sources == 0 || at >= t->d.n_sources) {
        turn_say(t, "I have not quoted a document to show.");
        return true;
    }
    const Citation *was = &t->d.sources[at];
    if (!store_chunk_by_id(t->parts->store, t->owner, &was->chunk, t->a, &chunk, &document,
                           &gone)) {
        if (gone.code != ERR_NOT_FOUND) {
            *t->err = gone;
            return false;
        }
        turn_say(t, "\"" STR_FMT "\" was changed or deleted since.", STR_ARG(was->title));
        return true;
    }
    Citation *c = ARENA_NEW(t->a, Citation);
    if (!c)
        return turn_no_memory(t);
    *c = (Citation){.document = document, .chunk = was->chunk, .title = was->title,
        .source = was->source, .text = chunk.text, .start = chunk.start, .end = chunk.end,
        .page = chunk.page, .similarity = 1};
    c->timed = store_said_at(t->parts->store, t->owner, &document, c->start, c->end, &c->from_ms,
                             &c->to_ms);
    t->reply->citations = c;
    t->reply->n_citations = 1;
    turn_say(t, "In \"" STR_FMT "\"", STR_ARG(was->title));
    if (chunk.page)
        turn_say(t, ", page %u", chunk.page);
    if (was->timed || c->timed) { /* of the sentence that was quoted, not of its passage */
        uint32_t s = (was->timed ? was->from_ms : c->from_ms) / 1000;
        turn_say(t, ", at %u:%02u", s / 60, s % 60);
    }
    turn_say(t, ":\n" STR_FMT, STR_ARG(chunk.text));
    return true;
}

/* ---- what changed ---------------------------------------------------------------------------- */

static bool say_documents(Turn *t, int64_t since, int64_t until, Str name)
{
    DocFilter f = {.since = since, .until = until};
    DocPage page;
    if (!store_document_list(t->parts->store, t->owner, &f, SORT_UPDATED_DESC, SHOWN, STR(""),
                             t->a, &page, t->err))
        return false;
    if (page.total == 0) {
        turn_say(t, "No document came or changed " STR_FMT ".", STR_ARG(name));
        return true;
    }
    turn_say(t, "%llu document%s came or changed " STR_FMT ":\n", (unsigned long long)page.total,
             page.total == 1 ? "" : "s", STR_ARG(name));
    t->d.n_listed = 0;
    for (size_t i = 0; i < page.n; i++) {
        dialogue_list(&t->d, THING_DOCUMENT, &page.items[i].id);
        turn_say(t, "%s- " STR_FMT, i ? "\n" : "", STR_ARG(page.items[i].title));
    }
    if (page.total > page.n)
        turn_say(t, "\nand %llu more", (unsigned long long)(page.total - page.n));
    return true;
}

bool act_changes(Turn *t)
{
    Span span;
    if (!turn_span(t, WHEN_PAST, &span))
        return false;
    if (!span.said) {
        span.from = t->now - DAY_MS;
        span.name = STR("in the last 24 hours");
    }
    /* "since yesterday" has no end, and "yesterday" alone means since then as well. */
    return say_documents(t, span.from == TASK_NO_TIME ? 0 : span.from, 0, span.name);
}

typedef struct {
    Str tag;
    unsigned n;
} Count;

static int by_count(const void *x, const void *y)
{
    const Count *a = x, *b = y;
    return a->n != b->n ? (a->n < b->n ? 1 : -1) : str_cmp(a->tag, b->tag);
}

static bool count_tags(Turn *t, const DocPage *page, Count **out, size_t *n)
{
    size_t cap = 0;
    for (size_t i = 0; i < page->n; i++)
        cap += page->items[i].n_tags;
    Count *counts = ARENA_NEW_ARRAY(t->a, Count, cap + 1);
    if (!counts)
        return turn_no_memory(t);
    *n = 0;
    for (size_t i = 0; i < page->n; i++)
        for (size_t k = 0; k < page->items[i].n_tags; k++)
            counts[(*n)++] = (Count){page->items[i].tags[k], 1};
    qsort(counts, *n, sizeof *counts, by_count);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        if (kept && str_eq(counts[kept - 1].tag, counts[i].tag))
            counts[kept - 1].n++;
        else
            counts[kept++] = counts[i];
    }
    qsort(counts, kept, sizeof *counts, by_count);
    *n = kept;
    *out = counts;
    return true;
}

bool act_trends(Turn *t)
{
    Span span;
    DocPage page;
    Count *counts = NULL;
    size_t n = 0;
    if (!turn_span(t, WHEN_PAST, &span))
        return false;
    DocFilter f = {.since = span.said && span.from != TASK_NO_TIME ? span.from : 0};
    if (!store_document_list(t->parts->store, t->owner, &f, SORT_UPDATED_DESC, LOOKED_AT, STR(""),
                             t->a, &page, t->err) ||
        !count_tags(t, &page, &counts, &n))
        return false;
    Str name = span.said ? span.name : STR("in your documents");
    if (n == 0) {
        turn_say(t, "There is nothing to see a theme in " STR_FMT ".", STR_ARG(name));
        return true;
    }
    turn_say(t, "The themes " STR_FMT ", of %zu document%s:\n", STR_ARG(name), page.n,
             page.n == 1 ? "" : "s");
    for (size_t i = 0; i < n && i < SHOWN; i++)
        turn_say(t, "%s- " STR_FMT " (%u)", i ? "\n" : "", STR_ARG(counts[i].tag), counts[i].n);
    return true;
}

/* ---- the day --------------------------------------------------------------------------------- */

bool act_briefing(Turn *t)
{
    Span span;
    char day[ZONE_RFC3339_MAX];
    Briefings *b = t->parts->briefings;
    if (!b)
        return err_set(t->err, ERR_UNAVAILABLE, "there is no briefing here");
    if (!turn_span(t, WHEN_FUTURE, &span))
        return false;
    BriefingAsk ask = {.zone = STR("")};
    if (span.said && span.from != TASK_NO_TIME)
        ask.date = str_mem(zone_format(t->zone, span.from, day), 10);
    BriefingShot *shot = briefing_get(b, &ask, t->worker, t->err);
    if (!shot)
        return false;
    t->d.turn = TURN_BRIEFING;
    t->d.n_listed = 0;
    const BriefingSection *due = &briefing_of(shot)->sections[BRIEFING_DUE];
    for (size_t i = 0; i < due->n; i++) {
        const BriefingSource *s = &due->items[i].sources[0];
        dialogue_list(&t->d, s->of == BRIEFING_OF_TASK ? THING_TASK
                               : s->of == BRIEFING_OF_FACT ? THING_FACT
                                                           : THING_DOCUMENT, &s->id);
    }
    Buf said;
    buf_init(&said, 1 << 20);
    briefing_speech(briefing_of(shot), &said);
    turn_say(t, STR_FMT, STR_ARG(str_trim(buf_str(&said))));
    buf_release(&said);
    briefing_release(shot);
    return true;
}
