/* settings.c - settings that are kept in the data: shown with where each value comes from. */
#include "api/call.h"

static bool host_of(ApiCall *c, const ApiHost **out, Err *err)
{
    *out = c->parts->host;
    return *out || err_set(err, ERR_UNAVAILABLE, "there are no settings here");
}

static void choices_json(JsonW *w, const char *choices)
{
    Str rest = str_of(choices ? choices : ""), one;
    if (!choices) {
        jw_kv_null(w, "choices");
        return;
    }
    jw_key(w, "choices");
    jw_arr(w);
    while (str_next(&rest, '|', &one))
        jw_str(w, one);
    jw_arr_end(w);
}

static void setting_json(JsonW *w, const ApiSetting *s)
{
    bool number = strcmp(s->type, "number") == 0;
    jw_obj(w);
    jw_kv_cstr(w, "name", s->name);
    jw_kv_cstr(w, "value", s->value ? s->value : "");
    jw_kv_cstr(w, "type", s->type);
    choices_json(w, s->choices);
    if (number) {
        jw_kv_num(w, "min", s->min);
        jw_kv_num(w, "max", s->max);
    } else {
        jw_kv_null(w, "min");
        jw_kv_null(w, "max");
    }
    jw_kv_cstr(w, "default", s->def);
    jw_kv_cstr(w, "origin", s->origin);
    jw_kv_bool(w, "fixed", s->fixed);
    jw_kv_cstr(w, "applies", s->restart ? "restart" : "now");
    jw_kv_cstr(w, "scope", s->page ? "page" : "program");
    jw_kv_cstr(w, "help", s->help);
    jw_obj_end(w);
}

bool settings_show(ApiCall *c, Err *err)
{
    const ApiHost *host;
    ApiSetting *list;
    size_t n;
    JsonW w;
    if (!host_of(c, &host, err) ||
        !host->settings(host->arg, c->owner, c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "settings");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        setting_json(&w, &list[i]);
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

#define CHANGES_MAX 50

bool settings_change(ApiCall *c, Err *err)
{
    const ApiHost *host;
    ApiSettingChange changes[CHANGES_MAX];
    Str values[CHANGES_MAX];
    size_t n = 0;
    void *iter = NULL;
    Str key;
    const Json *value, *object = call_body(c, "values")->json;
    if (!host_of(c, &host, err))
        return false;
    while (json_each(object, &iter, &key, &value)) {
        if (n == CHANGES_MAX)
            return err_set(err, ERR_VALIDATION, "at most %d settings at once", CHANGES_MAX);
        values[n] = json_str(value);
        bool text = values[n].ptr != NULL;
        if (!text && json_type(value) != JSON_T_NULL)
            return err_set(err, ERR_VALIDATION,
                           "values." STR_FMT " must be a text, or null for what holds without it",
                           (int)(key.len < 60 ? key.len : 60), key.ptr);
        changes[n] = (ApiSettingChange){key, text ? &values[n] : NULL};
        n++;
    }
    if (n == 0)
        return err_set(err, ERR_VALIDATION, "values names no setting");
    return host->change(host->arg, c->owner, changes, n, c->arena, err) && settings_show(c, err);
}
