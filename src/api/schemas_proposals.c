/* schemas_proposals.c - the shapes of tasks that documents ask for; as schemas.c. */
#include "api/schemas.h"

const char api_schemas_proposals[] =
    "{\"Proposal\":{\"type\":\"object\",\"required\":[\"id\",\"title\",\"kind\",\"due_at\",\""
    "due_timed\",\"strength\",\"document_id\",\"document_title\",\"source\",\"text\",\"start\""
    ",\"end\"],\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},\"title\":{\""
    "type\":\"string\",\"description\":\"what the task would be called\"},\"kind\":{\"enum\":"
    "[\"deadline\",\"payment\",\"appointment\",\"meeting\",\"expiry\"]},\"due_at\":{\"type\":"
    "\"string\",\"format\":\"date-time\"},\"due_timed\":{\"type\":\"boolean\",\"description\""
    ":\"false: the whole day\"},\"strength\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1"
    "},\"document_id\":{\"type\":\"string\",\"format\":\"uuid\"},\"document_title\":{\"type\""
    ":\"string\"},\"source\":{\"type\":\"string\"},\"text\":{\"type\":\"string\",\"descriptio"
    "n\":\"exactly the document's text from start to end, in bytes\"},\"start\":{\"type\":\"i"
    "nteger\"},\"end\":{\"type\":\"integer\"}}},\"ProposalList\":{\"type\":\"object\",\"requi"
    "red\":[\"proposals\",\"total\"],\"properties\":{\"proposals\":{\"type\":\"array\",\"item"
    "s\":{\"$ref\":\"#/components/schemas/Proposal\"}},\"total\":{\"type\":\"integer\"}}}}";
