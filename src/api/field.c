/* field.c - see field.h. */
#include "api/field.h"

#include <math.h>

#include "base/clock.h"
#include "base/utf8.h"

size_t field_index(const Field *fields, size_t n, Str name)
{
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(str_of(fields[i].name), name))
            continue;
        return fields[i].same_as ? field_index(fields, n, str_of(fields[i].same_as)) : i;
    }
    return SIZE_MAX;
}

static bool range_int(const Field *f, int64_t v, Err *err)
{
    if ((double)v < f->min || (double)v > f->max)
        return err_set(err, ERR_VALIDATION, "%s must be between %.0f and %.0f", f->name, f->min,
                       f->max);
    return true;
}

/* Text of the given limits; control characters would only break logs and terminals. */
static bool check_text(const Field *f, Str s, Err *err)
{
    if (!utf8_ok(s))
        return err_set(err, ERR_VALIDATION, "%s is not valid UTF-8", f->name);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool blank = c == '\n' || c == '\t' || c == '\r';
        if (c == 0 || ((c < 0x20 || c == 0x7F) && !(f->type == F_TEXT && blank)))
            return err_set(err, ERR_VALIDATION, "%s has a control character at byte %zu", f->name,
                           i);
    }
    if (f->type == F_STRINGS)
        return s.len > 0 && utf8_count(s) <= 200
                   ? true
                   : err_set(err, ERR_VALIDATION, "each of %s must have 1 to 200 characters",
                             f->name);
    size_t count = utf8_count(s);
    if ((double)count < f->min)
        return err_set(err, ERR_VALIDATION,
                       count ? "%s must have at least %.0f characters" : "%s must not be empty",
                       f->name, f->min);
    if (f->max > 0 && (double)count > f->max)
        return err_set(err, ERR_VALIDATION, "%s must have at most %.0f characters", f->name,
                       f->max);
    return true;
}

static bool check_choice(const Field *f, Str s, Err *err)
{
    Str rest = str_of(f->choices), one;
    while (str_next(&rest, '|', &one))
        if (str_eq(one, s))
            return true;
    return err_set(err, ERR_VALIDATION, "%s must be one of %s", f->name, f->choices);
}

static bool push_list(const Field *f, Str s, Arena *a, FieldValue *v, Err *err)
{
    if (!check_text(f, s, err))
        return false;
    if (f->max > 0 && (double)v->n_list >= f->max)
        return err_set(err, ERR_VALIDATION, "%s takes at most %.0f values", f->name, f->max);
    if ((v->n_list & (v->n_list - 1)) == 0) { /* grows at powers of two */
        Str *bigger = ARENA_NEW_ARRAY(a, Str, v->n_list ? v->n_list * 2 : 1);
        if (!bigger)
            return err_set(err, ERR_NO_MEMORY, "no memory for %s", f->name);
        if (v->n_list)
            memcpy(bigger, v->list, v->n_list * sizeof *bigger);
        v->list = bigger;
    }
    v->list[v->n_list++] = s;
    return true;
}

static bool object_from_text(const Field *f, Str text, Arena *a, FieldValue *v, Err *err)
{
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, err);
    if (!j)
        return err_wrap(err, "%s", f->name);
    bool is_object = json_type(j) == JSON_T_OBJECT;
    Buf b;
    buf_init(&b, 1 << 20);
    bool ok = is_object && json_dump(j, &b);
    if (ok)
        v->str = arena_buf(a, &b);
    buf_release(&b);
    json_free(j);
    if (!is_object)
        return err_set(err, ERR_VALIDATION, "%s must be a JSON object", f->name);
    if (!ok || !v->str.ptr)
        return err_set(err, ERR_TOO_LARGE, "%s is too large", f->name);
    return true;
}

bool field_from_text(const Field *f, Str s, Arena *a, FieldValue *v, Err *err)
{
    if (v->given && f->type != F_STRINGS)
        return err_set(err, ERR_VALIDATION, "%s was given twice", f->name);
    v->given = true;
    v->str = s;
    switch (f->type) {
    case F_STRING:
    case F_TEXT:
        return check_text(f, s, err);
    case F_INT:
        if (!str_to_i64(s, &v->i))
            return err_set(err, ERR_VALIDATION, "%s must be a whole number", f->name);
        return range_int(f, v->i, err);
    case F_NUMBER:
        if (!str_to_double(s, &v->num))
            return err_set(err, ERR_VALIDATION, "%s must be a number", f->name);
        if (v->num < f->min || v->num > f->max)
            return err_set(err, ERR_VALIDATION, "%s must be between %g and %g", f->name, f->min,
                           f->max);
        return true;
    case F_BOOL:
        if (str_eq(s, STR("true")) || str_eq(s, STR("false"))) {
            v->b = s.ptr[0] == 't';
            return true;
        }
        return err_set(err, ERR_VALIDATION, "%s must be true or false", f->name);
    case F_UUID:
        return uuid_parse(s, &v->uuid) ? true
                                       : err_set(err, ERR_VALIDATION, "%s must be a UUID", f->name);
    case F_TIME:
        return clock_parse(s, &v->i)
                   ? true
                   : err_set(err, ERR_VALIDATION, "%s must be an RFC 3339 time or YYYY-MM-DD",
                             f->name);
    case F_ENUM:
        return check_choice(f, s, err);
    case F_STRINGS:
        return push_list(f, s, a, v, err);
    case F_OBJECT:
        return object_from_text(f, s, a, v, err);
    case F_FILE:
    case F_EMBED_INPUT:
    case F_JSON:
        break;
    }
    return err_set(err, ERR_VALIDATION, "%s cannot be given as text", f->name);
}

static bool list_from_json(const Field *f, const Json *j, Arena *a, FieldValue *v, Err *err)
{
    if (json_type(j) != JSON_T_ARRAY)
        return err_set(err, ERR_VALIDATION, "%s must be a list of strings", f->name);
    for (size_t i = 0; i < json_count(j); i++) {
        Str s = json_str(json_at(j, i));
        if (!s.ptr)
            return err_set(err, ERR_VALIDATION, "%s must hold strings only", f->name);
        if (!push_list(f, s, a, v, err))
            return false;
    }
    return true;
}

/* JSON has types of its own: the text "5" is no number there. */
static bool json_type_fits(const Field *f, const Json *j, Err *err)
{
    JsonType t = json_type(j);
    switch (f->type) {
    case F_INT:
        if (t == JSON_T_INT)
            return true;
        if (t == JSON_T_REAL) { /* JSON Schema: 1.0 is an integer */
            double d = 0;
            if (json_num(j, &d) && d == floor(d) && fabs(d) < 9e15)
                return true;
        }
        return err_set(err, ERR_VALIDATION, "%s must be a whole number", f->name);
    case F_NUMBER:
        return t == JSON_T_INT || t == JSON_T_REAL
                   ? true
                   : err_set(err, ERR_VALIDATION, "%s must be a number", f->name);
    case F_BOOL:
        return t == JSON_T_BOOL ? true
                                : err_set(err, ERR_VALIDATION, "%s must be true or false", f->name);
    default:
        return t == JSON_T_STRING ? true
                                  : err_set(err, ERR_VALIDATION, "%s must be a string", f->name);
    }
}

bool field_from_json(const Field *f, const Json *j, Arena *a, FieldValue *v, Err *err)
{
    if (json_type(j) == JSON_T_NULL) {
        if (!f->nullable)
            return err_set(err, ERR_VALIDATION, "%s must not be null", f->name);
        v->given = v->is_null = true;
        return true;
    }
    if (f->type == F_STRINGS) {
        v->given = true;
        return list_from_json(f, j, a, v, err);
    }
    if (f->type == F_EMBED_INPUT || f->type == F_JSON) {
        v->given = true;
        v->json = j;
        return true;
    }
    if (f->type == F_OBJECT) {
        if (json_type(j) != JSON_T_OBJECT)
            return err_set(err, ERR_VALIDATION, "%s must be an object", f->name);
        Buf b;
        buf_init(&b, 1 << 20);
        bool ok = json_dump(j, &b);
        if (ok)
            v->str = arena_buf(a, &b);
        buf_release(&b);
        v->given = true;
        v->json = j;
        return ok && v->str.ptr ? true : err_set(err, ERR_TOO_LARGE, "%s is too large", f->name);
    }
    if (!json_type_fits(f, j, err))
        return false;
    switch (f->type) {
    case F_INT: {
        double d = 0;
        if (!json_int(j, &v->i) && json_num(j, &d))
            v->i = (int64_t)d;
        v->given = true;
        return range_int(f, v->i, err);
    }
    case F_NUMBER:
        v->given = true;
        json_num(j, &v->num);
        return v->num >= f->min && v->num <= f->max
                   ? true
                   : err_set(err, ERR_VALIDATION, "%s must be between %g and %g", f->name, f->min,
                             f->max);
    case F_BOOL:
        v->given = true;
        return json_bool(j, &v->b);
    default:
        return field_from_text(f, json_str(j), a, v, err);
    }
}

bool field_object(const Field *fields, size_t n, const Json *object, Arena *a, FieldValue *values,
                  Err *err)
{
    if (json_type(object) != JSON_T_OBJECT)
        return err_set(err, ERR_VALIDATION, "the body must be a JSON object");
    void *iter = NULL;
    Str key;
    const Json *value;
    while (json_each(object, &iter, &key, &value)) {
        size_t i = field_index(fields, n, key);
        if (i == SIZE_MAX || fields[i].type == F_FILE)
            return err_set(err, ERR_VALIDATION, "unknown member \"" STR_FMT "\"",
                           (int)(key.len < 80 ? key.len : 80), key.ptr);
        if (values[i].given)
            return err_set(err, ERR_VALIDATION, "%s was given twice", fields[i].name);
        if (!field_from_json(&fields[i], value, a, &values[i], err))
            return false;
    }
    return true;
}

bool field_finish(const Field *fields, size_t n, FieldValue *values, Err *err)
{
    for (size_t i = 0; i < n; i++) {
        const Field *f = &fields[i];
        if (f->same_as || values[i].given)
            continue;
        if (f->required)
            return err_set(err, ERR_VALIDATION, "%s is missing", f->name);
        if (!f->fallback)
            continue;
        if (!field_from_text(f, str_of(f->fallback), NULL, &values[i], err))
            return false;
        values[i].given = false;
    }
    return true;
}

static void schema_limits(const Field *f, JsonW *w)
{
    if (f->type == F_INT || f->type == F_NUMBER) {
        jw_kv_num(w, "minimum", f->min);
        jw_kv_num(w, "maximum", f->max);
    } else if (f->type == F_STRING || f->type == F_TEXT) {
        if (f->min > 0)
            jw_kv_num(w, "minLength", f->min);
        if (f->max > 0)
            jw_kv_num(w, "maxLength", f->max);
        jw_kv_cstr(w, "pattern",
                   f->type == F_TEXT ? "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$"
                                     : "^[^\\u0000-\\u001f\\u007f]*$");
    }
}

static void schema_default(const Field *f, JsonW *w)
{
    if (!f->fallback)
        return;
    jw_key(w, "default");
    bool bare = f->type == F_INT || f->type == F_NUMBER || f->type == F_BOOL;
    if (bare)
        jw_raw(w, str_of(f->fallback));
    else
        jw_cstr(w, f->fallback);
}

static void schema_embed_input(JsonW *w)
{
    jw_key(w, "anyOf");
    jw_raw(w, STR("[{\"type\":\"string\",\"minLength\":1,\"maxLength\":65536},"
                  "{\"type\":\"array\",\"minItems\":1,\"maxItems\":2048,\"items\":{\"type\":"
                  "\"string\",\"minLength\":1,"
                  "\"maxLength\":65536}},"
                  "{\"type\":\"array\",\"minItems\":1,\"maxItems\":8192,\"items\":{\"type\":"
                  "\"integer\",\"minimum\":0,"
                  "\"maximum\":30521}},"
                  "{\"type\":\"array\",\"minItems\":1,\"maxItems\":2048,\"items\":{\"type\":"
                  "\"array\",\"minItems\":1,"
                  "\"maxItems\":8192,\"items\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":"
                  "30521}}}]"));
}

static void schema_members(const Field *f, JsonW *w)
{
    Json *j = json_parse(str_of(f->choices), JSON_DEFAULT_DEPTH, NULL);
    jw_members(w, j);
    json_free(j);
}

void field_schema(const Field *f, JsonW *w)
{
    static const char *const names[] = {
        [F_STRING] = "string", [F_TEXT] = "string",   [F_INT] = "integer", [F_NUMBER] = "number",
        [F_BOOL] = "boolean",  [F_UUID] = "string",   [F_TIME] = "string", [F_ENUM] = "string",
        [F_STRINGS] = "array", [F_OBJECT] = "object", [F_FILE] = "string"};
    jw_obj(w);
    if (f->type == F_EMBED_INPUT) {
        schema_embed_input(w);
    } else if (f->type == F_JSON) {
        schema_members(f, w);
    } else if (f->nullable) {
        jw_key(w, "type");
        jw_arr(w);
        jw_cstr(w, names[f->type]);
        jw_cstr(w, "null");
        jw_arr_end(w);
    } else {
        jw_kv_cstr(w, "type", names[f->type]);
    }
    schema_limits(f, w);
    if (f->type == F_UUID)
        jw_kv_cstr(w, "format", "uuid");
    if (f->type == F_TIME)
        jw_kv_cstr(w, "format", "date-time");
    if (f->type == F_FILE)
        jw_kv_cstr(w, "format", "binary");
    if (f->type == F_ENUM) {
        jw_key(w, "enum");
        jw_arr(w);
        Str rest = str_of(f->choices), one;
        while (str_next(&rest, '|', &one))
            jw_str(w, one);
        jw_arr_end(w);
    }
    if (f->type == F_STRINGS) {
        if (f->max > 0)
            jw_kv_num(w, "maxItems", f->max);
        jw_key(w, "items");
        jw_raw(w, STR("{\"type\":\"string\",\"minLength\":1,\"maxLength\":200,"
                      "\"pattern\":\"^[^\\\\u0000-\\\\u001f\\\\u007f]*$\"}"));
    }
    schema_default(f, w);
    if (f->help)
        jw_kv_cstr(w, "description", f->help);
    jw_obj_end(w);
}
