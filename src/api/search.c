/* search.c - GET and POST /api/v1/knowledge/search, and the filters they share with the list. */
#include "api/filter.h"

static const FieldValue none;

static const FieldValue *value_of(const Field *fields, size_t n, const FieldValue *values,
                                  const char *name)
{
    size_t i = field_index(fields, n, str_of(name));
    return i < n ? &values[i] : &none;
}

ContentMode content_mode(Str name)
{
    return str_eq(name, STR("full"))   ? CONTENT_FULL
           : str_eq(name, STR("none")) ? CONTENT_NONE
                                       : CONTENT_EXCERPT;
}

void filter_read(const ApiCall *c, const FieldValue *values, const Field *fields, size_t n,
                 DocFilter *out)
{
    (void)c;
    const FieldValue *tag = value_of(fields, n, values, "tag"),
                     *type = value_of(fields, n, values, "file_type");
    const FieldValue *source = value_of(fields, n, values, "source"),
                     *language = value_of(fields, n, values, "language");
    *out = (DocFilter){
        .tags = tag->list,
        .n_tags = tag->n_list,
        .sources = source->list,
        .n_sources = source->n_list,
        .types = type->list,
        .n_types = type->n_list,
        .languages = language->list,
        .n_languages = language->n_list,
        .since = value_of(fields, n, values, "since")->i,
        .until = value_of(fields, n, values, "until")->i,
    };
}

static bool run(ApiCall *c, const FieldValue *values, const Field *fields, size_t n, Err *err)
{
    Str mode = value_of(fields, n, values, "mode")->str;
    SearchRequest r = {
        .text = value_of(fields, n, values, "q")->str,
        .mode = str_eq(mode, STR("semantic"))  ? SEARCH_SEMANTIC
                : str_eq(mode, STR("keyword")) ? SEARCH_KEYWORD
                                               : SEARCH_HYBRID,
        .limit = (size_t)value_of(fields, n, values, "limit")->i,
        .offset = (size_t)value_of(fields, n, values, "offset")->i,
        .threshold = value_of(fields, n, values, "threshold")->num,
        .passages = (size_t)value_of(fields, n, values, "passages")->i,
    };
    ContentMode content = content_mode(value_of(fields, n, values, "content")->str);
    SearchResult result;
    filter_read(c, values, fields, n, &r.filter);
    r.with_content = content != CONTENT_NONE;
    if (!search_run(c->parts->search, c->owner, &r, c->worker, c->arena, &result, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    search_json(&w, &result, content);
    return call_json(c, 200, err);
}

bool search_get(ApiCall *c, Err *err)
{
    return run(c, c->query, c->route->query, c->route->n_query, err);
}

bool search_post(ApiCall *c, Err *err)
{
    return run(c, c->body, c->route->body, c->route->n_body, err);
}
