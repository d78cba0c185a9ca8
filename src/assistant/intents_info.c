/* intents_info.c - the table of actions, and what is said about them. */
#include "assistant/intents.h"

static const IntentInfo infos[ACTION_COUNT] = {
    [ACTION_NONE] = {"none", INTENT_UNKNOWN, false, NULL},
    [ACTION_TASK_ADD] = {"task_add", INTENT_COMMAND, false, NULL},
    [ACTION_REMINDER_ADD] = {"reminder_add", INTENT_COMMAND, false, NULL},
    [ACTION_TASK_COMPLETE] = {"task_complete", INTENT_COMMAND, false, NULL},
    [ACTION_TASK_REOPEN] = {"task_reopen", INTENT_COMMAND, false, NULL},
    [ACTION_TASK_MOVE] = {"task_move", INTENT_COMMAND, false, NULL},
    [ACTION_TASK_SNOOZE] = {"task_snooze", INTENT_COMMAND, false, NULL},
    [ACTION_TASK_DELETE] = {"task_delete", INTENT_COMMAND, false, NULL},
    [ACTION_TASK_RENAME] = {"task_rename", INTENT_COMMAND, false, NULL},
    [ACTION_TASK_PRIORITY] = {"task_priority", INTENT_COMMAND, false, NULL},
    [ACTION_NOTE_ADD] = {"note_add", INTENT_COMMAND, false, NULL},
    [ACTION_ALARM_SET] = {"alarm_set", INTENT_COMMAND, false, NULL},
    [ACTION_ALARM_REMOVE] = {"alarm_remove", INTENT_COMMAND, false, NULL},
    [ACTION_CALENDAR_ADD] = {"calendar_add", INTENT_COMMAND, false, NULL},
    [ACTION_CALENDAR_REMOVE] = {"calendar_remove", INTENT_COMMAND, false, NULL},
    [ACTION_LIST_UPDATE] = {"list_update", INTENT_COMMAND, false, NULL},
    [ACTION_BRIEFING] = {"briefing", INTENT_COMMAND, false, NULL},
    [ACTION_TIMER_START] = {"timer_start", INTENT_COMMAND, false, NULL},
    [ACTION_TIMER_CANCEL] = {"timer_cancel", INTENT_COMMAND, false, NULL},
    [ACTION_REMEMBER] = {"remember", INTENT_COMMAND, false, NULL},
    [ACTION_FORGET] = {"forget", INTENT_COMMAND, false, NULL},
    [ACTION_STOP] = {"stop", INTENT_COMMAND, false, NULL},
    [ACTION_REPEAT] = {"repeat", INTENT_COMMAND, false, NULL},
    [ACTION_CANCEL] = {"cancel", INTENT_COMMAND, false, NULL},
    [ACTION_UNDO] = {"undo", INTENT_COMMAND, false, NULL},
    [ACTION_YES] = {"yes", INTENT_COMMAND, false, NULL},
    [ACTION_NO] = {"no", INTENT_COMMAND, false, NULL},
    [ACTION_SELECT] = {"select", INTENT_COMMAND, false, NULL},
    [ACTION_SUPPLY] = {"supply", INTENT_COMMAND, false, NULL},
    [ACTION_QUESTION] = {"question", INTENT_QUERY, false, NULL},
    [ACTION_SEARCH] = {"search", INTENT_QUERY, false, NULL},
    [ACTION_SHOW_SOURCE] = {"show_source", INTENT_QUERY, false, NULL},
    [ACTION_TRENDS] = {"trends", INTENT_QUERY, false, NULL},
    [ACTION_CHANGES] = {"changes", INTENT_QUERY, false, NULL},
    [ACTION_TASK_LIST] = {"task_list", INTENT_QUERY, false, NULL},
    [ACTION_TASK_SHOW] = {"task_show", INTENT_QUERY, false, NULL},
    [ACTION_AGENDA] = {"agenda", INTENT_QUERY, false, NULL},
    [ACTION_LIST_SHOW] = {"list_show", INTENT_QUERY, false, NULL},
    [ACTION_TIMER_LEFT] = {"timer_left", INTENT_QUERY, false, NULL},
    [ACTION_TIME] = {"time", INTENT_QUERY, false, NULL},
    [ACTION_DATE] = {"date", INTENT_QUERY, false, NULL},
    [ACTION_MEMORY_LIST] = {"memory_list", INTENT_QUERY, false, NULL},
    [ACTION_ASK_WEATHER] = {"ask_weather", INTENT_QUERY, true, "know the weather"},
    [ACTION_ASK_NEWS] = {"ask_news", INTENT_QUERY, true, "know today's news"},
    [ACTION_ASK_LIVE] = {"ask_live", INTENT_QUERY, true,
                         "look up what only the internet knows: prices, traffic, places, what is "
                         "playing"},
    [ACTION_ASK_MATHS] = {"ask_maths", INTENT_QUERY, true, "do sums"},
    [ACTION_DEVICE_CONTROL] = {"device_control", INTENT_COMMAND, true,
                               "control lights or other devices"},
    [ACTION_MEDIA_PLAY] = {"media_play", INTENT_COMMAND, true, "play music, radio, films or games"},
    [ACTION_ORDER_OR_BOOK] = {"order_or_book", INTENT_COMMAND, true, "order, buy or book anything"},
    [ACTION_MESSAGE_SEND] = {"message_send", INTENT_COMMAND, true,
                             "send messages or post anything"},
    [ACTION_CALL] = {"call", INTENT_COMMAND, true, "make telephone calls"},
    [ACTION_VOLUME] = {"volume", INTENT_COMMAND, true, "change the volume"},
    [ACTION_SETTINGS] = {"settings", INTENT_COMMAND, true,
                         "change settings for you here; the settings page can"},
    [ACTION_OTHER_COMMAND] = {"other_command", INTENT_COMMAND, true, "do that"},
    [ACTION_HELP] = {"help", INTENT_INFORMATION, false, NULL},
    [ACTION_GREETING] = {"greeting", INTENT_INFORMATION, false, NULL},
    [ACTION_THANKS] = {"thanks", INTENT_INFORMATION, false, NULL},
    [ACTION_GOODBYE] = {"goodbye", INTENT_INFORMATION, false, NULL},
    [ACTION_ABOUT_SELF] = {"about_self", INTENT_INFORMATION, false, NULL},
    [ACTION_REMARK] = {"remark", INTENT_INFORMATION, false, NULL},
};

const IntentInfo *intent_info(IntentAction any)
{
    return &infos[(unsigned)any < ACTION_COUNT ? any : ACTION_NONE];
}

IntentAction intent_action_of(Str name)
{
    for (size_t i = 0; i < ACTION_COUNT; i++)
        if (str_eq(name, str_of(infos[i].name)))
            return (IntentAction)i;
    return ACTION_NONE;
}

void intent_write_json(const Intent *i, JsonW *w)
{
    if (i->kind == INTENT_UNKNOWN) {
        jw_cstr(w, "Unknown");
        return;
    }
    jw_obj(w);
    jw_key(w, i->kind == INTENT_QUERY     ? "Query"
              : i->kind == INTENT_COMMAND ? "Command"
                                          : "Information");
    jw_obj(w);
    if (i->kind == INTENT_QUERY) {
        jw_kv_str(w, "query", i->query);
    } else if (i->kind == INTENT_INFORMATION) {
        jw_kv_cstr(w, "topic", intent_info(i->action)->name);
    } else {
        jw_kv_cstr(w, "action", intent_info(i->action)->name);
        jw_key(w, "parameters");
        jw_arr(w);
        for (size_t k = 0; k < SLOT_COUNT; k++)
            if (i->slot[k].text.ptr)
                jw_str(w, i->slot[k].text);
        jw_arr_end(w);
    }
    jw_obj_end(w);
    jw_obj_end(w);
}

void intent_say_refusal(const Intent *i, Buf *out)
{
    const IntentInfo *info = intent_info(i->action);
    if (!info->refused)
        return;
    buf_printf(out, "Sorry, I cannot %s. ", info->refusal);
    switch (i->action) {
    case ACTION_ASK_WEATHER:
    case ACTION_ASK_NEWS:
    case ACTION_ASK_LIVE:
    case ACTION_ASK_MATHS:
        buf_add_c(out, "I can answer from your own documents, your calendar and what you told me.");
        return;
    case ACTION_ORDER_OR_BOOK:
    case ACTION_CALL:
    case ACTION_MESSAGE_SEND:
        buf_add_c(out, "I can remind you to do it: say, \"remind me about it tomorrow at nine\".");
        return;
    case ACTION_VOLUME:
        buf_add_c(out, "I can say the last answer again, louder or more softly.");
        return;
    default:
        buf_add_c(out, "I can keep tasks, reminders, timers and notes, answer questions about your "
                       "documents, and read you the briefing.");
    }
}

void intent_say_help(Buf *out)
{
    buf_add_c(out, "You can ask about your documents (\"Who owns the apartment I rent?\", \"Show "
                   "me where it "
                   "says that\", \"What are the main themes in my documents?\"); keep tasks and "
                   "reminders "
                   "(\"Remind me to call the bank tomorrow at nine\", \"What's due this week?\", "
                   "\"I've paid the "
                   "electricity bill\", \"Move it to Monday\"); set timers and alarms (\"Set a "
                   "timer for eight "
                   "minutes\", \"How long is left?\"); hear your day (\"Read me the briefing\", "
                   "\"What's on my "
                   "schedule today?\", \"What changed since yesterday?\"); and have me remember "
                   "things "
                   "(\"Remember that my manager is Dana\"). \"Undo\" takes back the last change.");
}
