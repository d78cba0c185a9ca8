/* routes.c - the one table: what is routed, checked and documented. */
#include "api/routes_parts.h"

#include <pthread.h>

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)
#define SORTS "-updated_at|updated_at|-created_at|created_at|title|-importance_score"

#define FILTER_FIELDS                                                                              \
    {.name = "tag",                                                                                \
     .type = F_STRINGS,                                                                            \
     .max = 50,                                                                                    \
     .help = "documents that have all of these tags"},                                             \
        {.name = "source",                                                                         \
         .type = F_STRINGS,                                                                        \
         .max = 50,                                                                                \
         .help = "any of these sources; a '*' at the end is a prefix"},                            \
        {.name = "file_type", .type = F_STRINGS, .max = 50, .help = "any of these types"},         \
        {.name = "language",                                                                       \
         .type = F_STRINGS,                                                                        \
         .max = 50,                                                                                \
         .help = "any of these languages, as ISO 639 codes: de"},                                  \
        {.name = "since", .type = F_TIME, .help = "changed at or after"},                          \
    {                                                                                              \
        .name = "until", .type = F_TIME, .help = "changed before"                                  \
    }

#define CONTENT_FIELD                                                                              \
    {                                                                                              \
        .name = "content", .type = F_ENUM, .choices = "excerpt|full|none", .fallback = "excerpt",  \
        .help = "how much of the extracted text goes with each document: excerpt is the first 32 " \
                "KiB"                                                                              \
    }

static const Field create_body[] = {
    {.name = "file", .type = F_FILE, .help = "the file; or give content"},
    {.name = "content",
     .type = F_TEXT,
     .min = 1,
     .max = 16000000,
     .help = "the text, when there is no file"},
    {.name = "title",
     .type = F_STRING,
     .min = 1,
     .max = 500,
     .help = "taken from the document when absent"},
    {.name = "file_type",
     .type = F_STRING,
     .max = 64,
     .help = "text, markdown, pdf, docx, email, ... (docs/INGEST.md); found out when absent"},
    {.name = "source", .type = F_STRING, .max = 4096, .help = "where it came from"},
    {.name = "tags", .type = F_STRINGS, .max = 100, .help = "computed from the text when absent"},
    {.name = "summary",
     .type = F_TEXT,
     .max = 10000,
     .nullable = true,
     .help = "computed when absent"},
    {.name = "importance_score",
     .type = F_NUMBER,
     .min = 0,
     .max = 1,
     .help = "computed when absent"},
    {.name = "facts",
     .type = F_STRING,
     .max = 100,
     .help = "SIZE-MTIME-INODE of the file (MTIME in nanoseconds): kept in the ledger, so that the "
             "file is known when it has not changed"},
    {.name = "metadata",
     .type = F_OBJECT,
     .help = "may hold source, file_type, tags, summary, importance_score; other members are kept "
             "as they are"},
};

static const Field original_query[] = {
    {.name = "inline",
     .type = F_BOOL,
     .fallback = "false",
     .help = "a PDF to be shown in a frame of the page instead of being downloaded"},
};

static const Field change_body[] = {
    {.name = "title", .type = F_STRING, .min = 1, .max = 500},
    {.name = "content",
     .type = F_TEXT,
     .min = 1,
     .max = 16000000,
     .help = "replaces the text and the original"},
    {.name = "source", .type = F_STRING, .max = 4096},
    {.name = "tags", .type = F_STRINGS, .max = 100},
    {.name = "summary", .type = F_TEXT, .max = 10000, .nullable = true},
    {.name = "importance_score", .type = F_NUMBER, .min = 0, .max = 1},
    {.name = "metadata",
     .type = F_OBJECT,
     .help = "members given replace, null removes, others stay"},
};

static const Field list_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50"},
    {.name = "cursor", .type = F_STRING, .max = 400, .help = "next_cursor of the page before"},
    {.name = "q", .type = F_STRING, .max = 500, .help = "words in title, source or file name"},
    FILTER_FIELDS,
    {.name = "sort", .type = F_ENUM, .choices = SORTS, .fallback = "-updated_at"},
    CONTENT_FIELD,
};

#define SEARCH_FIELDS                                                                              \
    {.name = "q",                                                                                  \
     .type = F_STRING,                                                                             \
     .required = true,                                                                             \
     .min = 1,                                                                                     \
     .max = 2000,                                                                                  \
     .help = "a question or words; \"exact\", -without, prefix*, tag: source: type: lang: after: " \
             "before:"},                                                                           \
        {.name = "query", .same_as = "q"},                                                         \
        {.name = "limit",                                                                          \
         .type = F_INT,                                                                            \
         .min = 1,                                                                                 \
         .max = 100,                                                                               \
         .fallback = "10",                                                                         \
         .help = "documents"},                                                                     \
        {.name = "offset", .type = F_INT, .min = 0, .max = 10000, .fallback = "0"},                \
        {.name = "threshold",                                                                      \
         .type = F_NUMBER,                                                                         \
         .min = -1,                                                                                \
         .max = 1,                                                                                 \
         .fallback = "0.3",                                                                        \
         .help = "cosine similarity; in hybrid mode a strong keyword match passes too"},           \
        {.name = "mode",                                                                           \
         .type = F_ENUM,                                                                           \
         .choices = "hybrid|semantic|keyword",                                                     \
         .fallback = "hybrid"},                                                                    \
        {.name = "passages",                                                                       \
         .type = F_INT,                                                                            \
         .min = 1,                                                                                 \
         .max = 20,                                                                                \
         .fallback = "3",                                                                          \
         .help = "a document at most"},                                                            \
        FILTER_FIELDS, CONTENT_FIELD

static const Field search_fields[] = {SEARCH_FIELDS};

static const Field ledger_query[] = {
    {.name = "state",
     .type = F_ENUM,
     .choices = "pending|indexed|duplicate|refused|failed|deleted"},
    {.name = "under", .type = F_STRING, .max = 4096, .help = "sources that begin so"},
    {.name = "q", .type = F_STRING, .max = 500, .help = "somewhere in source or reason"},
    {.name = "folder", .type = F_UUID, .help = "offered by this watched folder"},
    {.name = "limit", .type = F_INT, .min = 1, .max = 1000, .fallback = "100"},
    {.name = "cursor", .type = F_STRING, .max = 4200},
};

static const Field duplicates_query[] = {
    {.name = "threshold",
     .type = F_NUMBER,
     .min = 0.3,
     .max = 1,
     .fallback = "0.5",
     .help = "least share of what two texts have together that both have"},
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50", .help = "groups"},
    {.name = "offset", .type = F_INT, .min = 0, .max = 1000000, .fallback = "0"},
};

static const Field coverage_query[] = {
    {.name = "under", .type = F_STRING, .max = 4096, .help = "sources that begin so"},
};

static const Field note_body[] = {
    {.name = "source",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = 8192,
     .help = "the file's path"},
    {.name = "reason", .type = F_STRING, .required = true, .min = 1, .max = 1000},
    {.name = "state", .type = F_ENUM, .choices = "failed|refused", .fallback = "failed"},
    {.name = "bytes", .type = F_INT, .min = 0, .max = 9e15, .fallback = "0"},
    {.name = "modified_at", .type = F_TIME},
};

static const Field retry_body[] = {
    {.name = "state", .type = F_ENUM, .choices = "failed|refused", .help = "both when absent"},
    {.name = "under", .type = F_STRING, .max = 4096, .help = "sources that begin so"},
    {.name = "folder", .type = F_UUID, .help = "offered by this watched folder"},
};

static const Field folder_body[] = {
    {.name = "path", .type = F_STRING, .required = true, .min = 1, .max = 4000,
     .help = "absolute; links in it are followed"},
    {.name = "include",
     .type = F_STRINGS,
     .max = 100,
     .help = "only files that match one of these patterns (as in .gitignore)"},
    {.name = "exclude", .type = F_STRINGS, .max = 100, .help = "not what these patterns match"},
    {.name = "keep",
     .type = F_BOOL,
     .fallback = "false",
     .help = "documents stay when their files go"},
    {.name = "watch",
     .type = F_ENUM,
     .choices = "auto|notify|poll",
     .fallback = "auto",
     .help = "how changes are noticed; auto polls file systems that do not tell"},
    {.name = "paused", .type = F_BOOL, .fallback = "false"},
    {.name = "dry_run",
     .type = F_BOOL,
     .fallback = "false",
     .help = "say what would happen (a FolderPlan) and do nothing"},
};

static const Field folder_patch[] = {
    {.name = "paused", .type = F_BOOL, .required = true},
};

static const Field sync_body[] = {
    {.name = "confirm",
     .type = F_BOOL,
     .fallback = "false",
     .help = "files that are missing from a folder in state replaced are really gone"},
};

#define DOCUMENTS_FIELD                                                                            \
    {                                                                                              \
        .name = "documents", .type = F_ENUM, .choices = "keep|delete", .fallback = "keep",         \
        .help = "what becomes of the documents that the folder added"                              \
    }

static const Field remove_query[] = {DOCUMENTS_FIELD};
static const Field remove_path_query[] = {
    {.name = "path", .type = F_STRING, .required = true, .min = 1, .max = 4000}, DOCUMENTS_FIELD};

static const Field create_query[] = {
    {.name = "background",
     .type = F_BOOL,
     .fallback = "false",
     .help = "one of many: read at the lowest priority, behind whatever a person waits for"},
};

static const Field embed_body[] = {
    {.name = "model", .type = F_STRING, .required = true, .min = 1, .max = 200},
    {.name = "input", .type = F_EMBED_INPUT, .required = true},
    {.name = "encoding_format", .type = F_ENUM, .choices = "float|base64", .fallback = "float"},
    {.name = "dimensions", .type = F_INT, .min = 1, .max = MINILM_DIM, .nullable = true},
    {.name = "user", .type = F_STRING, .max = 512, .help = "accepted and not used"},
};

static const ApiRoute routes[] = {
    {"POST", "/api/v1/knowledge/documents", document_create, WORK_NORMAL, MAY_BE_BULK, "knowledge",
     "Add a document",
     "A file as multipart/form-data, or title and content as JSON. Answers when it is durable and "
     "findable. "
     "A document with the same bytes is there already: 200 and that one.",
     FIELDS(create_query), FIELDS(create_body), BODY_JSON | BODY_MULTIPART, 0, "Document",
     "201,200",
     "400,413,415,503,507"},
    {"GET", "/api/v1/knowledge/documents", document_list, WORK_INTERACTIVE, 0, "knowledge",
     "List documents", NULL, FIELDS(list_query), NULL, 0, BODY_NONE, 0, "DocumentList", "200",
     "400"},
    {"GET", "/api/v1/knowledge/documents/{id}", document_get, WORK_INTERACTIVE,
     IS_KEPT | IS_SMALL,
     "knowledge",
     "Read a document", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "Document", "200", "404"},
    {"PATCH", "/api/v1/knowledge/documents/{id}", document_change, WORK_NORMAL, 0, "knowledge",
     "Change a document",
     "Only the members given change. Another title or text is embedded and indexed anew.", NULL, 0,
     FIELDS(change_body), BODY_JSON, 0, "Document", "200", "400,404,409,413,415"},
    {"DELETE", "/api/v1/knowledge/documents/{id}", document_remove, WORK_NORMAL, 0, "knowledge",
     "Delete a document", "It is out of every search when the answer comes.", NULL, 0, NULL, 0,
     BODY_NONE, 0, NULL, "204", "404"},
    {"GET", "/api/v1/knowledge/documents/{id}/original", document_original, WORK_INTERACTIVE, 0,
     "knowledge", "The bytes as they came",
     "Single byte ranges are served. Never as anything a browser would run.",
     FIELDS(original_query), NULL, 0, BODY_NONE, 0, "*/*", "200,206", "400,404,416"},
    {"GET", "/api/v1/knowledge/search", search_get, WORK_INTERACTIVE, 0, "knowledge", "Search",
     NULL, FIELDS(search_fields), NULL, 0, BODY_NONE, 0, "SearchResponse", "200", "400"},
    {"POST", "/api/v1/knowledge/search", search_post, WORK_INTERACTIVE, NEEDS_READ, "knowledge",
     "Search", NULL, NULL, 0, FIELDS(search_fields), BODY_JSON, 1 << 20, "SearchResponse", "200",
     "400,413,415"},
    {"GET", "/api/v1/knowledge/stats", knowledge_stats, WORK_INTERACTIVE, 0, "knowledge",
     "Counts and sizes", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "Stats", "200", ""},
    {"GET", "/api/v1/knowledge/duplicates", knowledge_duplicates, WORK_NORMAL, 0, "knowledge",
     "Groups of documents with nearly the same text",
     "The largest groups first; in each the oldest document first, and how similar the others "
     "are to it.",
     FIELDS(duplicates_query), NULL, 0, BODY_NONE, 0, "Duplicates", "200", "400"},
    {"GET", "/api/v1/knowledge/ledger", ledger_list, WORK_INTERACTIVE, 0, "knowledge",
     "Every file ever offered", NULL, FIELDS(ledger_query), NULL, 0, BODY_NONE, 0, "Ledger", "200",
     "400"},
    {"POST", "/api/v1/knowledge/ledger", ledger_note, WORK_NORMAL, 0, "knowledge",
     "Note a file that could not be offered",
     "For clients that read files themselves: what they cannot open is in the ledger too.", NULL, 0,
     FIELDS(note_body), BODY_JSON, 1 << 16, "LedgerEntry", "201", "400,413,415"},
    {"GET", "/api/v1/knowledge/ledger/coverage", ledger_coverage, WORK_INTERACTIVE, 0, "knowledge",
     "The share covered, by folder and by type", NULL, FIELDS(coverage_query), NULL, 0, BODY_NONE,
     0, "Coverage", "200", "400"},
    {"POST", "/api/v1/knowledge/ledger/retry", ledger_retry, WORK_NORMAL, 0, "knowledge",
     "Try again what failed or was refused",
     "The files are read in the background. Of an upload nothing is left that could be read again.",
     NULL, 0, FIELDS(retry_body), BODY_JSON, 1 << 16, "Retried", "202", "400,413,415,503"},
    {"POST", "/api/v1/knowledge/folders", folder_add, WORK_NORMAL, NEEDS_ADMIN, "knowledge",
     "Watch a folder",
     "Files of this machine, so it needs the scope admin. All that can be read in it is read in "
     "the background and kept up to date. See docs/FOLDERS.md for the rules. With dry_run: 200 and "
     "what would happen.",
     NULL, 0, FIELDS(folder_body), BODY_JSON, 1 << 20, "FolderOrPlan", "201,200",
     "400,403,404,409,413,415,503"},
    {"GET", "/api/v1/knowledge/folders", folder_list, WORK_INTERACTIVE, 0, "knowledge",
     "Watched folders", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "FolderList", "200", ""},
    {"DELETE", "/api/v1/knowledge/folders", folder_remove_path, WORK_NORMAL, 0, "knowledge",
     "Watch a folder no more, by its path", NULL, FIELDS(remove_path_query), NULL, 0, BODY_NONE, 0,
     NULL, "204", "400,404,503"},
    {"GET", "/api/v1/knowledge/folders/{id}", folder_get, WORK_INTERACTIVE, 0, "knowledge",
     "A watched folder", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "Folder", "200", "404"},
    {"PATCH", "/api/v1/knowledge/folders/{id}", folder_change, WORK_NORMAL, 0, "knowledge",
     "Pause or resume a folder", NULL, NULL, 0, FIELDS(folder_patch), BODY_JSON, 1 << 16, "Folder",
     "200", "400,404,413,415,503"},
    {"DELETE", "/api/v1/knowledge/folders/{id}", folder_remove, WORK_NORMAL, 0, "knowledge",
     "Watch a folder no more", NULL, FIELDS(remove_query), NULL, 0, BODY_NONE, 0, NULL, "204",
     "400,404,503"},
    {"POST", "/api/v1/knowledge/folders/{id}/sync", folder_sync, WORK_NORMAL, 0, "knowledge",
     "Read a folder now", "Answers at once; GET tells how far it is.", NULL, 0, FIELDS(sync_body),
     BODY_JSON, 1 << 16, "Folder", "202", "400,404,409,413,415,503"},
    {"POST", "/v1/embeddings", openai_embeddings, WORK_INTERACTIVE, NEEDS_READ, "openai",
     "Embeddings", "As OpenAI.", NULL, 0, FIELDS(embed_body), BODY_JSON, 8 << 20, "Embeddings",
     "200", "400,404,413,415"},
    {"GET", "/v1/models", openai_models, WORK_INTERACTIVE, 0, "openai", "Models",
     "As OpenAI.", NULL, 0, NULL, 0, BODY_NONE, 0, "Models", "200", ""},
    {"GET", "/v1/models/{model...}", openai_model, WORK_INTERACTIVE, 0, "openai", "One model",
     "As OpenAI.", NULL, 0, NULL, 0, BODY_NONE, 0, "Model", "200", "404"},
    {"GET", "/health", health, WORK_INTERACTIVE, NEEDS_NOTHING, "system", "Ready to serve", NULL,
     NULL, 0, NULL, 0, BODY_NONE, 0, "Health", "200", "503"},
    {"GET", "/health/live", health_live, WORK_INTERACTIVE, ON_LOOP | NEEDS_NOTHING, "system",
     "The process answers", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "Health", "200", ""},
    {"GET", "/health/ready", health_ready, WORK_INTERACTIVE, NEEDS_NOTHING, "system",
     "The database reads and writes, the encoder gives an embedding", NULL, NULL, 0, NULL, 0,
     BODY_NONE, 0, "Health", "200", "503"},
    {"GET", "/metrics", metrics_page, WORK_INTERACTIVE, NEEDS_METRICS, "system",
     "Prometheus metrics", NULL, NULL, 0, NULL, 0, BODY_NONE, 0,
     "text/plain; version=0.0.4; charset=utf-8", "200", ""},
    {"GET", "/openapi.json", openapi_page, WORK_INTERACTIVE, NEEDS_NOTHING, "system",
     "This contract", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "application/json", "200", ""},
    {"GET", "/ws", ws_open, WORK_INTERACTIVE, ON_LOOP | IS_WEBSOCKET, "live", "WebSocket",
     "Text frames {\"type\", \"data\"}: TextQuery, VoiceInput, VoiceStart, VoiceEnd, Cancel, "
     "Subscribe, Unsubscribe in; TextResponse, Transcript, VoiceResponse, VoiceState, "
     "DocumentUpdate, Error out. Binary frames are sound. See docs/API.md.",
     NULL, 0, NULL, 0, BODY_NONE, 0, NULL, "101", "400,403,426"},
    {"GET", "/", page_index, WORK_INTERACTIVE, ON_LOOP | NEEDS_NOTHING, "page", "The page", NULL,
     NULL, 0, NULL, 0,
     BODY_NONE, 0, "text/html; charset=utf-8", "200", ""},
    {"GET", "/assets/{name}", page_asset, WORK_INTERACTIVE, ON_LOOP | NEEDS_NOTHING, "page",
     "The page's files", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "*/*", "200", "404"},
};

/* ---- the whole ------------------------------------------------------------------------------ */

/* Parts with a file of their own. */
static const ApiRoute *(*const parts[])(size_t *n) = {routes_talk, routes_tasks, routes_calendar,
                                                      routes_briefing, routes_voice, routes_page,
                                                      routes_people};

#define ROUTES_MAX 200
static ApiRoute whole[ROUTES_MAX];
static size_t n_whole;

static void join(void)
{
    memcpy(whole, routes, sizeof routes);
    n_whole = LEN(routes);
    for (size_t i = 0; i < LEN(parts); i++) {
        size_t n;
        const ApiRoute *part = parts[i](&n);
        if (n > ROUTES_MAX - n_whole)
            n = ROUTES_MAX - n_whole; /* tests/unit/api counts them */
        memcpy(whole + n_whole, part, n * sizeof *part);
        n_whole += n;
    }
}

const ApiRoute *api_routes(size_t *n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, join);
    *n = n_whole;
    return whole;
}
