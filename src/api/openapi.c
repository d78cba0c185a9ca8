/* openapi.c - the OpenAPI 3.1 document, made from the table that routes requests. */
#include <stdio.h>

#include "api/call.h"
#include "api/schemas.h"

static void schema_ref(JsonW *w, const char *name)
{
    char ref[96];
    snprintf(ref, sizeof ref, "#/components/schemas/%s", name);
    jw_key(w, "schema");
    jw_obj(w);
    jw_kv_cstr(w, "$ref", ref);
    jw_obj_end(w);
}

static void parameter(JsonW *w, const Field *f, const char *name, const char *in)
{
    jw_obj(w);
    jw_kv_cstr(w, "name", name);
    jw_kv_cstr(w, "in", in);
    if (f->required || in[0] == 'p')
        jw_kv_bool(w, "required", true);
    if (f->help)
        jw_kv_cstr(w, "description", f->help);
    if (f->type == F_STRINGS) {
        jw_kv_cstr(w, "style", "form");
        jw_kv_bool(w, "explode", true);
    }
    jw_key(w, "schema");
    field_schema(f, w);
    jw_obj_end(w);
}

/* {id} and {name...} of the pattern. */
static void path_parameters(JsonW *w, const char *pattern)
{
    Str rest = str_of(pattern), part;
    while (str_next(&rest, '/', &part)) {
        if (part.len < 3 || part.ptr[0] != '{')
            continue;
        char name[40];
        Str inner = str_sub(part, 1, part.len - 1);
        if (str_ends(inner, STR("...")))
            inner.len -= 3;
        snprintf(name, sizeof name, STR_FMT, STR_ARG(inner));
        bool is_id = str_eq(inner, STR("id"));
        Field f = {.name = name, .type = is_id ? F_UUID : F_STRING, .min = 1, .max = 200};
        parameter(w, &f, name, "path");
    }
}

static void parameters(JsonW *w, const ApiRoute *r)
{
    jw_key(w, "parameters");
    jw_arr(w);
    path_parameters(w, r->pattern);
    for (size_t i = 0; i < r->n_query; i++)
        if (!r->query[i].same_as)
            parameter(w, &r->query[i], r->query[i].name, "query");
    jw_arr_end(w);
}

/* A file in a form and its content in JSON are the same thing, and needed; their names. */
static const char *form_or_json(const ApiRoute *r, bool form)
{
    static const char *const pairs[][2] = {{"file", "content"}, {"audio", "audio_data"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (field_index(r->body, r->n_body, str_of(pairs[i][0])) != SIZE_MAX)
            return pairs[i][form ? 0 : 1];
    return NULL;
}

static void body_schema(JsonW *w, const ApiRoute *r, bool form)
{
    jw_key(w, "schema");
    jw_obj(w);
    jw_kv_cstr(w, "type", "object");
    jw_kv_bool(w, "additionalProperties", (r->flags & ANY_MEMBERS) != 0);
    jw_key(w, "properties");
    jw_obj(w);
    size_t n_required = 0;
    for (size_t i = 0; i < r->n_body; i++) {
        const Field *f = &r->body[i];
        n_required += f->required;
        if (f->same_as || (f->type == F_FILE && !form) || (f->type == F_JSON && form))
            continue;
        jw_key(w, f->name);
        field_schema(f, w);
    }
    jw_obj_end(w);
    const char *whole = form_or_json(r, form);
    if (n_required || whole) {
        jw_key(w, "required");
        jw_arr(w);
        for (size_t i = 0; i < r->n_body; i++)
            if (r->body[i].required)
                jw_cstr(w, r->body[i].name);
        if (whole)
            jw_cstr(w, whole);
        jw_arr_end(w);
    }
    jw_obj_end(w);
}

static void request_body(JsonW *w, const ApiRoute *r)
{
    if (r->body_kinds == BODY_NONE)
        return;
    jw_key(w, "requestBody");
    jw_obj(w);
    jw_kv_bool(w, "required", !(r->body_kinds & BODY_MAY_LACK));
    jw_key(w, "content");
    jw_obj(w);
    if (r->body_kinds & BODY_JSON) {
        jw_key(w, "application/json");
        jw_obj(w);
        body_schema(w, r, false);
        jw_obj_end(w);
    }
    if (r->body_kinds & BODY_MULTIPART) {
        jw_key(w, "multipart/form-data");
        jw_obj(w);
        body_schema(w, r, true);
        jw_obj_end(w);
    }
    if (r->body_kinds & BODY_SOUND) {
        jw_key(w, "audio/*");
        jw_obj(w);
        jw_key(w, "schema");
        jw_obj(w);
        jw_kv_cstr(w, "type", "string");
        jw_kv_cstr(w, "format", "binary");
        jw_obj_end(w);
        jw_obj_end(w);
    }
    jw_obj_end(w);
    jw_obj_end(w);
}

static void other_media(JsonW *w, const char *media, const char *description)
{
    jw_key(w, media);
    jw_obj(w);
    jw_key(w, "schema");
    jw_obj(w);
    jw_kv_cstr(w, "description", description);
    jw_obj_end(w);
    jw_obj_end(w);
}

static void response(JsonW *w, Str status, const char *media, const char *schema, unsigned flags)
{
    jw_key_str(w, status);
    jw_obj(w);
    uint64_t code = 0;
    str_to_u64(status, &code);
    jw_kv_cstr(w, "description",
               str_eq(status, STR("default")) ? "any other error" : http_status_text((int)code));
    if (media) {
        jw_key(w, "content");
        jw_obj(w);
        jw_key(w, media);
        jw_obj(w);
        if (schema) {
            schema_ref(w, schema);
        } else {
            jw_key(w, "schema");
            jw_obj(w);
            if (media[0] != 'a' || str_eq(str_of(media), STR("application/octet-stream")))
                jw_kv_cstr(w, "type", "string");
            jw_obj_end(w);
        }
        jw_obj_end(w);
        if (flags & STREAMS)
            other_media(w, "text/event-stream", "server-sent events: docs/API.md");
        if (flags & READABLE) {
            other_media(w, "text/plain", "for a terminal, or to be read aloud");
            other_media(w, "text/html", "a page");
        }
        jw_obj_end(w);
    }
    jw_obj_end(w);
}

static void responses(JsonW *w, const ApiRoute *r)
{
    bool openai = api_is_openai(str_of(r->pattern));
    const char *fault_media = openai ? "application/json" : "application/problem+json";
    const char *fault = openai ? "OpenAIError" : "Problem";
    bool media_only = r->answer && str_find(str_of(r->answer), STR("/"), 0) != SIZE_MAX;
    Str rest = str_of(r->ok), status;
    jw_key(w, "responses");
    jw_obj(w);
    while (str_next(&rest, ',', &status))
        response(w, status,
                 !r->answer   ? NULL
                 : media_only ? r->answer
                              : "application/json",
                 !r->answer || media_only ? NULL : r->answer, r->flags);
    rest = str_of(r->errors);
    while (str_next(&rest, ',', &status))
        if (status.len)
            response(w, status, fault_media, fault, 0);
    response(w, STR("default"), fault_media, fault, 0);
    jw_obj_end(w);
}

static void scheme(JsonW *w, const char *name, Str scopes)
{
    Str one;
    jw_obj(w);
    jw_key(w, name);
    jw_arr(w);
    while (scopes.len && str_next(&scopes, ',', &one))
        jw_str(w, str_trim(one));
    jw_arr_end(w);
    jw_obj_end(w);
}

/* A token with these scopes, a session, or nothing: on one's own machine (access.h). */
static void security(JsonW *w, const ApiRoute *r)
{
    unsigned scopes = api_route_scopes(r);
    Buf names;
    jw_key(w, "security");
    jw_arr(w);
    if (scopes) {
        buf_init(&names, 256);
        access_scope_names(scopes, &names);
        jw_obj(w);
        jw_obj_end(w);
        if (!(scopes & SCOPE_ACCOUNT))
            scheme(w, "token", buf_str(&names));
        scheme(w, "session", buf_str(&names));
        buf_release(&names);
    }
    jw_arr_end(w);
}

static void security_schemes(JsonW *w)
{
    jw_key(w, "securitySchemes");
    jw_obj(w);
    jw_key(w, "token");
    jw_obj(w);
    jw_kv_cstr(w, "type", "http");
    jw_kv_cstr(w, "scheme", "bearer");
    jw_kv_cstr(w, "description", "sotto token create; the scopes that are needed are named");
    jw_obj_end(w);
    jw_key(w, "session");
    jw_obj(w);
    jw_kv_cstr(w, "type", "apiKey");
    jw_kv_cstr(w, "in", "cookie");
    jw_kv_cstr(w, "name", ACCESS_COOKIE);
    jw_obj_end(w);
    jw_obj_end(w);
}

static void operation(JsonW *w, const ApiRoute *r)
{
    char id[128];
    size_t n = 0;
    for (const char *p = r->method; *p && n < sizeof id - 1; p++)
        id[n++] = (char)(*p | 0x20);
    for (const char *p = r->pattern; *p && n < sizeof id - 1; p++)
        if (*p != '{' && *p != '}' && *p != '.')
            id[n++] = *p == '/' || *p == '-' ? '_' : *p;
    id[n] = 0;
    jw_obj(w);
    jw_kv_cstr(w, "operationId", id);
    jw_kv_cstr(w, "summary", r->summary);
    if (r->details)
        jw_kv_cstr(w, "description", r->details);
    jw_key(w, "tags");
    jw_arr(w);
    jw_cstr(w, r->tag);
    jw_arr_end(w);
    parameters(w, r);
    request_body(w, r);
    responses(w, r);
    security(w, r);
    jw_obj_end(w);
}

static void path_key(JsonW *w, const char *pattern)
{
    char path[160];
    size_t n = 0;
    for (const char *p = pattern; *p && n < sizeof path - 1; p++) {
        if (strncmp(p, "...", 3) == 0) /* {name...} is {name} in OpenAPI */
            p += 3;
        path[n++] = *p;
    }
    path[n] = 0;
    jw_key(w, path);
}

/* All parts' schemas as one object. */
static void schemas(JsonW *w)
{
    static const char *const parts[] = {api_schemas, api_schemas_talk, api_schemas_proposals,
                                        api_schemas_briefing, api_schemas_voice,
                                        api_schemas_page, api_schemas_people};
    jw_obj(w);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        Json *j = json_parse(str_of(parts[i]), JSON_DEFAULT_DEPTH, NULL);
        jw_members(w, j);
        json_free(j);
    }
    jw_obj_end(w);
}

bool api_openapi(Buf *out)
{
    size_t n;
    const ApiRoute *r = api_routes(&n);
    JsonW w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kv_cstr(&w, "openapi", "3.1.0");
    jw_key(&w, "info");
    jw_obj(&w);
    jw_kv_cstr(&w, "title", "Sotto");
    jw_kv_cstr(&w, "version", SOTTO_VERSION);
    jw_kv_cstr(&w, "description",
               "A private personal assistant on one machine. Errors below /api are RFC 9457 "
               "problem details; below /v1 they have OpenAI's shape.");
    jw_obj_end(&w);
    jw_key(&w, "paths");
    jw_obj(&w);
    for (size_t i = 0; i < n;) {
        size_t first = i;
        path_key(&w, r[i].pattern);
        jw_obj(&w);
        for (; i < n && str_eq(str_of(r[i].pattern), str_of(r[first].pattern)); i++) {
            char method[16];
            size_t k = 0;
            for (const char *p = r[i].method; *p && k < sizeof method - 1; p++)
                method[k++] = (char)(*p | 0x20);
            method[k] = 0;
            jw_key(&w, method);
            operation(&w, &r[i]);
        }
        jw_obj_end(&w);
    }
    jw_obj_end(&w);
    jw_key(&w, "components");
    jw_obj(&w);
    jw_key(&w, "schemas");
    schemas(&w);
    security_schemes(&w);
    jw_obj_end(&w);
    jw_obj_end(&w);
    return buf_ok(out);
}
