#include "assistant/dialogue.h"

static const char *const thing_names[] = {"none", "task", "fact", "document", "event"};
static const char *const undo_names[] = {"tasks", "remembered", "forgotten", "noted", "event",
    "event_gone"};
static const char *const slot_names[] = {"title", "time", "duration", "ref", "topic", "fact"};
_Static_assert(sizeof thing_names / sizeof *thing_names == THING_KINDS, "one name a kind");
_Static_assert(sizeof undo_names / sizeof *undo_names == UNDO_KINDS, "one name a kind");
_Static_assert(sizeof slot_names / sizeof *slot_names == SLOT_COUNT, "one name a slot");

void dialogue_init(Dialogue *d)
{
    *d = (Dialogue){.speed = 1};
}

void dialogue_list(Dialogue *d, ThingKind kind, const Uuid *id)
{
    if (d->n_listed < DIALOGUE_LISTED)
        d->listed[d->n_listed++] = (Thing){kind, *id};
}

void dialogue_undoable(Dialogue *d, UndoKind kind, const Uuid *id, Str text)
{
    if (d->n_undo == DIALOGUE_UNDO)
        memmove(d->undo, d->undo + 1, sizeof *d->undo * --d->n_undo);
    d->undo[d->n_undo++] = (Undo){.kind = kind, .id = *id, .text = text};
    d->undo[0].joined = false;
}

void dialogue_join(Dialogue *d, size_t n)
{
    for (size_t i = d->n_undo; i > 1 && n > 1; i--, n--)
        d->undo[i - 1].joined = true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static size_t name_of(const Json *j, const char *const *names, size_t n, size_t absent)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(json_str(j), str_of(names[i])))
            return i;
    return absent;
}

static int64_t number(const Json *j, int64_t least, int64_t most, int64_t absent)
{
    int64_t v;
    return json_int(j, &v) && v >= least && v <= most ? v : absent;
}

static bool read_thing(const Json *j, Thing *out)
{
    out->kind = (ThingKind)name_of(json_get(j, "kind"), thing_names, THING_KINDS, THING_NONE);
    return out->kind != THING_NONE && uuid_parse(json_str(json_get(j, "id")), &out->id);
}

static bool copy(Arena *a, const Json *j, Str *out, Err *err)
{
    Str s = json_str(j);
    if (!s.ptr)
        return true;
    *out = arena_str(a, s);
    return out->ptr || err_set(err, ERR_NO_MEMORY, "reading the conversation: out of memory");
}

static bool read_pending(const Json *j, Arena *a, Pending *p, Err *err)
{
    p->action = intent_action_of(json_str(json_get(j, "action")));
    (void)json_bool(json_get(j, "remove"), &p->remove);
    (void)json_bool(json_get(j, "sure"), &p->sure);
    for (size_t i = 0; i < SLOT_COUNT; i++)
        if (!copy(a, json_get(json_get(j, "slots"), slot_names[i]), &p->slot[i], err))
            return false;
    return true;
}

static bool read_source(const Json *j, Arena *a, Citation *c, Err *err)
{
    int64_t start = number(json_get(j, "start"), 0, UINT32_MAX, 0);
    *c = (Citation){.start = (uint32_t)start,
        .end = (uint32_t)number(json_get(j, "end"), start, UINT32_MAX, start),
        .page = (uint32_t)number(json_get(j, "page"), 0, UINT32_MAX, 0)};
    int64_t from = number(json_get(j, "from_ms"), 0, UINT32_MAX, -1);
    c->timed = from >= 0;
    if (c->timed) {
        c->from_ms = (uint32_t)from;
        c->to_ms = (uint32_t)number(json_get(j, "to_ms"), from, UINT32_MAX, from);
    }
    return copy(a, json_get(j, "title"), &c->title, err) &&
           copy(a, json_get(j, "source"), &c->source, err);
}

static bool read_lists(const Json *j, Arena *a, Dialogue *d, Err *err)
{
    const Json *listed = json_get(j, "listed"), *undo = json_get(j, "undo");
    const Json *sources = json_get(j, "sources");
    for (size_t i = 0; i < json_count(listed) && d->n_listed < DIALOGUE_LISTED; i++)
        d->n_listed += read_thing(json_at(listed, i), &d->listed[d->n_listed]);
    for (size_t i = 0; i < json_count(undo) && d->n_undo < DIALOGUE_UNDO; i++) {
        const Json *one = json_at(undo, i);
        Undo u = {.kind = (UndoKind)name_of(json_get(one, "kind"), undo_names, UNDO_KINDS,
                                            UNDO_KINDS)};
        (void)json_bool(json_get(one, "joined"), &u.joined);
        if (!copy(a, json_get(one, "text"), &u.text, err))
            return false;
        if (u.kind != UNDO_KINDS && uuid_parse(json_str(json_get(one, "id")), &u.id))
            d->undo[d->n_undo++] = u;
    }
    for (size_t i = 0; i < json_count(sources) && d->n_sources < DIALOGUE_SOURCES; i++) {
        const Json *one = json_at(sources, i);
        Citation c;
        if (!read_source(one, a, &c, err))
            return false;
        if (uuid_parse(json_str(json_get(one, "document")), &c.document) &&
            uuid_parse(json_str(json_get(one, "chunk")), &c.chunk))
            d->sources[d->n_sources++] = c;
    }
    return true;
}

bool dialogue_read(Str json, Arena *a, Dialogue *d, Err *err)
{
    Err broken = ERR_INIT;
    dialogue_init(d);
    Json *j = json_parse(json, JSON_DEFAULT_DEPTH, &broken);
    if (!j) { /* an empty state is a new conversation's */
        if (broken.code == ERR_NO_MEMORY)
            *err = broken;
        return broken.code != ERR_NO_MEMORY;
    }
    d->turn = (IntentTurn)number(json_get(j, "turn"), TURN_NONE, TURN_RINGING, TURN_NONE);
    d->awaiting =
        (IntentAwait)number(json_get(j, "awaiting"), AWAIT_NOTHING, AWAIT_CHOICE, AWAIT_NOTHING);
    if (!read_thing(json_get(j, "last"), &d->last))
        d->last = (Thing){0};
    double speed;
    if (json_num(json_get(j, "speed"), &speed) && speed >= 0.25 && speed <= 4)
        d->speed = speed;
    bool ok = copy(a, json_get(j, "question"), &d->question, err) &&
              copy(a, json_get(j, "response"), &d->response, err) &&
              read_pending(json_get(j, "pending"), a, &d->pending, err) &&
              read_lists(j, a, d, err);
    json_free(j);
    return ok;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_thing(const Thing *t, JsonW *w)
{
    char id[UUID_TEXT];
    jw_obj(w);
    jw_kv_cstr(w, "kind", thing_names[t->kind]);
    jw_kv_cstr(w, "id", uuid_format(&t->id, id));
    jw_obj_end(w);
}

static void write_pending(const Pending *p, JsonW *w)
{
    jw_key(w, "pending");
    jw_obj(w);
    jw_kv_cstr(w, "action", intent_info(p->action)->name);
    jw_kv_bool(w, "remove", p->remove);
    jw_kv_bool(w, "sure", p->sure);
    jw_key(w, "slots");
    jw_obj(w);
    for (size_t i = 0; i < SLOT_COUNT; i++)
        if (p->slot[i].ptr)
            jw_kv_str(w, slot_names[i], p->slot[i]);
    jw_obj_end(w);
    jw_obj_end(w);
}

static void write_lists(const Dialogue *d, JsonW *w)
{
    char id[UUID_TEXT];
    jw_key(w, "listed");
    jw_arr(w);
    for (size_t i = 0; i < d->n_listed; i++)
        write_thing(&d->listed[i], w);
    jw_arr_end(w);
    jw_key(w, "undo");
    jw_arr(w);
    for (size_t i = 0; i < d->n_undo; i++) {
        jw_obj(w);
        jw_kv_cstr(w, "kind", undo_names[d->undo[i].kind]);
        jw_kv_cstr(w, "id", uuid_format(&d->undo[i].id, id));
        jw_kv_str(w, "text", d->undo[i].text);
        if (d->undo[i].joined)
            jw_kv_bool(w, "joined", true);
        jw_obj_end(w);
    }
    jw_arr_end(w);
    jw_key(w, "sources");
    jw_arr(w);
    for (size_t i = 0; i < d->n_sources; i++) {
        const Citation *c = &d->sources[i];
        jw_obj(w);
        jw_kv_cstr(w, "document", uuid_format(&c->document, id));
        jw_kv_cstr(w, "chunk", uuid_format(&c->chunk, id));
        jw_kv_str(w, "title", c->title);
        jw_kv_str(w, "source", c->source);
        jw_kv_int(w, "start", c->start);
        jw_kv_int(w, "end", c->end);
        jw_kv_int(w, "page", c->page);
        if (c->timed) {
            jw_kv_int(w, "from_ms", c->from_ms);
            jw_kv_int(w, "to_ms", c->to_ms);
        }
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

void dialogue_write(const Dialogue *d, JsonW *w)
{
    jw_obj(w);
    jw_kv_int(w, "turn", (int64_t)d->turn);
    jw_kv_int(w, "awaiting", (int64_t)d->awaiting);
    jw_kv_num(w, "speed", d->speed);
    jw_kv_str(w, "question", d->question);
    jw_kv_str(w, "response", d->response);
    if (d->last.kind != THING_NONE) {
        jw_key(w, "last");
        write_thing(&d->last, w);
    }
    if (d->pending.action != ACTION_NONE)
        write_pending(&d->pending, w);
    write_lists(d, w);
    jw_obj_end(w);
}
