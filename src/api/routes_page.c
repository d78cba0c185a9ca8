/* routes_page.c - the rows of the table that the page needs beside the others. */
#include "api/routes_parts.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)

static const Field preview_query[] = {
    {.name = "text", .type = F_STRING, .required = true, .min = 1, .max = 1000,
     .help = "a sentence, as POST /api/v1/tasks takes it"},
};

static const Field related_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 50, .fallback = "6"},
};

static const Field settings_body[] = {
    {.name = "values", .type = F_OBJECT, .required = true,
     .help = "values by name, as text; null: what holds without it"},
};

static const ApiRoute rows[] = {
    {"GET", "/api/v1/tasks/preview", task_preview, WORK_INTERACTIVE, 0, "tasks",
     "What a sentence would make", "Nothing is kept. task is null and problem says why while the "
     "sentence is none yet.",
     FIELDS(preview_query), NULL, 0, BODY_NONE, 0, "TaskPreview", "200", "400,503"},
    {"GET", "/api/v1/knowledge/documents/{id}/related", document_related, WORK_INTERACTIVE, 0,
     "knowledge", "Documents about the same",
     "By meaning: the mean of its first passages and the closest passages of others.",
     FIELDS(related_query), NULL, 0, BODY_NONE, 0, "RelatedDocuments", "200", "400,404"},
    {"POST", "/api/v1/knowledge/sample", sample_add, WORK_NORMAL, 0, "knowledge",
     "Add the sample documents", "Those of share/sample, to try it with. Twice is no error.", NULL,
     0, NULL, 0, BODY_JSON | BODY_MAY_LACK, 1 << 16, "SampleAdded", "200", "400,413,415,503,507"},
    {"GET", "/api/v1/settings", settings_show, WORK_INTERACTIVE, 0, "system",
     "Settings that can be changed", "With where each value comes from. docs/CONFIG.md has all.",
     NULL, 0, NULL, 0, BODY_NONE, 0, "SettingList", "200", "503"},
    {"PATCH", "/api/v1/settings", settings_change, WORK_INTERACTIVE, NEEDS_ADMIN, "system",
     "Change settings", "All or none. 409: a flag or the environment has fixed it.", NULL, 0,
     FIELDS(settings_body), BODY_JSON, 1 << 17, "SettingList", "200", "400,409,413,415,503"},
    {"GET", "/api/v1/system", machine_show, WORK_INTERACTIVE, 0, "system",
     "The program and its machine", "Models, memory, queue, storage, and checks with their remedy.",
     NULL, 0, NULL, 0, BODY_NONE, 0, "System", "200", "503"},
    {"GET", "/api/v1/system/backup", backup_get, WORK_NORMAL, NEEDS_ADMIN | NOTED, "system",
     "A backup of everything", "A copy of the database as one file, for sotto restore.", NULL, 0,
     NULL, 0, BODY_NONE, 0, "application/octet-stream", "200", "503,507"},
};

const ApiRoute *routes_page(size_t *n)
{
    *n = LEN(rows);
    return rows;
}
