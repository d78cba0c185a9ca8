/* schemas_people.c - the shapes of people, tokens and the audit log; as schemas.c. */
#include "api/schemas.h"

const char api_schemas_people[] =
    "{\"Session\":{\"type\":\"object\",\"required\":[\"signed_in\",\"must_sign_in\",\"kind\",\"pe"
    "rson\",\"scopes\",\"expires_at\"],\"properties\":{\"signed_in\":{\"type\":\"boolean\"},\"mus"
    "t_sign_in\":{\"type\":\"boolean\"},\"kind\":{\"type\":\"string\",\"enum\":[\"nobody\",\"loca"
    "l\",\"token\",\"session\"]},\"person\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/Person\""
    "},{\"type\":\"null\"}]},\"scopes\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"ex"
    "pires_at\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}}},"

    "\"Person\":{\"type\":\"object\",\"required\":[\"id\",\"name\",\"admin\"],\"properties\":{\"i"
    "d\":{\"type\":\"string\",\"format\":\"uuid\"},\"name\":{\"type\":\"string\"},\"admin\":{\"ty"
    "pe\":\"boolean\"},\"has_password\":{\"type\":\"boolean\"},\"created_at\":{\"type\":[\"string"
    "\",\"null\"],\"format\":\"date-time\"}}},"

    "\"PeopleList\":{\"type\":\"object\",\"required\":[\"people\"],\"properties\":{\"people\":{\""
    "type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Person\"}}}},"

    "\"Token\":{\"type\":\"object\",\"required\":[\"id\",\"person\",\"kind\",\"name\",\"created_a"
    "t\",\"expires_at\",\"last_used_at\"],\"properties\":{\"id\":{\"type\":\"string\",\"format\":"
    "\"uuid\"},\"person\":{\"type\":\"string\",\"format\":\"uuid\"},\"kind\":{\"type\":\"string\""
    ",\"enum\":[\"token\",\"session\"]},\"name\":{\"type\":\"string\"},\"scopes\":{\"type\":\"arr"
    "ay\",\"items\":{\"type\":\"string\"}},\"current\":{\"type\":\"boolean\"},\"created_at\":{\"t"
    "ype\":[\"string\",\"null\"],\"format\":\"date-time\"},\"expires_at\":{\"type\":[\"string\","
    "\"null\"],\"format\":\"date-time\"},\"last_used_at\":{\"type\":[\"string\",\"null\"],\"forma"
    "t\":\"date-time\"}}},"

    "\"NewToken\":{\"type\":\"object\",\"required\":[\"token\",\"id\",\"scopes\"],\"properties\":"
    "{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},\"person\":{\"type\":\"string\",\"format\""
    ":\"uuid\"},\"kind\":{\"type\":\"string\",\"enum\":[\"token\",\"session\"]},\"name\":{\"type"
    "\":\"string\"},\"scopes\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"current\":{"
    "\"type\":\"boolean\"},\"created_at\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time"
    "\"},\"expires_at\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},\"last_used_at"
    "\":{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"},\"token\":{\"type\":\"string\","
    "\"description\":\"said once; only its hash is kept\"}}},"

    "\"TokenList\":{\"type\":\"object\",\"required\":[\"tokens\"],\"properties\":{\"tokens\":{\"t"
    "ype\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Token\"}}}},"

    "\"AuditEntry\":{\"type\":\"object\",\"required\":[\"no\",\"at\",\"who\",\"via\",\"address\","
    "\"action\",\"object\",\"status\"],\"properties\":{\"no\":{\"type\":\"integer\"},\"at\":{\"ty"
    "pe\":[\"string\",\"null\"],\"format\":\"date-time\"},\"person\":{\"type\":[\"string\",\"null"
    "\"],\"format\":\"uuid\"},\"who\":{\"type\":\"string\"},\"via\":{\"type\":\"string\"},\"addre"
    "ss\":{\"type\":\"string\"},\"action\":{\"type\":\"string\"},\"object\":{\"type\":\"string\"}"
    ",\"status\":{\"type\":\"integer\"}}},"

    "\"AuditLog\":{\"type\":\"object\",\"required\":[\"entries\",\"next\"],\"properties\":{\"entr"
    "ies\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/AuditEntry\"}},\"next\""
    ":{\"type\":[\"integer\",\"null\"]}}}}";
