/* routes_people.c - the rows of the table that concern who may ask. */
#include "api/routes_parts.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)
#define MAY_LACK (BODY_JSON | BODY_MAY_LACK)

static const Field sign_in_body[] = {
    {.name = "name", .type = F_STRING, .required = true, .min = 1, .max = 200},
    {.name = "password", .type = F_STRING, .required = true, .min = 1, .max = 1024},
};

static const Field tokens_query[] = {
    {.name = "person", .type = F_UUID, .help = "somebody else's; needs the scope admin"},
    {.name = "everybody", .type = F_BOOL, .fallback = "false", .help = "needs the scope admin"},
};

static const Field token_body[] = {
    {.name = "name",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = 60,
     .help = "what it is for: kitchen tablet"},
    {.name = "scopes",
     .type = F_STRINGS,
     .required = true,
     .max = 5,
     .help = "of read, write, voice, admin, metrics"},
    {.name = "expires_in_days",
     .type = F_NUMBER,
     .min = 0,
     .max = 36500,
     .nullable = true,
     .help = "never when absent"},
    {.name = "person", .type = F_UUID, .help = "for somebody else; needs the scope admin"},
};

static const Field person_body[] = {
    {.name = "name",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = PERSON_NAME_MAX,
     .help = "letters, digits, '.', '_' and '-'"},
    {.name = "password",
     .type = F_STRING,
     .min = 8,
     .max = 1024,
     .help = "without one they can only use tokens"},
    {.name = "admin",
     .type = F_BOOL,
     .fallback = "false",
     .help = "may look after the others: people, all tokens, the audit log, folders of the "
             "machine"},
};

static const Field remove_query[] = {
    {.name = "confirm",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = 200,
     .help = "the person's name again: all that they own goes too"},
};

static const Field password_body[] = {
    {.name = "password",
     .type = F_STRING,
     .required = true,
     .min = 8,
     .max = 1024,
     .nullable = true,
     .help = "null: take it away"},
    {.name = "old_password",
     .type = F_STRING,
     .max = 1024,
     .help = "needed to change one's own in a session"},
};

static const Field account_body[] = {
    {.name = "confirm",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = 200,
     .help = "one's own name: all that one owns will be deleted"},
    {.name = "password",
     .type = F_STRING,
     .max = 1024,
     .help = "needed in a session, when one has a password"},
};

static const Field audit_query[] = {
    {.name = "person", .type = F_UUID},
    {.name = "q", .type = F_STRING, .max = 200, .help = "somewhere in action or object"},
    {.name = "since", .type = F_TIME},
    {.name = "before", .type = F_INT, .min = 1, .max = 9e15, .help = "next of the page before"},
    {.name = "limit", .type = F_INT, .min = 1, .max = 500, .fallback = "100"},
};

static const ApiRoute rows[] = {
    {"GET", "/api/v1/session", session_show, WORK_INTERACTIVE, NEEDS_NOTHING, "people",
     "Who one is, and whether one must sign in", "Never fails for want of a token.", NULL, 0, NULL,
     0, BODY_NONE, 0, "Session", "200", ""},
    {"POST", "/api/v1/session", session_begin, WORK_INTERACTIVE, NEEDS_NOTHING, "people",
     "Sign in",
     "Sets the cookie sotto_session (HttpOnly, SameSite=Strict). Ten tries at once from an address "
     "or for a name, then one each six or ten seconds.",
     NULL, 0, FIELDS(sign_in_body), BODY_JSON, 1 << 14, "Session", "200", "400,401,413,415,429"},
    {"DELETE", "/api/v1/session", session_end, WORK_INTERACTIVE, NEEDS_NOTHING, "people",
     "Sign out", "Its WebSockets are closed within a second.", NULL, 0, NULL, 0, BODY_NONE, 0, NULL,
     "204", ""},
    {"GET", "/api/v1/tokens", token_list, WORK_INTERACTIVE, NEEDS_ACCOUNT, "people",
     "One's tokens and sessions", NULL, FIELDS(tokens_query), NULL, 0, BODY_NONE, 0, "TokenList",
     "200", "400,403"},
    {"POST", "/api/v1/tokens", token_add, WORK_INTERACTIVE, NEEDS_ACCOUNT, "people", "A new token",
     "Its text is in this answer and never again; only its hash is kept.", NULL, 0,
     FIELDS(token_body), BODY_JSON, 1 << 14, "NewToken", "201", "400,403,404,409,413,415"},
    {"DELETE", "/api/v1/tokens/{id}", token_revoke, WORK_INTERACTIVE, NEEDS_ACCOUNT, "people",
     "Revoke a token or end a session", "Its WebSockets are closed within a second.", NULL, 0, NULL,
     0, BODY_NONE, 0, NULL, "204", "404"},
    {"GET", "/api/v1/people", people_list, WORK_INTERACTIVE, NEEDS_ADMIN, "people",
     "Who has data here", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "PeopleList", "200", ""},
    {"POST", "/api/v1/people", people_add, WORK_INTERACTIVE, NEEDS_ADMIN, "people",
     "Another person",
     "From then on everybody must sign in: 409 while the first person has no password.", NULL, 0,
     FIELDS(person_body), BODY_JSON, 1 << 14, "Person", "201", "400,409,413,415"},
    {"DELETE", "/api/v1/people/{id}", people_remove, WORK_NORMAL, NEEDS_ADMIN, "people",
     "Remove a person with all that they own",
     "Documents, tasks, conversations, ...: overwritten in the file. Backups keep what they have.",
     FIELDS(remove_query), NULL, 0, BODY_NONE, 0, NULL, "204", "400,404,409"},
    {"PUT", "/api/v1/people/{id}/password", people_password, WORK_INTERACTIVE, NEEDS_ACCOUNT,
     "people", "Set or take away a password",
     "One's own, or with the scope admin anybody's. The person's other sessions end.", NULL, 0,
     FIELDS(password_body), BODY_JSON, 1 << 14, NULL, "204", "400,403,404,409,413,415"},
    {"DELETE", "/api/v1/account", account_delete, WORK_NORMAL, NEEDS_ACCOUNT, "people",
     "Delete all that one owns, and oneself",
     "Documents, tasks, conversations, ...: overwritten in the file. The first person stays, with "
     "nothing: somebody looks after the program, which begins anew. Backups keep what they have.",
     NULL, 0, FIELDS(account_body), BODY_JSON, 1 << 14, NULL, "204", "400,403,404,409,413,415"},
    {"GET", "/api/v1/export", export_get, WORK_NORMAL, NOTED, "people", "All that one owns",
     "A ZIP archive: documents with their originals, tasks, calendar, conversations, memory, "
     "briefings, ledger, and manifest.json with the SHA-256 of each file.",
     NULL, 0, NULL, 0, BODY_NONE, 0, "application/zip", "200", ""},
    {"GET", "/api/v1/audit", audit_list, WORK_INTERACTIVE, NEEDS_ADMIN, "people",
     "Who did what, the latest first", "docs/SECURITY.md says what is noted.", FIELDS(audit_query),
     NULL, 0, BODY_NONE, 0, "AuditLog", "200", "400"},
};

const ApiRoute *routes_people(size_t *n)
{
    *n = LEN(rows);
    return rows;
}
