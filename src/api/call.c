/* call.c - reads a request by its route's tables; see call.h. */
#include "api/call.h"

#include "base/utf8.h"
#include "net/form.h"
#include "net/multipart.h"

static const FieldValue none;

static const FieldValue *find(const Field *fields, size_t n, const FieldValue *values,
                              const char *name)
{
    size_t i = field_index(fields, n, str_of(name));
    return i < n ? &values[i] : &none;
}

const FieldValue *call_query(const ApiCall *c, const char *name)
{
    return find(c->route->query, c->route->n_query, c->query, name);
}

const FieldValue *call_body(const ApiCall *c, const char *name)
{
    return find(c->route->body, c->route->n_body, c->body, name);
}

bool call_path_uuid(const ApiCall *c, const char *name, const char *what, Uuid *out, Err *err)
{
    Str text = route_param(&c->match, name);
    if (uuid_parse(text, out))
        return true;
    return err_set(err, ERR_NOT_FOUND, "there is no %s \"" STR_FMT "\"", what,
                   (int)(text.len < 60 ? utf8_floor(text, text.len) : utf8_floor(text, 60)),
                   text.ptr);
}

bool call_json(ApiCall *c, int status, Err *err)
{
    if (!buf_check(&c->out, "the answer", err))
        return false;
    HttpResponse *r = &c->x->resp;
    r->status = status;
    r->content_type = STR("application/json");
    buf_release(&r->body);
    r->body = c->out;
    buf_init(&c->out, BUF_DEFAULT_MAX);
    return true;
}

void call_events(ApiCall *c)
{
    c->streaming = true;
    c->x->resp.status = 200;
    c->x->resp.content_type = STR("text/event-stream");
    http_resp_header(c->x, "Cache-Control", STR("no-store"));
    http_stream_start(c->x, -1);
}

bool call_accepts_events(const ApiCall *c)
{
    Str rest = http_header(&c->x->req, "Accept"), one;
    while (str_next(&rest, ',', &one))
        if (str_eq_nocase(str_trim(http_media_type(one)), STR("text/event-stream")))
            return true;
    return false;
}

bool call_text(ApiCall *c, int status, const char *media_type, Str text)
{
    HttpResponse *r = &c->x->resp;
    r->status = status;
    r->content_type = str_of(media_type);
    r->body_ref = text;
    return true;
}

static bool unknown(const char *what, Str name, Err *err)
{
    return err_set(err, ERR_VALIDATION, "unknown %s \"" STR_FMT "\"", what,
                   (int)utf8_floor(name, name.len < 80 ? name.len : 80), name.ptr);
}

static bool read_query(ApiCall *c, Err *err)
{
    const ApiRoute *r = c->route;
    Form form;
    if (!form_parse(c->x->req.query, c->arena, &form, err))
        return false;
    for (size_t k = 0; k < form.count; k++) {
        Str name = form.pairs[k].name;
        size_t i = field_index(r->query, r->n_query, name);
        if (i == SIZE_MAX)
            return unknown("parameter", name, err);
        if (!field_from_text(&r->query[i], form.pairs[k].value, c->arena, &c->query[i], err))
            return false;
    }
    return field_finish(r->query, r->n_query, c->query, err);
}

/* The members that the route knows; what else a client sends does not matter. */
static bool known_members(ApiCall *c, Err *err)
{
    const ApiRoute *r = c->route;
    void *iter = NULL;
    Str key;
    const Json *value;
    if (json_type(c->tree) != JSON_T_OBJECT)
        return err_set(err, ERR_VALIDATION, "the body must be a JSON object");
    while (json_each(c->tree, &iter, &key, &value)) {
        size_t i = field_index(r->body, r->n_body, key);
        if (i != SIZE_MAX && !field_from_json(&r->body[i], value, c->arena, &c->body[i], err))
            return false;
    }
    return true;
}

static bool read_json(ApiCall *c, Err *err)
{
    c->tree = json_parse(c->x->req.body, JSON_DEFAULT_DEPTH, err);
    if (!c->tree)
        return err_wrap(err, "the body is not JSON");
    if (c->route->flags & ANY_MEMBERS)
        return known_members(c, err);
    return field_object(c->route->body, c->route->n_body, c->tree, c->arena, c->body, err);
}

/* One part of a form: a file, or the text of a field. */
static bool take_part(ApiCall *c, const MultipartPart *part, Err *err)
{
    const ApiRoute *r = c->route;
    size_t i = field_index(r->body, r->n_body, part->name);
    if (i == SIZE_MAX)
        return (r->flags & ANY_MEMBERS) ? true : unknown("form field", part->name, err);
    FieldValue *v = &c->body[i];
    if (r->body[i].type != F_FILE)
        return field_from_text(&r->body[i], part->data, c->arena, v, err);
    if (v->given)
        return err_set(err, ERR_VALIDATION, "%s was given twice", r->body[i].name);
    v->given = true;
    v->str = part->data;
    v->filename = part->filename;
    v->media_type = part->content_type;
    return true;
}

static bool read_form(ApiCall *c, Str content_type, Err *err)
{
    Multipart form;
    if (!multipart_parse(c->x->req.body, content_type, NULL, c->arena, &form, err))
        return false;
    for (size_t i = 0; i < form.count; i++)
        if (!take_part(c, &form.parts[i], err))
            return false;
    return true;
}

/* What a body may be sent as when it is the file itself. */
static bool is_sound(Str media)
{
    static const char *const others[] = {"application/ogg", "application/octet-stream",
                                         "video/webm", "video/mp4"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_eq_nocase(media, str_of(others[i])))
            return true;
    return media.len > 6 && str_eq_nocase(str_sub(media, 0, 6), STR("audio/"));
}

static bool read_sound(ApiCall *c, Str media)
{
    const ApiRoute *r = c->route;
    size_t i = 0;
    while (i < r->n_body && r->body[i].type != F_FILE)
        i++;
    if (i < r->n_body)
        c->body[i] = (FieldValue){.given = true, .str = c->x->req.body, .media_type = media};
    return true;
}

static const char *body_must(unsigned kinds)
{
    return kinds & BODY_SOUND       ? "application/json, multipart/form-data or audio/*"
           : !(kinds & BODY_MULTIPART) ? "application/json"
           : !(kinds & BODY_JSON)      ? "multipart/form-data"
                                       : "multipart/form-data or application/json";
}

static bool read_body(ApiCall *c, Err *err)
{
    const ApiRoute *r = c->route;
    if (r->body_kinds == BODY_NONE)
        return c->x->req.body.len == 0
                   ? true
                   : err_set(err, ERR_VALIDATION, "%s %s takes no body", r->method, r->pattern);
    if ((r->body_kinds & BODY_MAY_LACK) && c->x->req.body.len == 0)
        return field_finish(r->body, r->n_body, c->body, err);
    Str type = http_header(&c->x->req, "Content-Type");
    Str media = http_media_type(type);
    bool ok;
    if ((r->body_kinds & BODY_JSON) && str_eq_nocase(media, STR("application/json"))) {
        ok = read_json(c, err);
    } else if ((r->body_kinds & BODY_MULTIPART) && str_eq_nocase(media, STR("multipart/"
                                                                            "form-data"))) {
        ok = read_form(c, type, err);
    } else if ((r->body_kinds & BODY_SOUND) && is_sound(media)) {
        ok = read_sound(c, media);
    } else {
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "the body must be %s",
                       body_must(r->body_kinds));
    }
    return ok && field_finish(r->body, r->n_body, c->body, err);
}

bool call_read(ApiCall *c, Err *err)
{
    return read_query(c, err) && read_body(c, err);
}
