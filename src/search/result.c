/* result.c - deep copies. */
#include "search/result.h"

/* A text that is not there (ptr NULL) stays that way. */
static bool copy_str(Str s, Arena *a, Str *out)
{
    *out = s.ptr ? arena_str(a, s) : s;
    return !s.ptr || out->ptr;
}

bool document_copy(const Document *d, Arena *a, Document *out)
{
    Document c = *d;
    c.tags = ARENA_NEW_ARRAY(a, Str, d->n_tags + 1);
    bool ok = c.tags && copy_str(d->title, a, &c.title) && copy_str(d->content, a, &c.content) &&
              copy_str(d->source, a, &c.source) && copy_str(d->file_type, a, &c.file_type) &&
              copy_str(d->media_type, a, &c.media_type) && copy_str(d->filename, a, &c.filename) &&
              copy_str(d->summary, a, &c.summary) && copy_str(d->extra_json, a, &c.extra_json) &&
              copy_str(d->author, a, &c.author) && copy_str(d->language, a, &c.language) &&
              copy_str(d->about_json, a, &c.about_json);
    for (size_t i = 0; ok && i < d->n_tags; i++)
        ok = copy_str(d->tags[i], a, &c.tags[i]);
    if (ok)
        *out = c;
    return ok;
}

static bool match_copy(const Match *m, Arena *a, Match *out)
{
    *out = *m;
    out->marks = ARENA_NEW_ARRAY(a, MarkSpan, m->n_marks + 1);
    if (!out->marks || !copy_str(m->text, a, &out->text) || !copy_str(m->context, a, &out->context))
        return false;
    if (m->n_marks)
        memcpy(out->marks, m->marks, m->n_marks * sizeof *m->marks);
    return true;
}

bool result_copy(const SearchResult *r, Arena *a, SearchResult *out)
{
    SearchResult c = *r;
    c.hits = ARENA_NEW_ARRAY(a, SearchHit, r->n + 1);
    bool ok = c.hits != NULL;
    for (size_t i = 0; ok && i < r->n; i++) {
        const SearchHit *from = &r->hits[i];
        SearchHit *to = &c.hits[i];
        *to = *from;
        to->matches = ARENA_NEW_ARRAY(a, Match, from->n_matches + 1);
        ok = to->matches && document_copy(&from->doc, a, &to->doc);
        for (size_t k = 0; ok && k < from->n_matches; k++)
            ok = match_copy(&from->matches[k], a, &to->matches[k]);
    }
    if (ok)
        *out = c;
    return ok;
}
