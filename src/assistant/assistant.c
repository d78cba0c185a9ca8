/* assistant.c - a turn: what is meant, done, said and kept. */
#include "assistant/act.h"

#include "assistant/turns.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "text/sentences.h"
#include "text/words.h"

#define SURE_ENOUGH 0.5    /* below it a change is asked for again and not made */
#define TITLE_BYTES 60
#define SAID_BYTES 300 /* longer ones are seldom questions */

struct Assistant {
    AssistantParts parts;
    Intents *intents;
    Turns turns;
    Metric *seconds, *acts;
};

Assistant *assistant_new(const AssistantParts *parts, Err *err)
{
    Assistant *x = mem_zalloc(sizeof *x);
    if (!x) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot prepare the assistant: out of memory");
        return NULL;
    }
    x->parts = *parts;
    turns_init(&x->turns);
    x->intents = intents_open(parts->model, err);
    if (!x->intents) {
        assistant_free(x);
        return NULL;
    }
    x->seconds = metric_histogram("assistant_turn_seconds", "Time of one turn of a conversation.",
                                  NULL);
    x->acts = metric_counter("assistant_actions_total", "What was asked for, by action.",
                             "action");
    return x;
}

void assistant_free(Assistant *x)
{
    if (!x)
        return;
    turns_release(&x->turns);
    intents_close(x->intents);
    mem_free(x);
}

const Intents *assistant_intents(const Assistant *x) { return x->intents; }

/* ---- what the actions use -------------------------------------------------------------------- */

void turn_say(Turn *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)buf_vprintf(&t->said, fmt, ap);
    va_end(ap);
}

bool turn_show(Turn *t, Str piece)
{
    const AssistantRequest *r = t->request;
    if (!r->on_delta)
        return true;
    t->reply->shown += piece.len;
    return r->on_delta(r->arg, piece) ||
           err_set(t->err, ERR_CANCELLED, "nobody waits for the answer any more");
}

bool turn_no_memory(Turn *t)
{
    return err_set(t->err, ERR_NO_MEMORY, "answering: out of memory");
}

static WhenContext when_context(const Turn *t, WhenPrefer prefer)
{
    return (WhenContext){.now_ms = t->now, .zone = t->zone, .prefer = prefer,
        .day_first = tasks_day_first(t->parts->tasks)};
}

bool turn_when(Turn *t, Str words, WhenPrefer prefer, When *out)
{
    WhenContext c = when_context(t, prefer);
    return words.len > 0 && when_find(words, &c, out, 1) > 0;
}

void turn_ask(Turn *t, IntentAwait what)
{
    Pending *p = &t->d.pending;
    *p = (Pending){.action = t->intent.action, .remove = t->intent.remove};
    for (size_t i = 0; i < SLOT_COUNT; i++)
        p->slot[i] = SLOT(t, i);
    t->d.awaiting = what;
    t->asked = true;
}

bool turn_resume(Turn *t)
{
    Pending p = t->d.pending;
    if (p.action == ACTION_NONE)
        return false;
    turn_settle(t);
    t->intent.action = p.action;
    t->intent.kind = intent_info(p.action)->kind;
    t->intent.remove = p.remove;
    t->intent.ref = p.slot[SLOT_REF].len ? REF_WORDS : REF_NONE;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        t->intent.slot[i] = (IntentValue){.text = p.slot[i]};
    return true;
}

void turn_about(Turn *t, const Uuid *task)
{
    AssistantReply *r = t->reply;
    t->d.last = (Thing){THING_TASK, *task};
    t->d.turn = TURN_TASKS;
    if (!r->tasks)
        r->tasks = ARENA_NEW_ARRAY(t->a, Uuid, DIALOGUE_LISTED + 1);
    if (r->tasks && r->n_tasks <= DIALOGUE_LISTED)
        r->tasks[r->n_tasks++] = *task;
}

void turn_settle(Turn *t)
{
    t->d.awaiting = AWAIT_NOTHING;
    t->d.pending = (Pending){0};
}

/* ---- the table ------------------------------------------------------------------------------- */

static ActFn *const acts[ACTION_COUNT] = {
    [ACTION_NONE] = act_question,
    [ACTION_TASK_ADD] = act_task_add,
    [ACTION_REMINDER_ADD] = act_task_add,
    [ACTION_TASK_COMPLETE] = act_task_complete,
    [ACTION_TASK_REOPEN] = act_task_reopen,
    [ACTION_TASK_MOVE] = act_task_move,
    [ACTION_TASK_SNOOZE] = act_task_snooze,
    [ACTION_TASK_DELETE] = act_task_delete,
    [ACTION_TASK_RENAME] = act_task_rename,
    [ACTION_TASK_PRIORITY] = act_task_priority,
    [ACTION_NOTE_ADD] = act_note_add,
    [ACTION_ALARM_SET] = act_alarm_set,
    [ACTION_ALARM_REMOVE] = act_alarm_remove,
    [ACTION_CALENDAR_ADD] = act_calendar_add,
    [ACTION_CALENDAR_REMOVE] = act_calendar_remove,
    [ACTION_LIST_UPDATE] = act_list_update,
    [ACTION_BRIEFING] = act_briefing,
    [ACTION_TIMER_START] = act_timer_start,
    [ACTION_TIMER_CANCEL] = act_timer_cancel,
    [ACTION_REMEMBER] = act_remember,
    [ACTION_FORGET] = act_forget,
    [ACTION_STOP] = act_stop,
    [ACTION_REPEAT] = act_repeat,
    [ACTION_CANCEL] = act_cancel,
    [ACTION_UNDO] = act_undo,
    [ACTION_YES] = act_yes,
    [ACTION_NO] = act_no,
    [ACTION_SELECT] = act_select,
    [ACTION_SUPPLY] = act_supply,
    [ACTION_QUESTION] = act_question,
    [ACTION_SEARCH] = act_search,
    [ACTION_SHOW_SOURCE] = act_show_source,
    [ACTION_TRENDS] = act_trends,
    [ACTION_CHANGES] = act_changes,
    [ACTION_TASK_LIST] = act_task_list,
    [ACTION_TASK_SHOW] = act_task_show,
    [ACTION_AGENDA] = act_agenda,
    [ACTION_LIST_SHOW] = act_list_show,
    [ACTION_TIMER_LEFT] = act_timer_left,
    [ACTION_TIME] = act_time,
    [ACTION_DATE] = act_date,
    [ACTION_MEMORY_LIST] = act_memory_list,
    [ACTION_ASK_WEATHER] = act_unknowable,
    [ACTION_ASK_NEWS] = act_unknowable,
    [ACTION_ASK_LIVE] = act_unknowable,
    [ACTION_ASK_MATHS] = act_unknowable,
    [ACTION_DEVICE_CONTROL] = act_refuse,
    [ACTION_MEDIA_PLAY] = act_refuse,
    [ACTION_ORDER_OR_BOOK] = act_refuse,
    [ACTION_MESSAGE_SEND] = act_refuse,
    [ACTION_CALL] = act_refuse,
    [ACTION_VOLUME] = act_refuse,
    [ACTION_SETTINGS] = act_refuse,
    [ACTION_OTHER_COMMAND] = act_refuse,
    [ACTION_HELP] = act_help,
    [ACTION_GREETING] = act_talk,
    [ACTION_THANKS] = act_talk,
    [ACTION_GOODBYE] = act_talk,
    [ACTION_ABOUT_SELF] = act_talk,
    [ACTION_REMARK] = act_talk,
};

ActFn *act_of(IntentAction action)
{
    ActFn *fn = (unsigned)action < ACTION_COUNT ? acts[action] : NULL;
    return fn ? fn : act_question;
}

/* ---- a turn ---------------------------------------------------------------------------------- */

static bool answers_what_was_asked(IntentAction a)
{
    return a == ACTION_YES || a == ACTION_NO || a == ACTION_SELECT || a == ACTION_SUPPLY ||
           a == ACTION_CANCEL || a == ACTION_REPEAT || a == ACTION_STOP;
}

/* A change is not made on a guess. */
static bool wants_confirmation(const Intent *i)
{
    return i->kind == INTENT_COMMAND && !intent_info(i->action)->refused && !i->by_rule &&
           i->action_confidence < SURE_ENOUGH && !answers_what_was_asked(i->action) &&
           i->action != ACTION_UNDO && i->action != ACTION_BRIEFING;
}

static bool begins_with(Str s, const char *word)
{
    size_t n = strlen(word);
    return s.len > n && str_eq_nocase(str_sub(s, 0, n), str_of(word)) && s.ptr[n] == ' ';
}

/* A question that was taken for a list, a schedule or a command without a rule's word for it: when
 * the documents know the answer it was one of theirs. "Who has the key to the pump house?" */
static bool may_be_of_documents(const Turn *t)
{
    static const char *const begins[] = {"who", "what", "when", "where", "why", "which", "whose",
        "how", "until when", "for how long", "is", "are", "does", "did", "was", "were"};
    static const IntentAction lists[] = {ACTION_TASK_LIST, ACTION_TASK_SHOW, ACTION_AGENDA,
        ACTION_LIST_SHOW, ACTION_DATE, ACTION_REMARK, ACTION_ABOUT_SELF};
    const Intent *i = &t->intent;
    bool candidate = i->kind == INTENT_COMMAND && intent_info(i->action)->refused;
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        candidate |= lists[k] == i->action;
    if (!candidate || i->by_rule)
        return false;
    for (size_t k = 0; k < sizeof begins / sizeof *begins; k++)
        if (begins_with(i->query, begins[k]))
            return true;
    return false;
}

static bool answered_by_documents(Turn *t, bool *answered)
{
    *answered = false;
    if (!may_be_of_documents(t))
        return true;
    if (!answer_find(t, t->intent.query, t->intent.query, NULL, 0, answered))
        return false;
    /* "What day is the removal?" is not answered by today's date. */
    if (!*answered && t->intent.action == ACTION_DATE &&
        (words_has(t->text, "is the") || words_has(t->text, "was the"))) {
        *answered = true;
        t->reply->not_found = true;
        turn_say(t, "I found nothing about that.");
    } else if (*answered) {
        t->d.question = t->intent.query;
        t->d.turn = TURN_ANSWER;
        t->d.last = (Thing){THING_DOCUMENT, t->d.sources[0].document};
    }
    return true;
}

static void ask_whether(Turn *t)
{
    Buf name;
    buf_init(&name, 200);
    (void)buf_add_c(&name, intent_info(t->intent.action)->name);
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '_')
            name.ptr[i] = ' ';
    turn_say(t, "I am not sure that I understood. Shall I do this: " STR_FMT,
             STR_ARG(buf_str(&name)));
    buf_release(&name);
    Str what = SLOT(t, SLOT_TITLE).len ? SLOT(t, SLOT_TITLE) : SLOT(t, SLOT_REF);
    if (what.len)
        turn_say(t, ", \"" STR_FMT "\"", STR_ARG(what));
    turn_say(t, "?");
    turn_ask(t, AWAIT_YES_NO);
    t->d.pending.sure = true;
}

static bool ringing(Turn *t, bool *yes)
{
    TaskReminder *w;
    size_t n;
    *yes = false;
    if (!tasks_waiting(t->parts->tasks, 5, t->a, &w, &n, t->err))
        return false;
    for (size_t i = 0; i < n; i++)
        *yes |= w[i].task.kind == TASK_TIMER || w[i].task.kind == TASK_ALARM;
    return true;
}

/* The sentence in the words of its intent; a question will be looked for and compared as it was
 * said, so that it is embedded in the same go. */
static bool embed_said(void *arg, Str words, float *out, Err *err)
{
    Turn *t = arg;
    Str texts[3] = {words, t->text, answer_plain_words(t->a, t->text)};
    size_t n = !texts[2].ptr || str_eq(texts[2], t->text) ? 2 : 3;
    float v[3 * MINILM_DIM];
    uint32_t tokens[3];
    if (!search_embed_kept(t->parts->search, texts, t->text.len <= SAID_BYTES ? n : 1, t->worker, v,
                           tokens, err))
        return false;
    memcpy(out, v, MINILM_DIM * sizeof *v);
    return true;
}

static bool understand(Turn *t)
{
    bool rings;
    if (!ringing(t, &rings))
        return false;
    IntentContext c = {.turn = rings ? TURN_RINGING : t->d.turn,
        .awaiting = t->d.awaiting,
        .listed = t->d.n_listed, .embed = embed_said, .arg = t};
    MinilmState *s = t->parts->model ? search_encoder(t->parts->search, t->worker, t->err) : NULL;
    return (s || !t->parts->model) &&
           intents_parse(t->x->intents, s, t->text, &c, t->a, &t->intent, t->err) &&
           pick_chosen(t);
}

/* What a person is told in words, and not as an error of the program. */
static bool is_answer(ErrCode code)
{
    return code == ERR_VALIDATION || code == ERR_NOT_FOUND || code == ERR_CONFLICT ||
           code == ERR_FORBIDDEN || code == ERR_TOO_LARGE;
}

static bool act(Turn *t)
{
    Err failed = ERR_INIT, *err = t->err;
    Intent heard = t->intent;
    t->reply->confidence = heard.confidence;
    if (!answers_what_was_asked(heard.action))
        turn_settle(t);
    METRIC_INC(t->x->acts, intent_info(heard.action)->name);
    bool answered = false;
    t->err = &failed;
    bool ok = memory_overhear(t, &answered);
    heard = t->intent;
    if (ok && !answered && !answers_what_was_asked(heard.action)) {
        ok = act_model(t, &answered);
        heard = t->intent;
    }
    if (ok && !answered && wants_confirmation(&heard))
        ask_whether(t);
    else if (ok && !answered)
        ok = answered_by_documents(t, &answered) && (answered || act_of(heard.action)(t));
    t->err = err;
    if (!ok && !is_answer(failed.code)) {
        *err = failed;
        return false;
    }
    if (!ok) {
        buf_clear(&t->said);
        turn_say(t, "That did not work: %s.", failed.msg);
    }
    t->intent = heard; /* what was heard is what is reported, whatever was resumed */
    return buf_check(&t->said, "the answer", t->err);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static Str title_of(Str text)
{
    size_t end = text.len < TITLE_BYTES ? text.len : utf8_floor(text, TITLE_BYTES);
    while (end < text.len && end > TITLE_BYTES / 2 && text.ptr[end] != ' ')
        end--;
    return str_trim(str_sub(text, 0, end));
}

/* Of a secret that was said the words are not kept, not even as the intent's. */
static void extra_json(const Turn *t, Buf *out)
{
    JsonW w;
    AssistantReply kept = *t->reply;
    if (t->withheld) {
        memset(kept.intent.slot, 0, sizeof kept.intent.slot);
        kept.intent.query = STR("");
    }
    jw_init(&w, out);
    jw_obj(&w);
    assistant_reply_json(&kept, &w);
    jw_obj_end(&w);
}

static bool keep_turn(Turn *t, uint64_t expected)
{
    Buf state, extra;
    JsonW w;
    buf_init(&state, TALK_MAX_STATE);
    buf_init(&extra, TALK_MAX_STATE);
    jw_init(&w, &state);
    dialogue_write(&t->d, &w);
    extra_json(t, &extra);
    Str said_text = t->withheld ? STR("(a secret, not kept)") : t->text;
    TalkMessage said[2] = {
        {.id = t->said_id, .role = TALK_PERSON, .text = said_text, .extra_json = STR("{}"),
            .at = t->now},
        {.role = TALK_ASSISTANT, .text = t->reply->response, .extra_json = buf_str(&extra),
            .at = clock_now_ms()}};
    TalkTurn turn = {.session = t->reply->session, .title = title_of(said_text),
        .state_json = buf_str(&state), .messages = said, .n_messages = 2, .at = t->now,
        .expected = expected};
    bool ok = buf_check(&state, "the conversation's state", t->err) &&
              buf_check(&extra, "the answer", t->err) && uuid_v7(&said[1].id, t->err) &&
              store_talk_turn(t->parts->store, t->owner, &turn, t->err);
    buf_release(&state);
    buf_release(&extra);
    return ok;
}

static bool load(Turn *t, const AssistantRequest *r, uint64_t *n_messages)
{
    TalkSession s;
    *n_messages = 0;
    dialogue_init(&t->d);
    if (!r->session)
        return uuid_v7(&t->reply->session, t->err);
    if (!store_talk_session(t->parts->store, t->owner, r->session, t->a, &s, t->err))
        return false;
    t->reply->session = s.id;
    t->goes_on = true;
    *n_messages = s.n_messages;
    return dialogue_read(s.state_json, t->a, &t->d, t->err);
}

/* Everything is understood, done and said; what is left is to remember it. */
static bool finish(Turn *t)
{
    AssistantReply *r = t->reply;
    r->response = arena_buf(t->a, &t->said);
    r->intent = t->intent;
    r->can_undo = t->d.n_undo > 0;
    r->speed = t->d.speed;
    if (!r->response.ptr)
        return turn_no_memory(t);
    if (!t->recalled)
        t->d.response = r->response;
    return true;
}

/* What no model wrote is shown when it is done and kept: a sentence a piece. */
static void show_rest(Turn *t)
{
    Str piece, all = t->reply->response;
    size_t at = t->reply->shown;
    const AssistantRequest *r = t->request;
    while (r->on_delta && !r->only_live && assistant_piece(all, &at, &piece) &&
           r->on_delta(r->arg, piece))
        t->reply->shown = at; /* who has gone meanwhile misses nothing that is not kept */
}

bool assistant_say(Assistant *x, const AssistantRequest *r, unsigned worker, Arena *a,
                   AssistantReply *out, Err *err)
{
    uint64_t start = clock_mono_ns(), expected;
    AssistantReply reply = {.speed = 1};
    Turn t = {.x = x, .parts = &x->parts, .owner = &x->parts.owner, .worker = worker, .a = a,
        .err = err, .now = clock_now_ms(), .zone = tasks_zone(x->parts.tasks),
        .text = str_trim(r->text), .reply = &reply, .request = r};
    if (t.text.len == 0)
        return err_set(err, ERR_VALIDATION, "there is nothing to answer: the message is empty");
    if (t.text.len > INTENTS_TEXT_MAX)
        return err_set(err, ERR_VALIDATION, "the message has %zu bytes; the limit is %d",
                       t.text.len, INTENTS_TEXT_MAX);
    if (!utf8_ok(t.text))
        return err_set(err, ERR_VALIDATION, "the message is not valid UTF-8");
    /* Turns of one conversation come one after another; the state they share is read and written
     * whole. */
    TurnHeld held;
    if (r->session && !turns_enter(&x->turns, &held, r->session, r->cancelled, r->arg, err))
        return false;
    buf_init(&t.said, TALK_MAX_TEXT);
    bool ok = load(&t, r, &expected) && (!r->keep || uuid_v7(&t.said_id, err)) &&
              understand(&t) && act(&t) && finish(&t);
    reply.time_ms = clock_seconds_since(start) * 1e3;
    ok = ok && (!r->keep || keep_turn(&t, expected));
    if (ok)
        show_rest(&t);
    if (r->session)
        turns_leave(&x->turns, &held);
    buf_release(&t.said);
    if (ok) {
        metric_observe(x->seconds, NULL, clock_seconds_since(start));
        *out = reply;
    }
    return ok;
}

bool assistant_piece(Str response, size_t *at, Str *piece)
{
    size_t look = *at, start, end, to = response.len;
    if (*at >= response.len)
        return false;
    /* Up to where the sentence after the next begins. */
    bool next = sentence_next(response, &look, &start, &end);
    if (next && sentence_next(response, &look, &start, &end))
        to = start;
    *piece = str_sub(response, *at, to);
    *at = to;
    return true;
}

/* ---- the reply as JSON ----------------------------------------------------------------------- */

void citation_json(const Citation *c, JsonW *w)
{
    char id[UUID_TEXT];
    jw_obj(w);
    jw_kv_cstr(w, "document_id", uuid_format(&c->document, id));
    jw_kv_str(w, "title", c->title);
    jw_kv_str(w, "source", c->source);
    jw_kv_cstr(w, "chunk_id", uuid_format(&c->chunk, id));
    jw_kv_str(w, "text", c->text);
    jw_kv_int(w, "start", c->start);
    jw_kv_int(w, "end", c->end);
    jw_key(w, "page");
    if (c->page)
        jw_int(w, c->page);
    else
        jw_null(w);
    if (c->timed) {
        jw_kv_num(w, "time_start", (double)c->from_ms / 1000);
        jw_kv_num(w, "time_end", (double)c->to_ms / 1000);
    }
    jw_kv_num(w, "similarity", (double)c->similarity);
    jw_obj_end(w);
}

void assistant_reply_json(const AssistantReply *r, JsonW *w)
{
    static const char *const speech[] = {"say", "stop", "again"};
    char id[UUID_TEXT];
    jw_key(w, "citations");
    jw_arr(w);
    for (size_t i = 0; i < r->n_citations; i++)
        citation_json(&r->citations[i], w);
    jw_arr_end(w);
    jw_key(w, "intent");
    intent_write_json(&r->intent, w);
    jw_kv_cstr(w, "action", intent_info(r->intent.action)->name);
    jw_kv_num(w, "confidence", r->confidence);
    jw_key(w, "tasks");
    jw_arr(w);
    for (size_t i = 0; i < r->n_tasks; i++)
        jw_cstr(w, uuid_format(&r->tasks[i], id));
    jw_arr_end(w);
    jw_kv_bool(w, "found", !r->not_found);
    jw_kv_bool(w, "can_undo", r->can_undo);
    jw_kv_cstr(w, "speech", speech[r->speech]);
    jw_kv_num(w, "speed", r->speed);
    jw_kv_num(w, "response_time_ms", r->time_ms);
    if (r->model.len)
        jw_kv_str(w, "model", r->model);
    else
        jw_kv_null(w, "model");
    if (r->note.len)
        jw_kv_str(w, "note", r->note);
    else
        jw_kv_null(w, "note");
}
