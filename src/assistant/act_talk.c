/* act_talk.c - what a conversation needs beside acting: stop, again, never mind, undo, yes, no, the
 * second one; help, small talk, and what is declined. */
#include "assistant/act.h"

#include "assistant/calendar.h"

#define STOPPED_AT_ONCE 20

/* What rings, all of it at once. */
bool act_stop(Turn *t)
{
    TaskReminder *w;
    Uuid ringing[STOPPED_AT_ONCE];
    size_t n, n_ringing = 0, stopped = 0;
    t->reply->speech = SPEAK_STOP;
    t->recalled = true;
    if (!tasks_waiting(t->parts->tasks, STOPPED_AT_ONCE, t->a, &w, &n, t->err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (w[i].task.kind == TASK_TIMER || w[i].task.kind == TASK_ALARM)
            ringing[n_ringing++] = w[i].delivery.id;
    if (n_ringing && !tasks_acknowledge_all(t->parts->tasks, ringing, n_ringing, t->a, &stopped,
                                            t->err))
        return false;
    turn_say(t, stopped ? "Stopped." : "All right.");
    return true;
}

bool act_repeat(Turn *t)
{
    t->reply->speech = SPEAK_AGAIN;
    t->recalled = true;
    switch (t->intent.manner) {
    case MANNER_SLOWER:
        t->d.speed = t->d.speed > 0.6 ? t->d.speed * 0.8 : 0.5;
        break;
    case MANNER_FASTER:
        t->d.speed = t->d.speed < 1.7 ? t->d.speed * 1.25 : 2;
        break;
    default:
        break;
    }
    if (t->d.response.len == 0)
        turn_say(t, "I have not said anything yet.");
    else
        turn_say(t, STR_FMT, STR_ARG(t->d.response));
    return true;
}

bool act_cancel(Turn *t)
{
    bool waited = t->d.awaiting != AWAIT_NOTHING;
    turn_settle(t);
    turn_say(t, waited ? "All right, I leave it." : "All right.");
    return true;
}

/* ---- undo ------------------------------------------------------------------------------------ */

static bool undo_tasks(Turn *t, const Uuid *change)
{
    TaskChangeInfo info;
    if (!tasks_undo(t->parts->tasks, change, t->a, &info, t->err))
        return false;
    turn_say(t, "Undone");
    for (size_t i = 0; i < info.n_tasks; i++) {
        Task task;
        Err gone = ERR_INIT;
        if (!tasks_get(t->parts->tasks, &info.tasks[i], t->a, &task, &gone))
            continue; /* it had been created: now it is not there */
        turn_say(t, "%s", i ? ", " : ": ");
        say_task(t, &task);
        turn_about(t, &task.id);
    }
    turn_say(t, ".");
    return true;
}

static bool undo_event(Turn *t, const Undo *u)
{
    CalEvent e;
    Calendars *c = t->parts->calendars;
    if (!c)
        return err_set(t->err, ERR_UNAVAILABLE, "there is no calendar here");
    if (u->kind == UNDO_EVENT) {
        if (!calendars_event_delete(c, &u->id, NULL, t->a, t->err))
            return false;
        t->d.last = (Thing){0};
        turn_say(t, "Undone: " STR_FMT " is not in your calendar any more.", STR_ARG(u->text));
        return true;
    }
    if (!calendars_event_restore(c, u->text, t->a, &e, t->err))
        return false;
    t->d.last = (Thing){THING_EVENT, e.id};
    t->d.turn = TURN_AGENDA;
    turn_say(t, "Undone: " STR_FMT " is in your calendar again.", STR_ARG(e.summary));
    return true;
}

static bool undo_one(Turn *t, const Undo *u)
{
    Fact f;
    bool ok = true;
    switch (u->kind) {
    case UNDO_TASKS:
        return undo_tasks(t, &u->id);
    case UNDO_REMEMBERED:
        ok = store_fact_delete(t->parts->store, t->owner, &u->id, true, t->err);
        break;
    case UNDO_FORGOTTEN:
        ok = memory_remember(t->parts->store, t->owner, u->text, STR("conversation"), t->a, &f,
                             NULL, t->err);
        break;
    case UNDO_NOTED:
        ok = store_document_delete(t->parts->store, t->owner, &u->id, t->err);
        break;
    case UNDO_EVENT:
    case UNDO_EVENT_GONE:
        return undo_event(t, u);
    default:
        return err_set(t->err, ERR_VALIDATION, "that cannot be undone");
    }
    if (ok)
        turn_say(t, "Undone: " STR_FMT ".", STR_ARG(u->text));
    return ok;
}

/* What one turn changed is one; when a part of it cannot be undone, the others are. */
bool act_undo(Turn *t)
{
    if (t->d.n_undo == 0) {
        turn_say(t, "There is nothing in this conversation that I could undo.");
        return true;
    }
    for (bool more = true, first = true; more && t->d.n_undo; first = false) {
        const Undo u = t->d.undo[--t->d.n_undo];
        more = u.joined;
        if (!first)
            turn_say(t, "\n");
        if (undo_one(t, &u))
            continue;
        if ((first && !more) || (t->err->code != ERR_VALIDATION &&
                                 t->err->code != ERR_NOT_FOUND && t->err->code != ERR_CONFLICT))
            return false;
        Str what = u.kind == UNDO_EVENT_GONE ? STR("the event") : u.text;
        turn_say(t, "\"" STR_FMT "\" stays: %s.", STR_ARG(what), t->err->msg);
        *t->err = ERR_INIT;
    }
    return true;
}

/* ---- answers to what was asked --------------------------------------------------------------- */

static bool nothing_asked(Turn *t)
{
    turn_say(t, "I have not asked anything just now.");
    return true;
}

bool act_yes(Turn *t)
{
    Pending p = t->d.pending;
    if (t->d.awaiting == AWAIT_CHOICE && t->d.n_listed == 1) { /* "do you mean ...?" */
        t->intent.ref = REF_ORDINAL;
        t->intent.ordinal = 1;
        return act_select(t);
    }
    if (t->d.awaiting != AWAIT_YES_NO || p.action == ACTION_NONE)
        return nothing_asked(t);
    turn_settle(t);
    if (p.action == ACTION_TASK_DELETE && !p.sure)
        return delete_listed(t);
    t->d.pending = p;
    return turn_resume(t) && act_of(t->intent.action)(t);
}

bool act_no(Turn *t)
{
    if (t->d.awaiting == AWAIT_NOTHING)
        return nothing_asked(t);
    turn_settle(t);
    turn_say(t, "All right, I leave it.");
    return true;
}

/* "The second one": of what was asked, or of what was listed. */
bool act_select(Turn *t)
{
    int32_t ordinal = t->intent.ordinal;
    IntentRef ref = t->intent.ref;
    IntentValue words = t->intent.slot[SLOT_REF];
    if (t->d.awaiting == AWAIT_CHOICE && t->d.pending.action != ACTION_NONE) {
        if (!turn_resume(t))
            return nothing_asked(t);
        t->intent.ref = ref;
        t->intent.ordinal = ordinal;
        t->intent.slot[SLOT_REF] = words;
        return act_of(t->intent.action)(t);
    }
    if (t->d.n_listed == 0)
        return nothing_asked(t);
    int64_t at = ordinal > 0 ? ordinal - 1 : (int64_t)t->d.n_listed + ordinal;
    if (at < 0 || at >= (int64_t)t->d.n_listed) {
        turn_say(t, "There %s only %zu.", t->d.n_listed == 1 ? "is" : "are", t->d.n_listed);
        return true;
    }
    t->d.last = t->d.listed[at];
    if (t->d.last.kind == THING_TASK)
        return act_task_show(t);
    if (t->d.last.kind == THING_DOCUMENT) {
        Document doc;
        if (!store_document_get(t->parts->store, t->owner, &t->d.last.id, false, t->a, &doc,
                                t->err))
            return false;
        turn_say(t, STR_FMT, STR_ARG(doc.title));
        if (doc.summary.len)
            turn_say(t, ": " STR_FMT, STR_ARG(doc.summary));
        return true;
    }
    return act_memory_list(t);
}

/* The time, the title or the name that was asked for. */
bool act_supply(Turn *t)
{
    IntentValue given[SLOT_COUNT];
    IntentAwait awaited = t->d.awaiting;
    Str all = t->intent.query.len ? t->intent.query : t->text;
    IntentRef ref = t->intent.ref;
    memcpy(given, t->intent.slot, sizeof given);
    if (!turn_resume(t))
        return nothing_asked(t);
    IntentSlot wanted = awaited == AWAIT_TIME ? SLOT_TIME : awaited == AWAIT_CHOICE ? SLOT_REF
                        : t->intent.action == ACTION_REMEMBER || t->intent.action == ACTION_NOTE_ADD
                            ? SLOT_FACT
                        : t->intent.action == ACTION_FORGET ? SLOT_TOPIC : SLOT_TITLE;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        if (given[i].text.len && i != SLOT_REF)
            t->intent.slot[i] = given[i];
    if (t->intent.slot[wanted].text.len == 0)
        t->intent.slot[wanted] = (IntentValue){.text = all, .end = all.len};
    if (awaited == AWAIT_CHOICE) {
        t->intent.ref = ref == REF_NONE ? REF_WORDS : ref;
        if (given[SLOT_REF].text.len)
            t->intent.slot[SLOT_REF] = given[SLOT_REF];
    }
    return act_of(t->intent.action)(t);
}

/* ---- talk ------------------------------------------------------------------------------------ */

bool act_help(Turn *t)
{
    intent_say_help(&t->said);
    return true;
}

bool act_refuse(Turn *t)
{
    intent_say_refusal(&t->intent, &t->said);
    return true;
}

/* The weather, the news, prices: the documents may know; nothing else here does. */
bool act_unknowable(Turn *t)
{
    static const struct {
        IntentAction action;
        const char *what;
    } unknown[] = {{ACTION_ASK_WEATHER, "the weather"}, {ACTION_ASK_NEWS, "the news"},
                   {ACTION_ASK_LIVE, "what is going on right now"},
                   {ACTION_ASK_MATHS, "sums and conversions"}};
    bool answered;
    Str question = t->intent.query.len ? t->intent.query : t->text;
    if (t->intent.follow_up && t->d.turn == TURN_ANSWER)
        return act_question(t);
    if (!answer_find(t, question, question, NULL, 0, &answered))
        return false;
    for (size_t i = 0; !answered && i < sizeof unknown / sizeof *unknown; i++)
        if (unknown[i].action == t->intent.action)
            turn_say(t, "I work without the network, so I do not know %s, and your documents say "
                        "nothing about that.", unknown[i].what);
    if (answered)
        t->d.turn = TURN_ANSWER;
    return true;
}

bool act_talk(Turn *t)
{
    switch (t->intent.action) {
    case ACTION_GREETING: {
        Civil c = zone_civil(t->zone, t->now);
        turn_say(t, "Good %s. What can I do for you?",
                 c.hour < 5 ? "evening" : c.hour < 12 ? "morning" : c.hour < 18 ? "afternoon"
                                                                               : "evening");
        break;
    }
    case ACTION_THANKS:
        turn_say(t, "You are welcome.");
        break;
    case ACTION_GOODBYE:
        turn_say(t, "Goodbye.");
        break;
    case ACTION_ABOUT_SELF:
        turn_say(t, "I am Sotto, your assistant. I work on this machine alone: I find what your "
                    "documents say, and remember what is due. Ask me what I can do.");
        break;
    default:
        turn_say(t, "All right.");
    }
    return true;
}
