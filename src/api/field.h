/* field.h - parameters and body members: declared once, checked and documented from there.
 *
 * A Field says what a value must be; field_check_* turns a query string, a JSON object or a form
 * into FieldValue's or an exact message. The same tables become JSON Schema in the OpenAPI
 * document. Threads: pure functions; values live in the Arena. */
#ifndef SOTTO_API_FIELD_H
#define SOTTO_API_FIELD_H

#include "base/json.h"
#include "base/uuid.h"

typedef enum {
    F_STRING, /* min..max in characters; one line (no control characters) */
    F_TEXT,   /* as F_STRING, with line breaks and tabs */
    F_INT,    /* min..max */
    F_NUMBER, /* min..max */
    F_BOOL,
    F_UUID,
    F_TIME,       /* RFC 3339 date-time, or YYYY-MM-DD */
    F_ENUM,       /* one of choices */
    F_STRINGS,    /* list of F_STRING, at most max items; repeated in a query or form */
    F_OBJECT,     /* any JSON object; in a form: its text */
    F_FILE,       /* forms only */
    F_EMBED_INPUT, /* OpenAI's: string, list of strings, list of tokens, list of lists */
    F_JSON        /* anything: `choices` is its JSON Schema, the handler looks */
} FieldType;

typedef struct {
    const char *name;
    FieldType type;
    bool required;
    double min, max;
    const char *choices;  /* F_ENUM: "a|b|c" */
    const char *fallback; /* the default, as documented; handlers get it too */
    const char *help;
    const char *same_as; /* another name of that field ("query" for "q"); hidden after it */
    bool nullable;       /* JSON null is allowed and reads as present with is_null */
} Field;

typedef struct {
    bool given, is_null;
    Str str;   /* also the text of F_UUID and F_ENUM, and of F_OBJECT in compact form */
    int64_t i; /* F_INT; F_TIME in ms */
    double num;
    bool b;
    Uuid uuid;
    Str *list;
    size_t n_list;
    Str filename, media_type; /* F_FILE; str holds the bytes */
    const Json *json;         /* F_OBJECT, F_EMBED_INPUT, F_JSON: of the request's tree */
} FieldValue;

/* Index of a name, or SIZE_MAX; an alias gives the index of what it is the same as. */
size_t field_index(const Field *fields, size_t n, Str name);
/* Fills the defaults of what was not given, then complains about what is required. */
bool field_finish(const Field *fields, size_t n, FieldValue *values, Err *err);
/* One value from text (query or form). Lists grow by one. */
bool field_from_text(const Field *f, Str text, Arena *a, FieldValue *v, Err *err);
bool field_from_json(const Field *f, const Json *j, Arena *a, FieldValue *v, Err *err);
/* All members of an object; unknown ones are an error that names them. */
bool field_object(const Field *fields, size_t n, const Json *object, Arena *a, FieldValue *values,
                  Err *err);
/* The JSON Schema of a value. */
void field_schema(const Field *f, JsonW *w);

#endif
