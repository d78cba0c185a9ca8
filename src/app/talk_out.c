#include "app/talk_out.h"

#include "base/utf8.h"
#include "base/uuid.h"

#define SHORT_MIN 4
#define LOOK_MAX 20000 /* of a list, for the end of an id */

bool talk_send(Call *call, const char *method, Str target, Str body, Json **out, Err *err)
{
    CallAnswer answer;
    *out = NULL;
    if (!call_send(call, 0, method, target, body.ptr ? "application/json" : NULL,
                   body.ptr ? body : STR(""), &answer, err))
        return false;
    if (answer.body.len)
        *out = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err);
    bool ok = *out || answer.body.len == 0;
    buf_release(&answer.body);
    return ok;
}

bool talk_body(Str message, const char *session, bool stream, Buf *out, Err *err)
{
    JsonW w;
    if (!utf8_ok(message))
        return err_set(err, ERR_VALIDATION, "what was said is not valid UTF-8");
    jw_init(&w, out);
    jw_obj(&w);
    jw_kv_str(&w, "message", message);
    if (session)
        jw_kv_cstr(&w, "session_id", session);
    if (stream)
        jw_kv_bool(&w, "stream", true);
    jw_obj_end(&w);
    return buf_check(out, "the message", err);
}

Json *talk_say(Call *call, Str message, const char *session, Buf *body, Err *err)
{
    Buf b;
    CallAnswer answer;
    Json *j = NULL;
    buf_init(&b, 1 << 20);
    if (talk_body(message, session, false, &b, err) &&
        call_send(call, 0, "POST", STR("/api/v1/conversations/messages"), "application/json",
                  buf_str(&b), &answer, err)) {
        j = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err);
        if (j && body)
            buf_add(body, buf_str(&answer.body));
        buf_release(&answer.body);
    }
    buf_release(&b);
    return j;
}

void talk_render(Buf *out, const Term *term, Str text, unsigned indent)
{
    Str rest = text, line;
    while (str_next(&rest, '\n', &line))
        if (str_trim(line).len)
            term_wrap(out, term, line, NULL, 0, indent);
        else
            buf_add_char(out, '\n');
}

void talk_text(Cli *cli, Str text, unsigned indent)
{
    talk_render(&cli->out, &cli->term, text, indent);
}

/* "[1] Lease, page 3 (~/lease.pdf)" */
static void citation_line(Cli *cli, const Json *c, size_t number)
{
    Buf *out = &cli->out;
    int64_t page = 0, start = 0, end = 0;
    Str source = json_str(json_get(c, "source"));
    buf_printf(out, "%s[%zu] ", term_paint(&cli->term, PAINT_DIM), number);
    term_text(out, json_str(json_get(c, "title")));
    json_int(json_get(c, "start"), &start);
    json_int(json_get(c, "end"), &end);
    double at = 0;
    if (json_num(json_get(c, "time_start"), &at))
        buf_printf(out, " at %d:%02d", (int)(at / 60), (int)at % 60);
    else if (json_int(json_get(c, "page"), &page) && page)
        buf_printf(out, ", page %lld", (long long)page);
    else
        buf_printf(out, ", bytes %lld-%lld", (long long)start, (long long)end);
    if (source.len) {
        buf_add_c(out, " (");
        term_text(out, source);
        buf_add_char(out, ')');
    }
    buf_printf(out, "%s\n", term_paint(&cli->term, PAINT_OFF));
}

/* Who wrote the answer, and what there is to know about that. */
static void how_it_came(Cli *cli, const Json *reply)
{
    Str model = json_str(json_get(reply, "model")), note = json_str(json_get(reply, "note"));
    Buf said;
    if (!model.len && !note.len)
        return;
    buf_init(&said, 64 << 10);
    if (model.len)
        buf_printf(&said, "written by " STR_FMT, STR_ARG(model));
    if (note.len)
        buf_printf(&said, "%s" STR_FMT, model.len ? "; " : "", STR_ARG(note));
    buf_add_c(&cli->out, term_paint(&cli->term, PAINT_DIM));
    talk_text(cli, buf_str(&said), 0);
    buf_add_c(&cli->out, term_paint(&cli->term, PAINT_OFF));
    buf_release(&said);
}

void talk_print(Cli *cli, const Json *reply, bool brief)
{
    talk_text(cli, json_str(json_get(reply, "response")), 0);
    talk_print_rest(cli, reply, brief);
}

void talk_print_rest(Cli *cli, const Json *reply, bool brief)
{
    const Json *list = json_get(reply, "citations");
    Str response = json_str(json_get(reply, "response"));
    if (json_count(list) && !brief)
        buf_add_char(&cli->out, '\n');
    for (size_t i = 0; i < json_count(list) && (!brief || i < 3); i++) {
        const Json *c = json_at(list, i);
        Str text = json_str(json_get(c, "text"));
        citation_line(cli, c, i + 1);
        /* What the answer quotes already is not said twice. */
        if (!brief && str_find(response, str_trim(text), 0) == SIZE_MAX)
            term_wrap(&cli->out, &cli->term, text, NULL, 0, 4);
    }
    how_it_came(cli, reply);
}

void talk_id(Cli *cli, Str id)
{
    bool whole = !cli->term.out_tty || id.len <= TALK_SHORT_ID;
    buf_add(&cli->out, whole ? id : str_sub(id, id.len - TALK_SHORT_ID, id.len));
}

static bool no_id(const char *path, const char *typed, Err *err)
{
    const char *name = strrchr(path, '/') + 1;
    return err_set(err, ERR_NOT_FOUND, "no id of %.*s is \"%s\" or ends so",
                   (int)strcspn(name, "?"), name, typed);
}

bool talk_find_id(Call *call, const char *path, const char *key, const char *typed, Arena *a,
                  Str *id, Err *err)
{
    Uuid uuid;
    Str end = str_of(typed), cursor = {NULL, 0};
    *id = end;
    if (uuid_parse(end, &uuid))
        return true;
    if (end.len < SHORT_MIN || end.len > UUID_TEXT)
        return no_id(path, typed, err);
    *id = (Str){NULL, 0};
    for (size_t seen = 0; seen == 0 || (cursor.len && seen < LOOK_MAX); seen += 200) {
        Str target = arena_printf(a, "%s%climit=200%s" STR_FMT, path, strchr(path, '?') ? '&' : '?',
                                  cursor.len ? "&cursor=" : "", STR_ARG(cursor));
        if (!target.ptr)
            return err_set(err, ERR_NO_MEMORY, "no memory for a list");
        Json *j = call_get(call, target, NULL, err);
        const Json *list = json_get(j, key);
        bool ok = j != NULL;
        for (size_t i = 0; ok && i < json_count(list); i++) {
            Str one = json_str(json_get(json_at(list, i), "id"));
            if (one.len < end.len || !str_eq_nocase(str_sub(one, one.len - end.len, one.len), end))
                continue;
            if (id->ptr)
                ok = err_set(err, ERR_CONFLICT, "several ids end in \"%s\"; say more of it", typed);
            else
                *id = arena_str(a, one);
        }
        cursor = arena_str(a, json_str(json_get(j, "next_cursor")));
        json_free(j);
        if (!ok)
            return false;
    }
    return id->ptr || no_id(path, typed, err);
}
