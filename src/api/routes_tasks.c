/* routes_tasks.c - the rows of the table that concern tasks and reminders. */
#include "api/routes_parts.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)
#define KINDS "task|reminder|timer|alarm"
#define STATUSES "open|done|cancelled"
#define PRIORITIES "low|normal|high|urgent"
#define SORTS "due_at|-due_at|created_at|-created_at|updated_at|-updated_at|-priority|title"

static const Field list_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50"},
    {.name = "cursor", .type = F_STRING, .max = 2200, .help = "next_cursor of the page before"},
    {.name = "q", .type = F_STRING, .max = 500, .help = "words in title, notes or tags"},
    {.name = "status", .type = F_ENUM, .choices = "all|" STATUSES, .fallback = "all"},
    {.name = "kind", .type = F_STRINGS, .max = 4, .help = "any of " KINDS},
    {.name = "priority", .type = F_ENUM, .choices = PRIORITIES},
    {.name = "tag", .type = F_STRINGS, .max = 20, .help = "tasks that have all of these tags"},
    {.name = "due_after", .type = F_TIME, .help = "due at or after"},
    {.name = "due_before", .type = F_TIME, .help = "due before"},
    {.name = "overdue", .type = F_BOOL, .fallback = "false", .help = "open, and due before now"},
    {.name = "completed_after", .type = F_TIME},
    {.name = "completed_before", .type = F_TIME},
    {.name = "series", .type = F_UUID, .help = "done occurrences of this recurring task"},
    {.name = "source", .type = F_STRING, .max = 4096},
    {.name = "sort", .type = F_ENUM, .choices = SORTS, .fallback = "due_at",
     .help = "without a due time they come last"},
};

#define COMMON_FIELDS \
    {.name = "notes", .type = F_TEXT, .max = 16000}, \
    {.name = "priority", .type = F_ENUM, .choices = PRIORITIES}, \
    {.name = "due_at", .type = F_TIME, .nullable = true, \
     .help = "a moment; YYYY-MM-DD is that whole day"}, \
    {.name = "due", .type = F_STRING, .min = 1, .max = 400, \
     .help = "the same in words: tomorrow at nine, by Friday"}, \
    {.name = "remind_at", .type = F_TIME, .nullable = true, \
     .help = "an instant; it moves with due_at when there is one"}, \
    {.name = "remind_before", .type = F_STRINGS, .max = 15, \
     .help = "lengths of time before it is due: 1 hour, PT15M; 0 is at its time. An empty list " \
             "is no reminder. When neither this nor remind_at is given: at its time"}, \
    {.name = "rrule", .type = F_STRING, .max = 1000, .nullable = true, \
     .help = "RFC 5545 recurrence rule, without RRULE:"}, \
    {.name = "zone", .type = F_STRING, .max = 64, \
     .help = "IANA time zone; the person's when absent"}, \
    {.name = "tags", .type = F_STRINGS, .max = 32}

static const Field create_body[] = {
    {.name = "text", .type = F_STRING, .min = 1, .max = 1000,
     .help = "a sentence: review the report by Friday 5pm, urgent, #work. Other members replace "
             "what it says"},
    {.name = "title", .type = F_STRING, .min = 1, .max = 250},
    {.name = "kind", .type = F_ENUM, .choices = KINDS, .help = "task when absent"},
    {.name = "duration", .type = F_STRING, .min = 1, .max = 100,
     .help = "of a timer: 8 minutes, PT8M"},
    {.name = "source", .type = F_STRING, .max = 4096, .help = "where it came from"},
    COMMON_FIELDS,
};

static const Field patch_body[] = {
    {.name = "title", .type = F_STRING, .min = 1, .max = 250},
    {.name = "status", .type = F_ENUM, .choices = STATUSES,
     .help = "by itself; as complete, reopen and cancel"},
    {.name = "whole_series", .type = F_BOOL, .fallback = "false",
     .help = "due_at begins the rule anew, instead of moving one occurrence"},
    COMMON_FIELDS,
};

static const Field snooze_body[] = {
    {.name = "until", .type = F_STRING, .min = 1, .max = 400,
     .help = "RFC 3339, or words: tomorrow at nine"},
    {.name = "for", .type = F_STRING, .min = 1, .max = 100, .help = "an hour, PT15M"},
};

static const Field undo_body[] = {
    {.name = "change_id", .type = F_UUID, .help = "the last change when absent"},
};

static const Field changes_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "20"},
};

static const Field reminders_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50"},
};

static const Field proposals_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50"},
};

static const Field take_body[] = {
    {.name = "title",
     .type = F_STRING,
     .min = 1,
     .max = 500,
     .help = "what to call it; a part of its sentence when absent"},
};

#define MAY_LACK (BODY_JSON | BODY_MAY_LACK)

static const ApiRoute rows[] = {
    {"POST", "/api/v1/tasks", task_add, WORK_INTERACTIVE, 0, "tasks",
     "A new task, reminder or timer", "From a sentence (text), from members, or both.", NULL, 0,
     FIELDS(create_body), BODY_JSON, 1 << 17, "ChangedTask", "201", "400,413,415,503"},
    {"GET", "/api/v1/tasks", task_list, WORK_INTERACTIVE, IS_SMALL, "tasks", "List tasks", NULL,
     FIELDS(list_query), NULL, 0, BODY_NONE, 0, "TaskList", "200", "400"},
    {"POST", "/api/v1/tasks/undo", task_undo, WORK_INTERACTIVE, 0, "tasks", "Undo a change",
     "Puts back exactly what the change found, deletions too. 409 when a task was changed again "
     "since.",
     NULL, 0, FIELDS(undo_body), MAY_LACK, 1 << 16, "Undone", "200", "400,404,409,413,415,503"},
    {"GET", "/api/v1/tasks/changes", task_changes, WORK_INTERACTIVE, 0, "tasks",
     "The last changes, newest first", NULL, FIELDS(changes_query), NULL, 0, BODY_NONE, 0,
     "TaskChanges", "200", "400"},
    {"GET", "/api/v1/tasks/proposals", proposal_list, WORK_INTERACTIVE, 0, "tasks",
     "Tasks that documents ask for",
     "Sentences that bind to a date from now on, by date. None is a task before it is taken.",
     FIELDS(proposals_query), NULL, 0, BODY_NONE, 0, "ProposalList", "200", "400"},
    {"POST", "/api/v1/tasks/proposals/{id}/take", proposal_take, WORK_INTERACTIVE, 0, "tasks",
     "Make a proposal a task", "Once: asked again, it answers 200 with the task there is.", NULL,
     0, FIELDS(take_body), MAY_LACK, 1 << 16, "Task", "201,200", "400,404,413,415,503"},
    {"POST", "/api/v1/tasks/proposals/{id}/dismiss", proposal_dismiss, WORK_INTERACTIVE, 0,
     "tasks", "Do not propose it again", NULL, NULL, 0, NULL, 0, MAY_LACK, 1 << 16, NULL, "204",
     "400,404,409,413,415,503"},
    {"GET", "/api/v1/tasks/{id}", task_get, WORK_INTERACTIVE, IS_SMALL, "tasks",
     "A task, with its done occurrences", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "TaskWithHistory",
     "200", "404"},
    {"PATCH", "/api/v1/tasks/{id}", task_change, WORK_INTERACTIVE, 0, "tasks", "Change a task",
     "Moving a recurring task moves this occurrence.", NULL, 0, FIELDS(patch_body), BODY_JSON,
     1 << 17, "ChangedTask", "200", "400,404,409,413,415,503"},
    {"DELETE", "/api/v1/tasks/{id}", task_remove, WORK_INTERACTIVE, 0, "tasks", "Delete a task",
     "The header Sotto-Change-Id names the change, which can be undone.", NULL, 0, NULL, 0,
     BODY_NONE, 0, NULL, "204", "404,503"},
    {"POST", "/api/v1/tasks/{id}/complete", task_complete, WORK_INTERACTIVE, 0, "tasks",
     "Done", "A recurring task moves to its next occurrence; the done one stays in its history.",
     NULL, 0, NULL, 0, MAY_LACK, 1 << 16, "ChangedTask", "200", "400,404,409,413,415,503"},
    {"POST", "/api/v1/tasks/{id}/reopen", task_reopen, WORK_INTERACTIVE, 0, "tasks",
     "Not done after all", "Of a recurring task: takes back its last done occurrence.", NULL, 0,
     NULL, 0, MAY_LACK, 1 << 16, "ChangedTask", "200", "400,404,409,413,415,503"},
    {"POST", "/api/v1/tasks/{id}/cancel", task_cancel, WORK_INTERACTIVE, 0, "tasks",
     "Not to be done; stops a timer", NULL, NULL, 0, NULL, 0, MAY_LACK, 1 << 16, "ChangedTask",
     "200", "400,404,409,413,415,503"},
    {"POST", "/api/v1/tasks/{id}/snooze", task_snooze, WORK_INTERACTIVE, 0, "tasks",
     "Say it again later", "Its due time stays.", NULL, 0, FIELDS(snooze_body), BODY_JSON, 1 << 16,
     "ChangedTask", "200", "400,404,409,413,415,503"},
    {"GET", "/api/v1/reminders", reminder_list, WORK_INTERACTIVE, 0, "tasks",
     "Reminders that fired and nobody has dealt with", "Oldest first. docs/TASKS.md has the rules.",
     FIELDS(reminders_query), NULL, 0, BODY_NONE, 0, "ReminderList", "200", "400"},
    {"POST", "/api/v1/reminders/{id}/acknowledge", reminder_acknowledge, WORK_INTERACTIVE, 0,
     "tasks", "A reminder was shown", "first is true for the one who was first.", NULL, 0, NULL, 0,
     MAY_LACK, 1 << 16, "AcknowledgedReminder", "200", "400,404,413,415,503"},
};

const ApiRoute *routes_tasks(size_t *n)
{
    *n = LEN(rows);
    return rows;
}
