/* routes_talk.c - the rows of the table that concern conversations and memory. */
#include "api/routes_parts.h"
#include "assistant/assistant.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)

static const Field say_body[] = {
    {.name = "message",
     .type = F_TEXT,
     .required = true,
     .min = 1,
     .max = INTENTS_TEXT_MAX,
     .help = "what is said: a question, a command, an answer to what was asked; at most 4096 "
             "bytes"},
    {.name = "session_id",
     .type = F_UUID,
     .nullable = true,
     .help = "the conversation that goes on; a new one when absent"},
    {.name = "stream",
     .type = F_BOOL,
     .help = "server-sent events: delta {text}, then done with the whole answer. When absent: "
             "whether Accept names text/event-stream"},
};

static const Field list_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50"},
    {.name = "cursor", .type = F_STRING, .max = 100, .help = "next_cursor of the page before"},
    {.name = "q", .type = F_STRING, .max = 500, .help = "words in the title or in any message"},
};

static const Field messages_query[] = {
    {.name = "limit",
     .type = F_INT,
     .min = 1,
     .max = 200,
     .fallback = "50",
     .help = "the last so many messages"},
    {.name = "cursor", .type = F_STRING, .max = 100, .help = "next_cursor: those before"},
};

static const Field title_body[] = {
    {.name = "title", .type = F_STRING, .required = true, .min = 1, .max = 75},
};

static const Field remove_query[] = {
    {.name = "undoable",
     .type = F_BOOL,
     .fallback = "false",
     .help = "it can be brought back for a day, and is erased then"},
};

static const Field memory_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 200, .fallback = "50"},
    {.name = "cursor", .type = F_STRING, .max = 100, .help = "next_cursor of the page before"},
    {.name = "q", .type = F_STRING, .max = 500, .help = "words in the fact"},
    {.name = "subject",
     .type = F_STRING,
     .max = 250,
     .help = "exactly, as facts have it: my manager"},
    {.name = "history",
     .type = F_BOOL,
     .fallback = "false",
     .help = "those that were replaced, too"},
};

static const Field fact_body[] = {
    {.name = "text",
     .type = F_STRING,
     .required = true,
     .min = 1,
     .max = FACT_MAX_TEXT,
     .help = "in the person's words: my manager is Dana; at most 1000 bytes"},
};

static const Field forget_query[] = {
    {.name = "history",
     .type = F_BOOL,
     .fallback = "false",
     .help = "what was said before about the same subject, too"},
};

/* Of messages: the parts of their content that are no text are refused by the handler. */
#define CONTENT \
    "{\"anyOf\":[{\"type\":\"string\",\"maxLength\":16000},{\"type\":\"array\",\"items\":{" \
    "\"type\":\"object\",\"required\":[\"type\"],\"properties\":{\"type\":{\"type\":\"string\"}}" \
    "}},{\"type\":\"null\"}]}"
#define MESSAGES \
    "{\"type\":\"array\",\"minItems\":1,\"maxItems\":2000,\"items\":{\"type\":\"object\"," \
    "\"required\":[\"role\"],\"properties\":{\"role\":{\"type\":\"string\",\"enum\":[\"system\"," \
    "\"developer\",\"user\",\"assistant\",\"tool\",\"function\"]},\"content\":" CONTENT "}}}"

static const Field chat_body[] = {
    {.name = "model", .type = F_STRING, .required = true, .min = 1, .max = 200, .help = "sotto"},
    {.name = "messages", .type = F_JSON, .required = true, .choices = MESSAGES},
    {.name = "stream", .type = F_BOOL, .fallback = "false", .nullable = true},
    {.name = "stream_options",
     .type = F_JSON,
     .nullable = true,
     .choices = "{\"type\":[\"object\",\"null\"],\"properties\":{\"include_usage\":{\"type\":"
                "\"boolean\"}}}"},
    {.name = "max_tokens", .type = F_INT, .min = 1, .max = 1e9, .nullable = true},
    {.name = "max_completion_tokens", .type = F_INT, .min = 1, .max = 1e9, .nullable = true},
    {.name = "stop",
     .type = F_JSON,
     .nullable = true,
     .choices = "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"maxItems\":16,\"items\":"
                "{\"type\":\"string\"}},{\"type\":\"null\"}]}"},
    {.name = "n", .type = F_INT, .min = 1, .max = 1, .nullable = true},
    {.name = "store",
     .type = F_BOOL,
     .fallback = "true",
     .nullable = true,
     .help = "false: no conversation is kept"},
    {.name = "response_format",
     .type = F_JSON,
     .nullable = true,
     .choices = "{\"type\":[\"object\",\"null\"],\"required\":[\"type\"],\"properties\":{"
                "\"type\":{\"const\":\"text\"}}}"},
    {.name = "logprobs",
     .type = F_JSON,
     .nullable = true,
     .choices = "{\"enum\":[false,null],\"description\":\"there are none to give\"}"},
    {.name = "tool_choice",
     .type = F_JSON,
     .nullable = true,
     .choices = "{\"enum\":[\"auto\",\"none\",null],\"description\":\"tools of the client's "
                "are never called: the assistant has its own\"}"},
    {.name = "modalities",
     .type = F_JSON,
     .nullable = true,
     .choices = "{\"type\":[\"array\",\"null\"],"
                "\"items\":{\"const\":\"text\"}}"},
};

static const ApiRoute routes[] = {
    {"POST", "/api/v1/conversations/messages", conversation_say, WORK_INTERACTIVE, STREAMS,
     "conversations", "Say something to the assistant",
     "It understands, acts, answers, and says where the answer stands. Answers when what it did is "
     "durable.",
     NULL, 0, FIELDS(say_body), BODY_JSON, 1 << 16, "Reply", "200", "400,404,409,413,415,503"},
    {"GET", "/api/v1/conversations", conversation_list, WORK_INTERACTIVE, 0, "conversations",
     "Conversations, the last used first", NULL, FIELDS(list_query), NULL, 0, BODY_NONE, 0,
     "ConversationList", "200", "400"},
    {"GET", "/api/v1/conversations/{id}", conversation_get, WORK_INTERACTIVE, 0, "conversations",
     "A conversation with its messages",
     "The last messages, in their order; the cursor leads to those before. A citation whose "
     "document is gone says so.",
     FIELDS(messages_query), NULL, 0, BODY_NONE, 0, "ConversationMessages", "200", "400,404"},
    {"PATCH", "/api/v1/conversations/{id}", conversation_retitle, WORK_NORMAL, 0, "conversations",
     "Give a conversation another title", NULL, NULL, 0, FIELDS(title_body), BODY_JSON, 1 << 16,
     "Conversation", "200", "400,404,413,415"},
    {"DELETE", "/api/v1/conversations/{id}", conversation_remove, WORK_NORMAL, 0, "conversations",
     "Delete a conversation",
     "Its messages are gone for good, unless it is undoable; what was done in it stays.",
     FIELDS(remove_query), NULL, 0, BODY_NONE, 0, NULL, "204", "400,404"},
    {"POST", "/api/v1/conversations/{id}/restore", conversation_restore, WORK_NORMAL, 0,
     "conversations", "Bring back a conversation", "One that was deleted undoable within a day.",
     NULL, 0, NULL, 0, BODY_NONE, 0, "Conversation", "200", "404"},
    {"GET", "/api/v1/memory", memory_list, WORK_INTERACTIVE, 0, "memory",
     "What the assistant was told to remember", NULL, FIELDS(memory_query), NULL, 0, BODY_NONE, 0,
     "FactList", "200", "400"},
    {"POST", "/api/v1/memory", memory_add, WORK_NORMAL, 0, "memory", "Remember a fact",
     "One about the same subject takes the place of the one before, which stays as history. What "
     "looks like a password, key or card number is refused.",
     NULL, 0, FIELDS(fact_body), BODY_JSON, 1 << 16, "RememberedFact", "201", "400,413,415"},
    {"GET", "/api/v1/memory/{id}", memory_get, WORK_INTERACTIVE, 0, "memory", "A fact", NULL, NULL,
     0, NULL, 0, BODY_NONE, 0, "Fact", "200", "404"},
    {"PATCH", "/api/v1/memory/{id}", memory_change, WORK_NORMAL, 0, "memory",
     "Say a fact in other words",
     "The fact keeps its id. One that was replaced cannot be changed: 409.", NULL, 0,
     FIELDS(fact_body), BODY_JSON, 1 << 16, "RememberedFact", "200", "400,404,409,413,415"},
    {"DELETE", "/api/v1/memory/{id}", memory_forget, WORK_NORMAL, 0, "memory", "Forget a fact",
     "For good.", FIELDS(forget_query), NULL, 0, BODY_NONE, 0, NULL, "204", "400,404"},
    {"GET", "/api/v1/memory/{id}/history", memory_history, WORK_INTERACTIVE, 0, "memory",
     "What was said of the same subject, the newest first",
     "The fact, those that it replaced and those that replaced it.", NULL, 0, NULL, 0, BODY_NONE, 0,
     "FactList", "200", "404"},
    {"POST", "/v1/chat/completions", openai_chat, WORK_INTERACTIVE, STREAMS | ANY_MEMBERS,
     "openai", "Chat",
     "As OpenAI; the model is sotto. The last message of the user is what is said. When the "
     "messages before it are a conversation that was held here, it goes on; else a new one begins. "
     "With store false nothing is kept. Tools of the client's are not called: the assistant has "
     "its own; a tool_choice that insists on one is refused. Where the answer stands is in "
     "annotations. Sampling "
     "parameters are accepted and change nothing.",
     NULL, 0, FIELDS(chat_body), BODY_JSON, 1 << 20, "ChatCompletion", "200",
     "400,404,409,413,415,503"},
};

const ApiRoute *routes_talk(size_t *n)
{
    *n = LEN(routes);
    return routes;
}
