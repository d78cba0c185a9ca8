/* schemas.h - JSON Schema of every answer, for the OpenAPI document. */
#ifndef SOTTO_API_SCHEMAS_H
#define SOTTO_API_SCHEMAS_H

/* The `components.schemas` object as JSON text, in parts. */
extern const char api_schemas[], api_schemas_talk[], api_schemas_proposals[],
    api_schemas_briefing[], api_schemas_voice[], api_schemas_page[], api_schemas_people[];

#endif
